"""What a job queue does, whatever engine is below.

All engines run a job at least once: a worker that was frozen may go on with a job that another one took
over. A handler must be able to bear that, as runs of mappings do by their fence.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "MAX_ATTEMPTS",
    "Again",
    "Dead",
    "Done",
    "Handler",
    "Job",
    "JobQueue",
    "NewJob",
    "Outcome",
    "WorkOptions",
    "outcome_of",
]

MAX_ATTEMPTS = 8
"""Tries of one job, those that killed their worker included."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be done.

    Attributes:
        name: what kind; the handler goes by it.
        payload: as JSON can hold it.
        lock: of jobs with the same one, one runs at a time, on all machines.
        key: of jobs with the same one, one waits at a time; a second is not submitted, but the one that waits
            becomes as urgent, if it is due.
        run_at: not before; `None` for at once.
        priority: higher ones first; one below 0 counts as 0 after `WorkOptions.aged_s`.
    """

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    lock: str | None = None
    key: str | None = None
    run_at: datetime | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the queue has it.

    Attributes:
        id: in this queue.
        name: as submitted.
        payload: as submitted.
        priority: as submitted.
        attempt: number of this try, from 1; of a job that waits, tries so far.
        state: `queued`, `running` or `dead`.
        run_at: not before.
        error: what the last try said.
    """

    id: str
    name: str
    payload: Mapping[str, Any]
    priority: int
    attempt: int
    state: str
    run_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, or there is nothing to do any more."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """Try it again, in so many seconds; after `MAX_ATTEMPTS` it is dead."""

    seconds: float
    error: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Trying again would not help: it is kept until somebody replays it."""

    error: str


Outcome = Done | Again | Dead
Handler = Callable[[Job], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class WorkOptions:
    """How a worker works.

    Attributes:
        concurrency: jobs at a time.
        drain: end when nothing is due any more.
        poll_s: seconds between looks for jobs that nobody announced.
        beat_s: seconds between signs of life.
        stalled_s: seconds without one, after which another worker takes over the jobs.
        grace_s: seconds that running jobs have when the worker is told to end; then they go back.
        aged_s: seconds after which a job that is due and gives way to others (`priority` below 0) does so no
            more: it takes its turn among those of priority 0, so that there is an end to its wait.
    """

    concurrency: int = 4
    drain: bool = False
    poll_s: float = 2.0
    beat_s: float = 10.0
    stalled_s: float = 60.0
    grace_s: float = 30.0
    aged_s: float = 900.0


class JobQueue(abc.ABC):
    """Durable jobs."""

    @abc.abstractmethod
    async def submit(self, job: NewJob) -> str | None:
        """Queue a job: its id, or `None` where one with its key waits already."""

    @abc.abstractmethod
    async def work(self, handler: Handler, options: WorkOptions, stop: asyncio.Event) -> None:
        """Do jobs until `stop` is set, or, with `drain`, until none is due."""

    @abc.abstractmethod
    async def jobs(self, state: str | None = None, *, limit: int = 200) -> list[Job]:
        """Jobs that are not done, in the order in which they were submitted.

        Args:
            state: `queued`, `running` or `dead`; all when missing.
            limit: so many at most.
        """

    @abc.abstractmethod
    async def replay(self, job_id: str) -> bool:
        """Queue a dead job anew; `False` where there is no such dead job."""

    @abc.abstractmethod
    async def aclose(self) -> None:
        """Release connections."""


async def outcome_of(handler: Handler, job: Job) -> Outcome:
    """What becomes of a job; a handler that breaks does not break the worker."""
    try:
        outcome = await handler(job)
    except Exception as error:  # noqa: BLE001 - a defect of a handler must not end the worker
        # The text of an unknown error may hold anything, secrets included.
        return Dead(f"unexpected {type(error).__name__}")
    if isinstance(outcome, Again) and job.attempt >= MAX_ATTEMPTS:
        return Dead(f"{outcome.error} (tried {job.attempt} times)")
    return outcome
