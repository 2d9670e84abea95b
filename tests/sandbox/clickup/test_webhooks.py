"""Webhooks: registered, told as recorded, signed, repeated, suspended."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx2
import pytest

from tests.sandbox.clickup.support import Place, add_person, ecode, make, open_box
from tests.sandbox.clickup.test_recorded import differences, recorded

HOOK = "https://receiver.example/hook"


class Receiver:
    """Keeps what it gets and answers as told; None breaks the connection."""

    def __init__(self, *statuses, always=200):
        self.got = []
        self._statuses = list(statuses)
        self._always = always

    def transport(self):
        return httpx2.MockTransport(self._answer)

    def _answer(self, request):
        self.got.append(request)
        status = self._statuses.pop(0) if self._statuses else self._always
        if status is None:
            raise httpx2.ConnectError("refused", request=request)
        return httpx2.Response(status)


async def register(client, *events, **more):
    body = {"endpoint": HOOK, "events": list(events) or ["*"], **more}
    answer = await client.post(f"/team/{Place.team}/webhook", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["webhook"]


async def told(client, *statuses):
    """Bodies of what was sent, in order."""
    receiver = Receiver(*statuses)
    await client.box.webhooks.deliver(receiver.transport())
    return [json.loads(request.content) for request in receiver.got]


async def test_a_delivery_is_signed_over_the_raw_body():
    async with open_box() as client:
        hook = await register(client, "taskCreated")
        await make(client)
        receiver = Receiver()
        await client.box.webhooks.deliver(receiver.transport())
        (request,) = receiver.got
        wanted = hmac.new(hook["secret"].encode(), request.content, hashlib.sha256).hexdigest()
        assert request.headers["x-signature"] == wanted
        assert json.loads(request.content)["webhook_id"] == hook["id"]


async def test_a_new_task_is_told_twice_with_the_same_history():
    async with open_box() as client:
        await register(client)
        task = await make(client)
        created, status = await told(client)
        assert (created["event"], status["event"]) == ("taskCreated", "taskStatusUpdated")
        assert created["history_items"] == status["history_items"]
        assert created["task_id"] == task["id"]
        theirs = recorded("webhook_taskcreated__PipedreamHQ_pipedream__1")
        assert list(differences(created, theirs)) == []


async def test_a_change_is_told_by_its_own_event_and_by_task_updated():
    async with open_box() as client:
        task = await make(client)
        await register(client)
        await client.put(f"/task/{task['id']}", json={"status": "in progress", "name": "Newer"})
        name, own, general = await told(client)
        assert [row["event"] for row in (name, own, general)] == [
            "taskUpdated",
            "taskStatusUpdated",
            "taskUpdated",
        ]
        assert own["history_items"][0]["id"] == general["history_items"][0]["id"]
        assert own["history_items"][0]["before"]["status"] == "to do"
        theirs = recorded("webhook_taskupdated_status__zulip_zulip__1")
        assert list(differences(general, theirs)) == []
        theirs = recorded("webhook_taskupdated__activepieces_activepieces__1")
        assert list(differences(name, theirs)) == []


@pytest.mark.parametrize(
    ("change", "events", "field"),
    [
        ({"priority": 1}, ["taskPriorityUpdated", "taskUpdated"], "priority"),
        (
            {"due_date": 1800000000000, "due_date_time": True},
            ["taskDueDateUpdated", "taskUpdated"],
            "due_date",
        ),
        ({"time_estimate": 60000}, ["taskTimeEstimateUpdated", "taskUpdated"], "time_estimate"),
        ({"assignees": {"add": [Place.owner]}}, ["taskAssigneeUpdated", "taskUpdated"], "assignee_add"),
        ({"points": 5}, ["taskUpdated"], "points"),
        ({"archived": True}, ["taskUpdated"], "archived"),
        ({"markdown_content": "New"}, ["taskUpdated"], "content"),
    ],
)
async def test_events_of_changes(change, events, field):
    async with open_box() as client:
        task = await make(client)
        await register(client)
        await client.put(f"/task/{task['id']}", json=change)
        sent = await told(client)
        assert [row["event"] for row in sent] == events
        assert {row["history_items"][0]["field"] for row in sent} == {field}


async def test_whether_a_date_has_a_time_is_only_told_here():
    async with open_box() as client:
        task = await make(client)
        await register(client, "taskDueDateUpdated")
        answer = await client.put(
            f"/task/{task['id']}", json={"due_date": 1800000000000, "due_date_time": True}
        )
        assert "due_date_time" not in answer.json()
        (sent,) = await told(client)
        assert sent["history_items"][0]["data"]["due_date_time"] is True


async def test_a_change_that_changes_nothing_is_not_told():
    async with open_box() as client:
        task = await make(client)
        await register(client)
        await client.put(f"/task/{task['id']}", json={"name": task["name"]})
        assert await told(client) == []


async def test_content_tags_moves_and_time_as_recorded():
    async with open_box() as client:
        task = (await make(client))["id"]
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Other"})).json()["id"]
        await register(client, "taskUpdated")
        await client.put(f"/task/{task}", json={"description": "New"})
        await client.post(f"/task/{task}/tag/def")
        api = str(client.base_url).replace("/api/v2/", "/api/v3")
        await client.put(f"{api}/workspaces/{Place.team}/tasks/{task}/home_list/{other}", json={})
        await client.post(f"/team/{Place.team}/time_entries", json={"start": 1, "duration": 5, "tid": task})
        names = ("content__PipedreamHQ_pipedream", "tag__zulip_zulip", "section_moved__zulip_zulip")
        names = (*names, "time_spent__zulip_zulip")
        sent = await told(client)
        assert len(sent) == len(names)
        for ours, name in zip(sent, names, strict=True):
            theirs = recorded(f"webhook_taskupdated_{name}__1")
            # types of two numbers differ from those of all other recordings there
            odd = (".history_items[].type", ".history_items[].user.id")
            assert list(differences(ours, theirs, optional=odd)) == []


async def test_comments_as_recorded():
    async with open_box() as client:
        task = (await make(client))["id"]
        await register(client, "taskCommentPosted", "taskCommentUpdated")
        made = (await client.post(f"/task/{task}/comment", json={"comment_text": "Hello"})).json()
        await client.put(f"/comment/{made['id']}", json={"comment_text": "Bye"})
        posted, updated = await told(client)
        theirs = recorded("webhook_taskcommentposted__PipedreamHQ_pipedream__1")
        assert list(differences(posted, theirs)) == []
        assert posted["history_items"][0]["id"] == made["hist_id"]
        assert updated["event"] == "taskCommentUpdated"


async def test_places_and_deletes_have_no_history_but_list_updated_has():
    async with open_box() as client:
        await register(client)
        space = {"name": "New", "multiple_assignees": True, "features": {}}
        key = (await client.post(f"/team/{Place.team}/space", json=space)).json()["id"]
        await client.put(f"/space/{key}", json={**space, "name": "Newer"})
        folder = (await client.post(f"/space/{key}/folder", json={"name": "F"})).json()["id"]
        await client.put(f"/folder/{folder}", json={"name": "G"})
        home = (await client.post(f"/folder/{folder}/list", json={"name": "L"})).json()["id"]
        await client.put(f"/list/{home}", json={"name": "M"})
        task = (await make(client, home=home))["id"]
        await told(client)
        await client.delete(f"/task/{task}")
        for path in (f"/list/{home}", f"/folder/{folder}", f"/space/{key}"):
            await client.delete(path)
        sent = await told(client)
        kinds = ("task", "list", "folder", "space")
        assert [row["event"] for row in sent] == [f"{kind}Deleted" for kind in kinds]
        names = ("taskdeleted", "listdeleted", "folderdeleted", "spacedeleted")
        for ours, name in zip(sent, names, strict=True):
            theirs = recorded(f"webhook_{name}__Chisanan232_clickup-mcp-server__1")
            assert list(differences(ours, theirs)) == []


async def test_list_updated_has_a_history():
    async with open_box() as client:
        await register(client, "listUpdated")
        await client.put(f"/list/{Place.list}", json={"name": "Newer"})
        (sent,) = await told(client)
        assert (sent["history_items"][0]["field"], sent["history_items"][0]["after"]) == ("name", "Newer")


async def test_a_move_is_told_of_the_space_too():
    async with open_box() as client:
        task = (await make(client))["id"]
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Other"})).json()["id"]
        await register(client)
        api = str(client.base_url).replace("/api/v2/", "/api/v3")
        await client.put(f"{api}/workspaces/{Place.team}/tasks/{task}/home_list/{other}", json={})
        assert [row["event"] for row in await told(client)] == ["taskMoved", "taskUpdated", "spaceUpdated"]


async def test_a_file_on_a_task_is_not_told():
    async with open_box() as client:
        task = (await make(client))["id"]
        await register(client)
        await client.post(f"/task/{task}/attachment", files={"attachment": ("a.txt", b"x", "text/plain")})
        assert await told(client) == []


async def test_a_custom_field_is_told_by_the_option_not_by_its_index():
    async with open_box() as client:
        task = (await make(client))["id"]
        field = client.box.fields.add(f"list:{Place.list}", "Choice", "drop_down", options=("A", "B"))
        option = field.type_config["options"][1]["id"]
        await register(client)
        await client.post(f"/task/{task}/field/{field.id}", json={"value": option})
        (sent,) = await told(client)
        assert sent["history_items"][0]["after"] == option
        shown = (await client.get(f"/task/{task}")).json()["custom_fields"]
        assert shown[0]["value"] == 1


async def test_the_most_specific_place_decides():
    async with open_box() as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Other"})).json()["id"]
        hook = await register(client, "taskCreated", space_id=int(Place.space), list_id=int(other))
        assert (hook["space_id"], hook["list_id"]) == (int(Place.space), int(other))
        await make(client, "elsewhere")
        wanted = await make(client, "here", home=other)
        assert [row["task_id"] for row in await told(client)] == [wanted["id"]]


async def test_the_same_webhook_again_is_refused():
    async with open_box() as client:
        await register(client, "taskCreated")
        body = {"endpoint": HOOK, "events": ["taskCreated"]}
        answer = await client.post(f"/team/{Place.team}/webhook", json=body)
        assert ecode(answer) == (400, "OAUTH_171")


@pytest.mark.parametrize(
    "body", [{"endpoint": "nowhere"}, {"events": ["taskExploded"]}, {"events": []}, {"list_id": 1}]
)
async def test_bad_webhooks_are_refused(body):
    async with open_box() as client:
        full = {"endpoint": HOOK, "events": ["*"], **body}
        assert (await client.post(f"/team/{Place.team}/webhook", json=full)).status_code in {400, 401}


async def test_everybody_sees_his_own_webhooks_only():
    async with open_box() as client:
        _, other = add_person(client.box, "Mia Sand")
        hook = await register(client)
        answer = await client.get(f"/team/{Place.team}/webhook", headers=other)
        assert answer.json() == {"webhooks": []}
        assert ecode(await client.delete(f"/webhook/{hook['id']}", headers=other)) == (401, "OAUTH_027")


async def test_it_is_silent_once_its_maker_has_left():
    async with open_box() as client:
        user, header = add_person(client.box, "Mia Sand")
        body = {"endpoint": HOOK, "events": ["*"]}
        await client.post(f"/team/{Place.team}/webhook", json=body, headers=header)
        client.box.state.members.remove(f"{Place.team}:{user.id}")
        await make(client)
        assert await told(client) == []


async def health(client, hook):
    rows = (await client.get(f"/team/{Place.team}/webhook")).json()["webhooks"]
    return next(row["health"] for row in rows if row["id"] == hook["id"])


async def test_five_attempts_then_the_event_is_lost():
    async with open_box() as client:
        hook = await register(client, "taskCreated")
        await make(client)
        receiver = Receiver(500, None, 500, 404)
        attempts = []
        for _ in range(6):
            attempts += await client.box.webhooks.deliver(receiver.transport())
        assert [row.status for row in attempts] == [500, None, 500, 404, 200]
        assert await health(client, hook) == {"status": "active", "fail_count": 0}
        await make(client)
        bad = Receiver(always=500)
        for _ in range(6):
            await client.box.webhooks.deliver(bad.transport())
        assert len(bad.got) == 5
        assert await health(client, hook) == {"status": "failing", "fail_count": 1}
        await make(client)
        await told(client, 204)
        assert await health(client, hook) == {"status": "active", "fail_count": 0}


async def test_a_hundred_lost_events_suspend():
    async with open_box() as client:
        hook = await register(client, "taskCreated")
        state = client.box.state
        state.webhooks.change(state.webhooks[hook["id"]], fail_count=99, status="failing")
        await make(client)
        bad = Receiver(always=500)
        for _ in range(5):
            await client.box.webhooks.deliver(bad.transport())
        assert await health(client, hook) == {"status": "suspended", "fail_count": 100}


@pytest.mark.parametrize("status", [401, 410])
async def test_some_answers_suspend_at_once(status):
    async with open_box() as client:
        hook = await register(client, "taskCreated")
        await make(client)
        await told(client, status)
        assert (await health(client, hook))["status"] == "suspended"
        await make(client)
        assert await told(client) == []
        body = {"endpoint": HOOK, "events": ["taskCreated"], "status": "active"}
        answer = await client.put(f"/webhook/{hook['id']}", json=body)
        assert answer.json()["webhook"]["health"]["status"] == "active"
        await make(client)
        assert len(await told(client)) == 1


async def test_goals_are_told():
    async with open_box() as client:
        await register(client)
        goal = (await client.post(f"/team/{Place.team}/goal", json={"name": "G"})).json()["goal"]["id"]
        (sent,) = await told(client)
        theirs = recorded("webhook_goalcreated__Chisanan232_clickup-mcp-server__1")
        assert list(differences(sent, theirs)) == []
        assert sent["goal_id"] == goal
