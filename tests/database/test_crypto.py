"""Encryption of stored credentials."""

from __future__ import annotations

import logging
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import ConfigurationError
from pm_providers.database.crypto import Vault, is_secret_name, key_file, new_key, open_vault

KEY, OTHER = new_key(), new_key()


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    """Any text comes back, and shows nowhere while sealed."""
    vault = Vault([KEY])
    if not text.startswith("fernet:"):
        sealed = vault.seal(text)
        assert vault.open(sealed) == text
        assert len(text) < 4 or text not in sealed


def test_rotation_reads_old_and_writes_new() -> None:
    """With the new key first, old values open and are sealed anew."""
    old = Vault([KEY]).seal("s3cret")
    both = Vault([OTHER, KEY])
    assert both.open(old) == "s3cret"
    assert Vault([OTHER]).open(both.seal(old)) == "s3cret"


def test_wrong_key_is_named_not_shown() -> None:
    """Losing the key is a clear error."""
    sealed = Vault([KEY]).seal("s3cret")
    with pytest.raises(ConfigurationError, match="PM_ENCRYPTION_KEY") as caught:
        Vault([OTHER]).open(sealed)
    assert OTHER not in str(caught.value)
    with pytest.raises(ConfigurationError):
        Vault([KEY]).open("fernet:damaged-ü")


@pytest.mark.parametrize("keys", [[], [""], ["short"], ["ü" * 44], [KEY, "short"]])
def test_malformed_keys_are_refused(keys: list[str]) -> None:
    """The error says how to make a key, and shows none."""
    with pytest.raises(ConfigurationError, match="generate_key") as caught:
        Vault(keys)
    assert KEY not in str(caught.value)
    assert KEY not in repr(Vault([KEY]))


def test_plain_text_written_by_hand_is_read() -> None:
    """A row that somebody inserted with SQL works, and is sealed by the next rotation."""
    assert Vault([KEY]).open("written by hand") == "written by hand"


def test_secrets_of_a_config_are_found_by_name() -> None:
    """Values under names that look secret are sealed at any depth; all else stays readable."""
    config = {
        "timeout": 5,
        "region": "eu",
        "webhook_secret": "s3cret-1",
        "nested": {"Password": "s3cret-2", "page": 3, "list": [{"apiKey": "s3cret-3"}]},
        "tokens": ["s3cret-4", {"any": "s3cret-5"}, None, 7],
    }
    vault = Vault([KEY])
    sealed = vault.seal_config(config)
    assert "s3cret" not in repr(sealed)
    assert (sealed["timeout"], sealed["region"], sealed["nested"]["page"]) == (5, "eu", 3)
    assert vault.open_config(sealed) == config
    assert not is_secret_name("page_size")


def test_key_file_is_private_and_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a setting a key is made once, mode 0600, and the log says where."""
    with caplog.at_level(logging.INFO):
        path = key_file(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(path) in caplog.text
    key = path.read_text()
    assert key not in caplog.text
    assert key_file(tmp_path).read_text() == key
    assert [one.name for one in tmp_path.iterdir()] == ["encryption.key"]


def test_key_file_made_by_many_at_once(tmp_path: Path) -> None:
    """Processes that start together share one key."""
    found: list[str] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        found.append(key_file(tmp_path).read_text())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_keys_of_the_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PM_ENCRYPTION_KEY` may hold several keys; no file is made then."""
    monkeypatch.setenv("PM_ENCRYPTION_KEY", f"{OTHER}, {KEY}")
    vault = open_vault(folder=tmp_path)
    assert vault.open(Vault([KEY]).seal("x")) == "x"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("PM_ENCRYPTION_KEY")
    monkeypatch.chdir(tmp_path)
    assert open_vault(folder=tmp_path).source == str(tmp_path / "encryption.key")
