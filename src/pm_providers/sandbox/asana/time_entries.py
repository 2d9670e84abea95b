"""Time that was spent on tasks (plan advanced)."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data, read_date
from pm_providers.sandbox.asana.errors import bad, forbidden, missing, not_an_id
from pm_providers.sandbox.asana.happenings import emit, task_event, task_scopes
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.people import wanted_user
from pm_providers.sandbox.asana.records import Task, TimeCategory, TimeEntry
from pm_providers.sandbox.asana.rights import (
    find_portfolio,
    find_project,
    find_row,
    find_task,
    find_workspace,
)
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("time_tracking_entries")
BILLABLE = ("billable", "nonBillable", "notApplicable")
READ_ONLY = ("gid", "resource_type", "created_at", "created_by", "task", "approval_status")


def _paid(call: Call) -> None:
    call.session.needs("advanced", "Time tracking")


def _ours(call: Call, rows: list[TimeEntry]) -> Reply:
    """The rows in the dates that the query names, by id."""
    first, last = call.one("entered_on_start_date"), call.one("entered_on_end_date")
    if first is not None:
        start = read_date("entered_on_start_date", first)
        rows = [row for row in rows if row.entered_on >= start]
    if last is not None:
        end = read_date("entered_on_end_date", last)
        rows = [row for row in rows if row.entered_on <= end]
    return listing(call, "time_tracking_entry", rows)


@on("GET", "/tasks/{task}/time_tracking_entries")
def of_task(call: Call) -> Reply:
    """Entries of a task."""
    _paid(call)
    task = find_task(call.session, call.params["task"])
    return listing(call, "time_tracking_entry", call.state.entries.where("task", task.id))


@on("GET", "/time_tracking_entries")
def many(call: Call) -> Reply:
    """Entries of a task, person, portfolio, project or workspace."""
    _paid(call)
    state = call.state
    task, user = call.one("task"), wanted_user(call)
    rows = [row for row in state.entries if state.tasks[row.task].trashed is None]
    narrowed = False
    if task is not None:
        gid = find_task(call.session, task).id
        rows, narrowed = [row for row in rows if row.task == gid], True
    if user is not None:
        rows, narrowed = [row for row in rows if row.author == user], True
    if call.one("attributable_to") is not None:
        project = find_project(call.session, call.need("attributable_to"), "attributable_to")
        rows, narrowed = [row for row in rows if row.attributable_to == project.id], True
    if call.one("portfolio") is not None:
        items = set(find_portfolio(call.session, call.need("portfolio")).items)
        rows, narrowed = [row for row in rows if _projects(state.tasks[row.task]) & items], True
    if call.one("workspace") is not None:
        if call.one("entered_on_start_date") is None and call.one("entered_on_end_date") is None:
            # [spec] GET /time_tracking_entries, workspace
            raise bad(
                "At least one of entered_on_start_date or entered_on_end_date is required with workspace"
            )
        place = find_workspace(call.session, call.need("workspace")).id
        rows, narrowed = [row for row in rows if state.tasks[row.task].workspace == place], True
    if not narrowed:
        raise bad("Must specify at least one of task, attributable_to, portfolio, user or workspace")
    return _ours(call, rows)


def _projects(task: Task) -> set[str]:
    return {gid for gid, _ in task.memberships}


@on("POST", "/tasks/{task}/time_tracking_entries")
def create(call: Call) -> Reply:
    """Add time to a task, as the caller; without a date it is for today."""
    _paid(call)
    task, data, state = find_task(call.session, call.params["task"]), call.data(), call.state
    data.refuse(READ_ONLY)
    if data.raw("duration_minutes") is None:
        raise missing("duration_minutes")
    today = state.clock.now().astimezone(call.session.zone).date().isoformat()
    row = TimeEntry(
        id=state.gid(),
        task=task.id,
        author=call.session.user.id,
        created=state.now(),
        **{"minutes": 0, "entered_on": today, **_changes(call, data)},
    )
    state.entries.put(row)
    _changed(call, task, "added", row)
    return record(call, "time_tracking_entry", row, 201)


def _changes(call: Call, data: Data) -> dict[str, Any]:
    found: dict[str, Any] = {}
    minutes = data.integer("duration_minutes")
    if minutes is not None:
        if minutes <= 0:
            raise bad("duration_minutes: Must be greater than 0")
        found["minutes"] = minutes
    day = data.date("entered_on")
    if day is not None:
        found["entered_on"] = day
    billable = data.choice("billable_status", BILLABLE)
    if billable is not None:
        found["billable"] = billable
    if "description" in data:
        found["description"] = data.text("description") or ""
    if "attributable_to" in data:
        gid = data.gid("attributable_to")
        found["attributable_to"] = (
            None if gid is None else find_project(call.session, gid, "attributable_to").id
        )
    if "categories" in data:
        found["categories"] = tuple(data.gids("categories"))
        for gid in found["categories"]:
            if gid not in call.state.categories:
                raise not_an_id("categories", gid)
    return found


def _changed(call: Call, task: Task, action: str, row: TimeEntry) -> None:
    """The sum on the task follows its entries: a change for events, not for `modified_at`."""
    total = sum(entry.minutes for entry in call.state.entries.where("task", task.id))
    task = call.state.tasks.change(call.state.tasks[task.id], minutes=total)
    scopes = task_scopes(call.state, task)
    emit(call.session, action, ("time_tracking_entry", row), ("task", task), scopes, task.workspace)
    task_event(call.session, "changed", task, change={"field": "actual_time_minutes", "action": "changed"})


def _one(call: Call) -> tuple[TimeEntry, Task]:
    _paid(call)
    row: TimeEntry = find_row("time_tracking_entry", call.params["entry"], call.state.entries)
    return row, find_task(call.session, row.task)


@on("GET", "/time_tracking_entries/{entry}")
def one(call: Call) -> Reply:
    """An entry."""
    return record(call, "time_tracking_entry", _one(call)[0])


@on("PUT", "/time_tracking_entries/{entry}")
def change(call: Call) -> Reply:
    """Change an entry of one's own."""
    (row, task), data = _one(call), call.data()
    data.refuse(READ_ONLY)
    _own(call, row)
    row = call.state.entries.change(row, **_changes(call, data))
    _changed(call, task, "changed", row)
    return record(call, "time_tracking_entry", row)


@on("DELETE", "/time_tracking_entries/{entry}")
def delete(call: Call) -> Reply:
    """Delete an entry of one's own."""
    row, task = _one(call)
    _own(call, row)
    call.state.entries.remove(row.id)
    _changed(call, task, "deleted", row)
    return done()


def _own(call: Call, row: TimeEntry) -> None:
    if row.author != call.session.user.id:
        raise forbidden("You can only change your own time tracking entries.")


@on("GET", "/time_tracking_categories")
def categories(call: Call) -> Reply:
    """Categories of a workspace."""
    _paid(call)
    place, archived = find_workspace(call.session, call.need("workspace")), call.flag("is_archived")
    rows = call.state.categories.where("workspace", place.id)
    return listing(
        call, "time_tracking_category", [row for row in rows if archived is None or row.archived == archived]
    )


@on("POST", "/time_tracking_categories")
def create_category(call: Call) -> Reply:
    """Create a category."""
    _paid(call)
    data = call.data()
    place = find_workspace(call.session, data.need_gid("workspace"))
    row = TimeCategory(id=call.state.gid(), workspace=place.id, name=data.need("name"))
    row = call.state.categories.put(row)
    return record(call, "time_tracking_category", row, 201)


def _category(call: Call) -> TimeCategory:
    _paid(call)
    row: TimeCategory = find_row("time_tracking_category", call.params["category"], call.state.categories)
    return row


@on("GET", "/time_tracking_categories/{category}")
def one_category(call: Call) -> Reply:
    """A category."""
    return record(call, "time_tracking_category", _category(call))


@on("PUT", "/time_tracking_categories/{category}")
def change_category(call: Call) -> Reply:
    """Rename or archive a category."""
    row, data = _category(call), call.data()
    name = data.need("name") if "name" in data else row.name
    archived = data.flag("is_archived")
    row = call.state.categories.change(
        row, name=name, archived=row.archived if archived is None else archived
    )
    return record(call, "time_tracking_category", row)


@on("DELETE", "/time_tracking_categories/{category}")
def delete_category(call: Call) -> Reply:
    """Delete a category; entries lose it."""
    row, state = _category(call), call.state
    for entry in state.entries:
        if row.id in entry.categories:
            state.entries.change(entry, categories=tuple(gid for gid in entry.categories if gid != row.id))
    state.categories.remove(row.id)
    return done()


@on("GET", "/time_tracking_categories/{category}/time_tracking_entries")
def of_category(call: Call) -> Reply:
    """Entries of a category."""
    row = _category(call)
    first, last = call.one("start_date"), call.one("end_date")
    rows = [
        entry
        for entry in call.state.entries
        if row.id in entry.categories
        and (first is None or entry.entered_on >= first)
        and (last is None or entry.entered_on <= last)
    ]
    return listing(call, "time_tracking_entry", rows)
