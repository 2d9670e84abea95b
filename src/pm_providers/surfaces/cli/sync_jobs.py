"""`worker`, and `sync jobs`: what is queued, what failed for good, and how to try it anew."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Annotated, Any

import typer
from rich.text import Text

from pm_providers.database import database_for
from pm_providers.errors import NotFoundError
from pm_providers.jobs import Dead, Done, Job, JobQueue, WorkOptions, open_queue, run_worker, submit_run
from pm_providers.jobs.port import Outcome
from pm_providers.jobs.runs import INTERACTIVE
from pm_providers.store.mappings import list_mappings
from pm_providers.store.sync_views import find_mapping
from pm_providers.surfaces.cli.failures import UsageError
from pm_providers.surfaces.cli.options import Group, command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_view import short_id
from pm_providers.surfaces.cli.tables import plain_table
from pm_providers.surfaces.cli.text import line, plain

__all__ = ["add_jobs", "add_worker"]

_STATES = {"queued": "", "running": "yellow", "dead": "red"}


def add_worker(app: typer.Typer) -> None:
    """Register `worker`."""
    command(app, "worker", rich_help_panel="Sync")(worker)


def add_jobs(group: typer.Typer) -> None:
    """Register `jobs` below `sync`."""
    jobs = typer.Typer(cls=Group, no_args_is_help=True, help="Runs that are queued, and those that failed.")
    command(jobs, "list")(list_)
    command(jobs, "add")(add)
    command(jobs, "replay")(replay)
    group.add_typer(jobs, name="jobs")


# worker


def worker(
    state: State,
    *,
    concurrency: Annotated[
        int, typer.Option("--concurrency", help="Runs at a time.", min=1, max=64, metavar="N")
    ] = 4,
    drain: Annotated[
        bool, typer.Option("--drain", help="End when nothing is due any more.", metavar="")
    ] = False,
) -> None:
    """Run what is queued and what is due by the mappings' schedules, until it is told to end.

    On PostgreSQL there may be any number of workers, on several machines; they need the extra "worker".
    """
    # What becomes of each job is told below; procrastinate's own lines would say it twice, with a traceback.
    logging.getLogger("procrastinate.worker").setLevel(logging.CRITICAL)
    logging.getLogger("procrastinate.worker.worker").setLevel(logging.ERROR)

    def told(job: Job, outcome: Outcome) -> None:
        mapping = short_id(str(job.payload.get("mapping_id", "")))
        if isinstance(outcome, Done):
            state.note(f"mapping {mapping}: {outcome.note}")
        elif isinstance(outcome, Dead):
            state.warn(f"mapping {mapping}: {line(outcome.error)}; `pm-providers sync jobs list` keeps it")
        else:
            state.warn(f"mapping {mapping}: {line(outcome.error)}; again in {outcome.seconds:.0f} s")

    async def work() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        options = WorkOptions(concurrency=concurrency, drain=drain)
        await run_worker(None, options, stop=stop, learn=state.secrets.update, on_end=told)

    state.learn_secrets()
    asyncio.run(work())


# jobs


def _with_queue(state: State, work: Any) -> Any:
    state.learn_secrets()

    async def session() -> Any:
        queue = open_queue()
        try:
            return await work(queue)
        finally:
            await queue.aclose()

    return asyncio.run(session())


def list_(
    state: State,
    *,
    dead: Annotated[
        bool, typer.Option("--dead", help="Only those that failed for good.", metavar="")
    ] = False,
) -> None:
    """List the runs that wait, that go on, and that failed for good."""
    found: list[Job] = _with_queue(state, lambda queue: queue.jobs("dead" if dead else None))
    if state.as_json:
        state.write_json([_job_dict(one) for one in found])
        return
    if not found:
        state.show("No jobs found.")
        return
    table = plain_table()
    for head in ("job", "mapping", "kind", "state", "tries"):
        table.add_column(head, no_wrap=True)
    table.add_column("error", overflow="fold")
    for one in found:
        table.add_row(
            _short(one.id),
            short_id(str(one.payload.get("mapping_id", ""))),
            _kind(one),
            Text(one.state, style=_STATES[one.state]),
            str(one.attempt),
            line(one.error or ""),
        )
    state.show(table)
    if any(one.state == "dead" for one in found):
        state.note("`pm-providers sync jobs replay JOB` tries one anew, `--all` all that failed")


def add(
    state: State,
    mapping: Annotated[
        str | None,
        typer.Argument(metavar="MAPPING", help="Id (or its end), project, or connection; else all."),
    ] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read all of both sides.", metavar="")] = False,
) -> None:
    """Queue a run, before those that are due by a schedule; a worker does it."""

    async def work(queue: JobQueue) -> list[dict[str, Any]]:
        db = database_for(None)
        found = (
            await list_mappings(db, sync_enabled=True)
            if mapping is None
            else [await find_mapping(db, mapping)]
        )
        return [{"mapping_id": one.id, "job_id": await submit_run(queue, one, full=full)} for one in found]

    submitted = _with_queue(state, work)
    if state.as_json:
        state.write_json(submitted)
        return
    for one in submitted:
        how = "queued" if one["job_id"] else "is queued already"
        state.show(f"mapping {short_id(one['mapping_id'])} {how}")


def replay(
    state: State,
    job: Annotated[str | None, typer.Argument(metavar="JOB", help="Id of a job, or its end.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that failed for good.", metavar="")] = False,
) -> None:
    """Queue runs anew that failed for good."""
    if (job is None) == (not every):
        raise UsageError("name a job, or give --all")

    async def work(queue: JobQueue) -> list[str]:
        dead = [one.id for one in await queue.jobs("dead", limit=10_000)]
        chosen = dead if job is None else _chosen(dead, job)
        return [one for one in chosen if await queue.replay(one)]

    replayed = _with_queue(state, work)
    if state.as_json:
        state.write_json([{"job_id": one} for one in replayed])
        return
    for one in replayed:
        state.show(f"job {_short(one)} is queued")
    if not replayed:
        state.show("No jobs found.")


def _chosen(dead: list[str], reference: str) -> list[str]:
    found = [one for one in dead if one == reference] or [one for one in dead if one.endswith(reference)]
    if not found:
        raise NotFoundError(
            f"no job {reference!r:.60} failed for good; `pm-providers sync jobs list` lists them"
        )
    if len(found) > 1:
        raise UsageError(f"{len(found)} jobs end in {reference!r:.60}")
    return found


def _short(job_id: str) -> str:
    return short_id(job_id)


def _is_full(one: Job) -> bool:
    return bool(one.payload.get("full"))


def _kind(one: Job) -> str:
    """Who wants it, and whether it reads all of both sides."""
    who = "asked for" if one.priority >= INTERACTIVE else "scheduled"
    return f"{who}, full" if _is_full(one) else who


def _job_dict(one: Job) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "mapping_id": one.payload.get("mapping_id"),
        "kind": _kind(one),
        "full": _is_full(one),
        "state": one.state,
        "priority": one.priority,
        "attempt": one.attempt,
        "run_at": plain(one.run_at),
        "error": one.error,
    }
