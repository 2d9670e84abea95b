"""Which mappings are due. Every worker looks; the first to claim an instant submits the run."""

from __future__ import annotations

import math
from typing import Any

from pm_providers.database import database_for
from pm_providers.database.clock import read_clock
from pm_providers.errors import PMError
from pm_providers.jobs.port import JobQueue
from pm_providers.jobs.runs import submit_run
from pm_providers.store.jobs import claim_slot, return_slot
from pm_providers.store.mappings import list_mappings
from pm_providers.store.records import SyncMapping

__all__ = ["DAILY_S", "FULL", "SCHEDULE", "every", "full_every", "slot_of", "submit_due"]

SCHEDULE = "schedule_s"
"""Option of `sync_config`: seconds between runs; missing for none."""


FULL = "full_every_s"
"""Option of `sync_config`: seconds between runs that read all of both sides; 0 for none; daily by default."""

DAILY_S = 86_400.0


def every(mapping: SyncMapping) -> float | None:
    """Seconds between the runs of a mapping; `None` where it has no schedule that can be kept."""
    return _seconds(mapping.sync_config.get(SCHEDULE))


def full_every(mapping: SyncMapping) -> float | None:
    """Seconds between the runs of a mapping with a schedule that read all; `None` for never."""
    return _seconds(mapping.sync_config.get(FULL, DAILY_S))


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        return None
    return float(value)


def slot_of(mapping_id: str, seconds: float, now: float) -> float:
    """The last instant at which a mapping was due.

    Mappings of one rhythm are spread over it by their ids, so that they do not all come at once.
    """
    shift = int(mapping_id[-6:], 16) % seconds
    return math.floor((now - shift) / seconds) * seconds + shift


def _is_full(mapping: SyncMapping, before: float, slot: float) -> bool:
    """Whether an instant at which all is to be read lies between two runs. The first run reads all anyway."""
    seconds = full_every(mapping)
    if seconds is None or before == -math.inf:
        return False
    return slot_of(mapping.id, seconds, slot) > before


async def submit_due(db: Any, queue: JobQueue, *, now: float | None = None) -> list[str]:
    """Submit a run of each mapping that is due; runs that were missed are made up by one.

    Args:
        db: the database.
        queue: where to.
        now: seconds since 1970; replaces the database's clock, for tests.

    Returns:
        Ids of the jobs; none for a mapping whose run waits already.

    Raises:
        TransportError: the queue does not answer; what is due remains due.
    """
    at = await database_for(db).read(read_clock) if now is None else now
    submitted = []
    for mapping in await list_mappings(db, sync_enabled=True):
        seconds = every(mapping)
        if seconds is None:
            continue
        slot = slot_of(mapping.id, seconds, at)
        before = await claim_slot(db, mapping.id, slot)
        if before is None:
            continue
        try:
            job_id = await submit_run(queue, mapping, interactive=False, full=_is_full(mapping, before, slot))
        except PMError:
            await return_slot(db, mapping.id, slot, before)  # the next look submits it
            raise
        if job_id is not None:
            submitted.append(job_id)
    return submitted
