"""What lists count as a hint of how many tasks there are: what it costs, and that it decides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.clickup.site import LIST, SPACE, TEAM, FakeTime, Scripted, answer, connected, task

TEAM_LIST = f"GET team/{TEAM}/task"
FOLDERS, LISTS = f"GET space/{SPACE}/folder", f"GET space/{SPACE}/list"
DEV = {"id": "60", "name": "Dev", "hidden": False}
SPRINT = {"id": "55", "name": "Sprint 1 (3/2 - 3/15)"}


class Pages:
    """A list of tasks, as the vendor cuts it; `page` is called with each number."""

    def __init__(self, tasks: list[dict[str, Any]], page: Any = None) -> None:
        self.tasks, self.page = tasks, page

    def __call__(self, request: Any) -> Any:
        number = int(request.url.params["page"])
        if self.page is not None:
            self.page(number)
        end = number * 100 + 100
        return answer({"tasks": self.tasks[end - 100 : end], "last_page": end >= len(self.tasks)})


def tasks_of(count: int, **given: Any) -> list[dict[str, Any]]:
    return [task(f"86{one}", **given) for one in range(count)]


def in_folder(count: int, told: Any, **given: Any) -> Scripted:
    """A space whose tasks are in the list of a folder that counts `told` tasks."""
    place = {"id": "61", "name": "Build", "task_count": told}
    folders = [
        {**DEV, "task_count": "7", "lists": [place]},
        {"id": "50", "name": "Sprints", "hidden": False, "lists": [{**SPRINT, "task_count": 0}]},
    ]
    tasks = tasks_of(count, folder=DEV, project=DEV, list={"id": "61", "name": "Build"}, **given)
    return Scripted({TEAM_LIST: Pages(tasks), FOLDERS: {"folders": folders}})


def loose(count: int, told: Any) -> Scripted:
    place = {"id": LIST, "name": "Backlog", "task_count": told, "space": {"id": SPACE}}
    return Scripted({TEAM_LIST: Pages(tasks_of(count)), LISTS: {"lists": [place]}})


async def cost(server: Scripted, count: int, project: str = SPACE, **given: Any) -> int:
    """Requests of reading a project of so many tasks, all of which must come."""
    provider = await connected(server, **given)
    found = await provider.list_tasks(project)
    assert [one.id for one in found] == [f"86{one}" for one in range(count)]
    return len(server.calls)


@pytest.mark.parametrize("count", [1, 200, 201, 1250])
@pytest.mark.parametrize("part", [1, 0.5, 0])
@pytest.mark.parametrize("where", [loose, in_folder])
async def test_a_count_that_is_right_or_too_low_costs_one_request_at_most(where, count: int, part: float):
    server = where(count, int(count * part))
    assert await cost(server, count) <= 1 + -(-count // 100)


@pytest.mark.parametrize("where", [loose, in_folder])
async def test_the_count_is_asked_for_once_and_where_most_tasks_are(where):
    server = where(1200, "1200")
    assert await cost(server, 1200) == 1 + 12
    assert server.calls.count(LISTS if where is loose else FOLDERS) == 1


@pytest.mark.parametrize("where", [loose, in_folder])
async def test_a_count_that_is_too_high_costs_one_request_more(where):
    assert await cost(where(1200, 99_000), 1200) <= 2 + 12


@pytest.mark.parametrize("told", [None, "", "many", -5, 1.5, True, "\N{SUPERSCRIPT TWO}", "9" * 5000, {}, []])
async def test_a_count_that_is_none_loses_nothing(told: Any):
    assert await cost(loose(700, told), 700) <= 1 + 7


@pytest.mark.parametrize("broken", [answer({"err": "x"}, 500), answer({"lists": [3]}), answer([]), None])
async def test_counts_that_cannot_be_had_lose_nothing(broken: Any):
    server = loose(700, 700)
    server.set(LISTS, broken)
    provider = await connected(server, timing=FakeTime().timing())
    assert len(await provider.list_tasks(SPACE)) == 700


async def test_the_count_of_folders_and_the_sprints_are_one_request():
    """The tasks of the first page are in a sprint: which lists are sprints tells how many tasks there are."""
    server = in_folder(1200, 1200, locations=[SPRINT])
    assert await cost(server, 1200) == 1 + 12
    numbers = [int(one["page"]) for one in server.asked(TEAM_LIST)]
    assert numbers.index(11) < numbers.index(8), "the last page is tried out before its turn"


async def test_sprints_on_later_pages_cost_nothing_after_the_count_of_folders():
    server = in_folder(1200, 1200)
    server._answers[TEAM_LIST].tasks[1150]["locations"] = [SPRINT]
    assert await cost(server, 1200) == 1 + 12


async def test_sprints_on_later_pages_cost_one_more_where_tasks_lie_in_no_folder():
    """The hint was the count of the lists in no folder: the folders, which tell the sprints, are another one."""
    server = loose(1200, 1200)
    server._answers[TEAM_LIST].tasks[1150]["locations"] = [SPRINT]
    assert await cost(server, 1200) == 2 + 12


async def test_sprints_on_the_first_page_are_looked_up_instead_of_the_count():
    server = loose(1200, 99_000)
    server._answers[TEAM_LIST].tasks[0]["locations"] = [SPRINT]
    assert await cost(server, 1200) == 1 + 12
    assert LISTS not in server.calls


async def test_lists_that_count_tasks_at_home_elsewhere_are_not_added_up():
    server = in_folder(1200, 1200, locations=[SPRINT])
    folders = server._answers[FOLDERS]["folders"]
    folders[1]["lists"][0]["task_count"] = 1200
    assert await cost(server, 1200) == 1 + 12


@pytest.mark.parametrize("level", ["folder", "list"])
@pytest.mark.parametrize(("told", "most"), [("1250", 14), (600, 14), (90_000, 15)])
async def test_folders_and_lists_as_projects_are_counted_too(level: str, told: Any, most: int):
    server = in_folder(1250, told)
    if level == "list":
        server.set("GET list/61/task", server._answers[TEAM_LIST])
        server.set("GET list/61", {"id": "61", "name": "Build", "task_count": told, "space": {"id": SPACE}})
    project = {"folder": "60", "list": "61"}[level]
    assert await cost(server, 1250, project, project_level=level) <= most


async def test_a_list_that_takes_minutes_asks_for_its_sprints_once():
    """With 100 requests a minute, 10,000 tasks take more than one: what was looked up serves for all."""
    time = FakeTime()

    def page(_number: int) -> None:
        time.now += 40

    server = in_folder(1200, 1200, locations=[SPRINT])
    server._answers[TEAM_LIST].page = page
    assert await cost(server, 1200, timing=time.timing()) == 1 + 12


async def test_a_type_that_nobody_names_is_asked_for_once():
    """Types may be hidden from guests: a request for each page would double what a list costs."""
    server = Scripted({TEAM_LIST: Pages(tasks_of(1200, custom_item_id=4711))})
    provider = await connected(server)
    assert len(await provider.list_tasks(SPACE)) == 1200
    assert server.calls.count(f"GET team/{TEAM}/custom_item") == 1
    assert len(server.calls) <= 1 + 12
