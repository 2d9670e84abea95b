"""Two large projects kept in step, beside a loop that lists both and compares, and one that copies.

    python -m benchmarks.sync_large                           # 100,000 tasks between two databases
    python -m benchmarks.sync_large --with clickup            # the right side is a sandbox
    python -m benchmarks.sync_large --count 10000 --only pairing

The left side is the internal database on SQLite, the right side another one or a sandbox in a process of its
own: what counts here are CPU time and memory of the process that syncs, and calls of the sides.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.compare import Task, memory
from benchmarks.sync import INTERNAL, VENDORS, Place, edited, filled, measured, one_run, place, spent

COPIED = 10
"""The copy loop has one of so many tasks: it takes a call for each."""


# what is measured, each in a process of its own


async def first(task: Task) -> dict[str, Any]:
    """A first run into an empty project, and one after it that finds nothing.

    Args:
        task: see `benchmarks.sync.place`.
    """
    async with place(task) as here:
        here.site.ask("later")
        await edited(here, 0, 1)  # what was changed last are not all of them
        found: dict[str, Any] = {"before": memory("VmRSS")}
        engine = here.engine(parts=False)
        found["run"], found["peak"] = await one_run(here, engine), memory("VmHWM")
        found["idle"] = await one_run(here, engine)
        return found


async def paired(task: Task) -> dict[str, Any]:
    """A first run where both sides have the same tasks already.

    Args:
        task: see `benchmarks.sync.place`.
    """
    async with place(task) as here:
        await filled(here.left, here.ours, task["count"])
        found: dict[str, Any] = {"before": memory("VmHWM")}
        found["run"] = await one_run(here, here.engine(parts=False))
        if found["run"]["writes"]:
            raise SystemExit("tasks were made that were there")
        return {**found, "peak": memory("VmHWM")}


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


WORKS = {"first": first, "paired": paired, "kept": kept, "compared": compared, "copied": copied}


apart = partial(measured, program="benchmarks.sync_large")


# the table


def table(options: argparse.Namespace) -> None:
    """What each takes."""
    count, with_ = options.count, {"vendor": options.with_, "source": "right"}
    print(f"\n#### {count:,} tasks, the right side is {options.with_}; parts off\n")
    print("| what | calls of the right | of the left | CPU, s | ms a task | wall, s | writes | peak, MiB |")
    print("|---|---|---|---|---|---|---|---|")
    if options.only in {None, "first"}:
        found = apart("first", **with_, count=count)
        _row("first run, the left is empty", found["run"], found["peak"], count)
        _row("the next run", found["idle"], None, None)
    if options.only in {None, "pairing"}:
        found = apart("paired", **with_, count=count)
        _row("first run, both sides are full", found["run"], found["peak"], count)
    if options.only in {None, "later"}:
        found = apart("kept", vendor=INTERNAL, source="right", count=count, edits=[10, 100])
        _row("run without edits", found["idle"], found["peak"], None)
        for number, one in found["edits"].items():
            _row(f"run after {number} edits", one, None, int(number))
    if options.only in {None, "loops"}:
        found = apart("compared", **with_, count=count)
        _row("loop: list both and compare", found, found["peak"], count)
        found = apart("copied", **with_, count=count // COPIED)
        _row(f"loop: copy {count // COPIED:,}", found, found["peak"], count // COPIED)


def _row(label: str, one: dict[str, Any], peak: float | None, count: int | None) -> None:
    cells = [
        label, f"{one['requests']:,}", f"{one['calls']:,}", f"{one['cpu']:.2f}",
        "" if count is None else f"{one['cpu'] * 1000 / count:.2f}", f"{one['wall']:.1f}",
        f"{one['writes']:,}" if "writes" in one else "", "" if peak is None else f"{peak:.0f}",
    ]  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Run it: prints Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="tasks")
    parser.add_argument("--only", choices=("first", "pairing", "later", "loops"), help="leave the rest out")
    parser.add_argument(
        "--with", dest="with_", choices=(INTERNAL, *VENDORS), default=INTERNAL, help="the right side"
    )
    parser.add_argument("--work", choices=tuple(WORKS), help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(asyncio.run(WORKS[options.work](json.loads(options.task)))))
        return
    load = os.getloadavg()[0]
    table(options)
    print(f"\n{os.cpu_count()} cores, load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
