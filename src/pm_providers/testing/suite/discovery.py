"""What a system offers to choose from, and its search."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask, Priority, TaskStatus
from pm_providers.testing.checks import ids, needs, refusal
from pm_providers.testing.harness import ProviderHarness, unique
from pm_providers.testing.samples import new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["DiscoverySuite", "SearchSuite"]


class DiscoverySuite(SuiteBase):
    """Everything that is offered can be used."""

    @needs("list_statuses")
    async def test_statuses(self, provider: BasePMProvider, project: PMProject, task: PMTask) -> None:
        """Statuses have ids, names and unified values; a new task has one of them; closed means closed."""
        statuses = await provider.list_statuses(project.id)
        assert len({status.id for status in statuses}) == len(statuses) > 0
        for status in statuses:
            assert status.name.strip()
            assert status.is_closed == TaskStatus(status.status).is_closed
        assert task.status in {status.status for status in statuses}
        if task.status_name is not None:
            assert task.status_name in {status.name for status in statuses}

    @needs("list_priorities")
    async def test_priorities(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Priorities have ids, names and unified values, lowest first; each active one can be written."""
        priorities = await provider.list_priorities()
        assert len({one.id for one in priorities}) == len(priorities) > 0
        ranks = [list(Priority).index(Priority(one.priority)) for one in priorities]
        assert ranks == sorted(ranks)
        for one in priorities:
            if one.is_active and provider.capabilities.field(Entity.TASK, "priority").is_writable:
                task = await new_task(harness, priority=one.name)
                assert task.priority == one.priority
                assert task.priority_name in {one.name, None}

    @needs("list_types")
    async def test_types(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Types of a project have ids and names and can be written; some only below another task."""
        types = await provider.list_types(project.id)
        assert len({one.id for one in types}) == len(types) > 0
        assert {one.id for one in types} <= {one.id for one in await provider.list_types()}
        for one in types:
            if not provider.capabilities.field(Entity.TASK, "type").is_writable:
                continue
            place: dict[str, str] = {}
            if one.name in harness.lower_types:
                async with refusal(provider, "create_task", ValidationError):
                    await new_task(harness, type=one.name)
                place = {"parent_task_id": (await new_task(harness)).id}
            assert (await new_task(harness, type=one.name, **place)).type == one.name

    @needs("list_transitions", "update_task")
    async def test_transitions(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A transition that is offered can be taken, and leads where it says."""
        transitions = await provider.list_transitions(task.id)
        assert transitions
        for transition in transitions[:4]:
            subject = await new_task(harness)
            moved = await provider.update_task(subject.id, {"status": transition.to_status.id})
            assert moved.status == transition.to_status.status
        async with refusal(provider, "list_transitions", NotFoundError):
            await provider.list_transitions(harness.missing_id)

    @needs("list_fields")
    async def test_fields(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Fields have ids and names; custom ones come last and include those of the harness."""
        fields = await provider.list_fields(project.id)
        assert fields
        assert len({(one.entity, one.id) for one in fields}) == len(fields)
        assert all(one.name.strip() and one.type for one in fields)
        flags = [one.is_custom for one in fields]
        assert flags == sorted(flags)
        declared = {one.name for one in fields if one.is_custom}
        if declared:
            assert set(harness.custom_fields.get(Entity.TASK, {})) <= declared

    @pytest.mark.parametrize("operation", ["list_statuses", "list_types", "list_fields"])
    async def test_discovery_of_a_missing_project(
        self, harness: ProviderHarness, provider: BasePMProvider, operation: str
    ) -> None:
        """A project that does not exist has nothing to choose from; systems without projects' own say so."""
        if not provider.capabilities.supports(operation):
            pytest.skip(f"{operation} is unsupported")
        everything = await getattr(provider, operation)()
        try:
            found = await getattr(provider, operation)(harness.missing_id)
        except NotFoundError as error:
            assert error.operation == operation
        else:
            assert found == everything, "values differ by project, so a missing project must be an error"


class SearchSuite(SuiteBase):
    """Search finds tasks at least by title and description."""

    @needs("search_tasks", "create_task")
    async def test_search_finds_title_and_description(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Open and closed tasks are found by a word of title or description, whatever its case."""
        word = unique("Zebra").split()[1]
        titled = await new_task(harness, title=f"Feed the {word} daily")
        described = await new_task(harness, description=f"Somewhere in the *text* stands {word}.")
        closed = await new_task(harness, title=f"Fed {word}", status="completed")
        await new_task(harness, title="Something else")
        await harness.settle()
        expected = sorted([titled.id, described.id, closed.id])
        for text in (word, word.upper()):
            assert sorted(ids(await provider.search_tasks(text))) == expected
        assert sorted(ids(await provider.search_tasks(word, project_id=project.id))) == expected
        assert len(await provider.search_tasks(word, limit=2)) == 2
        assert await provider.search_tasks(unique("nothing").replace(" ", "")) == []

    @needs("search_tasks", "create_task", "create_project")
    async def test_search_within_a_project(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A search of one project finds nothing of another; a missing project is an error."""
        word = unique("Zebra").split()[1]
        await new_task(harness, title=f"Feed {word}")
        other = await harness.make_project()
        await harness.settle()
        assert await provider.search_tasks(word, project_id=other.id) == []
        async with refusal(provider, "search_tasks", NotFoundError):
            await provider.search_tasks(word, project_id=harness.missing_id)

    @needs("search_tasks", "create_task")
    @pytest.mark.parametrize("sign", ["%", "_", "\\", '"', "'", "*", "ß", "漢字"])
    async def test_search_takes_signs_literally(
        self, harness: ProviderHarness, provider: BasePMProvider, sign: str
    ) -> None:
        """Signs with a meaning to the system's query language are text, never syntax."""
        word = unique("Sign").split()[1]
        hit = await new_task(harness, title=f"a {word}{sign}{word} b")
        await new_task(harness, title=f"a {word}x{word} b")
        await harness.settle()
        assert ids(await provider.search_tasks(f"{word}{sign}{word}")) == [hit.id]

    @needs("search_tasks")
    @pytest.mark.parametrize("text", ["", "   ", None, 5])
    async def test_blank_search(self, provider: BasePMProvider, text: object) -> None:
        """A search for nothing is refused, before any request."""
        async with refusal(provider, "search_tasks", ValidationError):
            await provider.search_tasks(text)  # type: ignore[arg-type]
