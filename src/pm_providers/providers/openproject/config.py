"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import Auth, BasicAuth, BearerAuth, TransportPolicy

__all__ = ["SETTINGS", "Options", "read_options"]

_API = "/api/v3"
_SPRINT_SOURCES = ("auto", "version", "sprint")
_MAX_PAGE = 1000

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env="OPENPROJECT_URL",
        field="base_url",
        help="address of the OpenProject installation, with its sub-path if it has one",
        example="https://openproject.example.com",
        required=True,
    ),
    Setting(
        env="OPENPROJECT_API_KEY",
        field="api_key",
        help="API access token, from My account > Access tokens",
        example="opapi-2519132cdf62dcf5a66fd96394672079f9e9cad1",
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
    read = OptionReader(config, SETTINGS, provider="openproject")
    return Options(
        base_url=read.base_url(suffix=_API),
        auth=_auth(read),
        policy=read.policy(),
        sprint_source=read.choice("sprint_source", _SPRINT_SOURCES),
        notify=read.flag("notify", default=False),
        page_size=read.whole("page_size", 200, least=1, most=_MAX_PAGE),
        concurrency=read.whole("concurrency", 6, least=1, most=64),
        delete_wait_s=read.number("delete_wait_s", 3.0, least=0, most=600),
        status_map=read.mapping("status_map"),
        project_status_map=read.mapping("project_status_map"),
        priority_map=read.mapping("priority_map"),
        keep_raw=read.flag("raw_data", default=True),
    )


def _auth(read: OptionReader) -> Auth:
    """Basic with the literal user `apikey` works for 13 to 17; Bearer needs a key made by 17.2 or later."""
    bearer = read.choice("auth_scheme", ("basic", "bearer")) == "bearer"
    return read.credential(lambda secret: BearerAuth(secret) if bearer else BasicAuth("apikey", secret))
