"""Reads a work package's new values from a request body, with the vendor's silent corrections."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pm_providers.sandbox.openproject.custom_write import read_custom
from pm_providers.sandbox.openproject.errors import Fault422, internal, violation
from pm_providers.sandbox.openproject.links import ABSENT, linked_id
from pm_providers.sandbox.openproject.progress import couple_hours
from pm_providers.sandbox.openproject.records import Project, WorkPackage
from pm_providers.sandbox.openproject.sharing import shared_versions
from pm_providers.sandbox.openproject.values import (
    date_key,
    parse_date,
    parse_duration,
    raw_text,
    shift_date,
    text,
    to_bool,
    work_days,
)
from pm_providers.sandbox.openproject.web import Call
from pm_providers.sandbox.openproject.wp_corrections import (
    fill_description,
    retype,
    settle_dates,
    settle_place,
    settle_status,
)

__all__ = ["Draft", "read_draft"]

PRINCIPALS = ("groups", "users", "placeholder_users")
PROJECTS = ("projects", "programs", "portfolios")


@dataclass(slots=True)
class Draft:
    """A work package as it would be stored.

    Attributes:
        values: attributes of the record; `project_id`, `type_id` may be None here.
        written: attributes that the body named.
        faults: what is wrong.
    """

    values: dict[str, Any]
    written: set[str] = field(default_factory=set)
    faults: list[Fault422] = field(default_factory=list)

    def fault(self, attribute: str, message: str) -> None:
        """Note a violation."""
        self.faults.append(violation(attribute, message))


def read_draft(
    call: Call, body: dict[str, Any], current: WorkPackage | None, project: Project | None = None
) -> Draft:
    """Values of the body laid over the stored ones (or the defaults of a new work package).

    Raises:
        ApiError: for what stops the vendor at once: formats, link kinds, its own crashes.
    """
    draft = Draft(msgspec.structs.asdict(current) if current is not None else _defaults(call, project))
    if isinstance(body.get("author"), str):
        raise internal(f'undefined method `fetch\' for "{body["author"]}":String')
    _read_place(call, body, draft, current)
    _read_plain(call, body, draft)
    _read_dates(body, draft)
    _read_people(body, draft)
    _read_version_and_category(call, body, draft, current)
    _read_parent(call, body, draft)
    settle_place(call.state, draft, current)
    settle_status(call.state, draft, current)
    fill_description(call.state, draft, current)
    settle_dates(call.state, body, draft, current)
    if call.state.features.duration:
        _read_duration(body, draft)
    couple_hours(call.state, draft, current)
    place = call.state.projects.get(draft.values["project_id"])
    custom, faults = read_custom(
        call,
        "WorkPackage",
        body,
        current.custom if current else None,
        place,
        draft.values["type_id"],
        defaults=_moved(draft, current),
    )
    draft.values["custom"] = custom
    draft.faults += faults
    return draft


def _moved(draft: Draft, current: WorkPackage | None) -> bool:
    """Whether project or type, and with them the custom fields, are new."""
    names = ("project_id", "type_id")
    return current is None or any(draft.values[name] != getattr(current, name) for name in names)


def _defaults(call: Call, project: Project | None) -> dict[str, Any]:
    state = call.state
    status = state.statuses.find(lambda s: s.default)
    priority = state.priorities.find(lambda p: p.default)
    return {
        "subject": "",
        "project_id": project.id if project else None,
        "type_id": None,
        "status_id": status.id if status else None,
        "priority_id": priority.id if priority else None,
        "author_id": call.user.id,
        "description": None,
        "start": None,
        "due": None,
        "manual": state.features.manual_default,
        "ignore_non_working": False,
        "duration": None,
        "estimated_hours": None,
        "remaining_hours": None,
        "done": None if state.features.progress else 0,
        "story_points": None,
        "position": None,
        "assignee_id": None,
        "responsible_id": None,
        "category_id": None,
        "version_id": None,
        "sprint_id": None,
        "parent_id": None,
        "watcher_ids": () if call.user.anonymous else (call.user.id,),
        "custom": {},
    }


def _write(draft: Draft, name: str, value: Any) -> None:
    draft.values[name] = value
    draft.written.add(name)


def _read_place(call: Call, body: dict[str, Any], draft: Draft, current: WorkPackage | None) -> None:
    """Project, type, status, priority."""
    state, values = call.state, draft.values
    project_id = linked_id(body, "project", *PROJECTS)
    if project_id is not ABSENT:
        _write(draft, "project_id", project_id if project_id in state.projects else None)
    project = state.projects.get(values["project_id"])
    type_id = linked_id(body, "type", "types")
    if type_id is not ABSENT:
        if type_id not in state.types and current is not None:
            raise internal("undefined method `statuses' for nil:NilClass")
        _write(draft, "type_id", type_id if type_id in state.types else -1)
    elif current is None and project is not None:
        kinds = sorted((state.types[t] for t in project.type_ids), key=lambda t: t.position)
        values["type_id"] = kinds[0].id if kinds else None
    retype(state, draft, current)
    for name, table in (("status", state.statuses), ("priority", state.priorities)):
        key = linked_id(body, name, "statuses" if name == "status" else "priorities")
        if key is ABSENT or (current is None and key not in table):
            continue  # a new one keeps the default, recorded 10-…: step 82
        _write(draft, f"{name}_id", key if key in table else None)


def _read_plain(call: Call, body: dict[str, Any], draft: Draft) -> None:
    if "subject" in body:
        _write(draft, "subject", "" if body["subject"] is None else text(body["subject"]))
    written, raw = raw_text(body, "description")
    if written:
        _write(draft, "description", raw)
    if "scheduleManually" in body:
        _write(draft, "manual", bool(to_bool(body["scheduleManually"])))
    if "ignoreNonWorkingDays" in body and call.state.features.duration:
        _write(draft, "ignore_non_working", bool(to_bool(body["ignoreNonWorkingDays"])))
    for name, target in (("estimatedTime", "estimated_hours"), ("remainingTime", "remaining_hours")):
        if name in body:
            _write(draft, target, parse_duration(name, body[name]))
    if "percentageDone" in body:
        _write(draft, "done", _percent(body["percentageDone"]))
    if "storyPoints" in body:
        points = body["storyPoints"]
        if points is not None and not re.fullmatch(r"-?\d+", str(points)):
            draft.fault("storyPoints", "Story Points is not an integer.")
        else:
            _write(draft, "story_points", None if points is None else int(points))


def _percent(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    match = re.match(r"-?\d+", str(value))
    return int(match.group(0)) if match else 0


def _read_dates(body: dict[str, Any], draft: Draft) -> None:
    for name, target in (("startDate", "start"), ("dueDate", "due")):
        if name in body:
            _write(draft, target, parse_date(name, body[name]))
    if "date" in body:
        value = parse_date("date", body["date"])
        _write(draft, "start", value)
        _write(draft, "due", value)


def _read_duration(body: dict[str, Any], draft: Draft) -> None:
    values = draft.values
    all_days = values["ignore_non_working"]
    if "duration" not in body:
        if values["start"] and values["due"]:
            values["duration"] = None
        return
    hours = parse_duration("duration", body["duration"])
    start, due = values["start"], values["due"]
    days = None if hours is None else int(hours // 24)
    _write(draft, "duration", days)
    if days is not None and days < 1:
        draft.fault("duration", "Duration must be greater than 0.")
    elif "startDate" in body and "dueDate" in body and start and due:
        if date_key(due) >= date_key(start) and days != work_days(start, due, all_days=all_days):
            draft.fault("duration", "Duration does not match the start date and finish date.")
    elif days is not None and start and "dueDate" not in body:
        values["due"] = _end(start, days, all_days=all_days)
        draft.written.add("due")
    elif days is not None and due and "startDate" not in body:
        values["start"] = _begin(due, days, all_days=all_days)
        draft.written.add("start")


def _end(start: str, days: int, *, all_days: bool) -> str:
    due = start
    while work_days(start, due, all_days=all_days) < min(days, 36_500) and len(due) == 10:
        due = shift_date(due, 1)
    return due


def _begin(due: str, days: int, *, all_days: bool) -> str:
    start = due
    while work_days(start, due, all_days=all_days) < min(days, 36_500):
        start = shift_date(start, -1)
    return start


def _read_people(body: dict[str, Any], draft: Draft) -> None:
    for name in ("assignee", "responsible"):
        key = linked_id(body, name, *PRINCIPALS)
        if key is not ABSENT:
            _write(draft, f"{name}_id", key)


def _read_version_and_category(
    call: Call, body: dict[str, Any], draft: Draft, current: WorkPackage | None
) -> None:
    """Foreign ones are dropped from a new work package without a word and refused on update.

    Recorded 10-…: steps 74 to 77, 18-…: steps 2 to 5. Moving to another project drops a version that it
    does not share.
    """
    state, values = call.state, draft.values
    project = state.projects.get(values["project_id"])
    usable = {v.id for v in shared_versions(state, project)} if project else set()
    local = {c.id for c in state.categories.where("project_id", project.id)} if project else set()
    moved = current is not None and values["project_id"] != current.project_id
    if moved and values["version_id"] not in usable:
        values["version_id"] = None
    version_id = linked_id(body, "version", "versions")
    if version_id is not ABSENT and (current is not None or version_id in usable or version_id is None):
        _write(draft, "version_id", version_id)
    category_id = linked_id(body, "category", "categories")
    if category_id is not ABSENT and (current is not None or category_id in local or category_id is None):
        _write(draft, "category_id", category_id)
        category = state.categories.get(category_id)
        if category is not None and values["assignee_id"] is None and current is None:
            values["assignee_id"] = category.assignee_id
    if state.features.sprints:
        sprint_id = linked_id(body, "sprint", "sprints")
        if sprint_id is not ABSENT:
            _write(draft, "sprint_id", sprint_id)


def _read_parent(call: Call, body: dict[str, Any], draft: Draft) -> None:
    parent_id = linked_id(body, "parent", "work_packages")
    if parent_id is ABSENT:
        return
    parent = call.state.work_packages.get(parent_id)
    if parent_id is not None and parent is None:
        raise internal("undefined method `ancestors' for nil:NilClass")
    _write(draft, "parent_id", parent_id)
    if parent is not None and is_backlog_task(call, draft.values, parent):
        # a plain task follows the version of its story
        draft.values.setdefault("version_id", None)
        if "version_id" not in draft.written:
            draft.values["version_id"] = parent.version_id


def is_backlog_task(call: Call, values: dict[str, Any], parent: WorkPackage) -> bool:
    """Whether the backlogs module ties a plain task to its parent.

    Recorded 11-…: steps 46 and 73.
    """
    settings = call.state.settings
    project = call.state.projects[parent.project_id]
    return (
        not call.state.features.sprints
        and "backlogs" in project.modules
        and values["type_id"] == settings["task_type"]
        and parent.type_id in (settings["task_type"], *settings["story_types"])
    )
