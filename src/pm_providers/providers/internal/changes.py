"""SQL of the change stream.

The stream reports what is committed. On PostgreSQL transactions become visible in another order than they
began, so a change counts only when no transaction that is still open could come before it: its transaction id
lies below `pg_snapshot_xmin`. A long transaction anywhere in the server therefore delays the stream, but
nothing is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    literal,
    select,
    text,
    tuple_,
    union_all,
)

from pm_providers.contract import ChangePage, decode_cursor, encode_cursor
from pm_providers.database.schema import tasks, tombstones
from pm_providers.database.transactions import has_uncommitted_work
from pm_providers.errors import ConflictError, ValidationError
from pm_providers.providers.internal import client
from pm_providers.providers.internal.tasks import get_tasks

__all__ = ["change_page"]

_PROVIDER = "internal"
_HORIZON = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint), "
    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
)


@dataclass(frozen=True, slots=True)
class _Position:
    """Place in a project's stream: everything up to it has been read."""

    project_id: str
    tx: int = -1
    no: int = -1
    task_id: str = ""


def change_page(
    conn: Connection, project_id: str, cursor: str | None, limit: int, *, keep_raw: bool
) -> ChangePage:
    """One page of a project's changes, in the order in which they were made.

    Raises:
        NotFoundError: no such project.
        ValidationError: not a cursor of this project.
        ConflictError: the session's own transaction holds changes that are not committed.
    """
    if has_uncommitted_work(conn):
        raise ConflictError(
            "changes() reports what is committed, and this session holds changes that are not: "
            "commit or roll back first"
        )
    project_id = client.require_project(conn, project_id)
    start = _position(project_id, cursor)
    horizon = None
    if conn.dialect.name == "postgresql":
        horizon, newest = conn.execute(_HORIZON).one()
        if start.tx >= newest:
            start = _Position(project_id)  # a cursor of another server, whose database was restored here
    found = conn.execute(_keys(start, horizon).limit(limit + 1)).all()
    has_more, found = len(found) > limit, found[:limit]
    return _page(conn, start, found, has_more=has_more, keep_raw=keep_raw)


def _page(conn: Connection, start: _Position, found: Any, *, has_more: bool, keep_raw: bool) -> ChangePage:
    changed = [row.task_id for row in found if row.is_there]
    by_id = {task.id: task for task in get_tasks(conn, changed, keep_raw=keep_raw)}
    # A task that went between the two statements comes as deleted on a later page.
    upserts = [by_id[one] for one in changed if one in by_id and by_id[one].project_id == start.project_id]
    at = list(found[-1][1:]) if found else [start.tx, start.no, start.task_id]
    return ChangePage(
        upserts=upserts,
        deleted_ids=[row.task_id for row in found if not row.is_there],
        cursor=encode_cursor(_PROVIDER, {"p": start.project_id, "at": at}),
        has_more=has_more,
    )


def _position(project_id: str, cursor: str | None) -> _Position:
    if cursor is None:
        return _Position(project_id)
    state = decode_cursor(_PROVIDER, cursor)
    match state:
        case {"p": str(owner), "at": [int(tx), int(no), str(task_id)]}:
            if owner != project_id:
                raise ValidationError(fields={"cursor": "belongs to another project"})
            if max(abs(tx), abs(no)) < 2**63:
                return _Position(project_id, tx, no, task_id)
    raise ValidationError(fields={"cursor": "not a cursor that changes() returned"})


def _keys(start: _Position, horizon: int | None) -> Select[Any]:
    """Ids of changed and of gone tasks after a position, in order."""
    both = union_all(
        _side(tasks, tasks.c.id, start, horizon, is_there=True),
        _side(tombstones, tombstones.c.task_id, start, horizon, is_there=False),
    ).subquery("changed")
    return select(both).order_by(both.c.change_tx, both.c.change_no, both.c.task_id)


def _side(
    table: Table, task_id: ColumnElement[str], start: _Position, horizon: int | None, *, is_there: bool
) -> Select[Any]:
    place = tuple_(table.c.change_tx, table.c.change_no, task_id)
    after = tuple_(literal(start.tx), literal(start.no), literal(start.task_id, String()))
    statement = select(
        literal(int(is_there)).label("is_there"),
        table.c.change_tx,
        table.c.change_no,
        task_id.label("task_id"),
    ).where(table.c.project_id == start.project_id, place > after)
    if horizon is not None:
        statement = statement.where(table.c.change_tx < horizon)
    return statement
