"""`sync`: plan, run, status, history, undo, doctor, and conflicts."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from pm_providers.database import Database
from pm_providers.errors import ConflictError, PMError
from pm_providers.model import Entity
from pm_providers.service.sync import SyncResult, run_sync, undo_run
from pm_providers.service.sync_doctor import examine
from pm_providers.service.sync_state import sync_status
from pm_providers.store.sync_views import find_mapping
from pm_providers.surfaces.cli.failures import UsageError, describe, one_line
from pm_providers.surfaces.cli.options import Group, command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_edge import with_database
from pm_providers.surfaces.cli.sync_jobs import add_jobs
from pm_providers.surfaces.cli.sync_progress import watched
from pm_providers.surfaces.cli.sync_records import add_records
from pm_providers.surfaces.cli.sync_view import (
    SHOWN,
    counts_line,
    decision_parts,
    has_writes,
    held_lines,
    project_word,
    result_dict,
    short_id,
)
from pm_providers.surfaces.cli.tables import plain_table
from pm_providers.surfaces.cli.text import line
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.doctor import ERROR, WARNING, Finding
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import SIDES
from pm_providers.sync.values import CUSTOM, FIELDS

__all__ = ["add_commands"]

_Mapping = Annotated[
    str | None,
    typer.Argument(metavar="MAPPING", help="Id (or its end), project, or connection; else all."),
]
_OneMapping = Annotated[
    str | None,
    typer.Argument(metavar="MAPPING", help="Id (or its end), project, or connection; else the only one."),
]
_Fields = Annotated[
    list[str] | None, typer.Option("--field", help="Only this field. Repeat for several.", metavar="NAME")
]
_Tasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="Only this task, by its id or key on either side. Repeat.", metavar="ID"),
]
_All = Annotated[bool, typer.Option("--all", help=f"Show all items, not the first {SHOWN}.", metavar="")]
_Deletes = Annotated[
    bool, typer.Option("--allow-deletes", help="Delete and overwrite more than the fuse allows.", metavar="")
]
_Full = Annotated[
    bool, typer.Option("--full", help="Read all of both sides, not only what changed.", metavar="")
]
_STYLES = {ERROR: "red", WARNING: "yellow"}


def add_commands(app: typer.Typer) -> None:
    """Register `sync` with all below it."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help="Keep mapped projects in step, both ways.")
    command(group, "plan")(plan)
    command(group, "run")(run)
    command(group, "status")(add_status)
    command(group, "undo")(undo)
    command(group, "doctor")(doctor)
    add_records(group)
    add_jobs(group)
    app.add_typer(group, name="sync", rich_help_panel="Sync")


# plan and run


def plan(
    state: State,
    mapping: _Mapping = None,
    *,
    field: _Fields = None,
    task: _Tasks = None,
    full: _Full = False,
    show_all: _All = False,
) -> None:
    """Say what a run would do, field by field; nothing is written to either side."""
    options = RunOptions(dry=True, fields=_fields(field), only=frozenset(task or ()), full=full)
    _each(state, mapping, options, show_all=show_all)


def run(
    state: State,
    mapping: _Mapping = None,
    *,
    plan_id: Annotated[
        str | None,
        typer.Option("--plan", help="Only if this is still the plan; else nothing is done.", metavar="ID"),
    ] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", help="So many writes at most.", min=1, metavar="N")
    ] = None,
    field: _Fields = None,
    task: _Tasks = None,
    allow_deletes: _Deletes = False,
    full: _Full = False,
    show_all: _All = False,
) -> None:
    """Bring both sides in step, and say what was done.

    Without MAPPING all that are not paused; one that fails does not keep the others.
    """
    options = RunOptions(
        plan_id=plan_id,
        budget=budget,
        fields=_fields(field),
        only=frozenset(task or ()),
        allow_deletes=allow_deletes,
        full=full,
    )
    _each(state, mapping, options, show_all=show_all)


def _fields(names: Sequence[str] | None) -> frozenset[str]:
    for name in names or ():
        if name not in FIELDS and not name.startswith(CUSTOM):
            raise UsageError(f"--field: {name!r:.60} is none; there are: {', '.join(FIELDS)}, {CUSTOM}NAME")
    return frozenset(names or ())


def _each(state: State, reference: str | None, options: RunOptions, *, show_all: bool) -> None:
    found = with_database(state, lambda db: _all_of(state, db, reference, options))
    results = [one for _, one in found]
    errors = [one for one in results if isinstance(one, PMError)]
    done = [one for one in results if isinstance(one, SyncResult)]
    if errors and not done and len(errors) == 1:
        raise errors[0]
    if state.as_json:
        listed = [_dict(mapping_id, one) for mapping_id, one in found]
        state.write_json(listed[0] if reference is not None else listed)
    else:
        for number, one in enumerate(done):
            state.show(*([""] if number else []))
            _show(state, one, show_all=show_all, narrowed=_again(options))
    if errors:
        raise errors[0]
    for one in done:
        one.raise_for_refusal()


async def _all_of(
    state: State, db: Database, reference: str | None, options: RunOptions
) -> list[tuple[str, SyncResult | PMError]]:
    targets = await _targets(db, reference, options)
    found: list[tuple[str, SyncResult | PMError]] = []
    for one in targets:
        try:
            found.append((one, await _one(state, db, one, options)))
        except PMError as error:
            found.append((one, error))
            if len(targets) > 1 and not state.as_json:
                state.warn(f"mapping {short_id(one)}: {one_line(error)}")
    return found


async def _targets(db: Database, reference: str | None, options: RunOptions) -> list[str]:
    if reference is not None:
        return [(await find_mapping(db, reference)).id]
    found = [one.mapping.id for one in await sync_status(db) if one.mapping.sync_enabled or options.dry]
    if not found:
        return [(await find_mapping(db)).id]
    if len(found) > 1 and (options.plan_id or options.only):
        raise UsageError("--plan and --task are about one mapping: name it")
    return found


async def _one(state: State, db: Database, mapping_id: str, options: RunOptions) -> SyncResult:
    with watched(state, short_id(mapping_id)) as written:
        return await run_sync(db, mapping_id, options, on_write=written, learn=state.secrets.update)


def _dict(mapping_id: str, one: SyncResult | PMError) -> dict[str, Any]:
    if isinstance(one, PMError):
        return {"mapping_id": mapping_id, "error": describe(one)}
    return result_dict(one)


def _again(options: RunOptions) -> str:
    """Options of the plan that its run has to name as well."""
    words = [f"--field {shlex.quote(one)}" for one in sorted(options.fields)]
    words += [f"--task {shlex.quote(one)}" for one in sorted(options.only)]
    return "".join(f" {one}" for one in [*words, *(["--full"] if options.full else [])])


def _show(state: State, result: SyncResult, *, show_all: bool, undone: str = "", narrowed: str = "") -> None:
    report, name = result.report, short_id(result.mapping.id)
    did = bool(report.run_id)
    state.show(*_head(state, result, undone))
    shown = [one for one in report.decisions if show_all or not did or one.act is Act.WAIT or undone]
    most = len(shown) if show_all else SHOWN
    shown = [*shown[:most], *(one for one in shown[most:] if undone and _is_left(one))]
    seen: set[str] = set()
    for one in shown:  # both sides of a pair stand one after the other, and share their conflicts
        parts = decision_parts(one, result.naming, state.width, clashes=one.link_id not in seen)
        state.show(*parts)
        seen.add(one.link_id)
    known = len(report.decisions) if undone or not did else len(shown)
    if known > len(shown):
        which = f"`pm-providers sync history --run {short_id(report.run_id)}`" if did else "--all"
        more = known - len(shown)
        state.note(f"{more} more item{'s' if more > 1 else ''}; {which} shows them")
    if shown:
        state.show("")
    if did:
        state.show(*held_lines(report.decisions))
    for kind, why in report.held.items():
        state.show(Text.assemble(("kept back ", "yellow"), kind, (f" · {line(why)}", "dim")))
    counts = report.counts if did else report.planned
    state.show(Text(counts_line(counts, done=did, undoes=bool(undone)), style="bold"))
    for title, why in result.doubtful.items():
        state.warn(
            f"{title}: {why}; nothing is created for it. Make the titles differ, or name a match_field"
        )
    if report.more_doubtful:
        state.warn(
            f"{report.more_doubtful} more items could be the same as several; nothing is created for them"
        )
    if report.state == "partial" or (report.state == "planned" and report.reason):
        state.warn(f"{report.reason}; {report.next_step}")
    _advise(state, result, name, undone, narrowed)


def _is_left(one: Decision) -> bool:
    """Whether an undo does not bring all of it back."""
    return one.act is Act.WAIT or bool(one.held)


def _head(state: State, result: SyncResult, undone: str) -> list[Text]:
    report, mapping, naming = result.report, result.mapping, result.naming
    word = "Undo of run" if undone else "Plan" if not report.run_id else "Run"
    one = undone or (report.plan_id if not report.run_id else short_id(report.run_id))
    head = Text(f"{word} {one}".rstrip(), style="bold")
    ends = Text(
        line(
            f"{naming.system('left')} {project_word(mapping.internal_project_id)} ⇄ "
            f"{naming.system('right')} {project_word(mapping.external_project_id)}"
        ),
        style="dim",
    )
    is_narrow = state.width is not None and head.cell_len + ends.cell_len + 2 > state.width
    return [head, ends] if is_narrow else [Text.assemble(head, "  ", ends)]


def _advise(state: State, result: SyncResult, name: str, undone: str, narrowed: str) -> None:
    """The next command, on stderr."""
    report = result.report
    if undone:
        return
    clashes = [clash for one in report.decisions for clash in one.clashes]
    if not all(clash.winner for clash in clashes):
        state.note(f"`pm-providers sync conflicts list {name}` shows what somebody must decide")
    lost = len(
        {(one.link_id, clash.field) for one in report.decisions for clash in one.clashes
         if clash.winner in SIDES}
    )  # fmt: skip
    if report.run_id and lost:
        state.note(
            f"{lost} value{'s' if lost > 1 else ''} lost to the other side's; "
            f"`pm-providers sync history --run {short_id(report.run_id)}` shows them"
        )
    if report.state == "planned" and has_writes(report.planned):
        more = f"{narrowed} --allow-deletes" if report.reason else narrowed
        state.note(f"`pm-providers sync run {name} --plan {report.plan_id}{more}` does exactly this")
    elif report.stale:
        state.note(f"`pm-providers sync plan {name}{narrowed}` shows what it would do now")
    elif report.state == "refused":
        state.note(f"`pm-providers sync run {name}{narrowed} --allow-deletes` does it all the same")
    elif report.run_id and report.writes:
        state.note(f"`pm-providers sync undo {short_id(report.run_id)}` takes it back")


# undo


def undo(
    state: State,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or its end.")],
    *,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.", metavar="")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", metavar="")] = False,
    show_all: _All = False,
) -> None:
    """Write back what a run overwrote, delete what it created, bring back what it deleted.

    What was edited since is left alone and listed. The undo is a run, too, and can be undone.
    """

    async def looked(db: Database) -> SyncResult:
        return await undo_run(db, run_id, dry=True, learn=state.secrets.update)

    async def work(db: Database) -> SyncResult:
        return await undo_run(db, run_id, learn=state.secrets.update)

    result = with_database(state, looked)
    if not dry:
        going = [one for one in result.report.decisions if one.act is Act.DELETE]
        deletes = [
            one.title if one.entity == Entity.TASK.value else f"{one.entity.replace('_', ' ')}  {one.title}"
            for one in going
        ]
        what = "1 item" if len(deletes) == 1 else f"{len(deletes)} items"
        if deletes and not state.confirm(f"Delete {what} that the run created?", yes=yes, names=deletes):
            raise typer.Exit(1)
        result = with_database(state, work)
    if state.as_json:
        state.write_json(result_dict(result))
    else:
        _show(state, result, show_all=show_all, undone=short_id(run_id))
    left = [one for one in result.report.decisions if _is_left(one)]
    if left and not state.as_json:
        items = "1 item is not as it was" if len(left) == 1 else f"{len(left)} items are not as they were"
        state.warn(f"{items} before the run; the list says why")
    result.raise_for_refusal()


# status


def add_status(state: State, mapping: _Mapping = None) -> None:
    """Say how each mapping is: in step, waiting, paused or blocked, and the next step."""
    from pm_providers.surfaces.cli.sync_records import show_status

    show_status(state, with_database(state, lambda db: sync_status(db, mapping)))


# doctor


def doctor(state: State, mapping: _OneMapping = None) -> None:
    """Look a mapping over: orphans, duplicates, users and statuses without counterpart, what is stuck.

    Each finding comes with the command that mends it. Exit code 7 when something must be mended.
    """
    found, findings = with_database(state, lambda db: examine(db, mapping, learn=state.secrets.update))
    if state.as_json:
        state.write_json(
            {
                "mapping_id": found.id,
                "ok": not any(one.level in _STYLES for one in findings),
                "findings": [
                    {"level": one.level, "kind": one.kind, "text": one.text, "command": one.command or None}
                    for one in findings
                ],
            }
        )
    elif not findings:
        state.show(Text(f"mapping {short_id(found.id)} is well", style="green"))
    else:
        _show_findings(state, findings)
    errors = [one for one in findings if one.level == ERROR]
    if errors:
        raise ConflictError(f"{len(errors)} finding{'s' if len(errors) > 1 else ''} must be mended first")


def _show_findings(state: State, findings: Sequence[Finding]) -> None:
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("about", no_wrap=True)
    table.add_column("finding, and what mends it", overflow="fold")
    for one in findings:
        style = _STYLES.get(one.level, "dim")
        text = Text(line(one.text))
        if one.command:
            text.append(f"\n{one.command}", style="cyan")
        table.add_row(Text(one.level, style=style), one.kind, text)
    state.show(table)
