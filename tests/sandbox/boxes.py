"""What the sandbox tests share: an open sandbox with a client, and short names for common calls."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import httpx2

from pm_providers.sandbox.openproject import ADMIN_KEY, OpenProjectSandbox

API = "/api/v3"
ALL = json.dumps([{"status": {"operator": "*", "values": []}}])


@asynccontextmanager
async def open_box(key=ADMIN_KEY, **options):
    box = OpenProjectSandbox(**{"dataset": "demo", **options})
    auth = ("apikey", box.key_of(key)) if key not in {ADMIN_KEY, None} else ("apikey", ADMIN_KEY)
    async with httpx2.AsyncClient(
        transport=box.transport(), base_url=box.base_url + API, auth=auth if key else None
    ) as client:
        client.box = box
        yield client


def href(kind, key):
    return {"href": None if key is None else f"{API}/{kind}/{key}"}


async def make(client, subject="Task", project=1, **fields):
    links = {"project": href("projects", project), **fields.pop("links", {})}
    answer = await client.post("/work_packages", json={"subject": subject, **fields, "_links": links})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def patch(client, row, **body):
    links = {"_links": body.pop("links")} if "links" in body else {}
    return await client.patch(
        f"/work_packages/{row['id']}", json={"lockVersion": row["lockVersion"], **body, **links}
    )


def identifier(answer):
    return answer.json()["errorIdentifier"].rpartition(":")[2]


def attribute(answer):
    return answer.json()["_embedded"]["details"]["attribute"]
