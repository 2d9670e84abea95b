"""The database: tables, migrations, sessions, and where work on them runs."""

from pm_providers.database.runner import Database, Work, database_for
from pm_providers.database.session import (
    async_engine_for,
    database_url,
    engine_for,
    get_async_db_session,
    get_db_session,
)
from pm_providers.database.upgrade import HEAD, REVISIONS, Revision, current, history, upgrade

__all__ = [
    "HEAD",
    "REVISIONS",
    "Database",
    "Revision",
    "Work",
    "async_engine_for",
    "current",
    "database_for",
    "database_url",
    "engine_for",
    "get_async_db_session",
    "get_db_session",
    "history",
    "upgrade",
]
