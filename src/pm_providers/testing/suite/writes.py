"""The write contract: checked before, compared after, never reported as done when it was not."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConflictError, PMError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import assert_gone, needs, refusal, stored
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["ConflictSuite", "WriteSuite"]

_REFUSED_UPDATES: list[Any] = [
    pytest.param({"no_such_field": 1}, "no_such_field", id="unknown"),
    pytest.param({"title": None}, "title", id="required-cleared"),
    pytest.param({"title": "  "}, "title", id="required-blank"),
    pytest.param({"title": 7}, "title", id="number-for-text"),
    pytest.param({"title": "two\nlines"}, "title", id="two-lines"),
    pytest.param({"title": "nul\x00"}, "title", id="nul"),
    pytest.param({"title": "\ud800"}, "title", id="surrogate"),
    pytest.param({"description": b"bytes"}, "description", id="bytes-for-text"),
    pytest.param({"due_date": "soon"}, "due_date", id="no-date"),
    pytest.param({"due_date": "2026-02-30"}, "due_date", id="no-such-day"),
    pytest.param({"estimated_hours": -1}, "estimated_hours", id="negative-hours"),
    pytest.param({"estimated_hours": float("nan")}, "estimated_hours", id="nan"),
    pytest.param({"estimated_hours": True}, "estimated_hours", id="flag-for-number"),
    pytest.param({"status": "no such status"}, "status", id="unknown-status"),
    pytest.param({"priority": "no such priority"}, "priority", id="unknown-priority"),
    pytest.param({"id": "5"}, "id", id="id"),
    pytest.param({"created_at": None}, "created_at", id="assigned-by-the-system"),
    pytest.param({}, None, id="empty"),
    pytest.param([("title", "x")], None, id="not-a-dict"),
]


class WriteSuite(SuiteBase):
    """Wrong writes change nothing; right ones are what is stored."""

    @needs("create_task", "update_task")
    @pytest.mark.parametrize(("updates", "name"), _REFUSED_UPDATES)
    async def test_refused_update_changes_nothing(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask, updates: Any, name: str | None
    ) -> None:
        """An update that is refused names the field, and leaves the task as it was."""
        table = provider.capabilities.fields[Entity.TASK]
        if name is not None and name in table and not table[name].is_writable and name != "created_at":
            return
        async with refusal(provider, "update_task", ValidationError) as caught:
            await provider.update_task(task.id, updates)
        assert isinstance(caught.value, ValidationError)
        if name is not None:
            assert name in caught.value.fields
            assert caught.value.fields[name].strip()
        assert await (await harness.fresh()).get_task(task.id) == task

    @needs("create_task", "update_task")
    async def test_one_bad_field_stops_the_whole_update(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Nothing of an update is written when one of its fields is refused; all bad ones are named."""
        async with refusal(provider, "update_task", ValidationError) as caught:
            await provider.update_task(task.id, {"title": "new", "nonsense": 1, "due_date": "soon"})
        assert isinstance(caught.value, ValidationError)
        assert "nonsense" in caught.value.fields
        assert await (await harness.fresh()).get_task(task.id) == task

    @needs("create_task")
    async def test_refusals_need_no_request(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """What can be known to be wrong is refused before any request."""
        before = harness.request_count()
        for updates in ({"no_such_field": 1}, {"title": 7}, {"title": None}, {}):
            with pytest.raises(ValidationError):
                await provider.update_task(task.id, updates)
        for draft in (PMTask(title="no project"), PMTask(project_id="1"), "not a task"):
            with pytest.raises(ValidationError):
                await provider.create_task(draft)  # type: ignore[arg-type]
        assert harness.request_count() == before

    @needs("create_task", "update_task")
    async def test_writing_the_same_again_is_harmless(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """An update to what is there already succeeds, without a warning."""
        same = await provider.update_task(task.id, {"title": task.title})
        assert (same.id, same.title, same.warnings) == (task.id, task.title, ())
        await stored(await harness.fresh(), same)

    @needs("create_task", "update_task")
    async def test_strict_mode_takes_plain_writes(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """With `strict_writes`, what is stored as asked is written as ever."""
        strict = await harness.fresh(strict_writes=True)
        task = await strict.create_task(PMTask(title="strict", description="text", project_id=project.id))
        changed = await strict.update_task(task.id, {"title": "still strict"})
        assert changed.warnings == ()

    @needs("create_task", "update_task")
    async def test_ignored_values_are_reported(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A stored value that is not what was asked for is a warning, and an error in strict mode.

        The system's answer is tampered with on its way to the comparison, which every write must pass.
        """

        async def tampered(*args: Any) -> PMTask:
            found = await provider.get_task(task.id)
            assert found is not None
            return found

        for strict in (False, True):
            client = await harness.fresh(strict_writes=strict)
            client._update_task = tampered  # type: ignore[method-assign,assignment]
            if strict:
                async with refusal(client, "update_task", ValidationError) as caught:
                    await client.update_task(task.id, {"title": "never stored"})
                assert caught.value.maybe_applied
                continue
            result = await client.update_task(task.id, {"title": "never stored"})
            [warning] = result.warnings
            assert (warning.field, warning.asked, warning.got) == ("title", "never stored", task.title)

    @needs("create_task", "update_task", "delete_task")
    async def test_reads_see_what_others_wrote(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """What a client has read once, it reads anew: changes and deletes of others are seen at once."""
        other = await harness.fresh()
        assert await other.get_task(task.id) == task
        assert await other.list_tasks(task.project_id) == [task]
        changed = await provider.update_task(task.id, {"title": "changed"})
        assert await other.get_task(task.id) == changed
        assert await other.list_tasks(task.project_id) == [changed]
        await provider.delete_task(task.id)
        assert_gone(harness, await other.get_task(task.id))
        assert await other.list_tasks(task.project_id) == []

    @needs("create_task", "update_task")
    async def test_arguments_are_left_alone(self, provider: BasePMProvider, project: PMProject) -> None:
        """A draft and an update belong to the caller: neither is changed."""
        draft = PMTask(title="mine", description="text", project_id=project.id)
        copy = PMTask(title="mine", description="text", project_id=project.id)
        created = await provider.create_task(draft)
        assert draft == copy
        assert created is not draft
        updates = {"title": "changed"}
        await provider.update_task(created.id, updates)
        assert updates == {"title": "changed"}

    @needs("create_task")
    async def test_raw_data(self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask) -> None:
        """The system's own record travels along, unless `raw_data` is switched off."""
        found = await provider.get_task(task.id)
        assert found is not None
        assert isinstance(found.raw_data, dict)
        assert found.raw_data
        lean = await harness.fresh(raw_data=False)
        without = await lean.get_task(task.id)
        assert without is not None
        assert without.raw_data is None
        assert without == found
        assert all(one.raw_data is None for one in await lean.list_tasks(found.project_id))
        assert all(one.raw_data is None for one in await lean.list_projects())


class ConflictSuite(SuiteBase):
    """`expected_version` protects from overwriting what was not seen."""

    @needs("create_task", "update_task")
    async def test_stale_version_is_a_conflict(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A write on a version that is no longer current is refused and changes nothing."""
        if not provider.capabilities.field(Entity.TASK, "version").is_supported:
            return
        assert task.version is not None
        other = await harness.fresh()
        theirs = await other.update_task(task.id, {"title": "theirs"})
        assert theirs.version is not None
        assert theirs.version != task.version
        async with refusal(provider, "update_task", ConflictError) as caught:
            await provider.update_task(task.id, {"title": "ours"}, expected_version=task.version)
        assert isinstance(caught.value, ConflictError)
        assert caught.value.current_version in {theirs.version, None}
        assert await other.get_task(task.id) == theirs

    @needs("create_task", "update_task")
    async def test_current_version_is_accepted(self, provider: BasePMProvider, task: PMTask) -> None:
        """Versions chain: each write on the version of the last one succeeds."""
        if not provider.capabilities.field(Entity.TASK, "version").is_supported:
            return
        for n in range(3):
            task = await provider.update_task(task.id, {"title": f"step {n}"}, expected_version=task.version)
        assert task.title == "step 2"

    @needs("create_task", "update_task")
    async def test_without_a_version_other_fields_merge(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Changes of different fields by two clients both stay."""
        other = await harness.fresh()
        assert await other.get_task(task.id) == task
        await provider.update_task(task.id, {"title": "ours"})
        merged = await other.update_task(task.id, {"description": "theirs"})
        assert (merged.title, merged.description) == ("ours", "theirs")

    @needs("update_task")
    async def test_version_where_there_is_none(self, provider: BasePMProvider, task: PMTask) -> None:
        """A provider without versions refuses `expected_version` rather than ignoring it."""
        if provider.capabilities.field(Entity.TASK, "version").is_supported:
            return
        with pytest.raises(PMError):
            await provider.update_task(task.id, {"title": "x"}, expected_version="1")
