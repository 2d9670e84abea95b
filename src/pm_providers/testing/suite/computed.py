"""What a system computes, derives or resets on its own: parents, moves, types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pytest

from pm_providers.contract import BasePMProvider, holds
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import needs, stored
from pm_providers.testing.harness import ProviderHarness, unique
from pm_providers.testing.samples import sample_values
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["ComputedSuite"]

_COMPUTED: dict[str, tuple[Any, Any]] = {
    "start_date": (date(2026, 3, 2), date(2026, 2, 26)),
    "due_date": (date(2026, 3, 4), date(2026, 3, 20)),
    "progress": (40, 80),
    "estimated_hours": (4.0, 10.0),
    "remaining_hours": (2.4, 5.0),
    "priority": ("high", "low"),
}
"""Field that systems compute for parents -> what the children have, and what is asked for the parent."""

_OWN = (
    *("title", "description", "status", "priority", "project_id", "type", "parent_task_id", "assignee_id"),
    *("estimated_hours", "remaining_hours", "progress", "story_points", "start_date", "due_date"),
    *("sprint_id", "label_ids"),
)
"""Fields of a task that only a write of them should change."""


class ComputedSuite(SuiteBase):
    """What a system computes, derives or resets on its own is never reported as what was asked for."""

    @needs("create_task", "update_task")
    @pytest.mark.parametrize("strict", [False, True], ids=["warning", "strict"])
    @pytest.mark.parametrize("children", [1, 2])
    @pytest.mark.parametrize("name", list(_COMPUTED))
    async def test_a_value_of_a_parent_is_stored_or_reported(
        self, harness: ProviderHarness, project: PMProject, name: str, children: int, strict: bool
    ) -> None:
        """A value of a task with subtasks is stored as asked, reported, or refused with nothing written."""
        provider = await harness.fresh(strict_writes=strict)
        if not _writable(provider, name, "parent_task_id"):
            return
        parent = await _family(harness, project, children)
        await _honest(harness, provider, parent, {name: await _value(provider, name, 1)})

    @needs("create_task", "update_task")
    async def test_all_values_of_a_parent_at_once(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """The same for an update of everything that may be computed, beside a field that is not."""
        if not _writable(provider, "parent_task_id"):
            return
        parent = await _family(harness, project, 2)
        # remaining work follows from the other two
        names = [n for n in _COMPUTED if n != "remaining_hours" and _writable(provider, n)]
        updates = {name: await _value(provider, name, 1) for name in names}
        await _honest(harness, provider, parent, {"title": unique("Parent"), **updates})

    @needs("create_task", "update_task")
    async def test_a_task_moved_below_a_parent(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """The move changes nothing of the task but what it says; the parent reads the same everywhere."""
        if not _writable(provider, "parent_task_id"):
            return
        parent = await _family(harness, project, 1)
        child = await provider.create_task(
            PMTask(title=unique("Task"), project_id=project.id, **await _values(provider, 0))
        )
        moved = await provider.update_task(child.id, {"parent_task_id": parent.id})
        await stored(await harness.fresh(), moved)
        assert moved.parent_task_id == parent.id
        assert _changes(provider, child, moved, {"parent_task_id"}) == set()
        found = await (await harness.fresh()).get_task(parent.id)
        assert found is not None
        assert found in await provider.list_tasks(project.id)
        renamed = await provider.update_task(parent.id, {"title": unique("Parent")})
        await stored(await harness.fresh(), renamed)
        assert _changes(provider, found, renamed, {"title"}) == set()

    @needs("create_task", "update_task")
    async def test_a_version_read_after_a_subtask_changed_is_current(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """What subtasks do to their parent may change its version: as read afterwards, it is accepted."""
        if not _writable(provider, "parent_task_id"):
            return
        if not provider.capabilities.field(Entity.TASK, "version").is_supported:
            return
        parent = await _family(harness, project, 1)
        found = await (await harness.fresh()).get_task(parent.id)
        assert found is not None
        changed = await provider.update_task(parent.id, {"title": "after"}, expected_version=found.version)
        assert changed.title == "after"

    @needs("create_task", "update_task", "delete_task")
    @pytest.mark.parametrize("name", list(_COMPUTED))
    async def test_a_parent_without_its_children(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, name: str
    ) -> None:
        """When the last subtask is gone, writes of the former parent are as honest as before."""
        if not _writable(provider, name, "parent_task_id"):
            return
        parent = await _family(harness, project, 1)
        for task in await provider.list_tasks(project.id):
            if task.parent_task_id == parent.id:
                await provider.delete_task(task.id)
        await _honest(harness, provider, parent, {name: await _value(provider, name, 1)})

    @needs("create_task", "update_task")
    async def test_a_new_type_changes_nothing_in_silence(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Types differ in statuses and fields: what a task loses to its new type is in the warnings."""
        if not _writable(provider, "type"):
            return
        names = await harness.status_names(project.id)
        for kind, other in _pairs(await sample_values(harness, Entity.TASK, "type")):
            for status in names.values():
                draft = PMTask(title=unique("Task"), project_id=project.id, type=kind, status=status)
                task = await provider.create_task(draft)
                await stored(await harness.fresh(), task)
                changed = await provider.update_task(task.id, {"type": other})
                await stored(await harness.fresh(), changed)
                assert _changes(provider, task, changed, {"type"}) == set()


def _writable(provider: BasePMProvider, *names: str) -> bool:
    table = provider.capabilities.fields[Entity.TASK]
    return all(name in table and table[name].is_writable for name in names)


async def _value(provider: BasePMProvider, name: str, which: int) -> Any:
    """One of the two values of a field; of priorities, one that the system has."""
    value = _COMPUTED[name][which]
    if name != "priority" or not provider.capabilities.supports("list_priorities"):
        return value
    known = list(dict.fromkeys(one.priority for one in await provider.list_priorities()))
    return value if value in known else known[which - 1]


async def _values(provider: BasePMProvider, which: int) -> dict[str, Any]:
    """Values of all of the fields that the system writes; remaining work follows from the others."""
    names = [name for name in _COMPUTED if name != "remaining_hours" and _writable(provider, name)]
    return {name: await _value(provider, name, which) for name in names}


async def _family(harness: ProviderHarness, project: PMProject, children: int) -> PMTask:
    """A task with subtasks that have a value in each field that systems compute for parents."""
    provider = harness.provider
    parent = await provider.create_task(
        PMTask(title=unique("Parent"), project_id=project.id, **harness.top_task)
    )
    values = await _values(provider, 0)
    for _ in range(children):
        child = PMTask(title=unique("Child"), project_id=project.id, parent_task_id=parent.id, **values)
        await provider.create_task(child)
    return parent


async def _honest(
    harness: ProviderHarness, provider: BasePMProvider, task: PMTask, updates: Mapping[str, Any]
) -> None:
    """An update tells what became of it: another client reads what was asked for, or what a warning names.

    A refusal names a field of the update and writes nothing. An error of strict mode names all that is not
    as asked.
    """
    before = await (await harness.fresh()).get_task(task.id)
    try:
        result = await provider.update_task(task.id, dict(updates))
    except ValidationError as error:
        now = await (await harness.fresh()).get_task(task.id)
        if error.maybe_applied:
            assert now is not None
            _assert_told(now, updates, error.fields)
            return
        assert error.fields.keys() & updates.keys(), f"none of {list(updates)} is named: {error}"
        assert now == before
        return
    found = await stored(await harness.fresh(), result)
    warned = {warning.field: warning.got for warning in result.warnings}
    _assert_told(found, updates, warned)
    for name in warned.keys() & updates.keys():
        assert warned[name] == getattr(found, name)


def _assert_told(found: PMTask, updates: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """What is not stored as asked was told, and nothing else."""
    for name, value in updates.items():
        got = getattr(found, name)
        assert holds(name, value, found) != (name in told), f"{name}: asked for {value!r}, stored {got!r}"


def _changes(provider: BasePMProvider, before: PMTask, after: PMTask, asked: Iterable[str]) -> set[str]:
    """Fields that a write changed without being asked to, and without a warning."""
    told = {*asked, *(warning.field for warning in after.warnings)}
    names = (name for name in _OWN if _writable(provider, name) and name not in told)
    return {name for name in names if getattr(before, name) != getattr(after, name)}


def _pairs(values: Iterable[Any]) -> list[tuple[Any, Any]]:
    one, other = list(values)[:2]
    return [(one, other), (other, one)]
