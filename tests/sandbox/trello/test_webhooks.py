"""Webhooks: registered, delivered signed, repeated, switched off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import httpx2
import pytest

from pm_providers.sandbox.kit import Clock
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_SECRET, ORGANIZATION_ID
from tests.sandbox.trello.support import NOBODY, header, open_box, refusal, token_of

URL = "https://hooks.example.com/trello?x=1"


class Receiver:
    """Answers with the status that is set, and keeps what came."""

    def __init__(self, place, status=200):
        self.status, self.came = status, []
        self.transport = httpx2.MockTransport(self._answer)
        place.box.webhooks.receiver = self.transport

    def _answer(self, request):
        self.came.append(request)
        if self.status is None:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(self.status)

    def types(self):
        return [json.loads(one.content)["action"]["type"] for one in self.came if one.method == "POST"]


async def register(place, model=None, **more):
    return await place("POST", "/webhooks/", {"callbackURL": URL, "idModel": model or place.board, **more})


async def test_the_receiver_is_asked_first():
    async with open_box() as place:
        receiver = Receiver(place)
        row = await register(place, description="d")
        assert [(one.method, str(one.url), one.content) for one in receiver.came] == [("HEAD", URL, b"")]
        assert "x-trello-webhook" not in receiver.came[0].headers
        assert (row["active"], row["consecutiveFailures"], row["firstConsecutiveFailDate"]) == (True, 0, None)


@pytest.mark.parametrize("status", [404, 301, 201, None])
async def test_another_answer_than_200_is_refused_and_nothing_is_stored(status):
    async with open_box() as place:
        Receiver(place, status)
        answer = await place("POST", "/webhooks/", {"callbackURL": URL, "idModel": place.board}, status=400)
        wanted = "could not be reached" if status is None else f"did not return 200 status code, got {status}"
        assert wanted in answer["message"]
        assert await place("GET", f"/tokens/{ADMIN_TOKEN}/webhooks") == []


async def test_the_same_twice_is_refused():
    async with open_box() as place:
        Receiver(place)
        await register(place)
        answer = await place.client.post("/webhooks", json={"callbackURL": URL, "idModel": place.board})
        assert refusal(answer) == (400, "A webhook with that callback, model, and token already exists")
        assert len(await place("GET", f"/tokens/{ADMIN_TOKEN}/webhooks")) == 1


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"idModel": "{board}"}, 400, "invalid value for callbackURL"),
        ({"callbackURL": "ftp://x.example", "idModel": "{board}"}, 400, "invalid value for callbackURL"),
        ({"callbackURL": URL, "idModel": "x"}, 400, "invalid value for idModel"),
        ({"callbackURL": URL, "idModel": NOBODY}, 404, "The requested resource was not found."),
    ],
)
async def test_wrong_registrations(body, status, text):
    async with open_box() as place:
        Receiver(place)
        body = {key: place.board if value == "{board}" else value for key, value in body.items()}
        assert refusal(await place.client.post("/webhooks", json=body)) == (status, text)


async def test_deliveries_are_signed_with_the_secret_of_the_key_over_body_and_address():
    async with open_box() as place:
        receiver = Receiver(place)
        await register(place)
        await place("POST", f"/cards/{place.card}/actions/comments", {"text": "Grüße"})
        sent = await place.box.webhooks.deliver()
        assert [one.status for one in sent] == [200]
        request = receiver.came[-1]
        digest = hmac.new(API_SECRET.encode(), request.content + URL.encode(), hashlib.sha1).digest()
        assert request.headers["x-trello-webhook"] == base64.b64encode(digest).decode()
        body = json.loads(request.content)
        assert body.keys() == {"action", "model", "webhook"}
        assert body["model"]["id"] == place.board
        assert body["action"]["display"]["translationKey"] == "action_comment_on_card"


async def test_hidden_types_are_told_to_a_board_and_not_to_a_card():
    async with open_box() as place:
        receiver = Receiver(place)
        label = await place.label()
        await register(place)
        await place.box.webhooks.deliver()
        on_card = await place(
            "POST", "/webhooks", {"callbackURL": "https://card.example/", "idModel": place.card}
        )
        await place("PUT", f"/cards/{place.card}", {"idLabels": [label], "name": "New"})
        await place.box.webhooks.deliver()
        to_card = [
            json.loads(r.content)["action"]["type"]
            for r in receiver.came
            if r.url.host == "card.example" and r.content
        ]
        assert on_card["idModel"] == place.card
        assert to_card == ["updateCard"]
        assert receiver.types().count("addLabelToCard") == 1


async def test_workspaces_and_members_can_be_watched():
    async with open_box() as place:
        receiver = Receiver(place)
        await register(place, ORGANIZATION_ID)
        me = (await place("GET", "/members/me"))["id"]
        await register(place, me)
        await place("POST", "/boards", {"name": "New", "defaultLists": False})
        await place.box.webhooks.deliver()
        assert receiver.types().count("createBoard") == 2


async def test_failures_are_repeated_three_times_and_lost():
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    async with open_box(clock=clock) as place:
        receiver = Receiver(place)
        row = await register(place)
        receiver.status = 500
        await place("PUT", f"/cards/{place.card}", {"name": "New"})
        hooks = place.box.webhooks
        assert [one.status for one in await hooks.deliver(due_only=True)] == [500]
        for pause in (30, 60, 120):
            assert await hooks.deliver(due_only=True) == []
            clock.advance(pause)
            again = await hooks.deliver(due_only=True)
            assert [one.status for one in again] == [500]
        clock.advance(3600)
        assert await hooks.deliver(due_only=True) == []
        bodies = {one.content for one in receiver.came if one.method == "POST"}
        assert len(bodies) == 1
        now = await place("GET", f"/webhooks/{row['id']}")
        assert (now["consecutiveFailures"], now["active"]) == (4, True)
        assert now["firstConsecutiveFailDate"] == "2026-01-01T00:00:00.000Z"


async def test_many_failures_in_a_row_switch_it_off_and_one_success_resets_them():
    async with open_box() as place:
        receiver = Receiver(place)
        row = await register(place)
        receiver.status = None
        for number in range(8):
            await place("PUT", f"/cards/{place.card}", {"name": f"n{number}"})
        for _ in range(4):
            await place.box.webhooks.deliver()
        assert (await place("GET", f"/webhooks/{row['id']}"))["active"] is False
        await place("PUT", f"/cards/{place.card}", {"name": "unheard"})
        assert place.box.webhooks.ready() == []
        await place("PUT", f"/webhooks/{row['id']}", {"active": True}, status=400)
        receiver.status = 200
        again = await place("PUT", f"/webhooks/{row['id']}", {"active": True})
        assert (again["active"], again["consecutiveFailures"]) == (True, 0)


async def test_gone_deletes_it():
    async with open_box() as place:
        receiver = Receiver(place)
        row = await register(place)
        receiver.status = 410
        await place("PUT", f"/cards/{place.card}", {"name": "New"})
        await place.box.webhooks.deliver()
        await place("GET", f"/webhooks/{row['id']}", status=404)


async def test_they_go_with_their_token_and_are_nobody_elses():
    async with open_box() as place:
        Receiver(place)
        row = await register(place)
        mia = header(token_of("mia"))
        await place("GET", f"/webhooks/{row['id']}", headers=mia, status=401)
        await place("DELETE", f"/webhooks/{row['id']}", headers=mia, status=401)
        await place("DELETE", f"/tokens/{ADMIN_TOKEN}")
        assert list(place.state.webhooks) == []
