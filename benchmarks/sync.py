"""What keeping two projects in step costs, at each vendor.

    python -m benchmarks.sync                     # 1,000 tasks with each vendor
    python -m benchmarks.sync --only jira         # one vendor
    python -m benchmarks.sync_large               # large projects

The left side is the internal database on SQLite, the right side a sandbox in a process of its own, without
latency and quota: what counts here are requests, CPU time and memory of the process that syncs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Self

from benchmarks.compare import TEXT, Server, Task, memory

VENDORS = ("jira", "clickup", "asana", "trello")
INTERNAL = "internal"
"""Instead of a vendor: another internal database."""

FEW = 20
"""With parts, one of so many tasks is enough: they cost the same for each."""

AT_ONCE = 8
"""Tasks that are edited at once by the script itself."""

LATER_S = 3600.0
"""How much later runs and edits are, by the clock of the sandbox: not all was changed a moment ago."""


KINDS = {"jira": 8, "clickup": 8, "asana": 7, "trello": 0}
"""Requests for what must be known besides tasks, where each is asked for once.

Jira: what the site is, the project, statuses, types, priorities, people, labels, fields. ClickUp: whose the
credential is (days have its time zone), the space, folders, lists, types, people, tags, fields. Asana: the
project, sections, fields, types, members, people, tags. Trello's board brings all with its cards.
"""


def pages(vendor: str, count: int) -> int:
    """Pages of the largest size."""
    return ceil(count / {"jira": 100, "clickup": 100, "asana": 100, "trello": 1000}[vendor])


def read_requests(vendor: str, count: int) -> int:
    """Requests that a vendor needs at least to tell of so many tasks."""
    return pages(vendor, count) + KINDS[vendor]


def write_requests(vendor: str, count: int) -> int:
    """Requests that a vendor needs at least to create so many tasks and to tell once how they came out."""
    size = {"jira": 50, "clickup": 1, "asana": 10, "trello": 1}[vendor]
    told = 0 if vendor in {"asana", "trello"} else pages(vendor, count)
    return ceil(count / size) + told + KINDS[vendor] + 1


# the sides


class Counted:
    """A provider that counts what it is asked."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.calls: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._inner.__aexit__(*args)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def counted(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return await found(*args, **options)

        return counted


class Place:
    """Two projects with a mapping, the internal one on the left."""

    def __init__(self, left: Counted, right: Any, site: Any, db: Any, ids: tuple[str, str, str]) -> None:
        self.left, self.right, self.site, self.db = left, right, site, db
        self.mapping_id, self.ours, self.theirs = ids

    def engine(self, *, parts: bool) -> Any:
        """With parts of tasks or without."""
        from pm_providers.sync.engine import Engine
        from pm_providers.sync.policy import Policy

        policy = Policy(fuse_overwrite_share=1.0) if parts else Policy(fuse_overwrite_share=1.0, parts=())
        return Engine(self.db, self.mapping_id, self.left, self.right, (self.ours, self.theirs), policy)

    def requests(self) -> int:
        """That the vendor's side has answered."""
        return int(self.site.ask("requests"))


@asynccontextmanager
async def place(task: Task) -> AsyncIterator[Place]:
    """A database of its own and a sandbox of its own, or a second database.

    Args:
        task: `vendor`; `count` tasks on the side `source`.
    """
    from sqlalchemy import create_engine

    from pm_providers import PMProject
    from pm_providers.store import add_connection, add_mapping

    scale = task["count"] if task["source"] == "right" else 0
    with tempfile.TemporaryDirectory() as folder, sandbox(task["vendor"], max(scale, 1)) as site:
        url = f"sqlite:///{Path(folder) / 'left.db'}"
        inner, right = database(url), other_side(task["vendor"], site, Path(folder))
        async with inner, right:
            ours = (await inner.create_project(PMProject(name="Ours"))).id
            if task["vendor"] == INTERNAL:
                theirs = (await right.create_project(PMProject(name="Theirs"))).id
                await filled(right, theirs, scale)
            else:
                theirs = (await right.get_project(site.ask("login")["project"])).id
            if task["source"] == "left":
                theirs = (await new_project(right, theirs)).id
                await filled(inner, ours, task["count"])
            db = create_engine(url)
            there = await add_connection(db, "there", "internal")
            mapping = await add_mapping(db, ours, there.id, theirs)
            yield Place(Counted(inner), right, site, db, (mapping.id, ours, theirs))
            db.dispose()


def database(url: str) -> Any:
    """An internal database."""
    from pm_providers.registry import build_pm_provider, config_from_environment

    return build_pm_provider(config=config_from_environment("internal", {"PM_DATABASE_URL": url}))


def other_side(vendor: str, site: Any, folder: Path) -> Any:
    """Provider of the right side."""
    if vendor == INTERNAL:
        site.provider = Counted(database(f"sqlite:///{folder / 'right.db'}"))
        return site.provider
    module = importlib.import_module(f"benchmarks.{vendor}")
    return module.connect({**site.ask("login"), "work": "create", "paced": False})


async def new_project(provider: Any, beside: str) -> Any:
    """An empty one, where the one beside it is."""
    from pm_providers import PMProject
    from pm_providers.model import Entity

    near = await provider.get_project(beside)
    return await provider.create_project(
        PMProject(
            name="Empty",
            key="EMPTY" if provider.capabilities.field(Entity.PROJECT, "key").is_writable else None,
            parent_project_id=near.parent_project_id,
        )
    )


async def filled(provider: Any, project_id: str, count: int) -> None:
    """Tasks, every tenth below the one before it."""
    from pm_providers import PMTask

    above = None
    for start in range(0, count, 1000):
        tasks = [
            PMTask(
                title=f"Task {number}", description=TEXT.format(number), project_id=project_id,
                parent_task_id=above if number % 10 == 1 and number > start else None,
            )
            for number in range(start, min(start + 1000, count))
        ]  # fmt: skip
        made = await provider.create_tasks(tasks)
        above = made.items[0].id


# the server


def serve(vendor: str, records: int) -> None:
    """A sandbox in this process; answers a line on standard input by a line, and ends with it."""
    module = importlib.import_module(f"benchmarks.{vendor}")

    async def work() -> None:
        box = module.box(records, 0.0)
        if hasattr(module, "limit"):
            module.limit(box, False)
        async with box.serve():
            while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
                if word == "later":
                    box.clock.advance(LATER_S)
                told = module.login(box) if word == "login" else len(box.log)
                print(json.dumps(told), flush=True)

    asyncio.run(work())


class Calls:
    """Stands for the sandbox where the right side is a database: calls of its provider are its requests."""

    provider: Any = None

    def ask(self, _: str) -> Any:
        """Calls so far; other words mean nothing here."""
        return sum(self.provider.calls.values())


@contextmanager
def sandbox(vendor: str, records: int) -> Iterator[Any]:
    """A sandbox in a process of its own."""
    if vendor == INTERNAL:
        yield Calls()
        return
    command = [sys.executable, "-m", "benchmarks.sync", "--serve", vendor, "--records", str(records)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(process)
    finally:
        process.communicate(timeout=30)


# what is measured, each in a process of its own


@contextmanager
def spent(place: Place, into: dict[str, float]) -> Iterator[None]:
    """Requests, calls, CPU time and wall time of a block."""
    gc.collect()
    place.left.calls.clear()
    requests, wall, cpu = place.requests(), time.perf_counter(), time.process_time()
    yield
    into |= {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "requests": place.requests() - requests,
        "calls": sum(place.left.calls.values()),
    }


async def synced(task: Task) -> dict[str, Any]:
    """An initial run, a run without edits, and runs after edits of the vendor's side.

    Args:
        task: see `place`; `parts`; `edits`: numbers of tasks.
    """
    async with place(task) as here:
        engine = here.engine(parts=task["parts"])
        here.site.ask("later")
        if task["source"] == "right":
            await edited(here, 0, 1)
        found: dict[str, Any] = {"before": memory("VmRSS"), "edits": {}}
        found["initial"] = await one_run(here, engine)
        found["peak"] = memory("VmHWM")
        found["settled"] = await one_run(here, engine)
        here.site.ask("later")
        await edited(here, 0, 1)
        await one_run(here, engine)
        found["idle"] = await one_run(here, engine)
        done = 1
        for count in task["edits"]:
            await edited(here, done, count)
            done += count
            found["edits"][str(count)] = await one_run(here, engine)
        found["end"] = memory("VmHWM")
        return found


async def one_run(here: Place, engine: Any) -> dict[str, Any]:
    """What a run cost, and how many writes it made."""
    found: dict[str, Any] = {}
    with spent(here, found):
        report = await engine.run()
    if report.state != "done":
        raise SystemExit(f"the run is {report.state}: {report.reason}")
    return {**found, "writes": report.writes, "calls_by_name": dict(here.left.calls)}


async def edited(here: Place, start: int, count: int) -> None:
    """Give tasks of the vendor's side new titles."""
    ids: list[str] = []
    async for task in here.right.iter_tasks(here.theirs):
        ids.append(task.id)
        if len(ids) == start + count:
            break
    for first in range(start, start + count, AT_ONCE):
        some = ids[first : min(first + AT_ONCE, start + count)]
        titles = [{"title": f"Edited {first + number}"} for number in range(len(some))]
        await asyncio.gather(
            *(here.right.update_task(one, title) for one, title in zip(some, titles, strict=True))
        )


WORKS = {"synced": synced}


def measured(work: str, *, program: str = "benchmarks.sync", **task: Any) -> dict[str, Any]:
    """One measurement in a process of its own, of a program that has works like this one."""
    command = [sys.executable, "-m", program, "--work", work, "--task", json.dumps(task)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


# the tables


def initial_tables(options: argparse.Namespace) -> None:
    """Requests of the first run, vendor by vendor, both ways."""
    count = options.records
    print(f"\n#### Initial sync of {count:,} tasks: requests to the vendor\n")
    print(
        "| vendor | way | least | requests | times the least | the next run | a run without edits | "
        "more a task with its parts | CPU, ms a task |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for vendor in VENDORS if options.only is None else (options.only,):
        for source, way in (("right", "from it"), ("left", "to it")):
            least = (read_requests if source == "right" else write_requests)(vendor, count)
            base = {"vendor": vendor, "source": source, "edits": []}
            found = measured("synced", **base, count=count, parts=False)
            off = found["initial"]
            cells = [
                vendor, way, least, off["requests"], f"{off['requests'] / least:.2f}",
                found["settled"]["requests"], found["idle"]["requests"],
                _with_parts(base, count // FEW) if options.parts else "", f"{off['cpu'] * 1000 / count:.2f}",
            ]  # fmt: skip
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def _with_parts(base: dict[str, Any], count: int) -> str:
    """Requests that each task takes more when its parts are in step as well."""
    few = [
        measured("synced", **base, count=count, parts=parts)["initial"]["requests"] for parts in (False, True)
    ]
    return f"{(few[1] - few[0]) / count:.2f}"


def main() -> None:
    """Run it: prints Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1000, help="tasks with each vendor")
    parser.add_argument("--no-parts", dest="parts", action="store_false", help="parts of tasks are left out")
    parser.add_argument("--only", choices=VENDORS, help="leave the rest out")
    parser.add_argument("--work", choices=tuple(WORKS), help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.records)
        return
    if options.work:
        print(json.dumps(asyncio.run(WORKS[options.work](json.loads(options.task)))))
        return
    load = os.getloadavg()[0]
    initial_tables(options)
    print(f"\n{os.cpu_count()} cores, load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
