"""Runs of mappings as durable jobs: a port, procrastinate over PostgreSQL, and our own queue on SQLite."""

from __future__ import annotations

from pm_providers.jobs.port import Again, Dead, Done, Job, JobQueue, NewJob, WorkOptions
from pm_providers.jobs.runs import submit_run
from pm_providers.jobs.worker import open_queue, run_worker

__all__ = [
    "Again",
    "Dead",
    "Done",
    "Job",
    "JobQueue",
    "NewJob",
    "WorkOptions",
    "open_queue",
    "run_worker",
    "submit_run",
]
