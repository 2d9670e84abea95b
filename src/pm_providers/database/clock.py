"""The one clock that all machines which share a database go by."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Double, cast, func, literal, select

__all__ = ["clock", "instant", "read_clock"]


def clock(conn: Connection) -> Any:
    """Seconds since 1970, for use within a statement.

    The database server's own on PostgreSQL, at the moment of the statement and not of the transaction, which
    may have waited for a lock. SQLite lives on one machine, and goes by its clock.
    """
    if conn.dialect.name == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()), Double)
    return literal(time.time(), Double)


def instant(conn: Connection) -> Any:
    """The same as a time, for a column that a statement writes."""
    return func.clock_timestamp() if conn.dialect.name == "postgresql" else datetime.now(UTC)


def read_clock(conn: Connection) -> float:
    """What `clock` says now."""
    if conn.dialect.name != "postgresql":
        return time.time()
    return float(conn.execute(select(clock(conn))).scalar_one())
