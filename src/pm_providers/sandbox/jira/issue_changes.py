"""Storing changes of an issue: the changelog entry, `updated`, what follows from them, and the event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pm_providers.sandbox.jira.adf import to_wiki
from pm_providers.sandbox.jira.records import Change, ChangeItem, Field, Issue
from pm_providers.sandbox.jira.state import Event, State
from pm_providers.sandbox.jira.web import Session, stamp

__all__ = ["apply_changes", "note_change", "set_sprint", "touch"]

Text = Callable[[State, Any], str | None]


def apply_changes(
    session: Session,
    issue: Issue,
    *,
    kind: str = "issue_updated",
    quiet: bool = False,
    force: bool = False,
    **changes: Any,
) -> Issue:
    """Store new attributes of an issue; nothing happens when nothing differs.

    Args:
        session: who changes it.
        issue: as it is stored.
        kind: `issue_event_type_name` of the webhook.
        quiet: neither `updated` nor the changelog nor an event (ranks).
        force: move `updated` even when nothing differs.
        changes: attributes; `custom` replaces the whole of it.
    """
    state = session.state
    changes = {name: value for name, value in changes.items() if getattr(issue, name) != value}
    if not changes and not force:
        return issue
    if quiet:
        return state.issues.change(issue, **changes)
    moment = state.now()
    after = _with_effects(state, msgspec.structs.replace(issue, **changes, updated=moment))
    state.issues.put(after)
    items = _items(state, issue, after)
    change = note_change(session, after, items)
    if "sprint_ids" in changes:
        for row in state.subtasks(issue.id):
            state.issues.change(row, sprint_ids=after.sprint_ids)
    state.emit(Event("jira:issue_updated", moment, session.account_id, kind, issue=after, change=change))
    return after


def _with_effects(state: State, after: Issue) -> Issue:
    before = state.issues[after.id]
    more: dict[str, Any] = {}
    if after.resolution_id != before.resolution_id:
        more["resolved"] = state.now() if after.resolution_id is not None else None
    if state.statuses[after.status_id].category != state.statuses[before.status_id].category:
        more["status_changed"] = state.now()
    return msgspec.structs.replace(after, **more) if more else after


def note_change(session: Session, issue: Issue, items: list[ChangeItem]) -> Change | None:
    """Add an entry to the changelog; None without items."""
    state = session.state
    if not items:
        return None
    return state.changes.put(
        Change(
            id=state.changes.next_id(),
            issue_id=issue.id,
            author=session.account_id,
            created=state.now(),
            items=tuple(items),
        )
    )


def touch(session: Session, issue: Issue, kind: str, items: list[ChangeItem] | None = None) -> Issue:
    """Move `updated` after a change around the issue (comment, link, file), and tell the listeners."""
    state = session.state
    moment = state.now()
    after = state.issues.change(state.issues[issue.id], updated=moment)
    change = note_change(session, after, items or [])
    state.emit(Event("jira:issue_updated", moment, session.account_id, kind, issue=after, change=change))
    return after


def set_sprint(session: Session, issue: Issue, sprint_id: int | None) -> Issue:
    """Put an issue into a sprint that is not closed (None: into the backlog); its sub-tasks follow."""
    rows = session.state.sprints
    closed = tuple(key for key in issue.sprint_ids if key in rows and rows[key].state == "closed")
    return apply_changes(session, issue, sprint_ids=closed if sprint_id is None else (*closed, sprint_id))


def _name(table: str) -> Text:
    def text(state: State, key: Any) -> str | None:
        row = getattr(state, table).get(key)
        return None if row is None else str(row.name)

    return text


def _issue_key(state: State, key: Any) -> str | None:
    row = state.issues.get(key)
    return None if row is None else row.key


def _as_text(_state: State, value: Any) -> str | None:
    return None if value is None else str(value)


# attribute: (field, field id, text of the value, whether ids are given)
_SINGLE: dict[str, tuple[str, str, Text, bool]] = {
    "summary": ("summary", "summary", _as_text, False),
    "description": ("description", "description", lambda _s, v: None if v is None else to_wiki(v), False),
    "environment": ("environment", "environment", lambda _s, v: None if v is None else to_wiki(v), False),
    "status_id": ("status", "status", _name("statuses"), True),
    "type_id": ("issuetype", "issuetype", _name("types"), True),
    "project_id": ("project", "project", _name("projects"), True),
    "priority_id": ("priority", "priority", _name("priorities"), True),
    "resolution_id": ("resolution", "resolution", _name("resolutions"), True),
    "assignee": ("assignee", "assignee", _name("users"), True),
    "reporter": ("reporter", "reporter", _name("users"), True),
    "due": ("duedate", "duedate", _as_text, True),
    "parent_id": ("IssueParentAssociation", "", _issue_key, True),
    "key": ("Key", "", _as_text, False),
    "original_s": ("timeoriginalestimate", "timeoriginalestimate", _as_text, True),
    "remaining_s": ("timeestimate", "timeestimate", _as_text, True),
    "spent_s": ("timespent", "timespent", _as_text, True),
}
_MANY: dict[str, tuple[str, str, Text]] = {
    "component_ids": ("Component", "components", _name("components")),
    "fix_version_ids": ("Fix Version", "fixVersions", _name("versions")),
    "version_ids": ("Version", "versions", _name("versions")),
}


def _items(state: State, before: Issue, after: Issue) -> list[ChangeItem]:
    found = []
    for attribute, (field, field_id, text, ids) in _SINGLE.items():
        old, new = getattr(before, attribute), getattr(after, attribute)
        if old != new:
            found.append(
                ChangeItem(
                    field=field,
                    field_id=field_id,
                    old=str(old) if ids and old is not None else None,
                    old_text=text(state, old),
                    new=str(new) if ids and new is not None else None,
                    new_text=text(state, new),
                )
            )
    if before.labels != after.labels:
        found.append(
            ChangeItem(
                field="labels",
                field_id="labels",
                old_text=" ".join(before.labels),
                new_text=" ".join(after.labels),
            )
        )
    return (
        found
        + _item_per_entry(state, before, after)
        + _sprint_item(state, before, after)
        + _custom(state, before, after)
    )


def _item_per_entry(state: State, before: Issue, after: Issue) -> list[ChangeItem]:
    found = []
    for attribute, (field, field_id, text) in _MANY.items():
        old, new = getattr(before, attribute), getattr(after, attribute)
        found += [
            ChangeItem(field=field, field_id=field_id, old=str(key), old_text=text(state, key))
            for key in old
            if key not in new
        ]
        found += [
            ChangeItem(field=field, field_id=field_id, new=str(key), new_text=text(state, key))
            for key in new
            if key not in old
        ]
    return found


def _sprint_item(state: State, before: Issue, after: Issue) -> list[ChangeItem]:
    if before.sprint_ids == after.sprint_ids:
        return []
    field = next((row.id for row in state.fields if row.kind == "sprint"), "")

    def names(keys: tuple[int, ...]) -> str:
        return ", ".join(state.sprints[key].name for key in keys if key in state.sprints)

    return [
        ChangeItem(
            field="Sprint",
            field_id=field,
            field_type="custom",
            old=", ".join(map(str, before.sprint_ids)),
            old_text=names(before.sprint_ids),
            new=", ".join(map(str, after.sprint_ids)),
            new_text=names(after.sprint_ids),
        )
    ]


def _custom(state: State, before: Issue, after: Issue) -> list[ChangeItem]:
    found = []
    for name in sorted(before.custom.keys() | after.custom.keys()):
        old, new = before.custom.get(name), after.custom.get(name)
        field = state.fields.get(name)
        if old == new or field is None:
            continue
        found.append(
            ChangeItem(
                field=field.name,
                field_id=field.id,
                field_type="custom",
                old=_custom_id(field, old),
                old_text=_custom_text(state, field, old),
                new=_custom_id(field, new),
                new_text=_custom_text(state, field, new),
            )
        )
    return found


def _custom_id(field: Field, value: Any) -> str | None:
    if value is None or field.kind in {"string", "rich", "number", "url", "labels"}:
        return None
    if field.kind == "datetime":
        return stamp(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(str(part) for part in value if part is not None) + "]"
    return str(value)


def _custom_text(state: State, field: Field, value: Any) -> str | None:
    if value is None:
        return None
    if field.kind == "rich":
        return to_wiki(value)
    if field.kind == "number":
        return f"{value:g}"
    if field.kind == "datetime":
        return stamp(value)
    tables: dict[str, Any] = {"user": state.users, "group": state.groups, "version": state.versions}
    parts = value if isinstance(value, tuple) else (value,)
    if field.kind in {"option", "options", "cascading"}:
        return ", ".join(state.options[part].value for part in parts if part is not None)
    table = tables.get(field.kind.removesuffix("s"))
    if table is not None:
        return ", ".join(table[part].name for part in parts if part in table)
    return " ".join(map(str, parts))
