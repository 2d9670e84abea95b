"""`sync history` and `sync conflicts`, and the table of `sync status`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from pm_providers.database import Database
from pm_providers.model import Entity
from pm_providers.service.sync_names import Naming, naming_of_writes
from pm_providers.service.sync_state import (
    ConflictView,
    MappingStatus,
    RunView,
    conflict_view,
    conflict_views,
    history,
    resolve,
    run_view,
)
from pm_providers.store.sync_history import SyncRun, SyncWrite
from pm_providers.surfaces.cli.failures import UsageError
from pm_providers.surfaces.cli.options import Group, command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_edge import with_database
from pm_providers.surfaces.cli.sync_view import (
    conflict_dict,
    conflict_parts,
    counts_line,
    decision_parts,
    project_word,
    short_id,
    value_text,
)
from pm_providers.surfaces.cli.tables import grid, plain_table, short
from pm_providers.surfaces.cli.text import line, plain
from pm_providers.sync.decisions import Act, Decision, Step
from pm_providers.sync.policy import SIDES, other
from pm_providers.sync.undo import PLACES

__all__ = ["add_records", "show_status", "status_dict"]

_STATES = {
    "ok": "green", "done": "green", "new": "cyan", "running": "yellow", "paused": "dim", "blocked": "red",
    "failed": "red", "partial": "yellow", "refused": "yellow",
}  # fmt: skip
_ACTS = {"create": Act.CREATE, "update": Act.UPDATE, "delete": Act.DELETE}
_Mapping = Annotated[
    str | None,
    typer.Argument(metavar="MAPPING", help="Id (or its end), project, or connection; else all."),
]
_Conflict = Annotated[str, typer.Argument(metavar="CONFLICT", help="Id of a conflict, or its end.")]


def add_records(group: typer.Typer) -> None:
    """Register both below `sync`."""
    command(group, "history")(show_history)
    conflicts = typer.Typer(cls=Group, no_args_is_help=True, help="Fields that both sides changed.")
    command(conflicts, "list")(list_conflicts)
    command(conflicts, "show")(show_conflict)
    command(conflicts, "resolve")(resolve_conflicts)
    group.add_typer(conflicts, name="conflicts")


# status


def show_status(state: State, found: Sequence[MappingStatus]) -> None:
    """A line for each mapping; what blocks one, and the next step, below."""
    if state.as_json:
        state.write_json([status_dict(one) for one in found])
        return
    if not found:
        state.show("No mappings found.")
        state.note("`pm-providers init` makes the first one")
        return
    state.show(_status_table(found))
    for one in found:
        if one.problem:
            state.show("", Text(f"{short_id(one.mapping.id)}: {line(one.problem)}", style="red"))
            if one.next_step:
                state.show(Text.assemble("  next: ", (line(one.next_step), "cyan")))
        notices = [text for text in (one.failing, one.held) if text]
        for text in notices:
            state.show("", Text(f"{short_id(one.mapping.id)}: {line(text)}", style="yellow"))
        if notices:
            command = f"pm-providers sync doctor {short_id(one.mapping.id)}"
            state.show(Text.assemble("  next: ", (command, "cyan")))
        if one.counts.conflicts and not one.problem:
            state.note(f"`pm-providers sync conflicts list {short_id(one.mapping.id)}` shows the conflicts")


def _status_table(found: Sequence[MappingStatus]) -> Table:
    """Columns in which nothing stands are left out: what is mapped with what needs the room."""
    waiting = any(one.counts.waiting for one in found)
    conflicts = any(one.counts.conflicts for one in found)
    table = plain_table()
    table.add_column("mapping", no_wrap=True)
    table.add_column("left ⇄ right", overflow="fold")
    table.add_column("state", no_wrap=True)
    for head in ("in step", *(["waiting"] if waiting else []), *(["conflicts"] if conflicts else [])):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("last run", no_wrap=True)
    for one in found:
        mapping, counts = one.mapping, one.counts
        left = f"{one.left} {project_word(mapping.internal_project_id)}"
        right = f"{one.right} {project_word(mapping.external_project_id)}"
        table.add_row(
            short_id(mapping.id),
            line(f"{left} ⇄ {right}"),
            Text(one.state, style=_STATES.get(one.state, "")),
            str(counts.linked),
            *([str(counts.waiting or "")] if waiting else []),
            *([Text(str(counts.conflicts or ""), style="magenta")] if conflicts else []),
            "never" if one.last_run is None else f"{one.last_run.started_at:%m-%d %H:%M}",
        )
    return table


def status_dict(one: MappingStatus) -> dict[str, Any]:
    """How a mapping is, whole."""
    mapping, run = one.mapping, one.last_run
    return {
        "mapping_id": mapping.id,
        "left": one.left,
        "left_project_id": mapping.internal_project_id,
        "right": one.right,
        "right_type": one.right_type,
        "right_project_id": mapping.external_project_id,
        "state": one.state,
        "problem": one.problem,
        "next_step": one.next_step,
        "failing": one.failing,
        "held": one.held,
        "holder": one.holder,
        "counts": plain(one.counts),
        "last_sync_at": plain(mapping.last_sync_at),
        "last_run": None if run is None else _run_dict(run),
    }


# history


def show_history(
    state: State,
    mapping: _Mapping = None,
    *,
    run: Annotated[
        str | None, typer.Option("--run", help="The writes of this run, before and after.", metavar="RUN")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="So many at most.", min=1, metavar="N")] = 20,
) -> None:
    """List the runs, newest first; with --run what one wrote, field by field."""
    if run is not None:
        _show_run(state, *with_database(state, lambda db: _named_run(db, run)))
        return
    found = with_database(state, lambda db: history(db, mapping, limit=limit))
    if state.as_json:
        state.write_json([_run_dict(one) for one in found])
        return
    if not found:
        state.show("No runs found.")
        return
    table = plain_table()
    for head in ("run", "mapping", "started", "kind", "state"):
        table.add_column(head, no_wrap=True)
    table.add_column("did", overflow="fold")
    for one in found:
        table.add_row(*_run_row(one))
    state.show(table)


def _run_row(one: SyncRun) -> tuple[str | Text, ...]:
    did = counts_line(one.counts, done=True)
    kind = one.kind if one.undoes_run_id is None else f"undo {short_id(one.undoes_run_id)}"
    return (
        short_id(one.id),
        short_id(one.mapping_id),
        f"{one.started_at:%Y-%m-%d %H:%M}",
        kind,
        Text(one.state, style=_STATES.get(one.state, "")),
        f"{did}; {line(one.error)}" if one.error else did,
    )


def _run_dict(one: SyncRun) -> dict[str, Any]:
    return {name: value for name, value in plain(one).items() if name != "fence"}


async def _named_run(db: Database, run: str) -> tuple[RunView, Naming]:
    found = await run_view(db, run)
    return found, await naming_of_writes(db, found.run.mapping_id, found.writes)


def _show_run(state: State, found: RunView, naming: Naming) -> None:
    if state.as_json:
        writes = [
            {key: value for key, value in plain(one).items() if key != "run_id"} for one in found.writes
        ]
        state.write_json({**_run_dict(found.run), "writes": writes})
        return
    run = found.run
    state.show(
        Text(f"Run {short_id(run.id)}  {run.kind}, {run.state}, {short(run.started_at)}", style="bold")
    )
    for one in found.writes:
        state.show(*decision_parts(_as_decision(one), naming, state.width))
        state.show(*_lost_lines(one))
        if one.error:
            state.show(Text(f"    {one.state}: {line(one.error)}", style="red"))
    state.show("", Text(counts_line(run.counts, done=True), style="bold"))


def _lost_lines(one: SyncWrite) -> list[Text]:
    """Values that lost a conflict by a write; the write across, if any, tells of the same conflict."""
    found = []
    for name, lost in (one.lost or {}).items():
        if lost.get("winner") == other(one.side):
            value = short(value_text(name, lost.get(one.side), side=one.side)) or "none"
            found.append(Text(line(f"{name}: the {other(one.side)} won; lost: {value}"), style="magenta"))
    return [Text.assemble("    ", one) for one in found]


def _as_decision(one: SyncWrite) -> Decision:
    """A write in the form in which plans are shown, so that both look alike."""
    before, after = one.before or {}, one.after or {}
    is_new, is_task = one.action == "create", one.entity == Entity.TASK.value
    steps = tuple(
        Step(name, None if is_new else before.get(name), after.get(name, wanted))
        for name, wanted in one.wanted.items()
        if is_task or name not in PLACES
    )
    act = _ACTS.get(one.action, Act.UPDATE)
    title = one.title or ""
    return Decision(act, one.link_id, one.side, title, one.remote_id or "", steps, entity=one.entity)


# conflicts


def list_conflicts(
    state: State,
    mapping: _Mapping = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones, too.", metavar="")] = False,
    limit: Annotated[int, typer.Option("--limit", help="So many at most.", min=1, metavar="N")] = 200,
) -> None:
    """List fields that both sides changed and nobody has decided about."""
    found = with_database(
        state, lambda db: conflict_views(db, mapping, state=None if every else "open", limit=limit)
    )
    if state.as_json:
        state.write_json([conflict_dict(one) for one in found])
        return
    if not found:
        state.show("No conflicts found.")
        return
    table = plain_table()
    table.add_column("conflict", no_wrap=True)
    for head in ("task", "field", "left", "right"):
        table.add_column(head, overflow="fold")
    table.add_column("state", no_wrap=True)
    for one in found:
        table.add_row(*_conflict_row(one))
    state.show(table)
    if any(one.conflict.state == "open" and not one.conflict.decision for one in found):
        state.note("`pm-providers sync conflicts resolve CONFLICT --keep left|right` decides one")


def _conflict_row(one: ConflictView) -> tuple[str | Text, ...]:
    found = one.conflict
    values = [
        short(value_text(found.field, value)) or "none" for value in (found.left_value, found.right_value)
    ]
    state = found.state if not found.decision else f"{found.state}: {found.decision}"
    return (short_id(found.id), line(one.title), found.field, *values, Text(state, style="magenta"))


def show_conflict(state: State, conflict: _Conflict) -> None:
    """Show one conflict: both values, and what both sides agreed on before."""
    found = with_database(state, lambda db: conflict_view(db, conflict))
    if state.as_json:
        state.write_json(conflict_dict(found))
        return
    state.show(grid(conflict_parts(found)))


def resolve_conflicts(
    state: State,
    conflicts: Annotated[
        list[str] | None, typer.Argument(metavar="CONFLICTS", help="Ids of conflicts, or their ends.")
    ] = None,
    *,
    keep: Annotated[
        str,
        typer.Option(
            "--keep", help="Whose value is right: left or right.", metavar="SIDE",
            autocompletion=lambda: list(SIDES),
        ),
    ],
    mapping: Annotated[
        str | None, typer.Option("--mapping", help="All open ones of this mapping.", metavar="MAPPING")
    ] = None,
) -> None:  # fmt: skip
    """Say which side of a conflict is right; the next run carries it."""
    if keep not in SIDES:
        raise UsageError(f"--keep: {keep!r:.40} is neither left nor right")
    if bool(conflicts) == (mapping is not None):
        raise UsageError("name conflicts, or --mapping for all of one")

    async def work(db: Database) -> list[ConflictView]:
        ids = list(conflicts or ())
        if mapping is not None:
            ids = [one.conflict.id for one in await conflict_views(db, mapping, limit=10_000)]
        return [await resolve(db, one, keep) for one in ids]

    found = with_database(state, work)
    if state.as_json:
        state.write_json([conflict_dict(one) for one in found])
        return
    for one in found:
        state.show(f"{line(one.title)}, {one.conflict.field}: the {keep} is right")
    if found:
        state.note("`pm-providers sync run` carries it")
