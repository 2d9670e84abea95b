"""Tables of the job queue; see `pm_providers.jobs`. On PostgreSQL only the schedules are used."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, String, Table, Text

from pm_providers.database.schema import mappings, metadata
from pm_providers.database.types import Identifier, Instant, JsonObject

__all__ = ["jobs", "schedules"]

jobs = Table(
    "pm_jobs",
    metadata,
    Column("id", Identifier(), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("payload", JsonObject(), nullable=False),
    Column("lock", String(200)),  # of jobs with the same one, one runs at a time
    Column("key", String(200)),  # of jobs with the same one, one waits
    Column("priority", Integer, nullable=False),
    Column("run_at", Double, nullable=False),  # seconds since 1970
    Column("attempt", Integer, nullable=False),  # tries begun so far
    Column("state", String(20), nullable=False),  # queued, running, dead
    Column("worker", String(100)),
    Column("beat_at", Double),  # last sign of life of the worker
    Column("error", Text),
    Column("created_at", Instant(), nullable=False),
    Index("ix_pm_jobs_state_priority_id", "state", "priority", "id"),
)

schedules = Table(
    "pm_schedules",
    metadata,
    Column(
        "mapping_id", Identifier(), ForeignKey(f"{mappings.name}.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("slot", Double, nullable=False),  # instant of the last run that was submitted
)
