"""Notes to records and back. Pure: no files, no clock, no settings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pm_providers.model import PMProject, PMStatus, PMTask

STATUSES = (
    PMStatus("open", "Open", "todo", is_default=True),
    PMStatus("doing", "Doing", "in_progress"),
    PMStatus("waiting", "Waiting", "blocked"),
    PMStatus("done", "Done", "completed", is_closed=True),
    PMStatus("dropped", "Dropped", "cancelled", is_closed=True),
)
_BY_ID = {status.id: status for status in STATUSES}


def to_project(note: dict[str, Any], *, raw: bool = True) -> PMProject:
    """The project that a `project.json` describes."""
    return PMProject(
        id=note["key"],
        key=note["key"],
        name=note["name"],
        description=note.get("description"),
        created_at=datetime.fromisoformat(note["created"]),
        updated_at=datetime.fromisoformat(note["changed"]),
        raw_data=note if raw else None,
    )


def to_task(note: dict[str, Any], *, raw: bool = True) -> PMTask:
    """The task that a note describes."""
    status = _BY_ID.get(note["status"], STATUSES[0])  # people edit notes by hand
    due = note.get("due")
    return PMTask(
        id=note["id"],
        title=note["title"],
        description=note["text"] or None,
        status=status.status,
        status_name=status.name,
        project_id=note["project"],
        estimated_hours=note.get("hours"),
        due_date=date.fromisoformat(due) if due else None,
        created_at=datetime.fromisoformat(note["created"]),
        updated_at=datetime.fromisoformat(note["changed"]),
        custom_fields=dict(note.get("fields") or {}),
        raw_data=note if raw else None,
    )


def from_task(fields: dict[str, Any], note: dict[str, Any]) -> dict[str, Any]:
    """The note with checked fields written into it; `None` clears."""
    names = {"title": "title", "description": "text", "status": "status", "project_id": "project",
             "estimated_hours": "hours", "due_date": "due"}  # fmt: skip
    changed = dict(note)
    for name, value in fields.items():
        if name == "custom_fields":
            changed["fields"] = {**note.get("fields", {}), **value} if value else {}
        else:
            changed[names[name]] = value.isoformat() if isinstance(value, date) else value
    changed["text"] = changed.get("text") or ""
    return changed
