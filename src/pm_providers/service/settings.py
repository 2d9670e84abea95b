"""Where each setting of a provider comes from, with secrets masked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from dotenv import dotenv_values, find_dotenv

from pm_providers.contract import Setting
from pm_providers.database import database_url
from pm_providers.errors import PMError
from pm_providers.registry import provider_class

__all__ = ["MASK", "SettingValue", "chosen_provider", "describe_settings", "env_file", "secret_values"]

MASK = "********"

_COMMON = (
    Setting("PM_PROVIDER", "provider_type", "name of the provider", "openproject"),
    Setting(
        "PM_DATABASE_URL", "database_url", "internal database", "postgresql://user:password@localhost/pm"
    ),
    Setting("PM_ENCRYPTION_KEY", "encryption_key", "key for stored credentials", "", secret=True),
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s]*?):([^@\s]*)@")
_URL_PARAMETER = re.compile(
    r"([?&](?:[^=&\s]*(?:password|token|key|secret)[^=&\s]*)=)([^&\s]*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting as it is in force.

    Attributes:
        name: environment variable.
        value: masked where it is secret; `None` when not set.
        origin: `environment`, `.env`, `default` or `not set`.
        help: one line for people.
        required: the provider does not start without it.
        secret: it is masked.
        example: a value of the right form.
    """

    name: str
    value: str | None
    origin: str
    help: str
    required: bool
    secret: bool
    example: str


def env_file() -> str | None:
    """Path of the `.env` file that is read: the nearest one, upwards from the working directory."""
    return find_dotenv(usecwd=True) or None


def _layers() -> tuple[dict[str, str], dict[str, str]]:
    path = env_file()
    from_file = {key: value for key, value in dotenv_values(path).items() if value} if path else {}
    return dict(os.environ), from_file


def _find(name: str) -> tuple[str | None, str]:
    """Value and origin; a variable that is set to blank hides the `.env` file, as it does for providers."""
    environment, from_file = _layers()
    for origin, values in (("environment", environment), (".env", from_file)):
        if name in values:
            value = values[name].strip()
            return (value, origin) if value else (None, "not set")
    return None, "not set"


def chosen_provider(provider: str | None = None) -> str:
    """Name of the provider that calls go to."""
    return (provider or _find("PM_PROVIDER")[0] or "internal").strip().casefold()


def _settings(provider: str) -> list[Setting]:
    own = provider_class(provider).SETTINGS
    names = {setting.env for setting in own}
    common = [setting for setting in _COMMON if setting.env not in names]
    return [*common[:1], *own, *common[1:]]


def describe_settings(provider: str | None = None) -> list[SettingValue]:
    """All settings that concern a provider, in reading order.

    Raises:
        ConfigurationError: unknown provider.
    """
    return [_describe(setting, provider) for setting in _settings(chosen_provider(provider))]


def _describe(setting: Setting, provider: str | None) -> SettingValue:
    value, origin = _find(setting.env)
    if setting.env == "PM_PROVIDER":
        if provider:
            value, origin = provider, "option"
        elif value is None:
            value, origin = "internal", "default"
    if setting.env == "PM_DATABASE_URL" and value is None:
        with suppress(PMError):
            value, origin = database_url(), "default"
    if value is not None:
        hidden = setting.secret and setting.env != "PM_DATABASE_URL"  # of that one the password is enough
        value = MASK if hidden else _masked_url(value)
    return SettingValue(
        setting.env, value, origin, setting.help, setting.required, setting.secret, setting.example
    )


def _masked_url(value: str) -> str:
    return _URL_PARAMETER.sub(rf"\1{MASK}", _URL_PASSWORD.sub(rf"\1:{MASK}@", value))


def secret_values(provider: str | None = None) -> set[str]:
    """Every secret that the settings of a provider hold, so that no output shows one."""
    return set(_secrets(provider))


def _secrets(provider: str | None) -> Iterator[str]:
    for setting in _settings(chosen_provider(provider)):
        value, _ = _find(setting.env)
        if value is None:
            continue
        if setting.secret:
            yield value
        yield from (match[2] for match in _URL_PASSWORD.finditer(value) if match[2])
        yield from (match[2] for match in _URL_PARAMETER.finditer(value) if match[2])
