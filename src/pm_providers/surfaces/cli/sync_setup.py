"""`connections`: how to reach other systems."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from pm_providers.contract import HealthReport, Setting
from pm_providers.database import Database
from pm_providers.errors import NotFoundError
from pm_providers.registry import environment
from pm_providers.service.sync_setup import (
    SideAnswer,
    ask_connection,
    keep_connection,
    settings_of,
)
from pm_providers.store import (
    get_connection,
    list_connections,
    list_mappings,
    remove_connection,
)
from pm_providers.store.records import Connection, SyncMapping
from pm_providers.surfaces.cli.failures import UsageError, describe
from pm_providers.surfaces.cli.options import Group, command, known_providers
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_edge import with_database
from pm_providers.surfaces.cli.sync_mappings import add_mappings
from pm_providers.surfaces.cli.tables import plain_table
from pm_providers.surfaces.cli.text import line, plain

__all__ = ["add_commands", "connection_dict", "missing_settings", "typed_setting"]

_PANEL = "Sync"
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of a connection.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", metavar="")]


def add_commands(app: typer.Typer) -> None:
    """Register both."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help="Other systems, with encrypted credentials.")
    command(group, "add")(add_connection)
    command(group, "list")(show_connections)
    command(group, "test")(test)
    command(group, "remove")(drop_connection)
    app.add_typer(group, name="connections", rich_help_panel=_PANEL)
    add_mappings(app)


# connections


def add_connection(
    state: State,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    kind: Annotated[
        str, typer.Argument(metavar="TYPE", help="System, for example jira.", autocompletion=known_providers)
    ],
    *,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, as config show names it; NAME=- reads standard input.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Change the one of this name.", metavar="")
    ] = False,
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Ask it who we are once it is stored.", metavar="")
    ] = True,
) -> None:  # fmt: skip
    """Store how to reach a system. Settings that are not given come from the environment.

    Where there is a terminal, what is missing is asked for. Credentials are stored encrypted.
    """
    given = _given(kind, settings or ())
    given |= missing_settings(kind, given)
    state.secrets.update(given[one.env] for one in settings_of(kind) if one.secret and one.env in given)

    async def work(db: Database) -> tuple[Connection, HealthReport | None]:
        kept = await keep_connection(db, name, kind, given, replace=replace)
        if not test:
            return kept, None
        answer = await ask_connection(db, kept.id, learn=state.secrets.update)
        return kept, answer.health

    kept, health = with_database(state, work)
    if state.as_json:
        state.write_json(connection_dict(kept) | ({"ok": health.ok} if health is not None else {}))
    else:
        state.show(f"connection {kept.name} ({kept.provider_type}) is stored")
    if health is not None and health.error is not None:
        state.warn(f"it does not answer yet: `pm-providers connections add {line(name)} {kind} --replace`")
        raise health.error
    if health is not None:
        state.note(f"it answers; `pm-providers mappings add {line(name)} PROJECT` maps a project")


def _given(kind: str, texts: Sequence[str]) -> dict[str, str]:
    secret = {one.env for one in settings_of(kind) if one.secret}
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"--set: {name[:40]!r} is no NAME=VALUE")
        if name in secret and value != "-" and "://" not in value:
            raise UsageError(f"--set: a secret would be seen by others; use {name}=- or the environment")
        found[name] = sys.stdin.readline().rstrip("\r\n") if value == "-" else value
    return found


def missing_settings(kind: str, given: dict[str, str]) -> dict[str, str]:
    """Settings that neither stand in `given` nor in the environment, as a person types them in.

    Where all that are required are known, nothing is asked for.
    """
    if not sys.stdin.isatty():
        return {}
    known = {**environment(), **given}
    missing = [one for one in settings_of(kind) if not known.get(one.env)]
    if not any(one.required for one in missing):
        return {}
    return {one.env: typed_setting(one) for one in missing if one.required or one.asked}


def typed_setting(one: Setting, known: str = "") -> str:
    """A setting as a person types it in; Enter takes what is known, if that is no secret."""
    text = f"{one.env} ({one.help}" + ("" if one.secret else f", for example {one.example}") + ")"
    default = "" if one.secret else known
    if default or not one.required:
        return str(typer.prompt(text, default, show_default=bool(default), err=True)).strip()
    return str(typer.prompt(text, hide_input=one.secret, err=True)).strip()


def connection_dict(one: Connection) -> dict[str, Any]:
    """A connection without its credentials."""
    return {
        "id": one.id,
        "name": one.name,
        "provider_type": one.provider_type,
        "base_url": one.base_url,
        "username": one.username,
        "organization_id": one.organization_id,
        "project_key": one.project_key,
        "workspace_id": one.workspace_id,
        "options": sorted(one.additional_config),
        "has_credentials": bool(one.api_key or one.api_token),
        "created_at": plain(one.created_at),
        "updated_at": plain(one.updated_at),
    }


def show_connections(state: State) -> None:
    """List the connections; credentials are never shown."""

    async def work(db: Database) -> tuple[list[Connection], list[SyncMapping]]:
        return await list_connections(db), await list_mappings(db)

    found, mapped = with_database(state, work)
    if state.as_json:
        state.write_json([connection_dict(one) for one in found])
        return
    if not found:
        state.show("No connections found.")
        state.note("`pm-providers connections add NAME TYPE` stores one")
        return
    table = plain_table()
    table.add_column("name", no_wrap=True)
    table.add_column("system", no_wrap=True)
    table.add_column("address", overflow="fold")
    table.add_column("user", overflow="fold")
    table.add_column("mappings", justify="right", no_wrap=True)
    for one in found:
        number = sum(mapping.provider_connection_id == one.id for mapping in mapped)
        table.add_row(one.name, one.provider_type, one.base_url or "", one.username or "", str(number or ""))
    state.show(table)


def test(state: State, name: _Name) -> None:
    """Ask the system who we are; exit code 0 only when it answers."""
    answer = with_database(state, lambda db: ask_connection(db, name, learn=state.secrets.update))
    if state.as_json:
        state.write_json(_answer_dict(answer))
    elif answer.health.ok:
        user = answer.health.user
        who = f" as {line(user.name)} ({user.id})" if user is not None else ""
        state.show(
            Text.assemble(
                ("✓ ", "green"), f"{line(name)} answers{who}, {answer.health.latency_ms or 0:.0f} ms"
            )
        )
    if answer.health.error is not None:
        raise answer.health.error


def _answer_dict(answer: SideAnswer) -> dict[str, Any]:
    health = answer.health
    return {
        "name": answer.connection.name,
        "provider_type": answer.connection.provider_type,
        "ok": health.ok,
        "user": None if health.user is None else {"id": health.user.id, "name": health.user.name},
        "version": health.version,
        "latency_ms": health.latency_ms,
        "error": describe(health.error) if health.error is not None else None,
    }


def drop_connection(
    state: State,
    name: _Name,
    *,
    with_mappings: Annotated[
        bool, typer.Option("--with-mappings", help="Its mappings, too.", metavar="")
    ] = False,
    yes: _Yes = False,
) -> None:
    """Forget a connection. Nothing is changed in the system itself."""

    async def work(db: Database) -> bool:
        if await get_connection(db, name) is None:
            raise NotFoundError(f"no connection {name!r:.80}")
        if not state.confirm(f"Forget the connection {line(name)} and its credentials?", yes=yes):
            raise typer.Exit(1)
        return await remove_connection(db, name, with_mappings=with_mappings)

    with_database(state, work)
    if state.as_json:
        state.write_json({"name": name, "removed": True})
    else:
        state.show(f"removed connection {line(name)}")
