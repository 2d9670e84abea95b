"""`init`: the first connection and mapping, asked for step by step."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.text import Text

from pm_providers.contract import Setting
from pm_providers.database import Database, upgrade
from pm_providers.errors import ConflictError, PMError
from pm_providers.model import PMProject
from pm_providers.registry import environment
from pm_providers.service.sync import SyncResult, run_sync
from pm_providers.service.sync_setup import (
    MappingRequest,
    ask_connection,
    connect_providers,
    keep_connection,
    keep_mapping,
    projects_of,
    settings_of,
)
from pm_providers.store import get_connection
from pm_providers.surfaces.cli.failures import UsageError, one_line
from pm_providers.surfaces.cli.options import command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_edge import with_database
from pm_providers.surfaces.cli.sync_setup import missing_settings, typed_setting
from pm_providers.surfaces.cli.sync_view import counts_line, result_dict, short_id
from pm_providers.surfaces.cli.tables import grid
from pm_providers.surfaces.cli.text import line
from pm_providers.sync.engine import RunOptions

__all__ = ["add_commands"]

_NEW = "a new project"
_DIRECTIONS = {
    "both": "edits of both sides",
    "to_left": "only from there to here",
    "to_right": "only from here",
}


def add_commands(app: typer.Typer) -> None:
    """Register `init`."""
    command(app, "init", rich_help_panel="Sync")(init)


def init(
    state: State,
    *,
    kind: Annotated[
        str | None, typer.Option("--type", help="System on the right, for example jira.", metavar="TYPE")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What to call the connection.", metavar="NAME")
    ] = None,
    external: Annotated[
        str | None, typer.Option("--external", help="Id or key of the project there.", metavar="ID")
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Internal project; new makes one.", metavar="ID")
    ] = None,
    direction: Annotated[
        str | None, typer.Option("--direction", help="both, to_right or to_left.", metavar="VALUE")
    ] = None,
) -> None:
    """Set up the first mapping: connect a system, choose projects, see the plan. Nothing is synced yet.

    What no option says is asked for; without a terminal all must be said.
    """
    ask = _Questions(state)
    upgrade()
    kind = (kind or ask.choice("Which system is on the other side?", connect_providers())).strip().casefold()
    settings_of(kind)  # an unknown one is said before more is asked
    name = name or ask.text("What do you call this connection?", kind)
    _connect(state, ask, name, kind)
    external = external or ask.project(
        "Which project there?", with_database(state, lambda db: projects_of(db, name))
    )
    project = project or ask.project(
        "With which internal project?", with_database(state, lambda db: projects_of(db, None)), new=True
    )
    direction = direction or ask.choice("What is carried?", list(_DIRECTIONS), _DIRECTIONS, first="both")
    request = MappingRequest(
        name, external, None if project == "new" else project, config={"direction": direction}
    )
    _show(state, with_database(state, lambda db: _mapped(state, db, request)))


def _connect(state: State, ask: _Questions, name: str, kind: str) -> None:
    """Store the connection, or take that of this name; where it does not answer, ask for settings again."""
    settings = settings_of(kind)
    stored = with_database(state, lambda db: get_connection(db, name))
    if stored is not None and stored.provider_type != kind:
        raise ConflictError(
            f"the connection {line(name)} leads to {stored.provider_type}, not to {kind}: say another --name"
        )
    given = missing_settings(kind, {}) if stored is None else {}
    while True:
        state.secrets.update(given[one.env] for one in settings if one.secret and one.env in given)
        said = dict(given)
        try:
            with_database(state, lambda db: _connected(state, db, name, kind, said))  # noqa: B023
        except PMError as error:
            known = {**environment(), **given}
            asked = [one for one in settings if one.required or one.asked or one.env in given]
            given = ask.again(error, asked, known)
        else:
            return


async def _connected(state: State, db: Database, name: str, kind: str, given: dict[str, str]) -> None:
    """Store the connection, and make sure that it answers."""
    if await get_connection(db, name) is None or given:
        await keep_connection(db, name, kind, given, replace=True)
    answer = await ask_connection(db, name, learn=state.secrets.update)
    if answer.health.error is not None:
        raise answer.health.error
    user = answer.health.user
    state.note(f"{name} answers" + (f" as {user.name}" if user is not None else ""))


async def _mapped(state: State, db: Database, request: MappingRequest) -> SyncResult:
    kept = await keep_mapping(db, request, learn=state.secrets.update)
    return await run_sync(db, kept.id, RunOptions(dry=True), learn=state.secrets.update)


def _show(state: State, result: SyncResult) -> None:
    if state.as_json:
        state.write_json(result_dict(result))
        return
    mapping, name = result.mapping, short_id(result.mapping.id)
    left = f"{result.naming.system('left')} {mapping.internal_project_id}"
    right = f"{result.naming.system('right')} {mapping.external_project_id}"
    state.show(
        Text.assemble(("✓ ", "green"), (f"mapping {name} is stored", "bold")),
        grid(
            [
                ("left", left),
                ("right", right),
                ("plan", counts_line(result.report.planned, done=False)),
                ("look", f"pm-providers sync plan {name}"),
                ("do it", f"pm-providers sync run {name}"),
                ("later", f"pm-providers sync status {name}"),
            ]
        ),
    )


class _Questions:
    """Asks on the terminal."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _require(self, question: str) -> None:
        if not sys.stdin.isatty():
            raise UsageError(
                f"{question} There is no terminal to ask on: say it by an option (--help lists them)"
            )

    def text(self, question: str, default: str) -> str:
        self._require(question)
        return str(typer.prompt(question, default=default, err=True)).strip()

    def choice(
        self,
        question: str,
        choices: Sequence[str],
        words: dict[str, str] | None = None,
        first: str = "",
        also: Mapping[str, str] | None = None,
    ) -> str:
        """One of `choices`, typed as its number or itself, or by another name (casefolded) in `also`."""
        self._require(question)
        for number, one in enumerate(choices, 1):
            more = f"  {words[one]}" if words else ""
            self._state.err.print(Text(f"  {number:>2}  {one}{more}"))
        default = str(choices.index(first) + 1) if first else None
        while True:
            said = str(typer.prompt(question, default=default, err=True)).strip()
            found = next((one for one in choices if one.casefold() == said.casefold()), None)
            if found is not None:
                return found
            if said.isdecimal() and 1 <= int(said[:6]) <= len(choices):
                return choices[int(said) - 1]
            if also and said.casefold() in also:
                return also[said.casefold()]
            self._state.warn(f"{said!r:.40} is none of these: a number from 1 to {len(choices)}, or a name")

    def again(self, error: PMError, asked: Sequence[Setting], known: Mapping[str, str]) -> dict[str, str]:
        """Settings typed in anew, after a system did not answer; Enter takes those that are known.

        Raises:
            PMError: the error, where nobody can be asked, or nobody wants to try again.
        """
        if not sys.stdin.isatty() or not asked:
            raise error
        self._state.warn(one_line(error))
        if not typer.confirm("Type the settings again?", default=True, err=True):
            raise error
        return {one.env: typed_setting(one, known.get(one.env, "")) for one in asked}

    def project(self, question: str, projects: Sequence[PMProject], *, new: bool = False) -> str:
        ids = [*(["new"] if new else []), *(one.id for one in projects)]
        words = {one.id: line(f"{one.name} {one.key or ''}") for one in projects} | {"new": _NEW}
        if not ids:
            raise UsageError("there is no project; make one there first")
        return self.choice(question, ids, words, first="new" if new else "", also=_other_names(projects))


def _other_names(projects: Sequence[PMProject]) -> dict[str, str]:
    """Keys, and names that only one project has -> id."""
    names = Counter(one.name.casefold() for one in projects)
    found = {one.name.casefold(): one.id for one in projects if names[one.name.casefold()] == 1}
    return found | {one.key.casefold(): one.id for one in projects if one.key}
