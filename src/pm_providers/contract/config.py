"""How a provider is configured: one record for all, and a description of each vendor's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.errors import ConfigurationError

__all__ = ["PMProviderConfig", "Setting", "config_from_settings"]


_USER_INFO = re.compile(r"(?<=//)[^/?#]*@")


@dataclass(slots=True, repr=False)
class PMProviderConfig:
    """Connection of one provider.

    `repr` shows type and address only, never a credential. Which fields a provider needs, its `SETTINGS` say.

    Attributes:
        provider_type: registered name (`"openproject"`).
        base_url: address of the system.
        api_key: API key.
        api_token: API token, where the vendor calls it so.
        username: login or e-mail.
        organization_id: vendor's organisation.
        project_key: project to work in by default.
        workspace_id: vendor's workspace or team.
        timeout_s: seconds for one attempt of a request.
        max_wait_s: seconds to spend at most on retries and rate limits of one call.
        additional_config: provider's own options. Common ones: `raw_data` (False drops `raw_data` from the
            records), `strict_writes` (True turns write warnings into errors), `status_map` and
            `priority_map` (vendor's name or id -> unified value), `concurrency`.
    """

    provider_type: str = "internal"
    base_url: str | None = None
    api_key: str | None = None
    api_token: str | None = None
    username: str | None = None
    organization_id: str | None = None
    project_key: str | None = None
    workspace_id: str | None = None
    timeout_s: float = 30.0
    max_wait_s: float = 120.0
    additional_config: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        # An address may hold a password or a token where nobody expects one.
        address = None if self.base_url is None else _USER_INFO.sub("", self.base_url).partition("?")[0]
        return f"PMProviderConfig(provider_type={self.provider_type!r}, base_url={address!r})"

    def option(self, name: str, default: Any = None) -> Any:
        """An entry of `additional_config`."""
        return self.additional_config.get(name, default)

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return tuple(value for value in (self.api_key, self.api_token) if value)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a provider, as the environment gives it.

    Attributes:
        env: environment variable.
        field: field of `PMProviderConfig`, or a key of `additional_config` when that has no such field.
        help: one line for people.
        example: a value of the right form, shown in errors.
        required: refuse to start without it.
        secret: masked wherever settings are shown.
        asked: a person who sets it up by hand is asked for it although it is not required.
    """

    env: str
    field: str
    help: str
    example: str
    required: bool = False
    secret: bool = False
    asked: bool = False


def _typed(setting: Setting, default: object, value: str) -> str | float:
    """The text of a setting as its field holds it: seconds are numbers above 0."""
    if not isinstance(default, float):
        return value
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigurationError(
            f"{setting.env} is no number above 0, for example {setting.env}={setting.example}",
            setting=setting.env,
            example=setting.example,
        )
    return number


_CONFIG_FIELDS = frozenset(PMProviderConfig.__dataclass_fields__)


def config_from_settings(
    provider_type: str, settings: tuple[Setting, ...], environment: Mapping[str, str]
) -> PMProviderConfig:
    """Build a configuration from environment values. Surrounding blanks are dropped; blank is missing.

    Raises:
        ConfigurationError: a required setting is missing; names the variable and an example.
    """
    config = PMProviderConfig(provider_type=provider_type)
    for setting in settings:
        value = environment.get(setting.env, "").strip()
        if not value:
            if setting.required:
                raise ConfigurationError(
                    f"{setting.env} is not set: {setting.help}, for example {setting.env}={setting.example}",
                    setting=setting.env,
                    example=setting.example,
                    provider=provider_type,
                )
            continue
        if setting.field in _CONFIG_FIELDS:
            setattr(config, setting.field, _typed(setting, getattr(config, setting.field), value))
        else:
            config.additional_config[setting.field] = value
    return config
