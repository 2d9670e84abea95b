"""Tables of the sync engine; see `pm_providers.sync`. Columns of a side are named `left_*` and `right_*`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pm_providers.database.schema import mappings, metadata
from pm_providers.database.types import Identifier, Instant, JsonObject

__all__ = ["sync_conflicts", "sync_links", "sync_runs", "sync_states", "sync_writes"]


def _id() -> Column[str]:
    return Column("id", Identifier(), primary_key=True)


def _mapping() -> Column[str]:
    key = ForeignKey(f"{mappings.name}.id", ondelete="CASCADE")
    return Column("mapping_id", Identifier(), key, nullable=False)


sync_states = Table(
    "pm_sync_states",
    metadata,
    Column(
        "mapping_id", Identifier(), ForeignKey(f"{mappings.name}.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("left_cursor", Text),
    Column("right_cursor", Text),
    Column("state", String(20), nullable=False),  # new, ok, blocked
    Column("problem", Text),
    Column("next_step", Text),
    Column("fence", BigInteger, nullable=False),
    Column("holder", String(100)),
    Column("lease_until", Double),
    Column("policy", String(64)),  # digest of the options that the last run went by
    Column("updated_at", Instant(), nullable=False),
)

sync_links = Table(
    "pm_sync_links",
    metadata,
    _id(),
    _mapping(),
    Column("entity", String(20), nullable=False),
    Column("left_id", String(500)),
    Column("right_id", String(500)),
    Column("left_agreed", JsonObject()),
    Column("right_agreed", JsonObject()),
    Column("left_now", JsonObject()),
    Column("right_now", JsonObject()),
    Column("left_gone", String(20)),
    Column("right_gone", String(20)),
    Column("left_at", String(40)),  # last edit by that side's clock, of the latest state that was seen
    Column("right_at", String(40)),
    Column("left_parent", String(500)),  # what it stands below, of the latest state that was seen
    Column("right_parent", String(500)),
    Column("held", JsonObject()),  # field -> side whose value waits to be carried
    Column("state", String(20), nullable=False),  # single, linked, detached
    Column("dirty", Boolean, nullable=False),
    Column("owner_id", Identifier()),  # link of the task that a part belongs to
    Column("parts_due", Boolean),  # tasks: comments and the like are to be read
    Column("problem", Text),
    Column("attempts", Integer, nullable=False),  # writes that failed since it was last written or edited
    Column("revision", Integer, nullable=False),
    Column("updated_at", Instant(), nullable=False),
    Column("retry_at", Double),  # not to be tried before, in seconds since 1970 by the database's clock
    UniqueConstraint("mapping_id", "entity", "left_id"),
    UniqueConstraint("mapping_id", "entity", "right_id"),
    Index(None, "mapping_id", "dirty", "entity", "id"),
    Index(None, "owner_id"),
    Index(None, "mapping_id", "left_parent"),
    Index(None, "mapping_id", "right_parent"),
    Index(None, "mapping_id", "parts_due", "id"),
    Index(None, "mapping_id", "retry_at"),
)

sync_runs = Table(
    "pm_sync_runs",
    metadata,
    _id(),
    _mapping(),
    Column("kind", String(20), nullable=False),  # sync, undo
    Column("state", String(20), nullable=False),  # running, done, failed, refused
    Column("plan_id", String(64)),
    Column("undoes_run_id", Identifier()),
    Column("counts", JsonObject(), nullable=False),
    Column("error", Text),
    Column("fence", BigInteger, nullable=False),
    Column("started_at", Instant(), nullable=False),
    Column("finished_at", Instant()),
    Index(None, "mapping_id", "id"),
)

sync_writes = Table(
    "pm_sync_writes",
    metadata,
    _id(),
    Column(
        "run_id", Identifier(), ForeignKey("pm_sync_runs.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    _mapping(),
    Column("link_id", Identifier(), nullable=False),
    Column("entity", String(20), nullable=False),
    Column("side", String(5), nullable=False),
    Column("action", String(20), nullable=False),  # create, update, delete
    Column("remote_id", String(500)),
    Column("title", Text),
    Column("wanted", JsonObject(), nullable=False),
    Column("basis", JsonObject()),  # what the other side said when it was decided, by its names
    Column("before", JsonObject()),
    Column("after", JsonObject()),
    Column("lost", JsonObject()),  # losing values of conflicts, by field
    Column("state", String(20), nullable=False),  # intent, done, failed, unsure
    Column("error", Text),
    Column("created_at", Instant(), nullable=False),
    Column("finished_at", Instant()),
    Index(None, "mapping_id", "state", "id"),
    Index(None, "mapping_id", "id"),
)

sync_conflicts = Table(
    "pm_sync_conflicts",
    metadata,
    _id(),
    _mapping(),
    Column("link_id", Identifier(), nullable=False, index=True),
    Column("field", String(200), nullable=False),
    Column("left_value", JsonObject()),
    Column("right_value", JsonObject()),
    Column("base_value", JsonObject()),
    Column("state", String(20), nullable=False),  # open, resolved
    Column("decision", String(20)),  # left, right, newest, merged, manual
    Column("note", Text),
    Column("run_id", Identifier()),
    Column("created_at", Instant(), nullable=False),
    Column("resolved_at", Instant()),
    Index(None, "mapping_id", "state", "id"),
)
