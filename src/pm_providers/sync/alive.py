"""A sign of life of a run, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pm_providers.database import Database
from pm_providers.errors import PMError
from pm_providers.store.sync_state import LEASE_S, TakenOverError, renew_lease

__all__ = ["EVERY_S", "kept_alive"]

EVERY_S = LEASE_S / 5
"""Seconds between signs of life. A side may take longer for a page, or for its quota, than a lease lasts."""


@asynccontextmanager
async def kept_alive(
    db: Database, mapping_id: str, fence: int, *, every_s: float | None = None
) -> AsyncIterator[None]:
    """Block in which the lease of a run does not end while its process lives.

    Args:
        db: database of the sync; where it is a session of a host, its transaction is the host's: then there
            is no sign of life but what the run itself writes.
        mapping_id: mapping.
        fence: number of the run's lease.
        every_s: `EVERY_S` when missing.
    """
    seconds = EVERY_S if every_s is None else every_s
    beat = asyncio.create_task(_beat(db, mapping_id, fence, seconds)) if db.commits else None
    try:
        yield
    finally:
        if beat is not None:
            beat.cancel()
            await asyncio.wait([beat])


async def _beat(db: Database, mapping_id: str, fence: int, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await renew_lease(db, mapping_id, fence, LEASE_S)
        except TakenOverError:
            return  # the run learns of it by its next transaction
        except PMError:
            continue  # so it does of a database that does not answer
