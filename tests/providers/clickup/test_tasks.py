"""Tasks against the sandbox and scripted servers: what is written, read back, and how many requests it costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pm_providers import PMProject, PMSprint, PMTask
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import (
    LIST,
    ME,
    SPACE,
    STATUSES,
    TEAM,
    FakeTime,
    Scripted,
    Site,
    answer,
    connected,
    fault,
    task,
)

DAY = date(2026, 3, 5)
LISTING = f"GET team/{TEAM}/task"
CREATE = f"POST list/{LIST}/task"


# creation


async def test_a_task_is_created_whole_in_one_request_where_its_text_is_plain():
    server = Scripted(
        {CREATE: lambda request: answer(task(name="T", description="plain", priority={"priority": "high"}))}
    )
    provider = await connected(server)
    made = await provider.create_task(
        PMTask(title="T", project_id=SPACE, description="plain", priority="high", status="todo")
    )
    assert (made.description, made.priority, made.warnings) == ("plain", "high", ())
    assert server.calls.count(CREATE) == 1
    assert "GET task/86abc" not in server.calls
    assert server.bodies(CREATE) == [
        {"name": "T", "markdown_content": "plain", "priority": 2, "status": "to do"}
    ]


async def test_a_formatted_text_is_read_back_as_markdown():
    server = Scripted({CREATE: task(description="b"), "GET task/86abc": task(markdown_description="**b**")})
    provider = await connected(server)
    made = await provider.create_task(PMTask(title="Task 86abc", project_id=SPACE, description="**b**"))
    assert (made.description, made.warnings) == ("**b**", ())
    assert server.calls[-1] == "GET task/86abc"


async def test_what_was_not_stored_is_a_warning():
    server = Scripted({CREATE: task(name="other")})
    provider = await connected(server)
    made = await provider.create_task(PMTask(title="T", project_id=SPACE, story_points=3))
    assert [one.field for one in made.warnings] == ["title", "story_points"]


async def test_new_tasks_get_into_the_list_of_the_name_which_is_made_when_there_is_none(site: Site, provider):
    first = await provider.create_task(PMTask(title="a", project_id=site.space))
    second = await provider.create_task(PMTask(title="b", project_id=site.space))
    mark = site.mark()
    await provider.create_task(PMTask(title="c", project_id=site.space))
    assert first.raw_data["list"]["name"] == second.raw_data["list"]["name"] == "Backlog"
    assert len(site.since(mark)) == 1
    chosen = next(one for one in site.box.state.lists if one.name == "Project 1")
    async with site.provider(default_list_ids={site.space: chosen.id}) as other:
        assert (await other.create_task(PMTask(title="c", project_id=site.space))).raw_data["list"][
            "id"
        ] == chosen.id
    async with site.provider(default_list="project 1") as other:
        assert (await other.create_task(PMTask(title="d", project_id=site.space))).raw_data["list"][
            "id"
        ] == chosen.id


async def test_a_default_list_that_was_deleted_is_made_again(site: Site, provider: ClickUpProvider):
    first = await provider.create_task(PMTask(title="a", project_id=site.space))
    await provider.request("DELETE", f"list/{first.raw_data['list']['id']}")
    second = await provider.create_task(PMTask(title="b", project_id=site.space))
    assert second.raw_data["list"]["id"] != first.raw_data["list"]["id"]


async def test_a_user_who_is_not_there_is_one_request():
    server = Scripted({})
    provider = await connected(server)
    assert await provider.get_user("999") is None
    assert server.calls == ["GET team"]


async def test_a_plan_that_ran_out_of_types_gets_a_plain_task():
    def made(request):
        import json

        if "custom_item_id" in json.loads(request.content):
            return answer(task())
        return fault("Max usage for custom task types reached", "ITEM_246", 400)

    server = Scripted({CREATE: made})
    provider = await connected(server)
    assert (await provider.create_task(PMTask(title="Task 86abc", project_id=SPACE))).type == "Task"
    assert [one.get("custom_item_id") for one in server.bodies(CREATE)] == [None, 0]
    with pytest.raises(ValidationError):
        server.set(CREATE, fault("Max usage for custom task types reached", "ITEM_246", 400))
        await provider.create_task(PMTask(title="x", project_id=SPACE, type="Bug"))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "nowhere"}, "status"),
        ({"priority": "asap"}, "priority"),
        ({"type": "Epic"}, "type"),
        ({"assignee_ids": ["999"]}, "assignee_ids"),
        ({"assignee_id": "nobody@example.com"}, "assignee_id"),
        ({"label_ids": ["green"]}, "label_ids"),
        ({"project_id": "no number"}, "project_id"),
        ({"project_id": "999"}, "project_id"),
        ({"parent_task_id": "86gone"}, "parent_task_id"),
        ({"sprint_id": "999"}, "sprint_id"),
        ({"sprint_id": LIST}, "sprint_id"),
        ({"custom_fields": {"Cost": 1}}, "custom_fields.Cost"),
    ],
)
async def test_wrong_input_is_refused_by_name_and_nothing_is_written(given, field):
    server = Scripted({})
    provider = await connected(server)
    with pytest.raises(ValidationError) as caught:
        await provider.create_task(PMTask(**{"title": "x", "project_id": SPACE, **given}))
    assert field in caught.value.fields
    assert not [one for one in server.calls if not one.startswith("GET")]


@pytest.mark.parametrize("field", ["progress", "remaining_hours"])
async def test_what_tasks_cannot_hold_is_refused_before_any_request(field):
    server = Scripted({})
    provider = await connected(server)
    with pytest.raises(UnsupportedError):
        await provider.create_task(PMTask(title="x", project_id=SPACE, **{field: 5}))
    assert server.calls == []


# updates


async def test_an_update_of_plain_fields_is_a_write_and_a_read():
    server = Scripted({"PUT task/86abc": task(), "GET task/86abc": task(name="y", points=2)})
    provider = await connected(server)
    await provider.update_task("86abc", {"title": "y", "story_points": 2.0})
    assert server.calls == ["PUT task/86abc", "GET task/86abc"]


async def test_an_update_that_depends_on_the_task_is_read_write_read():
    before = task(assignees=[{"id": 183}])
    server = Scripted({"PUT task/86abc": before, "GET task/86abc": before})
    provider = await connected(server)
    await provider.update_task("86abc", {"assignee_ids": ["184"], "status": "complete"})
    own = [one for one in server.calls if "task/86abc" in one]
    assert own == ["GET task/86abc", "PUT task/86abc", "GET task/86abc"]
    assert server.bodies("PUT task/86abc") == [
        {"status": "complete", "assignees": {"add": [184], "rem": [183]}}
    ]


async def test_a_task_is_changed_and_cleared(site: Site, provider: ClickUpProvider):
    made = await provider.create_task(
        PMTask(
            title="a",
            project_id=site.space,
            description="**b**",
            due_date=DAY,
            start_date=DAY,
            estimated_hours=2.5,
            story_points=3,
            priority="low",
            assignee_ids=[site.mia],
        )
    )
    assert made.warnings == ()
    changed = await provider.update_task(
        made.id,
        {"title": "b", "status": "in progress", "due_date": DAY + timedelta(1), "priority": "highest"},
    )
    assert (changed.title, changed.status, changed.priority, changed.due_date) == (
        "b",
        "in_progress",
        "highest",
        DAY + timedelta(1),
    )
    assert (changed.description, changed.assignee_ids, changed.start_date) == ("**b**", [site.mia], DAY)
    names = (
        "description",
        "due_date",
        "start_date",
        "estimated_hours",
        "story_points",
        "priority",
        "assignee_id",
    )
    bare = await provider.update_task(made.id, dict.fromkeys(names))
    assert [getattr(bare, one) for one in names] == [None] * len(names)
    assert bare.warnings == ()


async def test_the_first_assignee_is_swapped_and_the_others_stay(site: Site, provider: ClickUpProvider):
    me = (await provider.get_current_user()).id
    made = await provider.create_task(PMTask(title="a", project_id=site.space, assignee_ids=[me]))
    assert (await provider.update_task(made.id, {"assignee_ids": [site.mia, me]})).assignee_ids == [
        site.mia,
        me,
    ]
    assert (await provider.update_task(made.id, {"assignee_id": me})).assignee_ids == [me]
    assert (await provider.update_task(made.id, {"assignee_id": "mia@example.com"})).assignee_ids == [
        site.mia
    ]


async def test_tags_are_written_one_by_one_and_their_names_are_encoded():
    before = task(tags=[{"name": "old"}])
    after = task(tags=[{"name": "red fox"}, {"name": "b/c"}])
    answers = iter([before, after])
    server = Scripted({"GET task/86abc": lambda request: answer(next(answers))})
    for name in ("DELETE task/86abc/tag/old", "POST task/86abc/tag/red fox", "POST task/86abc/tag/b/c"):
        server.set(name, {})
    provider = await connected(server)
    found = await provider.update_task("86abc", {"label_ids": ["Red Fox", "b/c"]})
    assert found.warnings == ()
    raw = [one.url.raw_path.decode() for one in server.requests]
    assert [one for one in raw if "/tag/" in one] == [
        "/api/v2/task/86abc/tag/old",
        "/api/v2/task/86abc/tag/red%20fox",
        "/api/v2/task/86abc/tag/b%2Fc",
    ]
    assert "PUT task/86abc" not in server.calls


async def test_an_error_after_the_first_of_several_writes_says_that_something_may_be_written():
    server = Scripted({"GET task/86abc": task(), "PUT task/86abc": task()})
    server.set("POST task/86abc/tag/red fox", fault("Bad tag", "TAG_1", 400))
    provider = await connected(server)
    with pytest.raises(ValidationError) as caught:
        await provider.update_task("86abc", {"title": "y", "label_ids": ["red fox"]})
    assert caught.value.maybe_applied


async def test_custom_fields_are_written_by_name(site: Site, provider: ClickUpProvider):
    add = site.box.fields.add
    place = f"space:{site.space}"
    add(place, "Colour", "drop_down", options=("Red", "Blue"))
    add(place, "Areas", "labels", options=("North", "South"))
    add(place, "Cost", "number")
    add(place, "Launch", "date")
    add(place, "Owners", "users")
    add(place, "Ready", "checkbox")
    values = {
        "Colour": "Blue",
        "Areas": ["South"],
        "Cost": 2.5,
        "Launch": DAY,
        "Owners": [site.mia],
        "Ready": True,
    }
    made = await provider.create_task(PMTask(title="a", project_id=site.space, custom_fields=values))
    assert (made.custom_fields, made.warnings) == (values, ())
    changed = await provider.update_task(
        made.id, {"custom_fields": {"Colour": "Red", "Owners": None, "Cost": None}}
    )
    assert changed.custom_fields == {"Colour": "Red", "Areas": ["South"], "Launch": DAY, "Ready": True}
    assert changed.warnings == ()
    names = {one.name for one in await provider.list_fields(site.space) if one.is_custom}
    assert names == set(values)


async def test_a_task_moves_to_another_project_with_its_status(site: Site, provider: ClickUpProvider):
    from pm_providers import PMProject

    other = await provider.create_project(PMProject(name="Other"))
    made = await provider.create_task(PMTask(title="a", project_id=site.space, status="in progress"))
    mark = site.mark()
    moved = await provider.update_task(made.id, {"project_id": other.id})
    assert moved.project_id == other.id
    assert [one.field for one in moved.warnings if one.field == "status"] == (
        [] if moved.status == "in_progress" else ["status"]
    )
    assert any("home_list" in one for one in site.since(mark))


async def test_subtasks_stay_subtasks(site: Site, provider: ClickUpProvider):
    parent = await provider.create_task(PMTask(title="p", project_id=site.space))
    child = await provider.create_task(PMTask(title="c", project_id=site.space, parent_task_id=parent.id))
    assert child.parent_task_id == parent.id
    mark = site.mark()
    with pytest.raises(ValidationError) as caught:
        await provider.update_task(child.id, {"parent_task_id": None})
    assert "parent_task_id" in caught.value.fields
    assert site.since(mark) == []
    assert {one.id for one in await provider.list_tasks(site.space)} == {parent.id, child.id}


async def test_a_custom_id_stands_for_the_task(site: Site):
    server = Scripted(
        {"GET task/DEV-42": task("86abc", custom_id="DEV-42"), "DELETE task/DEV-42": answer(None, 204)}
    )
    server.set("PUT task/86abc", task())
    server.set("GET task/86abc", task(custom_id="DEV-42", name="y"))
    provider = await connected(server)
    assert (await provider.get_task("DEV-42")).key == "DEV-42"
    assert (await provider.update_task("DEV-42", {"title": "y"})).id == "86abc"
    assert await provider.delete_task("DEV-42") is True
    for asked in (*server.asked("GET task/DEV-42"), *server.asked("DELETE task/DEV-42")):
        assert (asked["custom_task_ids"], asked["team_id"]) == ("true", TEAM)


@pytest.mark.parametrize("odd", ["../user", "a b", "86abc/tag/x", "ä", "x" * 60])
async def test_what_cannot_be_an_id_is_not_sent(odd):
    server = Scripted({})
    provider = await connected(server)
    assert await provider.get_task(odd) is None
    assert await provider.delete_task(odd) is False
    assert await provider.get_project(odd) is None
    assert await provider.get_sprint(odd) is None
    with pytest.raises(NotFoundError):
        await provider.update_task(odd, {"title": "x"})
    with pytest.raises(NotFoundError):
        await provider.list_tasks(odd)
    assert server.calls == []


# lists


def listed(tasks):
    """Pages of a list of tasks, as the vendor cuts them."""

    def page(request):
        start = int(request.url.params["page"]) * 100
        return answer({"tasks": tasks[start : start + 100], "last_page": start + 100 >= len(tasks)})

    return page


@pytest.mark.parametrize("count", [1, 100, 101, 950, 3333])
async def test_a_whole_project_costs_a_page_for_each_hundred_and_one_more_at_most(count):
    places = {"lists": [{"id": LIST, "name": "Backlog", "task_count": count, "space": {"id": SPACE}}]}
    server = Scripted(
        {LISTING: listed([task(f"86{one}") for one in range(count)]), f"GET space/{SPACE}/list": places}
    )
    provider = await connected(server)
    found = await provider.list_tasks(SPACE)
    assert [one.id for one in found] == [f"86{one}" for one in range(count)]
    assert len(server.calls) <= 1 + -(-count // 100)
    for asked in server.asked(LISTING):
        assert asked["subtasks"] == asked["include_closed"] == asked["include_markdown_description"] == "true"
        assert asked.get_list("space_ids[]") == [SPACE]
    server.requests.clear()
    assert len(await provider.list_tasks(SPACE)) == count
    assert len(server.calls) == -(-count // 100), "how long the list is, is known by now"


@pytest.mark.parametrize("count", [101, 950, 3333])
@pytest.mark.parametrize("known", [False, True])
async def test_a_project_whose_tasks_are_in_sprints_costs_no_more(count: int, known: bool):
    """Which lists are sprints is one request: the one that is allowed besides the pages."""
    sprint = {"id": "55", "name": "Sprint 1 (3/2 - 3/15)", "task_count": 999_999}
    folder = {"id": "50", "name": "Sprints", "hidden": False, "task_count": "999999", "lists": [sprint]}
    tasks = [task(f"86{one}", locations=[{"id": "55", "name": sprint["name"]}]) for one in range(count)]
    server = Scripted({LISTING: listed(tasks), f"GET space/{SPACE}/folder": {"folders": [folder]}})
    time = FakeTime()
    provider = await connected(server, timing=time.timing())
    if known:
        await provider.list_tasks(SPACE)
        server.requests.clear()
        time.now += 60
    found = await provider.list_tasks(SPACE)
    assert {one.sprint_id for one in found} == {"55"}
    assert len(found) == count
    assert len(server.calls) <= 1 + -(-count // 100)


async def test_a_project_that_shrank_costs_one_more_request_and_no_more():
    tasks = [task(f"86{one}") for one in range(3000)]
    server = Scripted({LISTING: listed(tasks)})
    provider = await connected(server)
    await provider.list_tasks(SPACE)
    server.requests.clear()
    del tasks[600:]
    assert len(await provider.list_tasks(SPACE)) == 600
    assert len(server.calls) <= 1 + 6


async def test_tasks_of_other_spaces_are_left_out_and_an_unknown_project_is_an_error():
    server = Scripted({LISTING: listed([task("86a"), task("86b", space={"id": "5"})])})
    provider = await connected(server)
    assert [one.id for one in await provider.list_tasks(SPACE)] == ["86a"]
    server.set(LISTING, listed([]))
    assert await provider.list_tasks(SPACE) == []
    with pytest.raises(NotFoundError):
        await provider.list_tasks("999")


async def test_conditions_hold_together(site: Site, provider: ClickUpProvider):
    make = provider.create_task
    a = await make(PMTask(title="a", project_id=site.space, assignee_ids=[site.mia], status="complete"))
    b = await make(PMTask(title="b", project_id=site.space, assignee_ids=[site.mia]))
    await make(PMTask(title="c", project_id=site.space, status="complete"))
    ids = lambda found: sorted(one.id for one in found)  # noqa: E731
    assert ids(await provider.list_tasks(site.space, assignee_id="mia@example.com")) == sorted([a.id, b.id])
    assert ids(await provider.list_tasks(site.space, assignee_id=site.mia, status="completed")) == [a.id]
    assert ids(await provider.list_tasks(site.space, assignee_id=site.mia, status="TO DO")) == [b.id]
    assert await provider.list_tasks(site.space, status="cancelled") == []
    assert await provider.list_tasks(site.space, assignee_id="999") == []
    assert await provider.list_tasks(site.space, sprint_id="999") == []
    with pytest.raises(ValidationError) as caught:
        await provider.list_tasks(site.space, status="nowhere")
    assert "in progress" in caught.value.fields["status"]
    assert ids(await provider.list_tasks(updated_since=a.updated_at)) == ids(await provider.list_tasks())
    assert await provider.list_tasks(updated_since=datetime.now(UTC) + timedelta(days=400)) == []


async def test_the_very_millisecond_of_a_change_is_within_the_filter():
    server = Scripted({LISTING: listed([task("86a")])})
    provider = await connected(server)
    moment = datetime(2026, 1, 5, 10, 0, 0, 999, tzinfo=UTC)
    assert len(await provider.list_tasks(SPACE, updated_since=moment)) == 1
    assert server.asked(LISTING)[0]["date_updated_gt"] == str(1767607200000 - 1)


async def test_search_looks_into_titles_and_descriptions_for_all_words(site: Site, provider: ClickUpProvider):
    a = await provider.create_task(PMTask(title="Fuel tank", project_id=site.space, description="**leaks**"))
    await provider.create_task(PMTask(title="Fuel line", project_id=site.space))
    assert [one.id for one in await provider.search_tasks("LEAKS fuel")] == [a.id]
    assert len(await provider.search_tasks("fuel", project_id=site.space, limit=1)) == 1
    assert await provider.search_tasks("oxygen") == []


# sprints of tasks


async def test_a_task_is_put_into_a_sprint_and_out_of_it(site: Site, provider: ClickUpProvider):
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
    other = await provider.create_sprint(PMSprint(name="Sprint 2", project_id=site.space))
    made = await provider.create_task(PMTask(title="a", project_id=site.space, sprint_id=sprint.id))
    assert (made.sprint_id, made.raw_data["list"]["name"], made.warnings) == (sprint.id, "Backlog", ())
    assert [one.id for one in await provider.list_tasks(sprint_id=sprint.id)] == [made.id]
    moved = await provider.update_task(made.id, {"sprint_id": other.id})
    assert moved.sprint_id == other.id
    assert [one["id"] for one in moved.raw_data["locations"]] == [other.id]
    assert (await provider.update_task(made.id, {"sprint_id": None})).sprint_id is None
    assert await provider.list_tasks(site.space, sprint_id=other.id) == []


@pytest.mark.parametrize("options", [{"multiple_lists": False}, {}])
async def test_without_tasks_in_several_lists_the_sprint_is_the_home_list(options):
    site = Site(**options)
    given = {} if options else {"sprint_membership": "home"}
    async with site.provider(**given) as provider:
        sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
        made = await provider.create_task(PMTask(title="a", project_id=site.space, sprint_id=sprint.id))
        assert (made.sprint_id, made.raw_data["list"]["id"], made.warnings) == (sprint.id, sprint.id, ())
        out = await provider.update_task(made.id, {"sprint_id": None})
        assert (out.sprint_id, out.raw_data["list"]["name"]) == (None, "Backlog")
        assert (await provider.update_task(made.id, {"sprint_id": sprint.id})).sprint_id == sprint.id


async def test_a_membership_that_is_not_allowed_is_told_where_nothing_else_is_configured():
    site = Site(multiple_lists=False)
    async with site.provider(sprint_membership="extra") as provider:
        sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
        made = await provider.create_task(PMTask(title="a", project_id=site.space, sprint_id=sprint.id))
        assert [one.field for one in made.warnings] == ["sprint_id"]
        assert "created" in made.warnings[0].reason


# batches


async def test_batches_keep_their_order_and_their_errors(site: Site, provider: ClickUpProvider):
    tasks = [PMTask(title=f"t{one}", project_id=site.space) for one in range(12)]
    tasks[5] = PMTask(title="bad", project_id="999")
    seen = []
    result = await provider.create_tasks(tasks, on_progress=lambda done, total: seen.append((done, total)))
    assert [one.ok for one in result] == [one != 5 for one in range(12)]
    assert seen[-1] == (12, 12)
    ids = [one.id for one in result.items]
    changed = await provider.update_tasks([(one, {"title": f"n{one}"}) for one in ids])
    assert [one.title for one in changed.items] == [f"n{one}" for one in ids]
    gone = await provider.delete_tasks([*ids, "86gone"])
    assert [one.item for one in gone] == [True] * 11 + [False]
    assert len([one for one in site.box.state.lists if one.name == "Backlog"]) == 1


async def test_discovery(site: Site, provider: ClickUpProvider):
    statuses = await provider.list_statuses(site.space)
    assert [(one.name, one.status) for one in statuses] == [
        ("to do", "todo"),
        ("in progress", "in_progress"),
        ("complete", "completed"),
    ]
    made = await provider.create_task(PMTask(title="a", project_id=site.space))
    assert [one.name for one in await provider.list_transitions(made.id)] == ["in progress", "complete"]
    assert [one.name for one in await provider.list_priorities()] == ["low", "normal", "high", "urgent"]
    assert [one.name for one in await provider.list_types(site.space)][:2] == ["Task", "Milestone"]
    assert STATUSES[0]["status"] in {one.name for one in await provider.list_statuses()}
    for call in (provider.list_statuses, provider.list_types, provider.list_fields):
        with pytest.raises(NotFoundError):
            await call("999")


async def test_a_sprint_of_another_project_is_refused_before_anything_is_written(
    site: Site, provider: ClickUpProvider
):
    other = await provider.create_project(PMProject(name="Other"))
    sprint = await provider.create_sprint(PMSprint(name="Sprint", project_id=other.id))
    made = await provider.create_task(PMTask(title="a", project_id=site.space))
    mark = site.mark()
    for call in (
        provider.create_task(PMTask(title="b", project_id=site.space, sprint_id=sprint.id)),
        provider.update_task(made.id, {"sprint_id": sprint.id}),
    ):
        with pytest.raises(ValidationError, match="another project"):
            await call
    assert not [one for one in site.since(mark) if not one.startswith("GET")]


async def test_a_project_that_is_deleted_meanwhile_takes_no_tasks(site: Site, provider: ClickUpProvider):
    project = await provider.create_project(PMProject(name="Other"))
    await provider.create_task(PMTask(title="a", project_id=project.id))
    await provider.create_task(PMTask(title="b", project_id=project.id))
    await provider.request("DELETE", f"space/{project.id}")
    with pytest.raises(ValidationError) as caught:
        await provider.create_task(PMTask(title="c", project_id=project.id))
    assert "project_id" in caught.value.fields
    assert await provider.get_project(project.id) is None


async def test_the_zone_of_the_user_is_asked_for_again_after_an_hour():
    time, server = FakeTime(), Scripted({"GET task/86abc": task(due_date="1772730000000")})
    provider = await connected(server, timing=time.timing())
    assert (await provider.get_task("86abc")).due_date == DAY
    server.set("GET user", {"user": {**ME, "timezone": "Pacific/Auckland"}})
    time.now += 3601
    assert (await provider.get_task("86abc")).due_date == DAY + timedelta(1)


@pytest.mark.parametrize(("level", "path"), [("folder", "folder/77"), ("list", "list/77")])
async def test_the_cost_of_a_whole_project_is_the_same_at_every_level(level: str, path: str):
    count = 1250
    place = {"folder": {"id": "77", "name": "F", "hidden": False}, "list": {"id": "77", "name": "L"}}
    tasks = [task(f"86{one}", **{level: place[level]}) for one in range(count)]
    listing = LISTING if level == "folder" else "GET list/77/task"
    server = Scripted({listing: listed(tasks), f"GET {path}": {**place[level], "task_count": str(count)}})
    provider = await connected(server, project_level=level)
    assert len(await provider.list_tasks("77")) == count
    assert len(server.calls) <= 1 + 13
    if level == "folder":
        assert {one["project_ids[]"] for one in server.asked(listing)} == {"77"}


async def test_what_others_write_before_it_is_read_again_is_not_told_as_ours():
    """Who keeps two systems in step would take it for what was written, and never carry it."""
    ours = task(name="ours")
    server = Scripted(
        {f"PUT task/{ours['id']}": ours, f"GET task/{ours['id']}": {**ours, "name": "theirs", "points": 3}}
    )
    told = await (await connected(server)).update_task(ours["id"], {"title": "ours"})
    assert (told.title, told.story_points) == ("ours", 3)
