"""Issues: what can be set, what is refused and in which words, what is shown."""

from __future__ import annotations

import pytest

from tests.sandbox.jira.support import ADMIN_ACCOUNT, BEN, MIA, OUT, adf, errors, make, open_box

SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
BODY = {"project": {"key": "ED"}, "issuetype": {"name": "Task"}, "summary": "x"}


async def fields_of(client, key):
    return (await client.get(f"/issue/{key}")).json()["fields"]


async def test_the_answer_to_a_create_is_not_the_issue():
    async with open_box() as client:
        answer = await client.post("/issue", json={"fields": BODY})
        assert answer.json() == {
            "id": "10000",
            "key": "ED-1",
            "self": "http://jira.sandbox/rest/api/3/issue/10000",
        }
        fields = await fields_of(client, "ED-1")
        assert (fields["status"]["name"], fields["priority"]["name"]) == ("To Do", "Medium")
        assert fields["reporter"]["accountId"] == fields["creator"]["accountId"] == ADMIN_ACCOUNT
        assert fields["assignee"] is None
        assert "parent" not in fields


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"summary": ""}, "summary", "You must specify a summary of the issue."),
        ({"summary": "a\nb"}, "summary", "The summary is invalid because it contains newline characters."),
        ({"summary": "a" * 256}, "summary", "Summary can't exceed 255 characters."),
        (
            {"description": "text"},
            "description",
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
        ),
        ({"labels": ["a b"]}, "labels", "The label 'a b' contains spaces which is invalid."),
        ({"duedate": "1.2.2026"}, "duedate", "Error parsing date string: 1.2.2026"),
        ({"duedate": "2026-02-30"}, "duedate", "Error parsing date string: 2026-02-30"),
        ({"nope": 1}, "nope", SCREEN.format("nope")),
        ({"customfield_99": 1}, "customfield_99", SCREEN.format("customfield_99")),
        ({"status": {"name": "Done"}}, "status", SCREEN.format("status")),
        ({"created": "2026-01-01"}, "created", SCREEN.format("created")),
        ({"resolution": {"name": "Done"}}, "resolution", SCREEN.format("resolution")),
        ({"priority": {"id": "9"}}, "priority", "Priority id '9' is not valid"),
        ({"components": [{"name": "None"}]}, "components", "Component name 'None' is not valid"),
        ({"fixVersions": [{"id": "7"}]}, "fixVersions", "Version id '7' is not valid"),
        ({"assignee": {"accountId": "nobody"}}, "assignee", "User 'nobody' does not exist."),
        ({"assignee": {"accountId": OUT}}, "assignee", "User 'Otto Gone' cannot be assigned issues."),
        ({"timetracking": {"originalEstimate": "soon"}}, "timetracking", "The original estimate specified is not valid."),
        ({"customfield_10026": "5"}, "customfield_10026", "Operation value must be a number"),
        ({"customfield_10030": {"value": "Huge"}}, "customfield_10030", "Option value 'Huge' is not valid"),
        ({"customfield_10031": {"value": "Web"}}, "customfield_10031", "data was not an array"),
        ({"customfield_10020": "s"}, "customfield_10020", "Number value expected as the Sprint id."),
        ({"customfield_10037": "2026-01-02T03:04:05Z"}, "customfield_10037", "Error parsing date string: 2026-01-02T03:04:05Z"),
        ({"parent": {"key": "ED-99"}}, "parent", "Could not find issue by id or key."),
        ({"project": {"key": "NO"}}, "project", "valid project is required"),
        ({"project": None}, "project", "Specify a valid project ID or key"),
        ({"issuetype": {"name": "Dream"}}, "issuetype", "Specify a valid issue type"),
    ],
)  # fmt: skip
async def test_refused_values(fields, field, text):
    async with open_box() as client:
        answer = await client.post("/issue", json={"fields": {**BODY, **fields}})
        assert errors(answer) == (400, {field: text})
        assert not list(client.box.state.issues)


async def test_all_faults_come_at_once():
    async with open_box() as client:
        answer = await client.post(
            "/issue", json={"fields": {**BODY, "summary": "", "labels": ["a b"], "nope": 1}}
        )
        assert set(answer.json()["errors"]) == {"summary", "labels", "nope"}


async def test_custom_fields_come_back_as_they_are_read():
    async with open_box() as client:
        key = await make(
            client,
            customfield_10030={"value": "Major"},
            customfield_10031=[{"value": "Web"}, {"value": "iOS"}],
            customfield_10032={"value": "Shop", "child": {"value": "Cart"}},
            customfield_10033=1.5,
            customfield_10035=adf("yes"),
            customfield_10036={"accountId": MIA},
            customfield_10037="2026-01-02T03:04:05.678+0100",
            customfield_10040=[{"accountId": MIA}, {"accountId": BEN}],
        )
        fields = await fields_of(client, key)
        assert fields["customfield_10030"]["value"] == "Major"
        assert [row["value"] for row in fields["customfield_10031"]] == ["Web", "iOS"]
        assert (fields["customfield_10032"]["value"], fields["customfield_10032"]["child"]["value"]) == (
            "Shop",
            "Cart",
        )
        assert fields["customfield_10033"] == 1.5
        assert fields["customfield_10035"] == adf("yes")
        assert fields["customfield_10036"]["displayName"] == "Mia Sand"
        assert fields["customfield_10037"] == "2026-01-02T03:04:05.678+0100"
        assert "emailAddress" not in fields["customfield_10040"][1]  # hidden by its owner
        await client.put(
            f"/issue/{key}", json={"fields": {"customfield_10032": None, "customfield_10031": []}}
        )
        fields = await fields_of(client, key)
        assert (fields["customfield_10032"], fields["customfield_10031"]) == (None, None)


async def test_a_screen_can_drop_a_field_without_a_word():
    async with open_box() as client:
        state = client.box.state
        state.layouts.change(state.layouts[1], dropped=frozenset({"assignee", "customfield_10026"}))
        key = await make(client, assignee={"accountId": MIA}, customfield_10026=3)
        fields = await fields_of(client, key)
        assert (fields["assignee"], fields["customfield_10026"]) == (None, None)


async def test_required_fields_and_fields_off_the_create_screen():
    async with open_box() as client:
        state = client.box.state
        layout = state.layouts[1]
        create = tuple(name for name in layout.create if name != "labels")
        state.layouts.change(layout, create=create, required=layout.required | {"customfield_10030"})
        answer = await client.post("/issue", json={"fields": {**BODY, "labels": ["a"]}})
        assert errors(answer) == (
            400,
            {"labels": SCREEN.format("labels"), "customfield_10030": "Severity is required."},
        )
        key = await make(client, customfield_10030={"value": "Minor"})
        assert (await client.put(f"/issue/{key}", json={"fields": {"labels": ["a"]}})).status_code == 204
        answer = await client.put(f"/issue/{key}", json={"fields": {"customfield_10030": None}})
        assert errors(answer) == (400, {"customfield_10030": "Severity is required."})


async def test_set_and_operate_on_one_field_is_refused():
    async with open_box() as client:
        key = await make(client, labels=["a", "b"])
        both = {"fields": {"labels": ["x"]}, "update": {"labels": [{"add": "y"}]}}
        answer = await client.put(f"/issue/{key}", json=both)
        assert errors(answer) == (
            400,
            {"labels": "Field 'labels' cannot appear in both 'fields' and 'update'"},
        )
        change = {"update": {"labels": [{"add": "c"}, {"remove": "a"}, {"add": "b"}]}}
        answer = await client.put(f"/issue/{key}?returnIssue=true", json=change)
        assert answer.json()["fields"]["labels"] == ["b", "c"]
        answer = await client.put(f"/issue/{key}", json={"update": {"summary": [{"add": "x"}]}})
        assert errors(answer) == (400, {"summary": "Field 'summary' does not support operation 'add'."})


async def test_levels_of_types():
    async with open_box() as client:
        epic = await make(client, kind="Epic")
        task = await make(client, parent={"key": epic})
        sub = await make(client, kind="Sub-task", parent={"key": task})
        answer = await client.post("/issue", json={"fields": {**BODY, "issuetype": {"name": "Sub-task"}}})
        words = "Issue type is a sub-task but parent issue key or id not specified."
        assert errors(answer) == (400, {"parent": words})
        wrong = {**BODY, "issuetype": {"name": "Sub-task"}, "parent": {"key": epic}}
        answer = await client.post("/issue", json={"fields": wrong})
        assert errors(answer) == (
            400,
            {"parent": "Given parent work item does not belong to appropriate hierarchy."},
        )
        fields = await fields_of(client, task)
        assert (fields["parent"]["key"], fields["customfield_10014"]) == (epic, epic)
        assert [row["key"] for row in fields["subtasks"]] == [sub]
        assert (await fields_of(client, epic))["subtasks"] == []
        gone = {"update": {"parent": [{"set": {"none": True}}]}}
        assert errors(await client.put(f"/issue/{sub}", json=gone)) == (400, {"parent": words})
        assert (await client.put(f"/issue/{task}", json=gone)).status_code == 204
        assert "parent" not in await fields_of(client, task)


async def test_a_type_changes_only_within_its_level_and_workflow():
    async with open_box() as client:
        key = await make(client)
        assert (
            await client.put(f"/issue/{key}", json={"fields": {"issuetype": {"name": "Bug"}}})
        ).status_code == 204
        answer = await client.put(f"/issue/{key}", json={"fields": {"issuetype": {"name": "Epic"}}})
        assert errors(answer) == (400, {"issuetype": "The issue type selected is invalid."})


async def test_deleting_with_sub_tasks_needs_the_flag():
    async with open_box() as client:
        key = await make(client)
        sub = await make(client, kind="Sub-task", parent={"key": key})
        answer = await client.delete(f"/issue/{key}")
        assert answer.status_code == 400
        assert f"The issue '{key}' has subtasks." in answer.json()["errorMessages"][0]
        assert (await client.delete(f"/issue/{key}?deleteSubtasks=true")).status_code == 204
        assert (await client.get(f"/issue/{sub}")).status_code == 404


async def test_the_default_assignee_and_nobody():
    async with open_box() as client:
        state = client.box.state
        key = await make(client)
        await client.put(f"/issue/{key}/assignee", json={"accountId": MIA})
        assert (await fields_of(client, key))["assignee"]["accountId"] == MIA
        await client.put(f"/issue/{key}/assignee", json={"accountId": "-1"})
        assert (await fields_of(client, key))["assignee"] is None
        state.projects.change(state.project("ED"), assignee_type="PROJECT_LEAD")
        await client.put(f"/issue/{key}/assignee", json={"accountId": "-1"})
        assert (await fields_of(client, key))["assignee"]["accountId"] == MIA
        answer = await client.put(f"/issue/{key}/assignee", json={"accountId": OUT})
        assert errors(answer) == (400, {"assignee": "User 'Otto Gone' cannot be assigned issues."})


async def test_the_choice_of_fields():
    async with open_box() as client:
        key = await make(client)

        async def shown(query):
            return set((await client.get(f"/issue/{key}?{query}")).json().get("fields", {}))

        assert await shown("fields=summary,status") == {"summary", "status"}
        assert "comment" in await shown("fields=*all")
        assert "comment" not in await shown("fields=*navigable")
        assert "comment" not in await shown("fields=*all,-comment")
        assert "summary" in await shown("fields=-comment")
        assert (await client.get(f"/issue/{key}?fields=id")).json() == {"id": "10000"}


async def test_bulk_create_keeps_the_good_and_reports_the_others_by_place():
    async with open_box() as client:
        updates = [{"fields": BODY}, {"fields": {**BODY, "summary": ""}}, {"fields": BODY}, {"fields": {}}]
        answer = await client.post("/issue/bulk", json={"issueUpdates": updates})
        body = answer.json()
        assert answer.status_code == 201
        assert [row["key"] for row in body["issues"]] == ["ED-1", "ED-2"]
        assert [row["failedElementNumber"] for row in body["errors"]] == [1, 3]
        assert body["errors"][0]["elementErrors"]["errors"] == {
            "summary": "You must specify a summary of the issue."
        }
        answer = await client.post("/issue/bulk", json={"issueUpdates": [{"fields": {}}]})
        assert (answer.status_code, answer.json()["issues"]) == (400, [])
        answer = await client.post("/issue/bulk", json={"issueUpdates": [{"fields": BODY}] * 51})
        assert answer.status_code == 400
        assert len(client.box.state.issues) == 2


async def test_bulk_fetch_sorts_by_id_and_names_what_is_missing():
    async with open_box() as client:
        for _ in range(3):
            await make(client)
        answer = await client.post(
            "/issue/bulkfetch",
            json={"issueIdsOrKeys": ["ED-3", "10000", "ED-3", "ED-77"], "fields": ["summary"]},
        )
        body = answer.json()
        assert [row["id"] for row in body["issues"]] == ["10000", "10002"]
        assert [row["id"] for row in body["issueErrors"]] == ["ED-77"]
        answer = await client.post("/issue/bulkfetch", json={"issueIdsOrKeys": [str(n) for n in range(101)]})
        assert answer.status_code == 400


async def test_a_transition_in_the_create_body_is_a_second_write():
    async with open_box() as client:
        answer = await client.post("/issue", json={"fields": BODY, "transition": {"id": "11"}})
        assert answer.json()["transition"]["status"] == 204
        assert (await fields_of(client, "ED-1"))["status"]["name"] == "In Progress"
        answer = await client.post("/issue", json={"fields": BODY, "transition": {"id": "41"}})
        assert answer.status_code == 201
        assert answer.json()["transition"]["status"] == 400
        assert (await fields_of(client, "ED-2"))["status"]["name"] == "To Do"


async def test_old_keys_find_renamed_projects_and_their_issues():
    async with open_box() as client:
        key = await make(client)
        assert (await client.put("/project/ED", json={"key": "EDU"})).status_code == 200
        answer = await client.get(f"/issue/{key}")
        assert answer.json()["key"] == "EDU-1"
        assert (await client.get("/project/ed")).json()["key"] == "EDU"
        answer = await client.get("/projectvalidate/key?key=ED")
        assert answer.json()["errors"] == {"projectKey": "Project 'Education' uses this project key."}


async def test_times_are_in_the_zone_of_the_caller():
    async with open_box() as client:
        client.box.clock.freeze(client.box.clock.now().replace(month=7))
        key = await make(client)
        mine = (await fields_of(client, key))["created"]
        theirs = (await client.get(f"/issue/{key}", auth=("mia@example.com", "mia-token"))).json()["fields"][
            "created"
        ]
        assert mine.endswith("+0200")
        assert theirs.endswith("-0400")


async def test_the_older_version_speaks_wiki_markup():
    async with open_box(api="/rest/api/2") as client:
        text = "h1. Title\n\nSome *bold* words\n\n* one\n* two\n\n{code:py}x = 1{code}"
        key = await make(client, description=text)
        assert (await fields_of(client, key))["description"] == text
        stored = client.box.state.issue(key).description
        assert [node["type"] for node in stored["content"]] == [
            "heading",
            "paragraph",
            "bulletList",
            "codeBlock",
        ]
        answer = await client.post("/issue", json={"fields": {**BODY, "description": adf("x")}})
        assert errors(answer) == (400, {"description": "Operation value must be a string"})


async def test_the_changelog_tells_who_changed_what():
    async with open_box() as client:
        key = await make(client, labels=["a"])
        await client.put(f"/issue/{key}", json={"fields": {"labels": ["b"], "priority": {"id": "1"}}})
        await client.put(f"/issue/{key}", json={"fields": {"labels": ["b"]}})
        body = (await client.get(f"/issue/{key}/changelog")).json()
        assert body["total"] == 1
        items = {item["field"]: item for item in body["values"][0]["items"]}
        assert (items["labels"]["fromString"], items["labels"]["toString"]) == ("a", "b")
        assert (items["priority"]["from"], items["priority"]["toString"]) == ("3", "Highest")


async def test_properties_and_silence():
    async with open_box(user="mia") as client:
        key = await make(client)
        before = client.box.state.issue(key).updated
        assert (await client.put(f"/issue/{key}/properties/pm.sync", json={"a": 1})).status_code == 201
        assert (await client.put(f"/issue/{key}/properties/pm.sync", json={"a": 2})).status_code == 200
        assert client.box.state.issue(key).updated == before
        answer = await client.get(f"/issue/{key}?properties=pm.sync&fields=summary")
        assert answer.json()["properties"] == {"pm.sync": {"a": 2}}
        long = await client.put(f"/issue/{key}/properties/pm.sync", json="x" * 40_000)
        assert long.status_code == 400
        assert (await client.get(f"/issue/{key}/properties/none")).status_code == 404
        ben = ("ben@example.com", "ben-token")
        answer = await client.put(
            f"/issue/{key}?notifyUsers=false", json={"fields": {"summary": "y"}}, auth=ben
        )
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("comment", {"body": "text"}),
        ("worklog", {"timeSpent": "soon"}),
        ("issuelinks", {"type": {"name": "Blocks"}, "outwardIssue": {"key": "ED-99"}}),
        ("issuelinks", {"type": {"name": "Hugs"}, "outwardIssue": {"key": "ED-1"}}),
    ],
)
async def test_a_bad_action_stores_nothing(name, value):
    async with open_box() as client:
        key = await make(client)
        body = {"fields": {"summary": "changed"}, "update": {name: [{"add": value}]}}
        answer = await client.put(f"/issue/{key}", json=body)
        assert (answer.status_code, len(answer.json()["errors"])) == (400, 1)
        assert "cannot be set" not in str(answer.json()["errors"])
        assert client.box.state.issue(key).summary == "An issue"


async def test_comments_worklogs_and_links_come_with_an_edit():
    async with open_box() as client:
        other, key = await make(client), await make(client)
        update = {
            "comment": [{"add": {"body": adf("hi")}}],
            "worklog": [{"add": {"timeSpent": "1h"}}],
            "issuelinks": [{"add": {"type": {"name": "Blocks"}, "outwardIssue": {"key": other}}}],
        }
        assert (await client.put(f"/issue/{key}", json={"update": update})).status_code == 204
        fields = await fields_of(client, key)
        assert (fields["comment"]["total"], fields["worklog"]["total"], fields["timespent"]) == (1, 1, 3600)
        assert fields["issuelinks"][0]["outwardIssue"]["key"] == other


async def test_a_comment_cannot_come_with_a_new_issue_but_a_link_can():
    async with open_box() as client:
        other = await make(client)
        update = {"comment": [{"add": {"body": adf("hi")}}]}
        answer = await client.post("/issue", json={"fields": BODY, "update": update})
        assert errors(answer) == (400, {"comment": SCREEN.format("comment")})
        update = {"issuelinks": [{"add": {"type": {"name": "Relates"}, "inwardIssue": {"key": other}}}]}
        answer = await client.post("/issue", json={"fields": BODY, "update": update})
        fields = await fields_of(client, answer.json()["key"])
        assert fields["issuelinks"][0]["inwardIssue"]["key"] == other
