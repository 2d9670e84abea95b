"""Reads and checks time entries before they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.custom_write import read_custom
from pm_providers.sandbox.openproject.errors import Fault422, violation
from pm_providers.sandbox.openproject.links import ABSENT, linked_id
from pm_providers.sandbox.openproject.records import TimeEntry
from pm_providers.sandbox.openproject.values import parse_date, parse_duration, raw_text, to_bool
from pm_providers.sandbox.openproject.web import Call

__all__ = ["Draft", "draft_entry"]

MAX_COMMENT = 255


@dataclass(slots=True)
class Draft:
    """A time entry as it would be written, and what is wrong with it."""

    values: dict[str, Any]
    faults: list[Fault422] = field(default_factory=list)


def draft_entry(call: Call, row: TimeEntry | None, body: dict[str, Any]) -> Draft:
    """The stored entry (None: a new one of the caller) with the changes of a body."""
    draft = Draft(_start(call, row))
    values = draft.values
    if "hours" in body:
        values["hours"] = parse_duration("hours", body["hours"])
    if "spentOn" in body:
        values["spent_on"] = parse_date("spentOn", body["spentOn"])
    written, comment = raw_text(body, "comment")
    if written:
        values["comment"] = comment or ""
    if "ongoing" in body and call.state.features.number >= (14, 0):
        values["ongoing"] = bool(to_bool(body["ongoing"]))
    missing = _read_links(call, row, body, values)
    values["custom"], faults = read_custom(call, "TimeEntry", body, row.custom if row else None)
    draft.faults = [*_faults(call, row, values, missing=missing), *faults]
    return draft


def _start(call: Call, row: TimeEntry | None) -> dict[str, Any]:
    if row is not None:
        names = (n for n in row.__struct_fields__ if n not in {"id", "created", "updated"})
        return {name: getattr(row, name) for name in names}
    default = call.state.time_activities.find(lambda a: a.default)
    return {
        "project_id": None,
        "work_package_id": None,
        "user_id": call.user.id,
        "activity_id": default.id if default else None,
        "hours": None,
        "spent_on": None,
        "comment": "",
        "ongoing": False,
        "custom": {},
    }


def _read_links(call: Call, row: TimeEntry | None, body: dict[str, Any], values: dict[str, Any]) -> bool:
    """Take over the links; says whether a work package was named that is not there."""
    state = call.state
    package = linked_id(body, "workPackage", "work_packages")
    if package is ABSENT and state.features.entity:
        package = linked_id(body, "entity", "work_packages")
    project = linked_id(body, "project", "projects", "programs", "portfolios")
    activity = linked_id(body, "activity", "time_entries/activities")
    found = state.work_packages.get(package) if isinstance(package, int) else None
    if found is not None and not access.wp_visible(state, call.user, found):
        found = None
    if package is not ABSENT:
        values["work_package_id"] = found.id if found else None
    if project is not ABSENT:
        values["project_id"] = project if project in state.projects else None
    elif found is not None:
        values["project_id"] = found.project_id
    if activity is not ABSENT and activity in state.time_activities:
        values["activity_id"] = activity
    # 12.0 ignores `user` without a word, recorded 17-time-entries: step 25
    user = linked_id(body, "user", "users") if state.features.number >= (13, 0) else ABSENT
    if user is not ABSENT and user in state.principals:
        values["user_id"] = user
    gone = package is not ABSENT and found is None
    return gone and (package is not None or (row is not None and row.work_package_id is not None))


def _faults(call: Call, row: TimeEntry | None, values: dict[str, Any], *, missing: bool) -> list[Fault422]:
    """Recorded 17-time-entries: steps 10 to 24 and 34."""
    found: list[Fault422] = []
    if missing and row is None:
        found += [
            violation("project", "Project is invalid."),
            violation("project", "Project can't be blank."),
            violation("workPackage", "Work package is invalid."),
            violation("activity", "Activity is not set to one of the allowed values."),
        ]
    elif missing:
        found.append(violation("workPackage", "Work package is invalid."))
    elif values["project_id"] is None:
        found.append(violation("project", "Project can't be blank."))
    package = call.state.work_packages.get(values["work_package_id"])
    if package is not None and package.project_id != values["project_id"]:
        found.append(violation("workPackage", "Work package is invalid."))
    if not values["ongoing"] and not values["hours"]:
        found.append(violation("hours", "Hours can't be blank."))
    elif values["hours"] is not None and values["hours"] < 0:
        found.append(violation("hours", "Hours is invalid."))
    if values["spent_on"] is None:
        found.append(violation("spentOn", "Date can't be blank."))
    if len(values["comment"]) > MAX_COMMENT:
        message = f"Comment is too long (maximum is {MAX_COMMENT} characters)."
        found.append(violation("comments", message))
    return found
