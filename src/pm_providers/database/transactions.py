"""One operation on one connection: as a transaction of its own, or as a SAVEPOINT in a host's."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pm_providers.database.upgrade import driver_in_transaction, ensure_schema
from pm_providers.errors import TransportError

__all__ = ["Guard", "committing", "has_uncommitted_work", "in_host_transaction", "in_own_transaction"]

T = TypeVar("T")
_DIRTY = "pm_providers.dirty"


class Guard:
    """Tells running work that nobody waits for its effect any more."""

    def __init__(self) -> None:
        self._abandoned = False

    def abandon(self) -> None:
        """Let the next `check` refuse."""
        self._abandoned = True

    def check(self) -> None:
        """Refuse to go on when the caller was cancelled; the transaction is then rolled back.

        Raises:
            TransportError: it was. Nobody sees it: the caller gets its cancellation.
        """
        if self._abandoned:
            raise TransportError("the operation was cancelled")


def in_own_transaction(
    connection: Connection, work: Callable[[Connection], T], guard: Guard, *, write: bool
) -> T:
    """Run work in a transaction of its own, committed when it writes."""
    ensure_schema(connection)
    _begin(connection, write)
    result = work(connection)
    if write:
        guard.check()
        with committing():
            connection.commit()
    return result


def in_host_transaction(
    connection: Connection, work: Callable[[Connection], T], guard: Guard, *, write: bool
) -> T:
    """Run work as a SAVEPOINT in the transaction that the connection is in. Nothing is committed."""
    ensure_schema(connection)
    if not write and connection.dialect.name == "sqlite":
        return work(connection)  # a failed SELECT does not spoil a transaction there
    _begin(connection, write)
    with connection.begin_nested():
        result = work(connection)
        guard.check()
    if write:
        transaction = connection.get_transaction()
        connection.info[_DIRTY] = None if transaction is None else weakref.ref(transaction)
    return result


@contextmanager
def committing() -> Iterator[None]:
    """Say of a connection that breaks during COMMIT that nobody knows whether it took effect."""
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise TransportError(
            "the connection broke while the change was committed", maybe_applied=True
        ) from error


def has_uncommitted_work(connection: Connection) -> bool:
    """Whether an operation of ours wrote in the transaction that the connection is in."""
    mark = connection.info.get(_DIRTY)
    transaction = connection.get_transaction()
    return mark is not None and transaction is not None and mark() is transaction


def _begin(connection: Connection, write: bool) -> None:
    """Open the driver's transaction on SQLite, with the write lock where it will be needed.

    Python's driver opens none before a SAVEPOINT; releasing that SAVEPOINT would then commit.
    """
    if write and connection.dialect.name == "sqlite" and not driver_in_transaction(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
