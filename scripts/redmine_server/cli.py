"""The command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

from . import machine, servers
from .database import FORMATS, check_settings, template

DEFAULT_PORT = 13300
FAILED, MISSING = 1, 3
_LAST_PORT = 65535

_EPILOG = f"""A server runs as this user, or as {machine.SERVER_USER} when root starts it. It has
Redmine's default data (roles Manager, Developer, Reporter; trackers Bug, Feature, Support) and custom
fields of every format but attachment. Nothing survives a stop.

exit codes: 0 done, {FAILED} failed, 2 wrong arguments, {MISSING} this machine lacks what the message names
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.function(options)
    except machine.UnavailableError as error:
        return _complain(str(error), MISSING)
    except (machine.ServerError, OSError) as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="redmine-server",
        description="A real Redmine 5.0 on loopback for tests: Debian 12's package on SQLite.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, function, text in (
        ("start", start, "start a server with a new database, print REDMINE_URL and REDMINE_API_KEY"),
        ("run", run, "the same in the foreground, until standard input ends or a signal comes"),
        ("stop", stop, "kill a server and remove its data; no error if there is none"),
        ("prepare", prepare, "install the Debian package where that is possible, and make the database"),
        ("check", check, "say whether a server can run here"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function, parser=command)
        if name in {"start", "run", "stop"}:
            _add_port(command, least=int(name == "stop"))
        if name in {"start", "run"}:
            _add_options(command)
    return parser


def _add_port(command: argparse.ArgumentParser, *, least: int) -> None:
    def port(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not least <= number <= _LAST_PORT:
            raise argparse.ArgumentTypeError(f"no port: {text!r}")
        return number

    free = "" if least else "; 0: a free one"
    command.add_argument(
        "port", nargs="?", type=port, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}{free}"
    )


def _add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--text", choices=FORMATS, default=FORMATS[0], help=f"default {FORMATS[0]}")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a setting of Redmine, like parent_issue_dates=independent; lists as JSON; repeatable",
    )


def _setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"not NAME=VALUE: {text!r}")
    return name, value


def _start(options: argparse.Namespace, *, dies_with_parent: bool = False) -> servers.Server:
    machine.prepare()
    settings = dict(options.set)
    wrong = check_settings(settings)
    if wrong:
        options.parser.error(wrong)
    return servers.start(
        options.port, text_format=options.text, settings=settings, dies_with_parent=dies_with_parent
    )


def _show(server: servers.Server) -> None:
    print(f"REDMINE_URL={server.url}\nREDMINE_API_KEY={server.api_key}", flush=True)


def start(options: argparse.Namespace) -> int:
    """Start a server that outlives this command."""
    server = _start(options)
    _show(server)
    # Nobody waits for it here; Python would warn that a child is left behind.
    server.process.returncode = 0
    return 0


def run(options: argparse.Namespace) -> int:
    """Start a server; return when standard input ends, or when another command stopped the server."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    server = _start(options, dies_with_parent=True)
    wanted = threading.Event()
    try:
        _show(server)
        threading.Thread(target=_end_with_input, args=(server, wanted), daemon=True).start()
        server.process.wait()
        log = server.instance.log()
    finally:
        ours = servers.release(server)
    # Whoever stops it from outside removes its record too.
    return _complain(f"the server ended by itself:\n{log}", FAILED) if ours and not wanted.is_set() else 0


def _end_with_input(server: servers.Server, wanted: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    wanted.set()
    server.process.kill()


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def stop(options: argparse.Namespace) -> int:
    """Stop a server, if there is one."""
    if not servers.stop(options.port):
        print(f"redmine-server: no server of this user on port {options.port}", file=sys.stderr)
    return 0


def prepare(options: argparse.Namespace) -> int:
    """Do what takes long and is needed once."""
    machine.prepare()
    template()
    return check(options)


def check(_options: argparse.Namespace) -> int:
    """Say whether a server can run here."""
    reason = machine.why_not()
    if reason is not None:
        return _complain(reason, MISSING)
    print(f"Redmine {machine.redmine_version()} is here (Debian package {machine.package_version()})")
    return 0


def _complain(text: str, code: int) -> int:
    print(f"redmine-server: {text}", file=sys.stderr)
    return code
