"""`copy`: a project from one system to another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pm_providers.model import Entity
from pm_providers.registry import build_pm_provider
from pm_providers.service import CopyNote, CopyReport, copy_project
from pm_providers.service.settings import chosen_provider
from pm_providers.surfaces.cli.failures import UsageError
from pm_providers.surfaces.cli.options import command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import plain_table
from pm_providers.surfaces.cli.text import line

__all__ = ["add_commands", "notes_table", "show_report"]


def add_commands(app: typer.Typer) -> None:
    """Register `copy`."""
    command(app, "copy", rich_help_panel="Records")(copy)


def copy(
    state: State,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Id or key in the source.")],
    *,
    to: Annotated[str, typer.Option("--to", help="System to write to.", metavar="NAME")],
    source: Annotated[
        str | None,
        typer.Option("--from", help="System to read from; else --provider or PM_PROVIDER.", metavar="NAME"),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", help="Existing project to copy into; else a new one.", metavar="ID"),
    ] = None,
    create_users: Annotated[
        bool, typer.Option("--create-users", help="Create users that the target does not have.", metavar="")
    ] = False,
) -> None:
    """Copy a project with all that it holds, and report what the target cannot hold.

    Exit code 0 when everything that the target can hold was copied; else that of the first failure.
    """
    name = chosen_provider(source or state.provider)
    if name == to.strip().casefold() and into is None:
        state.note(f"copying within {name}: a second project is made")
    report = CopyReport()
    try:
        asyncio.run(_run(state, name, to, project, into, report, create_users=create_users))
    except BaseException:
        if report.target_project_id:
            state.warn(
                f"the copy is not complete; project {report.target_project_id} of {to} holds what was done"
            )
            _show(state, report)
        raise
    _show(state, report)
    report.raise_for_errors()


async def _run(
    state: State,
    source: str,
    target: str,
    project: str,
    into: str | None,
    report: CopyReport,
    *,
    create_users: bool,
) -> None:
    async with build_pm_provider(provider=source) as left, build_pm_provider(provider=target) as right:
        state.secrets.update(left.config.secrets(), right.config.secrets())
        if left.config == right.config and into is not None and into == project:
            raise UsageError("--into names the project that is copied")
        with state.progress() as step:
            await copy_project(
                left, right, project, into=into, create_users=create_users, on_progress=step, report=report
            )


def _show(state: State, report: CopyReport) -> None:
    if state.as_json:
        state.write_json(report.as_dict())
        return
    show_report(state, report)


def show_report(state: State, report: CopyReport) -> None:
    """What was read and created, what was left out or changed, and what failed."""
    state.show(_counts_table(report))
    if report.left_out:
        state.show("", notes_table("Left out", report.left_out))
    if report.altered:
        state.show("", notes_table("Held differently", report.altered))
    for one in report.unmatched_users:
        state.warn(f"user {one.user.name or one.user.id}: {one.reason}")
    for failure in report.failed:
        state.warn(f"{failure.entity.value} {failure.source_id} was not copied: {failure.error}")
    state.note(
        f"project {report.project_id} of {report.source} is {report.target_project_id} of {report.target}"
    )


def _counts_table(report: CopyReport) -> Table:
    table = plain_table()
    table.add_column("")
    for head in ("read", "created", "matched"):
        table.add_column(head, justify="right")
    for entity in Entity:
        counts = (report.read[entity], report.created[entity], report.matched[entity])
        if any(counts):
            table.add_row(entity.plural.replace("_", " "), *(str(count) if count else "" for count in counts))
    return table


def notes_table(title: str, notes: Sequence[CopyNote]) -> Table:
    """Notes with the same kind and reason on one line."""
    table = plain_table(title)
    table.add_column("of", no_wrap=True)
    table.add_column("what", overflow="fold", ratio=2)
    table.add_column("why", overflow="fold", ratio=3)
    grouped: dict[tuple[Entity, str], list[CopyNote]] = {}
    for note in notes:
        grouped.setdefault((note.entity, note.reason), []).append(note)
    for (entity, reason), group in grouped.items():
        what = ", ".join(_counted(note) for note in group)
        table.add_row(entity.plural.replace("_", " "), Text(what), Text(line(reason)))
    return table


def _counted(note: CopyNote) -> str:
    name = note.field or ("all" if note.count is None else "records")
    return name if note.count is None else f"{name} ({note.count})"
