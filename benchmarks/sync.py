"""What keeping two projects in step costs, beside a loop that lists both and compares, and one that copies.

    python -m benchmarks.sync                     # 1,000 tasks with each vendor; 100,000 in databases
    python -m benchmarks.sync --large 10000       # quicker
    python -m benchmarks.sync --only jira         # one vendor, without the large project
    python -m benchmarks.sync --only large --with clickup --large 20000

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
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any, Self

from benchmarks.compare import TEXT, Server, Task, memory

VENDORS = ("jira", "clickup", "asana", "trello")
INTERNAL = "internal"
"""Instead of a vendor: another internal database."""

COPIED = 10
"""The copy loop has one of so many tasks: it takes a call for each."""

FEW = 20
"""With parts, one of so many tasks is enough: they cost the same for each."""

AT_ONCE = 8
"""Tasks that are edited at once by the script itself."""

LATER_S = 3600.0
"""How much later runs and edits are, by the clock of the sandbox: not all was changed a moment ago."""


def read_requests(vendor: str, count: int) -> int:
    """Requests that a vendor needs at least to tell of so many tasks: its largest pages."""
    return ceil(count / {"jira": 100, "clickup": 100, "asana": 100, "trello": 1000}[vendor])


def write_requests(vendor: str, count: int) -> int:
    """Requests that a vendor needs at least to create so many tasks and to tell once how they came out."""
    size = {"jira": 50, "clickup": 1, "asana": 10, "trello": 1}[vendor]
    answers_whole = vendor != "jira"
    return ceil(count / size) + (0 if answers_whole else read_requests(vendor, count))


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
    return module.connect({**site.ask("login"), "work": "list", "paced": False})


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


async def kept(task: Task) -> dict[str, Any]:
    """Runs over a mapping whose links are there already, as a first run would have left them.

    Args:
        task: see `place`; `edits`: numbers of tasks.
    """
    async with place(task) as here:
        await filled(here.left, here.ours, task["count"])
        await linked(here)
        engine = here.engine(parts=False)
        await one_run(here, engine)
        found: dict[str, Any] = {"idle": await one_run(here, engine), "edits": {}, "peak": memory("VmHWM")}
        done = 0
        for count in task["edits"]:
            await edited(here, done, count)
            done += count
            found["edits"][str(count)] = await one_run(here, engine)
        return found


async def linked(here: Place) -> None:
    """Store links of tasks of the same title, and how far both sides are read."""
    from sqlalchemy import insert

    from pm_providers.database.ids import new_ids
    from pm_providers.database.schema_sync import sync_links
    from pm_providers.store.sync_state import release_lease, save_cursor, take_lease
    from pm_providers.sync.values import snapshot_of

    fence = await take_lease(here.db, here.mapping_id, "benchmark", 600.0)
    cursors: list[str | None] = [None, None]
    more = [True, True]
    while any(more):
        rows: dict[str, dict[str, Any]] = {}
        for number, (provider, project) in enumerate(((here.left, here.ours), (here.right, here.theirs))):
            page = await provider.changes(project, cursors[number])
            cursors[number], more[number] = page.cursor, page.has_more
            side = ("left", "right")[number]
            for one in page.upserts:
                row = rows.setdefault(one.title, {})
                row |= {f"{side}_id": one.id, f"{side}_agreed": snapshot_of(one)}
                row[f"{side}_at"] = one.updated_at.isoformat()
        base = {
            "mapping_id": here.mapping_id, "entity": "task", "state": "linked", "dirty": False,
            "attempts": 0, "revision": 1, "updated_at": datetime.now(UTC),
        }  # fmt: skip
        made = [
            {**base, "id": one, **row} for one, row in zip(new_ids(len(rows)), rows.values(), strict=True)
        ]
        if {len(row) for row in made} - {len(base) + 7}:
            raise SystemExit("the sides do not hold the same tasks in the same order")
        with here.db.begin() as conn:
            if made:
                conn.execute(insert(sync_links), made)
            for side, cursor in zip(("left", "right"), cursors, strict=True):
                save_cursor(conn, here.mapping_id, side, cursor)
    await release_lease(here.db, here.mapping_id, fence or 0)


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


async def compared(task: Task) -> dict[str, Any]:
    """The naive loop: list both sides, compare by title, say what differs."""
    async with place(task) as here:
        await filled(here.left, here.ours, task["count"])
        found: dict[str, Any] = {"before": memory("VmRSS")}
        with spent(here, found):
            left = {one.title: one for one in await here.left.list_tasks(here.ours)}
            right = {one.title: one for one in await here.right.list_tasks(here.theirs)}
            found["differ"] = len(left.keys() ^ right.keys()) + sum(
                left[title].description != right[title].description for title in left.keys() & right.keys()
            )
        return {**found, "peak": memory("VmHWM")}


async def copied(task: Task) -> dict[str, Any]:
    """The loop of the documentation: each task of one side is created on the other."""
    from pm_providers import PMTask

    async with place(task) as here:
        found: dict[str, Any] = {"before": memory("VmRSS")}
        ends = (here.left, here.right) if task["source"] == "left" else (here.right, here.left)
        project, into = (here.ours, here.theirs)[:: 1 if task["source"] == "left" else -1]
        with spent(here, found):
            for one in await ends[0].list_tasks(project):
                await ends[1].create_task(
                    PMTask(title=one.title, description=one.description, project_id=into)
                )
        return {**found, "peak": memory("VmHWM")}


WORKS = {"synced": synced, "kept": kept, "compared": compared, "copied": copied}


def measured(work: str, **task: Any) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sync", "--work", work, "--task", json.dumps(task)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


# the tables


def initial_tables(options: argparse.Namespace) -> None:
    """Requests of the first run, vendor by vendor, both ways."""
    count = options.records
    print(f"\n#### Initial sync of {count:,} tasks: requests to the vendor\n")
    print(
        "| vendor | way | least | requests | times the least | more a task with its parts | CPU, ms a task |"
    )
    print("|---|---|---|---|---|---|---|")
    for vendor in VENDORS if options.only is None else (options.only,):
        for source, way in (("right", "from it"), ("left", "to it")):
            least = (read_requests if source == "right" else write_requests)(vendor, count)
            base = {"vendor": vendor, "source": source, "edits": []}
            off = measured("synced", **base, count=count, parts=False)["initial"]
            few = [
                measured("synced", **base, count=count // FEW, parts=parts)["initial"]["requests"]
                for parts in (False, True)
            ]
            cells = [
                vendor, way, least, off["requests"], f"{off['requests'] / least:.2f}",
                f"{(few[1] - few[0]) / (count // FEW):.2f}", f"{off['cpu'] * 1000 / count:.2f}",
            ]  # fmt: skip
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def large_tables(options: argparse.Namespace) -> None:
    """A first run of some size; later runs over a large mapping, beside the two loops."""
    right = {"vendor": options.with_, "source": "right"}
    first = measured("synced", **right, count=options.first, parts=False, edits=[])
    copy = measured("copied", **right, count=options.first // COPIED)
    later = measured("kept", vendor=INTERNAL, source="right", count=options.large, edits=[10, 100])
    naive = measured("compared", vendor=INTERNAL, source="right", count=options.large)
    print("\n#### Calls of each side, CPU and memory; parts off\n")
    print("| what | tasks | right | left | CPU, s | wall, s | writes | peak, MiB |")
    print("|---|---|---|---|---|---|---|---|")
    _row(f"initial run, from {options.with_}", options.first, first["initial"], first["peak"])
    _row("copy loop", options.first // COPIED, copy, copy["peak"])
    _row("run without edits", options.large, later["idle"], later["peak"])
    for number, one in later["edits"].items():
        _row(f"run after {number} edits", options.large, one, None)
    _row("list both and compare", options.large, naive, naive["peak"])
    print(f"\nBefore the first run the process has {first['before']:.0f} MiB.", flush=True)


def _row(label: str, count: int, one: dict[str, Any], peak: float | None) -> None:
    cells = [
        label, f"{count:,}", f"{one['requests']:,}", f"{one['calls']:,}", f"{one['cpu']:.2f}",
        f"{one['wall']:.1f}", f"{one['writes']:,}" if "writes" in one else "",
        "" if peak is None else f"{peak:.0f}",
    ]  # fmt: skip
    print(f"| {' | '.join(cells)} |")


def main() -> None:
    """Run it: prints Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1000, help="tasks with each vendor")
    parser.add_argument("--large", type=int, default=100_000, help="tasks of the large mapping")
    parser.add_argument("--first", type=int, default=10_000, help="tasks of the first run that is measured")
    parser.add_argument("--only", choices=(*VENDORS, "large"), help="leave the rest out")
    parser.add_argument(
        "--with",
        dest="with_",
        choices=(INTERNAL, *VENDORS),
        default=INTERNAL,
        help="side of the large project",
    )
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
    if options.only != "large":
        initial_tables(options)
    if options.only in {None, "large"}:
        large_tables(options)
    print(f"\n{os.cpu_count()} cores, load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
