"""Column types that read and write the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Identifier", "Instant", "JsonObject", "instant_text"]


def instant_text(value: datetime) -> str:
    """An instant as SQLite stores it: UTC, fixed width, so that texts order as instants do."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _read_instant(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class Instant(TypeDecorator[datetime]):
    """A timezone-aware instant with microseconds; always read in UTC.

    `TIMESTAMP WITH TIME ZONE` on PostgreSQL, ISO 8601 text of fixed width on SQLite.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See `TypeDecorator`."""
        kind: TypeEngine[Any] = String(32) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """See `TypeDecorator`; overridden whole because it runs once per value of a bulk insert."""
        if dialect.name != "sqlite":
            return None
        return lambda value: None if value is None else instant_text(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """See `TypeDecorator`; overridden whole because it runs once per value of a list."""
        del coltype
        return _read_text if dialect.name == "sqlite" else _read_instant


def Identifier() -> TypeEngine[str]:  # noqa: N802 - reads as a type where columns are declared
    """Type of an id. Byte order on PostgreSQL too, so that pages by id follow the order of creation."""
    return String(32).with_variant(String(32, collation="C"), "postgresql")


def JsonObject() -> TypeEngine[Any]:  # noqa: N802 - reads as a type where columns are declared
    """`JSONB` on PostgreSQL, JSON text on SQLite."""
    return JSON().with_variant(JSONB(), "postgresql")
