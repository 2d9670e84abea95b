"""What the tests of the Trello sandbox share: an open sandbox with a client, and short names for common calls."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2

from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, ORGANIZATION_ID, TrelloSandbox
from pm_providers.sandbox.trello.demo import add_member, join, member_id, token_of
from tests.sandbox.spec_document import load_document, type_or_null

NOBODY = "f" * 24
MIA, BEN = member_id("mia"), member_id("ben")
__all__ = ["BEN", "MIA", "NOBODY", "Place", "actions_of", "header", "load", "open_box", "refusal", "token_of"]


def header(token=ADMIN_TOKEN, key=API_KEY):
    """The header form of the credentials."""
    return {"Authorization": f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'}


class Place:
    """A client with a board, two lists and a card, made through the API."""

    def __init__(self, client, box):
        self.client, self.box, self.state = client, box, box.state

    async def __call__(self, method, path, body=None, *, status=200, **options):
        if body is not None:
            options["json"] = body
        answer = await self.client.request(method, path, **options)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:300])
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    async def fill(self):
        made = {
            "name": "Board",
            "defaultLists": False,
            "defaultLabels": False,
            "idOrganization": ORGANIZATION_ID,
        }
        self.board = (await self("POST", "/boards/", made))["id"]
        self.todo = (await self("POST", "/lists", {"name": "To do", "idBoard": self.board}))["id"]
        self.done = (await self("POST", "/lists", {"name": "Done", "idBoard": self.board, "pos": "bottom"}))[
            "id"
        ]
        self.card = (await self("POST", "/cards", {"name": "A card", "idList": self.todo}))["id"]
        return self

    async def make(self, name="A card", **fields):
        return await self("POST", "/cards", {"name": name, "idList": self.todo, **fields})

    async def label(self, name="bug", color="red"):
        return (await self("POST", "/labels", {"name": name, "color": color, "idBoard": self.board}))["id"]

    async def fields_on(self):
        return await self(
            "POST", f"/boards/{self.board}/boardPlugins", {"idPlugin": "56d5e249a98895a9797bebb9"}
        )

    async def field(self, kind="text", name="Field", **more):
        body = {
            "idModel": self.board,
            "modelType": "board",
            "name": name,
            "type": kind,
            "pos": "bottom",
            **more,
        }
        return await self("POST", "/customFields", body)


@asynccontextmanager
async def open_box(user="admin", *, filled=True, **options):
    """A sandbox with a `Place`; Mia is a member of the workspace, Ben is not."""
    box = TrelloSandbox(**options)
    add_member(box.state, "mia", "Mia Sand", "mia@example.com")
    add_member(box.state, "ben", "Ben Stone", "ben@example.com")
    join(box.state, ORGANIZATION_ID, "mia")
    headers = header(token_of(user)) if user else {}
    async with httpx2.AsyncClient(
        transport=box.transport(), base_url=box.base_url + "/1", headers=headers
    ) as client:
        place = Place(client, box)
        yield await place.fill() if filled else place


async def actions_of(place, **params):
    """Types of the board's actions, newest first."""
    found = await place("GET", f"/boards/{place.board}/actions", params=params)
    return [row["type"] for row in found]


def refusal(answer):
    """Status and text of a refusal."""
    return answer.status_code, answer.text


def load(path):
    """The vendor's document, where values of a list and references may be null as well."""
    return load_document(path, _or_null)


def _or_null(found):
    if isinstance(found.get("type"), str) and "enum" in found:
        found["enum"] = [*found["enum"], None]
    if "$ref" in found:
        return {"anyOf": [{"$ref": found["$ref"]}, {"type": "null"}]}
    return type_or_null(found)
