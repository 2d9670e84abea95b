"""Rate limits that all workers of a database share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pm_providers.database import Database, database_for
from pm_providers.database.clock import read_clock
from pm_providers.database.schema import rate_gates
from pm_providers.errors import ConfigurationError
from pm_providers.transport import Pace, PaceState, admit, gcra_push

__all__ = ["SqlGate"]

_LONGEST_KEY = 400
_INSERT: dict[str, Callable[..., Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class SqlGate:
    """`transport.ratelimit.Gate` in one row of the database per credential.

    The clock is the database server's on PostgreSQL, and the machine's on SQLite, which lives on one machine.

    Args:
        db: all that `database_for` takes but a session: each reservation must be committed at once, or others
            would wait for the host's transaction to end.
        clock: seconds; replaces the clock, for tests.

    Raises:
        ConfigurationError: `db` is a session.
    """

    def __init__(self, db: Any = None, *, clock: Callable[[], float] | None = None) -> None:
        self._db: Database = database_for(db)
        self._clock = clock
        if not self._db.commits:
            raise ConfigurationError("a shared rate limit needs an engine or a sessionmaker, not a session")

    async def reserve(
        self, key: str, pace: Pace, *, cost: float = 1.0, max_wait_s: float = math.inf
    ) -> float:
        """See `Gate.reserve`."""

        def work(conn: Connection) -> float:
            state, now = self._lock_row(conn, key)
            new, wait = admit(state, now, pace, cost)
            if wait <= max_wait_s:
                self._store(conn, key, new)
            return wait

        return await self._db.write(work)

    async def push(self, key: str, pace: Pace, seconds: float) -> None:
        """See `Gate.push`."""

        def work(conn: Connection) -> None:
            state, now = self._lock_row(conn, key)
            tat = gcra_push(state.tat, now, pace.emission_s, pace.burst, seconds)
            self._store(conn, key, replace(state, tat=tat))

        await self._db.write(work)

    async def aclose(self) -> None:
        """Release the worker threads."""
        await self._db.aclose()

    def _lock_row(self, conn: Connection, key: str) -> tuple[PaceState, float]:
        """What is known of a key, and the clock; nobody else gets the row until the transaction ends."""
        new = _INSERT[conn.dialect.name](rate_gates).values(key=_short(key), tat=0.0)
        conn.execute(new.on_conflict_do_nothing())
        mine = select(rate_gates.c.tat, rate_gates.c.sent).where(rate_gates.c.key == _short(key))
        tat, sent = conn.execute(mine.with_for_update()).one()
        now = read_clock(conn) if self._clock is None else self._clock()
        return PaceState(tat, tuple((begin, number) for begin, number in sent or ())), now

    @staticmethod
    def _store(conn: Connection, key: str, state: PaceState) -> None:
        row = update(rate_gates).where(rate_gates.c.key == _short(key))
        conn.execute(row.values(tat=state.tat, sent=state.sent))


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
