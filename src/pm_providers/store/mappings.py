"""Which projects are kept in step (`project_sync_mappings`).

Every function takes the database as `db`: all that `database_for` takes, a host's session included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, insert, select, update

from pm_providers.contract import check_id
from pm_providers.database import database_for
from pm_providers.database.ids import new_id
from pm_providers.database.schema import connections, mappings, projects
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.store.records import SyncMapping, json_problem

__all__ = [
    "add_mapping",
    "get_mapping",
    "list_mappings",
    "pause_mapping",
    "remove_mapping",
    "resume_mapping",
    "touch_mapping",
]


async def add_mapping(
    db: Any,
    internal_project_id: str,
    provider_connection_id: str,
    external_project_id: str,
    *,
    sync_config: Mapping[str, Any] | None = None,
    sync_enabled: bool = True,
) -> SyncMapping:
    """Map a project of ours to one of another system.

    Args:
        db: the database.
        internal_project_id: id of a project of the internal provider.
        provider_connection_id: id of a stored connection.
        external_project_id: id of the project there.
        sync_config: options of the sync, as JSON can hold them.
        sync_enabled: False to begin paused.

    Raises:
        ValidationError: the project or the connection does not exist, or a value is malformed.
        ConflictError: the other project is mapped already through this connection.
    """
    now = datetime.now(UTC)
    row = {
        "id": new_id(),
        "internal_project_id": check_id(internal_project_id, "internal_project_id"),
        "provider_connection_id": check_id(provider_connection_id, "provider_connection_id"),
        "external_project_id": check_id(external_project_id, "external_project_id"),
        "sync_enabled": bool(sync_enabled),
        "last_sync_at": None,
        "sync_config": _json_object(sync_config or {}),
        "created_at": now,
        "updated_at": now,
    }

    def work(conn: SqlConnection) -> SyncMapping:
        for name, table in (("internal_project_id", projects), ("provider_connection_id", connections)):
            if conn.scalar(select(table.c.id).where(table.c.id == row[name])) is None:
                raise ValidationError(fields={name: f"{row[name]!r} does not exist"})
        same = (mappings.c.provider_connection_id == row["provider_connection_id"]) & (
            mappings.c.external_project_id == row["external_project_id"]
        )
        if conn.scalar(select(mappings.c.id).where(same)) is not None:
            raise ConflictError(f"project {external_project_id!r} is mapped already through this connection")
        conn.execute(insert(mappings).values(**row))
        return _required(conn, str(row["id"]))

    return await database_for(db).write(work)


async def get_mapping(db: Any, mapping_id: str) -> SyncMapping | None:
    """A mapping by id; `None` when there is none."""
    return await database_for(db).read(lambda conn: _found(conn, mapping_id))


async def list_mappings(
    db: Any,
    *,
    internal_project_id: str | None = None,
    provider_connection_id: str | None = None,
    sync_enabled: bool | None = None,
) -> list[SyncMapping]:
    """Mappings that fit, oldest first."""
    statement = select(mappings).order_by(mappings.c.id)
    if internal_project_id is not None:
        statement = statement.where(mappings.c.internal_project_id == internal_project_id)
    if provider_connection_id is not None:
        statement = statement.where(mappings.c.provider_connection_id == provider_connection_id)
    if sync_enabled is not None:
        statement = statement.where(mappings.c.sync_enabled == sync_enabled)
    return await database_for(db).read(
        lambda conn: [SyncMapping(**row) for row in conn.execute(statement).mappings()]
    )


async def pause_mapping(db: Any, mapping_id: str) -> SyncMapping:
    """Stop the sync for now; harmless when repeated.

    Raises:
        NotFoundError: no such mapping.
    """
    return await _change(db, mapping_id, sync_enabled=False)


async def resume_mapping(db: Any, mapping_id: str) -> SyncMapping:
    """Sync again; harmless when repeated. Errors as in `pause_mapping`."""
    return await _change(db, mapping_id, sync_enabled=True)


async def touch_mapping(db: Any, mapping_id: str, last_sync_at: datetime | None = None) -> SyncMapping:
    """Record a run that ended well, now or at the instant given; one before the recorded one changes nothing.

    Raises:
        NotFoundError: no such mapping.
        ValidationError: the instant has no time zone.
    """
    at = last_sync_at or datetime.now(UTC)
    if at.tzinfo is None:
        raise ValidationError(fields={"last_sync_at": "must be a timezone-aware datetime"})

    def work(conn: SqlConnection) -> SyncMapping:
        found = _required(conn, mapping_id)
        if found.last_sync_at is None or found.last_sync_at < at:
            _write(conn, mapping_id, last_sync_at=at)
        return _required(conn, mapping_id)

    return await database_for(db).write(work)


async def remove_mapping(db: Any, mapping_id: str) -> bool:
    """Forget a mapping; both projects stay. `False` when there was none."""

    def work(conn: SqlConnection) -> bool:
        return conn.execute(delete(mappings).where(mappings.c.id == mapping_id)).rowcount == 1

    return await database_for(db).write(work)


async def _change(db: Any, mapping_id: str, **values: Any) -> SyncMapping:
    def work(conn: SqlConnection) -> SyncMapping:
        _required(conn, mapping_id)
        _write(conn, mapping_id, **values)
        return _required(conn, mapping_id)

    return await database_for(db).write(work)


def _write(conn: SqlConnection, mapping_id: str, **values: Any) -> None:
    changed = {**values, "updated_at": datetime.now(UTC)}
    conn.execute(update(mappings).where(mappings.c.id == mapping_id).values(**changed))


def _found(conn: SqlConnection, mapping_id: str) -> SyncMapping | None:
    row = conn.execute(select(mappings).where(mappings.c.id == mapping_id)).mappings().one_or_none()
    return None if row is None else SyncMapping(**row)


def _required(conn: SqlConnection, mapping_id: str) -> SyncMapping:
    found = _found(conn, mapping_id)
    if found is None:
        raise NotFoundError(f"no mapping {mapping_id[:60]!r}")
    return found


def _json_object(value: Mapping[str, Any]) -> dict[str, Any]:
    problem = json_problem(value)
    if problem is not None:
        raise ValidationError(fields={"sync_config": problem})
    return dict(value)
