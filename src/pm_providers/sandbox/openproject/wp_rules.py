"""Rules that refuse a work package."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.errors import read_only
from pm_providers.sandbox.openproject.records import WorkPackage
from pm_providers.sandbox.openproject.schedule import earliest_start
from pm_providers.sandbox.openproject.sharing import shared_versions
from pm_providers.sandbox.openproject.values import date_key
from pm_providers.sandbox.openproject.web import Call
from pm_providers.sandbox.openproject.workflow import allowed_statuses
from pm_providers.sandbox.openproject.wp_draft import Draft, is_backlog_task
from pm_providers.sandbox.openproject.wp_rights import ATTRIBUTES, computed_names, forbidden_names

__all__ = ["check_work_package"]

NOT_ALLOWED = "is not set to one of the allowed values."
NO_TRANSITION = (
    "Status is invalid because no valid transition exists from old to new status for the current "
    "user's roles."
)
READ_ONLY_STATUS = "The work package is in a readonly status so its attributes cannot be changed."
TOO_EARLY = "can only be set to {} or later so as not to violate the work package's relationships."
_READ_ONLY = {"id": "ID", "createdAt": "Created on", "updatedAt": "Updated on"}


def check_work_package(call: Call, draft: Draft, current: WorkPackage | None, body: dict[str, Any]) -> None:
    """Add everything that is wrong to the draft's faults."""
    _people(call, draft, current)
    _texts_and_numbers(call, draft)
    _dates(call, draft, current)
    _place(call, draft, current)
    _version_and_category(call, draft, current)
    _parent(call, draft, current)
    _locked(call, draft, current, body)


def _changed(draft: Draft, current: WorkPackage | None, name: str) -> bool:
    if current is None:
        return name in draft.written
    return bool(draft.values[name] != getattr(current, name))


def _people(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    state, project_id = call.state, draft.values["project_id"]
    members = {m.principal_id for m in state.memberships.where("project_id", project_id)}
    for name, human in (("assignee", "Assignee"), ("responsible", "Accountable")):
        key = draft.values[f"{name}_id"]
        if key is None or key in members or not _changed(draft, current, f"{name}_id"):
            continue
        if project_id is not None:
            draft.fault(
                name,
                f"{human} The chosen user is not allowed to be '{human}' for this work package.",
            )


def _texts_and_numbers(call: Call, draft: Draft) -> None:
    values, progress = draft.values, call.state.features.progress
    if not values["subject"].strip():
        draft.fault("subject", "Subject can't be blank.")
    elif len(values["subject"]) > 255:
        draft.fault("subject", "Subject is too long (maximum is 255 characters).")
    done = values["done"]
    if progress and done is not None and not 0 <= done <= 100:
        draft.fault("percentageDone", "% Complete must be between 0 and 100.")
    elif not progress and (done is None or not 0 <= done <= 100):
        draft.fault("percentageDone", f"Progress (%) {NOT_ALLOWED}")
    work, rest = values["estimated_hours"], values["remaining_hours"]
    if work is not None and work < 0:
        human = "Work must be >= 0." if progress else "Estimated time must be >= 0."
        draft.fault("estimatedTime", human)
    if rest is not None and rest < 0:
        human = "Remaining work" if progress else "Remaining hours"
        draft.fault("remainingTime", f"{human} must be greater than or equal to 0.")
    elif progress and rest is not None and work is not None and rest > work:
        draft.fault("remainingTime", "Remaining work is higher than Work.")


def _dates(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    values = draft.values
    start, due = values["start"], values["due"]
    if start and due and date_key(due) < date_key(start):
        draft.fault("dueDate", "Finish date must be greater than or equal to the start date.")
    if current is None or values["manual"]:
        return
    soonest = earliest_start(call.state, current)
    if soonest and start and date_key(start) < date_key(soonest) and "start" in draft.written:
        draft.fault("startDate", f"Start date {TOO_EARLY.format(soonest)}")
    # 12.0 looks at the start only, recorded 16-relations: step 44
    checked = call.state.features.duration and "due" in draft.written
    if checked and soonest and due and date_key(due) < date_key(soonest):
        draft.fault("dueDate", f"Finish date {TOO_EARLY.format(soonest)}")


def _place(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    state, values = call.state, draft.values
    project = state.projects.get(values["project_id"])
    if project is None or not access.project_visible(state, call.user, project):
        draft.fault("project", "Project can't be blank.")
        project = None
    kind = state.types.get(values["type_id"])
    if kind is None:
        if values["type_id"] is not None:
            draft.fault("type", f"Type {NOT_ALLOWED}")
        if values["type_id"] is not None or project is None:
            draft.fault("type", "Type can't be blank.")
    elif project is not None and kind.id not in project.type_ids:
        draft.fault("type", f"Type {NOT_ALLOWED}")
    elif kind.milestone and current is not None and state.children(current.id):
        draft.fault("type", "Type cannot be a milestone because this work package has children.")
    priority = state.priorities.get(values["priority_id"])
    if priority is None:
        draft.fault("priority", "Priority can't be blank.")
    elif not priority.active and _changed(draft, current, "priority_id"):
        draft.fault("priority", "Priority needs to be active.")
    _status(call, draft, current)


def _status(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    state, values = call.state, draft.values
    status = state.statuses.get(values["status_id"])
    kind, project = state.types.get(values["type_id"]), state.projects.get(values["project_id"])
    if status is None:
        draft.fault("status", "Status can't be blank.")
    if status is None or current is None or kind is None or project is None:
        return
    version = state.versions.get(values["version_id"])
    was_closed = state.statuses[current.status_id].closed
    if was_closed and not status.closed and version is not None and version.status == "closed":
        draft.fault("base", "A work package assigned to a closed version cannot be reopened")
    if status.id == current.status_id or kind.id != current.type_id:
        return  # with a new type any of its statuses will do ([code] `validate_status_transition`)
    if status not in allowed_statuses(state, call.user, project, kind, current):
        draft.fault("status", NO_TRANSITION)


def _version_and_category(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    state, values = call.state, draft.values
    project = state.projects.get(values["project_id"])
    if project is None:
        return
    if values["version_id"] is not None and _changed(draft, current, "version_id"):
        usable = {v.id for v in shared_versions(state, project) if v.status == "open"}
        if values["version_id"] not in usable:
            draft.fault("version", f"Version {NOT_ALLOWED}")
    if values["category_id"] is not None and _changed(draft, current, "category_id"):
        category = state.categories.get(values["category_id"])
        if category is None or category.project_id != project.id:
            message = "The category of a work package must be within the same project as the work package."
            draft.fault("category", f"Category {message}")
    sprint_id = values["sprint_id"]
    if sprint_id is not None and sprint_id not in state.sprints and _changed(draft, current, "sprint_id"):
        draft.fault("sprint", f"Sprint {NOT_ALLOWED}")


def _parent(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    state = call.state
    parent = state.work_packages.get(draft.values["parent_id"])
    if parent is None:
        return
    tied = is_backlog_task(call, draft.values, parent) and parent.project_id == draft.values["project_id"]
    if tied and draft.values["version_id"] != parent.version_id:
        draft.fault("version", "Version must be the same as the parent story's version.")
    if parent.project_id != draft.values["project_id"] and not state.settings["cross_project_relations"]:
        draft.fault("parent", "Parent cannot be in another project.")
    if not _changed(draft, current, "parent_id"):
        return
    if current is not None and parent.id == current.id:
        draft.fault("parent", "Parent cannot be assigned to itself.")
    elif current is not None and parent.id in {c.id for c in state.descendants(current.id)}:
        draft.fault("base", "A work package cannot be linked to one of its subtasks.")
    elif state.types[parent.type_id].milestone:
        draft.fault("parent", "Parent cannot be a milestone.")
    elif not access.wp_visible(state, call.user, parent):
        draft.fault("parent", "Parent does not exist.")


def _locked(call: Call, draft: Draft, current: WorkPackage | None, body: dict[str, Any]) -> None:
    """What this user, or anybody, cannot write."""
    links = body.get("_links") or {}
    given = links.get("author") if isinstance(links, dict) else None
    author = given.get("href", "") if isinstance(given, dict) else ""
    if author and not str(author).endswith(f"/users/{draft.values['author_id']}"):
        if current is None:
            draft.fault("author", "Author is invalid.")
        draft.faults.append(read_only("author", "Author"))
    for name, human in _READ_ONLY.items():
        if name in body and (current is None or name != "id" or body[name] != current.id):
            draft.faults.append(read_only(name, human))
    _read_only(call, draft, current)


def _read_only(call: Call, draft: Draft, current: WorkPackage | None) -> None:
    """Attributes that this user, or nobody, can write, if they are to change."""
    state, values = call.state, draft.values
    place = values["project_id"] if current is None else current.project_id
    if place not in state.projects:
        return
    locked = forbidden_names(state, call.user, current, place) | _target(call, draft, current)
    locked |= computed_names(state, current, manual=values["manual"])
    changed = [name for name in ATTRIBUTES if name in draft.written and _changed(draft, current, name)]
    stays = current is not None and values["status_id"] == current.status_id
    if stays and changed and state.statuses[values["status_id"]].readonly:
        # [code] `readonly_attributes_unchanged`; who leaves such a status may change more at once
        draft.fault("base", READ_ONLY_STATUS)
        locked |= ATTRIBUTES.keys() - {"status_id"}
    for name in changed:
        if name in locked and not (current is None and values[name] is None):
            draft.faults.append(read_only(*ATTRIBUTES[name]))


def _target(call: Call, draft: Draft, current: WorkPackage | None) -> set[str]:
    """Moving needs the permission in both projects."""
    target = call.state.projects.get(draft.values["project_id"])
    if current is None or target is None or target.id == current.project_id:
        return set()
    return set() if access.allowed(call.state, call.user, "move_work_packages", target) else {"project_id"}
