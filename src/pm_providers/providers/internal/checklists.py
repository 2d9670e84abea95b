"""SQL of checklists and their items. Locked from the outside in: users, task, checklist.

Places are numbered from 0 without gaps, checklists among those of their task, items among those with the same
parent; whoever changes places holds the row above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, tuple_, update

from pm_providers.contract import Fields, ListQuery
from pm_providers.database.ids import new_id
from pm_providers.database.schema import checklist_items, checklists, tasks, users
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMChecklist
from pm_providers.providers.internal import client
from pm_providers.providers.internal.checklist_mapping import to_checklist
from pm_providers.providers.internal.client import Row, among
from pm_providers.providers.internal.touch import touch_around

__all__ = [
    "create_checklist",
    "create_item",
    "delete_checklist",
    "delete_item",
    "drop_checklists",
    "page",
    "update_checklist",
    "update_item",
]

_UNPLACED = -1


# reading


def page(
    conn: Connection, query: ListQuery, after: PMChecklist | None, size: int, *, keep_raw: bool
) -> list[PMChecklist]:
    """Checklists of a task in their order, with their items.

    Raises:
        NotFoundError: no such task.
    """
    if conn.scalar(select(tasks.c.id).where(tasks.c.id == query.task_id)) is None:
        raise NotFoundError(f"no task {str(query.task_id)[:60]!r}")
    order = (checklists.c.position, checklists.c.id)
    statement = select(checklists).where(checklists.c.task_id == query.task_id)
    if after is not None:
        statement = statement.where(tuple_(*order) > tuple_(after.position, after.id))
    return _with_items(conn, client.all_rows(conn, statement.order_by(*order).limit(size)), keep_raw)


def _with_items(conn: Connection, rows: Sequence[Row], keep_raw: bool) -> list[PMChecklist]:
    items: dict[str, list[Row]] = {row["id"]: [] for row in rows}
    if rows:
        mine = select(checklist_items).where(among(conn, checklist_items.c.checklist_id, items))
        for item in client.all_rows(conn, mine):
            items[item["checklist_id"]].append(item)
    return [to_checklist(row, items[row["id"]], keep_raw=keep_raw) for row in rows]


def _stored(conn: Connection, checklist_id: str, keep_raw: bool) -> PMChecklist:
    row = client.get_row(conn, checklists, checklist_id)
    if row is None:
        raise NotFoundError(f"no checklist {checklist_id[:60]!r}")
    return _with_items(conn, [row], keep_raw)[0]


# checklists


def create_checklist(
    conn: Connection, fields: Fields, items: Sequence[Fields], *, keep_raw: bool
) -> PMChecklist:
    """Insert a checked draft with its items (`parent_index` instead of a parent); the record as stored.

    Raises:
        ValidationError: the task or an assignee does not exist.
    """
    _require_assignees(conn, items)
    if client.get_row(conn, tasks, fields["task_id"], lock=True) is None:
        raise client.dangling("task_id", "task", fields["task_id"])
    touch_around(conn, [fields["task_id"]])
    checklist_id = new_id()
    values = {"id": checklist_id, "task_id": fields["task_id"], "name": fields["name"]}
    client.insert_row(conn, checklists, {**values, "position": _UNPLACED})
    _place(conn, checklists, _beside(fields["task_id"]), checklist_id, fields.get("position"))
    if items:
        conn.execute(insert(checklist_items), _item_rows(checklist_id, items))
    return _stored(conn, checklist_id, keep_raw)


def _require_assignees(conn: Connection, items: Sequence[Fields]) -> None:
    wanted = {item["assignee_id"] for item in items if item.get("assignee_id")}
    missing = wanted - client.known_ids(conn, users, wanted)
    problems = {
        f"items[{index}].assignee_id": f"there is no user {item['assignee_id'][:60]!r}"
        for index, item in enumerate(items)
        if item.get("assignee_id") in missing
    }
    if problems:
        raise ValidationError(fields=problems)


def _item_rows(checklist_id: str, items: Sequence[Fields]) -> list[dict[str, Any]]:
    ids = [new_id() for _ in items]
    taken: Counter[str | None] = Counter()
    rows = []
    for own_id, item in zip(ids, items, strict=True):
        parent = ids[item["parent_index"]] if "parent_index" in item else None
        rows.append({**_columns(item), "id": own_id, "checklist_id": checklist_id, "parent_id": parent,
                     "position": taken[parent]})  # fmt: skip
        taken[parent] += 1
    return rows


def _columns(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": item["title"],
        "is_done": bool(item.get("is_done")),
        "assignee_id": item.get("assignee_id"),
        "due_date": item.get("due_date"),
    }


def _locked(conn: Connection, checklist_id: str) -> Row | None:
    """The checklist about to be changed: locked, and its task counted as changed."""
    task_id = conn.scalar(select(checklists.c.task_id).where(checklists.c.id == checklist_id))
    if task_id is None:
        return None
    touch_around(conn, [task_id])
    return client.get_row(conn, checklists, checklist_id, lock=True)


def update_checklist(conn: Connection, checklist_id: str, fields: Fields, *, keep_raw: bool) -> PMChecklist:
    """Apply a checked patch; the record as stored.

    Raises:
        NotFoundError: no such checklist.
    """
    row = _locked(conn, checklist_id)
    if row is None:
        raise NotFoundError(f"no checklist {checklist_id[:60]!r}")
    values = dict(fields)
    place = values.pop("position", None)
    client.update_row(conn, checklists, row, values, datetime.now(UTC))
    if place is not None:
        _place(conn, checklists, _beside(row["task_id"]), checklist_id, place)
    return _stored(conn, checklist_id, keep_raw)


def delete_checklist(conn: Connection, checklist_id: str) -> bool:
    """Delete with its items; whether it existed. Those after it move up."""
    row = _locked(conn, checklist_id)
    if row is None:
        return False
    drop_checklists(conn, checklists.c.id == checklist_id)
    _number(conn, checklists, _order(conn, checklists, _beside(row["task_id"])))
    return True


def drop_checklists(conn: Connection, condition: ColumnElement[bool]) -> None:
    """Delete the checklists that fit, with their items. Whoever is adding an item goes first."""
    doomed = list(
        conn.scalars(select(checklists.c.id).where(condition).order_by(checklists.c.id).with_for_update())
    )
    if doomed:
        conn.execute(delete(checklist_items).where(among(conn, checklist_items.c.checklist_id, doomed)))
        conn.execute(delete(checklists).where(among(conn, checklists.c.id, doomed)))


# items


def create_item(conn: Connection, fields: Fields) -> Row:
    """Insert a checked draft; the row as stored.

    Raises:
        ValidationError: the checklist, the parent or the assignee does not exist.
    """
    client.require_known(conn, users, fields, "assignee_id", "user")
    checklist_id, parent = fields["checklist_id"], fields.get("parent_id")
    if _locked(conn, checklist_id) is None:
        raise client.dangling("checklist_id", "checklist", checklist_id)
    if parent is not None and parent not in _parents(conn, checklist_id):
        raise _no_parent(parent)
    own_id = new_id()
    values = {**_columns(fields), "id": own_id, "checklist_id": checklist_id, "parent_id": parent}
    client.insert_row(conn, checklist_items, {**values, "position": _UNPLACED})
    _place(conn, checklist_items, _below(checklist_id, parent), own_id, fields.get("position"))
    return _item(conn, own_id)


def update_item(conn: Connection, item_id: str, fields: Fields) -> Row:
    """Apply a checked patch; the row as stored. An item that gets another parent comes last below it.

    Raises:
        NotFoundError: no such item.
        ValidationError: the assignee does not exist; the parent is of another checklist or below the item.
    """
    client.require_known(conn, users, fields, "assignee_id", "user")
    row = _locked_item(conn, item_id)
    if row is None:
        raise NotFoundError(f"no checklist item {item_id[:60]!r}")
    checklist_id, before = row["checklist_id"], row["parent_id"]
    parent = fields.get("parent_id", before)
    if parent not in {None, before}:
        parents = _parents(conn, checklist_id)
        if parent not in parents or parent in _subtree(parents, item_id):
            raise _no_parent(parent)
    values = dict(fields)
    place = values.pop("position", None)
    client.update_row(conn, checklist_items, row, values, datetime.now(UTC))
    if parent != before:
        _number(conn, checklist_items, _order(conn, checklist_items, _below(checklist_id, before)))
    if place is not None or parent != before:
        _place(conn, checklist_items, _below(checklist_id, parent), item_id, place)
    return _item(conn, item_id)


def delete_item(conn: Connection, item_id: str) -> bool:
    """Delete with those below it; whether it existed. Those after it move up."""
    row = _locked_item(conn, item_id)
    if row is None:
        return False
    doomed = _subtree(_parents(conn, row["checklist_id"]), item_id)
    conn.execute(delete(checklist_items).where(among(conn, checklist_items.c.id, doomed)))
    beside = _below(row["checklist_id"], row["parent_id"])
    _number(conn, checklist_items, _order(conn, checklist_items, beside))
    return True


def _item(conn: Connection, item_id: str) -> Row:
    row = client.get_row(conn, checklist_items, item_id)
    if row is None:
        raise NotFoundError(f"no checklist item {item_id[:60]!r}")
    return row


def _locked_item(conn: Connection, item_id: str) -> Row | None:
    """The item about to be changed, locked with its checklist."""
    mine = select(checklist_items.c.checklist_id).where(checklist_items.c.id == item_id)
    checklist_id = conn.scalar(mine)
    if checklist_id is None or _locked(conn, checklist_id) is None:
        return None
    return client.get_row(conn, checklist_items, item_id, lock=True)


def _parents(conn: Connection, checklist_id: str) -> dict[str, str | None]:
    """Item -> its parent, for the items of a checklist."""
    mine = checklist_items.c.checklist_id == checklist_id
    found = conn.execute(select(checklist_items.c.id, checklist_items.c.parent_id).where(mine))
    return {row[0]: row[1] for row in found}


def _subtree(parents: Mapping[str, str | None], item_id: str) -> set[str]:
    """The item and all below it."""
    below: dict[str | None, list[str]] = {}
    for one, parent in parents.items():
        below.setdefault(parent, []).append(one)
    found: set[str] = set()
    waiting = [item_id]
    while waiting:
        found.add(waiting[-1])
        waiting += below.get(waiting.pop(), [])
    return found


def _no_parent(parent: str) -> ValidationError:
    what = f"{parent[:60]!r} is no item of this checklist that it can stand below"
    return ValidationError(fields={"parent_id": what})


# places


def _beside(task_id: str) -> ColumnElement[bool]:
    return checklists.c.task_id == task_id


def _below(checklist_id: str, parent: str | None) -> ColumnElement[bool]:
    same = checklist_items.c.checklist_id == checklist_id
    column = checklist_items.c.parent_id
    return same & (column.is_(None) if parent is None else column == parent)


def _order(conn: Connection, table: Table, group: ColumnElement[bool]) -> dict[str, int]:
    """Id -> place, in order."""
    found = select(table.c.id, table.c.position).where(group).order_by(table.c.position, table.c.id)
    return {row[0]: row[1] for row in conn.execute(found)}


def _place(
    conn: Connection, table: Table, group: ColumnElement[bool], own_id: str, position: int | None
) -> None:
    """Put a row to its place in its group; last without one."""
    places = _order(conn, table, group)
    own = places.pop(own_id)
    ids = list(places)
    ids.insert(len(ids) if position is None else position, own_id)
    places[own_id] = own
    _number(conn, table, {one: places[one] for one in ids})


def _number(conn: Connection, table: Table, places: Mapping[str, int]) -> None:
    """Number the places anew, in the order of the mapping."""
    moved = [{"own": one, "place": index} for index, (one, now) in enumerate(places.items()) if now != index]
    if moved:
        place = update(table).where(table.c.id == bindparam("own")).values(position=bindparam("place"))
        conn.execute(place, moved)
