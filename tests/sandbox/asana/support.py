"""What the tests of the Asana sandbox share: an open sandbox with a client, and short names for common calls."""

from __future__ import annotations

import functools
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import yaml

from pm_providers.sandbox.asana import ME_TOKEN, AsanaSandbox
from pm_providers.sandbox.asana.demo import token_of
from pm_providers.sandbox.asana.records import Token
from pm_providers.sandbox.kit import Clock
from tests.sandbox.spec_document import SpecDocument

API = "/api/1.0"
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
__all__ = ["API", "NOON", "Box", "error", "load", "open_box", "stopped"]


class Box:
    """A sandbox and a client of it."""

    def __init__(self, box, client):
        self.box, self.client = box, client
        self.state = box.state
        self.workspace = box.workspace
        self.team = box.state.teams.where("workspace", box.workspace)[0].id

    async def call(self, method, path, data=None, *, status=200, **options):
        """The `data` of an answer with this status, or the whole body of an error."""
        if data is not None:
            options["json"] = {"data": data}
        answer = await self.client.request(method, path, **options)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        body = answer.json()
        return body["data"] if status < 400 else body

    async def get(self, path, **options):
        return await self.call("GET", path, **options)

    async def post(self, path, status=200, /, **data):
        return await self.call("POST", path, data, status=status)

    async def put(self, path, status=200, /, **data):
        return await self.call("PUT", path, data, status=status)

    async def delete(self, path, **options):
        return await self.call("DELETE", path, **options)

    async def project(self, name="Project", **data):
        return await self.post("/projects", 201, name=name, workspace=self.workspace, **data)

    async def task(self, name="Task", **data):
        if not {"projects", "memberships", "parent"} & data.keys():
            data["workspace"] = self.workspace
        return await self.post("/tasks", 201, name=name, **data)

    async def sections(self, project):
        return await self.get(f"/projects/{project}/sections")

    @asynccontextmanager
    async def as_user(self, email="", *, kind="", **token):
        """The same sandbox for somebody else: by the e-mail of a person of the story, or a token of a kind."""
        secret = token_of(email.partition("@")[0])
        if kind:
            user = self.state.users.where("email", email or "admin@example.com")[0].id
            secret = f"secret-{kind}"
            self.state.tokens[secret] = Token(user=user, kind=kind, **token)
        async with httpx2.AsyncClient(
            transport=self.box.transport(),
            base_url=self.box.base_url + API,
            headers={"authorization": f"Bearer {secret}"},
        ) as client:
            yield Box(self.box, client)


@asynccontextmanager
async def open_box(token=ME_TOKEN, **options):
    """A sandbox with a client that is logged in as the administrator; `token` None is nobody."""
    box = AsanaSandbox(**options)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(
        transport=box.transport(), base_url=box.base_url + API, headers=headers
    ) as client:
        yield Box(box, client)


def stopped():
    """A clock that stands still."""
    return Clock(NOON)


def error(body):
    """The message of an error body."""
    return body["errors"][0]["message"]


@functools.cache
def load(path):
    """The vendor's document with `nullable` said as JSON Schema says it."""
    document = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    text = json.dumps({"paths": document["paths"], "components": document["components"]}, default=str)
    plain = json.loads(text)
    plain["paths"] = {f"{API}{path}": _without_examples(found) for path, found in plain["paths"].items()}
    plain["components"] = _without_examples(plain["components"])
    return SpecDocument(plain)


def _without_examples(value):
    """Examples are half of the document; `nullable` becomes a type, also where it stands in one part of allOf."""
    if isinstance(value, list):
        return [_without_examples(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {key: _without_examples(part) for key, part in value.items() if key != "example"}
    nullable = found.pop("nullable", None) is True
    if any(isinstance(part, dict) and "anyOf" in part for part in found.get("allOf", ())):
        nullable = True
        found["allOf"] = [_bare(part) for part in found["allOf"]]
    if not nullable:
        return found
    return {"anyOf": [found, {"type": "null"}]}


def _bare(part):
    return part["anyOf"][0] if "anyOf" in part and {"type": "null"} in part["anyOf"] else part
