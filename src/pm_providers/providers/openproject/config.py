"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError
from pm_providers.transport import Auth, BasicAuth, BearerAuth, TransportPolicy, parse_base_url

__all__ = ["SETTINGS", "Options", "read_options"]

_URL = "OPENPROJECT_URL"
_KEY = "OPENPROJECT_API_KEY"
_EXAMPLE_URL = "https://openproject.example.com"
_EXAMPLE_KEY = "opapi-2519132cdf62dcf5a66fd96394672079f9e9cad1"
_API = "/api/v3"
_SPRINT_SOURCES = ("auto", "version", "sprint")
_MAX_PAGE = 1000

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env=_URL,
        field="base_url",
        help="address of the OpenProject installation, with its sub-path if it has one",
        example=_EXAMPLE_URL,
        required=True,
    ),
    Setting(
        env=_KEY,
        field="api_key",
        help="API access token, from My account > Access tokens",
        example=_EXAMPLE_KEY,
        required=True,
        secret=True,
    ),
    Setting(
        env="OPENPROJECT_SPRINT_SOURCE",
        field="sprint_source",
        help="what sprints are: 'version', 'sprint' (native ones, 17.3+) or 'auto' (both)",
        example="auto",
    ),
)
"""Environment variables of the connection."""


@dataclass(frozen=True, slots=True)
class Options:
    """A checked connection.

    Attributes:
        base_url: address of the installation, without `/api/v3`, without a slash at the end.
        auth: credential.
        policy: bounds of the transport.
        sprint_source: `auto`, `version` or `sprint`.
        notify: whether writes send mails and notifications to people.
        page_size: records in one page.
        concurrency: requests in flight.
        delete_wait_s: seconds to wait until an asynchronous delete is done.
        status_map: vendor's status name or id -> unified task status.
        project_status_map: the same for project statuses.
        priority_map: the same for priorities.
        keep_raw: fill `raw_data`.
    """

    base_url: str
    auth: Auth
    policy: TransportPolicy
    sprint_source: str = "auto"
    notify: bool = False
    page_size: int = 200
    concurrency: int = 6
    delete_wait_s: float = 3.0
    status_map: Mapping[str, str] = field(default_factory=dict)
    project_status_map: Mapping[str, str] = field(default_factory=dict)
    priority_map: Mapping[str, str] = field(default_factory=dict)
    keep_raw: bool = True


def read_options(config: PMProviderConfig) -> Options:
    """Check a configuration.

    Raises:
        ConfigurationError: a setting is missing or malformed; names it and an example.
    """
    return Options(
        base_url=_base_url(config.base_url),
        auth=_auth(config),
        policy=_policy(config),
        sprint_source=_choice(config, "sprint_source", _SPRINT_SOURCES),
        notify=_flag(config, "notify", default=False),
        page_size=int(_number(config, "page_size", 200, 1, _MAX_PAGE)),
        concurrency=int(_number(config, "concurrency", 6, 1, 64)),
        delete_wait_s=_number(config, "delete_wait_s", 3.0, 0, 600),
        status_map=_map(config, "status_map"),
        project_status_map=_map(config, "project_status_map"),
        priority_map=_map(config, "priority_map"),
        keep_raw=_flag(config, "raw_data", default=True),
    )


def _missing(setting: Setting) -> ConfigurationError:
    return ConfigurationError(
        f"{setting.env} is not set: {setting.help}, for example {setting.env}={setting.example}",
        setting=setting.env,
        example=setting.example,
        provider="openproject",
    )


def _base_url(value: str | None) -> str:
    if not value or not value.strip():
        raise _missing(SETTINGS[0])
    url = parse_base_url(value, setting=_URL, example=_EXAMPLE_URL)
    return url.removesuffix(_API).rstrip("/")


def _auth(config: PMProviderConfig) -> Auth:
    """Basic with the literal user `apikey` works for 13 to 17; Bearer needs a key made by 17.2 or later."""
    secret = (config.api_key or config.api_token or "").strip()
    if not secret:
        raise _missing(SETTINGS[1])
    scheme = _choice(config, "auth_scheme", ("basic", "bearer"))
    try:
        return BearerAuth(secret) if scheme == "bearer" else BasicAuth("apikey", secret)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{_KEY} is malformed: {error.message}; example: {_KEY}={_EXAMPLE_KEY}",
            setting=_KEY,
            example=_EXAMPLE_KEY,
            provider="openproject",
        ) from None


def _policy(config: PMProviderConfig) -> TransportPolicy:
    attempt, wait = config.timeout_s, config.max_wait_s
    if attempt <= 0 or wait < 0:
        raise _bad("timeout_s", "and max_wait_s must be positive", "30")
    return TransportPolicy(
        connect_timeout_s=min(10.0, attempt),
        read_timeout_s=attempt,
        write_timeout_s=attempt,
        pool_timeout_s=attempt + wait,
        attempt_timeout_s=attempt,
        total_timeout_s=attempt + wait,
        max_wait_s=wait,
    )


def _bad(option: str, why: str, example: str) -> ConfigurationError:
    """Names the variable that gives the option, where there is one."""
    option = next((setting.env for setting in SETTINGS if setting.field == option), option)
    return ConfigurationError(
        f"{option} {why}, for example {example}", setting=option, example=example, provider="openproject"
    )


def _choice(config: PMProviderConfig, name: str, allowed: tuple[str, ...]) -> str:
    value = config.option(name, allowed[0])
    if value not in allowed:
        raise _bad(name, f"must be one of {', '.join(allowed)}, not {value!r:.40}", allowed[0])
    return str(value)


def _flag(config: PMProviderConfig, name: str, *, default: bool) -> bool:
    value = config.option(name, default)
    if not isinstance(value, bool):
        raise _bad(name, f"must be True or False, not {value!r:.40}", str(default))
    return value


def _number(config: PMProviderConfig, name: str, default: float, least: float, most: float) -> float:
    value: Any = config.option(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _bad(name, f"must be a number from {least} to {most}, not {value!r:.40}", str(default))
    return value


def _map(config: PMProviderConfig, name: str) -> Mapping[str, str]:
    value = config.option(name, {})
    if not isinstance(value, Mapping) or not all(
        isinstance(one, str) for pair in value.items() for one in pair
    ):
        raise _bad(name, "must map vendor's names or ids to unified values", "{'In review': 'in_progress'}")
    return dict(value)
