"""The history of tasks: system stories and events, told from what a write changed.

Texts and subtypes: [recorded] where the corpus has them, [spec] otherwise.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from pm_providers.sandbox.asana.happenings import story_event, task_event
from pm_providers.sandbox.asana.records import Field, Story, Task
from pm_providers.sandbox.asana.web import APP, Session, stamp

__all__ = ["narrate", "tell"]


def tell(session: Session, task: str, subtype: str, text: str, **details: Any) -> Story:
    """Add a system story about a task, by the caller; it counts as a change of the task."""
    state, user = session.state, session.user
    who = f'<b><a href="{APP}/0/profile/{user.id}">{escape(user.name)}</a></b>'
    story = state.stories.put(
        Story(
            id=state.gid(),
            task=task,
            created=state.now(),
            author=user.id,
            subtype=subtype,
            text=f"{user.name} {text}",
            html_text=f"{who} {escape(text)}",
            details=details,
        )
    )
    row = state.tasks.change(state.tasks[task], modified=state.now())
    story_event(session, "added", story, row)
    return story


def narrate(session: Session, before: Task, after: Task) -> None:
    """Stories and events of all that differs between two states of a task."""
    for part in (_name, _notes, _assignee, _dates, _subtype, _approval, _completed, _custom, _status):
        part(session, before, after)
    if before.likes != after.likes:
        _changed(session, after, "liked")


def _changed(session: Session, task: Task, field: str, value: dict[str, Any] | None = None) -> None:
    change: dict[str, Any] = {"field": field, "action": "changed"}
    if value is not None:
        change["new_value"] = value
    task_event(session, "changed", task, change=change)


def _name(session: Session, before: Task, after: Task) -> None:
    if before.name == after.name:
        return
    _changed(session, after, "name")
    text = f'changed the name to "{after.name}"'
    tell(session, after.id, "name_changed", text, old_name=before.name, new_name=after.name)


def _notes(session: Session, before: Task, after: Task) -> None:
    if before.html_notes != after.html_notes:
        _changed(session, after, "notes")
        tell(session, after.id, "notes_changed", "changed the description")


def _assignee(session: Session, before: Task, after: Task) -> None:
    if before.assignee == after.assignee:
        return
    who = after.assignee
    value = None if who is None else {"gid": who, "resource_type": "user"}
    _changed(session, after, "assignee", value)
    if who is None:
        tell(session, after.id, "unassigned", "unassigned this task", assignee=("user", before.assignee))
    else:
        name = "you" if who == session.user.id else session.state.users[who].name
        tell(session, after.id, "assigned", f"assigned to {name}", assignee=("user", who))


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day:%b} {day.day}, {day.year}"


def _dates_of(task: Task) -> dict[str, Any]:
    return {"due_on": task.due_on, "due_at": stamp(task.due_at), "start_on": task.start_on}


def _dates(session: Session, before: Task, after: Task) -> None:
    names = [
        name
        for name in ("due_on", "due_at", "start_on", "start_at")
        if getattr(before, name) != getattr(after, name)
    ]
    for name in names:
        _changed(session, after, name)
    if not names:
        return
    end = after.due_on or (stamp(after.due_at) or "")[:10]
    text = f"changed the due date to {_day(end)}" if end else "removed the due date"
    tell(session, after.id, "due_date_changed", text, old_dates=_dates_of(before), new_dates=_dates_of(after))


def _subtype(session: Session, before: Task, after: Task) -> None:
    if before.subtype == after.subtype:
        return
    _changed(session, after, "resource_subtype")
    tell(
        session,
        after.id,
        "resource_subtype_changed",
        f"changed this task to a {after.subtype.removesuffix('_task')}",
        old_resource_subtype=before.subtype,
        new_resource_subtype=after.subtype,
    )


def _approval(session: Session, before: Task, after: Task) -> None:
    if before.approval == after.approval or before.approval is None or after.approval is None:
        return
    _changed(session, after, "approval_status")
    tell(
        session,
        after.id,
        "approval_status_changed",
        f"changed the approval status to {after.approval}",
        old_approval_status=before.approval,
        new_approval_status=after.approval,
    )


def _completed(session: Session, before: Task, after: Task) -> None:
    if before.completed == after.completed:
        return
    _changed(session, after, "completed")
    if after.completed:
        tell(session, after.id, "marked_complete", "completed this task")
    else:
        tell(session, after.id, "marked_incomplete", "marked incomplete")


def _status(session: Session, before: Task, after: Task) -> None:
    if before.status_option != after.status_option or before.custom_type != after.custom_type:
        _changed(session, after, "custom_type_status_option")


def _custom(session: Session, before: Task, after: Task) -> None:
    for gid in before.custom.keys() | after.custom.keys():
        old, new = before.custom.get(gid), after.custom.get(gid)
        definition = session.state.fields.get(gid)
        if old == new or definition is None:
            continue
        _changed(session, after, "custom_fields", {"gid": gid, "resource_type": "custom_field"})
        details = {"custom_field": ("custom_field", gid), **_sides(definition, old, new)}
        text = f'changed {definition.name} to "{_spoken(session, definition, new)}"'
        if new in {None, ()} if not isinstance(new, dict) else False:
            text = f"cleared {definition.name}"
        tell(session, after.id, f"{definition.kind}_custom_field_changed", text, **details)


def _sides(definition: Field, old: Any, new: Any) -> dict[str, Any]:
    options = {option.id: ("option", option) for option in definition.options}

    def side(value: Any) -> Any:
        if definition.kind == "enum":
            return options.get(value)
        if definition.kind == "multi_enum":
            return [options[gid] for gid in value or ()]
        if definition.kind == "people":
            return [("user", gid) for gid in value or ()]
        if definition.kind == "date":
            return None if value is None else {"due_on": value["date"], "due_at": value["date_time"]}
        return value

    names = {"multi_enum": "multi_enum_values"}
    member = names.get(definition.kind, f"{definition.kind}_value")
    found = {f"old_{member}": side(old), f"new_{member}": side(new)}
    return {key: value for key, value in found.items() if value is not None}


def _spoken(session: Session, definition: Field, value: Any) -> str:
    names = {option.id: option.name for option in definition.options}
    if definition.kind == "enum":
        return names.get(value, "")
    if definition.kind == "multi_enum":
        return ", ".join(names[gid] for gid in value or ())
    if definition.kind == "people":
        return ", ".join(session.state.users[gid].name for gid in value or ())
    if definition.kind == "date":
        return str(value["date"] if value else "")
    return str(value)
