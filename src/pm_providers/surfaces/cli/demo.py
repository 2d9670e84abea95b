"""`demo`: the main job for real, on a socket, against the sandbox, into a database that is thrown away."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConfigurationError, ConflictError, ProviderError, UnsupportedError
from pm_providers.model import Entity, PMComment, PMProject, PMTask
from pm_providers.registry import build_pm_provider, config_from_environment
from pm_providers.surfaces.cli.demo_view import Stage
from pm_providers.surfaces.cli.lookup import find_names
from pm_providers.surfaces.cli.options import command, settable
from pm_providers.surfaces.cli.state import State

__all__ = ["add_commands"]

_COMPARED = (
    Entity.TASK,
    Entity.SPRINT,
    Entity.COMMENT,
    Entity.RELATION,
    Entity.TIME_ENTRY,
    Entity.ATTACHMENT,
)


def add_commands(app: typer.Typer) -> None:
    """Register `demo`."""
    command(app, "demo", rich_help_panel="Installation and connection")(demo)


def demo(
    state: State,
    *,
    name: Annotated[str, typer.Option("--sandbox", help="Vendor to show.", metavar="NAME")] = "openproject",
) -> None:
    """Show the main job on a sandbox: list, create, update, refuse, copy into SQL, compare.

    Needs no account and no network; writes to a temporary folder only.
    """
    stage = Stage(state)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pm-providers-demo-") as folder:
        result = asyncio.run(_Demo(stage, name, Path(folder)).run())
    result["seconds"] = round(time.perf_counter() - started, 1)
    if state.as_json:
        state.write_json(result)
        return
    stage.close(result)


class _Demo:
    def __init__(self, stage: Stage, name: str, folder: Path) -> None:
        self.stage = stage
        self.name = name
        self.folder = folder

    async def run(self) -> dict[str, Any]:
        try:
            from pm_providers.sandbox import SANDBOXES
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"the demo needs {error.name}: pip install 'pm-providers[sandbox]'"
            ) from None
        if self.name not in SANDBOXES:
            raise ConfigurationError(f"no sandbox {self.name!r}; there are: {', '.join(sorted(SANDBOXES))}")
        box = SANDBOXES[self.name](dataset="demo")
        async with box.serve():
            self.stage.step(
                f"Start a stand-in of {self.name} on a real socket",
                f'SANDBOXES["{self.name}"](dataset="demo").serve()',
            )
            self.stage.settings(box.settings)
            remote = build_pm_provider(config=config_from_environment(self.name, box.settings))
            address = {"PM_DATABASE_URL": f"sqlite:///{self.folder / 'demo.db'}"}
            local = build_pm_provider(config=config_from_environment("internal", address))
            async with remote, local:
                return await self._play(remote, local)

    async def _play(self, remote: BasePMProvider, local: BasePMProvider) -> dict[str, Any]:
        project = await self._look(remote)
        task = await self._write(remote, project)
        refused = await self._refuse(remote, task)
        copied = await self._copy(remote, local, project)
        return {**await self._compare(remote, local, project, copied), "refusals": refused}

    async def _look(self, remote: BasePMProvider) -> PMProject:
        health = await remote.check_health()
        if health.error is not None:
            raise health.error
        self.stage.health(health, remote.title)
        self.stage.step("List its projects", "projects = await provider.list_projects()")
        projects = await remote.list_projects()
        self.stage.records(Entity.PROJECT, projects, await find_names(remote, projects))
        sizes = {one.id: len(await remote.list_tasks(one.id)) for one in projects}
        return max(projects, key=lambda one: sizes[one.id])

    async def _write(self, remote: BasePMProvider, project: PMProject) -> PMTask:
        self.stage.step(
            f"Create a task in {project.name!r}",
            'await provider.create_task(PMTask(title="Write the launch note", ...))',
        )
        me = await remote.get_current_user()
        task = await remote.create_task(
            PMTask(
                title="Write the launch note",
                description="One page, for **everybody**.",
                project_id=project.id,
                estimated_hours=4,
                priority="high",
            )
        )
        self.stage.facts(id=task.id, title=task.title, status=task.status_name, version=task.version)
        self.stage.step(
            "Update it; the answer is the task as the server stored it",
            "await provider.update_task(\n"
            '    task.id, {"status": "in_progress", "estimated_hours": 6.5},\n'
            "    expected_version=task.version,\n)",
        )
        changed = await remote.update_task(
            task.id, {"status": "in_progress", "estimated_hours": 6.5}, expected_version=task.version
        )
        self.stage.written(task, changed, ("status_name", "estimated_hours", "version"))
        await remote.create_comment(PMComment(task_id=task.id, body=f"Started by {me.name}."))
        return task

    async def _refuse(self, remote: BasePMProvider, stale: PMTask) -> dict[str, str]:
        self.stage.step(
            "Write with a stale version: refused by name, nothing is overwritten",
            'await provider.update_task(task.id, {"title": "..."}, expected_version=old)',
        )
        found: dict[str, str] = {}
        try:
            await remote.update_task(stale.id, {"title": "Overwrite it all"}, expected_version=stale.version)
        except ConflictError as error:
            found["conflict"] = self.stage.refusal(error)
        entity, field = _unsupported_field(remote)
        self.stage.step(
            "Ask for what it cannot hold: refused before any request",
            f'await provider.update_{entity.value}({entity.value}.id, {{"{field}": ...}})',
        )
        update = remote.update_project if entity is Entity.PROJECT else remote.update_task
        try:
            await update(stale.project_id or "" if entity is Entity.PROJECT else stale.id, {field: "high"})
        except UnsupportedError as error:
            found["unsupported"] = self.stage.refusal(error)
        if len(found) != 2:  # noqa: PLR2004 - the two refusals above
            raise ProviderError("the sandbox took a write that it should have refused", provider=remote.name)
        return found

    async def _copy(self, remote: BasePMProvider, local: BasePMProvider, project: PMProject) -> str:
        from pm_providers.service import copy_project

        self.stage.step(
            "Copy the project into SQL, through nothing but the interface",
            f"await copy_project({self.name}, internal, project.id, create_users=True)",
        )
        with self.stage.progress() as step:
            report = await copy_project(remote, local, project.id, create_users=True, on_progress=step)
        self.stage.report(report)
        report.raise_for_errors()
        return report.target_project_id

    async def _compare(
        self, remote: BasePMProvider, local: BasePMProvider, project: PMProject, copied: str
    ) -> dict[str, Any]:
        self.stage.step("Read both sides", "await provider.list_tasks(project_id)  # the same call on each")
        left, right = await remote.list_tasks(project.id), await local.list_tasks(copied)
        self.stage.side_by_side(
            (remote.title, left, await find_names(remote, left)),
            (local.title, right, await find_names(local, right)),
        )
        counts = {
            side.name: await _count(side, tasks, project_id)
            for side, tasks, project_id in ((remote, left, project.id), (local, right, copied))
        }
        self.stage.counts(counts)
        equal = len({str(sorted(one.items())) for one in counts.values()}) == 1
        if not (equal and _outline(left) == _outline(right)):
            raise ProviderError("the two sides differ", provider=local.name, operation="copy_project")
        return {"project": project.name, "counts": counts, "equal": equal}


def _unsupported_field(provider: BasePMProvider) -> tuple[Entity, str]:
    """A field of projects or tasks that callers set and the system does not have.

    Raises:
        ProviderError: it has them all.
    """
    for entity in (Entity.PROJECT, Entity.TASK):
        for name in settable(entity, creating=False):
            if not provider.capabilities.field(entity, name).is_supported:
                return entity, name
    raise ProviderError("the system holds every field: nothing to refuse", provider=provider.name)


def _outline(tasks: list[PMTask]) -> Counter[tuple[Any, ...]]:
    """What must be the same on both sides, whatever the ids are."""
    titles = {task.id: task.title for task in tasks}
    return Counter(
        (
            task.title,
            task.status,
            task.due_date,
            task.estimated_hours,
            titles.get(task.parent_task_id or ""),
        )
        for task in tasks
    )


async def _count(provider: BasePMProvider, tasks: list[PMTask], project_id: str) -> dict[str, int]:
    """Records of a project, read back from the system itself."""
    found = Counter(
        {Entity.TASK.plural: len(tasks), Entity.SPRINT.plural: len(await provider.list_sprints(project_id))}
    )
    found[Entity.TIME_ENTRY.plural] = len(await provider.list_time_entries(project_id=project_id))
    relations: set[str] = set()
    for task in tasks:
        relations |= {one.id for one in await provider.list_relations(task.id)}
        found[Entity.COMMENT.plural] += len(await provider.list_comments(task.id))
        found[Entity.ATTACHMENT.plural] += len(await provider.list_attachments(task.id))
    found[Entity.RELATION.plural] = len(relations)
    found["subtasks"] = sum(1 for task in tasks if task.parent_task_id)
    return {name: found[name] for name in (*(entity.plural for entity in _COMPARED), "subtasks")}
