"""Whole projects: everything once, and what that costs."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from pm_providers import PMTask
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.providers.asana.listing import Tree
from tests.providers.asana.site import FakeTime, Scripted, Site, answer, scripted


class Board:
    """A scripted project: sections with so many tasks; some of them may have subtasks."""

    def __init__(self, *counts: int, size: int = 100) -> None:
        self.size = size
        self.sections = {str(500 + place): count for place, count in enumerate(counts)}
        self.answers: dict[str, Any] = {
            "GET /projects/77/sections": {
                "data": [{"gid": one, "name": f"S{one}"} for one in self.sections],
                "next_page": None,
            },
            "GET /projects/77/tasks": self.page([one for name in self.sections for one in self.tasks(name)]),
        }
        for one in self.sections:
            self.answers[f"GET /sections/{one}/tasks"] = self.page(self.tasks(one))
        self.server = Scripted(self.answers)

    def tasks(self, section: str) -> list[dict[str, Any]]:
        return [self.task(f"{section}{place:05}", section) for place in range(self.sections[section])]

    @staticmethod
    def task(one: str, section: str | None, **more: Any) -> dict[str, Any]:
        there = [{"project": {"gid": "77"}, "section": {"gid": section, "name": f"S{section}"}}]
        return {"gid": one, "name": one, "completed": False, "memberships": there if section else [], **more}

    def page(self, found: list[dict[str, Any]]) -> Any:
        def answered(params: dict[str, str], _body: Any) -> Any:
            start = int(params.get("offset", "at0").removeprefix("at"))
            end = start + int(params["limit"])
            after = {"offset": f"at{end}", "path": "", "uri": ""} if end < len(found) else None
            return {"data": found[start:end], "next_page": after}

        return answered

    @property
    def total(self) -> int:
        return sum(self.sections.values())


@pytest.mark.parametrize(
    "counts",
    [(0,), (5,), (250,), (1, 199), (199, 1), (3, 0, 0), (100, 100, 100), (450, 3, 220, 90), (1,) * 10, (1,) * 14,
     (130,) * 12, (1000, 1000, 1000, 1000)],
)  # fmt: skip
async def test_a_project_of_n_tasks_costs_one_request_more_than_its_pages_at_most(
    counts: tuple[int, ...],
) -> None:
    board = Board(*counts)
    provider = scripted(board.server)
    found = await provider.list_tasks("77")
    assert len({one.id for one in found}) == len(found) == board.total
    assert {one.project_id for one in found} <= {"77"}
    assert len(board.server.requests) <= 1 + max(1, ceil(board.total / 100))


async def test_several_sections_cost_far_less() -> None:
    board = Board(1000, 1000, 1000, 1000)
    await scripted(board.server).list_tasks("77")
    assert len(board.server.requests) == 1 + 10


async def test_the_next_pages_are_asked_for_before_these_are_used() -> None:
    board = Board(300, 300)
    provider = scripted(board.server)
    pages = provider._listing.pages(Tree("77"), ["name"], window=2)
    assert [len(board.server.requests) async for _ in pages] == [3, 4, 4]


async def test_a_project_that_no_list_holds_is_asked_for_once() -> None:
    board, time = Board(1), FakeTime()
    found = board.tasks("500") + [board.task(str(900 + one), "500") for one in range(499)]
    for one in found:
        one["memberships"] = [*one["memberships"], {"project": {"gid": "88"}, "section": {"gid": "7"}}]
    page = board.page(found)

    def slow(params: dict[str, str], body: Any) -> Any:
        time.now += 5.0
        return page(params, body)

    board.server._answers["GET /projects/77/tasks"] = slow
    board.server._answers["GET /projects"] = {"data": [{"gid": "77", "name": "P"}], "next_page": None}
    provider = scripted(board.server, timing=time.timing())
    assert len([one async for one in provider.iter_tasks("77")]) == 500
    lists = [one for one in board.server.requests if one.url.path == "/api/1.0/projects"]
    assert len(lists) <= 2


async def test_one_page_in_memory_is_one_chain() -> None:
    board = Board(150, 150)
    found = [one async for one in scripted(board.server).iter_tasks("77")]
    assert len(found) == 300
    asked = [one.url.path for one in board.server.requests if one.url.path.endswith("/tasks")]
    assert asked == ["/api/1.0/projects/77/tasks"] * 3


async def test_a_few_tasks_cost_one_request() -> None:
    board = Board(150, 150)
    assert len(await scripted(board.server).list_tasks("77", limit=5)) == 5
    tasks = [one for one in board.server.requests if one.url.path.endswith("/tasks")]
    assert len(tasks) == 1
    assert tasks[0].url.params["limit"] == "5"


async def test_subtasks_cost_an_action_for_each_task_that_has_some() -> None:
    board = Board(25)
    found = board.tasks("500")
    for one in found:
        one["num_subtasks"] = 2
        below = [board.task(f"{one['gid']}{n}", None, parent={"gid": one["gid"]}) for n in (1, 2)]
        below[0]["num_subtasks"] = 1
        deepest = board.task(f"{one['gid']}11", None, parent={"gid": below[0]["gid"]})
        board.server._answers[f"GET /tasks/{one['gid']}/subtasks"] = {"data": below, "next_page": None}
        board.server._answers[f"GET /tasks/{below[0]['gid']}/subtasks"] = {
            "data": [deepest],
            "next_page": None,
        }
    board.server._answers["GET /projects/77/tasks"] = board.page(found)
    tasks = await scripted(board.server).list_tasks("77")
    assert len(tasks) == 25 * 4
    assert {one.project_id for one in tasks} == {"77"}
    assert {one.parent_task_id is None for one in tasks} == {True, False}
    assert len(board.server.requests) == 2 + 3 + 3


async def test_a_subtask_that_is_in_the_project_itself_comes_once() -> None:
    board = Board(1)
    top = board.task("1", "500", num_subtasks=1)
    below = board.task("2", "500", parent={"gid": "1"})
    board.server._answers["GET /projects/77/tasks"] = board.page([below, top])
    board.server._answers["GET /tasks/1/subtasks"] = {"data": [below], "next_page": None}
    assert sorted(one.id for one in await scripted(board.server).list_tasks("77")) == ["1", "2"]


async def test_a_subtask_of_another_project_is_listed_there() -> None:
    board = Board(1)
    top = board.task("1", "500", num_subtasks=1)
    below = board.task("2", None, parent={"gid": "1"}, num_subtasks=1)
    below["memberships"] = [{"project": {"gid": "88"}, "section": {"gid": "9", "name": "Doing"}}]
    board.server._answers |= {
        "GET /projects/77/tasks": board.page([top]),
        "GET /tasks/1/subtasks": {"data": [below], "next_page": None},
        "GET /projects": {
            "data": [{"gid": "77", "name": "A"}, {"gid": "88", "name": "B"}],
            "next_page": None,
        },
    }
    assert [one.id for one in await scripted(board.server).list_tasks("77")] == ["1"]


async def test_a_list_that_is_too_large_is_read_section_by_section() -> None:
    board = Board(*[10] * 12)
    text = "The result is too large. You should use pagination (may require specifying a workspace)!"
    board.server._answers["GET /projects/77/tasks"] = answer({"errors": [{"message": text}]}, 400)
    assert len(await scripted(board.server).list_tasks("77")) == 120


async def test_a_section_that_is_deleted_meanwhile_loses_no_task() -> None:
    board = Board(5, 5)
    board.server._answers.pop("GET /sections/501/tasks")
    assert len(await scripted(board.server).list_tasks("77")) == 10


async def test_an_action_that_fails_for_now_is_asked_again() -> None:
    board = Board(5, 5)
    broken = iter([True])
    page = board.answers["GET /sections/501/tasks"]
    board.server._answers["GET /sections/501/tasks"] = lambda params, body: (
        answer({}, 503) if next(broken, False) else page(params, body)
    )
    assert len(await scripted(board.server).list_tasks("77")) == 10


async def test_a_chain_whose_token_expired_begins_anew() -> None:
    board = Board(250, 5)
    lost = iter([True])
    page = board.answers["GET /sections/500/tasks"]
    expired = {"errors": [{"message": "offset: Your pagination token has expired."}]}
    board.server._answers["GET /sections/500/tasks"] = lambda params, body: (
        answer(expired, 400) if params.get("offset") and next(lost, False) else page(params, body)
    )
    found = await scripted(board.server).list_tasks("77")
    assert len({one.id for one in found}) == len(found) == 255


# filters


async def test_filters_hold_together_and_know_subtasks(site: Site) -> None:
    async with site.provider() as provider:
        one = await provider.create_task(PMTask(title="a", project_id=site.project, assignee_id=site.me))
        child = await provider.create_task(
            PMTask(title="b", project_id=site.project, parent_task_id=one.id, assignee_id="me")
        )
        done = await provider.create_task(PMTask(title="c", project_id=site.project, status="completed"))
        listed = await provider.list_tasks(site.project)
        assert {task.id for task in listed} == {one.id, child.id, done.id}
        assert {task.id for task in await provider.list_tasks(site.project, assignee_id="me")} == {
            one.id,
            child.id,
        }
        assert [task.id for task in await provider.list_tasks(site.project, status="completed")] == [done.id]
        assert [task.id for task in await provider.list_tasks(site.project, status="done")] == [done.id]
        assert [
            task.id for task in await provider.list_tasks(site.project, status=site.sections["Done"])
        ] == [done.id]
        assert await provider.list_tasks(site.project, status="cancelled") == []
        with pytest.raises(ValidationError, match="Doing"):
            await provider.list_tasks(site.project, status="Shipped")
        assert await provider.list_tasks(site.project, assignee_id="nobody@example.com") == []
        assert {task.id for task in await provider.list_tasks(assignee_id="me")} == {one.id, child.id}
        site.box.clock.advance(100)
        await provider.update_task(child.id, {"title": "changed"})
        changed = await provider.get_task(child.id)
        assert changed is not None
        found = await provider.list_tasks(site.project, updated_since=changed.updated_at)
        assert [task.id for task in found] == [child.id]


async def test_all_projects_and_ones_own_tasks_outside_of_them(site: Site) -> None:
    other = site.new_project("Venus", "Open")
    async with site.provider() as provider:
        a = await provider.create_task(PMTask(title="a", project_id=site.project))
        b = await provider.create_task(PMTask(title="b", project_id=other))
        raw = {"data": {"name": "private", "workspace": site.workspace, "assignee": "me"}}
        made = await provider.request("POST", "tasks", json=raw)
        found = {one.id: one.project_id for one in await provider.list_tasks()}
        assert found == {a.id: site.project, b.id: other, made.data["data"]["gid"]: None}


@pytest.mark.parametrize("project", ["999", "mars", "../users"])
async def test_an_unknown_project(site: Site, project: str) -> None:
    async with site.provider() as provider:
        with pytest.raises(NotFoundError):
            await provider.list_tasks(project)
        assert await provider.get_project(project) is None


async def test_fields_behind_scopes_are_done_without() -> None:
    board = Board(3)
    page = board.answers["GET /projects/77/tasks"]
    refused = {"errors": [{"message": "Your token lacks the scope time_tracking_entries:read"}]}

    def limited(params: dict[str, str], body: Any) -> Any:
        return answer(refused, 403) if "actual_time_minutes" in params["opt_fields"] else page(params, body)

    board.server._answers["GET /projects/77/tasks"] = limited
    provider = scripted(board.server)
    assert len([one async for one in provider.iter_tasks("77")]) == 3
    one = board.task("1", "500")
    board.server._answers["GET /tasks/1"] = lambda params, _b: (
        answer(refused, 403) if "actual_time_minutes" in params["opt_fields"] else {"data": one}
    )
    single = scripted(board.server, sprint_mode="none")
    assert (await single.get_task("1")) is not None
    before = len(board.server.requests)
    assert len([one async for one in provider.iter_tasks("77")]) == 3
    assert [
        one.url.params.get("opt_fields", "").count("actual") for one in board.server.requests[before:]
    ] == [0]
