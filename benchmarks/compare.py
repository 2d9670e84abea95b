"""What the benchmarks of vendors share: one sandbox, several clients that take turns, medians, tables.

The sandbox is a process of its own that waits before each answer, as a site far away would. Each measurement
is a process of its own, too. The vendor's quota holds, and a benchmark in which anybody is refused ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["TEXT", "Bench", "Comparison", "Task", "Work", "main", "our_work"]

TEXT = "Look at *all* sides of number {}: **north** and south."
"""Description of a record that is created."""

OURS = "ours"
Task = dict[str, Any]
"""What a client is to do: `work` is list or create; `url`, credentials and place; `count`; `asked`."""

Work = Callable[[Task], Callable[[], Sized]]
"""Makes what is timed, which returns the records."""

Result = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One table.

    Attributes:
        title: of the table, after what is done how often.
        work: list or create.
        more: added to the task of each client.
        repeats: at most so many runs.
        unlimited: the vendor's quota does not hold.
    """

    title: str
    work: str
    more: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 5
    unlimited: bool = False


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A benchmark.

    Attributes:
        module: what a process of its own is to run.
        noun: of one record.
        works: name of a client -> its work; ours is the first.
        box: number of records, latency in ms -> sandbox.
        login: sandbox -> address, credential that has used up nothing of the quota, place of the records.
        comparisons: the tables, in order.
        limit: sandbox, whether the quota holds -> sets it.
        asked: log of the sandbox -> what ours asked for when it listed; others may ask for the same.
        window_s: seconds over which the vendor holds its quota.
        cost: record of a request -> what it counts as for the quota.
    """

    module: str
    noun: str
    works: Mapping[str, Work]
    box: Callable[[int, float], Any]
    login: Callable[[Any], dict[str, Any]]
    comparisons: Sequence[Comparison]
    limit: Callable[[Any, bool], None] | None = None
    asked: Callable[[Any], Any] | None = None
    window_s: float = 60.0
    cost: Callable[[Any], int] = lambda _record: 1

    @property
    def command(self) -> list[str]:
        """Runs it again."""
        return [sys.executable, "-m", self.module]


# one client


def our_work(connect: Callable[[Task], Any], place: Mapping[str, Any] | None = None) -> Work:
    """Records of all tasks, or of those that were created.

    Args:
        connect: makes the provider.
        place: more fields of tasks that are created.
    """

    def work(task: Task) -> Callable[[], Sized]:
        import httpcore2  # noqa: F401 - imported with the first request else; the others' imports are not timed

        from pm_providers import PMTask

        async def run() -> Sized:
            async with connect(task) as provider:
                if task["work"] == "list":
                    found: Sized = await provider.list_tasks(task["project"])
                    return found
                new = [
                    PMTask(
                        title=f"New {number}",
                        description=TEXT.format(number),
                        project_id=task["project"],
                        **(place or {}),
                    )
                    for number in range(task["count"])
                ]
                items: Sized = (await provider.create_tasks(new)).items
                return items

        connect(task)  # imports
        return lambda: asyncio.run(run())

    return work


def memory(name: str) -> float:
    """MiB of this process: `VmRSS` now, `VmHWM` at its peak."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def run_client(bench: Bench, task: Task) -> None:
    """Do one client's work and print what it took. Runs in its own process."""
    work = bench.works[task["client"]](task)
    before, cpu, wall = memory("VmRSS"), time.process_time(), time.perf_counter()
    found = work()
    result = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": memory("VmHWM"),
        "grown": memory("VmHWM") - before,
        "count": len(found),
    }
    print(json.dumps(result))


# the server


def serve(bench: Bench, records: int, latency_ms: float) -> None:
    """A sandbox in this process; answers a line on standard input by a line, and ends with it."""

    async def work() -> None:
        box = bench.box(records, latency_ms)
        async with box.serve():
            while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
                print(json.dumps(_told(bench, box, word)), flush=True)

    asyncio.run(work())


def _told(bench: Bench, box: Any, word: str) -> Any:
    """`login`, `asked`, `counters`, or `limited` and `unlimited`, which switch the quota."""
    if word == "login":
        box.log.clear()
        return {**bench.login(box), "cpu": time.process_time()}
    if word == "asked":
        return bench.asked(box.log) if bench.asked is not None else None
    if word == "counters":
        refused = box.log.statuses()[429]
        busiest = box.log.busiest(bench.window_s, bench.cost)
        return {
            "requests": len(box.log), "busiest": busiest, "refused": refused, "cpu": time.process_time()
        }  # fmt: skip
    if bench.limit is not None:
        bench.limit(box, word == "limited")
    return None


class Server:
    """The sandbox's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, word: str) -> Any:
        """See `_told`."""
        print(word, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline() if self._process.stdout else "")


@contextmanager
def server(bench: Bench, options: argparse.Namespace) -> Iterator[Server]:
    """A sandbox in a process of its own."""
    sizes = ["--records", str(options.records), "--latency-ms", str(options.latency_ms)]
    command = [*bench.command, "--serve", *sizes]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(process)
    finally:
        process.communicate(timeout=30)


# the comparison


def measured(bench: Bench, site: Server, task: Task) -> Result:
    """One client's work, with what it cost the server.

    Raises:
        SystemExit: not all was done, or the quota was exceeded.
    """
    login = site.ask("login")
    command = [*bench.command, "--client", json.dumps({**login, **task})]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: Result = json.loads(output.splitlines()[-1])
    after = site.ask("counters")
    if found["count"] < task["count"] or after["refused"]:
        raise SystemExit(f"{task['client']}: {found['count']} of {task['count']}, {after['refused']} refused")
    told = {name: after[name] for name in ("requests", "busiest")}
    return {**found, **told, "server": after["cpu"] - login["cpu"]}


def compared(bench: Bench, site: Server, one: Comparison, options: argparse.Namespace) -> dict[str, Result]:
    """Medians of the clients' numbers; they take turns."""
    found: dict[str, list[Result]] = {name: [] for name in bench.works}
    count = options.records if one.work == "list" else options.created
    site.ask("unlimited" if one.unlimited else "limited")
    for _ in range(min(one.repeats, options.repeats)):
        for name in bench.works:
            task = {"client": name, "work": one.work, "count": count, "asked": options.asked, **one.more}
            found[name].append(measured(bench, site, task))
            if options.asked is None and one.work == "list" and name == OURS:
                options.asked = site.ask("asked")
    return {
        name: {key: median(one[key] for one in results) for key in results[0]}
        for name, results in found.items()
    }


MEASURES = (
    ("wall time, s", "wall", "{:.2f}", 1.0),
    ("CPU time, ms per {}", "cpu", "{:.3f}", 1000.0),
    ("requests", "requests", "{:.0f}", 1.0),
    ("the most that the quota counts in any {} s", "busiest", "{:.0f}", 1.0),
    ("peak memory, MiB", "peak", "{:.0f}", 1.0),
    ("of it during the work, MiB", "grown", "{:.1f}", 1.0),
    ("CPU time of the server, s", "server", "{:.2f}", 1.0),
)


def table(bench: Bench, title: str, found: dict[str, Result], count: int) -> None:
    """Print the numbers, and how many times ours the others take."""
    names = list(bench.works)
    last = "the other" if len(names) == 2 else "the better of the others"
    print(f"\n#### {title}\n")
    print(f"| measure | {' | '.join(names)} | {last} in units of ours |")
    print("|---" * (len(names) + 2) + "|")
    for label, key, form, unit in MEASURES:
        scale = unit / count if key == "cpu" else unit
        values = [found[name][key] * scale for name in names]
        ratio = min(values[1:]) / values[0] if values[0] else 0.0
        cells = " | ".join(form.format(one) for one in values)
        named = label.format(f"{bench.window_s:g}" if key == "busiest" else bench.noun)
        print(f"| {named} | {cells} | {ratio:.2f} times |")


def main(bench: Bench, text: str) -> None:
    """Run it: prints Markdown, the words of the first line of `text` describe it."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000, help="how many are listed")
    parser.add_argument("--created", type=int, default=1_000, help="how many are created")
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--repeats", type=int, default=5, help="at most so many runs of each")
    parser.add_argument("--only", choices=("list", "create"), help="leave the rest out")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    options = parser.parse_args(namespace=argparse.Namespace(asked=None))
    if options.client:
        run_client(bench, json.loads(options.client))
    elif options.serve:
        serve(bench, options.records, options.latency_ms)
    else:
        _run(bench, options)


def _run(bench: Bench, options: argparse.Namespace) -> None:
    load = os.getloadavg()[0]
    with server(bench, options) as site:
        for one in bench.comparisons:
            if options.only not in {None, one.work}:
                continue
            count = options.records if one.work == "list" else options.created
            found = compared(bench, site, one, options)
            verb = one.work.capitalize()
            title = f"{verb} {count:,} {bench.noun}s, {options.latency_ms:g} ms latency{one.title}"
            table(bench, title, found, count)
            print(f"\nMedians of {min(one.repeats, options.repeats)} runs.", flush=True)
    print(f"\n{os.cpu_count()} cores, load {load:.1f} at the start")
