"""Labels, relations between tasks, and time entries."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import (
    INVERSE_RELATIONS,
    Entity,
    PMProject,
    PMRelation,
    PMTask,
    PMTimeEntry,
    RelationType,
)
from pm_providers.testing.checks import ids, needs, refusal, stored
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["LabelSuite", "RelationSuite", "TimeEntrySuite"]


async def _refused_type(provider: BasePMProvider, task: PMTask, other: PMTask, kind: str) -> None:
    """A type that the system does not have is refused by name, with those that it has; nothing is stored."""
    async with refusal(provider, "create_relation", ValidationError) as caught:
        await provider.create_relation(PMRelation("", task.id, other.id, kind))
    assert isinstance(caught.value, ValidationError)
    for part in (kind, *provider.capabilities.limits.relation_types):
        assert part in caught.value.fields["type"]
    assert await provider.list_relations(task.id) == []


def _some_type(provider: BasePMProvider) -> str:
    """A type that the system has: the mildest, where it has that."""
    known = provider.capabilities.limits.relation_types
    return "relates" if "relates" in known or not known else known[0]


class LabelSuite(SuiteBase):
    """Labels are listed and put on tasks; made and deleted where the system lets us."""

    @needs("list_labels")
    async def test_labels_of_a_project_fit_its_tasks(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Listed labels have ids and names and can be put on a task and taken off again."""
        first, *_ = await harness.labels(project.id)
        listed = await provider.list_labels(project.id)
        assert first in ids(listed)
        assert all(label.name.strip() for label in listed)
        assert ids(await provider.list_labels(project.id, limit=1)) == ids(listed)[:1]
        if provider.capabilities.field(Entity.TASK, "label_ids").is_writable:
            labelled = await provider.update_task(task.id, {"label_ids": [first]})
            assert labelled.label_ids == [first]
            bare = await provider.update_task(task.id, {"label_ids": []})
            assert bare.label_ids == []
            await stored(await harness.fresh(), bare)

    @needs("list_labels")
    async def test_labels_of_a_missing_project(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """Labels of a project that does not exist are an error, not empty."""
        async with refusal(provider, "list_labels", NotFoundError):
            await provider.list_labels(harness.missing_id)

    @needs("create_label")
    async def test_label_name_is_unique(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A second label of the same name, whatever its case, is refused."""
        made = await provider.create_label(harness.label_draft(project.id))
        twin = harness.label_draft(project.id)
        twin.name = made.name.upper()
        async with refusal(provider, "create_label", ValidationError, ConflictError):
            await provider.create_label(twin)

    @needs("create_label", "delete_label")
    async def test_delete_label(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A deleted label is gone, from its tasks too; deleting again is no error."""
        made = await provider.create_label(harness.label_draft(project.id))
        task = await new_task(harness, label_ids=[made.id])
        assert await provider.delete_label(made.id, project_id=project.id) is True
        fresh = await harness.fresh()
        assert made.id not in ids(await fresh.list_labels(project.id))
        left = await fresh.get_task(task.id)
        assert left is not None
        assert left.label_ids == []
        assert await provider.delete_label(made.id, project_id=project.id) is False


class RelationSuite(SuiteBase):
    """Relations are seen from both ends, in one direction, whichever name was used."""

    @needs("create_relation", "list_relations")
    @pytest.mark.parametrize("kind", list(RelationType))
    async def test_relation_is_seen_from_both_ends(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask, kind: RelationType
    ) -> None:
        """Both tasks list the same relation, read as "from TYPE to"; other types are refused."""
        other = await new_task(harness)
        if kind not in provider.capabilities.limits.relation_types:
            await _refused_type(provider, task, other, kind)
            return
        made = await provider.create_relation(PMRelation("", task.id, other.id, kind.value))
        assert (made.from_task_id, made.to_task_id, made.type) == (task.id, other.id, kind.value)
        fresh = await harness.fresh()
        assert await fresh.list_relations(task.id) == [made]
        assert await fresh.list_relations(other.id) == [made]

    @needs("create_relation", "list_relations")
    @pytest.mark.parametrize(("inverse", "kind"), INVERSE_RELATIONS.items())
    async def test_inverse_names_swap_the_ends(
        self,
        harness: ProviderHarness,
        provider: BasePMProvider,
        task: PMTask,
        inverse: str,
        kind: RelationType,
    ) -> None:
        """`a blocked_by b` is stored and read as `b blocks a`."""
        other = await new_task(harness)
        if kind not in provider.capabilities.limits.relation_types:
            await _refused_type(provider, task, other, inverse)
            return
        made = await provider.create_relation(PMRelation("", task.id, other.id, inverse))
        assert (made.from_task_id, made.to_task_id, made.type) == (other.id, task.id, kind.value)
        assert made.warnings == ()
        assert await (await harness.fresh()).list_relations(task.id) == [made]

    @needs("create_relation")
    async def test_impossible_relations(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A task is not related to itself, to a task that does not exist, or twice in the same way."""
        other = await new_task(harness)
        refused, kind = (ValidationError, ConflictError, NotFoundError), _some_type(provider)
        async with refusal(provider, "create_relation", *refused):
            await provider.create_relation(PMRelation("", task.id, task.id, kind))
        async with refusal(provider, "create_relation", *refused):
            await provider.create_relation(PMRelation("", task.id, harness.missing_id, kind))
        made = await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
        async with refusal(provider, "create_relation", ConflictError):
            await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
        assert ids(await (await harness.fresh()).list_relations(task.id)) == [made.id]

    @needs("create_relation", "delete_relation")
    async def test_delete_relation(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A deleted relation is gone at both ends; deleting again is no error."""
        other = await new_task(harness)
        made = await provider.create_relation(PMRelation("", task.id, other.id, _some_type(provider)))
        assert await provider.delete_relation(made.id, task_id=task.id) is True
        fresh = await harness.fresh()
        assert await fresh.list_relations(task.id) == []
        assert await fresh.list_relations(other.id) == []
        assert await provider.delete_relation(made.id, task_id=task.id) is False
        assert await provider.delete_relation(harness.missing_id, task_id=task.id) is False

    @needs("create_relation", "delete_task")
    async def test_relations_go_with_their_task(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """No relation leads to a task that was deleted."""
        other = await new_task(harness)
        await provider.create_relation(PMRelation("", task.id, other.id, _some_type(provider)))
        assert await provider.delete_task(other.id)
        assert await (await harness.fresh()).list_relations(task.id) == []
        async with refusal(provider, "list_relations", NotFoundError):
            await provider.list_relations(other.id)

    @needs("create_relation", "update_relation")
    async def test_ends_are_fixed(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """The ends of a relation cannot be changed, not by an inverse type either."""
        other = await new_task(harness)
        made = await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
        for updates in ({"to_task_id": task.id}, {"type": "blocked_by"}):
            async with refusal(provider, "update_relation", ValidationError):
                await provider.update_relation(made.id, updates, task_id=task.id)
        async with refusal(provider, "update_relation", NotFoundError):
            await provider.update_relation(harness.missing_id, {"type": "relates"}, task_id=task.id)


class TimeEntrySuite(SuiteBase):
    """Work is logged on tasks, listed by task and by project, changed and deleted."""

    @needs("create_time_entry", "list_time_entries")
    async def test_time_entries_of_a_task(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Entries are listed oldest day first, for their task and their project, with who worked."""
        other = await new_task(harness)
        late = await provider.create_time_entry(
            PMTimeEntry(task_id=task.id, hours=1.25, spent_on=date(2026, 3, 5), comment="late")
        )
        early = await provider.create_time_entry(PMTimeEntry("", task.id, 0.5, date(2026, 3, 2)))
        fresh = await harness.fresh()
        listed = await fresh.list_time_entries(task.id)
        assert listed == [early, late]
        assert [(one.hours, one.spent_on) for one in listed] == [
            (0.5, date(2026, 3, 2)),
            (1.25, date(2026, 3, 5)),
        ]
        assert await fresh.list_time_entries(other.id) == []
        assert ids(await fresh.list_time_entries(project_id=project.id)) == ids(listed)
        assert ids(await fresh.list_time_entries(task.id, limit=1)) == [early.id]
        assert set(ids(listed)) <= set(ids(await fresh.list_time_entries()))
        me = await provider.get_current_user()
        assert {one.user_id for one in listed} == {me.id}

    @needs("create_time_entry")
    async def test_time_adds_up(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Where `actual_hours` is the sum of the entries, it is their sum."""
        if not provider.capabilities.field(Entity.TASK, "actual_hours").is_supported:
            return
        for hours in (1.25, 0.5):
            await provider.create_time_entry(PMTimeEntry("", task.id, hours, date(2026, 3, 2)))
        found = await (await harness.fresh()).get_task(task.id)
        assert found is not None
        assert found.actual_hours == pytest.approx(1.75)

    @needs("create_time_entry", "update_time_entry", "delete_time_entry")
    async def test_change_and_delete_time_entry(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A changed entry is what another client reads; deleted, it is gone."""
        made = await provider.create_time_entry(PMTimeEntry("", task.id, 2.0, date(2026, 3, 2)))
        changed = await provider.update_time_entry(made.id, {"hours": 3.5}, task_id=task.id)
        assert (changed.id, changed.hours, changed.spent_on) == (made.id, 3.5, made.spent_on)
        fresh = await harness.fresh()
        assert await fresh.list_time_entries(task.id) == [changed]
        async with refusal(provider, "update_time_entry", NotFoundError):
            await provider.update_time_entry(harness.missing_id, {"hours": 1.0}, task_id=task.id)
        assert await provider.delete_time_entry(made.id, task_id=task.id) is True
        assert await fresh.list_time_entries(task.id) == []
        assert await provider.delete_time_entry(made.id, task_id=task.id) is False

    @needs("create_time_entry", "list_time_entries")
    async def test_time_needs_a_task_hours_and_a_day(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """No work without hours, a day, and a task that exists."""
        day = date(2026, 3, 2)
        for name, entry in {
            "hours": PMTimeEntry("", task.id, 0.0, day),
            "spent_on": PMTimeEntry("", task.id, 1.0),
            "task_id": PMTimeEntry("", None, 1.0, day),
        }.items():
            async with refusal(provider, "create_time_entry", ValidationError) as caught:
                await provider.create_time_entry(entry)
            assert isinstance(caught.value, ValidationError)
            assert name in caught.value.fields
        missing = harness.missing_id
        async with refusal(provider, "create_time_entry", ValidationError, NotFoundError):
            await provider.create_time_entry(PMTimeEntry("", missing, 1.0, day))
        async with refusal(provider, "list_time_entries", NotFoundError):
            await provider.list_time_entries(missing)
        async with refusal(provider, "list_time_entries", NotFoundError):
            await provider.list_time_entries(project_id=missing)
