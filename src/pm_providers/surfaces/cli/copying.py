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
from pm_providers.surfaces.cli.options import command, known_providers
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import plain_table
from pm_providers.surfaces.cli.text import line

__all__ = ["add_commands", "notes_table", "routine_line", "show_report"]


def add_commands(app: typer.Typer) -> None:
    """Register `copy`."""
    command(app, "copy", rich_help_panel="Records")(copy)


def copy(
    state: State,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Id or key in the source.")],
    *,
    to: Annotated[
        str, typer.Option("--to", help="System to write to.", metavar="NAME", autocompletion=known_providers)
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="System to read from; else --provider or PM_PROVIDER.",
            metavar="NAME",
            autocompletion=known_providers,
        ),
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
    if report.unmatched_users and not create_users:
        state.note("--create-users creates the users that the target does not have")
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
    left_out = [note for note in report.left_out if not note.is_routine]
    if left_out:
        state.show("", notes_table("Left out", left_out))
    if report.altered:
        state.show("", notes_table("Held differently", report.altered))
    routine = routine_line(report)
    if routine:
        state.show("", routine)
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
    counts = {"read": report.read, "created": report.created, "found there": report.matched}
    shown = {head: found for head, found in counts.items() if found.total()}
    for head in shown:
        table.add_column(head, justify="right")
    for entity in Entity:
        row = [found[entity] for found in shown.values()]
        if any(row):
            table.add_row(entity.plural.replace("_", " "), *(str(count) if count else "" for count in row))
    return table


def routine_line(report: CopyReport) -> str:
    """Which fields the target gives its own values, on one line; empty when there are none."""
    notes = [note for note in report.left_out if note.is_routine]
    names = ", ".join(dict.fromkeys(note.field or "" for note in notes))
    return f"Set by {report.target} itself: {names}" if notes else ""


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
