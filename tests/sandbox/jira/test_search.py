"""Search: pages by token, ids by default, an index that lags behind, what was removed."""

from __future__ import annotations

import pytest

from tests.sandbox.jira.support import make, open_box


async def search(client, jql="project = ED ORDER BY key", **more):
    return await client.post("/search/jql", json={"jql": jql, **more})


async def test_the_default_is_nothing_but_ids():
    async with open_box() as client:
        await make(client)
        body = (await search(client)).json()
        assert body == {"issues": [{"id": "10000"}], "isLast": True}
        assert (await client.get("/search/jql", params={"jql": "project = ED"})).json() == body
        keyed = (await search(client, fields=["key"])).json()["issues"]
        assert keyed == [{"id": "10000", "key": "ED-1"}]


async def test_fields_expansions_and_properties():
    async with open_box() as client:
        await make(client, labels=["x"])
        await client.put("/issue/ED-1/properties/pm.sync", json={"hash": 1})
        body = (
            await search(
                client, fields=["summary", "labels"], expand="names,schema,changelog", properties=["pm.sync"]
            )
        ).json()
        issue = body["issues"][0]
        assert issue["fields"] == {"summary": "An issue", "labels": ["x"]}
        assert issue["properties"] == {"pm.sync": {"hash": 1}}
        assert issue["changelog"]["total"] == 0
        assert body["names"] == {"summary": "Summary", "labels": "Labels"}
        assert body["schema"]["labels"] == {"type": "array", "items": "string", "system": "labels"}
        everything = (await search(client, fields=["*all", "-comment"])).json()["issues"][0]["fields"]
        assert "comment" not in everything
        assert "worklog" in everything


async def test_pages_follow_tokens_until_there_is_none():
    async with open_box() as client:
        for number in range(7):
            await make(client, f"Issue {number}")
        found, token, pages = [], None, 0
        while pages == 0 or token:
            body = (await search(client, maxResults=3, **({"nextPageToken": token} if token else {}))).json()
            found += [issue["id"] for issue in body["issues"]]
            token, pages = body.get("nextPageToken"), pages + 1
            assert body["isLast"] is (token is None)
        assert pages == 3
        assert found == [str(10000 + number) for number in range(7)]


async def test_new_issues_before_the_mark_do_not_shift_the_pages():
    async with open_box() as client:
        for number in range(4):
            await make(client, f"Issue {number}")
        first = (await search(client, "project = ED ORDER BY created DESC", maxResults=2)).json()
        await make(client, "Newer")
        second = (
            await search(
                client,
                "project = ED ORDER BY created DESC",
                maxResults=2,
                nextPageToken=first["nextPageToken"],
            )
        ).json()
        ids = [issue["id"] for issue in first["issues"] + second["issues"]]
        assert len(set(ids)) == 4
        assert "10004" not in ids


async def test_the_end_may_be_told_wrongly():
    async with open_box() as client:
        await make(client)
        client.box.state.settings["unreliable_is_last"] = True
        body = (await search(client)).json()
        assert body["isLast"] is False
        assert "nextPageToken" not in body


async def test_tokens_expire_and_must_be_known():
    async with open_box() as client:
        await make(client)
        await make(client)
        token = (await search(client, maxResults=1)).json()["nextPageToken"]
        assert (await search(client, nextPageToken="bad")).status_code == 400
        client.box.clock.advance(8 * 86_400)
        assert (await search(client, maxResults=1, nextPageToken=token)).status_code == 400


async def test_pages_are_smaller_with_fields_than_with_ids():
    async with open_box(scale=120) as client:
        few = (await search(client, "project = SCALE", fields=["summary"], maxResults=5000)).json()
        many = (await search(client, "project = SCALE", maxResults=5000)).json()
        assert (len(few["issues"]), len(many["issues"])) == (100, 120)
        assert len((await search(client, "project = SCALE")).json()["issues"]) == 50


async def test_the_index_lags_behind_and_reconciles_by_id():
    async with open_box() as client:
        await make(client, "Old")
        client.box.clock.advance(3600)
        client.box.state.settings["index_lag_s"] = 60
        await make(client, "New")
        await client.put("/issue/ED-1", json={"fields": {"summary": "Changed"}})
        assert (await search(client)).json()["issues"] == [{"id": "10000"}]
        stale = (await search(client, fields=["summary"])).json()["issues"]
        assert [issue["fields"]["summary"] for issue in stale] == ["Old"]
        fresh = (await search(client, fields=["summary"], reconcileIssues=[10000, 10001])).json()["issues"]
        assert [issue["fields"]["summary"] for issue in fresh] == ["Changed", "New"]
        direct = (await client.post("/issue/bulkfetch", json={"issueIdsOrKeys": ["ED-2"]})).json()
        assert direct["issues"][0]["key"] == "ED-2"
        count = await client.post("/search/approximate-count", json={"jql": "project = ED"})
        assert count.json() == {"count": 1}
        client.box.clock.advance(61)
        assert len((await search(client)).json()["issues"]) == 2


async def test_deleted_issues_stay_in_a_late_index_and_reconcile_away():
    async with open_box() as client:
        await make(client)
        client.box.clock.advance(3600)
        client.box.state.settings["index_lag_s"] = 60
        await client.delete("/issue/ED-1")
        assert len((await search(client)).json()["issues"]) == 1
        assert (await search(client, reconcileIssues=[10000])).json()["issues"] == []


async def test_the_fault_of_a_stale_index_shows_the_state_before_the_last_write():
    async with open_box(faults=["stale-search;match=search/jql;writes=1"]) as client:
        await make(client, "One")
        await make(client, "Two")
        assert (await search(client)).json()["issues"] == [{"id": "10000"}]
        assert (await search(client)).json()["issues"] == [{"id": "10000"}]


@pytest.mark.parametrize(
    "more",
    [
        {"startAt": 0},
        {"expand": ["changelog"]},
        {"fields": "summary"},
        {"maxResults": "5"},
        {"reconcileIssues": ["10000"]},
        {"jql": 5},
    ],
)
async def test_bad_payloads_are_refused(more):
    async with open_box() as client:
        answer = await search(client, **{"jql": "project = ED", **more})
        assert answer.status_code == 400
        assert answer.json()["errorMessages"] == [
            "Invalid request payload. Refer to the REST API documentation and try again."
        ]


async def test_limits_of_a_search():
    async with open_box() as client:
        assert (await search(client, reconcileIssues=list(range(51)))).status_code == 400
        assert (await search(client, properties=list("abcdef"))).status_code == 400
        assert (await search(client, "project = ED ORDER BY " + "key, " * 7 + "id")).status_code == 400
        assert (await search(client, maxResults=-1)).status_code == 400


@pytest.mark.parametrize("path", ["/search?jql=project=ED", "/rest/api/2/search?jql=project=ED"])
async def test_the_old_search_is_gone(path):
    async with open_box() as client:
        url = path if path.startswith("/rest") else f"/rest/api/3{path}"
        for answer in (
            await client.get(client.box.base_url + url),
            await client.post(client.box.base_url + url.partition("?")[0], json={"jql": "project = ED"}),
        ):
            assert answer.status_code == 410
            assert answer.json()["errorMessages"][0].startswith("The requested API has been removed.")


async def test_an_endless_list_can_be_injected():
    async with open_box(faults=["cyclic-next;match=search/jql"]) as client:
        await make(client)
        first = (await search(client)).json()
        assert first["nextPageToken"]
