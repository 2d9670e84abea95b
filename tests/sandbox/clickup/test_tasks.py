"""Tasks: what is written, what comes back, and what is ignored without a word."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.clickup.support import Place, add_person, ecode, make, open_box

NOON = 1779184800000  # 2026-05-19T10:00Z
MIDNIGHT = 1779148800000  # 2026-05-19T00:00Z


def local(ms, zone):
    return datetime.fromtimestamp(int(ms) / 1000, UTC).astimezone(ZoneInfo(zone))


async def read(client, task, **query):
    answer = await client.get(f"/task/{task['id']}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(client, task, **body):
    answer = await client.put(f"/task/{task['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_types_are_the_odd_ones_of_the_vendor():
    async with open_box() as client:
        task = await make(
            client, due_date=NOON, due_date_time=True, time_estimate=60000, priority=2, points=1.5
        )
        assert (task["due_date"], task["date_created"]) == (str(NOON), "1779183000000")
        assert task["priority"] == {"color": "#f8ae00", "id": "2", "orderindex": "2", "priority": "high"}
        assert isinstance(task["orderindex"], str)
        assert task["time_estimate"] == "60000"
        found = await read(client, task)
        assert (found["time_estimate"], found["points"]) == (60000, 1.5)
        assert isinstance(found["creator"]["id"], int)
        assert isinstance(found["list"]["id"], str)


async def test_nothing_says_whether_a_date_has_a_time():
    async with open_box() as client:
        task = await make(client, due_date=NOON, due_date_time=True)
        assert not {"due_date_time", "start_date_time"} & task.keys()


@pytest.mark.parametrize(
    ("zone", "sent", "day"),
    [
        ("America/Los_Angeles", MIDNIGHT, 18),
        ("America/Los_Angeles", NOON, 19),
        ("Europe/Berlin", MIDNIGHT, 19),
        ("Pacific/Auckland", NOON, 19),
    ],
)
async def test_a_date_without_a_time_is_four_in_the_morning_of_the_callers_day(zone, sent, day):
    async with open_box(zone=zone) as client:
        task = await make(client, due_date=sent, start_date=sent, start_date_time=False)
        for name in ("due_date", "start_date"):
            at = local(task[name], zone)
            assert (at.day, at.hour, at.minute) == (day, 4, 0)


async def test_the_zone_is_that_of_who_sets_it():
    async with open_box(zone="Europe/Berlin") as client:
        _, header = add_person(client.box, "Mia Sand", zone="America/New_York")
        task = await make(client)
        answer = await client.put(f"/task/{task['id']}", json={"due_date": NOON}, headers=header)
        assert local(answer.json()["due_date"], "America/New_York").hour == 4


async def test_without_a_flag_an_update_keeps_the_old_one():
    async with open_box() as client:
        task = await make(client, due_date=NOON, due_date_time=True)
        assert (await put(client, task, due_date=NOON + 60000))["due_date"] == str(NOON + 60000)
        changed = await put(client, task, due_date=NOON, due_date_time=False)
        assert local(changed["due_date"], "Europe/Berlin").hour == 4
        again = await put(client, task, due_date=NOON + 86400000)
        assert local(again["due_date"], "Europe/Berlin").hour == 4


async def test_null_clears():
    async with open_box() as client:
        task = await make(client, due_date=NOON, start_date=NOON, priority=1, points=2, time_estimate=1000)
        empty = dict.fromkeys(("due_date", "start_date", "priority", "points", "time_estimate"))
        changed = await put(client, task, **empty)
        assert {name: changed[name] for name in empty} == empty


async def test_an_empty_description_is_ignored_and_a_space_clears():
    async with open_box() as client:
        task = await make(client, markdown_content="# Head\n\nSome **bold** text", description="plain")
        assert task["description"] == "Head\nSome bold text"
        assert "markdown_description" not in task
        for name in ("description", "markdown_content"):
            assert (await put(client, task, **{name: ""}))["description"] == "Head\nSome bold text"
        shown = await read(client, task, include_markdown_description="true")
        assert shown["markdown_description"] == "# Head\n\nSome **bold** text"
        assert (await put(client, task, description=" "))["description"] == ""


async def test_assignees_are_what_is_added_and_removed():
    async with open_box() as client:
        mia, _ = add_person(client.box, "Mia Sand")
        task = await make(client, assignees=[Place.owner])
        changed = await put(client, task, assignees={"add": [mia.id], "rem": [Place.owner]})
        assert [row["id"] for row in changed["assignees"]] == [mia.id]
        assert mia.id in [row["id"] for row in changed["watchers"]]
        answer = await client.put(f"/task/{task['id']}", json={"assignees": [mia.id]})
        assert answer.status_code == 400
        answer = await client.put(f"/task/{task['id']}", json={"assignees": {"add": [5]}})
        assert answer.status_code == 400


async def test_tags_fields_and_unknown_names_are_ignored_in_an_update():
    async with open_box() as client:
        task = await make(client, tags=["Bug"])
        assert [tag["name"] for tag in task["tags"]] == ["bug"]
        changed = await put(client, task, tags=["other"], custom_fields=[], nonsense=1, custom_id="X-1")
        assert [tag["name"] for tag in changed["tags"]] == ["bug"]
        assert changed["custom_id"] is None
        names = {name for method, name in client.box.state.ignored if method == "PUT"}
        assert names == {"tags", "custom_fields", "nonsense", "custom_id"}


async def test_statuses_are_those_of_the_list_by_name():
    async with open_box() as client:
        task = await make(client, status="IN Progress")
        assert (task["status"]["status"], task["date_done"]) == ("in progress", None)
        closed = await put(client, task, status="complete")
        assert closed["date_closed"] == closed["date_done"] == "1779183000000"
        reopened = await put(client, task, status="to do")
        assert (reopened["date_closed"], reopened["date_done"]) == (None, None)
        assert ecode(await client.put(f"/task/{task['id']}", json={"status": "nowhere"})) == (400, "ITEM_114")


async def test_done_is_not_closed():
    async with open_box(dataset="demo") as client:
        shop = next(row for row in client.box.state.spaces if row.name == "Webshop relaunch")
        home = (await client.get(f"/space/{shop.id}/list")).json()["lists"][0]["id"]
        task = await make(client, home=home, status="rejected")
        assert task["date_done"] is not None
        assert task["date_closed"] is None


async def test_a_subtask_stays_one():
    async with open_box() as client:
        above, other = await make(client, "Above"), await make(client, "Other")
        below = await make(client, "Below", parent=above["id"])
        deep = await make(client, "Deep", parent=below["id"])
        assert (deep["parent"], deep["top_level_parent"]) == (below["id"], above["id"])
        assert (await put(client, below, parent=None))["parent"] == above["id"]
        assert (await put(client, below, parent=other["id"]))["parent"] == other["id"]
        answer = await client.put(f"/task/{other['id']}", json={"parent": deep["id"]})
        assert answer.status_code == 400
        shown = await read(client, other, include_subtasks="true")
        assert [row["name"] for row in shown["subtasks"]] == ["Below", "Deep"]
        assert "subtasks" not in await read(client, other)


async def test_the_parent_must_be_in_the_list():
    async with open_box() as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Other"})).json()["id"]
        above = await make(client)
        body = {"name": "Below", "parent": above["id"]}
        assert ecode(await client.post(f"/list/{other}/task", json=body)) == (400, "ITEM_137")
        await client.post(f"/list/{other}/task/{above['id']}")
        assert (await client.post(f"/list/{other}/task", json=body)).status_code == 200


async def test_delete_takes_subtasks_and_answers_nothing():
    async with open_box() as client:
        above = await make(client)
        below = await make(client, parent=above["id"])
        answer = await client.delete(f"/task/{above['id']}")
        assert (answer.status_code, answer.content) == (204, b"")
        for task in (above, below):
            assert ecode(await client.get(f"/task/{task['id']}")) == (401, "OAUTH_027")
        assert ecode(await client.delete(f"/task/{above['id']}")) == (401, "OAUTH_027")
        assert (await client.get("/user")).status_code == 200


async def test_what_is_missing_foreign_or_hidden_has_one_answer():
    async with open_box() as client:
        state = client.box.state
        _, header = add_person(client.box, "Mia Sand")
        task = await make(client)
        state.spaces.change(state.spaces[Place.space], private=True, members=(Place.owner,))
        for path in ("/task/nosuch", "/list/42", "/folder/42", "/space/42", "/team/42/space", "/view/3c-1"):
            assert ecode(await client.get(path)) == (401, "OAUTH_027"), path
        for path in (f"/task/{task['id']}", f"/list/{Place.list}", f"/space/{Place.space}"):
            assert ecode(await client.get(path, headers=header)) == (401, "OAUTH_027"), path
        assert ecode(await client.get("/list/8cj47gd-10171")) == (400, "INPUT_003")


async def test_custom_ids_need_to_be_asked_for():
    async with open_box(dataset="demo") as client:
        assert ecode(await client.get("/task/SHOP-3")) == (401, "OAUTH_027")
        query = {"custom_task_ids": "true", "team_id": Place.team}
        answer = await client.get("/task/shop-3", params=query)
        assert answer.json()["custom_id"] == "SHOP-3"
        assert (await client.get("/task/SHOP-3", params={"custom_task_ids": "true"})).status_code == 400
        new = await client.post("/task/SHOP-3/comment", json={"comment_text": "Hi"}, params=query)
        assert new.status_code == 200


async def test_a_task_in_a_second_list():
    async with open_box() as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Sprint 1"})).json()["id"]
        task = await make(client)
        assert (await client.post(f"/list/{other}/task/{task['id']}")).json() == {}
        found = await read(client, task)
        assert found["locations"] == [{"id": other, "name": "Sprint 1"}]
        assert found["list"]["id"] == Place.list
        assert (await client.delete(f"/list/{Place.list}/task/{task['id']}")).status_code == 400
        await client.delete(f"/list/{other}/task/{task['id']}")
        assert (await read(client, task))["locations"] == []


async def test_without_the_clickapp_there_is_no_second_list():
    async with open_box(multiple_lists=False) as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Sprint 1"})).json()["id"]
        task = await make(client)
        assert ecode(await client.post(f"/list/{other}/task/{task['id']}")) == (400, "SUBCAT_016")


async def test_moving_home_needs_a_mapping_of_missing_statuses():
    async with open_box(api="") as client:
        body = {"name": "New", "multiple_assignees": True, "features": {}}
        space = (await client.post(f"/api/v2/team/{Place.team}/space", json=body)).json()
        home = (await client.post(f"/api/v2/space/{space['id']}/list", json={"name": "New"})).json()
        made = await client.post(
            f"/api/v2/list/{Place.list}/task", json={"name": "T", "status": "in progress"}
        )
        task = made.json()
        path = f"/api/v3/workspaces/{Place.team}/tasks/{task['id']}/home_list/{home['id']}"
        answer = await client.put(path, json={"move_custom_fields": True})
        assert (answer.status_code, set(answer.json())) == (
            400,
            {"status", "message", "trace_id", "timestamp"},
        )
        target = home["statuses"][1]["id"]
        for names in (("source_status_id", "destination_status_id"), ("source_status", "destination_status")):
            mapping = dict(zip(names, (task["status"]["id"], target), strict=True))
            answer = await client.put(path, json={"status_mappings": [mapping]})
            assert answer.json() == {"data": {"task_id": task["id"], "new_list_id": home["id"]}}
        found = (await client.get(f"/api/v2/task/{task['id']}")).json()
        assert (found["list"]["id"], found["space"]["id"]) == (home["id"], space["id"])
        assert found["status"]["status"] == "complete"


async def test_merged_tasks_vanish():
    async with open_box() as client:
        target, source = await make(client, "Target"), await make(client, "Source")
        await client.post(f"/task/{source['id']}/comment", json={"comment_text": "Mine"})
        answer = await client.post(f"/task/{target['id']}/merge", json={"source_task_ids": [source["id"]]})
        assert answer.json()["id"] == target["id"]
        assert ecode(await client.get(f"/task/{source['id']}")) == (401, "OAUTH_027")
        rows = (await client.get(f"/task/{target['id']}/comment")).json()["comments"]
        assert [row["comment_text"] for row in rows] == ["Mine"]


async def test_types_of_tasks():
    async with open_box(dataset="demo") as client:
        rows = (await client.get(f"/team/{Place.team}/custom_item")).json()["custom_items"]
        assert {row["name"] for row in rows} == {"Epic", "Feature", "Story", "Bug", "Phase"}
        assert (await make(client, custom_item_id=1))["custom_item_id"] == 1
        body = {"name": "T", "custom_item_id": 77}
        assert (await client.post(f"/list/{Place.list}/task", json=body)).status_code == 400


async def test_a_list_in_the_trash_takes_its_tasks_with_it():
    async with open_box() as client:
        task = await make(client)
        await client.delete(f"/list/{Place.list}")
        assert ecode(await client.get(f"/task/{task['id']}")) == (401, "OAUTH_027")
        body = {"name": "T"}
        assert ecode(await client.post(f"/list/{Place.list}/task", json=body)) == (401, "OAUTH_027")


async def test_lists_do_not_move():
    async with open_box() as client:
        folder = (await client.post(f"/space/{Place.space}/folder", json={"name": "F"})).json()["id"]
        body = {"name": "Project 1", "folder_id": folder}
        answer = await client.put(f"/list/{Place.list}", json=body)
        assert answer.status_code == 200
        assert answer.json()["folder"]["id"] == Place.folder
        assert ("PUT", "folder_id") in client.box.state.ignored
        assert (await client.put(f"/list/{Place.list}", json={"content": "x"})).status_code == 400


async def test_archived_lists_come_only_when_asked_for_and_then_alone():
    async with open_box() as client:
        state = client.box.state
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Old"})).json()["id"]
        state.lists.change(state.lists[other], archived=True)
        path = f"/space/{Place.space}/list"
        assert [row["name"] for row in (await client.get(path)).json()["lists"]] == ["Project 1"]
        rows = (await client.get(path, params={"archived": "true"})).json()["lists"]
        assert [row["name"] for row in rows] == ["Old"]


async def test_names_are_taken_once():
    async with open_box() as client:
        body = {"name": "Project 1"}
        assert (await client.post(f"/space/{Place.space}/list", json=body)).json()["err"] == "List name taken"
        assert ecode(await client.post(f"/space/{Place.space}/list", json={})) == (400, "SUBCAT_020")


async def test_a_free_plan_has_five_spaces():
    async with open_box(plan="free") as client:
        statuses = []
        for number in range(5):
            body = {"name": f"S{number}", "multiple_assignees": True, "features": {}}
            statuses.append((await client.post(f"/team/{Place.team}/space", json=body)).status_code)
        assert statuses == [200, 200, 200, 200, 400]
