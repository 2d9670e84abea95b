"""`demo`: the main job for real, on a socket, against a sandbox, into a database that is thrown away.

Without `--sandbox` every other system follows, by the same calls, and tables compare them.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConfigurationError, ProviderError
from pm_providers.model import Entity, PMComment, PMProject, PMTask
from pm_providers.service import CopyReport
from pm_providers.surfaces.cli.demo_steps import (
    Snapshot,
    Visit,
    connected,
    healthy,
    largest_project,
    launch_note,
    other_systems,
    refused_field,
    sandboxes,
    snapshot,
    stale_write,
    unsupported_field,
    update_fields,
    visit,
)
from pm_providers.surfaces.cli.demo_view import Stage
from pm_providers.surfaces.cli.lookup import find_names
from pm_providers.surfaces.cli.options import command
from pm_providers.surfaces.cli.state import State

__all__ = ["add_commands"]

_FIRST = "openproject"
_COMPARED = (
    Entity.TASK.plural,
    Entity.SPRINT.plural,
    Entity.COMMENT.plural,
    Entity.RELATION.plural,
    Entity.TIME_ENTRY.plural,
    Entity.ATTACHMENT.plural,
    "subtasks",
)


def add_commands(app: typer.Typer) -> None:
    """Register `demo`."""
    command(app, "demo", rich_help_panel="Installation and connection")(demo)


def demo(
    state: State,
    *,
    name: Annotated[
        str | None, typer.Option("--sandbox", help="Show this vendor alone.", metavar="NAME")
    ] = None,
) -> None:
    """Show the main job on a sandbox: list, create, update, refuse, copy into SQL, compare; then all others.

    Needs no account and no network; writes to a temporary folder only.
    """
    stage = Stage(state)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pm-providers-demo-") as folder:
        result = asyncio.run(_play(stage, name, Path(folder)))
    result["seconds"] = round(time.perf_counter() - started, 1)
    if state.as_json:
        state.write_json(result)
        return
    stage.close(result)


async def _play(stage: Stage, name: str | None, folder: Path) -> dict[str, Any]:
    """The main job; meanwhile all other systems are visited, which are shown one after the other then."""
    main = _MainJob(stage, name or _FIRST, folder)
    if name is not None:
        return (await main.run())[0]
    others, real = other_systems(main.name)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(visit(one)) for one in others]
        result, held = await main.run()
        visits = []
        for one in running:
            visits.append(await one)
            stage.visit(visits[-1])
    stage.without_sandbox(real)
    everything = {main.name: held, **{one.provider: one.held for one in visits}}
    stage.across(result["project"], list(everything.values()))
    return {**result, "systems": _systems(everything, visits)}


def _systems(held: Mapping[str, Snapshot], visits: Sequence[Visit]) -> dict[str, Any]:
    """The same for programs."""
    found: dict[str, Any] = {
        name: {
            "title": one.title,
            "counts": one.counts,
            "statuses": {task.title: task.status_name or task.status for task in one.tasks},
        }
        for name, one in held.items()
    }
    for one in visits:
        refusals = {name: f"{type(error).__name__}: {error}" for name, error in one.refusals.items()}
        found[one.provider] |= {
            "project": one.project.name,
            "created": one.created.id,
            "changed": sorted({task.id for task in one.changes}),
            "refusals": refusals,
        }
    return found


class _MainJob:
    """The main job on one system."""

    def __init__(self, stage: Stage, name: str, folder: Path) -> None:
        self.stage = stage
        self.name = name
        self.folder = folder

    async def run(self) -> tuple[dict[str, Any], Snapshot]:
        """What was proven, and the project as the system holds it at the end."""
        known = sandboxes()
        if self.name not in known:
            raise ConfigurationError(f"no sandbox {self.name!r}; there are: {', '.join(sorted(known))}")
        box = known[self.name](dataset="demo")
        async with box.serve():
            self.stage.step(
                f"Start a stand-in of {self.name} on a real socket",
                f'SANDBOXES["{self.name}"](dataset="demo").serve()',
            )
            self.stage.settings(box.settings)
            remote = connected(self.name, box.settings)
            local = connected("internal", {"PM_DATABASE_URL": f"sqlite:///{self.folder / 'demo.db'}"})
            async with remote, local:
                return await self._play(remote, local)

    async def _play(self, remote: BasePMProvider, local: BasePMProvider) -> tuple[dict[str, Any], Snapshot]:
        project = await self._look(remote)
        task = await self._write(remote, project)
        refused = await self._refuse(remote, task)
        report = await self._copy(remote, local, project)
        result, held = await self._compare(remote, local, project, report)
        return {**result, "refusals": refused}, held

    async def _look(self, remote: BasePMProvider) -> PMProject:
        self.stage.health(await healthy(remote), remote.title)
        self.stage.step("List its projects", "projects = await provider.list_projects()")
        projects = await remote.list_projects()
        self.stage.records(Entity.PROJECT, projects, await find_names(remote, projects))
        return await largest_project(remote, projects)

    async def _write(self, remote: BasePMProvider, project: PMProject) -> PMTask:
        self.stage.step(
            f"Create a task in {project.name!r}",
            'await provider.create_task(PMTask(title="Write the launch note", ...))',
        )
        me = await remote.get_current_user()
        task = await remote.create_task(launch_note(remote, project))
        version = {"version": task.version} if task.version else {}
        self.stage.facts(id=task.id, title=task.title, status=task.status_name, **version)
        fields = update_fields(remote)
        guard = "\n    expected_version=task.version," if task.version else ""
        self.stage.step(
            "Update it; the answer is the task as the server stored it",
            f"await provider.update_task(\n    task.id, {_shown(fields)},{guard}\n)",
        )
        changed = await remote.update_task(task.id, fields, expected_version=task.version)
        shown = ("status_name", *(one for one in fields if one != "status"), *version)
        self.stage.written(task, changed, shown)
        await remote.create_comment(PMComment(task_id=task.id, body=f"Started by {me.name}."))
        return task

    async def _refuse(self, remote: BasePMProvider, stale: PMTask) -> dict[str, str]:
        kind = "a stale version" if stale.version else "a version, which this system does not have"
        self.stage.step(
            f"Write with {kind}: refused by name, nothing is overwritten",
            'await provider.update_task(task.id, {"title": "..."}, expected_version=old)',
        )
        found = {"conflict": self.stage.refusal(await stale_write(remote, stale))}
        entity, field = unsupported_field(remote)
        self.stage.step(
            "Ask for what it cannot hold: refused before any request",
            f'await provider.update_{entity.value}({entity.value}.id, {{"{field}": ...}})',
        )
        return {**found, "unsupported": self.stage.refusal(await refused_field(remote, stale))}

    async def _copy(self, remote: BasePMProvider, local: BasePMProvider, project: PMProject) -> CopyReport:
        from pm_providers.service import copy_project

        self.stage.step(
            "Copy the project into SQL, through nothing but the interface",
            f"await copy_project({self.name}, internal, project.id, create_users=True)",
        )
        with self.stage.progress() as step:
            report = await copy_project(remote, local, project.id, create_users=True, on_progress=step)
        self.stage.report(report)
        report.raise_for_errors()
        return report

    async def _compare(
        self, remote: BasePMProvider, local: BasePMProvider, project: PMProject, report: CopyReport
    ) -> tuple[dict[str, Any], Snapshot]:
        self.stage.step("Read both sides", "await provider.list_tasks(project_id)  # the same call on each")
        held, copy = await snapshot(remote, project.id), await snapshot(local, report.target_project_id)
        left, right = held.tasks, copy.tasks
        self.stage.side_by_side(
            (remote.title, left, await find_names(remote, left)),
            (local.title, right, await find_names(local, right)),
        )
        counts = {
            side.name: {kind: one.counts[kind] for kind in _COMPARED}
            for side, one in ((remote, held), (local, copy))
        }
        first = counts[remote.name]
        self.stage.counts(counts)
        left_out = Counter(
            {one.entity.plural: one.count or 0 for one in report.left_out if one.field is None}
        )
        equal = all((one or 0) - left_out[kind] == (copy.counts[kind] or 0) for kind, one in first.items())
        if not (equal and _outline(left) == _outline(right)):
            raise ProviderError("the two sides differ", provider=local.name, operation="copy_project")
        return {"project": project.name, "counts": counts, "equal": equal}, held


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


def _shown(fields: Mapping[str, Any]) -> str:
    """As it stands in code."""
    return "{" + ", ".join(f'"{name}": {value!r}' for name, value in fields.items()).replace("'", '"') + "}"
