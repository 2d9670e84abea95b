"""The stream of changes: nothing is missed, whatever the index does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pm_providers import AuthenticationError, NotFoundError, PMTask, ValidationError
from pm_providers.contract import decode_cursor, encode_cursor
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.kit import Clock
from tests.providers.jira.site import Scripted, Site, answer, scripted

START = datetime(2026, 11, 23, 9, 30, 30, tzinfo=UTC)


async def _all(
    provider: JiraProvider, cursor: str | None, **options: int
) -> tuple[list[str], list[str], str]:
    titles: list[str] = []
    deleted: list[str] = []
    while True:
        page = await provider.changes("ED", cursor, **options)
        titles += [one.title for one in page.upserts]
        deleted += page.deleted_ids
        cursor = page.cursor
        if not page.has_more:
            return titles, deleted, cursor


async def test_creations_changes_and_deletes_come_in_their_order(provider: JiraProvider) -> None:
    made = await provider.create_tasks([PMTask(title=f"t{one}", project_id="ED") for one in range(7)])
    titles, deleted, cursor = await _all(provider, None, limit=3)
    assert (titles, deleted) == ([f"t{one}" for one in range(7)], [])
    await provider.update_task(made.items[2].id, {"title": "changed"})
    await provider.delete_task(made.items[5].id)
    await provider.create_task(PMTask(title="new", project_id="ED"))
    titles, deleted, cursor = await _all(provider, cursor)
    assert (titles, deleted) == (["changed", "new"], [made.items[5].id])
    assert (await _all(provider, cursor))[:2] == ([], [])


async def test_a_change_that_the_index_learns_late_is_not_lost() -> None:
    clock = Clock(START)
    site = Site(clock=clock)
    async with site.provider() as ours, site.mias() as mias:
        first = await mias.create_task(PMTask(title="first", project_id="ED"))
        clock.advance(600)
        second = await mias.create_task(PMTask(title="second", project_id="ED"))
        clock.advance(600)
        _, _, cursor = await _all(ours, None)
        await mias.update_task(first.id, {"title": "first changed"})
        clock.advance(90)
        await mias.update_task(second.id, {"title": "second changed"})
        site.box.state.settings["index_lag_s"] = 60.0  # knows the first of them only
        titles, _, cursor = await _all(ours, cursor)
        assert titles == ["first changed"]
        site.box.state.settings["index_lag_s"] = 0.0
        clock.advance(60)
        titles, deleted, cursor = await _all(ours, cursor)
        assert (titles, deleted) == (["second changed"], [])
        assert (await _all(ours, cursor))[:2] == ([], [])


async def test_a_task_that_the_index_still_shows_is_deleted_for_those_who_deleted_it() -> None:
    site = Site()
    async with site.provider() as provider:
        made = await provider.create_task(PMTask(title="x", project_id="ED"))
        _, _, cursor = await _all(provider, None)
        site.box.state.settings["index_lag_s"] = 60.0
        await provider.delete_task(made.id)
        assert (await _all(provider, cursor))[1] == [made.id]


async def test_states_within_one_minute_are_told_apart(provider: JiraProvider) -> None:
    made = await provider.create_task(PMTask(title="a", project_id="ED"))
    _, _, cursor = await _all(provider, None)
    for title in "bcd":
        await provider.update_task(made.id, {"title": title})
        titles, _, cursor = await _all(provider, cursor)
        assert titles == [title]


async def test_a_task_that_moves_away_is_gone_here_and_new_there(provider: JiraProvider) -> None:
    made = await provider.create_task(PMTask(title="x", project_id="ED"))
    _, _, cursor = await _all(provider, None)
    await provider.update_task(made.id, {"project_id": "SC"})
    assert (await _all(provider, cursor))[1] == [made.id]


async def test_nothing_new_costs_two_small_requests(site: Site, provider: JiraProvider) -> None:
    clock_free = await provider.create_tasks([PMTask(title="x", project_id="ED")] * 3)
    assert clock_free.ok
    _, _, cursor = await _all(provider, None)
    site.box.log.clear()
    await _all(provider, cursor)
    paths = sorted(one.path.rpartition("/")[2] for one in site.box.log)
    assert paths == ["approximate-count", "jql"]


async def test_a_process_of_its_own_needs_no_more(site: Site, provider: JiraProvider) -> None:
    await provider.create_tasks([PMTask(title="x", project_id="ED")] * 3)
    _, _, cursor = await _all(provider, None)
    provider_of_another = site.provider()
    site.box.log.clear()
    assert (await provider_of_another.changes(site.ed, cursor)).upserts == []
    assert site.box.log.count() == 2
    await provider_of_another.aclose()


async def test_a_window_of_many_pages_is_looked_at_by_its_newest() -> None:
    clock = Clock(START)
    site = Site(clock=clock)
    async with site.provider(page_size=2) as ours, site.mias() as mias:
        made = [await mias.create_task(PMTask(title=f"t{one}", project_id="ED")) for one in range(6)]
        clock.advance(600)
        _, _, cursor = await _all(ours, None)
        for number in (0, 1, 2, 3):
            await mias.update_task(made[number].id, {"title": f"new {number}"})
            clock.advance(1)
        titles, _, cursor = await _all(ours, cursor)
        assert titles == [f"new {number}" for number in (0, 1, 2, 3)]
        site.box.log.clear()
        assert (await _all(ours, cursor))[:2] == ([], [])
        assert site.box.log.count() == 2, "a look at the newest two, and the count"
        await mias.update_task(made[1].id, {"title": "again"})
        titles, _, cursor = await _all(ours, cursor)
        assert titles == ["again"]


async def test_a_project_that_is_gone_is_an_error_not_a_flood_of_deletes(
    site: Site, provider: JiraProvider
) -> None:
    await provider.create_task(PMTask(title="x", project_id="ED"))
    _, _, cursor = await _all(provider, None)
    await provider.delete_project(site.ed)
    with pytest.raises((NotFoundError, ValidationError)):
        await provider.changes(site.ed, cursor)


async def test_cursors_of_other_projects_and_nonsense_are_refused(provider: JiraProvider) -> None:
    cursor = (await provider.changes("ED")).cursor
    with pytest.raises(ValidationError, match="another project"):
        await provider.changes("SC", cursor)
    with pytest.raises(ValidationError, match="cursor"):
        await provider.changes("ED", "nonsense")


@pytest.mark.parametrize(
    "part", [{"z": [5, 9e12]}, {"z": [["x"], 9e12]}, {"z": "x"}, {"d": ["cloud"]}, {"d": 5}, {"i": None}]
)
async def test_a_cursor_that_was_tampered_with_is_refused(provider: JiraProvider, part: dict) -> None:
    await provider.create_task(PMTask(title="a", project_id="ED"))
    cursor = (await provider.changes("ED")).cursor
    with pytest.raises(ValidationError, match="cursor"):
        await provider.changes("ED", encode_cursor("jira", {**decode_cursor("jira", cursor), **part}))


@pytest.mark.parametrize("change", ["hidden", "stripped"])
async def test_what_anonymous_visitors_see_is_told_neither_as_a_delete_nor_as_a_change(change: str) -> None:
    """A project that everybody may see, with issues that not everybody may; and nobody says who asked."""
    api, shown = "/rest/api/3", ["1", "2", "3"]
    project = {"id": "5", "key": "ED", "name": "Editor"}
    values: dict[str, object] = {
        "summary": "x",
        "updated": "2026-11-23T09:30:00.000+0000",
        "project": project,
    }

    def issues(_request: object) -> object:
        return {"issues": [{"id": one, "key": f"ED-{one}", "fields": values} for one in shown]}

    server = Scripted(
        {
            f"POST {api}/search/jql": issues,
            f"POST {api}/issue/bulkfetch": issues,
            f"POST {api}/search/approximate-count": lambda _: {"count": len(shown)},
            f"GET {api}/project/5": project,
        }
    )
    async with scripted(server) as provider:
        page = await provider.changes("5")
        while page.has_more:
            page = await provider.changes("5", page.cursor)
        if change == "hidden":
            shown.remove("2")
        else:
            values["updated"] = "2026-11-23T09:31:00.000+0000"
        server._answers[f"GET {api}/myself"] = answer({"errorMessages": ["log in"]}, 401)
    other = scripted(server)
    try:
        with pytest.raises(AuthenticationError):
            await other.changes("5", page.cursor)
    finally:
        await other.aclose()
