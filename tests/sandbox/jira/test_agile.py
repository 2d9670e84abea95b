"""Boards and sprints: full against partial update, moving issues, ranks, lists, rights."""

from __future__ import annotations

import pytest

from pm_providers.sandbox.jira.demo import token_of
from tests.sandbox.jira.support import errors, make, open_box

AGILE = "/rest/agile/1.0"
DATES = {"startDate": "2026-03-02T09:00:00.000+01:00", "endDate": "2026-03-13T17:00:00.000Z"}
NO_BOARD = (
    "The requested board cannot be viewed because it either does not exist or you do not have permission to "
    "view it."
)


async def sprint_of(client, **more):
    answer = await client.post("/sprint", json={"name": "Sprint 1", "originBoardId": 1, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def field(client, key):
    url = f"{client.box.base_url}/rest/api/3/issue/{key}?fields=customfield_10020"
    return (await client.get(url)).json()["fields"]["customfield_10020"]


async def make_issue(client, **fields):
    body = {"project": {"key": "ED"}, "issuetype": {"name": "Task"}, "summary": "An issue", **fields}
    answer = await client.post(f"{client.box.base_url}/rest/api/3/issue", json={"fields": body})
    assert answer.status_code == 201, answer.text
    return answer.json()["key"]


async def test_a_put_nulls_what_it_does_not_name_and_a_post_does_not():
    async with open_box(api=AGILE) as client:
        row = await sprint_of(client, goal="Ship", **DATES)
        assert row["startDate"] == "2026-03-02T08:00:00.000Z"
        partial = (await client.post(f"/sprint/{row['id']}", json={"name": "Renamed"})).json()
        assert (partial["goal"], partial["endDate"]) == ("Ship", "2026-03-13T17:00:00.000Z")
        full = (await client.put(f"/sprint/{row['id']}", json={"name": "Again"})).json()
        assert (full["name"], full["goal"]) == ("Again", "")
        assert "startDate" not in full
        assert errors(await client.put(f"/sprint/{row['id']}", json={"goal": "x"})) == (
            400,
            {"name": "The sprint name is required."},
        )


async def test_sprints_start_with_dates_and_close_once():
    async with open_box(api=AGILE) as client:
        row = await sprint_of(client)
        url = f"/sprint/{row['id']}"
        assert (await client.post(url, json={"state": "active"})).status_code == 400
        assert (await client.post(url, json={"state": "closed"})).status_code == 400
        started = (await client.post(url, json={"state": "active", **DATES})).json()
        assert started["state"] == "active"
        second = await sprint_of(client, **DATES)
        answer = await client.post(f"/sprint/{second['id']}", json={"state": "active"})
        assert answer.status_code == 400
        closed = (await client.post(url, json={"state": "closed"})).json()
        assert closed["state"] == "closed"
        assert "completeDate" in closed
        late = (
            await client.post(url, json={"name": "New name", "endDate": "2027-01-01T00:00:00.000Z"})
        ).json()
        assert (late["name"], late["endDate"]) == ("New name", "2026-03-13T17:00:00.000Z")
        assert (await client.post(url, json={"state": "active"})).json()["state"] == "closed"
        assert (await client.post(f"/sprint/{second['id']}", json={"state": "active"})).status_code == 200
        order = (await client.get("/board/1/sprint")).json()["values"]
        assert [part["state"] for part in order] == ["closed", "active"]
        only = (await client.get("/board/1/sprint?state=active,future")).json()
        assert [part["id"] for part in only["values"]] == [second["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x" * 31},
        {"name": "x", "startDate": "soon"},
        {"name": "x", "startDate": DATES["endDate"], "endDate": DATES["startDate"]},
        {"name": " "},
        {"name": "x", "originBoardId": None},
    ],
)
async def test_bad_sprints_are_refused(body):
    async with open_box(api=AGILE) as client:
        assert (await client.post("/sprint", json={"originBoardId": 1, **body})).status_code == 400


async def test_issues_go_in_and_out_of_sprints_with_their_subtasks():
    async with open_box(api=AGILE) as client:
        one = await make_issue(client)
        child = await make_issue(client, issuetype={"name": "Sub-task"}, parent={"key": one})
        row = await sprint_of(client)
        url = f"/sprint/{row['id']}/issue"
        assert (await client.post(url, json={"issues": [one]})).status_code == 204
        assert [part["id"] for part in await field(client, one)] == [row["id"]]
        assert [part["name"] for part in await field(client, child)] == ["Sprint 1"]
        assert (await client.post(url, json={"issues": [child]})).status_code == 400
        assert (await client.post(url, json={"issues": ["ED-99"]})).status_code == 404
        assert (await client.post(url, json={"issues": [one] * 51})).status_code == 400
        listed = (await client.get(f"{url}?fields=summary")).json()
        assert [issue["key"] for issue in listed["issues"]] == [one, child]
        assert (await client.post("/backlog/issue", json={"issues": [one]})).status_code == 204
        assert await field(client, one) is None
        assert await field(client, child) is None


async def test_a_closed_sprint_keeps_its_issues_and_takes_no_others():
    async with open_box(api=AGILE) as client:
        key, late = await make_issue(client), await make_issue(client)
        row = await sprint_of(client, **DATES)
        await client.post(f"/sprint/{row['id']}/issue", json={"issues": [key]})
        for state in ("active", "closed"):
            await client.post(f"/sprint/{row['id']}", json={"state": state})
        assert (await client.post(f"/sprint/{row['id']}/issue", json={"issues": [late]})).status_code == 400
        following = await sprint_of(client)
        await client.post(f"/sprint/{following['id']}/issue", json={"issues": [key]})
        assert [part["state"] for part in await field(client, key)] == ["closed", "future"]
        agile = (await client.get(f"/issue/{key}")).json()["fields"]
        assert agile["sprint"]["id"] == following["id"]
        assert [part["id"] for part in agile["closedSprints"]] == [row["id"]]
        assert (await client.delete(f"/sprint/{following['id']}")).status_code == 204
        assert [part["state"] for part in await field(client, key)] == ["closed"]


async def test_ranks_order_the_backlog():
    async with open_box(api=AGILE) as client:
        keys = [await make_issue(client, summary=f"Issue {n}") for n in range(4)]

        async def backlog():
            return [i["key"] for i in (await client.get("/board/1/backlog?fields=key")).json()["issues"]]

        assert await backlog() == keys
        body = {"issues": [keys[3], keys[2]], "rankBeforeIssue": keys[0]}
        assert (await client.put("/issue/rank", json=body)).status_code == 204
        assert await backlog() == [keys[3], keys[2], keys[0], keys[1]]
        body = {"issues": [keys[3], "ED-99"], "rankAfterIssue": keys[1]}
        answer = await client.put("/issue/rank", json=body)
        assert answer.status_code == 207
        assert [entry["status"] for entry in answer.json()["entries"]] == [200, 404]
        assert await backlog() == [keys[2], keys[0], keys[1], keys[3]]
        assert (await client.put("/issue/rank", json={"issues": keys})).status_code == 400


async def test_ranks_never_run_out_of_room():
    async with open_box(api=AGILE) as client:
        first, second, third = [await make_issue(client) for _ in range(3)]
        for number in range(60):
            moved = (second, third)[number % 2]
            await client.put("/issue/rank", json={"issues": [moved], "rankAfterIssue": first})
        order = [i["key"] for i in (await client.get("/board/1/backlog?fields=key")).json()["issues"]]
        assert order == [first, third, second]


async def test_a_board_without_sprints_says_so():
    async with open_box(dataset="demo", api=AGILE) as client:
        assert errors(await client.get("/board/2/sprint")) == (400, ["The board does not support sprints"])
        answer = await client.post("/sprint", json={"name": "x", "originBoardId": 2})
        assert errors(answer) == (400, ["The board does not support sprints"])


async def test_boards_are_found_by_project_type_and_name():
    async with open_box(dataset="demo", api=AGILE) as client:

        async def ids(**query):
            return [row["id"] for row in (await client.get("/board", params=query)).json()["values"]]

        assert await ids(projectKeyOrId="SHOP") == [1]
        assert await ids(type="kanban,simple") == [2]
        assert await ids(name="office") == [2]
        assert await ids(maxResults=1, startAt=1) == [2]
        assert await ids(type="scrum", projectKeyOrId="OFFICE") == []
        assert (await client.get("/board?projectKeyOrId=NOPE")).status_code == 400
        config = (await client.get("/board/1/configuration")).json()
        assert config["estimation"]["field"]["fieldId"] == "customfield_10026"
        assert config["ranking"] == {"rankCustomFieldId": 10019}
        assert [column["name"] for column in config["columnConfig"]["columns"]] == [
            "To Do",
            "In Progress",
            "Done",
        ]


async def test_private_boards_are_hidden_and_readers_manage_nothing():
    async with open_box("ben", dataset="demo", api=AGILE) as client:
        assert {row["location"]["projectKey"] for row in (await client.get("/board")).json()["values"]} == {
            "ED"
        }
        assert errors(await client.get("/board/1")) == (404, [NO_BOARD])
        assert (await client.get("/sprint/1")).status_code == 404
        client.auth = ("wen@example.com", token_of("wen"))
        assert (await client.get("/sprint/2")).status_code == 200
        assert (await client.post("/sprint/2", json={"goal": "x"})).status_code == 403
        assert (await client.post("/backlog/issue", json={"issues": ["SHOP-2"]})).status_code == 403
        client.auth = None
        assert (await client.post("/sprint/2", json={"goal": "x"})).status_code == 401


async def test_estimates_bypass_the_screens():
    async with open_box(api=AGILE) as client:
        key = await make_issue(client)
        url = f"/issue/{key}/estimation"
        assert (await client.put(f"{url}?boardId=1", json={"value": "5"})).json() == {
            "fieldId": "customfield_10026",
            "value": 5.0,
        }
        assert (await client.get(f"{url}?boardId=1")).json()["value"] == 5.0
        assert (await client.put(f"{url}?boardId=1", json={"value": "many"})).status_code == 400
        assert (await client.put(url, json={"value": "5"})).status_code == 400


async def test_epics_take_issues_and_let_them_go():
    async with open_box(api=AGILE) as client:
        epic = await make_issue(client, issuetype={"name": "Epic"})
        key = await make_issue(client)
        assert (await client.post(f"/epic/{epic}/issue", json={"issues": [key]})).status_code == 204
        listed = (await client.get(f"/epic/{epic}/issue?fields=key")).json()
        assert [issue["key"] for issue in listed["issues"]] == [key]
        assert (await client.get("/epic/none/issue?fields=key&jql=project=ED")).json()["total"] == 0
        assert (await client.get(f"/issue/{key}")).json()["fields"]["epic"]["key"] == epic
        assert (await client.post("/epic/none/issue", json={"issues": [key]})).status_code == 204
        assert (await client.get(f"/epic/{epic}/issue?fields=key")).json()["total"] == 0
        assert (await client.get(f"/epic/{key}")).status_code == 404


async def test_the_newer_lists_page_by_token():
    async with open_box(dataset="demo", api="/rest/software/1.0") as client:
        found, token = [], ""
        while True:
            query = {"fields": "key", "maxResults": "4", "jql": "type != Bug ORDER BY key"}
            body = (
                await client.get("/board/1/issue", params=query | ({"nextPageToken": token} if token else {}))
            ).json()
            found += [issue["key"] for issue in body["issues"]]
            token = body.get("nextPageToken")
            if not token:
                break
        assert len(found) == 11
        count = await client.get("/board/1/issue/approximate-count", params={"jql": "type != Bug"})
        assert count.json() == {"count": 11}
        assert (await client.get("/sprint/2/issue?fields=key")).json()["isLast"] is True


async def test_a_saved_filter_makes_a_board():
    async with open_box() as client:
        await make(client, "Red", labels=["red"])
        await make(client, "Blue")
        body = {"name": "Reds", "jql": "project = ED AND labels = red ORDER BY created DESC"}
        made = (await client.post("/filter", json=body)).json()
        assert (await client.post("/filter", json={"name": "Bad", "jql": "foo = 1"})).status_code == 400
        assert (await client.post("/filter", json=body)).status_code == 400
        agile = f"{client.box.base_url}{AGILE}"
        board = await client.post(
            f"{agile}/board",
            json={
                "name": "Red board",
                "type": "kanban",
                "filterId": int(made["id"]),
                "location": {"type": "project", "projectKeyOrId": "ED"},
            },
        )
        assert board.status_code == 201, board.text
        url = f"{agile}/board/{board.json()['id']}"
        assert [i["key"] for i in (await client.get(f"{url}/issue?fields=key")).json()["issues"]] == ["ED-1"]
        assert (await client.get(f"{agile}/board/filter/{made['id']}")).json()["total"] == 1
        await client.put(f"/filter/{made['id']}", json={"name": "All", "jql": "project = ED"})
        assert (await client.get(f"{url}/issue?fields=key")).json()["total"] == 2
        assert (await client.delete(url)).status_code == 204
        assert (await client.get(url)).status_code == 404


async def test_sprints_have_properties_and_change_places():
    async with open_box(api=AGILE) as client:
        one, two = await sprint_of(client), await sprint_of(client, name="Two")
        assert (await client.put(f"/sprint/{one['id']}/properties/pm", json={"a": 1})).status_code == 201
        assert (await client.get(f"/sprint/{one['id']}/properties/pm")).json()["value"] == {"a": 1}
        answer = await client.post(f"/sprint/{one['id']}/swap", json={"sprintToSwapWith": two["id"]})
        assert answer.status_code == 204
        order = [row["id"] for row in (await client.get("/board/1/sprint")).json()["values"]]
        assert order == [two["id"], one["id"]]
