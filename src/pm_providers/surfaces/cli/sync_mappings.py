"""`mappings`: which projects are kept in step, and how."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from pm_providers.database import Database
from pm_providers.errors import ValidationError
from pm_providers.service.sync_setup import MappingRequest, keep_mapping, reconfigure
from pm_providers.service.sync_state import MappingStatus, sync_status
from pm_providers.store import pause_mapping, remove_mapping, resume_mapping
from pm_providers.store.mappings import LEFT_CONNECTION
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_views import find_mapping
from pm_providers.surfaces.cli.failures import UsageError
from pm_providers.surfaces.cli.options import Group, command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_edge import with_database
from pm_providers.surfaces.cli.sync_view import project_word, short_id
from pm_providers.surfaces.cli.tables import plain_table, short
from pm_providers.surfaces.cli.text import line, plain

__all__ = ["add_mappings", "mapping_dict", "pairs_of"]

_Mapping = Annotated[
    str, typer.Argument(metavar="MAPPING", help="Id (or its end), project, or name of the connection.")
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", metavar="")]
_Direction = Annotated[
    str | None, typer.Option("--direction", help="both, to_right or to_left.", metavar="VALUE")
]
_Conflicts = Annotated[
    str | None, typer.Option("--conflicts", help="Who wins: newest, left, right, manual.", metavar="VALUE")
]
_Deletes = Annotated[
    str | None,
    typer.Option("--deletes", help="propagate, close, detach or ignore.", metavar="VALUE"),
]
_Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", help="Any other option, NAME=VALUE or NAME:=JSON. Repeat.", metavar="NAME=VALUE"
    ),
]
_Pairs = Annotated[
    list[str] | None,
    typer.Option(
        "--pair", help="What stands for what: KIND:LEFT=RIGHT, KIND statuses, users, ...", metavar="PAIR"
    ),
]


def add_mappings(app: typer.Typer) -> None:
    """Register `mappings` with all below it."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help="Which projects are kept in step.")
    command(group, "add")(add_mapping)
    command(group, "list")(show_mappings)
    command(group, "update")(update_mapping)
    command(group, "pause")(pause)
    command(group, "resume")(resume)
    command(group, "remove")(drop_mapping)
    app.add_typer(group, name="mappings", rich_help_panel="Sync")


def add_mapping(
    state: State,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="Name of a connection.")],
    external: Annotated[str, typer.Argument(metavar="PROJECT", help="Id or key of the project there.")],
    *,
    project: Annotated[
        str | None,
        typer.Option("--project", help="Project on the left; else a new one.", metavar="ID"),
    ] = None,
    left: Annotated[
        str | None,
        typer.Option("--left", help="Connection of the left; else the internal database.", metavar="NAME"),
    ] = None,
    direction: _Direction = None,
    conflicts: _Conflicts = None,
    deletes: _Deletes = None,
    options: _Options = None,
    pairs: _Pairs = None,
    paused: Annotated[bool, typer.Option("--paused", help="It does not run yet.", metavar="")] = False,
) -> None:
    """Map a project to one of another system. Nothing is synced yet."""
    config = {
        name: value
        for name, value in _options(direction, conflicts, deletes, options).items()
        if value not in (None, "")
    }
    table = pairs_of(pairs or ())
    if table:
        config["pairs"] = table
    request = MappingRequest(connection, external, project, left, config, paused)

    async def work(db: Database) -> MappingStatus:
        kept = await keep_mapping(db, request, learn=state.secrets.update)
        return (await sync_status(db, kept.id))[0]

    with _typed(options):
        found = with_database(state, work)
    _show_mapping(state, found, "is stored")
    state.note(f"`pm-providers sync plan {short_id(found.mapping.id)}` says what a run would do")


def _options(
    direction: str | None, conflicts: str | None, deletes: str | None, texts: Sequence[str] | None
) -> dict[str, Any]:
    named = {"direction": direction, "conflicts": conflicts, "deletes": deletes}
    found: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip(":"):
            raise UsageError(f"--option: {text!r:.60} is neither NAME=VALUE nor NAME:=JSON")
        if not name.endswith(":"):
            found[name] = value
            continue
        try:
            found[name[:-1]] = json.loads(value)
        except ValueError:
            raise UsageError(f"--option: {value!r:.60} is no JSON") from None
    return found


def pairs_of(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """`statuses:Doing=In Progress` and so on as the options hold them.

    Raises:
        UsageError: one is malformed.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        kind, _, pair = text.partition(":")
        left, sign, right = pair.partition("=")
        if not sign or not left:
            raise UsageError(f"--pair: {text!r:.80} is no KIND:LEFT=RIGHT, as statuses:Doing=In Progress")
        found.setdefault(kind, {})[left] = right
    return found


def _show_mapping(state: State, one: MappingStatus, what: str) -> None:
    if state.as_json:
        state.write_json(mapping_dict(one))
        return
    mapping = one.mapping
    ends = f"{one.left} {mapping.internal_project_id} ⇄ {one.right} {mapping.external_project_id}"
    state.show(f"mapping {short_id(mapping.id)} {what}: {ends}")


def mapping_dict(one: MappingStatus) -> dict[str, Any]:
    """A mapping, whole."""
    mapping = one.mapping
    return {
        "id": mapping.id,
        "left": one.left,
        "left_project_id": mapping.internal_project_id,
        "right": one.right,
        "right_type": one.right_type,
        "right_project_id": mapping.external_project_id,
        "sync_enabled": mapping.sync_enabled,
        "sync_config": mapping.sync_config,
        "last_sync_at": plain(mapping.last_sync_at),
        "created_at": plain(mapping.created_at),
        "updated_at": plain(mapping.updated_at),
    }


def show_mappings(state: State) -> None:
    """List the mappings with their options."""
    found = with_database(state, sync_status)
    if state.as_json:
        state.write_json([mapping_dict(one) for one in found])
        return
    if not found:
        state.show("No mappings found.")
        state.note("`pm-providers init` makes the first one")
        return
    table = plain_table()
    table.add_column("mapping", no_wrap=True)
    for head in ("left", "right", "options"):
        table.add_column(head, overflow="fold")
    table.add_column("last sync", no_wrap=True)
    for one in found:
        mapping = one.mapping
        table.add_row(
            short_id(mapping.id),
            line(f"{one.left} {project_word(mapping.internal_project_id)}"),
            line(f"{one.right} {project_word(mapping.external_project_id)}"),
            _option_words(mapping),
            "paused" if not mapping.sync_enabled else short(mapping.last_sync_at) or "never",
        )
    state.show(table)


def _option_words(mapping: SyncMapping) -> str:
    words = [
        f"{name}={value if isinstance(value, str | int | float | bool) else '…'}"
        for name, value in mapping.sync_config.items()
        if name != LEFT_CONNECTION
    ]
    return line(", ".join(words)) or "defaults"


@contextmanager
def _typed(texts: Sequence[str] | None) -> Iterator[None]:
    """Where an option is no text and was given as one, say how it is given."""
    try:
        yield
    except ValidationError as error:
        for text in texts or ():
            name, _, value = text.partition("=")
            why = error.fields.get(name, "")
            if re.search("must be an? ", why):
                given = shlex.quote(_as_json(name, value, why))
                hint = f"what is no text is given as JSON: --option {given}"
                raise ValidationError(f"{error}; {hint}", fields=error.fields) from None
        raise


def _as_json(name: str, value: str, why: str) -> str:
    """How an option is given that is no text, by what was meant."""
    if "list" in why:
        return f"{name}:={json.dumps([one.strip() for one in value.split(',')])}"
    if "object" in why:
        return f'{name}:={{"NAME": "VALUE"}}'
    try:
        json.loads(value)
    except ValueError:
        value = "NUMBER"
    return f"{name}:={value}"


def update_mapping(
    state: State,
    mapping: _Mapping,
    *,
    direction: _Direction = None,
    conflicts: _Conflicts = None,
    deletes: _Deletes = None,
    options: _Options = None,
    pairs: _Pairs = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Says how to map another project instead.", metavar="ID")
    ] = None,
    external: Annotated[
        str | None, typer.Option("--external", help="The same for the project there.", metavar="ID")
    ] = None,
) -> None:
    """Change options of a mapping; the next run goes by them.

    --option NAME:=null goes back to the default, --pair KIND:LEFT= takes a pair out.

    A mapping keeps its two projects: map others by mappings remove and add.
    """
    if project is not None or external is not None:
        raise UsageError(_other_projects(state, mapping, project, external))
    changed, table = _options(direction, conflicts, deletes, options), pairs_of(pairs or ())
    if not changed and not table:
        raise UsageError("nothing to change: name an option")

    async def work(db: Database) -> MappingStatus:
        found = await reconfigure(db, mapping, changed, table)
        return (await sync_status(db, found.id))[0]

    with _typed(options):
        status = with_database(state, work)
    _show_mapping(state, status, "is changed")


def _other_projects(state: State, reference: str, project: str | None, external: str | None) -> str:
    """The commands that map other projects, with what stays as it is."""

    async def work(db: Database) -> MappingStatus:
        found = await find_mapping(db, reference)
        return (await sync_status(db, found.id))[0]

    one = with_database(state, work)
    left = f" --left {shlex.quote(one.left)}" if one.mapping.sync_config.get(LEFT_CONNECTION) else ""
    there = shlex.quote(external or one.mapping.external_project_id)
    here = shlex.quote(project or one.mapping.internal_project_id)
    name = short_id(one.mapping.id)
    return (
        f"a mapping keeps its two projects; `pm-providers mappings remove {name}` and then "
        f"`pm-providers mappings add {shlex.quote(one.right)} {there}{left} --project {here}` map "
        "others: both stay as they are, and are compared anew"
    )


def pause(state: State, mapping: _Mapping) -> None:
    """Do not run a mapping for now; what changes meanwhile is carried later."""
    _switch(state, mapping, enabled=False)


def resume(state: State, mapping: _Mapping) -> None:
    """Run a paused mapping again."""
    _switch(state, mapping, enabled=True)


def _switch(state: State, reference: str, *, enabled: bool) -> None:
    async def work(db: Database) -> MappingStatus:
        found = await find_mapping(db, reference)
        await (resume_mapping if enabled else pause_mapping)(db, found.id)
        return (await sync_status(db, found.id))[0]

    _show_mapping(state, with_database(state, work), "runs again" if enabled else "is paused")


def drop_mapping(state: State, mapping: _Mapping, *, yes: _Yes = False) -> None:
    """Forget a mapping, with what both sides agreed on and its history. Both projects stay."""

    async def work(db: Database) -> SyncMapping:
        found = await find_mapping(db, mapping)
        if not state.confirm(f"Forget mapping {short_id(found.id)} and its history?", yes=yes):
            raise typer.Exit(1)
        await remove_mapping(db, found.id)
        return found

    found = with_database(state, work)
    if state.as_json:
        state.write_json({"id": found.id, "removed": True})
    else:
        state.show(f"removed mapping {short_id(found.id)}; both projects stay")
