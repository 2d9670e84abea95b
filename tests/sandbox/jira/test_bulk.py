"""Bulk operations: tasks that run in the background, with an outcome for each issue."""

from __future__ import annotations

import pytest

from pm_providers.sandbox.jira.defaults import ADMINS, DONE, IN_PROGRESS
from tests.sandbox.jira.support import MIA, adf, make, open_box


async def finished(client, answer):
    """Follow a task to its end; all bodies of its queue."""
    assert answer.status_code == 201, answer.text
    bodies = []
    while not bodies or bodies[-1]["status"] in {"ENQUEUED", "RUNNING"}:
        bodies.append((await client.get(f"/bulk/queue/{answer.json()['taskId']}")).json())
    return bodies


async def fields(client, key, *names):
    found = (await client.get(f"/issue/{key}?fields={','.join(names)}")).json()["fields"]
    return found[names[0]] if len(names) == 1 else found


async def test_an_edit_changes_many_issues_and_reports_each():
    async with open_box() as client:
        keys = [await make(client, f"Issue {n}", labels=["old"]) for n in range(3)]
        body = {
            "selectedIssueIdsOrKeys": [*keys, "ED-99"],
            "selectedActions": [
                "labels",
                "assignee",
                "duedate",
                "customfield_10026",
                "description",
                "priority",
            ],
            "editedFieldsInput": {
                "labelsFields": [
                    {
                        "fieldId": "labels",
                        "bulkEditMultiSelectFieldOption": "ADD",
                        "labels": [{"name": "new"}],
                    }
                ],
                "singleSelectClearableUserPickerFields": [
                    {"fieldId": "assignee", "user": {"accountId": MIA}}
                ],
                "datePickerFields": [{"fieldId": "duedate", "date": {"formattedDate": "7/mar/26"}}],
                "clearableNumberFields": [{"fieldId": "customfield_10026", "value": 8}],
                "richTextFields": [{"fieldId": "description", "richText": {"adfValue": adf("Text")}}],
                "priority": {"priorityId": "1"},
            },
            "sendBulkNotification": False,
        }
        bodies = await finished(client, await client.post("/bulk/issues/fields", json=body))
        assert [one["status"] for one in bodies] == ["RUNNING", "COMPLETE"]
        last = bodies[-1]
        assert last["processedAccessibleIssues"] == [10000, 10001, 10002]
        assert (last["failedAccessibleIssues"], last["invalidOrInaccessibleIssueCount"]) == ({}, 1)
        assert (last["totalIssueCount"], last["progressPercent"]) == (4, 100)
        found = await fields(
            client, keys[2], "labels", "assignee", "duedate", "customfield_10026", "priority"
        )
        assert found["labels"] == ["new", "old"]
        assert (found["assignee"]["accountId"], found["duedate"]) == (MIA, "2026-03-07")
        assert (found["customfield_10026"], found["priority"]["name"]) == (8.0, "Highest")


async def test_a_complete_task_may_hold_failures():
    async with open_box() as client:
        good, bad = await make(client), await make(client)
        for number in ("11", "61"):
            answer = await client.post(
                f"/issue/{bad}/transitions",
                json={
                    "transition": {"id": number},
                    "fields": {"resolution": {"name": "Done"}} if number == "61" else {},
                },
            )
            assert answer.status_code == 204, answer.text
        body = {"bulkTransitionInputs": [{"selectedIssueIdsOrKeys": [good, bad], "transitionId": "11"}]}
        last = (await finished(client, await client.post("/bulk/issues/transition", json=body)))[-1]
        assert last["status"] == "COMPLETE"
        assert last["processedAccessibleIssues"] == [10000]
        assert last["failedAccessibleIssues"] == {
            "10001": ["Transition id '11' is not valid for this issue."]
        }
        assert (await fields(client, good, "status"))["name"] == "In Progress"


async def test_nothing_happens_before_the_task_runs():
    async with open_box() as client:
        key = await make(client)
        client.box.state.settings["bulk_delay_s"] = 30
        answer = await client.post("/bulk/issues/delete", json={"selectedIssueIdsOrKeys": [key]})
        task = answer.json()["taskId"]
        assert (await client.get(f"/bulk/queue/{task}")).json()["status"] == "ENQUEUED"
        assert (await client.get(f"/issue/{key}")).status_code == 200
        client.box.run_jobs()
        assert (await client.get(f"/bulk/queue/{task}")).json()["status"] == "COMPLETE"
        assert (await client.get(f"/issue/{key}")).status_code == 404


async def test_deleting_takes_the_subtasks_along():
    async with open_box() as client:
        parent = await make(client)
        child = await make(client, kind="Sub-task", parent={"key": parent})
        body = {"selectedIssueIdsOrKeys": [parent, child]}
        last = (await finished(client, await client.post("/bulk/issues/delete", json=body)))[-1]
        assert last["failedAccessibleIssues"] == {}
        assert (await client.get(f"/issue/{child}")).status_code == 404


async def test_transitions_shared_by_a_group_have_no_required_fields():
    async with open_box() as client:
        one, two = await make(client), await make(client)
        await client.post(f"/issue/{two}/transitions", json={"transition": {"id": "51"}})
        body = (await client.get(f"/bulk/issues/transition?issueIdsOrKeys={one},{two}")).json()
        group = body["availableTransitions"][0]
        assert group["issues"] == [one, two]
        assert {step["transitionName"] for step in group["transitions"]} == {"Start work"}
        assert group["isTransitionsFiltered"] is True


async def test_issues_move_with_a_new_key_and_leave_things_behind():
    async with open_box() as client:
        await client.post("/component", json={"name": "Cart", "project": "ED"})
        key = await make(client, kind="Bug", components=[{"name": "Cart"}], labels=["kept"])
        child = await make(client, kind="Sub-task", parent={"key": key})
        await client.post(f"/issue/{key}/transitions", json={"transition": {"id": "51"}})  # On Hold
        mapping = {
            "SEC,10002": {
                "issueIdsOrKeys": [key],
                "inferFieldDefaults": True,
                "inferStatusDefaults": True,
                "inferSubtaskTypeDefault": True,
                "inferClassificationDefaults": True,
            }
        }
        answer = await client.post("/bulk/issues/move", json={"targetToSourcesMapping": mapping})
        assert (await finished(client, answer))[-1]["processedAccessibleIssues"] == [10000]
        moved = (await client.get(f"/issue/{key}")).json()
        assert moved["key"] == "SEC-1"
        assert moved["id"] == "10000"
        assert (moved["fields"]["components"], moved["fields"]["labels"]) == ([], ["kept"])
        assert moved["fields"]["status"]["name"] == "To Do"
        assert moved["fields"]["issuetype"]["name"] == "Task"
        assert (await client.get(f"/issue/{child}")).json()["key"] == "SEC-2"
        log = (await client.get("/issue/SEC-1/changelog")).json()["values"][-1]["items"]
        assert {"project", "Key", "issuetype", "status", "Component"} <= {item["field"] for item in log}


async def test_a_move_may_say_the_status_and_needs_a_valid_target():
    async with open_box() as client:
        key = await make(client)
        target = {"issueIdsOrKeys": [key], "targetStatus": [{"statuses": {str(DONE): ["10000"]}}]}
        answer = await client.post(
            "/bulk/issues/move", json={"targetToSourcesMapping": {"SEC,10002": target}}
        )
        assert (await finished(client, answer))[-1]["failedAccessibleIssues"] == {}
        assert (await fields(client, "SEC-1", "status"))["name"] == "Done"
        for target in ("NOPE,10002", "ED,999", "ED", "ED,10003"):
            answer = await client.post(
                "/bulk/issues/move",
                json={
                    "targetToSourcesMapping": {
                        target: {"issueIdsOrKeys": ["SEC-1"], "inferStatusDefaults": True}
                    }
                },
            )
            if target == "ED,10003":
                assert (await finished(client, answer))[-1]["failedAccessibleIssues"]
            else:
                assert (answer.status_code, list(answer.json())) == (400, ["errors"])
        lost = {"ED,10002": {"issueIdsOrKeys": ["SEC-99"]}}
        assert (await client.post("/bulk/issues/move", json={"targetToSourcesMapping": lost})).json() == {
            "errors": [{"message": "Some of the issues in the issueIdsOrKeys are not valid"}]
        }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"selectedActions": ["labels"], "editedFieldsInput": {"priority": {"priorityId": "1"}}},
            "The following editedFieldInput values are not listed as selectedActions : priority",
        ),
        (
            {"selectedActions": ["labels"], "editedFieldsInput": {}},
            "The following selectedActions have no value in editedFieldsInput : labels",
        ),
        (
            {"selectedActions": ["x"], "editedFieldsInput": {"magicFields": []}},
            "Unknown member of editedFieldsInput: magicFields",
        ),
        (
            {"selectedActions": [], "editedFieldsInput": {}},
            "selectedActions and editedFieldsInput must not be empty",
        ),
    ],
)
async def test_bad_edits_are_refused_at_once(body, text):
    async with open_box() as client:
        key = await make(client)
        answer = await client.post("/bulk/issues/fields", json={"selectedIssueIdsOrKeys": [key], **body})
        assert (answer.status_code, answer.json()) == (400, {"errors": [{"message": text}]})


async def test_a_bulk_edit_can_set_the_status():
    async with open_box() as client:
        key = await make(client)
        body = {
            "selectedIssueIdsOrKeys": [key],
            "selectedActions": ["status"],
            "editedFieldsInput": {"status": {"statusId": str(IN_PROGRESS)}},
        }
        await finished(client, await client.post("/bulk/issues/fields", json=body))
        assert (await fields(client, key, "status"))["name"] == "In Progress"


async def test_bulk_change_is_a_right_of_its_own():
    async with open_box("mia") as client:
        key = await make(client)
        client.box.state.settings["global_permissions"]["BULK_CHANGE"] = (ADMINS,)
        answer = await client.post("/bulk/issues/delete", json={"selectedIssueIdsOrKeys": [key]})
        assert answer.status_code == 403
        assert (
            await client.post("/bulk/issues/watch", json={"selectedIssueIdsOrKeys": [key]})
        ).status_code == 403


async def test_too_many_issues_and_too_many_tasks_are_refused():
    async with open_box() as client:
        key = await make(client)
        many = {"selectedIssueIdsOrKeys": [key] * 1001}
        assert (await client.post("/bulk/issues/watch", json=many)).status_code == 400
        client.box.state.settings["bulk_delay_s"] = 30
        for _ in range(5):
            answer = await client.post("/bulk/issues/unwatch", json={"selectedIssueIdsOrKeys": [key]})
            assert answer.status_code == 201
        answer = await client.post("/bulk/issues/unwatch", json={"selectedIssueIdsOrKeys": [key]})
        assert answer.status_code == 400
        client.box.run_jobs()
        assert client.box.state.issues[10000].watchers == ()


async def test_editable_fields_of_a_group():
    async with open_box() as client:
        key = await make(client)
        found = (await client.get(f"/bulk/issues/fields?issueIdsOrKeys={key}")).json()["fields"]
        by_id = {field["id"]: field for field in found}
        assert by_id["labels"]["multiSelectFieldOptions"] == ["ADD", "REMOVE", "REPLACE", "REMOVE_ALL"]
        assert by_id["priority"]["fieldOptions"][0]["priority"] == "Highest"
        assert "summary" not in by_id
        assert (await client.get("/bulk/issues/fields?issueIdsOrKeys=ED-99")).status_code == 400
        assert (await client.get("/bulk/queue/1")).status_code == 400
