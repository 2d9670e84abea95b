"""Odd input on every route: refused or taken, never a failure of the server."""

from __future__ import annotations

import re

import httpx2
import pytest

from pm_providers.sandbox.trello import sandbox as made
from pm_providers.sandbox.trello.tokens import token_routes
from pm_providers.sandbox.trello.webhooks import Webhooks
from tests.sandbox.trello.support import NOBODY, open_box

NAMES = (
    "name",
    "desc",
    "text",
    "value",
    "idList",
    "idBoard",
    "idCard",
    "idMembers",
    "idLabels",
    "idModel",
    "idPlugin",
    "pos",
    "due",
    "start",
    "dueComplete",
    "closed",
    "color",
    "type",
    "state",
    "checked",
    "url",
    "callbackURL",
    "email",
    "limit",
    "before",
    "since",
    "fields",
    "filter",
    "query",
    "customFieldItems",
    "idValue",
    "options",
    "cover",
    "displayName",
    "idChecklist",
    "idMember",
    "modelType",
    "dueReminder",
    "unified",
    "urls",
    "page",
    "idOrganization",
    "member_fields",
)
VALUES = (
    None,
    "",
    "null",
    0,
    -1,
    1e400,
    7.5,
    True,
    [],
    [None],
    {},
    {"a": [1]},
    "x" * 20_000,
    "🚀\x00",
    NOBODY,
)


def all_routes():
    found = set()
    for module in made._MODULES:
        found |= {(method, path) for path, table in module.routes.table.items() for method in table}
    return sorted(found)


async def fill(place, path):
    """Ids of things that exist for the named parts of a path."""
    row = await place("POST", "/checklists", {"idCard": place.card})
    item = await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "x"})
    comment = await place("POST", f"/cards/{place.card}/actions/comments", {"text": "x"})
    await place.fields_on()
    field = await place.field("list", options=[{"value": {"text": "x"}, "pos": 1}])
    families = {
        "boards": place.board,
        "lists": place.todo,
        "cards": place.card,
        "labels": await place.label(),
        "checklists": row["id"],
        "actions": comment["id"],
        "customFields": field["id"],
        "members": "me",
        "organizations": place.box.settings["TRELLO_ORGANIZATION_ID"],
    }
    named = {
        "idCheckItem": item["id"],
        "idChecklist": row["id"],
        "idCustomField": field["id"],
        "idAction": comment["id"],
        "idOption": field["options"][0]["id"],
        "field": "name",
        "filter": "all",
    }
    family = path.split("/")[2]
    key = families.get(family, NOBODY)
    return re.sub(r"\{(\w+)\}", lambda m: key if m.group(1) == "id" else named.get(m.group(1), NOBODY), path)


@pytest.mark.parametrize(("method", "path"), all_routes())
async def test_odd_values(method, path):
    async with open_box() as place:
        target = (await fill(place, path)).removeprefix("/1")
        for value in VALUES if method in {"POST", "PUT"} else (None, 7.5, "x" * 50, NOBODY):
            body = dict.fromkeys(NAMES, value)
            if method in {"GET", "DELETE"}:
                shown = {k: "x" * 50 if isinstance(v, str) and len(v) > 50 else v for k, v in body.items()}
                params = {k: str(v) for k, v in shown.items()}
                answer = await place.client.request(method, target, params=params)
            elif value == 1e400:
                raw = ("{" + ",".join(f'"{name}":1e400' for name in NAMES) + "}").encode()
                headers = {"content-type": "application/json"}
                answer = await place.client.request(method, target, content=raw, headers=headers)
            else:
                answer = await place.client.request(method, target, json=body)
            assert answer.status_code < 500, (value, answer.text)
        for one in NAMES if method in {"POST", "PUT"} else ():  # one at a time reaches further
            answer = await place.client.request(method, target, params={one: "7"})
            assert answer.status_code < 500, (one, answer.text)


@pytest.mark.parametrize(("method", "path"), all_routes())
async def test_wrong_ids(method, path):
    async with open_box() as place:
        for key in ("x", NOBODY, "%00", "%F0%9F%9A%80", "a" * 300):
            target = re.sub(r"\{\w+\}", key, path).removeprefix("/1")
            answer = await place.client.request(method, target, params={"value": "x"})
            assert answer.status_code < 500


async def test_odd_webhooks():
    async with open_box() as place:
        place.box.webhooks.receiver = httpx2.MockTransport(lambda _request: httpx2.Response(200))
        for value in VALUES:
            if value != 1e400:
                body = {"callbackURL": value, "idModel": place.board, "description": value, "active": value}
                assert (await place.client.post("/webhooks", json=body)).status_code < 500
        assert set(token_routes(Webhooks(place.state, str)).table) > {"/1/webhooks"}
