"""SQL of the change stream.

A cursor only ever passes what is committed. On PostgreSQL transactions become visible in another order than
they began, so a change counts as committed when no transaction that is still open could come before it: its
transaction id lies below `pg_snapshot_xmin`. A long transaction anywhere in the server therefore delays the
stream, but nothing is skipped.

A session that a host gave sees its own open changes too, after the committed ones. What is read meanwhile
counts for that transaction only: the cursor notes it, and takes the stream up again where it stood before as
soon as the transaction has ended. Its changes then come again if it was committed; if it was rolled back, the
tasks come as they were before it, which no place further on would tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
    true,
    tuple_,
    union_all,
)

from pm_providers.contract import ChangePage, decode_cursor, encode_cursor
from pm_providers.database.schema import tasks, tombstones
from pm_providers.errors import ValidationError
from pm_providers.providers.internal import client
from pm_providers.providers.internal.tasks import get_tasks

__all__ = ["change_page"]

_PROVIDER = "internal"
_HORIZON = text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint), "
    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Everything up to it has been read."""

    tx: int = -1
    no: int = -1
    task_id: str = ""

    def listed(self) -> list[Any]:
        return [self.tx, self.no, self.task_id]


@dataclass(frozen=True, slots=True)
class _Position:
    """How far a project's stream was read.

    Attributes:
        project_id: the project.
        at: place among the committed changes, read while no change of the reader's own was open.
        token: open transaction of the reader; `""` for none.
        seen: place among the committed changes within that transaction.
        own: place among its own changes.
    """

    project_id: str
    at: _Place = _Place()
    token: str = ""
    seen: _Place = _Place()
    own: _Place = _Place()

    def within(self, token: str) -> _Position:
        """The position as a transaction with open changes takes it up."""
        return self if token == self.token else _Position(self.project_id, self.at, token, seen=self.at)

    def cursor(self) -> str:
        state: dict[str, Any] = {"p": self.project_id, "at": self.at.listed()}
        if self.token:
            state |= {"of": self.token, "seen": self.seen.listed(), "own": self.own.listed()}
        return encode_cursor(_PROVIDER, state)


def change_page(
    conn: Connection, project_id: str, cursor: str | None, limit: int, *, keep_raw: bool
) -> ChangePage:
    """One page of a project's changes, in the order in which they were made.

    Raises:
        NotFoundError: no such project.
        ValidationError: not a cursor of this project.
    """
    project_id = client.require_project(conn, project_id)
    start = _position(project_id, cursor)
    horizon = None
    if conn.dialect.name == "postgresql":
        horizon, newest = conn.execute(_HORIZON).one()
        if start.at.tx >= newest:
            start = _Position(project_id)  # a cursor of another server, whose database was restored here
    mine = client.open_changes(conn)
    if mine is None:
        committed = _keys(project_id, start.at, _committed(horizon, None))
        found = conn.execute(committed.limit(limit + 1)).all()
        end = _Position(project_id, _reached(start.at, found[:limit]))
    else:
        found, end = _with_open(conn, start.within(mine.token), horizon, mine, limit)
    return _page(conn, end, found[:limit], has_more=len(found) > limit, keep_raw=keep_raw)


def _with_open(
    conn: Connection, start: _Position, horizon: int | None, mine: client.OpenChanges, limit: int
) -> tuple[Sequence[Any], _Position]:
    """Keys of committed changes, then of the transaction's own, one more than fit; and the new position."""
    committed = _keys(start.project_id, start.seen, _committed(horizon, mine))
    found = conn.execute(committed.limit(limit + 1)).all()
    end = replace(start, seen=_reached(start.seen, found[:limit]))
    room = limit - len(found)
    if room < 0:
        return found, end
    own = conn.execute(_keys(start.project_id, start.own, _open(mine)).limit(room + 1)).all()
    return [*found, *own], replace(end, own=_reached(start.own, own[:room]))


def _reached(before: _Place, found: Sequence[Any]) -> _Place:
    return _Place(*found[-1][1:]) if found else before


def _page(
    conn: Connection, end: _Position, found: Sequence[Any], *, has_more: bool, keep_raw: bool
) -> ChangePage:
    changed = [row.task_id for row in found if row.is_there]
    by_id = {task.id: task for task in get_tasks(conn, changed, keep_raw=keep_raw)}
    # A task that went between the two statements comes as deleted on a later page.
    upserts = [by_id[one] for one in changed if one in by_id and by_id[one].project_id == end.project_id]
    return ChangePage(
        upserts=upserts,
        deleted_ids=[row.task_id for row in found if not row.is_there],
        cursor=end.cursor(),
        has_more=has_more,
    )


def _position(project_id: str, cursor: str | None) -> _Position:
    if cursor is None:
        return _Position(project_id)
    state = decode_cursor(_PROVIDER, cursor)
    owner, token, nowhere = state.get("p"), state.get("of", ""), _Place().listed()
    at, seen, own = (_place(state.get(name, nowhere)) for name in ("at", "seen", "own"))
    if isinstance(owner, str) and isinstance(token, str) and at and seen and own and "at" in state:
        if owner != project_id:
            raise ValidationError(fields={"cursor": "belongs to another project"})
        return _Position(project_id, at, token, seen, own)
    raise ValidationError(fields={"cursor": "not a cursor that changes() returned"})


def _place(value: Any) -> _Place | None:
    match value:
        case [int(tx), int(no), str(task_id)] if max(abs(tx), abs(no)) < 2**63:
            return _Place(tx, no, task_id)
    return None


_Rule = Callable[[Table], ColumnElement[bool]]


def _committed(horizon: int | None, mine: client.OpenChanges | None) -> _Rule:
    """Which rows are committed for good."""
    if horizon is not None:
        return lambda table: table.c.change_tx < horizon
    return lambda table: table.c.change_no < mine.no if mine is not None else true()


def _open(mine: client.OpenChanges) -> _Rule:
    """Which rows this transaction wrote."""
    return lambda table: (table.c.change_tx == mine.tx) & (table.c.change_no >= mine.no)


def _keys(project_id: str, after: _Place, rule: _Rule) -> Select[Any]:
    """Ids of changed and of gone tasks after a place, in order."""
    both = union_all(
        _side(tasks, tasks.c.id, project_id, after, rule, is_there=True),
        _side(tombstones, tombstones.c.task_id, project_id, after, rule, is_there=False),
    ).subquery("changed")
    return select(both).order_by(both.c.change_tx, both.c.change_no, both.c.task_id)


def _side(
    table: Table, task_id: ColumnElement[str], project_id: str, after: _Place, rule: _Rule, *, is_there: bool
) -> Select[Any]:
    place = tuple_(table.c.change_tx, table.c.change_no, task_id)
    seen = tuple_(literal(after.tx), literal(after.no), literal(after.task_id, String()))
    return select(
        literal(int(is_there)).label("is_there"),
        table.c.change_tx,
        table.c.change_no,
        task_id.label("task_id"),
    ).where(table.c.project_id == project_id, place > seen, rule(table))
