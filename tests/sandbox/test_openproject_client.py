"""A client library that is not ours, over a real socket, against the served sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openproject_api_client.apiclient import ApiClient, RequestError

from pm_providers.sandbox.openproject import OpenProjectSandbox

TIMEOUT_S = 20.0


@pytest.fixture
async def box() -> AsyncIterator[OpenProjectSandbox]:
    sandbox = OpenProjectSandbox(dataset="demo")
    async with sandbox.serve():
        yield sandbox


@pytest.fixture
def client(box: OpenProjectSandbox) -> ApiClient:
    settings = box.settings
    return ApiClient(settings["OPENPROJECT_URL"], settings["OPENPROJECT_API_KEY"], timeout=TIMEOUT_S)


async def run(call: Any, *args: Any, **options: Any) -> Any:
    """The library blocks, the sandbox lives in this loop: call it from a thread."""
    return await asyncio.to_thread(call, *args, **options)


async def test_it_lists_what_the_sandbox_holds(box, client) -> None:
    """Projects, work packages of any status, users, versions and enumerations arrive complete."""
    state = box.state
    assert {p.id for p in await run(client.get_projects)} == {p.id for p in state.projects}
    everything = await run(client.get_workpackages, status="all", page_size=7)
    assert {w.id for w in everything} == {w.id for w in state.work_packages}
    opened = await run(client.get_workpackages, status="open", page_size=7)
    closed = {s.id for s in state.statuses if s.closed}
    assert {w.id for w in opened} == {w.id for w in state.work_packages if w.status_id not in closed}
    people = {p.id for p in state.principals if p.kind == "User" and p.status != "builtin"}
    assert {u.id for u in await run(client.get_users)} == people
    assert {v.id for v in await run(client.get_versions)} == {v.id for v in state.versions}
    assert len(await run(client.get_statuses)) == len(state.statuses)
    assert len(await run(client.get_types)) == len(state.types)
    assert len(await run(client.get_priorities)) == len(state.priorities)
    assert len(await run(client.get_relations)) == len(state.relations)
    assert len(await run(client.get_project_members)) == len(state.memberships)


async def test_it_creates_changes_and_deletes_a_work_package(box, client) -> None:
    """The library's own objects show what was written; a stale lockVersion is refused."""
    project = next(iter(box.state.projects))
    made = await run(
        client.create_workpackage,
        project.id,
        "From outside",
        type_id=1,
        description="*text*",
        start_date="2026-03-02",
        due_date="2026-03-06",
        estimated_time="PT40H",
        priority_id=9,
    )
    assert (made.subject, made.type_id, made.priority_id) == ("From outside", 1, 9)
    assert made.estimatedtime == "P1DT16H"
    changed = await run(client.update_workpackage, made.id, made.lockversion, subject="Changed", status_id=7)
    assert (changed.subject, changed.status_id) == ("Changed", 7)
    assert changed.lockversion > made.lockversion
    with pytest.raises(RequestError, match="409"):
        await run(client.update_workpackage, made.id, made.lockversion, subject="Late")
    read = await run(client.get_workpackage, made.id)
    assert (read.subject, read.project_id) == ("Changed", project.id)
    assert await run(client.delete_workpackage, made.id)
    assert await run(client.get_workpackage, made.id) is None


async def test_it_comments_and_logs_time(client, box) -> None:
    """Comments, activities and time entries."""
    task = next(iter(box.state.work_packages))
    await run(client.add_workpackage_comment, task.id, "Hello from outside")
    notes = [a.comment["raw"] for a in await run(client.get_activities, task.id)]
    assert "Hello from outside" in notes
    entry = await run(client.create_time_entry, task.id, "PT1H30M", "2026-03-03", comment="did it")
    assert entry.hours == "PT1H30M"
    later = await run(client.update_time_entry, entry.id, 0, hours="PT2H")
    assert later.hours == "PT2H"
    assert entry.id in {e.id for e in await run(client.get_time_entries, work_package_id=task.id)}
    assert await run(client.delete_time_entry, entry.id)
    assert await run(client.get_time_entry, entry.id) is None


async def test_projects_over_its_generic_calls(client) -> None:
    """The library has no methods that write projects; its generic ones do."""
    made = await run(client.post, "projects", {"name": "Made outside"})
    assert made.identifier == "made-outside"
    changed = await run(client.patch, f"projects/{made.id}", {"name": "Renamed"})
    assert changed.name == "Renamed"
    assert await run(client.delete, f"projects/{made.id}")


async def test_a_wrong_key_is_refused(box) -> None:
    """The library reports the 401."""
    stranger = ApiClient(box.settings["OPENPROJECT_URL"], "no-such-key", timeout=TIMEOUT_S)
    with pytest.raises(RequestError, match="401"):
        await run(stranger.get_projects)
