"""Errors of SQLAlchemy and the drivers, turned into ours once for all database work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pm_providers.errors import ConfigurationError, ConflictError, PMError, ProviderError, TransportError

__all__ = ["translated"]

_TRY_AGAIN = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
_LOST = ("08", "57P")  # connection exceptions, operator intervention
_LONGEST = 200
_NO_FILE = {"unable to open database file", "file is not a database"}
_EXAMPLE = "sqlite:////home/me/pm.db"


@contextmanager
def translated() -> Iterator[None]:
    """Raise a `PMError` for every error of the database. Statements and their values stay out of its text."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(error) from error.orig
    except PoolTimeoutError as error:
        raise TransportError("no database connection became free in time") from error
    except NoSuchModuleError as error:
        raise ProviderError("the database dialect is not installed") from error
    except SQLAlchemyError as error:
        raise ProviderError(f"database: {type(error).__name__}") from error


def _first_line(error: DBAPIError) -> str:
    text = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return text[0][:_LONGEST]


def _translate(error: DBAPIError) -> PMError:
    code = str(getattr(error.orig, "sqlstate", None) or "")
    text = _first_line(error)
    if code in _TRY_AGAIN:
        return _gave_way(text)
    if isinstance(error, IntegrityError):
        return ConflictError("another transaction changed what this one relies on; look again")
    if "database is locked" in text or "database table is locked" in text:
        return TransportError("the database is busy: another transaction holds its write lock")
    if text in _NO_FILE:
        return ConfigurationError(
            f"PM_DATABASE_URL: {text}; SQLite needs a file in a folder that exists and can be written, for "
            f"example PM_DATABASE_URL={_EXAMPLE}",
            setting="PM_DATABASE_URL",
            example=_EXAMPLE,
        )
    if error.connection_invalidated or code.startswith(_LOST) or "connect" in text.lower():
        return TransportError(f"the database does not answer: {text}")
    return ProviderError(f"database: {text}")


def _gave_way(text: str) -> ConflictError:
    error = ConflictError(f"the database gave way to another transaction: {text}")
    error.retryable = True
    return error
