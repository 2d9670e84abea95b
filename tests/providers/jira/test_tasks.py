"""Tasks, one by one, against the sandbox."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest

from pm_providers import NotFoundError, PermissionDeniedError, PMTask, UnsupportedError, ValidationError
from pm_providers.providers.jira.provider import JiraProvider
from tests.providers.jira.site import MIA, Scripted, Site, answer, config, scripted


async def _task(provider: JiraProvider, project: str, **fields: object) -> PMTask:
    return await provider.create_task(PMTask(title="Pay by invoice", project_id=project, **fields))  # type: ignore[arg-type]


async def test_a_task_is_stored_as_it_was_given(site: Site, provider: JiraProvider) -> None:
    asked = {
        "description": "# Why\n\n- invoices\n- **no** cards",
        "priority": "high",
        "assignee_id": MIA,
        "estimated_hours": 2.5,
        "remaining_hours": 1.0,
        "due_date": date(2026, 12, 1),
        "start_date": date(2026, 11, 1),
        "story_points": 5.0,
        "label_ids": ["money", "shop"],
        "type": "Story",
        "custom_fields": {
            "Platforms": ["Web", "iOS"],
            "Reviewer": MIA,
            "Cost": 12.5,
            "Acceptance criteria": "*paid*",
            "Go-live at": datetime(2026, 12, 24, 8, 30, tzinfo=UTC),
        },
    }
    made = await _task(provider, "ED", **asked)
    async with site.provider() as other:
        found = await other.get_task(made.key or "")
    assert found is not None
    assert made.warnings == ()
    assert {name: getattr(found, name) for name in asked} == asked
    assert (found.id, found.project_id, found.status, found.completed_at) == (made.id, site.ed, "todo", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("description", "text"),
        ("assignee_id", MIA),
        ("due_date", date(2026, 12, 1)),
        ("start_date", date(2026, 11, 1)),
        ("story_points", 3.0),
        ("estimated_hours", 4.0),
        ("remaining_hours", 4.0),
        ("label_ids", ["a"]),
    ],
)
async def test_what_can_be_empty_is_cleared(provider: JiraProvider, name: str, value: object) -> None:
    made = await _task(provider, "ED", **{name: value})
    assert getattr(made, name) == value
    cleared = await provider.update_task(made.id, {name: [] if name == "label_ids" else None})
    assert getattr(cleared, name) in (None, [])
    assert cleared.warnings == ()


async def test_hours_are_kept_in_whole_minutes_and_what_is_lost_is_told(provider: JiraProvider) -> None:
    made = await _task(provider, "ED", estimated_hours=1.234)
    assert made.estimated_hours == pytest.approx(74 / 60)
    assert [one.field for one in made.warnings] == ["estimated_hours"]


async def test_an_edit_of_one_paragraph_keeps_what_markdown_cannot_say(
    site: Site, provider: JiraProvider
) -> None:
    made = await _task(provider, "ED")
    status = {"type": "status", "attrs": {"text": "READY", "color": "green", "localId": "x"}}
    stored = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "paragraph", "content": [status]},
            {"type": "paragraph", "content": [{"type": "text", "text": "old"}]},
        ],
    }
    await provider.request("PUT", f"issue/{made.id}", json={"fields": {"description": stored}})
    read = await provider.get_task(made.id)
    assert read is not None
    await provider.update_task(made.id, {"description": (read.description or "").replace("old", "new")})
    after = (await provider.request("GET", f"issue/{made.id}")).data["fields"]["description"]
    assert after["content"][0]["content"][0]["attrs"]["color"] == "green"
    assert after["content"][1]["content"][0]["text"] == "new"


# hierarchy


async def test_types_follow_the_place_in_the_hierarchy(provider: JiraProvider) -> None:
    epic = await _task(provider, "ED", type="Epic")
    task = await _task(provider, "ED", parent_task_id=epic.id)
    child = await _task(provider, "ED", parent_task_id=task.key)
    assert (task.type, task.parent_task_id) == ("Task", epic.id)
    assert (child.type, child.parent_task_id) == ("Sub-task", task.id)
    free = await provider.update_task(task.id, {"parent_task_id": None})
    assert free.parent_task_id is None
    back = await provider.update_task(task.id, {"parent_task_id": epic.key})
    assert back.parent_task_id == epic.id


async def test_what_the_hierarchy_forbids_is_refused_before_anything_is_sent(
    site: Site, provider: JiraProvider
) -> None:
    task = await _task(provider, "ED")
    before = site.count("POST", "issue$")
    with pytest.raises(ValidationError, match="Sub-task") as error:
        await _task(provider, "ED", type="Story", parent_task_id=task.id)
    assert set(error.value.fields) == {"parent_task_id"}
    with pytest.raises(ValidationError, match="need one"):
        await _task(provider, "ED", type="Sub-task")
    with pytest.raises(ValidationError, match="need one"):
        await provider.update_task(task.id, {"type": "Sub-task"})
    with pytest.raises(ValidationError, match="cannot stand below"):
        await provider.update_task(task.id, {"type": "Epic", "parent_task_id": task.id})
    with pytest.raises(ValidationError, match="no task"):
        await _task(provider, "ED", parent_task_id="ED-999")
    assert site.count("POST", "issue$") == before
    assert site.count("PUT") == 0


async def test_a_task_below_another_becomes_a_subtask_and_back_and_both_are_told(
    provider: JiraProvider,
) -> None:
    task, other = await _task(provider, "ED"), await _task(provider, "ED", type="Story")
    below = await provider.update_task(other.id, {"parent_task_id": task.key, "title": "below"})
    assert (below.parent_task_id, below.type, below.title) == (task.id, "Sub-task", "below")
    assert [(one.field, one.asked, one.got) for one in below.warnings] == [("type", "Story", "Sub-task")]
    free = await provider.update_task(other.id, {"parent_task_id": None})
    assert (free.parent_task_id, free.type) == (None, "Task")
    assert [one.field for one in free.warnings] == ["type"]
    big = await provider.update_task(other.id, {"type": "Epic"})
    assert (big.type, big.warnings) == ("Epic", ())


async def test_another_type_of_the_same_level_is_an_edit(provider: JiraProvider) -> None:
    made = await _task(provider, "ED")
    assert (await provider.update_task(made.id, {"type": "bug"})).type == "Bug"


# screens


async def test_unknown_values_are_refused_with_what_there_is(provider: JiraProvider) -> None:
    for fields, text in (
        ({"type": "Chore"}, "Story"),
        ({"priority": "gigantic"}, "Highest"),
        ({"status": "Parked"}, "In Review"),
        ({"custom_fields": {"Nonsense": 1}}, "Severity"),
        ({"custom_fields": {"Platforms": ["Amiga"]}}, "iOS"),
        ({"label_ids": ["two words"]}, "blank"),
        ({"assignee_id": "nobody@example.com"}, "no user"),
    ):
        with pytest.raises(ValidationError, match=text):
            await _task(provider, "ED", **fields)
    with pytest.raises(ValidationError, match="no project"):
        await _task(provider, "NOWHERE")


def _screen(site: Site, **changes: Any) -> None:
    """Change the screens of tasks in the project ED."""
    state = site.box.state
    project = state.project("ED")
    assert project is not None
    layout = state.layout(project, 10002)
    without = changes.pop("without", set())
    changes["create"] = tuple(one for one in layout.create if one not in without)
    state.layouts.change(layout, **changes)


async def test_fields_that_are_not_on_the_screen_are_told_by_name(site: Site, provider: JiraProvider) -> None:
    _screen(site, without={"duedate", "customfield_10033"})
    with pytest.raises(ValidationError) as error:
        await _task(provider, "ED", due_date=date(2026, 12, 1), custom_fields={"Cost": 1.0})
    assert set(error.value.fields) == {"due_date", "custom_fields.Cost"}


async def test_fields_that_a_screen_drops_without_a_word_are_warned_about(
    site: Site, provider: JiraProvider
) -> None:
    _screen(site, dropped=frozenset({"labels"}))
    made = await _task(provider, "ED", label_ids=["a"])
    assert [(one.field, one.got) for one in made.warnings] == [("label_ids", [])]


async def test_fields_that_a_screen_requires_are_told_by_name(site: Site, provider: JiraProvider) -> None:
    _screen(site, required=frozenset({"summary", "customfield_10030"}))
    with pytest.raises(ValidationError, match="required") as error:
        await _task(provider, "ED")
    assert set(error.value.fields) == {"custom_fields.Severity"}
    assert "Critical" in error.value.fields["custom_fields.Severity"]
    made = await _task(provider, "ED", custom_fields={"Severity": "critical"})
    assert made.custom_fields["Severity"] == "Critical"


# sprints, moves, deletes


async def test_an_old_key_leads_to_the_task_that_moved(site: Site, provider: JiraProvider) -> None:
    made = await _task(provider, "ED")
    moved = await provider.update_task(made.id, {"project_id": "SC"})
    assert (moved.project_id, moved.id) == (site.sc, made.id)
    found = await provider.get_task(made.key or "")
    assert found is not None
    assert found.key == moved.key != made.key


async def test_a_task_is_deleted_with_its_subtasks_and_no_list_shows_them(provider: JiraProvider) -> None:
    task = await _task(provider, "ED")
    child = await _task(provider, "ED", parent_task_id=task.id)
    assert await provider.delete_task(task.key or "") is True
    assert await provider.delete_task(task.id) is False
    assert await provider.get_task(child.id) is None
    assert await provider.list_tasks("ED") == []


@pytest.mark.parametrize("name", ["x y", "../../myself", "ED", "0", "1?x=1", "ED-0"])
async def test_ids_that_cannot_be_are_not_sent(site: Site, provider: JiraProvider, name: str) -> None:
    before = site.count()
    assert await provider.get_task(name) is None
    assert await provider.delete_task(name) is False
    with pytest.raises(NotFoundError):
        await provider.update_task(name, {"title": "x"})
    assert site.count() == before


async def test_a_version_guard_is_refused_because_the_vendor_has_none(provider: JiraProvider) -> None:
    made = await _task(provider, "ED")
    with pytest.raises(UnsupportedError, match="last writer"):
        await provider.update_task(made.id, {"title": "x"}, expected_version="1")


# lists


async def test_lists_filter_by_all_conditions(site: Site, provider: JiraProvider) -> None:
    mine = await _task(provider, "ED", assignee_id=MIA)
    other = await _task(provider, "ED")
    await _task(provider, "SC")
    await provider.update_task(other.id, {"status": "in_progress"})
    assert {one.id for one in await provider.list_tasks("ED")} == {mine.id, other.id}
    assert [one.id for one in await provider.list_tasks(site.ed, assignee_id="mia@example.com")] == [mine.id]
    assert [one.id for one in await provider.list_tasks("ED", status="in_progress")] == [other.id]
    assert [one.id for one in await provider.list_tasks("ED", status="To Do")] == [mine.id]
    assert len(await provider.list_tasks()) == 3
    assert await provider.list_tasks("ED", assignee_id="5b10ffffffffffffffffffff") == []
    assert await provider.list_tasks("ED", sprint_id="4711") == []
    since = datetime.now(UTC) + timedelta(hours=1)
    assert await provider.list_tasks("ED", updated_since=since) == []
    assert len(await provider.list_tasks("ED", updated_since=since - timedelta(hours=2))) == 2
    with pytest.raises(NotFoundError):
        await provider.list_tasks("NOWHERE")


async def test_the_default_project_bounds_lists_without_one(site: Site, provider: JiraProvider) -> None:
    made = await _task(provider, "ED")
    await _task(provider, "SC")
    async with site.provider(project_key="ED") as bound:
        assert [one.id for one in await bound.list_tasks()] == [made.id]


async def test_search_by_words_and_by_jql(provider: JiraProvider) -> None:
    made = await _task(provider, "ED", description="The quick brown fox")
    await _task(provider, "SC", description="lazy dogs")
    assert [one.id for one in await provider.search_tasks("brown quick")] == [made.id]
    assert await provider.search_tasks("brown", project_id="SC") == []
    assert await provider.search_tasks('"!" -()') == []
    with pytest.raises(ValidationError, match="text"):
        await provider.search_tasks("AND")
    assert [one.id for one in await provider.search_jql('project = ED AND text ~ "fox" ORDER BY key')] == [
        made.id
    ]
    assert await provider.search_tasks("jql: text ~ fox", project_id="SC") == []
    assert await provider.search_tasks('x" OR project = SC OR text ~ "x', project_id="ED") == []
    with pytest.raises(ValidationError) as error:
        await provider.search_jql("nonsense = 1")
    assert "text" in error.value.fields


async def test_an_estimate_that_is_not_named_stays(provider: JiraProvider) -> None:
    made = await _task(provider, "ED", estimated_hours=8.0, remaining_hours=3.0)
    changed = await provider.update_task(made.id, {"estimated_hours": 10.0})
    assert (changed.estimated_hours, changed.remaining_hours) == (10.0, 3.0)
    changed = await provider.update_task(made.id, {"remaining_hours": 2.0})
    assert (changed.estimated_hours, changed.remaining_hours) == (10.0, 2.0)


@pytest.mark.parametrize("project", ["NOWHERE", "99999"])
@pytest.mark.parametrize(
    "filters", [{"status": "todo"}, {"assignee_id": "5b10ffffffffffffffffffff"}, {"sprint_id": "77"}]
)
async def test_a_project_that_does_not_exist_is_no_empty_list(
    provider: JiraProvider, project: str, filters: dict[str, Any]
) -> None:
    with pytest.raises(NotFoundError, match=project):
        await provider.list_tasks(project, **filters)


async def test_tasks_of_people_are_found_by_those_who_may_not_look_people_up(site: Site) -> None:
    async with site.provider() as provider:
        made = await _task(provider, "ED", assignee_id=MIA)
        site.box.faults.add("403;match=api/3/user;times=100")
        assert [one.id for one in await provider.list_tasks("ED", assignee_id=MIA)] == [made.id]


async def test_more_fields_than_an_address_holds() -> None:
    names = [f"customfield_{number}" for number in range(10_000, 10_900)]
    text = {"type": "string", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:textfield"}
    fields = [{"id": one, "name": f"F {one}", "schema": text} for one in names]

    def issue(request: httpx2.Request) -> httpx2.Response:
        if len(str(request.url)) > 8000:
            return answer(None, 414)
        values = {"summary": "x", names[0]: "first", names[-1]: "last", "votes": {"votes": 1}}
        return answer({"id": "7", "key": "A-7", "fields": values})

    api = "/rest/api/3"
    async with scripted(Scripted({f"GET {api}/field": fields, f"GET {api}/issue/7": issue})) as provider:
        found = await provider.get_task("7")
    assert found is not None
    assert list(found.custom_fields.values()) == ["first", "last"]
    assert found.raw_data is not None
    assert "votes" not in found.raw_data["fields"]


async def test_a_sprint_that_cannot_be_is_found_out_before_anything_is_written(
    provider: JiraProvider,
) -> None:
    above = await _task(provider, "ED")
    below = await _task(provider, "ED", parent_task_id=above.id)
    for one, why in ((above, "there is no sprint"), (below, "sprint of their parent")):
        with pytest.raises(ValidationError, match=why):
            await provider.update_task(one.id, {"title": "new", "sprint_id": "777"})
        found = await provider.get_task(one.id)
        assert found is not None
        assert found.title == "Pay by invoice"


async def test_a_change_that_fails_half_way_says_so(site: Site) -> None:
    async with site.provider(max_attempts=1) as provider:
        made = await _task(provider, "ED")
        site.box.faults.add("403;match=transitions;after=1;times=100")
        with pytest.raises(PermissionDeniedError) as failed:
            await provider.update_task(made.id, {"title": "new", "status": "In Progress"})
        assert failed.value.maybe_applied
        found = await provider.get_task(made.id)
        assert found is not None
        assert found.title == "new"


class _Then(httpx2.AsyncBaseTransport):
    """The sandbox, where somebody does something right after the next write."""

    def __init__(self, site: Site, then: Callable[[], Awaitable[object]]) -> None:
        self._inner, self._then = site.box.transport(), [then]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        found = await self._inner.handle_async_request(request)
        if request.method == "PUT":
            while self._then:
                await self._then.pop()()
        return found


async def test_what_others_write_before_it_is_read_again_is_not_told_as_ours(
    site: Site, provider: JiraProvider
) -> None:
    """Who keeps two systems in step would take it for what was written, and never carry it."""
    made = await _task(provider, "ED")
    edit = functools.partial(
        provider.update_task, made.id, {"title": "theirs", "due_date": date(2026, 12, 2)}
    )
    async with JiraProvider(config(site.box.base_url), transport=_Then(site, edit)) as ours:
        told = await ours.update_task(made.id, {"title": "ours", "priority": "high"})
    assert (told.title, told.priority, told.due_date) == ("ours", "high", date(2026, 12, 2))
    found = await provider.get_task(made.id)
    assert found is not None
    assert found.title == "theirs"
