"""What the tests of the Jira sandbox share: an open sandbox with a client, and short names for common calls."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx2

from pm_providers.sandbox.jira import ADMIN_EMAIL, ADMIN_TOKEN, JiraSandbox
from pm_providers.sandbox.jira.defaults import ADMIN_ACCOUNT, ADMINS, DELIVERY, USERS
from pm_providers.sandbox.jira.rights import ADMIN_ROLE, MEMBER_ROLE
from pm_providers.sandbox.jira.setup import add_user, make_project

API = "/rest/api/3"
MIA = "5b10ac8d82e05b22cc7d4ef5"
BEN = "712020:1b2c3d4e-0000-4000-8000-00000000be17"
OUT = "5b10a0effa615349cb016cd8"
TOKENS = {"mia": ("mia@example.com", "mia-token"), "ben": ("ben@example.com", "ben-token")}
TOKENS["admin"] = (ADMIN_EMAIL, ADMIN_TOKEN)
_ROLES = {ADMIN_ROLE: (f"group:{ADMINS}",), MEMBER_ROLE: (MIA,)}
__all__ = [
    "ADMINS",
    "ADMIN_ACCOUNT",
    "API",
    "BEN",
    "MIA",
    "OUT",
    "USERS",
    "adf",
    "errors",
    "make",
    "open_box",
]


def prepare(box):
    """Two projects and three more people: Mia works in both, Ben only where everybody may, Otto is gone."""
    state = box.state
    add_user(state, MIA, "Mia Sand", "mia@example.com", token="mia-token", time_zone="America/New_York")
    add_user(state, BEN, "Ben Stone", "ben@example.com", token="ben-token", email_visible=False)
    add_user(state, OUT, "Otto Gone", "otto@example.com", active=False)
    make_project(state, "ED", "Education", MIA, workflow_ids={0: DELIVERY})
    make_project(state, "SEC", "Secret", ADMIN_ACCOUNT, access="private", roles=_ROLES)
    return box


@asynccontextmanager
async def open_box(user="admin", *, api=API, **options):
    """A sandbox with `prepare`d content and a client that is logged in; `user` None is anonymous."""
    box = prepare(JiraSandbox(**options))
    async with httpx2.AsyncClient(
        transport=box.transport(), base_url=box.base_url + api, auth=TOKENS.get(user)
    ) as client:
        client.box = box
        yield client


def adf(*lines):
    """A document of plain paragraphs."""
    content = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines]
    return {"type": "doc", "version": 1, "content": content}


async def make(client, summary="An issue", kind="Task", project="ED", **fields):
    """Create an issue; its key."""
    body = {"project": {"key": project}, "issuetype": {"name": kind}, "summary": summary, **fields}
    answer = await client.post("/issue", json={"fields": body})
    assert answer.status_code == 201, answer.text
    return answer.json()["key"]


def errors(answer):
    """Status and what the error document says."""
    body = answer.json()
    return answer.status_code, body["errors"] or body["errorMessages"]
