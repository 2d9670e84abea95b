"""Which projects are kept in step (`project_sync_mappings`).

Every function takes the database as `db`: all that `database_for` takes, a host's session included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Table, delete, insert, or_, select, update

from pm_providers.contract import check_id
from pm_providers.database import database_for
from pm_providers.database.ids import new_id
from pm_providers.database.schema import connections, mappings, projects
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.store.records import SyncMapping, json_problem

__all__ = [
    "LEFT_CONNECTION",
    "add_mapping",
    "configure_mapping",
    "get_mapping",
    "list_mappings",
    "pause_mapping",
    "remove_mapping",
    "resume_mapping",
    "touch_mapping",
]

LEFT_CONNECTION = "left_connection"
"""Option of `sync_config`: id of the connection of the left side, where that is not the internal database."""

_LONGEST = 32


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

    With `left_connection` (name or id of a connection) in `sync_config`, the left side is that system, and
    `internal_project_id` the id of a project there. It is stored as the connection's id.

    Args:
        db: the database.
        internal_project_id: id of a project of the internal provider; at most 32 characters.
        provider_connection_id: id of a stored connection.
        external_project_id: id of the project there.
        sync_config: options of the sync, as JSON can hold them.
        sync_enabled: False to begin paused.

    Raises:
        ValidationError: the project or the connection does not exist, or a value is malformed.
        ConflictError: the other project is mapped already through this connection.
    """
    now = datetime.now(UTC)
    row: dict[str, Any] = {
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
        row["sync_config"] = _with_left(conn, row["sync_config"])
        _require(conn, "provider_connection_id", connections, row["provider_connection_id"])
        if LEFT_CONNECTION not in row["sync_config"]:
            _require(conn, "internal_project_id", projects, row["internal_project_id"])
        elif len(row["internal_project_id"]) > _LONGEST:
            raise ValidationError(fields={"internal_project_id": f"longer than {_LONGEST} characters"})
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


async def configure_mapping(db: Any, mapping_id: str, sync_config: Mapping[str, Any]) -> SyncMapping:
    """Replace the options of the sync.

    Raises:
        NotFoundError: no such mapping.
        ValidationError: the options are malformed, or `left_connection` does not exist.
    """
    given = _json_object(sync_config)

    def work(conn: SqlConnection) -> SyncMapping:
        _required(conn, mapping_id)
        _write(conn, mapping_id, sync_config=_with_left(conn, given))
        return _required(conn, mapping_id)

    return await database_for(db).write(work)


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


def _require(conn: SqlConnection, name: str, table: Table, identifier: str) -> None:
    if conn.scalar(select(table.c.id).where(table.c.id == identifier)) is None:
        raise ValidationError(fields={name: f"{identifier!r:.80} does not exist"})


def _with_left(conn: SqlConnection, config: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the left connection by its id."""
    wanted = config.get(LEFT_CONNECTION)
    if wanted is None:
        return {name: value for name, value in config.items() if name != LEFT_CONNECTION}
    either = or_(connections.c.name == wanted, connections.c.id == wanted)
    found = conn.execute(select(connections.c.id, connections.c.name).where(either)).all()
    if not isinstance(wanted, str) or not found:
        raise ValidationError(fields={LEFT_CONNECTION: f"there is no connection {wanted!r:.80}"})
    best = min(found, key=lambda row: row.name != wanted)
    return {**config, LEFT_CONNECTION: best.id}


def _json_object(value: Mapping[str, Any]) -> dict[str, Any]:
    problem = json_problem(value)
    if problem is not None:
        raise ValidationError(fields={"sync_config": problem})
    return dict(value)
