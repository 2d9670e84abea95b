"""Odd input: every route answers with an error of the vendor's form, never with a crash."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.clickup.support import Place, make, open_box

BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"5",
    b"[" * 5000,
    b"\xff\xfe",
    b"{}",
)
VALUES = (None, True, -1, 5, 1.5, "", "x", "5", [], [1], ["x"], [None], {}, {"add": "x"}, {"name": 5}, 10**25)
WRITES = {
    "/list/{list}/task": (
        "name description markdown_content assignees group_assignees tags status priority due_date due_date_time "
        "start_date time_estimate points parent links_to custom_item_id custom_fields archived "
        "check_required_custom_fields"
    ),
    "/task/{task}": (
        "name description status priority due_date due_date_time start_date time_estimate points parent assignees "
        "group_assignees watchers custom_item_id archived"
    ),
    "/task/{task}/comment": "comment_text comment assignee notify_all",
    "/task/{task}/checklist": "name",
    "/checklist/{checklist}": "name position",
    "/checklist/{checklist}/checklist_item": "name assignee",
    "/checklist/{checklist}/checklist_item/{item}": "name assignee resolved parent",
    "/task/{task}/dependency": "depends_on dependency_of",
    "/task/{task}/time": "start end time",
    "/task/{task}/merge": "source_task_ids",
    "/task/{task}/field/{field}": "value value_options",
    "/space/{space}": "name color private admin_can_manage multiple_assignees features archived",
    "/space/{space}/folder": "name parent_folder_id",
    "/space/{space}/list": "name content due_date due_date_time priority assignee status",
    "/space/{space}/tag": "tag",
    "/list/{list}": "name content due_date priority assignee status unset_status",
    "/list/{list}/view": "name type grouping filters settings",
    "/team/{team}/space": "name multiple_assignees features",
    "/team/{team}/goal": "name due_date description owners color multiple_owners",
    "/team/{team}/group": "name handle members",
    "/team/{team}/webhook": "endpoint events space_id folder_id list_id task_id",
    "/team/{team}/time_entries": "start stop end duration description tags tid assignee billable",
    "/team/{team}/time_entries/start": "description tags tid billable",
    "/team/{team}/time_entries/tags": "time_entry_ids tags name new_name",
    "/team/{team}/user": "email admin",
    "/team/{team}/guest": "email",
    "/goal/{goal}": "name due_date description rem_owners add_owners color",
    "/goal/{goal}/key_result": "name owners type steps_start steps_end unit task_ids list_ids",
}


async def prepared(client):
    """Ids of one thing of each kind."""
    task = (await make(client))["id"]
    checklist = (await client.post(f"/task/{task}/checklist", json={"name": "C"})).json()["checklist"]["id"]
    path = f"/checklist/{checklist}/checklist_item"
    item = (await client.post(path, json={"name": "I"})).json()["checklist"]["items"][0]["id"]
    goal = (await client.post(f"/team/{Place.team}/goal", json={"name": "G"})).json()["goal"]["id"]
    return {
        "team": Place.team,
        "space": Place.space,
        "list": Place.list,
        "task": task,
        "checklist": checklist,
        "item": item,
        "goal": goal,
        "field": client.box.fields.add(f"list:{Place.list}", "Size", "number").id,
    }


def fine(answer, *, crash_codes=("FIELD_017",)):
    if answer.status_code < 400:
        return True
    body = answer.json()
    return set(body) == {"err", "ECODE"} and (answer.status_code < 500 or body["ECODE"] in crash_codes)


@pytest.mark.parametrize("path", sorted(WRITES))
async def test_odd_values_of_each_member(path):
    async with open_box(plan="enterprise") as client:
        ids = await prepared(client)
        for name in WRITES[path].split():
            for value in VALUES:
                for method in ("POST", "PUT"):
                    body = {"name": "N", "type": "number", "endpoint": "https://x.example", name: value}
                    answer = await client.request(method, path.format(**ids), json=body)
                    assert fine(answer), (method, name, value, answer.status_code, answer.text[:300])


@pytest.mark.parametrize("path", sorted(WRITES))
async def test_odd_bodies(path):
    async with open_box(plan="enterprise") as client:
        ids = await prepared(client)
        for content in BODIES:
            for method in ("POST", "PUT", "DELETE"):
                headers = {"Content-Type": "application/json"}
                answer = await client.request(method, path.format(**ids), content=content, headers=headers)
                assert fine(answer), (method, content[:20], answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    "kind", ["date", "users", "tasks", "labels", "drop_down", "location", "manual_progress"]
)
async def test_odd_values_of_fields(kind):
    async with open_box() as client:
        field = client.box.fields.add(
            f"list:{Place.list}", "F", kind, options=("A",) if kind != "date" else ()
        )
        task = (await make(client))["id"]
        for value in (*VALUES, {"add": [[]]}, {"location": {"lat": "x", "lng": 1}}, {"current": True}):
            answer = await client.post(f"/task/{task}/field/{field.id}", json={"value": value})
            assert fine(answer), (value, answer.text[:300])
            assert (await client.get(f"/task/{task}")).status_code == 200


@pytest.mark.parametrize(
    "value", ["", "x", "-5", "9" * 30, "1.5", "%00", "[]", '[{"field_id":5}]', "null", "[5]"]
)
async def test_odd_parameters(value):
    names = ("page", "order_by", "due_date_gt", "date_updated_lt", "custom_fields", "assignees[]", "parent")
    async with open_box() as client:
        await make(client)
        for name in names:
            answer = await client.get(f"/team/{Place.team}/task", params={name: value})
            assert fine(answer, crash_codes=("ITEM_009",)), (name, answer.text[:300])
        for name in ("start_date", "end_date", "assignee", "task_id"):
            answer = await client.get(f"/team/{Place.team}/time_entries", params={name: value})
            assert fine(answer), (name, answer.text[:300])


async def test_unknown_addresses_and_methods():
    async with open_box() as client:
        for method, path in (
            ("GET", "/nosuch"),
            ("PATCH", "/user"),
            ("GET", "/task"),
            ("GET", "/task/a%2Fb"),
        ):
            answer = await client.request(method, path)
            assert answer.status_code in {400, 404}, path
            assert json.loads(answer.text).keys() == {"err", "ECODE"}


async def test_a_body_needs_its_type():
    async with open_box() as client:
        path = f"/list/{Place.list}/task"
        answer = await client.post(path, content=b'{"name": "T"}', headers={"Content-Type": "text/plain"})
        assert answer.status_code == 400
