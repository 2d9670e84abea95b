"""SQL of what stands around tasks: comments, labels, relations, attachments, time entries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, exists, func, or_, select, tuple_

from pm_providers.contract import Fields, ListQuery
from pm_providers.database.ids import new_id
from pm_providers.database.schema import (
    attachments,
    comments,
    labels,
    projects,
    relations,
    task_labels,
    tasks,
    time_entries,
    users,
)
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity, RelationType
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import Caller, Row
from pm_providers.providers.internal.mapping import fold
from pm_providers.providers.internal.touch import touch_around, touch_where

__all__ = ["content_of", "create", "delete_part", "page", "update_part"]

_NAMES = {
    Entity.COMMENT: "comment",
    Entity.LABEL: "label",
    Entity.RELATION: "relation",
    Entity.ATTACHMENT: "attachment",
    Entity.TIME_ENTRY: "time entry",
}
_TABLES: dict[Entity, Table] = {
    Entity.COMMENT: comments,
    Entity.LABEL: labels,
    Entity.RELATION: relations,
    Entity.ATTACHMENT: attachments,
    Entity.TIME_ENTRY: time_entries,
}
_AROUND: dict[Entity, tuple[str, ...]] = {
    Entity.COMMENT: ("task_id",),
    Entity.RELATION: ("from_task_id", "to_task_id"),
    Entity.ATTACHMENT: ("task_id",),
}
"""Columns that name the tasks of which a change of the part is a change as well."""
_CIRCLE_FREE = {RelationType.BLOCKS.value, RelationType.PRECEDES.value}


# reading


def _base(entity: Entity) -> Select[Any]:
    if entity is Entity.COMMENT:
        author = users.c.name.label("author_name")
        return select(comments, author).outerjoin(users, users.c.id == comments.c.author_id)
    if entity is Entity.TIME_ENTRY:
        return select(time_entries, tasks.c.project_id).join(tasks, tasks.c.id == time_entries.c.task_id)
    if entity is Entity.ATTACHMENT:
        return select(*(column for column in attachments.c if column.name != "content"))
    return select(_TABLES[entity])


def page(conn: Connection, entity: Entity, query: ListQuery, after: Row | None, size: int) -> list[Row]:
    """Rows in order (oldest first; time entries by day), after a row.

    Raises:
        NotFoundError: the task or project of the query does not exist.
    """
    table = _TABLES[entity]
    statement = _base(entity).where(*_conditions(conn, entity, query))
    if entity is Entity.TIME_ENTRY:
        order: list[ColumnElement[Any]] = [time_entries.c.spent_on, time_entries.c.id]
        if after is not None:
            statement = statement.where(tuple_(*order) > tuple_(after["spent_on"], after["id"]))
    else:
        order = [table.c.id]
        if after is not None:
            statement = statement.where(table.c.id > after["id"])
    return client.all_rows(conn, statement.order_by(*order).limit(size))


def _conditions(conn: Connection, entity: Entity, query: ListQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.task_id is not None:
        if conn.scalar(select(tasks.c.id).where(tasks.c.id == query.task_id)) is None:
            raise NotFoundError(f"no task {query.task_id[:60]!r}")
        if entity is Entity.RELATION:
            ends = (relations.c.from_task_id, relations.c.to_task_id)
            found.append(or_(*(end == query.task_id for end in ends)))
        else:
            found.append(_TABLES[entity].c.task_id == query.task_id)
    if query.project_id is not None:
        project_id = client.require_project(conn, query.project_id)
        if entity is Entity.LABEL:
            found.append(labels.c.scope.in_(["", project_id]))
        else:
            found.append(tasks.c.project_id == project_id)
    return found


def _stored(conn: Connection, entity: Entity, identifier: str) -> Row:
    row = client.one_row(conn, _base(entity).where(_TABLES[entity].c.id == identifier))
    if row is None:
        raise NotFoundError(f"no {_NAMES[entity]} {identifier[:60]!r}")
    return row


def content_of(conn: Connection, attachment_id: str) -> bytes:
    """Content of an attachment.

    Raises:
        NotFoundError: no such attachment.
    """
    found = conn.scalar(select(attachments.c.content).where(attachments.c.id == attachment_id))
    if found is None:
        raise NotFoundError(f"no attachment {attachment_id[:60]!r}")
    return bytes(found)


# writing


def create(
    conn: Connection, entity: Entity, fields: Fields, caller: Caller, content: bytes | None = None
) -> Row:
    """Insert a checked draft; the row as stored.

    Raises:
        ValidationError: a task, project or user does not exist; a label's name is taken; a relation closes a
            circle.
        ConflictError: the two tasks are so related already.
    """
    values = {**fields, "id": new_id()}
    now = datetime.now(UTC)
    if "task_id" in fields:
        client.require_known(conn, tasks, fields, "task_id", "task")
    if "created_at" in _TABLES[entity].c:
        values["created_at"] = now
    if "updated_at" in _TABLES[entity].c:
        values["updated_at"] = now
    if entity is Entity.ATTACHMENT:
        data = content or b""
        values |= {"content": data, "size_bytes": len(data)}
    _CREATE[entity](conn, values, caller)
    if entity in _AROUND:
        client.require_known(conn, users, values, "author_id", "user")
        touch_around(conn, (values[name] for name in _AROUND[entity]))
    client.insert_row(conn, _TABLES[entity], values)
    if entity is Entity.TIME_ENTRY:
        _sum_up(conn, values["task_id"])
    return _stored(conn, entity, values["id"])


def _sign(conn: Connection, values: dict[str, Any], caller: Caller) -> None:
    values["author_id"] = client.author_id(conn, caller)


def _new_label(conn: Connection, values: dict[str, Any], _caller: Caller) -> None:
    client.require_known(conn, projects, values, "project_id", "project")
    values["scope"] = values.get("project_id") or ""
    _check_name(conn, values["name"], values["scope"], None)
    values["name_folded"] = fold(values["name"])


def _check_name(conn: Connection, name: str, scope: str, own_id: str | None) -> None:
    taken = select(labels.c.id).where(labels.c.scope == scope, labels.c.name_folded == fold(name))
    holder = conn.scalar(taken)
    if holder not in {None, own_id}:
        raise ValidationError(fields={"name": f"there is a label {name[:60]!r} already"})


def _new_relation(conn: Connection, values: dict[str, Any], _caller: Caller) -> None:
    if values["type"] in _CIRCLE_FREE:
        client.lock_hierarchy(conn, client.RELATIONS)
    for name in ("from_task_id", "to_task_id"):
        client.require_known(conn, tasks, values, name, "task")
    if values["from_task_id"] == values["to_task_id"]:
        raise ValidationError(fields={"to_task_id": "a task cannot be related to itself"})
    _check_relation(conn, values, None)


def _check_relation(conn: Connection, values: Row, own_id: str | None) -> None:
    """Refuse doubles, circles, and a lag where it has no meaning."""
    if values.get("lag_days") is not None and values["type"] != RelationType.PRECEDES:
        raise ValidationError(fields={"lag_days": "only `precedes` has a lag"})
    ends = (values["from_task_id"], values["to_task_id"])
    pairs = [ends, ends[::-1]] if values["type"] == RelationType.RELATES else [ends]
    same = select(relations.c.id).where(
        relations.c.type == values["type"],
        or_(*((relations.c.from_task_id == one) & (relations.c.to_task_id == other) for one, other in pairs)),
    )
    if any(found != own_id for found in conn.scalars(same)):
        raise ConflictError("the two tasks are so related already")
    if values["type"] in _CIRCLE_FREE:
        _refuse_circle(conn, values, own_id)


def _refuse_circle(conn: Connection, values: Row, own_id: str | None) -> None:
    mine = (relations.c.type == values["type"]) & (relations.c.id != (own_id or ""))
    start = select(relations.c.to_task_id.label("id")).where(
        mine, relations.c.from_task_id == values["to_task_id"]
    )
    after = start.cte("after", recursive=True)
    after = after.union(select(relations.c.to_task_id).where(mine, relations.c.from_task_id == after.c.id))
    if conn.scalar(select(exists().where(after.c.id == values["from_task_id"]))):
        raise ValidationError(fields={"to_task_id": f"{values['type']!r} would run in a circle"})


def _new_entry(conn: Connection, values: dict[str, Any], caller: Caller) -> None:
    client.require_known(conn, users, values, "user_id", "user")
    if values.get("user_id") is None:
        values["user_id"] = client.author_id(conn, caller)


_CREATE: dict[Entity, Callable[[Connection, dict[str, Any], Caller], None]] = {
    Entity.COMMENT: _sign,
    Entity.LABEL: _new_label,
    Entity.RELATION: _new_relation,
    Entity.ATTACHMENT: _sign,
    Entity.TIME_ENTRY: _new_entry,
}


def update_part(conn: Connection, entity: Entity, identifier: str, fields: Fields) -> Row:
    """Apply a checked patch; the row as stored.

    Raises:
        NotFoundError: no such record.
        ValidationError: as in `create`.
        ConflictError: as in `create`.
    """
    if entity is Entity.RELATION and fields.get("type") in _CIRCLE_FREE:
        client.lock_hierarchy(conn, client.RELATIONS)
    _touch_owners(conn, entity, identifier)
    row = client.get_row(conn, _TABLES[entity], identifier, lock=True)
    if row is None:
        raise NotFoundError(f"no {_NAMES[entity]} {identifier[:60]!r}")
    values = dict(fields)
    if entity is Entity.LABEL and "name" in values:
        _check_name(conn, values["name"], row["scope"], row["id"])
        values["name_folded"] = fold(values["name"])
    if entity is Entity.RELATION:
        _check_relation(conn, {**row, **values}, row["id"])
    if entity is Entity.TIME_ENTRY:
        client.require_known(conn, tasks, values, "task_id", "task")
    client.update_row(conn, _TABLES[entity], row, values, datetime.now(UTC))
    if entity is Entity.TIME_ENTRY:
        for task_id in dict.fromkeys((row["task_id"], values.get("task_id", row["task_id"]))):
            _sum_up(conn, task_id)
    return _stored(conn, entity, identifier)


def delete_part(conn: Connection, entity: Entity, identifier: str) -> bool:
    """Delete by id; whether it existed. Tasks lose a deleted label."""
    if entity is Entity.LABEL:
        # Whoever is putting it on a task goes first, so that no task loses it unseen.
        conn.execute(select(labels.c.id).where(labels.c.id == identifier).with_for_update())
        wearing = select(task_labels.c.task_id).where(task_labels.c.label_id == identifier)
        touch_where(conn, tasks.c.id.in_(wearing))
        conn.execute(delete(task_labels).where(task_labels.c.label_id == identifier))
    table = _TABLES[entity]
    task_id = None
    if entity is Entity.TIME_ENTRY:
        mine = select(table.c.task_id).where(table.c.id == identifier)
        task_id = conn.scalar(mine.with_for_update())  # not the task that it is just leaving
    _touch_owners(conn, entity, identifier)
    existed = client.delete_row(conn, table, identifier)
    if task_id is not None:
        _sum_up(conn, task_id)
    return existed


def _touch_owners(conn: Connection, entity: Entity, identifier: str) -> None:
    if entity not in _AROUND:
        return
    table = _TABLES[entity]
    row = conn.execute(select(*(table.c[name] for name in _AROUND[entity])).where(table.c.id == identifier))
    touch_around(conn, row.one_or_none() or ())


def _sum_up(conn: Connection, task_id: str) -> None:
    """Keep the hours of a task's time entries on the task; a changed sum is a change of the task."""
    row = client.get_row(conn, tasks, task_id, lock=True)
    if row is None:
        return
    total = conn.scalar(select(func.sum(time_entries.c.hours)).where(time_entries.c.task_id == task_id))
    total = None if total is None else round(total, 9)
    if total != row["logged_hours"]:
        touch_where(conn, tasks.c.id == task_id, logged_hours=total)
