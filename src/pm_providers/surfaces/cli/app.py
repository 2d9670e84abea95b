"""The command line put together, and the one place where errors become exit codes."""

from __future__ import annotations

import codecs
import functools
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from pm_providers.model import Entity
from pm_providers.surfaces.cli import copying, discovery, system, watching
from pm_providers.surfaces.cli.crud import build_group
from pm_providers.surfaces.cli.demo import add_commands as add_demo
from pm_providers.surfaces.cli.failures import ExitCode, OutputClosedError, exit_code, leaf
from pm_providers.surfaces.cli.options import Group, known_providers
from pm_providers.surfaces.cli.resources import RESOURCES
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_commands import add_commands as add_sync
from pm_providers.surfaces.cli.sync_init import add_commands as add_init
from pm_providers.surfaces.cli.sync_jobs import add_worker
from pm_providers.surfaces.cli.sync_setup import add_commands as add_setup

__all__ = ["app", "run"]

_EPILOG = (
    "Exit codes: 0 ok, 1 unexpected, 2 usage, 3 configuration, 4 authentication or permission, 5 not found, "
    "6 validation, 7 conflict, 8 rate limited, 9 unsupported, 10 transport or provider, 130 interrupted."
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pm-providers {version('pm-providers')}\n")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    *,
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider",
            "-p",
            help="System to use, instead of PM_PROVIDER.",
            metavar="NAME",
            autocompletion=known_providers,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.", metavar="")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress.", metavar="")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.", metavar="")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks of errors.", metavar="")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True, metavar=""),
    ] = False,
) -> None:
    """One command line over project-management systems.

    PM_PROVIDER says which system it talks to; `config show` shows all settings.

    Global options stand before or after the command.
    """
    del version
    state: State = ctx.obj
    state.merge(provider=provider, as_json=as_json, debug=debug, quiet=quiet, no_color=no_color)


def _build() -> typer.Typer:
    built = typer.Typer(
        name="pm-providers", cls=Group, no_args_is_help=True, pretty_exceptions_enable=False, epilog=_EPILOG
    )
    built.callback(epilog=_EPILOG)(_root)
    system.add_commands(built)
    for resource in RESOURCES:
        group = build_group(resource)
        if resource.entity is Entity.USER:
            discovery.add_me(group)
        if resource.entity is Entity.ATTACHMENT:
            discovery.add_files(group)
        built.add_typer(group, name=resource.word, rich_help_panel="Records")
    watching.add_commands(built)
    discovery.add_commands(built)
    copying.add_commands(built)
    add_init(built)
    add_setup(built)
    add_sync(built)
    add_worker(built)
    add_demo(built)
    return built


app = _build()
"""The Typer app; `run` adds the exit codes."""


@functools.cache
def _command() -> Any:
    """The commands as they are parsed; building them takes longer than most of them run."""
    return typer.main.get_command(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit code, see `ExitCode`. Nothing is raised."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A command line that cannot be parsed has no options yet, and its error shall still come as asked for.
    state = State(as_json="--json" in given, debug="--debug" in given, no_color="--no-color" in given)
    _prepare_streams()
    try:
        result = _command()(args=given, prog_name=_own_name(), standalone_mode=False, obj=state)
        sys.stdout.flush()
    except (OutputClosedError, BrokenPipeError):
        _close_stdout()
        return ExitCode.OK
    except SystemExit as end:  # typer ends so when the reader of the output has gone
        _close_stdout()
        return end.code if isinstance(end.code, int) and end.code != 1 else ExitCode.OK
    except BaseException as error:  # noqa: BLE001 - the edge: whatever happened becomes one line and a code
        return _failed(state, leaf(error))
    if result == ExitCode.INTERRUPTED:
        return _failed(state, KeyboardInterrupt())
    return result if isinstance(result, int) else ExitCode.OK


def _own_name() -> str:
    """The name that we were called by: help and shell completion go by it."""
    return "pmp" if Path(sys.argv[0]).stem == "pmp" else "pm-providers"


def _failed(state: State, error: BaseException) -> int:
    if isinstance(error, typer.Abort):
        error = KeyboardInterrupt()
    try:
        state.fail(error)
    except (OutputClosedError, BrokenPipeError):
        _close_stdout()
    return exit_code(error)


def _prepare_streams() -> None:
    """Names and titles are Unicode whatever the locale says; what cannot be shown is replaced."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        ascii_only = codecs.lookup(stream.encoding or "ascii").name == "ascii"
        if ascii_only and "PYTHONIOENCODING" not in os.environ:
            reconfigure(encoding="utf-8", errors="replace")
        else:
            reconfigure(errors="replace")


def _close_stdout() -> None:
    """Let the interpreter's last flush go nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
