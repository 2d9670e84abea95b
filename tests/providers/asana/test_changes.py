"""The stream of changes: misses nothing, tells what is gone, and costs little when nothing happened."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers import PMSprint, PMTask
from pm_providers.contract import ChangePage
from pm_providers.errors import NotFoundError, ProviderError, ValidationError
from pm_providers.providers.asana.change_cursor import ChangeCursor
from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.site import FakeTime, Scripted, Site, answer, scripted


async def _made(provider: AsanaProvider, site: Site, count: int, **fields: Any) -> list[PMTask]:
    drafts = [PMTask(title=f"t{one}", project_id=site.project, **fields) for one in range(count)]
    return (await provider.create_tasks(drafts)).items


async def _all(
    provider: AsanaProvider, project: str, cursor: str | None = None, limit: int | None = None
) -> ChangePage:
    """All pages as one."""
    upserts: dict[str, PMTask] = {}
    deleted: list[str] = []
    for _ in range(200):
        page = await provider.changes(project, cursor, limit=limit)
        assert limit is None or len(page.upserts) <= limit
        upserts |= {one.id: one for one in page.upserts}
        deleted += page.deleted_ids
        cursor = page.cursor
        if not page.has_more:
            return ChangePage(list(upserts.values()), deleted, cursor)
    raise AssertionError("never ends")


async def test_the_first_pass_hands_out_everything(site: Site, provider: AsanaProvider) -> None:
    made = await _made(provider, site, 12)
    children = [
        await provider.create_task(PMTask(title="c", project_id=site.project, parent_task_id=made[0].id))
        for _ in range(5)
    ]
    below = await provider.create_task(
        PMTask(title="d", project_id=site.project, parent_task_id=children[0].id)
    )
    everything = {one.id for one in (*made, *children, below)}
    for limit in (None, 1, 3, 100):
        page = await _all(provider, site.project, limit=limit)
        assert {one.id for one in page.upserts} == everything
        assert page.deleted_ids == []
        again = await provider.changes(site.project, page.cursor)
        assert (again.upserts, again.deleted_ids, again.has_more) == ([], [], False)


async def test_a_project_that_is_too_large_for_one_chain_is_told_as_a_whole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site.provider(page_size=2) as provider:
        made = await _made(provider, site, 4) + await _made(provider, site, 4, status="blocked")
        monkeypatch.setattr("pm_providers.sandbox.asana.paging.COLLECTION_CAP", 5)
        first = await _all(provider, site.project)
        assert {one.id for one in first.upserts} == {one.id for one in made}
        assert (await _all(provider, site.project, first.cursor)).upserts == []
        site.box.state.event_lag_s = 3600.0
        for one in made:
            await provider.update_task(one.id, {"title": "new"})
        later = await _all(provider, site.project, first.cursor)
        assert {(one.id, one.title) for one in later.upserts} == {(one.id, "new") for one in made}
        assert (await _all(provider, site.project, later.cursor)).upserts == []


async def test_what_happens_between_pages_is_told_by_the_last_one(
    site: Site, provider: AsanaProvider
) -> None:
    await _made(provider, site, 6)
    first = await provider.changes(site.project, limit=4)
    await provider.update_task(first.upserts[0].id, {"title": "later"})
    rest = await _all(provider, site.project, first.cursor, limit=4)
    assert {one.id: one.title for one in rest.upserts}[first.upserts[0].id] == "later"
    for one in first.upserts:
        await provider.update_task(one.id, {"title": "again"})
    some = await provider.changes(site.project, rest.cursor, limit=3)
    assert some.has_more
    await provider.update_task(some.upserts[0].id, {"title": "at last"})
    last = await _all(provider, site.project, some.cursor, limit=3)
    assert {one.id: one.title for one in last.upserts}[some.upserts[0].id] == "at last"


async def test_an_idle_call_costs_two_requests(site: Site, provider: AsanaProvider) -> None:
    await _made(provider, site, 30)
    page = await _all(provider, site.project)
    for _ in range(3):
        before = len(site.box.log)
        page = await provider.changes(site.project, page.cursor)
        assert (page.upserts, page.deleted_ids) == ([], [])
        assert len(site.box.log) - before == 2


async def test_what_changes_is_told_once(site: Site, provider: AsanaProvider) -> None:
    one, two, _ = await _made(provider, site, 3)
    child = await provider.create_task(PMTask(title="c", project_id=site.project, parent_task_id=one.id))
    page = await _all(provider, site.project)
    site.box.clock.advance(3600)
    await provider.update_task(one.id, {"title": "new"})
    await provider.update_task(child.id, {"title": "new child"})
    await provider.update_task(two.id, {"status": "Doing"})
    fresh = await provider.create_task(PMTask(title="fresh", project_id=site.project))
    page = await _all(provider, site.project, page.cursor)
    assert {task.id for task in page.upserts} == {one.id, child.id, two.id, fresh.id}
    assert {task.title for task in page.upserts} == {"new", "new child", "t1", "fresh"}
    again = await _all(provider, site.project, page.cursor)
    assert again.upserts == []


async def test_what_is_gone(site: Site, provider: AsanaProvider) -> None:
    other = site.new_project("Venus", "Open")
    deleted, moved, parent, kept = await _made(provider, site, 4)
    child = await provider.create_task(PMTask(title="c", project_id=site.project, parent_task_id=parent.id))
    moving = await provider.create_task(PMTask(title="m", project_id=site.project, parent_task_id=moved.id))
    page = await _all(provider, site.project)
    await provider.delete_task(deleted.id)
    await provider.delete_task(parent.id)
    await provider.update_task(moved.id, {"project_id": other})
    there = await _all(provider, other)
    page = await _all(provider, site.project, page.cursor)
    assert set(page.deleted_ids) == {deleted.id, parent.id, child.id, moved.id, moving.id}
    assert page.upserts == []
    assert {task.id for task in there.upserts} == {moved.id, moving.id}
    assert [task.id for task in await provider.list_tasks(site.project)] == [kept.id]
    back = await provider.update_task(moved.id, {"project_id": site.project})
    page = await _all(provider, site.project, page.cursor)
    assert {task.id for task in page.upserts} == {back.id, moving.id}
    left = await _all(provider, other, there.cursor)
    assert set(left.deleted_ids) == {moved.id, moving.id}


async def test_a_sprint_is_no_move(site: Site, provider: AsanaProvider) -> None:
    (one,) = await _made(provider, site, 1)
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.project))
    page = await _all(provider, site.project)
    await provider.update_task(one.id, {"sprint_id": sprint.id})
    page = await _all(provider, site.project, page.cursor)
    assert page.deleted_ids == []
    assert [task.sprint_id for task in page.upserts] == [sprint.id]


async def test_an_archived_project_keeps_its_tasks(site: Site, provider: AsanaProvider) -> None:
    await _made(provider, site, 2)
    page = await _all(provider, site.project)
    await provider.update_project(site.project, {"status": "archived"})
    page = await _all(provider, site.project, page.cursor)
    assert page.deleted_ids == []


async def test_a_project_that_is_gone_is_an_error_and_not_many_deletes(
    site: Site, provider: AsanaProvider
) -> None:
    await _made(provider, site, 2)
    page = await _all(provider, site.project)
    await provider.delete_project(site.project)
    with pytest.raises(NotFoundError):
        await provider.changes(site.project, page.cursor)
    with pytest.raises(NotFoundError):
        await provider.changes(site.project)


async def test_a_project_that_may_not_be_seen_any_more_is_an_error() -> None:
    hidden = Feed()
    provider = scripted(hidden.server)
    page = await provider.changes("77")
    hidden.server._answers["GET /events"] = answer({"errors": [{"message": "Forbidden"}]}, 403)
    with pytest.raises(NotFoundError):
        await provider.changes("77", page.cursor)


async def test_a_token_that_expired_is_made_up_for(site: Site) -> None:
    time = FakeTime()
    async with site.provider(timing=time.timing()) as provider:
        one, two, three = await _made(provider, site, 3)
        child = await provider.create_task(PMTask(title="c", project_id=site.project, parent_task_id=one.id))
        page = await _all(provider, site.project)
        site.box.clock.advance(25 * 3600)
        await provider.update_task(child.id, {"title": "changed below"})
        await provider.update_task(two.id, {"title": "changed"})
        await provider.delete_task(three.id)
        state = ChangeCursor.read("asana", page.cursor)
        state.sync = "long-gone"
        page = await _all(provider, site.project, state.write("asana"))
        assert {task.title for task in page.upserts} >= {"changed below", "changed"}
        assert page.deleted_ids == [three.id]


class Feed:
    """A scripted project whose feed tells what it is told to."""

    def __init__(self, count: int = 3) -> None:
        self.tasks = {str(one): self.task(str(one)) for one in range(1, count + 1)}
        self.events: list[dict[str, Any]] = []
        self.server = Scripted(
            {
                "GET /projects/77": {"data": {"gid": "77", "name": "P"}},
                "GET /projects/77/tasks": lambda _p, _b: {
                    "data": list(self.tasks.values()),
                    "next_page": None,
                },
                "GET /projects/77/sections": {"data": [{"gid": "5", "name": "Doing"}], "next_page": None},
                "GET /tasks": self._since,
                "GET /events": self._events,
            }
        )
        for one in self.tasks:
            self.server._answers[f"GET /tasks/{one}"] = lambda _p, _b, name=one: (
                {"data": self.tasks[name]} if name in self.tasks else answer({}, 404)
            )

    @staticmethod
    def task(one: str, at: str = "2026-03-05T10:00:00.000Z", **more: Any) -> dict[str, Any]:
        there = [{"project": {"gid": "77"}, "section": {"gid": "5", "name": "Doing"}}]
        return {"gid": one, "name": one, "modified_at": at, "memberships": there, **more}

    def _since(self, params: dict[str, str], _body: Any) -> Any:
        since = params["modified_since"]
        return {
            "data": [one for one in self.tasks.values() if one["modified_at"] >= since],
            "next_page": None,
        }

    def _events(self, params: dict[str, str], _body: Any) -> Any:
        if "sync" not in params:
            return answer({"errors": [{"message": "Sync token invalid or too old."}], "sync": "s0"}, 412)
        told, self.events = self.events[:100], self.events[100:]
        return {"data": told, "sync": "s1", "has_more": bool(self.events)}


async def test_a_change_that_the_feed_never_told_is_found_by_its_time() -> None:
    feed = Feed()
    provider = scripted(feed.server)
    page = await provider.changes("77")
    feed.tasks["2"] = feed.task("2", "2026-03-05T11:00:00.000Z", name="missed")
    page = await provider.changes("77", page.cursor)
    assert [one.title for one in page.upserts] == ["missed"]


async def test_a_delete_that_the_feed_never_told_is_found_within_a_day() -> None:
    feed, time = Feed(), FakeTime()
    provider = scripted(feed.server, timing=time.timing())
    page = await provider.changes("77")
    del feed.tasks["2"]
    page = await provider.changes("77", page.cursor)
    assert page.deleted_ids == []
    time.now += 25 * 3600
    page = await provider.changes("77", page.cursor)
    assert page.deleted_ids == ["2"]


async def test_a_change_without_a_later_time_is_told_by_the_feed() -> None:
    feed = Feed()
    provider = scripted(feed.server)
    page = await provider.changes("77")
    feed.tasks["1"]["completed"] = True
    feed.events = [{"action": "changed", "resource": {"gid": "1", "resource_type": "task"}}]
    page = await provider.changes("77", page.cursor)
    assert [one.id for one in page.upserts] == ["1"]
    feed.events = [{"action": "changed", "resource": {"gid": "1", "resource_type": "task"}}]
    assert (await provider.changes("77", page.cursor)).upserts == []  # told late, known already


async def test_events_of_comments_and_sections_lead_to_their_tasks() -> None:
    feed = Feed()
    provider = scripted(feed.server)
    page = await provider.changes("77")
    feed.tasks["3"]["name"] = "noted"
    feed.events = [
        {"action": "added", "resource": {"gid": "800", "resource_type": "story"}, "parent": {"gid": "3", "resource_type": "task"}},
        {"action": "changed", "resource": {"gid": "5", "resource_type": "section"}, "parent": None},
        {"action": "changed", "resource": None, "parent": {"gid": "../x", "resource_type": "task"}},
    ] * 60  # fmt: skip
    page = await provider.changes("77", page.cursor)
    assert [one.title for one in page.upserts] == ["noted"]


async def test_a_feed_that_never_ends_is_an_error() -> None:
    feed = Feed()
    provider = scripted(feed.server)
    page = await provider.changes("77")
    feed.server._answers["GET /events"] = {"data": [], "sync": "s", "has_more": True}
    with pytest.raises(ProviderError, match="never ends"):
        await provider.changes("77", page.cursor)


async def test_a_scan_whose_token_expired_begins_anew() -> None:
    feed, lost = Feed(5), iter([False, True])

    def page_of(params: dict[str, str], _body: Any) -> Any:
        if params.get("offset") and next(lost, False):
            return answer({"errors": [{"message": "offset: Your pagination token has expired."}]}, 400)
        start, size = int(params.get("offset", "0").removeprefix("at")), int(params["limit"])
        after = {"offset": f"at{start + size}"} if start + size < len(feed.tasks) else None
        return {"data": list(feed.tasks.values())[start : start + size], "next_page": after}

    feed.server._answers["GET /projects/77/tasks"] = page_of
    page = await _all(scripted(feed.server), "77", limit=2)
    assert {one.id for one in page.upserts} == {"1", "2", "3", "4", "5"}


@pytest.mark.parametrize("cursor", ["", "x", "eJxTTEoGAAJNASc"])
async def test_foreign_cursors_are_refused(site: Site, provider: AsanaProvider, cursor: str) -> None:
    with pytest.raises(ValidationError):
        await provider.changes(site.project, cursor)


async def test_a_cursor_of_another_project_is_refused(site: Site, provider: AsanaProvider) -> None:
    page = await provider.changes(site.project)
    with pytest.raises(ValidationError, match="another project"):
        await provider.changes(site.new_project("Venus"), page.cursor)


def test_ids_in_a_cursor_are_digits() -> None:
    state = ChangeCursor("77", "s")
    state.expect(["../users/me"])
    with pytest.raises(ValidationError):
        ChangeCursor.read("asana", state.write("asana"))


async def test_pictures_signed_anew_are_no_change() -> None:
    feed = Feed()
    asked = 0

    def picture(one: str) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        html = f'<body><img data-asana-gid="8" src="https://files.example.com/8?Signature={asked}"/></body>'
        return feed.task(one, html_notes=html)

    def tasks(_params: dict[str, str], _body: Any) -> Any:
        return {"data": [picture(one) for one in feed.tasks], "next_page": None}

    feed.server._answers |= {"GET /projects/77/tasks": tasks, "GET /tasks": tasks}
    provider = scripted(feed.server)
    first = await provider.changes("77")
    assert len(first.upserts) == len(feed.tasks)
    assert (await provider.changes("77", first.cursor)).upserts == []
