"""What is around tasks: comments, checklists, relations, tags, files, time, statuses, views, templates."""

from __future__ import annotations

import pytest

from tests.sandbox.clickup.support import Place, add_person, ecode, make, open_box

TIMES = f"/team/{Place.team}/time_entries"
HOUR = 3_600_000


async def test_comments_page_by_date_and_id_together():
    async with open_box() as client:
        task = await make(client)
        path = f"/task/{task['id']}/comment"
        for number in range(30):
            client.box.clock.advance(1)
            await client.post(path, json={"comment_text": f"{number}"})
        first = (await client.get(path)).json()["comments"]
        assert [row["comment_text"] for row in first] == [str(n) for n in range(29, 4, -1)]
        last = first[-1]
        only_one = (await client.get(path, params={"start": last["date"]})).json()["comments"]
        assert only_one == first
        query = {"start": last["date"], "start_id": last["id"]}
        rest = (await client.get(path, params=query)).json()["comments"]
        assert [row["comment_text"] for row in rest] == ["4", "3", "2", "1", "0"]


async def test_a_comment_is_no_markdown_and_may_have_blocks():
    async with open_box() as client:
        task = await make(client)
        path = f"/task/{task['id']}/comment"
        made = (await client.post(path, json={"comment_text": "**bold**"})).json()
        assert isinstance(made["id"], int)
        blocks = [{"text": "Hi ", "attributes": {"bold": True}}, {"type": "tag", "user": {"id": Place.owner}}]
        await client.post(path, json={"comment": blocks})
        rich, plain = (await client.get(path)).json()["comments"]
        assert plain["comment_text"] == "**bold**"
        assert plain["id"] == str(made["id"])
        assert rich["comment"][0] == blocks[0]
        assert rich["comment_text"] == f"Hi @{Place.owner}"
        assert (await client.post(path, json={"comment_text": " "})).status_code == 400


async def test_replies_count_and_assigned_comments_can_be_resolved():
    async with open_box() as client:
        task = await make(client)
        path = f"/task/{task['id']}/comment"
        key = (await client.post(path, json={"comment_text": "Do it", "assignee": Place.owner})).json()["id"]
        await client.post(f"/comment/{key}/reply", json={"comment_text": "Done"})
        await client.put(f"/comment/{key}", json={"resolved": True})
        (row,) = (await client.get(path)).json()["comments"]
        assert (row["reply_count"], row["resolved"], row["assigned_by"]["id"]) == (1, True, Place.owner)
        (reply,) = (await client.get(f"/comment/{key}/reply")).json()["comments"]
        assert reply["comment_text"] == "Done"
        assert (await client.delete(f"/comment/{key}")).json() == {}
        assert (await client.get(path)).json() == {"comments": []}


async def test_people_edit_their_own_comments():
    async with open_box() as client:
        _, header = add_person(client.box, "Mia Sand")
        task = await make(client)
        key = (await client.post(f"/task/{task['id']}/comment", json={"comment_text": "Mine"})).json()["id"]
        answer = await client.put(f"/comment/{key}", json={"comment_text": "Yours"}, headers=header)
        assert answer.status_code == 403
        assert (await client.delete(f"/comment/{key}", headers=header)).status_code == 403


async def test_checklists_nest_and_count():
    async with open_box() as client:
        task = await make(client)
        row = (await client.post(f"/task/{task['id']}/checklist", json={"name": "Steps"})).json()["checklist"]
        path = f"/checklist/{row['id']}/checklist_item"
        one = (await client.post(path, json={"name": "One"})).json()["checklist"]["items"][0]["id"]
        body = (await client.post(path, json={"name": "Two"})).json()["checklist"]
        two = body["items"][1]["id"]
        await client.put(
            f"{path}/{two}", json={"parent": one, "resolved": True, "assignee": str(Place.owner)}
        )
        (shown,) = (await client.get(f"/task/{task['id']}")).json()["checklists"]
        assert (shown["resolved"], shown["unresolved"]) == (1, 1)
        (below,) = shown["items"][0]["children"]
        assert (below["name"], below["parent"], below["assignee"]["id"]) == ("Two", one, Place.owner)
        assert (await client.put(f"{path}/{one}", json={"parent": two})).status_code == 400
        await client.put(f"{path}/{two}", json={"parent": None})
        await client.delete(f"{path}/{one}")
        (shown,) = (await client.get(f"/task/{task['id']}")).json()["checklists"]
        assert [item["name"] for item in shown["items"]] == ["Two"]


async def test_checklists_are_moved_by_position():
    async with open_box() as client:
        task = await make(client)
        keys = []
        for name in ("A", "B", "C"):
            answer = await client.post(f"/task/{task['id']}/checklist", json={"name": name})
            keys.append(answer.json()["checklist"]["id"])
        await client.put(f"/checklist/{keys[2]}", json={"position": 0})
        rows = (await client.get(f"/task/{task['id']}")).json()["checklists"]
        assert [row["name"] for row in sorted(rows, key=lambda row: row["orderindex"])] == ["C", "A", "B"]


async def test_dependencies_show_on_both_sides():
    async with open_box() as client:
        one, two = (await make(client, "One"))["id"], (await make(client, "Two"))["id"]
        assert (await client.post(f"/task/{one}/dependency", json={"depends_on": two})).json() == {}
        for key in (one, two):
            (row,) = (await client.get(f"/task/{key}")).json()["dependencies"]
            assert (row["task_id"], row["depends_on"], row["type"]) == (one, two, 1)
        loop = await client.post(f"/task/{two}/dependency", json={"depends_on": one})
        assert loop.status_code == 400
        both = {"depends_on": two, "dependency_of": two}
        for body in (both, {}, {"depends_on": one}):
            assert (await client.post(f"/task/{one}/dependency", json=body)).status_code == 400
        await client.delete(f"/task/{two}/dependency", params={"dependency_of": one})
        assert (await client.get(f"/task/{one}")).json()["dependencies"] == []


async def test_links_are_taken_away_from_either_side():
    async with open_box() as client:
        one, two = (await make(client, "One"))["id"], (await make(client, "Two"))["id"]
        await client.post(f"/task/{one}/link/{two}")
        await client.post(f"/task/{two}/link/{one}")
        for key in (one, two):
            (row,) = (await client.get(f"/task/{key}")).json()["linked_tasks"]
            assert {row["task_id"], row["link_id"]} == {one, two}
        await client.delete(f"/task/{two}/link/{one}")
        assert (await client.get(f"/task/{one}")).json()["linked_tasks"] == []


async def test_tags_are_their_names_in_small_letters():
    async with open_box() as client:
        path = f"/space/{Place.space}/tag"
        tag = {"name": "Needs Review", "tag_fg": "#111111", "tag_bg": "#222222"}
        assert (await client.post(path, json={"tag": tag})).json() == {}
        task = (await make(client))["id"]
        await client.post(f"/task/{task}/tag/Needs%20Review")
        await client.post(f"/task/{task}/tag/a%2Fb")
        rows = (await client.get(f"/task/{task}")).json()["tags"]
        assert [(row["name"], row["tag_bg"]) for row in rows] == [
            ("needs review", "#222222"),
            ("a/b", "#7C4DFF"),
        ]
        new = {"name": "Reviewed", "fg_color": "#333333", "bg_color": "#444444"}
        await client.put(f"{path}/needs%20review", json={"tag": new})
        names = [row["name"] for row in (await client.get(f"/task/{task}")).json()["tags"]]
        assert names == ["reviewed", "a/b"]
        await client.request("DELETE", f"{path}/reviewed", json={"tag": tag})
        assert [row["name"] for row in (await client.get(f"/task/{task}")).json()["tags"]] == ["a/b"]


async def test_files_are_in_the_task_and_can_be_loaded_without_login():
    async with open_box() as client:
        task = (await make(client))["id"]
        files = {"attachment": ("report.txt", b"hello", "text/plain")}
        made = (await client.post(f"/task/{task}/attachment", files=files)).json()
        assert isinstance(made["date"], int)
        (row,) = (await client.get(f"/task/{task}")).json()["attachments"]
        assert (row["title"], row["size"], row["mimetype"]) == ("report.txt", 5, "text/plain")
        answer = await client.get(row["url"], headers={"Authorization": ""})
        assert (answer.content, answer.headers["content-type"]) == (b"hello", "text/plain; charset=utf-8")
        rows = (await client.get(f"/list/{Place.list}/task")).json()["tasks"]
        assert "attachments" not in rows[0]
        assert (await client.post(f"/task/{task}/attachment", json={})).status_code == 400
        assert (await client.delete(f"/task/{task}/attachment/{row['id']}")).status_code == 404


async def test_storage_may_be_full():
    async with open_box() as client:
        client.box.state.storage_left = 4
        path = f"/task/{(await make(client))['id']}/attachment"
        for content, wanted in ((b"hello", 400), (b"hell", 200), (b"o", 400)):
            answer = await client.post(path, files={"attachment": ("a.txt", content, "text/plain")})
            assert answer.status_code == wanted
        assert ecode(answer) == (400, "GBUSED_005")


async def test_comments_may_be_assigned_to_a_group():
    async with open_box() as client:
        group = {"name": "Writers", "members": [Place.owner]}
        key = (await client.post(f"/team/{Place.team}/group", json=group)).json()["id"]
        path = f"/task/{(await make(client))['id']}/comment"
        await client.post(path, json={"comment_text": "Hi", "group_assignee": key})
        (row,) = (await client.get(path)).json()["comments"]
        assert row["group_assignee"] == key
        body = {"comment_text": "Hi", "group_assignee": "nobody"}
        assert (await client.post(path, json=body)).status_code == 400


async def test_time_of_thirty_days_and_of_the_caller_unless_asked():
    async with open_box() as client:
        mia, header = add_person(client.box, "Mia Sand")
        task = (await make(client))["id"]
        now = 1779183000000
        await client.post(TIMES, json={"start": now - HOUR, "duration": HOUR, "tid": task})
        await client.post(TIMES, json={"start": now - 40 * 24 * HOUR, "duration": HOUR, "tid": task})
        await client.post(
            TIMES, json={"start": now - 2 * HOUR, "stop": now - HOUR, "tid": task}, headers=header
        )

        async def count(headers=None, **query):
            answer = await client.get(TIMES, params=query, headers=headers)
            return len(answer.json()["data"]) if answer.status_code == 200 else answer.status_code

        assert await count() == 1
        assert await count(start_date=0, end_date=now) == 2
        assert await count(assignee=f"{mia.id},{Place.owner}") == 2
        assert await count(header, assignee=Place.owner) == 403
        assert await count(task_id=task, list_id=Place.list) == 400
        assert await count(list_id=Place.list) == 1
        assert (await client.get(f"/task/{task}")).json()["time_spent"] == 3 * HOUR


async def test_changes_of_time_need_both_ends_and_tags_are_replaced():
    async with open_box() as client:
        tag = {"name": "deep", "tag_fg": "#000000", "tag_bg": "#ffffff"}
        made = await client.post(TIMES, json={"start": 1000, "duration": 500, "tags": [tag]})
        path = f"{TIMES}/{made.json()['data']['id']}"
        assert (await client.put(path, json={"start": 2000})).status_code == 400
        assert (await client.put(path, json={"start": 2000, "end": 1000})).status_code == 400
        (row,) = (await client.put(path, json={"start": 2000, "end": 2600, "tags": []})).json()["data"]
        assert (row["start"], row["end"], row["duration"], row["tags"]) == ("2000", "2600", "600", [])
        await client.put(path, json={"tags": [tag], "tag_action": "add"})
        other = {**tag, "name": "other"}
        (row,) = (await client.put(path, json={"tags": [other], "tag_action": "add"})).json()["data"]
        assert [part["name"] for part in row["tags"]] == ["deep", "other"]


async def test_a_running_timer_has_a_negative_duration():
    async with open_box() as client:
        assert (await client.get(f"{TIMES}/current")).json() == {"data": None}
        await client.post(f"{TIMES}/start", json={"description": "Work"})
        client.box.clock.advance(90)
        assert (await client.get(f"{TIMES}/current")).json()["data"]["duration"] == -90000
        (row,) = (await client.get(TIMES)).json()["data"]
        assert row["duration"] == "-90000"
        assert "end" not in row
        stopped = (await client.post(f"{TIMES}/stop")).json()["data"]
        assert (stopped["duration"], stopped["end"]) == (90000, 1779183090000)
        assert (await client.post(f"{TIMES}/stop")).status_code == 400


async def test_time_in_statuses():
    async with open_box() as client:
        one, two = (await make(client))["id"], (await make(client))["id"]
        client.box.clock.advance(600)
        await client.put(f"/task/{one}", json={"status": "complete"})
        client.box.clock.advance(120)
        body = (await client.get(f"/task/{one}/time_in_status")).json()
        assert body["current_status"]["total_time"]["by_minute"] == 2
        assert [row["total_time"]["by_minute"] for row in body["status_history"]] == [10, 2]
        path = "/task/bulk_time_in_status/task_ids"
        both = (await client.get(path, params={"task_ids": [one, two]})).json()
        assert set(both) == {one, two}
        assert (await client.get(path, params={"task_ids": [one]})).status_code == 400


async def test_views_keep_what_was_sent():
    async with open_box() as client:
        body = {"name": "Board", "type": "board", "filters": {"show_closed": True}}
        view = (await client.post(f"/space/{Place.space}/view", json=body)).json()["view"]
        assert view["parent"] == {"id": Place.space, "type": 4}
        await make(client, status="complete")
        rows = (await client.get(f"/view/{view['id']}/task", params={"page": 0})).json()
        assert (len(rows["tasks"]), rows["last_page"]) == (1, True)
        await client.put(f"/view/{view['id']}", json={"filters": {"show_closed": False}})
        assert (await client.get(f"/view/{view['id']}/task")).json()["tasks"] == []
        assert (
            await client.post(f"/space/{Place.space}/view", json={"name": "X", "type": "x"})
        ).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        f"/list/{Place.list}/taskTemplate/t-1",
        f"/space/{Place.space}/list_template/t-1",
        f"/space/{Place.space}/folder_template/t-1",
    ],
)
async def test_there_are_no_templates(path):
    async with open_box() as client:
        assert (await client.post(path, json={"name": "New"})).status_code == 404


async def test_only_enterprise_reads_and_changes_single_users():
    async with open_box() as client:
        for method, path, body in (
            ("GET", f"/team/{Place.team}/user/{Place.owner}", None),
            ("POST", f"/team/{Place.team}/user", {"email": "x@example.com", "admin": False}),
            ("POST", f"/team/{Place.team}/guest", {"email": "x@example.com"}),
        ):
            assert ecode(await client.request(method, path, json=body)) == (403, "TEAM_110")


async def test_estimates_of_people_need_a_business_plan():
    for plan, wanted in (("unlimited", 400), ("business", 200)):
        async with open_box(plan=plan, api="") as client:
            body = {"name": "T", "assignees": [Place.owner]}
            task = (await client.post(f"/api/v2/list/{Place.list}/task", json=body)).json()["id"]
            path = f"/api/v3/workspaces/{Place.team}/tasks/{task}/time_estimates_by_user"
            answer = await client.patch(path, json=[{"assignee": Place.owner, "time": HOUR}])
            assert answer.status_code == wanted
            body = {"time_estimate": 2 * HOUR}
            assert (await client.put(f"/api/v2/task/{task}", json=body)).status_code == 200


async def test_v3_pages_files_by_cursor():
    async with open_box(api="") as client:
        task = (await client.post(f"/api/v2/list/{Place.list}/task", json={"name": "T"})).json()["id"]
        for number in range(3):
            files = {"attachment": (f"{number}.txt", b"x", "text/plain")}
            await client.post(f"/api/v2/task/{task}/attachment", files=files)
        path = f"/api/v3/workspaces/{Place.team}/tasks/{task}/attachments"
        first = (await client.get(path, params={"limit": 2})).json()
        rest = (await client.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (2, 1, "")
        assert (await client.get(path, params={"limit": 500})).status_code == 400
