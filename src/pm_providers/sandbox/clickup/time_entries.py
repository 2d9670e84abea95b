"""Tracked time: list, create, read, change, delete and its history.

Without parameters the list gives the last 30 days of the caller alone; those of others only to owners and
admins.
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, member, team
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import ApiError, bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import TimeEntry
from pm_providers.sandbox.clickup.records import Team
from pm_providers.sandbox.clickup.time_forms import created_form, entry_form
from pm_providers.sandbox.clickup.time_tags import tag_names
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["entry", "named_task", "routes", "tracked"]

routes = v2_routes()
MONTH_MS = 30 * 24 * 3_600_000
_PLACES = ("space_id", "folder_id", "list_id", "task_id")
_NAMES = (
    "description",
    "tags",
    "tag_action",
    "start",
    "stop",
    "end",
    "billable",
    "duration",
    "assignee",
    "tid",
    "created_with",
)


@routes("GET", "/team/{team_id}/time_entries")
def time_entries(call: Call) -> Reply:
    """Entries in a range of time, oldest first."""
    found = team(call)
    now = call.state.now()
    first, last = call.number("start_date"), call.number("end_date")
    first = now - MONTH_MS if first is None else first
    last = now if last is None else last
    people = _people(call, found)
    here = _place(call)
    rows = [
        row
        for row in call.state.times.where("team_id", found.id)
        if row.user_id in people and first <= row.start <= last and here(row)
    ]
    billable = call.one("is_billable")
    if billable:
        rows = [row for row in rows if row.billable == (billable == "true")]
    rows.sort(key=lambda row: (row.start, row.id))
    return Reply({"data": [entry_form(call, row) for row in rows]})


def _people(call: Call, found: Team) -> set[int]:
    text = call.one("assignee")
    if not text:
        return {call.user.id}
    parts = text.split(",")
    if not all(part.strip().isdigit() for part in parts):
        raise bad_input("assignee must be a list of user ids", "TIMEENTRY_014")
    wanted = {int(part) for part in parts}
    if wanted - {call.user.id} and call.state.role_of(call.user.id, found.id) > 2:
        raise ApiError(403, "You do not have access to the time entries of others", "TIMEENTRY_073")
    return wanted


def _place(call: Call) -> Any:
    given = [(name, call.one(name)) for name in _PLACES if call.one(name)]
    if len(given) > 1:
        raise bad_input("Only one location can be provided", "TIMEENTRY_052")
    if not given:
        return lambda _row: True
    name, key = given[0]
    state = call.state

    def here(row: TimeEntry) -> bool:
        task = state.tasks.get(row.task_id)
        if task is None:
            return False
        home = state.lists[task.list_id]
        ids = {
            "space_id": home.space_id,
            "folder_id": home.folder_id,
            "list_id": home.id,
            "task_id": task.id,
        }
        return ids[name] == key

    return here


@routes("POST", "/team/{team_id}/time_entries")
def create_entry(call: Call) -> Reply:
    """Track time that has passed: `start` with `duration`, `stop` or `end`."""
    found = team(call)
    fields = read(call, *_NAMES)
    start, end = _span(fields, None)
    assignee = fields.whole("assignee", null=True)
    user_id = call.user.id
    if assignee is not MISSING and assignee is not None and assignee != user_id:
        if call.state.role_of(user_id, found.id) > 2:
            raise ApiError(403, "You cannot track time for others", "TIMEENTRY_074")
        user_id = member(call, assignee, found.id).id
    row = TimeEntry(
        id=call.state.long_id(),
        team_id=found.id,
        user_id=user_id,
        start=start,
        end=end,
        at=call.state.now(),
        task_id=named_task(call, fields),
        billable=bool(fields.flag("billable", False)),
        description=_description(fields, ""),
        tags=tag_names(call, found.id, fields.raw("tags")),
    )
    call.state.times.put(row)
    tracked(call, row, "Time Tracking Created")
    return Reply({"data": created_form(call, row)})


def _span(fields: Fields, old: TimeEntry | None) -> tuple[int, int | None]:
    """Start and end; an update needs both or neither.

    Raises:
        ApiError: 400 where one is missing, or the end lies before the start.
    """
    start, length = fields.moment("start"), fields.whole("duration")
    end = next((fields.moment(name) for name in ("end", "stop") if name in fields), MISSING)
    if old is not None:
        if (start is MISSING) != (end is MISSING) and length is MISSING:
            raise bad_input("Both start and end are required", "TIMEENTRY_031")
        start = old.start if start is MISSING else start
        if end is MISSING:
            end = start + length if length is not MISSING else old.end
    elif start is MISSING:
        raise bad_input("start is required", "TIMEENTRY_030")
    elif end is MISSING:
        if length is MISSING:
            raise bad_input("duration or stop is required", "TIMEENTRY_030")
        end = start + length if length >= 0 else None
    if end is not None and end < start:
        raise bad_input("end must not be before start", "TIMEENTRY_032")
    return start, end


def named_task(call: Call, fields: Fields) -> str:
    """Id of the task of `tid`, empty without one."""
    key = fields.text("tid", null=True)
    return find_task(call, key).id if key not in {MISSING, None, ""} else ""


def _description(fields: Fields, old: str) -> str:
    text = fields.text("description", null=True)
    return old if text is MISSING else (text or "")


@routes("GET", "/team/{team_id}/time_entries/{timer_id}")
def read_entry(call: Call) -> Reply:
    """One entry."""
    return Reply({"data": entry_form(call, entry(call))})


@routes("PUT", "/team/{team_id}/time_entries/{timer_id}")
def update_entry(call: Call) -> Reply:
    """Change an entry; tags are replaced unless `tag_action` says so. The answer is a list (recorded)."""
    row = entry(call)
    fields = read(call, *_NAMES)
    start, end = _span(fields, row)
    changes: dict[str, Any] = {"start": start, "end": end, "at": call.state.now()}
    changes["description"] = _description(fields, row.description)
    if "billable" in fields:
        changes["billable"] = fields.flag("billable")
    if "tid" in fields:
        changes["task_id"] = named_task(call, fields)
    if "tags" in fields:
        changes["tags"] = _tags(call, row, fields)
    new = call.state.times.change(row, **changes)
    tracked(call, new, "Time Tracking Updated")
    return Reply({"data": [entry_form(call, new)]})


def _tags(call: Call, row: TimeEntry, fields: Fields) -> tuple[str, ...]:
    names = tag_names(call, row.team_id, fields.raw("tags"))
    action = fields.text("tag_action")
    if action == "add":
        return tuple(dict.fromkeys((*row.tags, *names)))
    if action == "remove":
        return tuple(name for name in row.tags if name not in names)
    if action in {MISSING, "replace"}:
        return names
    raise bad_input("tag_action must be replace, add or remove", "TIMEENTRY_060")


@routes("DELETE", "/team/{team_id}/time_entries/{timer_id}")
def delete_entry(call: Call) -> Reply:
    """Remove an entry, or several with commas between their ids; the answer shows them (recorded)."""
    rows = [entry(call, key) for key in call.params["timer_id"].split(",")]
    shown = [entry_form(call, row) for row in rows]
    for row in rows:
        call.state.times.remove(row.id)
        tracked(call, row, "Time Tracking Deleted")
    return Reply({"data": shown})


@routes("GET", "/team/{team_id}/time_entries/{timer_id}/history")
def entry_history(call: Call) -> Reply:
    """What happened to an entry: the sandbox keeps none."""
    entry(call)
    return Reply({"data": []})


def entry(call: Call, key: str | None = None) -> TimeEntry:
    """The entry of the path; others' entries are for owners and admins.

    Raises:
        ApiError: 401 for what may not be seen.
    """
    found = team(call)
    row = call.state.times.get(key if key is not None else call.params["timer_id"])
    if row is None or row.team_id != found.id:
        raise not_authorized()
    if row.user_id != call.user.id and call.state.role_of(call.user.id, found.id) > 2:
        raise not_authorized()
    return row


def tracked(call: Call, row: TimeEntry, text: str) -> None:
    """Tell the webhooks about time of a task."""
    state = call.state
    task = state.tasks.get(row.task_id)
    if task is None:
        return
    new = state.tasks.change(task, updated=max(state.now(), task.updated))
    after = {
        "id": row.id,
        "start": str(row.start),
        "end": str(row.end) if row.end is not None else None,
        "time": str((row.end or row.start) - row.start),
        "source": row.source,
        "date_added": str(row.at),
    }
    history.time_spent(state, new, call.user, after, state.time_spent(task.id), text)
