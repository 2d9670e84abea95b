"""SQL of projects, sprints and users."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, or_, select, update

from pm_providers.contract import Fields, ListQuery
from pm_providers.database.ids import new_id
from pm_providers.database.schema import (
    attachments,
    checklist_items,
    checklists,
    comments,
    labels,
    projects,
    relations,
    sprints,
    task_assignees,
    task_labels,
    tasks,
    time_entries,
    tombstones,
    users,
)
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, ProjectStatus
from pm_providers.providers.internal import client
from pm_providers.providers.internal.checklists import drop_checklists
from pm_providers.providers.internal.client import Row
from pm_providers.providers.internal.mapping import DEFAULT_STATUS, encode_custom, fold, merge_custom, unified
from pm_providers.providers.internal.touch import touch_where

__all__ = [
    "create",
    "delete_project",
    "delete_sprint",
    "delete_user",
    "get",
    "page",
    "update_stored",
]

_KEY_STEM = 40
_TABLES: dict[Entity, Table] = {Entity.PROJECT: projects, Entity.SPRINT: sprints, Entity.USER: users}


def page(conn: Connection, entity: Entity, query: ListQuery, after: str, size: int) -> list[Row]:
    """Rows in the order of creation, after an id.

    Raises:
        NotFoundError: the project of the query does not exist.
        ValidationError: unknown status.
    """
    table = _TABLES[entity]
    conditions: list[ColumnElement[bool]] = [table.c.id > after]
    if query.project_id is not None:
        project_id = client.require_project(conn, query.project_id)
        if entity is Entity.SPRINT:
            conditions.append(sprints.c.project_id == project_id)
    if entity is Entity.SPRINT and query.status is not None:
        conditions.append(sprints.c.status == unified(entity, "status", query.status))
    if entity is Entity.PROJECT and not query.include_archived:
        conditions.append(projects.c.status != ProjectStatus.ARCHIVED.value)
    statement = select(table).where(*conditions).order_by(table.c.id).limit(size)
    return client.all_rows(conn, statement)


def get(conn: Connection, entity: Entity, identifier: str) -> Row | None:
    """One row; projects by key and users by login name too."""
    found = client.get_row(conn, _TABLES[entity], identifier)
    if found is None and entity is Entity.PROJECT:
        project_id = client.project_id_of(conn, identifier)
        found = None if project_id is None else client.get_row(conn, projects, project_id)
    if found is None and entity is Entity.USER:
        statement = select(users).where(users.c.username_folded == fold(identifier))
        found = client.one_row(conn, statement)
    return found


def create(conn: Connection, entity: Entity, fields: Fields) -> Row:
    """Insert a checked draft; the row as stored.

    Raises:
        ValidationError: a reference dangles, or a key or login name is taken.
    """
    values = dict(fields)
    if entity is Entity.PROJECT and not values.get("key"):
        values["key"] = _free_key(conn, values["name"])
    _check(conn, entity, values, None)
    now = datetime.now(UTC)
    values |= {"id": new_id(), "created_at": now, "updated_at": now}
    if entity in DEFAULT_STATUS:
        values |= {"status": values.get("status") or DEFAULT_STATUS[entity], "version": 1}
    values["custom_fields"] = encode_custom(values.get("custom_fields"))
    client.insert_row(conn, _TABLES[entity], values)
    return _stored(conn, entity, values["id"])


def update_stored(
    conn: Connection, entity: Entity, identifier: str, fields: Fields, expected_version: str | None = None
) -> Row:
    """Apply a checked patch; the row as stored.

    Raises:
        NotFoundError: no such record.
        ConflictError: `expected_version` is stale.
        ValidationError: a reference dangles or closes a circle, or a key or login name is taken.
    """
    if fields.get("parent_project_id") is not None:
        client.lock_hierarchy(conn, client.PROJECTS)
    found = get(conn, entity, identifier)
    row = None if found is None else client.get_row(conn, _TABLES[entity], found["id"], lock=True)
    if row is None:
        raise NotFoundError(f"no {entity.value} {identifier[:60]!r}")
    if entity is not Entity.USER:
        client.require_version(row, expected_version)
    values = dict(fields)
    _check(conn, entity, values, row)
    if "status" in values and values["status"] is None:
        values["status"] = DEFAULT_STATUS[entity]
    if "custom_fields" in values:
        values["custom_fields"] = merge_custom(row["custom_fields"], values["custom_fields"])
    client.update_row(conn, _TABLES[entity], row, values, datetime.now(UTC))
    return _stored(conn, entity, row["id"])


def _stored(conn: Connection, entity: Entity, identifier: str) -> Row:
    row = client.get_row(conn, _TABLES[entity], identifier)
    if row is None:
        raise NotFoundError(f"no {entity.value} {identifier[:60]!r}")
    return row


def _check(conn: Connection, entity: Entity, values: dict[str, Any], row: Row | None) -> None:
    """Check references and unique names of a draft or patch, and add the folded names."""
    if entity is Entity.PROJECT:
        client.require_known(conn, users, values, "owner_id", "user")
        client.require_known(conn, projects, values, "parent_project_id", "project")
        _fold_unique(conn, projects, values, "key", row)
        if row is not None and values.get("parent_project_id") is not None:
            _refuse_circle(conn, row["id"], values["parent_project_id"])
    elif entity is Entity.SPRINT:
        client.require_known(conn, projects, values, "project_id", "project")
    else:
        _fold_unique(conn, users, values, "username", row)
    _check_order(values, row)


def _check_order(values: dict[str, Any], row: Row | None) -> None:
    first, last = (values.get(name, row and row.get(name)) for name in ("start_date", "end_date"))
    if first is not None and last is not None and first > last:
        name = "end_date" if "end_date" in values else "start_date"
        raise ValidationError(fields={name: f"the end {last} would be before the start {first}"})


def _fold_unique(conn: Connection, table: Table, values: dict[str, Any], name: str, row: Row | None) -> None:
    if name not in values:
        return
    value = values[name] or None
    values[f"{name}_folded"] = None if value is None else fold(value)
    if value is None:
        return
    if client.is_id(value) or not fold(value):
        raise ValidationError(fields={name: "may neither be blank nor look like an id"})
    taken = select(table.c.id).where(table.c[f"{name}_folded"] == fold(value))
    holder = conn.scalar(taken)
    if holder is not None and (row is None or holder != row["id"]):
        raise ValidationError(fields={name: f"{value[:60]!r} is taken"})


def _free_key(conn: Connection, name: str) -> str:
    """A key made of a project's name: its letters and digits, and a number where that is taken."""
    stem = "-".join(re.findall(r"\w+", fold(name).replace("_", " ")))[:_KEY_STEM] or "project"
    alike = projects.c.key_folded.startswith(stem, autoescape=True)
    taken = set(conn.scalars(select(projects.c.key_folded).where(alike)))
    for number in itertools.count(1):
        key = stem if number == 1 else f"{stem}-{number}"
        if key in taken or client.is_id(key) or not client.claim(conn, "key", key):
            continue
        # Looked up again: whoever had claimed it may have committed since.
        if conn.scalar(select(projects.c.id).where(projects.c.key_folded == key)) is None:
            break
    return key


def _refuse_circle(conn: Connection, project_id: str, parent_id: str) -> None:
    above = select(projects.c.id, projects.c.parent_project_id).where(projects.c.id == parent_id)
    chain = above.cte("above", recursive=True)
    chain = chain.union(
        select(projects.c.id, projects.c.parent_project_id).where(projects.c.id == chain.c.parent_project_id)
    )
    if conn.scalar(select(exists().where(chain.c.id == project_id))):
        raise ValidationError(fields={"parent_project_id": "a project cannot stand below itself"})


def delete_project(conn: Connection, identifier: str) -> bool:
    """Delete a project with its tasks, sprints and labels; its subprojects move up to its parent."""
    project_id = client.project_id_of(conn, identifier)
    row = None if project_id is None else client.get_row(conn, projects, project_id, lock=True)
    if row is None:
        return False
    if conn.dialect.name == "postgresql":  # a task that is leaving goes first, with all that stands on it
        conn.execute(select(tasks.c.id).where(tasks.c.project_id == row["id"]).with_for_update())
    mine = select(tasks.c.id).where(tasks.c.project_id == row["id"]).scalar_subquery()
    drop_checklists(conn, checklists.c.task_id.in_(mine))
    for table in (comments, attachments, time_entries, task_assignees, task_labels):
        conn.execute(delete(table).where(table.c.task_id.in_(mine)))
    conn.execute(
        delete(relations).where(or_(relations.c.from_task_id.in_(mine), relations.c.to_task_id.in_(mine)))
    )
    conn.execute(update(tasks).where(tasks.c.project_id == row["id"]).values(parent_task_id=None))
    for table in (tasks, sprints, labels, tombstones):
        conn.execute(delete(table).where(table.c.project_id == row["id"]))
    below = projects.c.parent_project_id == row["id"]
    changed = {"version": projects.c.version + 1, "updated_at": datetime.now(UTC)}
    changed["parent_project_id"] = row["parent_project_id"]
    conn.execute(update(projects).where(below).values(**changed))
    return client.delete_row(conn, projects, row["id"])


def delete_sprint(conn: Connection, identifier: str) -> bool:
    """Delete a sprint; its tasks stay, without it."""
    if client.get_row(conn, sprints, identifier, lock=True) is None:
        return False
    touch_where(conn, tasks.c.sprint_id == identifier, sprint_id=None)
    return client.delete_row(conn, sprints, identifier)


def delete_user(conn: Connection, identifier: str) -> bool:
    """Delete a user; what the user wrote or was assigned to stays, without a user."""
    # Whoever is assigning the user goes first, so that no task loses one unseen.
    if conn.scalar(select(users.c.id).where(users.c.id == identifier).with_for_update()) is None:
        return False
    assigned = select(task_assignees.c.task_id).where(task_assignees.c.user_id == identifier)
    touch_where(conn, tasks.c.id.in_(assigned))
    conn.execute(delete(task_assignees).where(task_assignees.c.user_id == identifier))
    touch_where(conn, tasks.c.author_id == identifier, author_id=None)
    for table, column in (
        (comments, "author_id"),
        (attachments, "author_id"),
        (time_entries, "user_id"),
        (checklist_items, "assignee_id"),
    ):
        conn.execute(update(table).where(table.c[column] == identifier).values({column: None}))
    conn.execute(update(projects).where(projects.c.owner_id == identifier).values(
        owner_id=None, version=projects.c.version + 1, updated_at=datetime.now(UTC)
    ))  # fmt: skip
    return client.delete_row(conn, users, identifier)
