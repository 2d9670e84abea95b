"""Settings of the internal provider."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError

__all__ = ["SETTINGS", "InternalOptions", "options_of"]

DEFAULT_PAGE_SIZE = 1000

SETTINGS = (
    Setting(
        env="PM_DATABASE_URL",
        field="database_url",
        help="address of the database; a SQLite file in the user's data folder when missing",
        example="postgresql://user:password@localhost/pm",
        secret=True,
    ),
    Setting(
        env="PM_INTERNAL_USER",
        field="username",
        help="login name of the current user; that of the operating system when missing",
        example="ada",
    ),
)


@dataclass(frozen=True, slots=True)
class InternalOptions:
    """Options, read once.

    Attributes:
        username: login name of the current user, who is made when first needed.
        user_id: id of the current user instead; must exist.
        database_url: address of the database; `None` for that of `PM_DATABASE_URL`. Never show it.
        keep_raw: fill `raw_data`.
        page_size: rows fetched at once.
    """

    username: str
    user_id: str | None
    database_url: str | None = field(repr=False)
    keep_raw: bool
    page_size: int


def options_of(config: PMProviderConfig) -> InternalOptions:
    """Options of a configuration.

    Raises:
        ConfigurationError: an option is malformed.
    """
    size = config.option("page_size", DEFAULT_PAGE_SIZE)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigurationError(
            f"page_size must be a whole number from 1, not {size!r}", setting="page_size", example="1000"
        )
    return InternalOptions(
        username=config.username or _login_name(),
        user_id=config.option("user_id"),
        database_url=config.option("database_url"),
        keep_raw=bool(config.option("raw_data", True)),
        page_size=size,
    )


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a name, as in some containers
        return "me"
