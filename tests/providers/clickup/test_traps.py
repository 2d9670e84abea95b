"""The vendor's traps by name: what its API does otherwise than one would think."""

from __future__ import annotations

import json
from datetime import date

import pytest

from pm_providers import PMProject, PMTask
from pm_providers.errors import AuthenticationError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from pm_providers.sandbox.clickup.people import add_user, join, token_of
from tests.providers.clickup.site import LIST, SPACE, STATUSES, TEAM, Scripted, Site, answer, connected, task

DAY = date(2026, 3, 5)


async def test_lists_hide_subtasks_closed_and_archived_tasks_by_default(
    site: Site, provider: ClickUpProvider
):
    parent = await provider.create_task(PMTask(title="p", project_id=site.space))
    child = await provider.create_task(PMTask(title="c", project_id=site.space, parent_task_id=parent.id))
    closed = await provider.create_task(PMTask(title="x", project_id=site.space, status="complete"))
    shown = await provider.request("GET", f"list/{parent.raw_data['list']['id']}/task")
    assert [one["id"] for one in shown.data["tasks"]] == [parent.id], "the sandbox hides as the vendor does"
    assert {one.id for one in await provider.list_tasks(site.space)} == {parent.id, child.id, closed.id}


async def test_only_a_hundred_tasks_come_at_once(site: Site, provider: ClickUpProvider):
    await provider.create_tasks([PMTask(title=f"t{one}", project_id=site.space) for one in range(205)])
    mark = site.mark()
    assert len({one.id for one in await provider.list_tasks(site.space)}) == 205
    assert len(site.since(mark)) <= 4


async def test_a_missing_task_is_401_and_so_is_a_bad_credential(site: Site, provider: ClickUpProvider):
    assert await provider.get_task("86nothing") is None
    assert await provider.delete_task("86nothing") is False
    stranger = site.provider(api_key="pk_1_UNKNOWN")
    with pytest.raises(AuthenticationError):
        await stranger.get_task("86nothing")
    await stranger.aclose()


async def test_a_missing_task_is_404_in_some_workspaces():
    async with Site(missing_status=404).provider() as provider:
        assert await provider.get_task("86nothing") is None
        assert await provider.delete_task("86nothing") is False


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland", "Asia/Kolkata"])
async def test_days_snap_to_four_o_clock_in_the_zone_of_the_user_and_come_back_the_same(zone: str):
    site = Site(zone=zone)
    async with site.provider() as provider:
        made = await provider.create_task(
            PMTask(title="a", project_id=site.space, due_date=DAY, start_date=DAY)
        )
        assert (made.due_date, made.start_date, made.warnings) == (DAY, DAY, ())
        later = await provider.update_task(made.id, {"due_date": date(2026, 3, 29)})
        assert (later.due_date, later.start_date) == (date(2026, 3, 29), DAY)
        assert (await provider.get_task(made.id)).due_date == date(2026, 3, 29)


async def test_days_always_say_that_they_have_no_time():
    server = Scripted({"PUT task/86abc": task(), "GET task/86abc": task()})
    provider = await connected(server)
    await provider.update_task("86abc", {"due_date": DAY})
    noon = 1772730000000  # 12:00 on that day in New York
    assert server.bodies("PUT task/86abc") == [{"due_date": noon, "due_date_time": False}]


async def test_assignees_of_a_change_are_a_difference(site: Site, provider: ClickUpProvider):
    made = await provider.create_task(PMTask(title="a", project_id=site.space, assignee_ids=[site.mia]))
    mark = site.mark()
    me = (await provider.get_current_user()).id
    changed = await provider.update_task(made.id, {"assignee_ids": [me]})
    assert (changed.assignee_ids, changed.warnings) == ([me], ())
    record = list(site.box.log)[mark:]
    bodies = [json.loads(one.request_body) for one in record if one.method == "PUT"]
    assert bodies == [{"assignees": {"add": [int(me)], "rem": [int(site.mia)]}}]


async def test_a_drop_down_is_written_by_uuid_and_read_by_place(site: Site, provider: ClickUpProvider):
    site.box.fields.add(f"space:{site.space}", "Colour", "drop_down", options=("Red", "Blue"))
    made = await provider.create_task(PMTask(title="a", project_id=site.space))
    mark = site.mark()
    changed = await provider.update_task(made.id, {"custom_fields": {"Colour": "blue"}})
    (written,) = [json.loads(one.request_body) for one in list(site.box.log)[mark:] if one.method == "POST"]
    (field,) = [one for one in changed.raw_data["custom_fields"] if one["name"] == "Colour"]
    assert written["value"] == field["type_config"]["options"][1]["id"]
    assert field["value"] == 1
    assert (changed.custom_fields, changed.warnings) == ({"Colour": "Blue"}, ())


async def test_a_description_is_formatted_through_the_markdown_field_only(
    site: Site, provider: ClickUpProvider
):
    text = "# Title\n\n- **one**\n- `two`"
    made = await provider.create_task(PMTask(title="a", project_id=site.space, description=text))
    assert made.description.strip() == text
    assert made.warnings == ()
    plain = (await provider.request("GET", f"task/{made.id}")).data
    assert "markdown_description" not in plain
    assert "**" not in plain["description"]


async def test_an_empty_description_is_ignored_so_a_blank_is_sent(site: Site, provider: ClickUpProvider):
    made = await provider.create_task(PMTask(title="a", project_id=site.space, description="text"))
    mark = site.mark()
    bare = await provider.update_task(made.id, {"description": None})
    assert (bare.description, bare.warnings) == (None, ())
    assert [json.loads(one.request_body) for one in list(site.box.log)[mark:] if one.method == "PUT"] == [
        {"description": " "}
    ]


async def test_tags_in_the_body_of_a_change_are_ignored_so_they_have_their_own_calls(
    site: Site, provider: ClickUpProvider
):
    tag = {"tag": {"name": "Red Fox", "tag_fg": "#000000", "tag_bg": "#ffffff"}}
    await provider.request("POST", f"space/{site.space}/tag", json=tag)
    made = await provider.create_task(PMTask(title="a", project_id=site.space, label_ids=["red fox"]))
    assert (made.label_ids, made.warnings) == (["red fox"], ())
    assert (await provider.update_task(made.id, {"label_ids": []})).label_ids == []
    again = await provider.update_task(made.id, {"label_ids": ["RED FOX"]})
    assert (again.label_ids, again.warnings) == (["red fox"], ())


async def test_statuses_are_those_of_the_list_and_not_of_the_space():
    own = [
        {"id": "q1", "status": "Icebox", "type": "open"},
        {"id": "q2", "status": "Shipped", "type": "closed"},
    ]
    place = {
        "id": LIST,
        "name": "Backlog",
        "override_statuses": True,
        "statuses": own,
        "space": {"id": SPACE},
    }
    server = Scripted({f"GET list/{LIST}": place, f"GET space/{SPACE}/list": {"lists": [place]}})
    server.set(f"POST list/{LIST}/task", task(name="x", status=own[1]))
    provider = await connected(server)
    made = await provider.create_task(PMTask(title="x", project_id=SPACE, status="completed"))
    assert (made.status, made.status_name, made.warnings) == ("completed", "Shipped", ())
    assert server.bodies(f"POST list/{LIST}/task")[0]["status"] == "Shipped"
    with pytest.raises(ValidationError, match="Icebox"):
        await provider.create_task(PMTask(title="x", project_id=SPACE, status="in progress"))
    assert {one.name for one in await provider.list_statuses(SPACE)} >= {"to do", "Icebox", "Shipped"}


async def test_the_same_status_has_another_id_in_another_list_and_moves_need_a_mapping():
    target = [
        {"id": "z1", "status": "Open", "type": "open"},
        {"id": "z2", "status": "Doing", "type": "custom"},
    ]
    other = {"id": "500", "name": "Backlog", "statuses": target, "space": {"id": "791"}}
    before = task(status=STATUSES[1])
    after = task(status=target[1], space={"id": "791"}, list={"id": "500"})
    answers = iter([before, after])
    server = Scripted(
        {
            "GET task/86abc": lambda request: answer(next(answers)),
            "GET space/791": {"id": "791", "name": "B"},
            "GET space/791/folder": {"folders": []},
            "GET space/791/list": {"lists": [other]},
            "GET list/500": other,
            f"PUT /api/v3/workspaces/{TEAM}/tasks/86abc/home_list/500": {},
        }
    )
    provider = await connected(server)
    moved = await provider.update_task("86abc", {"project_id": "791"})
    assert (moved.project_id, moved.status) == ("791", "in_progress")
    assert server.bodies(f"PUT /api/v3/workspaces/{TEAM}/tasks/86abc/home_list/500") == [
        {
            "move_custom_fields": True,
            "status_mappings": [{"source_status": "p2", "destination_status": "z2"}],
        }
    ]


async def test_filters_that_fit_nothing_answer_an_empty_list_so_they_are_checked(
    site: Site, provider: ClickUpProvider
):
    await provider.create_task(PMTask(title="a", project_id=site.space))
    with pytest.raises(ValidationError):
        await provider.list_tasks(site.space, status="nonsense")
    mark = site.mark()
    assert await provider.list_tasks(site.space, assignee_id="404404") == []
    assert not [one for one in site.since(mark) if one.endswith("/task")]


async def test_array_parameters_have_their_brackets_even_for_one_value(site: Site, provider: ClickUpProvider):
    mark = site.mark()
    await provider.list_tasks(site.space, assignee_id=site.mia, status="to do")
    query = next(one.query for one in list(site.box.log)[mark:] if one.path.endswith("/task"))
    for name in ("space_ids%5B%5D=", "assignees%5B%5D=", "statuses%5B%5D="):
        assert name in query.replace("[]", "%5B%5D")


async def test_parents_and_their_subtasks_share_a_list():
    """Else 400 `ITEM_137`: a subtask goes to the list of its parent, wherever that is."""
    parent = task("86p", list={"id": "500", "name": "Other"})
    server = Scripted({"GET task/86p": parent, "POST list/500/task": task("86c", parent="86p", name="c")})
    provider = await connected(server)
    made = await provider.create_task(PMTask(title="c", project_id=SPACE, parent_task_id="86p"))
    assert made.parent_task_id == "86p"
    assert f"POST list/{LIST}/task" not in server.calls


async def test_hidden_folders_of_single_lists_are_no_projects(site: Site):
    async with site.provider(project_level="folder", space_id=site.space) as provider:
        hidden = [one for one in site.box.state.folders if one.hidden]
        assert hidden
        for one in hidden:
            assert await provider.get_project(one.id) is None
        assert not {one.id for one in hidden} & {one.id for one in await provider.list_projects()}


async def test_a_change_of_a_space_overwrites_its_features_so_they_are_sent_along():
    space = {
        "id": SPACE,
        "name": "Mars",
        "private": False,
        "color": "#fff",
        "features": {"tags": {"enabled": True}},
    }
    server = Scripted({f"GET space/{SPACE}": space, f"PUT space/{SPACE}": space})
    provider = await connected(server)
    await provider.update_project(SPACE, {"name": "Venus"})
    assert server.bodies(f"PUT space/{SPACE}") == [
        {"name": "Venus", "color": "#fff", "private": False, "features": {"tags": {"enabled": True}}}
    ]


async def test_people_who_were_invited_have_no_name_yet(site: Site, provider: ClickUpProvider):
    user = add_user(site.box.state, "", "new@example.com")
    site.box.state.users.change(user, username=None)
    join(site.box.state, site.team, user.id)
    assert (await provider.get_user(str(user.id))).name == "new@example.com"


async def test_who_may_not_see_a_space_gets_401_which_is_not_found(site: Site, provider: ClickUpProvider):
    project = await provider.create_project(PMProject(name="Secret", is_public=False))
    made = await provider.create_task(PMTask(title="a", project_id=project.id))
    async with site.provider(api_key=token_of(int(site.mia), "mia")) as other:
        assert await other.get_task(made.id) is None
        assert await other.get_project(project.id) is None
        assert project.id not in {one.id for one in await other.list_projects()}


async def test_the_index_follows_writes_but_answers_of_writes_do_not_wait_for_it():
    site = Site(index_lag_s=30.0)
    async with site.provider() as provider:
        made = await provider.create_task(PMTask(title="a", project_id=site.space, description="**b**"))
        assert (made.description, made.warnings) == ("**b**", ())
        assert (await provider.update_task(made.id, {"title": "b"})).title == "b"
