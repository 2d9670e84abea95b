"""Starts, finds and stops servers: each a record `<port>.json` and a tree `<port>` in the user's work folder.

The record is written before the tree, and names a process by number and start time. So whatever belongs to no
living process can be removed, however its process ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .database import seed, template
from .instance import Instance
from .machine import ServerError, locked, work_folder

HOST = "127.0.0.1"
START_SECONDS = 120
"""A start takes four seconds; a crowded machine may need many times that."""


@dataclass(frozen=True)
class Server:
    """A running server and what is needed to use it."""

    port: int
    api_key: str
    process: subprocess.Popen[bytes]
    instance: Instance

    @property
    def url(self) -> str:
        """Address without a slash at the end."""
        return f"http://{HOST}:{self.port}"


def start(
    port: int, *, text_format: str, settings: Mapping[str, str], dies_with_parent: bool = False
) -> Server:
    """Start a server with a new database and wait until it answers. One that runs on this port is replaced.

    Args:
        port: 0 takes a free one.
        text_format: One of `FORMATS`.
        settings: Names and values for Redmine's table of settings.
        dies_with_parent: The server is killed as soon as this process ends, however it ends.

    Raises:
        ServerError: The port is taken, or the server ended or did not answer in time.
    """
    made = template()
    with _claim(port) as listener:
        port = listener.getsockname()[1]
        instance = Instance(work_folder() / str(port))
        process = None
        try:
            api_key = secrets.token_hex(20)
            _fill(instance, made, api_key, text_format, settings)
            process = _launch(instance, listener, dies_with_parent=dies_with_parent)
            _record(port, process.pid)
            listener.close()
            server = Server(port, api_key, process, instance)
            _wait(server)
        except BaseException:
            _abandon(port, process)
            raise
    return server


def stop(port: int) -> bool:
    """Kill a server and remove all that it left; False if there was none. Its data is worth no goodbye."""
    with _lock():
        return _stop(port)


def release(server: Server) -> bool:
    """End a server of this process; False if another command stopped or replaced it before."""
    server.process.kill()
    server.process.wait()
    with _lock():
        ours = _told(server.port) == server.process.pid
        if ours:
            _remove(server.port)
    return ours


def _claim(port: int) -> socket.socket:
    """The socket of a port that no server of this user has any more, recorded as ours."""
    with _lock():
        for path in work_folder().glob("*.json"):
            if _owner(int(path.stem)) is None:
                _remove(int(path.stem))
        if port:
            _stop(port)
        listener = _listen(port)
        _record(listener.getsockname()[1], os.getpid())
        return listener


def _abandon(port: int, process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
    with _lock():
        if _told(port) in {os.getpid(), process and process.pid}:
            _remove(port)


def _stop(port: int) -> bool:
    found = _owner(port)
    if found is not None:
        _kill(found)
    _remove(port)
    return found is not None


def _kill(pid: int) -> None:
    """Kill a process and wait for its end: for all its threads, as the last one to end frees the port."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        ended = select.poll()  # select() takes no number above 1,023
        ended.register(process, select.POLLIN)
        ended.poll()
    except ProcessLookupError:
        return
    finally:
        os.close(process)


def _lock() -> contextlib.AbstractContextManager[None]:
    return locked(work_folder() / "lock")


def _remove(port: int) -> None:
    base = work_folder()
    shutil.rmtree(base / str(port), ignore_errors=True)
    (base / f"{port}.json").unlink(missing_ok=True)


def _record(port: int, pid: int) -> None:
    part = work_folder() / f"{port}.part"
    part.write_text(json.dumps({"pid": pid, "started": _start_time(pid)}), encoding="utf-8")
    part.replace(part.with_suffix(".json"))


def _read(port: int) -> tuple[int, int | None] | None:
    try:
        told = json.loads((work_folder() / f"{port}.json").read_text(encoding="utf-8"))
        return int(told["pid"]), told["started"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _told(port: int) -> int | None:
    """The process a record names, living or not."""
    read = _read(port)
    return read and read[0]


def _owner(port: int) -> int | None:
    """The living process a record names; None if it ended, even if its number went to another one."""
    pid, started = _read(port) or (0, None)
    return pid if started is not None and _start_time(pid) == started else None


def _start_time(pid: int) -> int | None:
    """When a process started, in ticks since the boot; None if it ended, reaped or not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in front is in brackets and may hold anything.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _listen(port: int) -> socket.socket:
    """The socket the server inherits: so a free port stays ours, and a taken one is known at once."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ServerError(f"port {port} cannot be used: {error.strerror}") from error
    return listener


def _fill(
    instance: Instance, made: Path, api_key: str, text_format: str, settings: Mapping[str, str]
) -> None:
    shutil.rmtree(instance.folder, ignore_errors=True)
    instance.create()
    shutil.copyfile(made, instance.database)
    seed(instance.database, api_key=api_key, text_format=text_format, settings=settings)
    instance.hand_over()


def _launch(
    instance: Instance, listener: socket.socket, *, dies_with_parent: bool
) -> subprocess.Popen[bytes]:
    address = f"tcp://{HOST}:{listener.getsockname()[1]}"
    # One thread: while SQLite waits for a lock, Ruby runs no other thread, so not the one that has the lock.
    # With four, parallel writes get answers 500 "database is locked" whatever the timeout.
    command = ("puma", "-C", "config/puma.rb", "-e", "production", "-b", address, "-t", "1:1", "config.ru")
    with (instance.folder / "puma.log").open("wb") as log:
        return subprocess.Popen(
            instance.command(*command, dies_with_parent=dies_with_parent),
            cwd=instance.folder,
            env={**instance.environment(), "PUMA_INHERIT_0": f"{listener.fileno()}:{address}"},
            pass_fds=(listener.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait(server: Server) -> None:
    end = time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{server.url}/users/current.json", headers={"X-Redmine-API-Key": server.api_key}
    )
    while (left := end - time.monotonic()) > 0:
        try:
            with opener.open(request, timeout=left):
                return
        except urllib.error.HTTPError as error:
            raise ServerError(f"the server answered {error.code}:\n{server.instance.log()}") from error
        except OSError as error:
            if server.process.poll() is not None:
                raise ServerError(f"the server ended while it started:\n{server.instance.log()}") from error
            time.sleep(0.05)
    raise ServerError(f"the server did not answer within {START_SECONDS} s:\n{server.instance.log()}")
