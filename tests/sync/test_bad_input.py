"""What nobody wishes for: each gives a clear state with the next step, and the other mappings go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pm_providers import JiraProvider, PMProviderConfig
from pm_providers.database.schema import connections, mappings
from pm_providers.errors import ConflictError
from pm_providers.jobs import WorkOptions, open_queue, run_worker, submit_run
from pm_providers.model import PMProject, PMTask, PMUser
from pm_providers.sandbox.jira import ADMIN_EMAIL, JiraSandbox
from pm_providers.service.sync_doctor import examine
from pm_providers.service.sync_setup import MappingRequest, keep_connection, keep_mapping
from pm_providers.service.sync_state import MappingStatus, sync_status
from pm_providers.store import configure_mapping, remove_connection
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_history import list_conflicts
from pm_providers.sync.doctor import Finding
from tests.jobs.nursery import without_certificates
from tests.service.sync_world import Mapped

OTHER_KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="


class Two(Mapped):
    """Two mappings: one between databases, and one with a Jira site, to which all that is bad happens."""

    async def join(self, box: JiraSandbox) -> Two:
        self.box = box
        self.numbers = count(1)
        self.good = self.mapping
        await keep_connection(self.db, "site", "jira", box.settings)
        config = PMProviderConfig(
            "jira",
            base_url=box.settings["JIRA_URL"],
            username=ADMIN_EMAIL,
            api_token=box.settings["JIRA_API_TOKEN"],
        )
        self.there = JiraProvider(config, transport=box.transport())
        project = await self.there.create_project(PMProject(name="Mars", key="MARS"))
        self.bad = await keep_mapping(
            self.db, MappingRequest("site", project.id, config={"settle_s": 0, "parts": []})
        )
        return self

    async def add(self, title: str, **values: Any) -> PMTask:
        """A task on the left of the mapping that is bad."""
        return await self.left.create_task(
            PMTask(title=title, project_id=self.bad.internal_project_id, **values)
        )

    async def beyond(self) -> dict[str, PMTask]:
        """Title -> task, in Jira."""
        self.box.run_jobs()
        return {one.title: one for one in await self.there.list_tasks(self.bad.external_project_id)}

    async def worked(self, subject: SyncMapping | None = None) -> MappingStatus:
        """How a mapping is after a worker ran both; the other one is in step, whatever happened."""
        subject = subject or self.bad
        other = self.good if subject.id == self.bad.id else self.bad
        title = f"task {next(self.numbers)}"
        await self.left.create_task(PMTask(title=title, project_id=other.internal_project_id))
        queue = open_queue(self.url)
        for one in (subject, other):
            await submit_run(queue, one)
        await queue.aclose()
        await run_worker(self.url, WorkOptions(drain=True))
        assert title in await (self.on_right() if other.id == self.good.id else self.beyond())
        found = {one.mapping.id: one for one in await sync_status(self.db)}
        assert (found[other.id].state, found[other.id].problem) == ("ok", None)
        return found[subject.id]

    async def findings(self) -> list[Finding]:
        return (await examine(self.db, self.bad.id))[1]

    async def change_connection(self, **values: Any) -> None:
        change = update(connections).where(connections.c.id == self.bad.provider_connection_id)
        await self.db.write(lambda conn: conn.execute(change.values(**values)).rowcount)


@pytest.fixture
async def two(tmp_path: Path, encryption_key: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    without_certificates(monkeypatch.setattr)
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(JiraSandbox())
        await stack.enter_async_context(box.serve())
        found = await stack.enter_async_context(Two.opened(tmp_path, settle_s=0))
        yield await found.join(box)
        await found.there.aclose()


# what blocks a mapping


async def test_a_project_that_vanished(two: Two) -> None:
    await two.add("T")
    assert (await two.worked()).state == "ok"
    await two.there.delete_project(two.bad.external_project_id)
    two.box.run_jobs()
    await two.add("later")
    found = await two.worked()
    assert found.state == "blocked"
    assert "there is no project" in str(found.problem)
    assert "restore the project" in str(found.next_step)
    left = await two.left.list_tasks(two.bad.internal_project_id)
    assert {one.title for one in left} == {"T", "later"}, "nothing is deleted across for it"


async def test_a_revoked_token(two: Two) -> None:
    await two.add("T")
    await two.worked()
    two.box.state.tokens.clear()
    await two.add("later")
    found = await two.worked()
    assert found.state == "blocked"
    assert "401" in str(found.problem) or "credential" in str(found.problem)
    assert found.next_step == "renew the credentials of the connection"
    assert any(one.level == "error" and "connections add" in one.command for one in await two.findings())


async def test_settings_of_a_connection_that_cannot_be_read(two: Two) -> None:
    await two.change_connection(base_url="gopher://nowhere")
    found = await two.worked()
    assert found.state == "blocked"
    assert "JIRA_URL" in str(found.problem)
    assert "connections add NAME TYPE --replace" in str(found.next_step)


async def test_a_connection_of_a_system_that_is_not_installed(two: Two) -> None:
    await two.change_connection(provider_type="nowhere")
    found = await two.worked()
    assert (found.state, "nowhere" in str(found.problem)) == ("blocked", True)


async def test_credentials_of_another_key(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was stored with an older key is another matter for each connection."""
    with monkeypatch.context() as patch:
        patch.setenv("PM_ENCRYPTION_KEY", OTHER_KEY)
        await keep_connection(two.db, "site", "jira", two.box.settings, replace=True)
    found = await two.worked()
    assert found.state == "blocked"
    assert "PM_ENCRYPTION_KEY" in str(found.problem)
    assert "connections add NAME TYPE --replace" in str(found.next_step)


async def test_malformed_options(two: Two) -> None:
    await configure_mapping(two.db, two.bad.id, {"direction": "sideways"})
    found = await two.worked()
    assert (found.state, "direction" in str(found.problem)) == ("blocked", True)
    assert "mappings update" in str(found.next_step)


# what concerns single tasks


async def test_a_status_that_was_renamed(two: Two) -> None:
    await configure_mapping(
        two.db,
        two.bad.id,
        {"settle_s": 0, "parts": [], "pairs": {"statuses": {"In progress": "In Progress"}}},
    )
    await two.add("T")
    await two.worked()
    (doing,) = [one for one in two.box.state.statuses if one.name == "In Progress"]
    two.box.state.statuses.change(doing, name="Under way")
    (task,) = await two.left.list_tasks(two.bad.internal_project_id)
    await two.left.update_task(task.id, {"status": "in_progress", "title": "T new"})
    found = await two.worked()
    assert (found.state, found.problem) == ("ok", None)
    assert "status" in str(found.held)
    assert "In Progress" in str(found.held)
    assert list(await two.beyond()) == ["T new"], "the rest of the task goes on"
    assert any("--pair" in one.command for one in await two.findings() if one.kind in {"status", "pair"})


async def test_two_users_with_one_email(two: Two) -> None:
    for name in ("ada1", "ada2"):
        await two.left.create_user(PMUser(name=name, username=name, email=ADMIN_EMAIL))
    (ada, *_) = [one for one in await two.left.list_users() if one.username == "ada1"]
    await two.add("T", assignee_id=ada.id)
    found = await two.worked()
    assert (found.state, found.problem) == ("ok", None)
    assert "assignees" in str(found.held)
    assert (await two.beyond())["T"].assignee_id is None, "nobody is guessed"
    assert any("users:" in one.command for one in await two.findings() if one.kind == "user")


async def test_a_cycle_made_by_moves_on_both_sides(two: Two) -> None:
    """Each move alone is possible. One of them is taken back, and the history keeps it."""
    for title in ("A", "B"):
        await two.add_left(title)
    await two.worked(two.good)
    left, right = await two.on_left(), await two.on_right()
    await two.left.update_task(left["A"].id, {"parent_task_id": left["B"].id})
    await two.right.update_task(right["B"].id, {"parent_task_id": right["A"].id})
    found = await two.worked(two.good)
    assert (found.state, found.problem, found.failing, found.held) == ("ok", None, None, None)
    left, right = await two.on_left(), await two.on_right()
    for tasks in (left, right):
        assert (tasks["A"].parent_task_id, tasks["B"].parent_task_id) == (tasks["B"].id, None)
    (clash,) = await list_conflicts(two.db, two.good.id, state=None)
    assert (clash.field, clash.state, clash.decision) == ("parent", "resolved", "left")
    assert "stand below" in str(clash.note)


async def test_a_hierarchy_of_300_levels(two: Two) -> None:
    """Where a system takes it, it is carried; where one has three levels, tasks stand beside each other."""
    for mapping, levels in ((two.good, 300), (two.bad, 20)):
        above = None
        for level in range(levels):
            draft = PMTask(title=f"L{level}", project_id=mapping.internal_project_id, parent_task_id=above)
            above = (await two.left.create_task(draft)).id
    found = await two.worked(two.good)
    assert (found.state, found.failing, found.held, found.counts.linked) == ("ok", None, None, 300)
    right = await two.on_right()
    deep = [right[f"L{level}"] for level in range(300)]
    assert [one.parent_task_id for one in deep[1:]] == [one.id for one in deep[:-1]]
    found = await two.worked()
    assert (found.state, found.problem, found.failing) == ("ok", None, None)
    assert found.counts.linked == 21, "with the one that shows that it goes on"
    assert "parent" in str(found.held)


async def test_a_description_of_a_megabyte(two: Two) -> None:
    text = "".join(f"line {number}: all that there is to say about it\n" for number in range(23_000)).strip()
    assert len(text) > 1_000_000
    await two.add_left("T", description=text)
    await two.add("T", description=text)
    await two.add("short", description="short")
    found = await two.worked(two.good)
    assert (found.state, found.failing, found.held) == ("ok", None, None)
    assert (await two.on_right())["T"].description == (await two.on_left())["T"].description
    found = await two.worked()
    assert (found.state, found.problem) == ("ok", None)
    assert "description" in str(found.held)
    assert {"T", "short"} <= set(await two.beyond())


# connections that are gone


async def test_a_connection_is_not_removed_below_its_mappings(two: Two) -> None:
    with pytest.raises(ConflictError, match="remove the mappings first"):
        await remove_connection(two.db, "site")
    assert (await two.worked()).state == "ok"


async def test_a_connection_that_is_gone_all_the_same(two: Two) -> None:
    """That of the left stands in the options only: a restored backup may lack it."""
    config = {**two.bad.sync_config, "left_connection": "0" * 32}
    change = update(mappings).where(mappings.c.id == two.bad.id).values(sync_config=config)
    await two.db.write(lambda conn: conn.execute(change).rowcount)
    found = await two.worked()
    assert found.state == "blocked"
    assert "does not exist any more" in str(found.problem)
    assert "mappings update" in str(found.next_step)
