"""Issues and `PMTask`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.model import PMTask
from pm_providers.providers.redmine.mapping.custom_fields import (
    CustomField,
    read_custom_fields,
    write_custom_fields,
)
from pm_providers.providers.redmine.mapping.values import Text, document, ref_id, ref_name
from pm_providers.toolkit.documents import day, identifier, instant, optional_number, optional_text

__all__ = ["TaskReading", "from_task", "to_task"]


@dataclass(frozen=True, slots=True)
class TaskReading:
    """What is needed besides the document.

    Attributes:
        text: stored text -> Markdown.
        status: status id -> unified value.
        priority: the same for priorities.
        is_closed: status id -> whether issues in it are closed; 4.x does not tell it with the issue.
        fields: descriptions of custom fields by id.
        base_url: address of the installation, for links for people.
        keep_raw: fill `raw_data`.
    """

    text: Text
    status: Callable[[str | None], str | None]
    priority: Callable[[str | None], str | None]
    is_closed: Callable[[str | None], bool]
    fields: Mapping[str, CustomField] = field(default_factory=dict)
    base_url: str = ""
    keep_raw: bool = True


def to_task(value: Any, reading: TaskReading) -> PMTask:
    """An issue as a task.

    `closed_on` stays after the issue was opened again (recorded, note 16): it counts for closed ones only.
    `spent_hours` is missing where these credentials may not see time entries.

    Raises:
        ProviderError: no issue, or a value of the wrong kind.
    """
    found = document(value, "issue")
    one = identifier(found, "issue")
    status, assignee, category = (
        ref_id(found, "status"),
        ref_id(found, "assigned_to"),
        ref_id(found, "category"),
    )
    progress = optional_number(found, "done_ratio")
    closed = reading.is_closed(status)
    return PMTask(
        id=one,
        title=optional_text(found, "subject") or "",
        description=reading.text(optional_text(found, "description")),
        status=reading.status(status),
        priority=reading.priority(ref_id(found, "priority")),
        project_id=ref_id(found, "project"),
        parent_task_id=ref_id(found, "parent"),
        assignee_id=assignee,
        estimated_hours=_hours(found, "estimated_hours"),
        actual_hours=_hours(found, "spent_hours"),
        due_date=day(found.get("due_date")),
        raw_data=dict(found) if reading.keep_raw else None,
        status_name=ref_name(found, "status"),
        priority_name=ref_name(found, "priority"),
        type=ref_name(found, "tracker"),
        start_date=day(found.get("start_date")),
        sprint_id=ref_id(found, "fixed_version"),
        assignee_ids=[assignee] if assignee else [],
        label_ids=[category] if category else [],
        author_id=ref_id(found, "author"),
        progress=None if progress is None else int(progress),
        url=f"{reading.base_url}/issues/{one}",
        created_at=instant(found.get("created_on")),
        updated_at=instant(found.get("updated_on")),
        completed_at=instant(found.get("closed_on")) if closed else None,
        custom_fields=read_custom_fields(found, reading.fields),
    )


def _hours(value: Mapping[str, Any], name: str) -> float | None:
    found = optional_number(value, name)
    return None if found is None else float(found)


_NAMES = {
    "title": "subject",
    "status": "status_id",
    "priority": "priority_id",
    "type": "tracker_id",
    "project_id": "project_id",
    "parent_task_id": "parent_issue_id",
    "assignee_id": "assigned_to_id",
    "sprint_id": "fixed_version_id",
    "estimated_hours": "estimated_hours",
}


def from_task(fields: Mapping[str, Any], *, text: Text, custom: Sequence[CustomField] = ()) -> dict[str, Any]:
    """Body that writes checked task fields. `status`, `priority` and `type` hold the vendor's ids here.

    Args:
        fields: model field -> value; `None` clears, which the vendor wants as an empty text.
        text: Markdown -> text to store.
        custom: descriptions of the custom fields that are written.
    """
    body: dict[str, Any] = {
        theirs: "" if fields[ours] is None else fields[ours]
        for ours, theirs in _NAMES.items()
        if ours in fields
    }
    if "description" in fields:
        body["description"] = text(fields["description"]) or ""
    for name in ("start_date", "due_date"):
        if name in fields:
            body[name] = "" if fields[name] is None else fields[name].isoformat()
    if "label_ids" in fields:
        body["category_id"] = next(iter(fields["label_ids"] or ()), "")
    if "progress" in fields:
        body["done_ratio"] = fields["progress"] or 0
    if fields.get("custom_fields"):
        body["custom_fields"] = write_custom_fields(fields["custom_fields"], custom)
    return body
