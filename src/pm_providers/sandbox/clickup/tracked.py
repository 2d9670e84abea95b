"""The older way to track time of one task: sums and intervals by person."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import task
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import TimeEntry
from pm_providers.sandbox.clickup.render import person
from pm_providers.sandbox.clickup.time_entries import tracked
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()


@routes("GET", "/task/{task_id}/time")
def task_time(call: Call) -> Reply:
    """Time of a task by person."""
    rows = [row for row in call.state.times.where("task_id", task(call).id) if row.end is not None]
    shown = []
    for user_id in dict.fromkeys(row.user_id for row in rows):
        own = [row for row in rows if row.user_id == user_id]
        intervals = [_interval(row) for row in own]
        total = sum(int(each["time"]) for each in intervals)
        shown.append({"user": person(call.state.users[user_id]), "time": total, "intervals": intervals})
    return Reply({"data": shown})


def _interval(row: TimeEntry) -> dict[str, Any]:
    end = row.end if row.end is not None else row.start
    return {
        "id": row.id,
        "start": str(row.start),
        "end": str(end),
        "time": str(end - row.start),
        "source": row.source,
        "date_added": str(row.at),
    }


@routes("POST", "/task/{task_id}/time")
def track(call: Call) -> Reply:
    """Add an interval."""
    home = task(call, write=True)
    start, end = _span(call, read(call, "start", "end", "time"))
    row = TimeEntry(
        id=call.state.long_id(),
        team_id=home.team_id,
        user_id=call.user.id,
        start=start,
        end=end,
        at=call.state.now(),
        task_id=home.id,
    )
    call.state.times.put(row)
    tracked(call, row, "Time Tracking Created")
    return Reply({"id": row.id})


@routes("PUT", "/task/{task_id}/time/{interval_id}")
def change(call: Call) -> Reply:
    """Change an interval."""
    row = _row(call)
    start, end = _span(call, read(call, "start", "end", "time"))
    new = call.state.times.change(row, start=start, end=end, at=call.state.now())
    tracked(call, new, "Time Tracking Updated")
    return Reply({})


@routes("DELETE", "/task/{task_id}/time/{interval_id}")
def remove(call: Call) -> Reply:
    """Remove an interval."""
    row = _row(call)
    call.state.times.remove(row.id)
    tracked(call, row, "Time Tracking Deleted")
    return Reply({})


def _row(call: Call) -> TimeEntry:
    home = task(call, write=True)
    row = call.state.times.get(call.params["interval_id"])
    if row is None or row.task_id != home.id:
        raise not_authorized()
    return row


def _span(call: Call, fields: Fields) -> tuple[int, int]:
    start, end, length = fields.moment("start"), fields.moment("end"), fields.whole("time")
    if length is MISSING and MISSING in (start, end):
        raise bad_input("time is required", "TIME_001")
    if length is not MISSING and length < 0:
        raise bad_input("time invalid", "TIME_002")
    first = start if start is not MISSING else call.state.now() - length
    last = end if end is not MISSING else first + length
    if last < first:
        raise bad_input("end must not be before start", "TIME_003")
    return first, last
