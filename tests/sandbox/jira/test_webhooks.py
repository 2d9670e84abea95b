"""Webhooks: registered by administrators, delivered signed, repeated after failures."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx2
import pytest

from tests.sandbox.jira.support import ADMIN_ACCOUNT, BEN, adf, make, open_box

HOOKS = "http://jira.sandbox/rest/webhooks/1.0/webhook"


class Receiver:
    """Keeps what it gets and answers as told."""

    def __init__(self, *statuses):
        self.got = []
        self._statuses = list(statuses)

    def transport(self):
        return httpx2.MockTransport(self._answer)

    def _answer(self, request):
        self.got.append(request)
        return httpx2.Response(self._statuses.pop(0) if self._statuses else 200)


async def register(client, **more):
    body = {
        "name": "Sync",
        "url": "https://receiver.example/hook",
        "events": ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created"],
        "secret": "s3cret",
        **more,
    }
    return await client.post(HOOKS, json=body)


async def delivered(client, *statuses, **options):
    receiver = Receiver(*statuses)
    await client.box.webhooks.deliver(receiver.transport(), **options)
    return receiver.got


async def test_deliveries_are_signed_and_say_what_happened():
    async with open_box() as client:
        assert (await register(client)).status_code == 201
        key = await make(client, description=adf("Hello"))
        await client.put(f"/issue/{key}", json={"fields": {"summary": "Renamed"}})
        await client.post(f"/issue/{key}/comment", json={"body": adf("A word")})
        await client.delete(f"/issue/{key}")
        requests = await delivered(client)
        bodies = [json.loads(request.content) for request in requests]
        events = [body["webhookEvent"] for body in bodies]
        assert events[0] == "jira:issue_created"
        assert events[1] == "jira:issue_updated"
        assert "comment_created" in events
        assert events[-1] == "jira:issue_deleted"
        first, second = bodies[:2]
        assert first["user"]["accountId"] == ADMIN_ACCOUNT
        assert first["issue_event_type_name"] == "issue_created"
        assert first["issue"]["fields"]["description"] == "Hello"
        assert "/rest/api/2/issue/" in first["issue"]["self"]
        assert second["changelog"]["items"][0]["toString"] == "Renamed"
        assert isinstance(second["timestamp"], int)
        comment = bodies[events.index("comment_created")]
        assert comment["comment"]["body"] == "A word"
        assert set(comment["issue"]["fields"]) == {
            "summary",
            "issuetype",
            "project",
            "assignee",
            "priority",
            "status",
        }
        for request in requests:
            wanted = hmac.new(b"s3cret", request.content, hashlib.sha256).hexdigest()
            assert request.headers["x-hub-signature"] == f"sha256={wanted}"
            assert request.headers["x-atlassian-webhook-flow"] == "Primary"
        assert len({request.headers["x-atlassian-webhook-identifier"] for request in requests}) == len(
            requests
        )
        assert await delivered(client) == []


async def test_without_a_secret_there_is_no_signature():
    async with open_box() as client:
        await register(client, secret="")
        await make(client)
        (request,) = await delivered(client)
        assert "x-hub-signature" not in request.headers


async def test_failures_are_repeated_with_the_same_identifier():
    async with open_box() as client:
        await register(client)
        await make(client)
        (first,) = await delivered(client, 503)
        assert await delivered(client, due_only=True) == []
        client.box.clock.advance(301)
        (second,) = await delivered(client, due_only=True)
        name = "x-atlassian-webhook-identifier"
        assert first.headers[name] == second.headers[name]
        assert (
            "x-atlassian-webhook-retry" in first.headers,
            second.headers["x-atlassian-webhook-retry"],
        ) == (
            False,
            "1",
        )
        assert first.content == second.content
        assert await delivered(client) == []


async def test_after_five_repetitions_nothing_comes_any_more():
    async with open_box() as client:
        await register(client)
        await make(client)
        sent = [len(await delivered(client, 500)) for _ in range(8)]
        assert sent == [1] * 6 + [0] * 2


async def test_refused_deliveries_are_not_repeated():
    async with open_box() as client:
        await register(client)
        await make(client)
        await delivered(client, 404)
        assert await delivered(client) == []


async def test_a_filter_and_the_events_choose():
    async with open_box() as client:
        section = {"issue-related-events-section": "labels = wanted"}
        await register(client, filters=section, events=["jira:issue_created"])
        await make(client)
        key = await make(client, labels=["wanted"])
        await client.put(f"/issue/{key}", json={"fields": {"summary": "Other"}})
        (request,) = await delivered(client)
        assert json.loads(request.content)["issue"]["key"] == key


async def test_bodies_can_be_left_out_and_addresses_have_variables():
    async with open_box() as client:
        await register(client, excludeBody=True, url="https://receiver.example/${project.key}/${issue.key}")
        key = await make(client)
        (request,) = await delivered(client)
        assert (request.content, str(request.url)) == (b"", f"https://receiver.example/ED/{key}")
        assert request.headers["x-hub-signature"].startswith("sha256=")


async def test_sprints_links_worklogs_and_files_have_their_own_bodies():
    async with open_box() as client:
        client.box.webhooks.add("https://receiver.example/all")
        one, two = await make(client), await make(client)
        agile = f"{client.box.base_url}/rest/agile/1.0"
        made = await client.post(f"{agile}/sprint", json={"name": "S", "originBoardId": 1})
        await client.post(f"{agile}/sprint/{made.json()['id']}", json={"goal": "Win"})
        body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": two}}
        assert (await client.post("/issueLink", json=body)).status_code == 201
        work = {"timeSpentSeconds": 3600, "started": "2026-03-02T09:00:00.000+0000"}
        assert (await client.post(f"/issue/{one}/worklog", json=work)).status_code == 201
        answer = await client.post(
            f"/issue/{one}/attachments",
            files={"file": ("a.txt", b"text")},
            headers={"X-Atlassian-Token": "no-check"},
        )
        assert answer.status_code == 200, answer.text
        bodies = {}
        for request in await delivered(client):
            body = json.loads(request.content)
            bodies.setdefault(body["webhookEvent"], body)
        assert bodies["sprint_created"]["sprint"]["name"] == "S"
        assert bodies["sprint_updated"]["oldValue"]["goal"] == ""
        assert bodies["issuelink_created"]["issueLink"]["sourceIssueId"] == 10000
        assert bodies["issuelink_created"]["issueLink"]["issueLinkType"]["outwardName"] == "blocks"
        assert bodies["worklog_created"]["worklog"]["issueId"] == "10000"
        assert bodies["attachment_created"]["attachment"]["filename"] == "a.txt"


@pytest.mark.parametrize(
    "more",
    [
        {"url": "receiver"},
        {"name": ""},
        {"events": []},
        {"events": ["issue_exploded"]},
        {"filters": {"issue-related-events-section": "foo = 1"}},
    ],
)
async def test_bad_registrations_are_refused(more):
    async with open_box() as client:
        assert (await register(client, **more)).status_code == 400


async def test_registrations_are_managed_by_administrators_and_never_show_the_secret():
    async with open_box() as client:
        made = (await register(client)).json()
        assert made["isSigned"] is True
        assert "s3cret" not in json.dumps((await client.get(HOOKS)).json())
        await client.put(made["self"], json={"enabled": False})
        assert (await client.get(made["self"])).json()["enabled"] is False
        await make(client)
        assert await delivered(client) == []
        assert (await client.delete(made["self"])).status_code == 204
        assert (await client.get(made["self"])).status_code == 404
        client.auth = ("ben@example.com", "ben-token")
        assert (await client.get(HOOKS)).status_code == 403
        assert client.box.state.users[BEN].active


async def test_dynamic_webhooks_are_for_apps():
    async with open_box() as client:
        body = {
            "url": "https://receiver.example",
            "webhooks": [{"events": ["jira:issue_created"], "jqlFilter": "x"}],
        }
        assert (await client.post("/webhook", json=body)).status_code == 403
        assert (await client.get("/webhook")).status_code == 403
