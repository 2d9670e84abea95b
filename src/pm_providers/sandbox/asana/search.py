"""The search for tasks: paid plans, an index that lags, one page of at most 100, no offsets.

Parameters that are not known are ignored; without `limit` a page has 20 tasks (both [inf]).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pm_providers.sandbox.asana.data import read_date, read_moment, shown
from pm_providers.sandbox.asana.errors import bad, not_an_id
from pm_providers.sandbox.asana.fields import COMPACT, Ref, show
from pm_providers.sandbox.asana.paging import page_size
from pm_providers.sandbox.asana.records import Task
from pm_providers.sandbox.asana.rich_text import to_text
from pm_providers.sandbox.asana.rights import can_see_task, find_user, find_workspace
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.asana.web import Call, Reply, Session, routes

__all__ = ["Searches"]

DEFAULT_SIZE = 20
SORTS = ("due_date", "created_at", "completed_at", "likes", "modified_at")
Test = Callable[[Task], bool]


class Searches:
    """The route, with how far the index lags.

    Args:
        lag_s: gives the seconds after which a change is found.
    """

    def __init__(self, lag_s: Callable[[], float]) -> None:
        self._lag_s = lag_s
        self.on = routes("tasks")
        self.on("GET", "/workspaces/{workspace}/tasks/search")(self._search)

    def _search(self, call: Call) -> Reply:
        call.session.needs("starter", "Search")
        place = find_workspace(call.session, call.params["workspace"])
        if call.one("offset"):
            raise bad(
                "offset: Search results cannot be paged; sort by created_at and narrow the query instead"
            )
        tests = _tests(call)
        found = [
            row
            for row in self._rows(call)
            if row.workspace == place.id and row.trashed is None and all(test(row) for test in tests)
        ]
        found = [row for row in found if can_see_task(call.session, row)]
        _sort(call, found)
        spec = call.fields() or COMPACT
        page = found[: page_size(call) or DEFAULT_SIZE]
        return Reply({"data": [show(call.session, Ref("task", row), spec) for row in page]})

    def _rows(self, call: Call) -> list[Task]:
        table = call.state.tasks
        if call.stale:
            return table.as_of(call.stale)
        lag = self._lag_s()
        return table.at(call.state.clock.now() - timedelta(seconds=lag)) if lag else list(table)


def _sort(call: Call, found: list[Task]) -> None:
    by = call.one("sort_by") or "modified_at"
    if by not in SORTS:
        raise bad(f"sort_by: Value is not one of the allowed values: {', '.join(SORTS)}")
    ascending = call.flag("sort_ascending") or False
    keys: dict[str, Callable[[Task], Any]] = {
        "due_date": lambda row: row.due_on or (row.due_at.date().isoformat() if row.due_at else ""),
        "created_at": lambda row: row.created,
        "completed_at": lambda row: row.completed_at.timestamp() if row.completed_at else 0.0,
        "likes": lambda row: len(row.likes),
        "modified_at": lambda row: row.modified,
    }
    found.sort(key=lambda row: (keys[by](row), row.id), reverse=not ascending)


def _tests(call: Call) -> list[Test]:
    found: list[Test] = []
    for name, values in call.query.items():
        test = _test(call, name, values[0])
        if test is not None:
            found.append(test)
    return found


def _test(call: Call, name: str, value: str) -> Test | None:
    if name == "text":
        words = value.lower().split()
        return lambda row: all(word in f"{row.name} {to_text(row.html_notes)}".lower() for word in words)
    if name == "resource_subtype":
        return lambda row: row.subtype == value
    if name in _FLAGS:
        wanted, flag = bool(call.flag(name)), _FLAGS[name]
        return lambda row: flag(call.state, row) == wanted
    if name.startswith("custom_fields."):
        return _custom(call, name, value)
    head, _, how = name.rpartition(".")
    if head in _LISTS and how in {"any", "not", "all"}:
        return _listed(call, head, how, value)
    return _dated(call.session, name, value)


_FLAGS: dict[str, Callable[[State, Task], bool]] = {
    "completed": lambda _s, row: row.completed,
    "is_subtask": lambda _s, row: row.parent is not None,
    "is_blocked": lambda s, row: any(not s.tasks[gid].completed for gid in row.dependencies),
    "is_blocking": lambda s, row: any(not s.tasks[gid].completed for gid in row.dependents),
    "has_attachment": lambda s, row: bool(s.attachments.where("parent", row.id)),
}


def _owners(state: State, row: Task) -> set[str]:
    found = (state.projects[gid].team for gid, _ in row.memberships)
    return {gid for gid in found if gid is not None}


def _collections(state: State, row: Task) -> set[str]:
    mine = {gid for gid, _ in row.memberships}
    return {one.id for one in state.portfolios if mine & set(one.items)}


_LISTS: dict[str, Callable[[State, Task], set[str]]] = {
    "assignee": lambda _s, row: {row.assignee or "null"},
    "created_by": lambda _s, row: {row.created_by or "null"},
    "assigned_by": lambda _s, row: {row.assigned_by or "null"},
    "completed_by": lambda _s, row: {row.completed_by or "null"},
    "followers": lambda _s, row: set(row.followers),
    "liked_by": lambda _s, row: set(row.likes),
    "commented_on_by": lambda s, row: {
        story.author or "" for story in s.stories.where("task", row.id) if story.kind == "comment"
    },
    "projects": lambda _s, row: {gid for gid, _ in row.memberships},
    "sections": lambda _s, row: {gid for _, gid in row.memberships},
    "tags": lambda _s, row: set(row.tags),
    "teams": _owners,
    "portfolios": _collections,
}
_PEOPLE = frozenset(
    {"assignee", "created_by", "assigned_by", "completed_by", "followers", "liked_by", "commented_on_by"}
)


def _listed(call: Call, head: str, how: str, value: str) -> Test:
    names = [part.strip() for part in value.split(",") if part.strip()]
    if head in _PEOPLE:
        names = [
            name if name == "null" else find_user(call.session, name, f"{head}.{how}").id for name in names
        ]
    for name in names:
        if name != "null" and not name.isdigit():
            raise not_an_id(f"{head}.{how}", shown(name))
    wanted, of = set(names), _LISTS[head]
    if how == "any":
        return lambda row: bool(of(call.state, row) & wanted)
    if how == "not":
        return lambda row: not of(call.state, row) & wanted
    return lambda row: wanted <= of(call.state, row)


_MOMENTS: dict[str, Callable[[Task], datetime | None]] = {
    "due": lambda row: row.due_at,
    "start": lambda row: row.start_at,
    "created": lambda row: row.created,
    "completed": lambda row: row.completed_at,
    "modified": lambda row: row.modified,
}


def _day(session: Session, row: Task, what: str) -> str | None:
    if what == "due" and row.due_on is not None:
        return row.due_on
    if what == "start" and row.start_on is not None:
        return row.start_on
    moment = _MOMENTS[what](row)
    return None if moment is None else moment.astimezone(session.zone).date().isoformat()


def _dated(session: Session, name: str, value: str) -> Test | None:
    """`due_on`, `due_on.before`, `due_on.after`, `created_at.after` and so on; bounds are not part of it."""
    head, _, how = name.partition(".")
    what, _, unit = head.rpartition("_")
    if what not in _MOMENTS or unit not in {"on", "at"} or how not in {"", "before", "after"}:
        return None
    if unit == "on":
        if value == "null" and not how:
            return lambda row: _day(session, row, what) is None
        day = read_date(name, value)
        return lambda row: _compared(_day(session, row, what), day, how)
    moment = read_moment(name, value.replace(" ", "+"))
    return lambda row: _compared(_MOMENTS[what](row), moment, how)


def _compared(found: Any, wanted: Any, how: str) -> bool:
    if found is None:
        return False
    if how == "before":
        return bool(found < wanted)
    return bool(found > wanted) if how == "after" else bool(found == wanted)


def _custom(call: Call, name: str, value: str) -> Test:
    _, gid, how = [*name.split(".", 2), "", ""][:3]
    field = call.state.fields.get(gid)
    if field is None or how not in _CUSTOM:
        raise not_an_id(name, gid) if field is None else bad(f"{name}: Not a known custom field filter")
    test = _CUSTOM[how]
    return lambda row: test(row.custom.get(gid), value)


def _is(found: Any, value: str) -> bool:
    if isinstance(found, dict):
        return bool(found["date"] == value)
    if isinstance(found, tuple):
        return value in found
    if isinstance(found, int | float):
        return _number(value) == found
    return bool(found == value)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise bad(f"Value is not a number: {shown(value)}") from None


_CUSTOM: dict[str, Callable[[Any, str], bool]] = {
    "is_set": lambda found, value: (found is not None) == (value.lower() == "true"),
    "value": _is,
    "starts_with": lambda found, value: isinstance(found, str) and found.lower().startswith(value.lower()),
    "ends_with": lambda found, value: isinstance(found, str) and found.lower().endswith(value.lower()),
    "contains": lambda found, value: isinstance(found, str) and value.lower() in found.lower(),
    "less_than": lambda found, value: isinstance(found, int | float) and found < _number(value),
    "greater_than": lambda found, value: isinstance(found, int | float) and found > _number(value),
    "before": lambda found, value: isinstance(found, dict) and found["date"] < value,
    "after": lambda found, value: isinstance(found, dict) and found["date"] > value,
}
