"""A process that forks others, which can be killed: it has imported everything, so they begin at once.

Reads a JSON object a line: {"url": ..., "mapping_id": ..., "die_at": n} for one run of a mapping that kills itself
at its n-th step (0: never), {"url": ...} for a worker. Steps are statements, requests to a system before they are
sent, and answers before they are read. Answers {"pid": ...}, and {"ended": pid, "code": n}
when one has ended; negative codes are signals.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from sqlalchemy import Engine, event

import pm_providers.providers.internal
import pm_providers.providers.redmine
import pm_providers.providers.trello
from pm_providers.jobs import Done, Job, WorkOptions, run_worker
from pm_providers.jobs.runs import RUN, RunHandler

__all__: list[str] = []

assert pm_providers.providers.internal  # these are loaded by name later on
assert pm_providers.providers.redmine
assert pm_providers.providers.trello
NOT_DONE = 3
EAGER = WorkOptions(concurrency=2, poll_s=0.1, beat_s=0.3, stalled_s=1.5, grace_s=60.0)


class Steps:
    """Counts what a process does with databases and systems, and kills it at one of these steps."""

    def __init__(self, die_at: int) -> None:
        self.die_at = die_at
        self.count = 0
        event.listen(Engine, "before_cursor_execute", self.step)
        self._send = httpx2.AsyncHTTPTransport.handle_async_request
        setattr(httpx2.AsyncHTTPTransport, "handle_async_request", self._counted())  # noqa: B010

    def step(self, *_: Any) -> None:
        self.count += 1
        if self.count == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _counted(self) -> Any:
        async def counted(transport: Any, request: httpx2.Request) -> httpx2.Response:
            self.step()
            response = await self._send(transport, request)
            self.step()
            return response

        return counted


async def one_run(given: dict[str, Any]) -> int:
    """Run a mapping as a worker does."""
    job = Job("1", RUN, {"mapping_id": given["mapping_id"], "full": False}, 0, 1, "running", None, None)
    steps = Steps(given.get("die_at", 0))
    outcome = await RunHandler(given["url"])(job)
    if not isinstance(outcome, Done):
        sys.stderr.write(f"{outcome}\n")
        return NOT_DONE
    with open(given["counted"], "w", encoding="utf-8") as file:  # noqa: ASYNC230, PTH123
        file.write(str(steps.count))
    return 0


def without_certificates(patch: Callable[[Any, str, Any], None] = setattr) -> None:
    """Nothing here is encrypted, and certificates take longer to load than a run."""
    init = httpx2.AsyncHTTPTransport.__init__

    def plain(self: httpx2.AsyncHTTPTransport, **options: Any) -> None:
        init(self, **{**options, "verify": False})

    patch(httpx2.AsyncHTTPTransport, "__init__", plain)


async def work(given: dict[str, Any]) -> int:
    """Work until told to end."""
    without_certificates()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_worker(given["url"], EAGER, stop=stop, tick_s=0.2)
    return 0


def child(given: dict[str, Any]) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    return asyncio.run(one_run(given) if "mapping_id" in given else work(given))


def forked(given: dict[str, Any], what: Callable[[dict[str, Any]], int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        code = what(given)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def children_heard() -> Iterator[int]:
    """A file that can be read when a child has ended."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    os.set_blocking(heard, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(told)
    yield heard


def reaped() -> Iterator[dict[str, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield {"ended": pid, "code": os.waitstatus_to_exitcode(status)}


def say(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Fork until nobody asks any more."""
    with children_heard() as heard, selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(heard, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == heard:
                    os.read(heard, 4096)
                    for one in reaped():
                        say(one)
                    continue
                asked = os.read(0, 65536)
                if not asked:
                    return
                for line in asked.splitlines():
                    say({"pid": forked(json.loads(line), child)})


if __name__ == "__main__":
    main()
