"""Events and webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import httpx2

from tests.sandbox.asana.support import error, open_box, stopped


async def token(box, resource):
    return (await box.get(f"/events?resource={resource}", status=412))["sync"]


async def feed(box, resource, sync):
    return (await box.client.get(f"/events?resource={resource}&sync={sync}")).json()


def brief(body):
    return [
        (one["resource"]["resource_type"], one["action"], (one.get("change") or {}).get("field"))
        for one in body["data"]
    ]


async def test_a_project_hears_of_tasks_subtasks_and_stories():
    async with open_box() as box:
        project = (await box.project())["gid"]
        other = (await box.project("Other"))["gid"]
        task = (await box.task(projects=[project]))["gid"]
        sync, elsewhere = await token(box, project), await token(box, other)
        sub = (await box.post(f"/tasks/{task}/subtasks", 201, name="Sub"))["gid"]
        await box.put(f"/tasks/{sub}", completed=True)
        await box.post(f"/tasks/{task}/stories", 201, text="Hi")
        await box.delete(f"/tasks/{sub}")
        found = await feed(box, project, sync)
        assert brief(found) == [
            ("task", "added", None),
            ("task", "changed", "completed"),
            ("story", "added", None),
            ("story", "added", None),
            ("task", "deleted", None),
        ]
        assert found["has_more"] is False
        assert (await feed(box, project, found["sync"]))["data"] == []
        assert (await feed(box, other, elsewhere))["data"] == []


async def test_leaving_a_project_is_removed_and_a_move_is_removed_and_added():
    async with open_box() as box:
        project = (await box.project())["gid"]
        first = (await box.sections(project))[0]["gid"]
        second = (await box.post(f"/projects/{project}/sections", 201, name="Two"))["gid"]
        task = (await box.task(projects=[project]))["gid"]
        sync = await token(box, project)
        await box.post(f"/sections/{second}/addTask", task=task)
        await box.post(f"/tasks/{task}/removeProject", project=project)
        rows = [
            one
            for one in (await feed(box, project, sync))["data"]
            if one["resource"]["resource_type"] == "task"
        ]
        told = [(one["action"], one["parent"]["gid"]) for one in rows]
        assert told == [("removed", first), ("added", second), ("removed", project), ("removed", second)]
        assert (await box.get(f"/tasks/{task}"))["projects"] == []


async def test_tokens_expire_and_pages_have_more():
    async with open_box(clock=stopped()) as box:
        project = (await box.project())["gid"]
        sync = await token(box, project)
        for _ in range(40):
            await box.task(projects=[project])
        page = await feed(box, project, sync)
        assert (len(page["data"]), page["has_more"]) == (100, True)
        rest = await feed(box, project, page["sync"])
        assert rest["has_more"] is False
        assert len(rest["data"]) == 40 * 3 - 100
        box.box.clock.advance(24 * 3600 + 1)
        again = await feed(box, project, rest["sync"])
        assert (again.keys(), "data" in again) == ({"errors", "sync"}, False)
        assert (await feed(box, project, again["sync"]))["data"] == []
        assert (await feed(box, project, "nonsense")).keys() == {"errors", "sync"}
        await box.get("/events?resource=123", status=404)


async def test_the_feed_can_lag():
    async with open_box(clock=stopped()) as box:
        project = (await box.project())["gid"]
        box.box.clock.advance(1)
        sync = await token(box, project)
        box.state.event_lag_s = 30
        await box.task(projects=[project])
        early = await feed(box, project, sync)
        assert early["data"] == []
        box.box.clock.advance(31)
        assert len((await feed(box, project, early["sync"]))["data"]) == 3


async def test_the_workspace_feed_is_for_service_accounts():
    async with open_box(plan="enterprise") as box:
        path = f"/workspaces/{box.workspace}/events"
        await box.get(path, status=403)
        async with box.as_user(kind="service") as service:
            sync = (await service.get(path, status=412))["sync"]
            await box.task()
            await box.project()
            assert [one["type"] for one in await service.get(f"{path}?sync={sync}")] == ["project"]


class Receiver:
    """Keeps what it gets and answers as told."""

    def __init__(self):
        self.requests, self.status, self.secret = [], 200, None

    async def __call__(self, request):
        self.requests.append(request)
        if "x-hook-secret" in request.headers:
            self.secret = request.headers["x-hook-secret"]
            return httpx2.Response(200, headers={"x-hook-secret": self.secret})
        return httpx2.Response(self.status, text="no")

    @property
    def last(self):
        return json.loads(self.requests[-1].content)["events"]


async def hooked(box, resource, **more):
    receiver = Receiver()
    box.box.webhooks.transport = httpx2.MockTransport(receiver)
    answer = await box.client.post(
        "/webhooks", json={"data": {"resource": resource, "target": "https://hook.example/?x=1", **more}}
    )
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["X-Hook-Secret"] == receiver.secret
    return receiver, body["data"]["gid"]


async def test_deliveries_are_signed_and_filtered():
    async with open_box() as box:
        project = (await box.project())["gid"]
        rule = {"resource_type": "task", "action": "changed", "fields": ["name"]}
        receiver, _ = await hooked(box, project, filters=[rule])
        await box.box.webhooks.deliver()
        assert receiver.last == []  # a heartbeat after the handshake
        task = (await box.task(projects=[project]))["gid"]
        await box.put(f"/tasks/{task}", name="New", completed=True)
        (sent,) = await box.box.webhooks.deliver()
        proof = hmac.new(receiver.secret.encode(), sent.body, hashlib.sha256).hexdigest()
        assert receiver.requests[-1].headers["x-hook-signature"] == proof
        assert [(one["resource"]["gid"], one["change"]) for one in receiver.last] == [
            (task, {"field": "name", "action": "changed"})
        ]
        assert await box.box.webhooks.deliver() == []


async def test_failures_are_repeated_then_the_webhook_is_deleted():
    async with open_box(clock=stopped()) as box:
        project = (await box.project())["gid"]
        receiver, gid = await hooked(box, project)
        receiver.status = 500
        await box.task(projects=[project])
        await box.box.webhooks.deliver()
        found = await box.get(f"/webhooks/{gid}")
        assert (found["delivery_retry_count"], found["last_failure_content"]) == (1, "no")
        assert found["next_attempt_after"] < found["failure_deletion_timestamp"]
        assert await box.box.webhooks.deliver() == []
        box.box.clock.advance(31)
        receiver.status = 204
        (sent,) = await box.box.webhooks.deliver()
        assert len(json.loads(sent.body)["events"]) == 3
        assert (await box.get(f"/webhooks/{gid}"))["delivery_retry_count"] == 0
        receiver.status = 500
        await box.task(projects=[project])
        await box.box.webhooks.deliver()
        box.box.clock.advance(timedelta(hours=24).total_seconds())
        await box.box.webhooks.deliver()
        await box.get(f"/webhooks/{gid}", status=404)


async def test_heartbeats_come_every_eight_hours():
    async with open_box(clock=stopped()) as box:
        project = (await box.project())["gid"]
        receiver, _ = await hooked(box, project)
        await box.box.webhooks.deliver()
        assert await box.box.webhooks.deliver() == []
        box.box.clock.advance(8 * 3600)
        (sent,) = await box.box.webhooks.deliver()
        assert (receiver.last, "X-Hook-Signature" in sent.headers) == ([], True)


async def test_registrations_that_are_refused():
    async with open_box() as box:
        project = (await box.project())["gid"]
        await hooked(box, project)

        async def refused(status, **data):
            answer = await box.client.post("/webhooks", json={"data": {"resource": project, **data}})
            assert answer.status_code == status, answer.text
            return error(answer.json())

        assert await refused(403, target="https://hook.example/?x=1") == "Duplicated webhook"
        assert "host" in await refused(403, target="http://localhost:8080/")
        assert "URL" in await refused(400, target="nowhere")
        assert "filters" in await refused(400, target="https://a.example/", resource=box.workspace)
        wrong = [{"resource_type": "task", "action": "changed"}]
        assert "cannot report" in await refused(
            400, target="https://a.example/", resource=box.workspace, filters=wrong
        )
        late = [{"resource_type": "task", "action": "added", "fields": ["name"]}]
        assert "Only valid for" in await refused(400, target="https://a.example/", filters=late)
        box.box.webhooks.transport = httpx2.MockTransport(lambda _request: httpx2.Response(200))
        assert "handshake" in await refused(400, target="https://a.example/")
        assert len(await box.get(f"/webhooks?workspace={box.workspace}")) == 1
        async with box.as_user(kind="oauth", app="other") as app:
            assert await app.get(f"/webhooks?workspace={box.workspace}") == []
