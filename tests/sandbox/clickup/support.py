"""What the tests of the ClickUp sandbox share: an open sandbox with a client, and short names for common calls."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2

from pm_providers.sandbox.clickup import ADMIN_TOKEN, TEAM_ID, ClickUpSandbox
from pm_providers.sandbox.clickup.people import add_user, join
from pm_providers.sandbox.kit import Clock

__all__ = [
    "ADMIN_TOKEN",
    "TEAM_ID",
    "Place",
    "add_person",
    "ecode",
    "make",
    "open_box",
]

START = datetime(2026, 5, 19, 9, 30, tzinfo=UTC)


class Place:
    """Ids of the empty data set."""

    team = TEAM_ID
    space = "901511023376"
    folder = "901516077510"
    list = "901523450954"
    owner = 302438666


@asynccontextmanager
async def open_box(token=ADMIN_TOKEN, *, api="/api/v2", **options):
    """A sandbox whose clock stands still, and a client that is logged in; a `token` of None is nobody."""
    box = ClickUpSandbox(**{"clock": Clock(START), **options})
    headers = {"Authorization": token} if token else {}
    async with httpx2.AsyncClient(
        transport=box.transport(), base_url=box.base_url + api, headers=headers
    ) as client:
        client.box = box
        yield client


def add_person(box, name, *, role=3, zone="America/Los_Angeles"):
    """A member of the Workspace: his record and the header that logs him in."""
    user = add_user(box.state, name, f"{name.split()[0].lower()}@example.com", zone=zone)
    join(box.state, TEAM_ID, user.id, role, invited_by=Place.owner)
    return user, {"Authorization": box.token_of(user.email)}


async def make(client, name="A task", home=Place.list, **fields):
    """Create a task; what the server answers."""
    answer = await client.post(f"/list/{home}/task", json={"name": name, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(client, path, **query):
    """Names of the tasks of one page."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["tasks"]]


def ecode(answer):
    """Status and code of an error."""
    return answer.status_code, answer.json()["ECODE"]
