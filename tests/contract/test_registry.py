"""From a name and the environment to a provider."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from pm_providers import (
    BasePMProvider,
    ConfigurationError,
    PMProviderConfig,
    build_pm_provider,
    provider_names,
    registry,
)
from pm_providers.contract import Setting
from tests.contract.memory import MemoryProvider


class Remote(MemoryProvider):
    """Needs settings."""

    name = "remote"
    SETTINGS = (Setting("REMOTE_URL", "base_url", "the address", "https://r.example.com", required=True),)


class Nameless(BasePMProvider):
    """Forgot its name."""


not_a_class = object()


@pytest.fixture(autouse=True)
def _points(monkeypatch, tmp_path):
    """Providers of this module, an empty working directory, no variables of ours."""
    targets = {"memory": "MemoryProvider", "remote": "Remote", "other": "Remote", "object": "not_a_class",
               "lost": "NoSuchName", "nameless": "Nameless"}  # fmt: skip
    points = [
        EntryPoint(name, f"{__name__}:{cls}", registry.ENTRY_POINT_GROUP) for name, cls in targets.items()
    ]
    points.append(EntryPoint("broken", "no_such_module_at_all:X", registry.ENTRY_POINT_GROUP))
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == registry.ENTRY_POINT_GROUP else []
    )
    monkeypatch.setattr(registry, "_found", {})
    monkeypatch.chdir(tmp_path)
    for name in ("PM_PROVIDER", "REMOTE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_names_are_sorted():
    """All registered names, those that cannot be loaded included."""
    assert provider_names() == ["broken", "lost", "memory", "nameless", "object", "other", "remote"]


def test_unknown_provider_lists_known_and_nearest():
    """A typing mistake is answered with the nearest name and all others."""
    with pytest.raises(ConfigurationError) as caught:
        registry.provider_class("memry")
    assert "unknown provider 'memry'" in str(caught.value)
    assert "Did you mean 'memory'?" in str(caught.value)
    assert "Known: broken, lost, memory" in str(caught.value)
    assert (caught.value.setting, caught.value.example) == ("PM_PROVIDER", "memory")


def test_unknown_provider_without_a_near_one():
    """Nothing near: no guess, but the list."""
    with pytest.raises(ConfigurationError) as caught:
        registry.provider_class("zzzz" * 100)
    assert "Did you mean" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_name_is_taken_in_any_case():
    """Case and blanks around do not matter."""
    assert registry.provider_class("  MeMory ") is MemoryProvider


def test_what_is_installed_is_looked_through_once_and_again_for_a_new_name(monkeypatch):
    """That takes milliseconds; a provider that was installed since is found all the same."""
    installed, looks = [EntryPoint("memory", f"{__name__}:MemoryProvider", registry.ENTRY_POINT_GROUP)], []
    monkeypatch.setattr(registry, "entry_points", lambda group: looks.append(group) or list(installed))
    for _ in range(3):
        assert registry.provider_class("memory") is MemoryProvider
    assert len(looks) == 1
    installed.append(EntryPoint("remote", f"{__name__}:Remote", registry.ENTRY_POINT_GROUP))
    assert registry.provider_class("remote") is Remote
    assert (provider_names(), len(looks)) == (["memory", "remote"], 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [("broken", "no_such_module_at_all"), ("lost", "NoSuchName"), ("object", "no BasePMProvider"),
     ("other", "of that name"), ("nameless", "of that name")],
)  # fmt: skip
def test_provider_that_cannot_be_loaded(name, said):
    """The error names the provider and the cause."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        registry.provider_class(name)
    assert f"provider {name!r} cannot be loaded" in str(caught.value)


def test_build_by_argument_environment_and_file(monkeypatch, tmp_path):
    """Argument over environment over `.env`; settings come the same way."""
    (tmp_path / ".env").write_text("PM_PROVIDER=remote\nREMOTE_URL=https://file.test\n# comment\nEMPTY=\n")
    assert build_pm_provider().config.base_url == "https://file.test"
    monkeypatch.setenv("REMOTE_URL", "https://env.test")
    found = build_pm_provider()
    assert isinstance(found, Remote)
    assert found.config.base_url == "https://env.test"
    assert type(build_pm_provider(provider="memory")) is MemoryProvider
    monkeypatch.setenv("PM_PROVIDER", "memory")
    assert type(build_pm_provider()) is MemoryProvider


def test_env_file_of_a_folder_above(monkeypatch, tmp_path):
    """The nearest `.env` upwards counts."""
    (tmp_path / ".env").write_text("PM_PROVIDER=memory\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert type(build_pm_provider()) is MemoryProvider


def test_env_file_that_is_no_text(tmp_path):
    """Not a traceback of the decoder."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00PM_PROVIDER")
    with pytest.raises(ConfigurationError, match="is no UTF-8 text"):
        build_pm_provider(provider="memory")


def test_missing_setting_is_named(monkeypatch):
    """One clear error with the variable and an example."""
    monkeypatch.setenv("PM_PROVIDER", "remote")
    with pytest.raises(
        ConfigurationError, match="REMOTE_URL is not set: the address, for example REMOTE_URL=https://r"
    ):
        build_pm_provider()


def test_default_is_internal():
    """Without a word, the internal database is meant."""
    with pytest.raises(ConfigurationError, match="unknown provider 'internal'"):
        build_pm_provider()


def test_given_configuration():
    """A configuration names its provider; a contradicting argument is refused."""
    config = PMProviderConfig("memory", base_url="https://x.test")
    assert build_pm_provider(config=config).config is config
    assert type(build_pm_provider(provider="MEMORY", config=config)) is MemoryProvider
    with pytest.raises(ConfigurationError, match="does not fit"):
        build_pm_provider(provider="remote", config=config)


def test_variables_may_be_given():
    """Configuration from a mapping instead of the process's environment."""
    config = registry.config_from_environment(
        variables={"PM_PROVIDER": "remote", "REMOTE_URL": "https://m.test"}
    )
    assert (config.provider_type, config.base_url) == ("remote", "https://m.test")


def test_a_configuration_shows_no_secret():
    """Not even one that somebody put into the address."""
    config = PMProviderConfig(
        "openproject", base_url="https://me:s3cret@pm.example.com/x?token=s3cret", api_key="s3cret"
    )
    assert (
        repr(config) == "PMProviderConfig(provider_type='openproject', base_url='https://pm.example.com/x')"
    )
