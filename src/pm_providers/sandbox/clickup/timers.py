"""The timer of a person: one runs at a time; starting another stops it."""

from __future__ import annotations

from pm_providers.sandbox.clickup.access import team
from pm_providers.sandbox.clickup.checks import MISSING, read
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.part_records import TimeEntry
from pm_providers.sandbox.clickup.time_entries import named_task, tracked
from pm_providers.sandbox.clickup.time_forms import entry_form, timer_form
from pm_providers.sandbox.clickup.time_tags import tag_names
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()


@routes("GET", "/team/{team_id}/time_entries/current")
def current(call: Call) -> Reply:
    """The running timer, null without one."""
    found = team(call)
    key = call.number("assignee")
    row = _running(call, found.id, key if key is not None else call.user.id)
    if row is None:
        return Reply({"data": None})
    shown = entry_form(call, row)
    return Reply({"data": {**shown, "duration": int(shown["duration"])}})


@routes("POST", "/team/{team_id}/time_entries/start")
def start(call: Call) -> Reply:
    """Start a timer."""
    found = team(call)
    fields = read(call, "description", "tags", "tid", "billable", "created_with")
    text = fields.text("description", null=True)
    task_id = named_task(call, fields)
    names = tag_names(call, found.id, fields.raw("tags"))
    before = _running(call, found.id, call.user.id)
    if before is not None:
        _stopped(call, before)
    now = call.state.now()
    row = TimeEntry(
        id=call.state.long_id(),
        team_id=found.id,
        user_id=call.user.id,
        start=now,
        at=now,
        task_id=task_id,
        billable=bool(fields.flag("billable", False)),
        description="" if text in {MISSING, None} else text,
        tags=names,
        source="clickup",
    )
    return Reply({"data": timer_form(call, call.state.times.put(row))})


@routes("POST", "/team/{team_id}/time_entries/stop")
def stop(call: Call) -> Reply:
    """Stop the running timer.

    Raises:
        ApiError: 400 where none runs.
    """
    found = team(call)
    row = _running(call, found.id, call.user.id)
    if row is None:
        raise bad_input("No timer is running", "TIMEENTRY_040")
    return Reply({"data": timer_form(call, _stopped(call, row))})


def _running(call: Call, team_id: str, user_id: int) -> TimeEntry | None:
    rows = call.state.times.where("user_id", user_id)
    return next((row for row in rows if row.end is None and row.team_id == team_id), None)


def _stopped(call: Call, row: TimeEntry) -> TimeEntry:
    now = call.state.now()
    new = call.state.times.change(row, end=max(now, row.start), at=now)
    tracked(call, new, "Time Tracking Created")
    return new
