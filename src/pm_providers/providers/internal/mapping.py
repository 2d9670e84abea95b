"""Rows to records and checked fields to column values. Pure: no SQL, no clock, no configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from pm_providers.contract import Fields
from pm_providers.errors import ValidationError
from pm_providers.model import (
    Entity,
    PMAttachment,
    PMComment,
    PMLabel,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
    Priority,
    ProjectStatus,
    SprintStatus,
    TaskStatus,
)

__all__ = [
    "CLOSED",
    "DEFAULT_STATUS",
    "NAMES",
    "TASK_COLUMNS",
    "checked_choices",
    "decode_custom",
    "encode_custom",
    "fold",
    "merge_custom",
    "to_attachment",
    "to_comment",
    "to_label",
    "to_project",
    "to_relation",
    "to_sprint",
    "to_tasks",
    "to_time_entry",
    "to_user",
    "unified",
]

Row = Mapping[str, Any]

CLOSED = frozenset({TaskStatus.COMPLETED.value, TaskStatus.CANCELLED.value})
DEFAULT_STATUS = {
    Entity.PROJECT: ProjectStatus.ACTIVE.value,
    Entity.TASK: TaskStatus.TODO.value,
    Entity.SPRINT: SprintStatus.PLANNED.value,
}
_KINDS: tuple[type[StrEnum], ...] = (TaskStatus, ProjectStatus, SprintStatus, Priority)
NAMES: dict[str, str] = {
    value.value: value.value.replace("_", " ").capitalize() for kind in _KINDS for value in kind
} | {TaskStatus.TODO.value: "To do"}
"""Unified value -> what people see."""

_CHOICES: dict[tuple[Entity, str], type[StrEnum]] = {
    (Entity.PROJECT, "status"): ProjectStatus,
    (Entity.PROJECT, "priority"): Priority,
    (Entity.TASK, "status"): TaskStatus,
    (Entity.TASK, "priority"): Priority,
    (Entity.SPRINT, "status"): SprintStatus,
}
_SPELLINGS: dict[Entity, dict[str, dict[str, str]]] = {entity: {} for entity in Entity}
for (_entity, _name), _kind in _CHOICES.items():
    _words = {NAMES[value.value].casefold(): value.value for value in _kind}
    _SPELLINGS[_entity][_name] = _words | {value.value: value.value for value in _kind}

TASK_COLUMNS = (
    "id", "title", "description", "status", "priority", "project_id", "parent_task_id", "estimated_hours",
    "actual_hours", "logged_hours", "due_date", "type", "start_date", "sprint_id", "author_id", "progress",
    "remaining_hours", "story_points", "created_at", "updated_at", "completed_at", "version", "custom_fields",
)  # fmt: skip
"""Columns of a task row, in the order that `to_tasks` takes."""


def fold(text: str) -> str:
    """Text as names are compared: without case and surrounding blanks."""
    return text.strip().casefold()


def unified(entity: Entity, name: str, value: str) -> str:
    """Unified status or priority that a written value means: itself, or its name for people in any case.

    Raises:
        ValidationError: neither; lists what there is.
    """
    spellings = _SPELLINGS[entity][name]
    found = spellings.get(value) or spellings.get(fold(value))
    if found is None:
        known = ", ".join(dict.fromkeys(spellings.values()))
        raise ValidationError(fields={name: f"{value[:60]!r} is unknown; the system has: {known}"})
    return found


def encode_custom(fields: Mapping[str, Any] | None) -> str | None:
    """Custom fields as JSON text; `None` when there are none. Dates keep their type by a tag."""
    return json.dumps(_tagged(fields), ensure_ascii=False, separators=(",", ":")) if fields else None


def _tagged(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        inner = {key: _tagged(one) for key, one in value.items()}
        return {"$dict": inner} if len(inner) == 1 and next(iter(inner)).startswith("$") else inner
    if isinstance(value, list | tuple):
        return [_tagged(one) for one in value]
    return value


def decode_custom(text: str | None) -> dict[str, Any]:
    """Custom fields of a row."""
    if not text:
        return {}
    found = _untagged(json.loads(text))
    return found if isinstance(found, dict) else {}


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "$instant":
            return datetime.fromisoformat(inner)
        if key == "$date":
            return date.fromisoformat(inner)
        if key == "$dict":
            return {name: _untagged(one) for name, one in inner.items()}
    return {key: _untagged(one) for key, one in value.items()}


def merge_custom(stored: str | None, updates: Mapping[str, Any]) -> str | None:
    """Stored custom fields with those of an update: only the names given change, `None` removes one."""
    merged = {**decode_custom(stored), **updates}
    return encode_custom({name: value for name, value in merged.items() if value is not None})


def to_tasks(
    rows: Iterable[Sequence[Any]],
    assignees: Mapping[str, list[str]],
    labels: Mapping[str, list[str]],
    *,
    keep_raw: bool,
    as_text: bool,
) -> list[PMTask]:
    """Task rows to records. Runs once per row of every list, hence positional and without helpers.

    Args:
        rows: values of `TASK_COLUMNS`, as the driver returns them.
        assignees: task id -> user ids, first one first.
        labels: task id -> label ids, in order.
        keep_raw: fill `raw_data` with the row.
        as_text: dates and instants are ISO 8601 text.
    """
    names, found, instant, day = NAMES, [], datetime.fromisoformat, date.fromisoformat
    for row in rows:
        (id_, title, description, status, priority, project, parent, estimated, actual, logged, due, type_,
         start, sprint, author, progress, remaining, points, created, updated, completed, version,
         custom) = row  # fmt: skip
        raw = None
        if keep_raw:  # written out: twice as fast as dict(zip(...)), and the half of what a row costs
            raw = {
                "id": id_, "title": title, "description": description, "status": status, "priority": priority,
                "project_id": project, "parent_task_id": parent, "estimated_hours": estimated,
                "actual_hours": actual, "logged_hours": logged, "due_date": due, "type": type_,
                "start_date": start, "sprint_id": sprint, "author_id": author, "progress": progress,
                "remaining_hours": remaining, "story_points": points, "created_at": created,
                "updated_at": updated, "completed_at": completed, "version": version, "custom_fields": custom,
            }  # fmt: skip
        if as_text:
            created, updated, completed = instant(created), instant(updated), completed and instant(completed)
            due, start = due and day(due), start and day(start)
        else:
            created, updated = created.astimezone(UTC), updated.astimezone(UTC)
            completed = completed and completed.astimezone(UTC)
        users = assignees.get(id_)
        users = users[:] if users else []
        marks = labels.get(id_)
        found.append(PMTask(
            id_, title, description, status, priority, project, parent, users[0] if users else None,
            estimated, actual if logged is None else logged, due,
            raw, None, names[status],
            names[priority] if priority else None, type_, start, sprint, users, marks[:] if marks else [],
            author, progress, remaining, points, False, None, created, updated, completed, str(version),
            decode_custom(custom) if custom else {},
        ))  # fmt: skip
    return found


def _raw(row: Row, keep_raw: bool) -> dict[str, Any] | None:
    return dict(row) if keep_raw else None


def to_project(row: Row, *, keep_raw: bool) -> PMProject:
    """Project row to record."""
    return PMProject(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        status=row["status"],
        priority=row["priority"],
        start_date=row["start_date"],
        end_date=row["end_date"],
        owner_id=row["owner_id"],
        raw_data=_raw(row, keep_raw),
        key=row["key"],
        status_name=NAMES[row["status"]],
        status_note=row["status_note"],
        parent_project_id=row["parent_project_id"],
        is_public=row["is_public"],
        is_archived=row["status"] == ProjectStatus.ARCHIVED,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=str(row["version"]),
        custom_fields=decode_custom(row["custom_fields"]),
    )


def to_sprint(row: Row, *, keep_raw: bool) -> PMSprint:
    """Sprint row to record."""
    return PMSprint(
        id=row["id"],
        name=row["name"],
        project_id=row["project_id"],
        start_date=row["start_date"],
        end_date=row["end_date"],
        status=row["status"],
        capacity_hours=row["capacity_hours"],
        planned_hours=row["planned_hours"],
        goal=row["goal"],
        raw_data=_raw(row, keep_raw),
        status_name=NAMES[row["status"]],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=str(row["version"]),
        custom_fields=decode_custom(row["custom_fields"]),
    )


def to_user(row: Row, *, keep_raw: bool) -> PMUser:
    """User row to record."""
    return PMUser(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        username=row["username"],
        avatar_url=row["avatar_url"],
        raw_data=_raw(row, keep_raw),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        custom_fields=decode_custom(row["custom_fields"]),
    )


def to_comment(row: Row, *, keep_raw: bool) -> PMComment:
    """Comment row, with `author_name` joined to it, to record."""
    return PMComment(
        id=row["id"],
        task_id=row["task_id"],
        body=row["body"],
        author_id=row["author_id"],
        raw_data=_raw(row, keep_raw),
        author_name=row["author_name"],
        is_internal=row["is_internal"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def to_label(row: Row, *, keep_raw: bool) -> PMLabel:
    """Label row to record."""
    return PMLabel(
        id=row["id"],
        name=row["name"],
        project_id=row["project_id"],
        color=row["color"],
        raw_data=_raw(row, keep_raw),
    )


def to_relation(row: Row, *, keep_raw: bool) -> PMRelation:
    """Relation row to record."""
    return PMRelation(
        id=row["id"],
        from_task_id=row["from_task_id"],
        to_task_id=row["to_task_id"],
        type=row["type"],
        lag_days=row["lag_days"],
        description=row["description"],
        raw_data=_raw(row, keep_raw),
    )


def to_attachment(row: Row, *, keep_raw: bool) -> PMAttachment:
    """Attachment row, without its content, to record."""
    return PMAttachment(
        id=row["id"],
        task_id=row["task_id"],
        file_name=row["file_name"],
        content_type=row["content_type"],
        size_bytes=row["size_bytes"],
        description=row["description"],
        author_id=row["author_id"],
        raw_data=_raw(row, keep_raw),
        created_at=row["created_at"],
    )


def to_time_entry(row: Row, *, keep_raw: bool) -> PMTimeEntry:
    """Time entry row, with its task's `project_id` joined to it, to record."""
    return PMTimeEntry(
        id=row["id"],
        task_id=row["task_id"],
        hours=row["hours"],
        spent_on=row["spent_on"],
        user_id=row["user_id"],
        comment=row["comment"],
        activity=row["activity"],
        project_id=row["project_id"],
        raw_data=_raw(row, keep_raw),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def checked_choices(entity: Entity, fields: Fields) -> Fields:
    """Fields with statuses and priorities by their unified value; a cleared status stays `None`.

    Raises:
        ValidationError: an unknown status or priority.
    """
    for name, spellings in _SPELLINGS[entity].items():
        value = fields.get(name)
        if value is not None and spellings.get(value) != value:
            fields = {**fields, name: unified(entity, name, value)}
    return fields
