"""What the demo does on every system, the same calls on each; nothing here prints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.contract import BasePMProvider, ChangePage, HealthReport
from pm_providers.errors import ConfigurationError, ConflictError, PMError, ProviderError, UnsupportedError
from pm_providers.model import Entity, PMComment, PMProject, PMTask
from pm_providers.registry import build_pm_provider, config_from_environment, provider_names
from pm_providers.surfaces.cli.options import settable

__all__ = [
    "TITLE",
    "Snapshot",
    "Visit",
    "connected",
    "healthy",
    "largest_project",
    "launch_note",
    "other_systems",
    "refused_field",
    "sandboxes",
    "snapshot",
    "stale_write",
    "unsupported_field",
    "update_fields",
    "visit",
]

TITLE = "Write the launch note"
"""Of the task that the demo creates."""

_SUBTASKS = "subtasks"
_HOURS = "estimated_hours"
_PAGES = 100


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A project as a system holds it.

    Attributes:
        title: the system's own name.
        tasks: those of the project.
        counts: name of a kind -> how many; `None` where the system has none of that kind.
    """

    title: str
    tasks: list[PMTask]
    counts: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Visit:
    """What the calls on one system gave.

    Attributes:
        provider: registered name.
        settings: those that the sandbox printed.
        health: who we are.
        projects: all that there are.
        project: the one of the story.
        created, updated: the new task, before and after the update.
        comment: on it.
        changes: what `changes()` told after the writes; the task comes more than once where it changed so.
        deleted: ids that it told as gone.
        refusals: what was refused -> the error.
        held: the project at the end.
    """

    provider: str
    settings: Mapping[str, str]
    health: HealthReport
    projects: list[PMProject]
    project: PMProject
    created: PMTask
    updated: PMTask
    comment: PMComment
    held: Snapshot
    changes: list[PMTask] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refusals: dict[str, PMError] = field(default_factory=dict)


def sandboxes() -> Mapping[str, Any]:
    """Name -> factory.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    try:
        from pm_providers.sandbox import SANDBOXES
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the demo needs {error.name}: pip install 'pm-providers[sandbox]'"
        ) from None
    return SANDBOXES


def other_systems(name: str) -> tuple[list[str], list[str]]:
    """Systems besides one: those with a sandbox, and those without, which need a server of their own."""
    others = [one for one in provider_names() if one not in {name, "internal"}]
    return [one for one in others if one in sandboxes()], [one for one in others if one not in sandboxes()]


def connected(name: str, settings: Mapping[str, str]) -> BasePMProvider:
    """A provider as the environment would build it."""
    return build_pm_provider(config=config_from_environment(name, dict(settings)))


async def healthy(remote: BasePMProvider) -> HealthReport:
    """The state of a connection that works.

    Raises:
        PMError: it does not.
    """
    health = await remote.check_health()
    if health.error is not None:
        raise health.error
    return health


async def largest_project(remote: BasePMProvider, projects: list[PMProject]) -> PMProject:
    """The project with the most tasks, which tells the story."""
    sizes = {one.id: len(await remote.list_tasks(one.id)) for one in projects}
    return max(projects, key=lambda one: sizes[one.id])


def launch_note(remote: BasePMProvider, project: PMProject) -> PMTask:
    """A new task, with an estimate where the system holds one."""
    return PMTask(
        title=TITLE,
        description="One page, for **everybody**.",
        project_id=project.id,
        estimated_hours=4 if _holds_hours(remote) else None,
        priority="high",
    )


def update_fields(remote: BasePMProvider) -> dict[str, Any]:
    """What is changed of it."""
    return {"status": "in_progress", **({_HOURS: 6.5} if _holds_hours(remote) else {})}


def _holds_hours(remote: BasePMProvider) -> bool:
    return remote.capabilities.field(Entity.TASK, _HOURS).is_writable


async def stale_write(remote: BasePMProvider, task: PMTask) -> PMError:
    """The refusal of a write on an old version, or of any version where the system has none.

    Raises:
        ProviderError: it was not refused.
    """
    try:
        await remote.update_task(task.id, {"title": "Overwrite it all"}, expected_version=task.version or "1")
    except (ConflictError, UnsupportedError) as error:
        return error
    raise ProviderError("took a write that it should have refused", provider=remote.name)


def unsupported_field(provider: BasePMProvider) -> tuple[Entity, str]:
    """A field of tasks or projects that callers set and the system does not have.

    Raises:
        ProviderError: it has them all.
    """
    for entity in (Entity.PROJECT, Entity.TASK):
        for name in settable(entity, creating=False):
            if not provider.capabilities.field(entity, name).is_supported:
                return entity, name
    raise ProviderError("the system holds every field: nothing to refuse", provider=provider.name)


async def refused_field(remote: BasePMProvider, task: PMTask) -> PMError:
    """The refusal of what a system cannot hold.

    Raises:
        ProviderError: it was not refused.
    """
    entity, name = unsupported_field(remote)
    try:
        if entity is Entity.PROJECT:
            await remote.update_project(task.project_id or "", {name: "high"})
        else:
            await remote.update_task(task.id, {name: "high"})
    except UnsupportedError as error:
        return error
    raise ProviderError("took a write that it should have refused", provider=remote.name)


# one system, start to end


async def visit(name: str) -> Visit:
    """Start a sandbox, connect by the settings that it prints, and make all calls."""
    box = sandboxes()[name](dataset="demo")
    async with box.serve():
        settings = dict(box.settings)
        async with connected(name, settings) as remote:
            return await _calls(remote, settings)


async def _calls(remote: BasePMProvider, settings: Mapping[str, str]) -> Visit:
    health = await healthy(remote)
    projects = await remote.list_projects()
    project = await largest_project(remote, projects)
    cursor, _ = await _changes(remote, project.id, None)
    created = await remote.create_task(launch_note(remote, project))
    updated = await remote.update_task(created.id, update_fields(remote))
    me = health.user.name if health.user else "us"
    comment = await remote.create_comment(PMComment(task_id=created.id, body=f"Started by {me}."))
    _, pages = await _changes(remote, project.id, cursor)
    return Visit(
        provider=remote.name,
        settings=settings,
        health=health,
        projects=projects,
        project=project,
        created=created,
        updated=updated,
        comment=comment,
        held=await snapshot(remote, project.id),
        changes=[task for page in pages for task in page.upserts],
        deleted=[one for page in pages for one in page.deleted_ids],
        refusals={
            "conflict": await stale_write(remote, created),
            "unsupported": await refused_field(remote, created),
        },
    )


async def _changes(
    remote: BasePMProvider, project_id: str, cursor: str | None
) -> tuple[str | None, list[ChangePage]]:
    """All pages from a cursor on, and the cursor after them.

    Raises:
        ProviderError: they never end.
    """
    pages: list[ChangePage] = []
    while len(pages) < _PAGES:
        page = await remote.changes(project_id, cursor)
        pages.append(page)
        cursor = page.cursor
        if not page.has_more:
            return cursor, pages
    raise ProviderError("the changes never end", provider=remote.name)


# what a system holds


async def snapshot(remote: BasePMProvider, project_id: str) -> Snapshot:
    """Records of a project, read back from the system itself."""
    tasks = await remote.list_tasks(project_id)
    counts: dict[str, int | None] = {Entity.TASK.plural: len(tasks), _SUBTASKS: _subtasks(remote, tasks)}
    for entity in (Entity.SPRINT, Entity.LABEL):
        counts[entity.plural] = await _count_in_project(remote, entity, project_id)
    for entity in (Entity.COMMENT, Entity.RELATION, Entity.CHECKLIST, Entity.ATTACHMENT):
        counts[entity.plural] = await _count_on_tasks(remote, entity, tasks)
    counts[Entity.TIME_ENTRY.plural] = await _count_in_project(remote, Entity.TIME_ENTRY, project_id)
    return Snapshot(remote.title, tasks, counts)


def _subtasks(remote: BasePMProvider, tasks: list[PMTask]) -> int | None:
    if not remote.capabilities.field(Entity.TASK, "parent_task_id").is_supported:
        return None
    return sum(1 for task in tasks if task.parent_task_id)


async def _count_in_project(remote: BasePMProvider, entity: Entity, project_id: str) -> int | None:
    if not remote.capabilities.supports(f"list_{entity.plural}"):
        return None
    found = await getattr(remote, f"list_{entity.plural}")(project_id=project_id)
    return len(found)


async def _count_on_tasks(remote: BasePMProvider, entity: Entity, tasks: list[PMTask]) -> int | None:
    """How many there are on all tasks; one between two tasks counts once."""
    if not remote.capabilities.supports(f"list_{entity.plural}"):
        return None
    read = getattr(remote, f"list_{entity.plural}")
    async with asyncio.TaskGroup() as group:
        lists = [group.create_task(read(task.id)) for task in tasks]
    return len({one.id for found in lists for one in found.result()})
