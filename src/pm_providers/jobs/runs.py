"""Runs of mappings as jobs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from typing import Any

from pm_providers.database.crypto import Vault
from pm_providers.errors import PMError, ValidationError
from pm_providers.jobs.port import Done, Job, JobQueue, NewJob, Outcome
from pm_providers.jobs.retries import after_error, after_run
from pm_providers.service.sync import run_sync
from pm_providers.store.mappings import get_mapping
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_state import break_lease, get_state
from pm_providers.sync.leave import WITHIN_S
from pm_providers.sync.report import RunOptions

__all__ = ["BACKFILL", "INTERACTIVE", "RUN", "SCHEDULED", "RunHandler", "submit_run"]

RUN = "sync"
INTERACTIVE, SCHEDULED, BACKFILL = 100, 0, -100
"""Priorities: what somebody waits for, what is due, and first or full runs."""

_HOLDER = "job "


async def submit_run(
    queue: JobQueue, mapping: SyncMapping, *, interactive: bool = True, full: bool = False
) -> str | None:
    """Queue a run of a mapping.

    Args:
        queue: where to.
        mapping: stored mapping.
        interactive: somebody waits for it.
        full: read all of both sides.

    Returns:
        Id of the job, or `None` where such a run waits already.
    """
    backfill = full or mapping.last_sync_at is None
    priority = INTERACTIVE if interactive else BACKFILL if backfill else SCHEDULED
    kind = "full" if full else "interactive" if interactive else "scheduled"
    return await queue.submit(
        NewJob(
            RUN,
            {"mapping_id": mapping.id, "full": full},
            lock=f"mapping:{mapping.id}",
            key=f"mapping:{mapping.id}:{kind}",
            priority=priority,
        )
    )


class RunHandler:
    """Runs the mapping that a job names.

    The queue's lock lets one job of a mapping run at a time, so a lease that another job holds is that of a
    worker that died or hangs: it is ended at once, and the fence keeps that worker from storing anything
    should it wake up. The lease of somebody at a command line is left alone.

    Args:
        db: the database.
        vault: keys of the stored credentials.
        learn: told the secrets of both sides, to mask them.
        on_end: told what became of each job.
        within_s: see `RunOptions.within_s`; less than others wait before they take the worker's jobs.
    """

    def __init__(
        self,
        db: Any,
        *,
        vault: Vault | None = None,
        learn: Callable[[Iterable[str]], None] = lambda _: None,
        on_end: Callable[[Job, Outcome], None] = lambda _job, _outcome: None,
        within_s: float = WITHIN_S,
    ) -> None:
        self._db = db
        self._vault = vault
        self._learn = learn
        self._on_end = on_end
        self._within_s = within_s

    async def __call__(self, job: Job) -> Outcome:
        """Do a job, and say what becomes of it."""
        outcome = await self._run(job)
        self._on_end(job, outcome)
        return outcome

    async def _run(self, job: Job) -> Outcome:
        mapping_id = str(job.payload.get("mapping_id", ""))
        try:
            if job.name != RUN or not mapping_id:
                raise ValidationError(f"nobody knows what to do with a job {job.name!r:.60}")
            mapping = await get_mapping(self._db, mapping_id)
            if mapping is None or not mapping.sync_enabled:
                return Done("the mapping is paused" if mapping else "the mapping was removed")
            await self._end_lease_of_the_dead(mapping_id)
            options = RunOptions(
                full=bool(job.payload.get("full")),
                holder=_holder(job),
                patient=job.priority < INTERACTIVE,
                within_s=self._within_s,
            )
            result = await run_sync(self._db, mapping_id, options, vault=self._vault, learn=self._learn)
        except PMError as error:
            return after_error(error, job.attempt)
        return after_run(result.report, job.attempt)

    async def _end_lease_of_the_dead(self, mapping_id: str) -> None:
        state = await get_state(self._db, mapping_id)
        if state is not None and (state.holder or "").startswith(_HOLDER):
            await break_lease(self._db, mapping_id, state.fence)


def _holder(job: Job) -> str:
    return f"{_HOLDER}{job.id} try {job.attempt} {socket.gethostname()[:30]}:{os.getpid()}"
