"""Defects that were found once and must not come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from pm_providers import ConfigurationError, ValidationError
from pm_providers.database import upgrade
from pm_providers.database.crypto import Vault, new_key, open_vault
from pm_providers.store import add_connection, add_mapping, config_for


def _content(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.iterdir())


async def test_numbers_and_cookies_are_secrets_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'pm.db'}"
    upgrade(url)
    old, new = new_key(), new_key()
    given = {"password": 987654321, "pwd": "hunter-one", "headers": {"Cookie": "hunter-two"}, "auth": True}
    stored = await add_connection(url, "a", "openproject", vault=Vault([old]), additional_config=given)
    content = _content(tmp_path)
    assert b"openproject" in content
    assert not [one for one in (b"987654321", b"hunter") if one in content]
    assert config_for(stored, vault=Vault([old])).additional_config == given
    rotated = Vault([new, old]).seal_config(stored.additional_config)
    assert Vault([new]).open_config(rotated) == given


async def test_an_address_with_a_password_is_refused(engine: Engine) -> None:
    with pytest.raises(ValidationError, match="base_url") as caught:
        await add_connection(engine, "a", "openproject", base_url="https://ada:hunter@pm.example/")
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("config", [{1: "x"}, {"a": {1: "x"}}, {"a": "x\0"}, {"x\0": 1}, {"a": ["\ud800"]}])
async def test_json_that_some_database_refuses_is_a_validation_error(
    engine: Engine, config: dict[Any, Any]
) -> None:
    with pytest.raises(ValidationError, match="additional_config"):
        await add_connection(engine, "a", "openproject", additional_config=config)
    with pytest.raises(ValidationError, match="sync_config"):
        await add_mapping(engine, "p", "c", "x", sync_config=config)


async def test_a_name_with_blanks_is_measured_whole(engine: Engine) -> None:
    with pytest.raises(ValidationError, match="name"):
        await add_connection(engine, " " * 200 + "x", "openproject")


def test_a_key_file_that_cannot_be_made_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PM_ENCRYPTION_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="PM_ENCRYPTION_KEY"):
        open_vault(folder=tmp_path / "missing")
    sealed = Vault([new_key()]).seal("x")
    with pytest.raises(ConfigurationError, match="PM_ENCRYPTION_KEY"):
        open_vault(folder=tmp_path).open(sealed)
