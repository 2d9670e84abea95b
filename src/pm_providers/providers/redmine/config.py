"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import Auth, HeaderAuth, TransportPolicy

__all__ = ["SETTINGS", "TEXT_FORMATS", "Options", "read_options"]

TEXT_FORMATS = ("auto", "textile", "markdown")
"""What the administration's "Text formatting" may be, and `auto` to find out."""

_MAX_PAGE = 100

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env="REDMINE_URL",
        field="base_url",
        help="address of the Redmine installation, with its sub-path if it has one",
        example="https://redmine.example.com",
        required=True,
    ),
    Setting(
        env="REDMINE_API_KEY",
        field="api_key",
        help="API access key, from My account > API access key (right-hand column)",
        example="0d1f3c5b7a9e2468ace013579bdf2468ace01357",
        required=True,
        secret=True,
    ),
    Setting(
        env="REDMINE_TEXT_FORMAT",
        field="text_format",
        help="text formatting of the installation: 'textile', 'markdown' or 'auto' (found out)",
        example="auto",
    ),
)
"""Environment variables of the connection."""


@dataclass(frozen=True, slots=True)
class Options:
    """A checked connection.

    Attributes:
        base_url: address of the installation, without a slash at the end.
        auth: credential.
        policy: bounds of the transport.
        text_format: one of `TEXT_FORMATS`.
        page_size: records in one page; the server gives 100 at most.
        concurrency: requests in flight.
        status_map: vendor's status name or id -> unified task status.
        priority_map: the same for priorities.
        keep_raw: fill `raw_data`.
    """

    base_url: str
    auth: Auth
    policy: TransportPolicy
    text_format: str = "auto"
    page_size: int = _MAX_PAGE
    concurrency: int = 4
    status_map: Mapping[str, str] = field(default_factory=dict)
    priority_map: Mapping[str, str] = field(default_factory=dict)
    keep_raw: bool = True


def read_options(config: PMProviderConfig) -> Options:
    """Check a configuration.

    Raises:
        ConfigurationError: a setting is missing or malformed; names it and an example.
    """
    read = OptionReader(config, SETTINGS, provider="redmine")
    return Options(
        base_url=read.base_url(),
        auth=read.credential(lambda secret: HeaderAuth("X-Redmine-API-Key", secret)),
        policy=read.policy(),
        text_format=read.choice("text_format", TEXT_FORMATS),
        page_size=read.whole("page_size", _MAX_PAGE, least=1, most=_MAX_PAGE),
        concurrency=read.whole("concurrency", 4, least=1, most=64),
        status_map=read.mapping("status_map"),
        priority_map=read.mapping("priority_map"),
        keep_raw=read.flag("raw_data", default=True),
    )
