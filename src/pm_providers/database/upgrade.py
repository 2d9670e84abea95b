"""The schema's version: checked before first use, upgraded by Alembic.

The migrations ship inside the package; the version stands in `pm_schema_version`, so a host's own Alembic in
the same database is not disturbed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from pm_providers.database.failures import translated
from pm_providers.database.session import SETTING, engine_for
from pm_providers.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = [
    "HEAD",
    "REVISIONS",
    "Revision",
    "current",
    "driver_in_transaction",
    "ensure_schema",
    "history",
    "upgrade",
]

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""All revisions, oldest first."""
HEAD = REVISIONS[-1]
VERSION_TABLE = "pm_schema_version"

_CHECKED = "pm_providers.schema"
_UPGRADE_LOCK = 0x706D_5F75  # any number that nobody else locks
_REBASE = """
UPDATE {table} SET change_tx = 0
WHERE change_tx >= CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
"""


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema.

    Attributes:
        id: revision.
        title: what it adds, one line.
    """

    id: str
    title: str


def driver_in_transaction(connection: Connection) -> bool:
    """Whether SQLite's own connection has a transaction open, whatever SQLAlchemy thinks."""
    driver = connection.connection.driver_connection
    return bool(getattr(driver, "in_transaction", False))


def ensure_schema(connection: Connection) -> None:
    """Check the schema once per connection; on SQLite create or upgrade it.

    The upgrade is committed at once, unless the connection is in the middle of a host's transaction: then it
    is part of that.

    Raises:
        ConfigurationError: the schema is missing or old (PostgreSQL), or newer than this version.
    """
    if connection.info.get(_CHECKED) == HEAD:
        return
    if connection.dialect.name == "sqlite":
        _ensure_sqlite(connection)
        return
    found = _version(connection)
    if found != HEAD:
        raise _refusal(found)
    connection.info[_CHECKED] = HEAD


def _ensure_sqlite(connection: Connection) -> None:
    inside = driver_in_transaction(connection)
    if _version(connection) != HEAD:
        if not inside:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            _migrate(connection, "head")
        except BaseException:
            if not inside:
                connection.exec_driver_sql("ROLLBACK")
            raise
        if not inside:
            connection.exec_driver_sql("COMMIT")
    if not inside:
        connection.info[_CHECKED] = HEAD


def _refusal(found: str | None) -> ConfigurationError:
    if found is not None and found not in REVISIONS:
        return ConfigurationError(
            f"the database has schema {found[:40]!r}, newer than {HEAD!r} of this version: "
            "update pm-providers",
            setting=SETTING,
        )
    state = "has no schema yet" if found is None else f"has schema {found!r}, older than {HEAD!r}"
    return ConfigurationError(
        f"the database {state}: run `pm-providers db upgrade`",
        setting=SETTING,
        example="pm-providers db upgrade",
    )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _migrate(connection: Connection, revision: str) -> None:
    """Run the missing migrations in the transaction that the connection is in."""
    from alembic import command

    found = _version(connection)
    if found is not None and found not in REVISIONS:
        raise _refusal(found)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def upgrade(url: str | None = None, revision: str = "head") -> str:
    """Create the schema, or bring it up to a revision; safe to run from several processes at once.

    On PostgreSQL it also repairs the change numbers after a restore into another server, whose transaction
    ids start lower.

    Args:
        url: address as in `PM_DATABASE_URL`, which is the default.
        revision: one of `REVISIONS`, or `head`.

    Returns:
        The revision that the database has now.

    Raises:
        ConfigurationError: malformed address, unknown revision, or a database newer than this version.
    """
    if revision not in {"head", *REVISIONS}:
        raise ConfigurationError(f"no schema revision {revision[:40]!r}; known: {', '.join(REVISIONS)}")
    with translated(), engine_for(url).connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        _migrate(connection, revision)
        if connection.dialect.name == "postgresql":
            for table in ("pm_tasks", "pm_tombstones"):
                connection.execute(text(_REBASE.format(table=table)))
        found = _version(connection)
        connection.commit()
        return found or ""


def current(url: str | None = None) -> str | None:
    """Revision of a database; `None` when it has no schema of ours."""
    with translated(), engine_for(url).connect() as connection:
        return _version(connection)


def history() -> list[Revision]:
    """All revisions, oldest first."""
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory.from_config(_config()).walk_revisions()
    return [Revision(step.revision, step.doc) for step in steps][::-1]
