"""Writes that were carried out, and what fails behind them: never told as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers import PMError, PMSprint, PMTask
from pm_providers.errors import PermissionDeniedError
from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.odd_servers import error
from tests.providers.asana.site import FakeTime, Scripted, Site, answer, scripted

TASK = {"gid": "5", "name": "x", "memberships": [{"project": {"gid": "77"}, "section": {"gid": "1"}}]}


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": []}, {"data": {"name": "no gid"}}])
async def test_an_answer_to_a_creation_that_cannot_be_read(body: Any) -> None:
    server = Scripted({"POST /tasks": lambda _p, _b: answer(body, 201)})
    provider = scripted(server)
    with pytest.raises(PMError) as failed:
        await provider.create_task(PMTask(title="x", project_id="77"))
    assert failed.value.maybe_applied
    drafts = [PMTask(title="x", project_id="77"), PMTask(title="y", project_id="77")]
    found = await provider.create_tasks(drafts)
    assert [one.error is not None and one.error.maybe_applied for one in found.outcomes] == [True, True]


async def test_a_batch_of_creations_with_too_few_answers() -> None:
    provider = scripted(Scripted({"POST /batch": {"data": []}}))
    drafts = [PMTask(title="x", project_id="77"), PMTask(title="y", project_id="77")]
    found = await provider.create_tasks(drafts)
    assert [one.error is not None and one.error.maybe_applied for one in found.outcomes] == [True, True]


@pytest.mark.parametrize("write", ["create", "update"])
async def test_a_read_that_fails_behind_a_write(write: str) -> None:
    """The name of the section says nothing, so the sections are asked for: behind the write."""
    named = {**TASK, "memberships": [{"project": {"gid": "77"}, "section": {"gid": "1", "name": "Qx"}}]}
    server = Scripted(
        {
            "POST /tasks": lambda _p, _b: answer({"data": named}, 201),
            "PUT /tasks/5": {"data": named},
            "GET /projects/77/sections": lambda _p, _b: error("boom", 503),
        }
    )
    provider = scripted(server, timing=FakeTime().timing())
    with pytest.raises(PMError) as failed:
        if write == "create":
            await provider.create_task(PMTask(title="x", project_id="77"))
        else:
            await provider.update_task("5", {"title": "x"})
    assert failed.value.maybe_applied


async def test_a_sprint_stays_when_its_tasks_cannot_be_saved(
    site: Site, provider: AsanaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.project))
    raw = {"data": {"name": "only here", "projects": [sprint.id]}}
    alone = (await provider.request("POST", "tasks", json=raw)).data["data"]["gid"]
    batch = provider._api.batch

    async def refused(actions: Any) -> Any:
        found = await batch(actions)
        return [type(one)(one.action, 403, {"errors": [{"message": "no"}]}) for one in found]

    monkeypatch.setattr(provider._api, "batch", refused)
    with pytest.raises(PermissionDeniedError):
        await provider.delete_sprint(sprint.id)
    assert await provider.get_sprint(sprint.id) is not None
    assert site.box.state.tasks[alone].trashed is None


async def test_a_sprint_that_the_portfolio_does_not_take_was_made_all_the_same() -> None:
    made = {"gid": "9", "name": "Mars – Sprint 1", "notes": "pm:sprint-of=77"}
    server = Scripted(
        {
            "GET /projects/77": {"data": {"gid": "77", "name": "Mars"}},
            "GET /projects": {"data": [{"gid": "77", "name": "Mars"}], "next_page": None},
            "GET /portfolios/3/items": {"data": [], "next_page": None},
            "POST /projects": lambda _p, _b: answer({"data": made}, 201),
            "POST /portfolios/3/addItem": lambda _p, _b: error("no", 403),
        }
    )
    with pytest.raises(PermissionDeniedError) as failed:
        await scripted(server, sprint_portfolio="3").create_sprint(PMSprint(name="Sprint 1", project_id="77"))
    assert failed.value.maybe_applied
