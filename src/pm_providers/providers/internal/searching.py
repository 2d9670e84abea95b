"""Search in titles and descriptions, without regard to case beyond ASCII too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Function, collate, func, literal, or_, text

from pm_providers.database.schema import tasks

__all__ = ["matches"]

_READY = "pm_providers.search"
_MOST_WORDS = 20


def matches(conn: Connection, wanted: str) -> list[ColumnElement[bool]]:
    """Conditions: each word stands in the title or in the description."""
    lower = _lowering(conn)
    found: list[ColumnElement[bool]] = []
    for word in dict.fromkeys(wanted.split()[:_MOST_WORDS]):
        pattern = lower(literal(f"%{_escaped(word)}%"))
        columns: list[ColumnElement[Any]] = [tasks.c.title, tasks.c.description]
        found.append(or_(*(lower(column).like(pattern, escape="\\") for column in columns)))
    return found


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _lowering(conn: Connection) -> Any:
    if conn.dialect.name == "sqlite":
        _install_lower(conn)
        return func.pm_lower
    name = _collation(conn)

    def lower(value: ColumnElement[Any]) -> Function[Any]:
        return func.lower(collate(value, name) if name else value)

    return lower


def _install_lower(conn: Connection) -> None:
    """SQLite's own `lower` and `LIKE` know ASCII only."""
    if not conn.info.get(_READY):
        driver: Any = conn.connection.dbapi_connection
        driver.create_function("pm_lower", 1, _lower, deterministic=True)
        conn.info[_READY] = True


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _collation(conn: Connection) -> str:
    """A collation that knows the cases of all scripts; the database's own where there is none."""
    if _READY not in conn.info:
        known = set(conn.scalars(text(
            "SELECT collname FROM pg_collation "
            "WHERE collname IN ('pg_unicode_fast', 'und-x-icu', 'pg_c_utf8') "
            "AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))"
        )))  # fmt: skip
        order = ("pg_unicode_fast", "und-x-icu", "pg_c_utf8")
        conn.info[_READY] = next((name for name in order if name in known), "")
    return str(conn.info[_READY])
