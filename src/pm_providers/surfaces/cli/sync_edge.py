"""Where commands of the sync meet the event loop: on the database of the sync."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pm_providers.database import Database, database_for
from pm_providers.surfaces.cli.state import State

__all__ = ["with_database"]

T = TypeVar("T")


def with_database(state: State, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database of `PM_DATABASE_URL` in an event loop.

    Raises:
        PMError: as `work` does.
    """
    state.learn_secrets()

    async def session() -> T:
        db = database_for(None)
        try:
            return await work(db)
        finally:
            await db.aclose()

    return asyncio.run(session())
