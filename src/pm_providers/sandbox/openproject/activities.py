"""Activities of work packages: comments and changes in one list."""

from __future__ import annotations

from datetime import date
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import unpaged
from pm_providers.sandbox.openproject.errors import bad_request, forbidden, internal, not_found
from pm_providers.sandbox.openproject.journals import add_journal
from pm_providers.sandbox.openproject.links import api, link, write_link
from pm_providers.sandbox.openproject.records import Journal
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import formattable, text, to_bool
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.work_packages import wp_of

__all__ = ["activity_body", "routes"]

routes = Routes()

# Attribute, its name in sentences, and the table its ids belong to.
_NAMES: dict[str, tuple[str, str | None]] = {
    "type_id": ("Type", "types"),
    "project_id": ("Project", "projects"),
    "subject": ("Subject", None),
    "due": ("Finish date", None),
    "category_id": ("Category", "categories"),
    "status_id": ("Status", "statuses"),
    "assignee_id": ("Assignee", "principals"),
    "priority_id": ("Priority", "priorities"),
    "version_id": ("Version", "versions"),
    "sprint_id": ("Sprint", "sprints"),
    "author_id": ("Author", "principals"),
    "done": ("Progress (%)", None),
    "estimated_hours": ("Estimated time", None),
    "start": ("Start date", None),
    "parent_id": ("Parent", "work_packages"),
    "responsible_id": ("Accountable", "principals"),
    "story_points": ("Story Points", None),
    "remaining_hours": ("Remaining hours", None),
}


@routes("GET", "/work_packages/{id}/activities")
def activities(call: Call) -> Reply:
    """All activities, oldest first; there are no pages."""
    row = wp_of(call)
    view = View(call.state, call.user)
    rows = sorted(call.state.journals.where("work_package_id", row.id), key=lambda j: j.number)
    elements = [activity_body(view, j) for j in rows]
    return Reply(unpaged(f"/work_packages/{row.id}/activities", elements))


@routes("POST", "/work_packages/{id}/activities")
def create_comment(call: Call) -> Reply:
    """Comment; an empty one writes nothing and answers with the last activity (recorded 19-…: step 8)."""
    row = wp_of(call)
    state = call.state
    project = state.projects[row.project_id]
    if not access.allowed(state, call.user, "add_work_package_notes", project):
        raise forbidden()
    body = call.object()
    raw = _new_comment(body)
    if not raw:
        rows = sorted(state.journals.where("work_package_id", row.id), key=lambda j: j.number)
        return Reply(activity_body(View(state, call.user), rows[-1]), 201)
    internal_note = state.features.internal_comments and bool(to_bool(body.get("internal")))
    journal = add_journal(state, call.user, row.id, (), raw, internal=internal_note)
    state.work_packages.change(row, updated=state.now())
    state.emit("work_package:updated", row.id, call.user.id)
    return Reply(activity_body(View(state, call.user), journal), 201)


@routes("GET", "/activities/{id}")
def one_activity(call: Call) -> Reply:
    """One activity."""
    return Reply(activity_body(View(call.state, call.user), _row(call)))


@routes("PATCH", "/activities/{id}")
def update_comment(call: Call) -> Reply:
    """Edit a comment: the parameter is a plain string, not an object (recorded 19-…: steps 19 and 20)."""
    row = _row(call)
    body = call.object()
    if "comment" not in body:
        raise bad_request("comment is missing")
    if not isinstance(body["comment"], str):
        raise bad_request("comment is invalid")
    view = View(call.state, call.user)
    if not _may_edit(view, row):
        raise forbidden()
    stored = call.state.journals.change(row, notes=body["comment"], updated=call.state.now())
    return Reply(activity_body(view, stored))


def _new_comment(body: dict[str, Any]) -> str:
    if "comment" not in body:
        raise bad_request("comment is missing")
    value = body["comment"]
    if value is None:
        raise internal("undefined method `[]' for nil:NilClass")
    if not isinstance(value, dict):
        raise bad_request("comment is invalid")
    return text(value.get("raw") or "")


def _row(call: Call) -> Journal:
    row = call.state.journals.get(call.number())
    package = call.state.work_packages.get(row.work_package_id) if row is not None else None
    if row is None or not access.wp_visible(call.state, call.user, package):
        raise not_found()
    return row


def _may_edit(view: View, row: Journal) -> bool:
    project_id = view.state.work_packages[row.work_package_id].project_id
    own = row.user_id == view.user.id and view.can("edit_own_work_package_notes", project_id)
    return own or view.can("edit_work_package_notes", project_id)


def activity_body(view: View, row: Journal) -> dict[str, Any]:
    """An activity as the API shows it."""
    package = view.state.work_packages[row.work_package_id]
    own = ("activities", row.id)
    body: dict[str, Any] = {
        "_type": "Activity::Comment" if row.notes else "Activity",
        "id": row.id,
        "comment": formattable(row.notes),
        "details": [_detail(view.state, *change) for change in row.changes],
        "version": row.number,
        "createdAt": view.time(row.created),
    }
    if view.features.number >= (13, 0):
        body["updatedAt"] = view.time(row.updated)
    if view.features.internal_comments:
        body["internal"] = row.internal
    links: dict[str, Any] = {
        "self": {"href": api(*own)},
        "workPackage": link(package.subject, "work_packages", package.id),
        "user": {"href": api("users", row.user_id)},
    }
    if _may_edit(view, row):
        links["update"] = write_link("patch", *own)
    return {**body, "_links": links}


def _detail(state: State, name: str, old: Any, new: Any) -> dict[str, str]:
    """A change as an English sentence, which is all that the vendor tells about it."""
    if name == "description":
        sentence = _plain("Description", None if old is None else "", None if new is None else "")
    elif name == "manual":
        sentence = f"Manual scheduling {'activated' if new else 'deactivated'}"
    elif name.startswith("attachment_"):
        sentence = _plain("File", old, new)
    elif name in _NAMES:
        human, table = _NAMES[name]
        sentence = _plain(human, _shown(state, table, old), _shown(state, table, new))
    else:
        field = state.custom_fields.get(int(name.removeprefix("customField")))
        sentence = _plain(field.name if field else name, *(_text_or_none(v) for v in (old, new)))
    return {"format": "custom", "raw": sentence, "html": sentence}


def _plain(human: str, old: str | None, new: str | None) -> str:
    if old is None:
        return f"{human} set to {new}" if new else f"{human} set"
    if new is None:
        return f"{human} deleted ({old})"
    return f"{human} changed from {old} to {new}" if old or new else f"{human} changed"


def _shown(state: State, table: str | None, value: Any) -> str | None:
    if value is None:
        return None
    if table is not None:
        row = getattr(state, table).get(value)
        return str(getattr(row, "name", None) or getattr(row, "subject", value))
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        return f"{date.fromisoformat(value):%m/%d/%Y}"
    return str(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)
