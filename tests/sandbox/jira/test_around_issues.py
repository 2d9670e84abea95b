"""Transitions, comments, worklogs, links, files and watchers."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers.sandbox.jira.defaults import CLASSIC
from tests.sandbox.jira.support import ADMIN_ACCOUNT, BEN, MIA, adf, errors, make, open_box

BEN_AUTH = ("ben@example.com", "ben-token")


async def steps(client, key):
    rows = (await client.get(f"/issue/{key}/transitions")).json()["transitions"]
    return {row["name"]: (row["id"], row["to"]["name"]) for row in rows}


async def test_only_transitions_from_here_are_listed_and_can_be_done():
    async with open_box() as client:
        key = await make(client)
        assert await steps(client, key) == {
            "Start work": ("11", "In Progress"),
            "Pause": ("51", "On Hold"),
            "Reject": ("61", "Rejected"),
        }
        answer = await client.post(f"/issue/{key}/transitions", json={"transition": {"id": "41"}})
        assert errors(answer) == (400, ["Transition id '41' is not valid for this issue."])
        for step in ("11", "21", "41"):
            answer = await client.post(f"/issue/{key}/transitions", json={"transition": {"id": step}})
            assert answer.status_code == 204
        fields = (await client.get(f"/issue/{key}")).json()["fields"]
        assert (fields["status"]["statusCategory"]["key"], fields["resolution"]["name"]) == ("done", "Done")
        assert fields["resolutiondate"] is not None
        await client.post(f"/issue/{key}/transitions", json={"transition": {"id": "71"}})
        fields = (await client.get(f"/issue/{key}")).json()["fields"]
        assert (fields["resolution"], fields["resolutiondate"]) == (None, None)


async def test_a_screen_asks_for_its_fields_and_takes_no_others():
    async with open_box() as client:
        key = await make(client)
        rows = (
            await client.get(f"/issue/{key}/transitions?expand=transitions.fields&transitionId=61")
        ).json()
        fields = rows["transitions"][0]["fields"]
        assert fields["resolution"]["required"] is True
        assert "Won't Do" in [row["name"] for row in fields["resolution"]["allowedValues"]]
        body = {"transition": {"id": "61"}}
        answer = await client.post(f"/issue/{key}/transitions", json=body)
        assert errors(answer) == (400, {"resolution": "Resolution is required."})
        body["fields"] = {"resolution": {"name": "Won't Do"}, "summary": "x"}
        answer = await client.post(f"/issue/{key}/transitions", json=body)
        assert list(answer.json()["errors"]) == ["summary"]
        body = {
            "transition": {"id": "61"},
            "fields": {"resolution": {"name": "Won't Do"}},
            "update": {"comment": [{"add": {"body": "text"}}]},
        }
        answer = await client.post(f"/issue/{key}/transitions", json=body)
        assert errors(answer)[0] == 400
        assert client.box.state.issue(key).status_id == 10000
        body["update"]["comment"][0]["add"]["body"] = adf("no")
        assert (await client.post(f"/issue/{key}/transitions", json=body)).status_code == 204
        fields = (await client.get(f"/issue/{key}")).json()["fields"]
        assert (fields["resolution"]["name"], fields["comment"]["total"]) == ("Won't Do", 1)


async def test_no_right_means_an_empty_list_and_a_closed_step_means_no_edits():
    async with open_box() as client:
        state = client.box.state
        state.projects.change(state.project("ED"), access="limited", workflow_ids={0: CLASSIC})
        key = await make(client)
        assert (await client.get(f"/issue/{key}/transitions", auth=BEN_AUTH)).json()["transitions"] == []
        close = {"transition": {"id": "2"}, "fields": {"resolution": {"name": "Duplicate"}}}
        assert (await client.post(f"/issue/{key}/transitions", json=close)).status_code == 204
        assert (await client.put(f"/issue/{key}", json={"fields": {"summary": "y"}})).status_code == 400
        assert (await client.get(f"/issue/{key}/editmeta")).json() == {"fields": {}}


async def test_comments_belong_to_the_caller_and_move_updated():
    async with open_box() as client:
        client.box.clock.freeze()
        key = await make(client)
        client.box.clock.advance(60)
        made = (await client.post(f"/issue/{key}/comment", json={"body": adf("one")})).json()
        assert made["author"]["accountId"] == ADMIN_ACCOUNT
        issue = client.box.state.issue(key)
        assert (issue.updated - issue.created).total_seconds() == 60
        answer = await client.post(f"/issue/{key}/comment", json={"body": "text"})
        assert answer.status_code == 400
        answer = await client.post(
            f"/issue/{key}/comment", json={"body": {"type": "doc", "version": 1, "content": []}}
        )
        assert errors(answer) == (400, {"comment": "Comment body can not be empty!"})
        url = f"/issue/{key}/comment/{made['id']}"
        assert (await client.put(url, json={"body": adf("two")}, auth=BEN_AUTH)).status_code == 400
        assert (await client.put(url, json={"body": adf("two")})).json()["body"] == adf("two")
        assert (await client.delete(url)).status_code == 204
        assert (await client.get(url)).status_code == 404


async def test_comments_come_in_pages_oldest_first_and_can_be_kept_to_a_group():
    async with open_box() as client:
        key = await make(client)
        for number in range(3):
            await client.post(f"/issue/{key}/comment", json={"body": adf(str(number))})
        hidden = {"body": adf("x"), "visibility": {"type": "group", "value": "site-admins"}}
        assert (await client.post(f"/issue/{key}/comment", json=hidden)).status_code == 201
        body = (await client.get(f"/issue/{key}/comment?maxResults=2&startAt=2", auth=BEN_AUTH)).json()
        assert (body["total"], [row["body"] for row in body["comments"]]) == (3, [adf("2")])
        body = (await client.get(f"/issue/{key}/comment?orderBy=-created")).json()
        assert [row["id"] for row in body["comments"]] == ["10003", "10002", "10001", "10000"]
        client.box.state.settings["comment_limit"] = 4
        assert (await client.post(f"/issue/{key}/comment", json={"body": adf("5")})).status_code == 413


@pytest.mark.parametrize(
    ("query", "remaining"),
    [("", 1800), ("?adjustEstimate=leave", 7200), ("?adjustEstimate=new&newEstimate=3h", 10800)],
)
async def test_worklogs_take_from_the_remaining_estimate(query, remaining):
    async with open_box() as client:
        key = await make(client, timetracking={"originalEstimate": "2h"})
        work = {"timeSpentSeconds": 5459, "started": "2026-02-06T09:30:49.157+0100"}
        made = (await client.post(f"/issue/{key}/worklog{query}", json=work)).json()
        assert (made["timeSpentSeconds"], made["timeSpent"]) == (5400, "1h 30m")
        tracking = (await client.get(f"/issue/{key}")).json()["fields"]["timetracking"]
        assert (tracking["timeSpentSeconds"], tracking["remainingEstimateSeconds"]) == (5400, remaining)


async def test_worklogs_refuse_seconds_zones_and_other_forms():
    async with open_box() as client:
        key = await make(client)
        for work in ({"timeSpentSeconds": 59}, {"timeSpent": "soon"}, {}):
            assert (await client.post(f"/issue/{key}/worklog", json=work)).status_code == 400
        work = {"timeSpent": "1h", "started": "2026-02-06T09:30:49Z"}
        assert list(errors(await client.post(f"/issue/{key}/worklog", json=work))[1]) == ["started"]


async def _tracked(client, key):
    found = (await client.get(f"/issue/{key}")).json()["fields"]["timetracking"]
    return found["timeSpentSeconds"], found["remainingEstimateSeconds"]


@pytest.mark.parametrize(("query", "left"), [("", [0, 9000]), ("?adjustEstimate=leave", [3600, 5400])])
async def test_worklogs_move_without_events(query, left):
    async with open_box() as client:
        keys = [await make(client, timetracking={"originalEstimate": "2h"}) for _ in range(2)]
        made = []
        for key in (keys[0], keys[0], keys[1]):
            path = f"/issue/{key}/worklog?adjustEstimate=manual&reduceBy=30m"
            made.append((await client.post(path, json={"timeSpent": "1h"})).json())
        events = []
        client.box.state.listeners.append(events.append)
        body = {"ids": [int(made[0]["id"])], "issueIdOrKey": keys[1]}
        assert [await _tracked(client, key) for key in keys] == [(7200, 3600), (3600, 5400)]
        assert (await client.post(f"/issue/{keys[0]}/worklog/move{query}", json=body)).status_code == 204
        found = [await _tracked(client, key) for key in keys]
        assert found == [(3600, left[0]), (7200, left[1])]
        assert events == []
        paths = [f"/issue/{key}/worklog/move" for key in keys]
        again = [
            await client.post(paths[0], json=body),
            await client.post(paths[1], json={**body, "ids": []}),
        ]
        assert [one.status_code for one in again] == [404, 400]


async def test_the_feeds_of_worklogs_withhold_the_last_minute():
    async with open_box() as client:
        client.box.clock.freeze()
        key = await make(client)
        made = (await client.post(f"/issue/{key}/worklog", json={"timeSpent": "1h"})).json()
        assert (await client.get("/worklog/updated?since=0")).json()["values"] == []
        client.box.clock.advance(61)
        body = (await client.get("/worklog/updated?since=0")).json()
        assert ([row["worklogId"] for row in body["values"]], body["lastPage"]) == ([int(made["id"])], True)
        await client.delete(f"/issue/{key}/worklog/{made['id']}")
        client.box.clock.advance(61)
        assert len((await client.get("/worklog/deleted?since=0")).json()["values"]) == 1
        assert (await client.get("/worklog/updated?since=0")).json()["values"] == []


async def test_embedded_worklogs_end_at_twenty():
    async with open_box() as client:
        key = await make(client)
        for _ in range(22):
            await client.post(f"/issue/{key}/worklog", json={"timeSpent": "1m"})
        embedded = (await client.get(f"/issue/{key}?fields=worklog")).json()["fields"]["worklog"]
        assert (embedded["total"], len(embedded["worklogs"])) == (22, 20)
        assert len((await client.get(f"/issue/{key}/worklog")).json()["worklogs"]) == 22


async def test_the_blocker_is_the_inward_issue():
    async with open_box() as client:
        blocker, blocked = await make(client), await make(client)
        body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": blocker}, "outwardIssue": {"key": blocked}}
        answer = await client.post("/issueLink", json=body)
        assert (answer.status_code, answer.content) == (201, b"")
        assert (await client.post("/issueLink", json=body)).status_code == 201
        (link,) = (await client.get(f"/issue/{blocker}")).json()["fields"]["issuelinks"]
        assert (link["type"]["outward"], link["outwardIssue"]["key"]) == ("blocks", blocked)
        assert "inwardIssue" not in link
        (link,) = (await client.get(f"/issue/{blocked}")).json()["fields"]["issuelinks"]
        assert (link["type"]["inward"], link["inwardIssue"]["key"]) == ("is blocked by", blocker)
        item = (await client.get(f"/issue/{blocker}/changelog")).json()["values"][0]["items"][0]
        assert (item["field"], item["toString"]) == ("Link", f"This work item blocks {blocked}")
        assert (await client.delete(f"/issueLink/{link['id']}")).status_code == 204
        assert (await client.get(f"/issue/{blocker}")).json()["fields"]["issuelinks"] == []
        body["type"] = {"name": "Hugs"}
        assert errors(await client.post("/issueLink", json=body)) == (
            404,
            ["No issue link type with name 'Hugs' found."],
        )


async def test_files_need_the_header_and_come_from_another_host():
    async with open_box() as client:
        key = await make(client)
        files = [
            ("file", ("ü.txt", b"one", "text/plain")),
            ("file", ("b.bin", b"two", "application/octet-stream")),
        ]
        assert (await client.post(f"/issue/{key}/attachments", files=files)).status_code == 403
        token = {"X-Atlassian-Token": "no-check"}
        rows = (await client.post(f"/issue/{key}/attachments", files=files, headers=token)).json()
        assert [(row["filename"], row["size"]) for row in rows] == [("ü.txt", 3), ("b.bin", 3)]
        answer = await client.get(f"/attachment/content/{rows[0]['id']}")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("http://media.jira.sandbox/")
        async with httpx2.AsyncClient(transport=client.box.transport()) as other:
            assert (await other.get(answer.headers["location"])).content == b"one"
            refused = await other.get(answer.headers["location"], headers={"authorization": "Basic eDp5"})
            assert refused.status_code == 400
            assert (await other.get(answer.headers["location"] + "x")).status_code == 200
            forged = answer.headers["location"].replace("token=", "token=x")
            assert (await other.get(forged)).status_code == 403
        answer = await client.get(f"/attachment/content/{rows[1]['id']}?redirect=false")
        assert (answer.status_code, answer.content) == (200, b"two")
        client.box.state.settings["upload_limit"] = 2
        assert (await client.post(f"/issue/{key}/attachments", files=files, headers=token)).status_code == 413


async def test_watchers_are_a_bare_text():
    async with open_box() as client:
        key = await make(client)
        assert (await client.post(f"/issue/{key}/watchers", json=MIA)).status_code == 204
        body = (await client.get(f"/issue/{key}/watchers")).json()
        assert ([row["accountId"] for row in body["watchers"]], body["watchCount"]) == (
            [ADMIN_ACCOUNT, MIA],
            2,
        )
        assert (await client.post(f"/issue/{key}/watchers", json={"accountId": BEN})).status_code == 400
        assert (await client.delete(f"/issue/{key}/watchers?accountId={MIA}")).status_code == 204
        assert client.box.state.issue(key).watchers == (ADMIN_ACCOUNT,)


async def test_remote_links_are_put_by_their_global_id():
    async with open_box() as client:
        key = await make(client)
        body = {"globalId": "sys=1", "object": {"url": "https://example.com/1", "title": "There"}}
        assert (await client.post(f"/issue/{key}/remotelink", json=body)).status_code == 201
        body["object"]["title"] = "Here"
        assert (await client.post(f"/issue/{key}/remotelink", json=body)).status_code == 200
        (row,) = (await client.get(f"/issue/{key}/remotelink")).json()
        assert row["object"]["title"] == "Here"
        assert (await client.get(f"/issue/{key}/remotelink?globalId=none")).status_code == 404
