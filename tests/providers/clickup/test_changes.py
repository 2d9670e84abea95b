"""Changes of a project's tasks: nothing is missed, and deletes are told apart."""

from __future__ import annotations

import pytest

from pm_providers import PMProject, PMSprint, PMTask
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import (
    HIDES,
    LIST,
    SPACE,
    TEAM,
    FakeTime,
    Scripted,
    Site,
    answer,
    connected,
    fault,
    task,
)

LISTING = f"GET team/{TEAM}/task"


class World:
    """A space with tasks in one list, whose counts may leave out what the vendor is said to leave out."""

    def __init__(self, count: int = 3, *, counts_closed: bool = True, orders: bool = True) -> None:
        self.orders = orders
        hours = [str(1767607200000 - (count - one) * 3_600_000) for one in range(count)]
        old = {"date_created": "1760000000000"}
        self.tasks = {f"86{one}": task(f"86{one}", date_updated=hours[one], **old) for one in range(count)}
        self.counts_closed = counts_closed
        self.server = Scripted({LISTING: self.listed, f"GET space/{SPACE}/list": self.lists})
        for key in self.tasks:
            self.server.set(f"GET task/{key}", self.one)

    def listed(self, request):
        params = request.url.params
        since = int(params.get("date_updated_gt", "0"))
        rows = [
            one for one in self.tasks.values() if int(one["date_updated"]) > since and not one["archived"]
        ]
        if params.get("order_by") == "updated" and self.orders:
            rows.sort(key=lambda one: one["date_updated"], reverse=True)
        start = int(params["page"]) * 100
        found = {"tasks": rows[start : start + 100], "last_page": start + 100 >= len(rows)}
        return answer(found, date="Mon, 05 Jan 2026 09:00:00 GMT")

    def lists(self, _request):
        counted = [
            one
            for one in self.tasks.values()
            if not one["archived"] and (self.counts_closed or one["status"]["type"] != "closed")
        ]
        return answer(
            {"lists": [{"id": LIST, "name": "Backlog", "task_count": len(counted), "space": {"id": SPACE}}]}
        )

    def one(self, request):
        found = self.tasks.get(request.url.path.rpartition("/")[2])
        return answer(found) if found is not None else fault(*HIDES)

    def put(self, key: str, **given) -> None:
        """Create or change a task."""
        known = self.tasks.get(key, task(key))
        newest = max((int(one["date_updated"]) for one in self.tasks.values()), default=1767607200000)
        self.tasks[key] = {**known, "date_updated": str(newest + 1000), **given}
        self.server.set(f"GET task/{key}", self.one)


async def drain(
    provider: ClickUpProvider, cursor: str | None = None, project: str = SPACE, limit: int | None = None
):
    upserts, deleted = [], []
    while True:
        page = await provider.changes(project, cursor, limit=limit)
        upserts += page.upserts
        deleted += page.deleted_ids
        cursor = page.cursor
        if not page.has_more:
            return upserts, deleted, cursor


def ids(tasks) -> list[str]:
    return sorted(one.id for one in tasks)


async def test_every_task_comes_then_what_changes_then_what_goes():
    world = World()
    provider = await connected(world.server)
    upserts, deleted, cursor = await drain(provider)
    assert (ids(upserts), deleted) == (["860", "861", "862"], [])
    world.put("861", name="new name")
    world.put("869")
    upserts, deleted, cursor = await drain(provider, cursor)
    assert ([one.id for one in upserts], deleted) == (["861", "869"], [])
    del world.tasks["860"]
    upserts, deleted, cursor = await drain(provider, cursor)
    assert (upserts, deleted) == ([], ["860"])
    assert (await drain(provider, cursor))[:2] == ([], [])


async def test_an_idle_call_costs_two_requests():
    world = World(250)
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    _, _, cursor = await drain(provider, cursor)
    world.server.requests.clear()
    assert (await drain(provider, cursor))[:2] == ([], [])
    assert len(world.server.calls) == 2


async def test_new_tasks_do_not_cost_a_comparison_of_all_ids():
    world = World(250)
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    _, _, cursor = await drain(provider, cursor)
    world.put("86new")
    world.server.requests.clear()
    upserts, _, _ = await drain(provider, cursor)
    assert ids(upserts) == ["86new"]
    assert len(world.server.calls) == 2


async def test_a_delete_that_a_new_task_hides_from_the_sum_is_found():
    world = World()
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    del world.tasks["861"]
    world.put("86new")
    upserts, deleted, _ = await drain(provider, cursor)
    assert (ids(upserts), deleted) == (["86new"], ["861"])


async def test_counts_that_leave_out_closed_tasks_delete_nothing():
    world = World(counts_closed=False)
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    closed = {"status": "complete", "type": "closed", "id": "p3"}
    world.put("861", status=closed)
    upserts, deleted, cursor = await drain(provider, cursor)
    assert (ids(upserts), deleted) == (["861"], [])
    del world.tasks["860"]
    assert (await drain(provider, cursor))[1] == ["860"]


async def test_an_archived_task_comes_once_more_and_is_not_told_as_deleted():
    world = World()
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    world.tasks["861"]["archived"] = True
    upserts, deleted, cursor = await drain(provider, cursor)
    assert ([(one.id, one.is_archived) for one in upserts], deleted) == ([("861", True)], [])
    assert (await drain(provider, cursor))[:2] == ([], [])
    world.put("861", archived=False)
    upserts, deleted, cursor = await drain(provider, cursor)
    assert ([(one.id, one.is_archived) for one in upserts], deleted) == ([("861", False)], [])


async def test_a_task_that_moved_to_another_space_is_gone_from_this_one():
    world = World()
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    moved = world.tasks.pop("861")
    world.server.set("GET task/861", {**moved, "space": {"id": "791"}})
    assert (await drain(provider, cursor))[1] == ["861"]


async def test_a_project_that_may_not_be_seen_any_more_is_an_error_and_deletes_nothing():
    world = World()
    time = FakeTime()
    provider = await connected(world.server, timing=time.timing())
    _, _, cursor = await drain(provider)
    for name in (LISTING, f"GET space/{SPACE}", f"GET space/{SPACE}/folder", f"GET space/{SPACE}/list"):
        world.server.set(name, fault(*HIDES))
    time.now += 3600
    with pytest.raises(NotFoundError):
        await provider.changes(SPACE, cursor)


async def test_tasks_that_seem_gone_because_a_list_is_cut_are_looked_up():
    world = World()
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    world.server.set(LISTING, {"tasks": [], "last_page": True})
    world.server.set(f"GET space/{SPACE}/list", {"lists": []})
    upserts, deleted, _ = await drain(provider, cursor)
    assert (upserts, deleted) == ([], [])


async def test_a_big_project_comes_in_steps_and_whole():
    world = World(1234)
    provider = await connected(world.server)
    page = await provider.changes(SPACE)
    assert (len(page.upserts), page.has_more) == (500, True)
    upserts, deleted, cursor = await drain(provider, page.cursor)
    assert (len({one.id for one in (*page.upserts, *upserts)}), deleted) == (1234, [])
    for number in range(700):
        world.put(f"86{number}")
    upserts, deleted, _ = await drain(provider, cursor)
    assert (len({one.id for one in upserts}), deleted) == (700, [])


async def test_the_limit_bounds_a_page():
    world = World(7)
    provider = await connected(world.server)
    page = await provider.changes(SPACE, limit=3)
    assert (len(page.upserts), page.has_more) == (3, True)
    upserts, _, _ = await drain(provider, page.cursor, limit=3)
    assert sorted({*ids(page.upserts), *ids(upserts)}) == ids(await provider.list_tasks(SPACE))


async def test_a_cursor_of_another_project_or_of_nobody_is_refused():
    world = World()
    world.server.set("GET space/791", {"id": "791", "name": "B"})
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    for project, bad in ((SPACE, "x"), ("791", cursor), (SPACE, cursor[:-9])):
        with pytest.raises(ValidationError):
            await provider.changes(project, bad)
    with pytest.raises(NotFoundError):
        await provider.changes("999")


async def test_changes_against_the_sandbox(site: Site, provider: ClickUpProvider):
    project = (await provider.create_project(PMProject(name="Mars"))).id
    made = [await provider.create_task(PMTask(title=f"t{one}", project_id=project)) for one in range(4)]
    upserts, _, cursor = await drain(provider, project=project)
    assert ids(upserts) == ids(made)
    await provider.delete_task(made[0].id)
    await provider.update_task(made[1].id, {"title": "new"})
    await provider.request("PUT", f"task/{made[2].id}", json={"archived": True})
    upserts, deleted, cursor = await drain(provider, cursor, project=project)
    assert {one.id for one in upserts} == {made[1].id, made[2].id}
    assert deleted == [made[0].id]
    await provider.update_task(made[3].id, {"project_id": site.space})
    _, deleted, _ = await drain(provider, cursor, project=project)
    assert deleted == [made[3].id]


async def test_many_deletes_are_confirmed_by_comparing_again_and_not_one_by_one():
    world = World(300)
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    gone = [f"86{one}" for one in range(10, 110)]
    world.tasks["86200"]["archived"] = True
    world.server.set(f"GET list/{LIST}/task", {"tasks": [world.tasks["86200"]], "last_page": True})
    for one in gone:
        del world.tasks[one]
    world.server.requests.clear()
    upserts, deleted, _ = await drain(provider, cursor)
    assert ([(one.id, one.is_archived) for one in upserts], sorted(deleted)) == (
        [("86200", True)],
        sorted(gone),
    )
    assert len(world.server.calls) < 30


async def test_a_comparison_reads_pages_at_once_and_wastes_none():
    world = World(1250)
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    del world.tasks["863"]
    world.server.requests.clear()
    assert (await drain(provider, cursor))[1] == ["863"]
    assert world.server.calls.count(LISTING) == 1 + 13


async def test_an_order_by_change_that_is_none_only_costs_requests():
    world = World(450, orders=False)
    provider = await connected(world.server)
    upserts, _, cursor = await drain(provider)
    assert len({one.id for one in upserts}) == 450
    world.put("8600")
    world.put("86333")
    upserts, deleted, cursor = await drain(provider, cursor)
    assert ({one.id for one in upserts}, deleted) == ({"8600", "86333"}, [])
    world.server.requests.clear()
    assert (await drain(provider, cursor))[:2] == ([], [])
    assert len(world.server.calls) == 2


async def test_the_first_pass_reads_each_page_once_for_the_tasks_and_once_for_their_ids():
    world = World(2300)
    provider = await connected(world.server)
    upserts, deleted, _ = await drain(provider)
    assert (len({one.id for one in upserts}), deleted) == (2300, [])
    pages = 23
    assert world.server.calls.count(LISTING) <= 1 + 2 * pages


async def test_what_was_read_ahead_is_not_handed_out_a_minute_later():
    world, time = World(1100), FakeTime()
    provider = await connected(world.server, timing=time.timing())
    page = await provider.changes(SPACE)
    world.tasks["86700"]["name"] = "changed without a trace"
    time.now += 61
    upserts, _, _ = await drain(provider, page.cursor)
    assert next(one.title for one in upserts if one.id == "86700") == "changed without a trace"


async def test_who_begins_anew_gets_what_is_there_now():
    world = World(1100)
    provider = await connected(world.server)
    await provider.changes(SPACE)
    world.tasks["863"]["name"] = "changed without a trace"
    page = await provider.changes(SPACE)
    assert next(one.title for one in page.upserts if one.id == "863") == "changed without a trace"


async def test_folders_and_other_lists_are_looked_at_in_turn():
    site = Site()
    async with site.provider() as provider:
        sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
        loose = await provider.create_task(PMTask(title="loose", project_id=site.space))
        made = await provider.request("POST", f"list/{sprint.id}/task", json={"name": "in a folder"})
        _, _, cursor = await drain(provider, project=site.space)
        asked = []
        for _ in range(4):
            site.box.log.clear()
            upserts, deleted, cursor = await drain(provider, cursor, project=site.space)
            assert (upserts, deleted) == ([], [])
            asked.append(sorted(one.path.rpartition("/")[2] for one in site.box.log))
        assert asked == [["list", "task"], ["folder", "task"]] * 2
        await provider.delete_task(loose.id)
        await provider.delete_task(made.data["id"])
        found = []
        for _ in range(2):
            _, deleted, cursor = await drain(provider, cursor, project=site.space)
            found += deleted
        assert sorted(found) == sorted([loose.id, made.data["id"]])


async def test_a_process_of_its_own_asks_no_more():
    site = Site()
    async with site.provider() as provider:
        await provider.create_task(PMTask(title="loose", project_id=site.space))
        _, _, cursor = await drain(provider, project=site.space)
    other = site.provider()
    site.box.log.clear()
    assert (await drain(other, cursor, project=site.space))[:2] == ([], [])
    assert site.box.log.count() == 2
    await other.aclose()


async def test_tasks_of_a_list_that_was_archived_are_not_told_as_deleted():
    """More than are asked for one by one: the tasks of archived lists are looked at."""
    site = Site()
    async with site.provider() as provider:
        gone = await provider.create_task(PMTask(title="gone", project_id=site.space))
        sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
        for number in range(25):
            await provider.request("POST", f"list/{sprint.id}/task", json={"name": f"t{number}"})
        upserts, _, cursor = await drain(provider, project=site.space)
        assert len(upserts) == 26
        lists = site.box.state.lists
        lists.change(lists[sprint.id], archived=True)
        await provider.delete_task(gone.id)
        _, deleted, _ = await drain(provider, cursor, project=site.space)
        assert deleted == [gone.id]


async def test_a_delete_right_after_the_first_pass_is_found_by_who_goes_on_much_later():
    """The process that made the first pass ended: its counts are gone, and those of now hide the delete."""
    world = World(600)
    first = await connected(world.server)
    page = await first.changes(SPACE)
    page = await first.changes(SPACE, page.cursor)
    assert page.has_more
    del world.tasks["861"]
    other = await connected(world.server)
    _, deleted, cursor = await drain(other, page.cursor)
    assert [*deleted, *(await drain(other, cursor))[1]] == ["861"]


async def test_a_delete_that_a_new_task_hides_right_after_the_first_pass_is_found():
    world = World(600)
    provider = await connected(world.server)
    page = await provider.changes(SPACE)
    page = await provider.changes(SPACE, page.cursor)
    assert page.has_more
    del world.tasks["861"]
    world.put("86new")
    upserts, deleted, cursor = await drain(provider, page.cursor)
    assert ids(upserts) == ["86new"]
    assert [*deleted, *(await drain(provider, cursor))[1]] == ["861"]


async def test_a_task_that_slipped_in_the_first_pass_is_found_though_a_new_one_hides_it_from_the_count():
    world = World(600)
    provider = await connected(world.server)
    page = await provider.changes(SPACE)
    upserts = list(page.upserts)
    del world.tasks["861"]  # those after it move up: one of them slips to the page that was read
    world.put("86new", date_created="1767603601000")
    more, deleted, cursor = await drain(provider, page.cursor)
    again, gone, _ = await drain(provider, cursor)
    assert ({one.id for one in (*upserts, *more, *again)}, [*deleted, *gone]) == (
        {*world.tasks, "861"},
        ["861"],
    )


async def test_a_delete_during_the_daily_comparison_is_found_by_the_next_call():
    world, time = World(300), FakeTime()
    provider = await connected(world.server, timing=time.timing())
    _, _, cursor = await drain(provider)
    _, _, cursor = await drain(provider, cursor)
    time.now += 25 * 3600
    listed = world.listed

    def deletes_after_the_first_page(request):
        found = listed(request)
        if request.url.params.get("order_by") == "created" and "date_updated_gt" not in request.url.params:
            world.tasks.pop("861", None)
        return found

    world.server.set(LISTING, deletes_after_the_first_page)
    _, deleted, cursor = await drain(provider, cursor)
    assert [*deleted, *(await drain(provider, cursor))[1]] == ["861"]


async def test_a_change_that_slips_while_others_are_deleted_is_not_lost():
    """What changed takes several pages, and a task on the first of them goes while the second is on its way."""
    world = World(300)
    provider = await connected(world.server)
    _, _, cursor = await drain(provider)
    for number in range(250):
        world.put(f"86{number}", name="new name")
    listed, gone = world.listed, "863"

    def deletes_after_the_first_page(request):
        found = listed(request)
        if request.url.params["page"] == "0" and request.url.params.get("order_by") == "created":
            world.tasks.pop(gone, None)
        return found

    world.server.set(LISTING, deletes_after_the_first_page)
    upserts, deleted = [], []
    for _ in range(3):
        more, less, cursor = await drain(provider, cursor)
        upserts, deleted = [*upserts, *more], [*deleted, *less]
    assert {one.id for one in upserts} >= {f"86{number}" for number in range(250)} - {gone}
    assert deleted == [gone]
