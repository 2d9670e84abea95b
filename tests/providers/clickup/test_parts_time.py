"""Time entries and checklists, against the sandbox."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import PMChecklist, PMChecklistItem, PMProject, PMTask, PMTimeEntry
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import Site

DAY, LATER = date(2024, 3, 5), date(2024, 3, 6)
MISSING = "86nothing"


@pytest.fixture
async def task(site: Site, provider: ClickUpProvider) -> PMTask:
    return await provider.create_task(PMTask(title="a", project_id=site.space))


def _mias(site: Site) -> ClickUpProvider:
    return site.provider(api_key=site.box.token_of("mia@example.com"))


# time entries


async def test_entries_are_written_read_changed_and_deleted(
    site: Site, provider: ClickUpProvider, task: PMTask
):
    second = await provider.create_project(PMProject(name="Second"))
    other = await provider.create_task(PMTask(title="b", project_id=second.id))
    me = await provider.get_current_user()
    made = await provider.create_time_entry(PMTimeEntry("", task.id, 1.25, DAY, comment="work"))
    assert (made.task_id, made.hours, made.spent_on, made.comment) == (task.id, 1.25, DAY, "work")
    assert (made.user_id, made.project_id, made.warnings) == (me.id, site.space, ())
    assert await provider.list_time_entries(task.id) == [made], "years ago, not of the last 30 days"
    updates = {"hours": 2, "spent_on": LATER, "comment": None, "task_id": other.id}
    changed = await provider.update_time_entry(made.id, updates)
    assert (changed.hours, changed.spent_on, changed.comment) == (2.0, LATER, None)
    assert (changed.task_id, changed.project_id, changed.warnings) == (other.id, second.id, ())
    assert await provider.list_time_entries(task.id) == []
    assert await provider.list_time_entries(project_id=site.space) == []
    assert await provider.list_time_entries(project_id=second.id) == [changed]
    assert await provider.list_time_entries(other.id, project_id=site.space) == []
    assert await provider.list_time_entries(other.id, project_id=second.id) == [changed]
    assert await provider.list_time_entries() == [changed]
    assert await provider.delete_time_entry(made.id) is True
    assert await provider.delete_time_entry(made.id) is False


async def test_entries_come_oldest_day_first(provider: ClickUpProvider, task: PMTask):
    days = (LATER, DAY, date(1999, 1, 1), date(2030, 1, 1))
    for day in days:
        await provider.create_time_entry(PMTimeEntry("", task.id, 1, day))
    assert [one.spent_on for one in await provider.list_time_entries(task.id)] == sorted(days)
    assert len(await provider.list_time_entries(task.id, limit=2)) == 2


async def test_an_edit_keeps_tags_and_time_of_day(site: Site, provider: ClickUpProvider, task: PMTask):
    body = {
        "start": 1709636400000,
        "duration": 3_600_000,
        "tid": task.id,
        "tags": [{"name": "billing", "tag_fg": "#ffffff", "tag_bg": "#000000"}],
    }
    await provider.request("POST", f"team/{site.team}/time_entries", json=body)
    [entry] = await provider.list_time_entries(task.id)
    changed = await provider.update_time_entry(entry.id, {"comment": "x"})
    assert changed.raw_data is not None
    assert [one["name"] for one in changed.raw_data["tags"]] == ["billing"]
    assert (changed.raw_data["start"], changed.hours) == ("1709636400000", 1.0)
    moved = await provider.update_time_entry(entry.id, {"spent_on": date(2024, 3, 20)})
    assert moved.raw_data is not None
    assert moved.spent_on == date(2024, 3, 20)
    assert moved.hours == 1.0


async def test_owners_see_everybodys_entries_others_their_own(
    site: Site, provider: ClickUpProvider, task: PMTask
):
    mine = await provider.create_time_entry(PMTimeEntry("", task.id, 1, DAY))
    hers = await provider.create_time_entry(PMTimeEntry("", task.id, 2, DAY, user_id="mia@example.com"))
    assert (hers.user_id, hers.warnings) == (site.mia, ())
    assert await provider.list_time_entries(task.id) == [mine, hers]
    async with _mias(site) as mias:
        assert [one.id for one in await mias.list_time_entries(task.id)] == [hers.id]
        with pytest.raises(PermissionDeniedError):
            await mias.create_time_entry(PMTimeEntry("", task.id, 1, DAY, user_id=mine.user_id))
        with pytest.raises(NotFoundError):
            await mias.update_time_entry(mine.id, {"hours": 3})
        assert await mias.delete_time_entry(mine.id) is False
    assert await provider.list_time_entries(task.id) == [mine, hers]


async def test_running_timers_are_no_entries_yet(site: Site, provider: ClickUpProvider, task: PMTask):
    await provider.request("POST", f"team/{site.team}/time_entries/start", json={"tid": task.id})
    running = await provider.request("GET", f"team/{site.team}/time_entries/current")
    assert await provider.list_time_entries(task.id) == []
    with pytest.raises(ValidationError, match="runs"):
        await provider.update_time_entry(running.data["data"]["id"], {"comment": "x"})


async def test_wrong_entries_are_refused_by_name(site: Site, provider: ClickUpProvider, task: PMTask):
    entry = await provider.create_time_entry(PMTimeEntry("", task.id, 1, DAY))
    for call in (
        lambda: provider.create_time_entry(PMTimeEntry("", MISSING, 1, DAY)),
        lambda: provider.update_time_entry(entry.id, {"task_id": MISSING}),
    ):
        with pytest.raises(ValidationError) as caught:
            await call()
        assert list(caught.value.fields) == ["task_id"]
    with pytest.raises(ValidationError) as caught:
        await provider.create_time_entry(PMTimeEntry("", task.id, 1, DAY, user_id="999"))
    assert list(caught.value.fields) == ["user_id"]
    assert await provider.list_time_entries() == [entry]
    mark = site.mark()
    assert await provider.delete_time_entry(f"{entry.id},{entry.id}1") is False, "commas delete several"
    with pytest.raises(NotFoundError):
        await provider.update_time_entry("x", {"hours": 2})
    assert site.since(mark) == []
    for call in (
        lambda: provider.list_time_entries(MISSING),
        lambda: provider.list_time_entries(project_id="404"),
        lambda: provider.update_time_entry("404404", {"hours": 2}),
    ):
        with pytest.raises(NotFoundError):
            await call()


# checklists


def _draft(task: PMTask) -> PMChecklist:
    items = [
        PMChecklistItem("1", "pack"),
        PMChecklistItem("2", "shirts", parent_id="1", is_done=True),
        PMChecklistItem("3", "blue", parent_id="2", assignee_id="mia@example.com"),
        PMChecklistItem("4", "go"),
    ]
    return PMChecklist("", "Trip", task.id, items=items)


def _shown(checklist: PMChecklist) -> list[tuple[str, int | None, bool]]:
    return [(one.title, one.position, one.is_done) for one in checklist.items]


async def test_checklists_with_items_below_items(site: Site, provider: ClickUpProvider, task: PMTask):
    made = await provider.create_checklist(_draft(task))
    assert _shown(made) == [("pack", 0, False), ("shirts", 0, True), ("blue", 0, False), ("go", 1, False)]
    pack, shirts, blue, go = made.items
    assert [one.parent_id for one in made.items] == [None, pack.id, shirts.id, None]
    assert (blue.assignee_id, made.position, made.warnings) == (site.mia, 0, ())
    [listed] = await provider.list_checklists(task.id)
    assert listed.items == made.items
    changed = await provider.update_checklist_item(
        go.id, {"title": "leave", "is_done": True, "assignee_id": site.mia}, task_id=task.id
    )
    assert (changed.title, changed.is_done, changed.assignee_id) == ("leave", True, site.mia)
    changed = await provider.update_checklist_item(
        go.id, {"is_done": None, "assignee_id": None}, checklist_id=made.id
    )
    assert (changed.is_done, changed.assignee_id) == (False, None)
    changed = await provider.update_checklist_item(go.id, {"parent_id": pack.id}, task_id=task.id)
    assert (changed.parent_id, changed.position) == (pack.id, 1)
    changed = await provider.update_checklist_item(blue.id, {"parent_id": None}, checklist_id=made.id)
    assert changed.parent_id is None
    assert await provider.delete_checklist_item(pack.id, task_id=task.id) is True
    [listed] = await provider.list_checklists(task.id)
    assert [one.title for one in listed.items] == ["blue"]
    assert await provider.delete_checklist_item(pack.id, task_id=task.id) is False
    assert await provider.delete_checklist_item(pack.id, checklist_id=made.id) is False
    assert await provider.delete_checklist_item(blue.id, checklist_id=made.id) is True


async def test_a_new_item_takes_one_request_and_the_checklist_is_read_once(
    site: Site, provider: ClickUpProvider, task: PMTask
):
    items = [PMChecklistItem("", f"i{number}") for number in range(10)]
    mark = site.mark()
    made = await provider.create_checklist(PMChecklist("", "L", task.id, items=items))
    assert [one.title for one in made.items] == [one.title for one in items]
    assert len(site.since(mark)) == 12


async def test_checklists_are_named_moved_and_deleted(provider: ClickUpProvider, task: PMTask):
    one = await provider.create_checklist(PMChecklist("", "one", task.id))
    two = await provider.create_checklist(PMChecklist("", "two", task.id, position=0))
    assert (two.position, two.warnings) == (0, ())
    assert [found.name for found in await provider.list_checklists(task.id)] == ["two", "one"]
    changed = await provider.update_checklist(one.id, {"name": "first", "position": 0}, task_id=task.id)
    assert (changed.name, changed.position) == ("first", 0)
    assert await provider.delete_checklist(one.id) is True
    assert await provider.delete_checklist(one.id, task_id=task.id) is False
    assert [found.id for found in await provider.list_checklists(task.id)] == [two.id]


async def test_a_checklist_whose_items_fail_is_taken_away(
    provider: ClickUpProvider, task: PMTask, site: Site
):
    site.box.faults.add("403;match=POST .*/checklist_item;after=1;times=1")
    items = [PMChecklistItem("", "a"), PMChecklistItem("", "b")]
    with pytest.raises(PermissionDeniedError) as caught:
        await provider.create_checklist(PMChecklist("", "L", task.id, items=items))
    assert caught.value.maybe_applied is False
    assert await provider.list_checklists(task.id) == []


async def test_wrong_checklists_are_refused_by_name(site: Site, provider: ClickUpProvider, task: PMTask):
    made = await provider.create_checklist(_draft(task))
    pack, _, blue, _ = made.items
    mark = site.mark()
    without_task = (
        lambda: provider.update_checklist(made.id, {"name": "x"}),
        lambda: provider.create_checklist_item(PMChecklistItem("", "x", made.id)),
        lambda: provider.update_checklist_item(blue.id, {"parent_id": pack.id}, checklist_id=made.id),
    )
    for call in without_task:
        with pytest.raises(ValidationError) as caught:
            await call()
        assert list(caught.value.fields) == ["task_id"]
    for call in (
        lambda: provider.update_checklist_item(blue.id, {"title": "x"}),
        lambda: provider.delete_checklist_item(blue.id),
    ):
        with pytest.raises(ValidationError) as caught:
            await call()
        assert list(caught.value.fields) == ["checklist_id"]
    with pytest.raises(NotFoundError):
        await provider.update_checklist_item("../x", {"title": "x"}, checklist_id=made.id)
    assert await provider.delete_checklist("../x") is False
    assert site.since(mark) == []
    for parent in (pack.id, blue.id, "nobody"):
        with pytest.raises(ValidationError) as caught:
            await provider.update_checklist_item(pack.id, {"parent_id": parent}, task_id=task.id)
        assert list(caught.value.fields) == ["parent_id"]
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist_item(
            PMChecklistItem("", "x", made.id, parent_id="nobody"), task_id=task.id
        )
    assert list(caught.value.fields) == ["parent_id"]
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist_item(PMChecklistItem("", "x", "nothing"), task_id=task.id)
    assert list(caught.value.fields) == ["checklist_id"]
    with pytest.raises(ValidationError) as caught:
        await provider.update_checklist_item(blue.id, {"assignee_id": "999"}, task_id=task.id)
    assert list(caught.value.fields) == ["assignee_id"]
    assert (await provider.list_checklists(task.id))[0].items == made.items


async def test_missing_checklists(provider: ClickUpProvider, task: PMTask):
    made = await provider.create_checklist(_draft(task))
    for call in (
        lambda: provider.update_checklist("nothing", {"name": "x"}, task_id=task.id),
        lambda: provider.update_checklist(made.id, {"name": "x"}, task_id=MISSING),
        lambda: provider.update_checklist_item("nothing", {"title": "x"}, task_id=task.id),
        lambda: provider.update_checklist_item(
            made.items[0].id, {"title": "x"}, task_id=task.id, checklist_id="other"
        ),
        lambda: provider.list_checklists(MISSING),
    ):
        with pytest.raises(NotFoundError):
            await call()
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist(PMChecklist("", "x", MISSING))
    assert list(caught.value.fields) == ["task_id"]
    assert await provider.delete_checklist_item("nothing", checklist_id="nothing") is False
    assert await provider.delete_checklist_item(made.items[0].id, task_id=MISSING) is False
