"""Lists of tasks: of a list, and of a whole Workspace; what they hide unless asked is the vendor's.

Hidden by default: subtasks, closed tasks, archived ones and those whose home is another list. The Workspace's
list knows no `archived`, and shows nothing of archived lists, folders and Spaces. Arrays need `[]` behind
their names; without it they mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pm_providers.sandbox.clickup.access import may_see, may_see_space, task_list, team
from pm_providers.sandbox.clickup.checks import unheard
from pm_providers.sandbox.clickup.errors import bad_input, server_error
from pm_providers.sandbox.clickup.field_filters import field_tests
from pm_providers.sandbox.clickup.records import Task
from pm_providers.sandbox.clickup.task_view import TaskView
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["PAGE", "indexed", "page_of", "routes"]

routes = v2_routes()
PAGE = 100
Test = Callable[[Task], bool]
_COMMON = frozenset(
    {
        "page",
        "order_by",
        "reverse",
        "subtasks",
        "include_closed",
        "statuses[]",
        "assignees[]",
        "tags[]",
        "custom_fields",
        "custom_items[]",
        "include_markdown_description",
        *(
            f"{name}_{side}"
            for name in ("due_date", "date_created", "date_updated", "date_done")
            for side in ("gt", "lt")
        ),
    }
)
_LIST = _COMMON | {"archived", "include_timl", "watchers[]", "custom_field"}
_TEAM = _COMMON | {"space_ids[]", "project_ids[]", "list_ids[]", "parent"}
_DATES: dict[str, Callable[[Task], int | None]] = {
    "due_date": lambda row: row.due,
    "date_created": lambda row: row.created,
    "date_updated": lambda row: row.updated,
    "date_done": lambda row: row.done,
}
_ORDERS: dict[str, Callable[[Task], Any]] = {
    "id": lambda row: (row.id,),
    "created": lambda row: (row.created, row.number),
    "updated": lambda row: (row.updated, row.number),
    "due_date": lambda row: (row.due is None, row.due or 0, row.number),
}


@routes("GET", "/list/{list_id}/task")
def list_tasks(call: Call) -> Reply:
    """Tasks whose home is the list; with `include_timl` also those that are in it besides."""
    home = task_list(call)
    unheard(call, (name for name in call.query if name not in _LIST))
    archived, timl = call.flag("archived"), call.flag("include_timl")

    def here(row: Task) -> bool:
        if row.archived != archived:
            return False
        return row.list_id == home.id or (timl and home.id in row.locations)

    watchers = set(call.many("watchers"))
    tests = [here, *_tests(call)]
    if watchers:
        tests.append(lambda row: any(str(key) in watchers for key in row.watchers))
    if "custom_field" in call.query:
        tests += field_tests(call, f"[{call.one('custom_field')}]")

    def rows() -> list[Task]:
        if timl or call.stale or call.state.index_lag_s:
            return indexed(call)
        return call.state.tasks.where("list_id", home.id)

    return _answer(call, f"list {home.id}", rows, tests)


@routes("GET", "/team/{team_id}/task")
def team_tasks(call: Call) -> Reply:
    """Tasks of a Workspace that the caller may see."""
    found = team(call)
    unheard(call, (name for name in call.query if name not in _TEAM))
    state = call.state
    spaces, folders, lists = (set(call.many(name)) for name in ("space_ids", "project_ids", "list_ids"))
    parent = call.one("parent")
    seen = {
        row.id
        for row in state.spaces.where("team_id", found.id)
        if not row.archived and may_see_space(call, row)
    }
    shown = {
        row.id
        for row in state.lists
        if not row.archived
        and not state.folders[row.folder_id].archived
        and (not spaces or row.space_id in spaces)
        and (not folders or row.folder_id in folders)
        and (not lists or row.id in lists)
    }

    def here(row: Task) -> bool:
        if row.archived or row.list_id not in shown or row.team_id != found.id:
            return False
        return row.space_id in seen or may_see(call, row)

    tests = [here, *_tests(call, subtasks=bool(parent))]
    if parent:
        tests.append(lambda row: row.parent == parent)
    return _answer(call, f"team {found.id}", lambda: indexed(call), tests)


def indexed(call: Call) -> list[Task]:
    """All tasks as the index of listings has them: it may lag behind."""
    state = call.state
    if call.stale:
        return state.tasks.as_of(call.stale)
    if state.index_lag_s:
        return state.tasks.at(state.clock.now() - timedelta(seconds=state.index_lag_s))
    return list(state.tasks)


def _answer(call: Call, what: str, rows: Callable[[], list[Task]], tests: list[Test]) -> Reply:
    order = call.one("order_by", "created") or "created"
    if order not in _ORDERS:
        raise server_error("ITEM_009")
    found = _cached(call, what, lambda: _sorted(call, order, rows(), tests))
    return page_of(call, found)


def page_of(call: Call, found: list[Task]) -> Reply:
    """One page of up to 100; `limit` means nothing.

    Raises:
        ApiError: 400 for a page below 0.
    """
    page = call.number("page") or 0
    if page < 0:
        raise bad_input("Page must be greater than or equal to 0", "PAGE_001")
    markdown = call.flag("include_markdown_description")
    view = TaskView(call.state, call.base_url, markdown=markdown, numbers="team_id" in call.params)
    shown = [view.row(row) for row in found[page * PAGE : (page + 1) * PAGE]]
    return Reply({"tasks": shown, "last_page": (page + 1) * PAGE >= len(found)})


def _cached(call: Call, what: str, make: Callable[[], list[Task]]) -> list[Task]:
    """The pages of one listing come from one result as long as nothing is written."""
    state = call.state
    if call.stale or state.index_lag_s:
        return make()
    query = tuple(sorted((name, tuple(values)) for name, values in call.query.items() if name != "page"))
    key = (what, call.user.id, query)
    known = state.cache.get(key)
    if known is not None and known[0] == state.writes.changes:
        rows: list[Task] = known[1]
        return rows
    if len(state.cache) > 20:  # pages of a few clients at once
        state.cache.clear()
    rows = make()
    state.cache[key] = (state.writes.changes, rows)
    return rows


def _sorted(call: Call, order: str, rows: list[Task], tests: list[Test]) -> list[Task]:
    kept = [row for row in rows if not row.deleted and all(test(row) for test in tests)]
    return sorted(kept, key=_ORDERS[order], reverse=not call.flag("reverse"))


def _tests(call: Call, *, subtasks: bool = False) -> list[Test]:
    """Tests of the parameters that both lists know; a value that fits nothing gives an empty list."""
    tests: list[Test] = []
    if not call.flag("include_closed"):
        tests.append(lambda row: row.status.type != "closed")
    if not subtasks and not call.flag("subtasks"):
        tests.append(lambda row: not row.parent)
    statuses = {text.lower() for text in call.many("statuses")}
    if statuses:
        tests.append(lambda row: row.status.status.lower() in statuses)
    assignees = set(call.many("assignees"))
    if assignees:
        tests.append(lambda row: any(str(key) in assignees for key in row.assignees))
    tags = {text.lower() for text in call.many("tags")}
    if tags:
        tests.append(lambda row: bool(tags & set(row.tags)))
    items = set(call.many("custom_items"))
    if items:
        tests.append(lambda row: str(row.custom_item_id) in items)
    if "custom_fields" in call.query:
        tests += field_tests(call, call.one("custom_fields"))
    return [*tests, *_date_tests(call)]


def _date_tests(call: Call) -> list[Test]:
    tests: list[Test] = []
    for name, value in _DATES.items():
        after, before = call.number(f"{name}_gt"), call.number(f"{name}_lt")
        if after is not None:
            tests.append(_compared(value, after, 1))
        if before is not None:
            tests.append(_compared(value, before, -1))
    return tests


def _compared(value: Callable[[Task], int | None], limit: int, sign: int) -> Test:
    def test(row: Task) -> bool:
        moment = value(row)
        return moment is not None and (moment - limit) * sign > 0

    return test
