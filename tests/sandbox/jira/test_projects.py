"""Projects, their parts, people and rights."""

from __future__ import annotations

import pytest

from tests.sandbox.jira.support import BEN, MIA, OUT, errors, make, open_box

BEN_AUTH = ("ben@example.com", "ben-token")
AGILITY = "com.pyxis.greenhopper.jira:gh-simplified-agility-scrum"
NEW = {"key": "SHOP", "name": "Shop", "projectTypeKey": "software", "leadAccountId": MIA}


async def test_a_private_project_is_missing_for_others():
    async with open_box() as client:
        key = await make(client, project="SEC")
        for path in ("/project/SEC", f"/issue/{key}", f"/issue/{key}/comment"):
            assert (await client.get(path, auth=BEN_AUTH)).status_code == 404
            assert (await client.get(path)).status_code == 200
        found = (await client.get("/project/search", auth=BEN_AUTH)).json()
        assert [row["key"] for row in found["values"]] == ["ED"]
        body = {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "x"}
        answer = await client.post("/issue", json={"fields": body}, auth=BEN_AUTH)
        assert errors(answer) == (400, {"project": "valid project is required"})


async def test_members_cannot_do_what_administrators_can():
    async with open_box(user="ben") as client:
        key = await make(client)
        assert (await client.delete(f"/issue/{key}")).status_code == 403
        assert (await client.post("/project", json=NEW)).status_code == 403
        assert (await client.post("/component", json={"project": "ED", "name": "x"})).status_code == 403
        assert (await client.get("/statuses/search")).status_code == 403
        assert (await client.get("/project/ED/role/10002")).status_code == 404
        answer = await client.put(f"/issue/{key}", json={"fields": {"reporter": {"accountId": MIA}}})
        assert "cannot be set" in answer.json()["errors"]["reporter"]
        rights = (
            await client.get("/mypermissions?permissions=DELETE_ISSUES,EDIT_ISSUES,ADMINISTER&projectKey=ED")
        ).json()
        have = {name: row["havePermission"] for name, row in rights["permissions"].items()}
        assert have == {"DELETE_ISSUES": False, "EDIT_ISSUES": True, "ADMINISTER": False}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"key": "ED"}, {"projectKey"}),
        ({"key": "x"}, {"projectKey"}),
        ({"name": "education"}, {"projectName"}),
        ({"leadAccountId": OUT}, {"projectLead"}),
        ({"projectTemplateKey": "nothing"}, {"projectTemplateKey"}),
        ({"key": "", "name": "", "leadAccountId": None}, {"projectKey", "projectName", "projectLead"}),
    ],
)
async def test_refused_projects(change, fields):
    async with open_box() as client:
        answer = await client.post("/project", json={**NEW, **change})
        assert (answer.status_code, set(answer.json()["errors"])) == (400, fields)


async def test_a_team_managed_project_has_its_own_types_and_statuses():
    async with open_box() as client:
        answer = await client.post("/project", json={**NEW, "projectTemplateKey": AGILITY})
        assert isinstance(answer.json()["id"], int)
        project = (await client.get("/project/SHOP")).json()
        assert (project["style"], project["simplified"]) == ("next-gen", True)
        rows = (await client.get("/project/SHOP/statuses")).json()
        shared = (await client.get("/project/ED/statuses")).json()
        mine = {status["id"] for row in rows for status in row["statuses"]}
        theirs = {status["id"] for row in shared for status in row["statuses"]}
        assert not mine & theirs
        assert {status["name"] for row in rows for status in row["statuses"]} == {
            "To Do",
            "In Progress",
            "Done",
        }
        scoped = [row for row in (await client.get("/issuetype")).json() if "scope" in row]
        assert {row["scope"]["project"]["id"] for row in scoped} == {project["id"]}
        key = await make(client, kind="Story", project="SHOP", customfield_10016=3)
        assert (await client.get(f"/issue/{key}")).json()["fields"]["customfield_10016"] == 3
        assert [board.kind for board in client.box.state.boards.where("project_id", int(project["id"]))] == [
            "simple"
        ]


async def test_the_life_of_a_project():
    async with open_box() as client:
        key = await make(client)
        assert (await client.post("/project/ED/archive")).status_code == 204
        assert (await client.put(f"/issue/{key}", json={"fields": {"summary": "y"}})).status_code == 404
        assert (await client.delete("/project/ED")).status_code == 400
        assert [
            row["key"] for row in (await client.get("/project/search?status=archived")).json()["values"]
        ] == ["ED"]
        assert (await client.post("/project/ED/restore")).status_code == 200
        assert (await client.delete("/project/ED")).status_code == 204
        assert (await client.get(f"/issue/{key}")).status_code == 404
        assert "projectKey" in (await client.get("/projectvalidate/key?key=ED")).json()["errors"]
        assert (await client.post("/project/ED/restore")).status_code == 200
        assert (await client.get(f"/issue/{key}")).status_code == 200
        answer = await client.post("/project/ED/delete")
        assert answer.status_code == 303
        task = await client.get(answer.headers["location"])
        assert (task.json()["status"], (await client.get("/project/ED")).status_code) == ("COMPLETE", 404)
        assert not list(client.box.state.issues)


async def test_pages_tell_where_they_end():
    async with open_box() as client:
        body = (await client.get("/project/search?maxResults=1")).json()
        assert (body["total"], body["isLast"], [row["key"] for row in body["values"]]) == (2, False, ["ED"])
        body = (await client.get(body["nextPage"])).json()
        assert (body["isLast"], [row["key"] for row in body["values"]]) == (True, ["SEC"])
        assert "nextPage" not in body
        assert (await client.get("/project/search?maxResults=5000")).json()["maxResults"] == 100


async def test_people_are_cut_into_pages_before_they_are_filtered():
    async with open_box() as client:
        first = (await client.get("/user/search?query=ben&maxResults=2")).json()
        then = (await client.get("/user/search?query=ben&maxResults=2&startAt=2")).json()
        assert (first, [row["accountId"] for row in then]) == ([], [BEN])
        assert "emailAddress" not in then[0]
        assert [r["accountId"] for r in (await client.get("/user/search?query=ben@example.com")).json()] == [
            BEN
        ]
        rows = (await client.get("/user/assignable/search?project=ED")).json()
        assert OUT not in {row["accountId"] for row in rows}
        assert {
            row["accountId"]
            for row in (await client.get("/user/assignable/search?project=SEC&query=ben")).json()
        } == set()
        assert OUT in {row["accountId"] for row in (await client.get("/users/search")).json()}
        assert (await client.get("/user/search?username=mia")).status_code == 400


async def test_components_and_versions_leave_issues_behind():
    async with open_box() as client:
        a = (await client.post("/component", json={"project": "ED", "name": "A"})).json()
        b = (await client.post("/component", json={"project": "ED", "name": "B"})).json()
        one = (await client.post("/version", json={"projectId": 10000, "name": "1"})).json()
        two = (await client.post("/version", json={"projectId": 10000, "name": "2"})).json()
        key = await make(client, components=[{"id": a["id"]}], fixVersions=[{"id": one["id"]}])
        assert (await client.post("/component", json={"project": "ED", "name": "a"})).status_code == 400
        await client.delete(f"/component/{a['id']}?moveIssuesTo={b['id']}")
        await client.delete(f"/version/{one['id']}?moveFixIssuesTo={two['id']}")
        fields = (await client.get(f"/issue/{key}")).json()["fields"]
        assert [row["name"] for row in fields["components"]] == ["B"]
        assert [row["name"] for row in fields["fixVersions"]] == ["2"]
        await client.delete(f"/version/{two['id']}")
        assert (await client.get(f"/issue/{key}")).json()["fields"]["fixVersions"] == []


async def test_roles_give_rights():
    async with open_box() as client:
        assert (await client.get("/project/SEC", auth=BEN_AUTH)).status_code == 404
        answer = await client.post("/project/SEC/role/10005", json={"user": [BEN]})
        assert [row["actorUser"]["accountId"] for row in answer.json()["actors"]] == [BEN]
        assert (await client.get("/project/SEC", auth=BEN_AUTH)).status_code == 200
        body = {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "x"}
        answer = await client.post("/issue", json={"fields": body}, auth=BEN_AUTH)
        assert "You do not have permission to create issues" in answer.json()["errors"]["project"]
        await client.delete(f"/project/SEC/role/10005?user={BEN}")
        assert (await client.get("/project/SEC", auth=BEN_AUTH)).status_code == 404


async def test_createmeta_shows_what_the_screen_has():
    async with open_box() as client:
        types = (await client.get("/issue/createmeta/ED/issuetypes?maxResults=2")).json()
        assert (len(types["issueTypes"]), types["total"], "isLast" in types) == (2, 5, False)
        fields = (await client.get("/issue/createmeta/ED/issuetypes/10003")).json()["fields"]
        by_id = {row["fieldId"]: row for row in fields}
        assert by_id["parent"]["required"] is True
        assert "customfield_10020" not in by_id
        area = by_id["customfield_10032"]["allowedValues"]
        assert [row["value"] for row in area[0]["children"]] == ["Cart", "Search"]
        assert "status" not in by_id
