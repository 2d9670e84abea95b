"""Keeping mapped projects in step: open both sides of a stored mapping, plan, run, look at what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pm_providers.contract import BasePMProvider, PMProviderConfig
from pm_providers.database.crypto import Vault
from pm_providers.errors import ConflictError, NotFoundError, PMError, ProviderError
from pm_providers.registry import build_pm_provider, config_from_environment
from pm_providers.service.sync_names import Naming, naming_of
from pm_providers.service.sync_state import INTERNAL, title_of
from pm_providers.store import config_for, get_connection, touch_mapping
from pm_providers.store.mappings import LEFT_CONNECTION
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_state import list_states, release_lease, save_problem, take_lease
from pm_providers.store.sync_views import find_mapping, find_run, links_of
from pm_providers.sync.decisions import Decision
from pm_providers.sync.engine import Engine, RunOptions, RunReport
from pm_providers.sync.policy import Policy
from pm_providers.sync.report import AskedError
from pm_providers.sync.undoing import Undoing

__all__ = ["SyncResult", "open_sync", "run_sync", "undo_run"]

Learn = Callable[[Iterable[str]], None]
Progress = Callable[[Decision], None]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """One run of one mapping.

    Attributes:
        mapping: as it is stored now.
        report: what was planned and done.
        naming: names for the values of the report.
        doubtful: title -> why an item is not paired though there are candidates; not all: see `RunReport`.
    """

    mapping: SyncMapping
    report: RunReport
    naming: Naming = field(default_factory=Naming)
    doubtful: dict[str, str] = field(default_factory=dict)

    def raise_for_refusal(self) -> None:
        """Raise what keeps the result from being what was asked.

        Raises:
            ConflictError: a guard stopped the run before it wrote anything.
            ProviderError: some writes failed; the next run tries them again.
        """
        report = self.report
        if report.state == "refused":
            raise ConflictError(f"{report.reason}; {report.next_step}" if report.next_step else report.reason)
        failed = report.counts["failed"] + report.counts["unsure"]
        if failed:
            raise ProviderError(
                f"{failed} write{'s' if failed != 1 else ''} failed; the next run tries again, and "
                f"`pm-providers sync history --run {report.run_id[-8:]}` says why"
            )


# both sides


@asynccontextmanager
async def open_sync(
    db: Any, mapping: SyncMapping, *, vault: Vault | None = None, learn: Learn = lambda _: None
) -> AsyncIterator[Engine]:
    """The engine of a mapping, with a provider for each side. They connect when first asked.

    Args:
        db: where the state is, and the internal projects: all that `database_for` takes.
        mapping: stored mapping.
        vault: keys of the stored credentials; those of this installation when missing.
        learn: told the secrets of both sides, to mask them.

    Raises:
        ValidationError: the mapping's options are malformed.
        ConfigurationError: a connection cannot be used.
        NotFoundError: a connection does not exist any more.
    """
    policy = Policy.of(mapping.sync_config)
    left = await _provider(db, mapping.sync_config.get(LEFT_CONNECTION), vault, learn)
    try:
        right = await _provider(db, mapping.provider_connection_id, vault, learn)
        try:
            projects = (mapping.internal_project_id, mapping.external_project_id)
            yield Engine(db, mapping.id, left, right, projects, policy)
        finally:
            await right.aclose()
    finally:
        await left.aclose()


async def _provider(db: Any, connection_id: str | None, vault: Vault | None, learn: Learn) -> BasePMProvider:
    if connection_id is None:
        return build_pm_provider(db_session=db, config=_internal(db))
    connection = await get_connection(db, connection_id)
    if connection is None:
        raise NotFoundError(f"the connection {connection_id!r:.60} does not exist any more")
    config = config_for(connection, vault=vault)
    learn(config.secrets())
    return build_pm_provider(config=config)


def _internal(db: Any) -> PMProviderConfig:
    """The internal provider as the environment has it; in the database of the sync where one is given."""
    config = config_from_environment(INTERNAL)
    options = {name: value for name, value in config.additional_config.items() if name != "database_url"}
    return replace(config, additional_config=options) if db is not None else config


# plan and run


async def run_sync(
    db: Any,
    reference: str | None = None,
    options: RunOptions | None = None,
    *,
    on_write: Progress = lambda _: None,
    vault: Vault | None = None,
    learn: Learn = lambda _: None,
) -> SyncResult:
    """Bring a mapping in step, or plan it (`RunOptions(dry=True)`).

    Args:
        db: the database.
        reference: the mapping, as `find_mapping` takes it.
        options: what to do.
        on_write: called after each write.
        vault: keys of the stored credentials.
        learn: told the secrets of both sides.

    Raises:
        NotFoundError: no such mapping; a project or connection does not exist any more; or (`AskedError`)
            what the run was narrowed to.
        ConflictError: it is paused, or another run goes on.
        PMError: a side cannot be read or written. It stands on the mapping, with the next step.
    """
    asked = options or RunOptions()
    mapping = await find_mapping(db, reference)
    if not mapping.sync_enabled and not asked.dry:
        raise ConflictError(
            f"mapping {mapping.id[-8:]} is paused; `pm-providers mappings resume {mapping.id[-8:]}` goes on"
        )
    try:
        async with open_sync(db, mapping, vault=vault, learn=learn) as engine:
            report = await engine.run(asked, on_write=on_write)
            naming = await naming_of(engine, report.decisions)
    except PMError as error:
        await _note(db, mapping.id, error)
        raise
    if report.state == "done":
        mapping = await touch_mapping(db, mapping.id)
    return SyncResult(mapping, report, naming, await _doubts(db, report))


async def _note(db: Any, mapping_id: str, error: PMError) -> None:
    """Record what kept a run from beginning, unless the engine did or somebody else runs it."""
    states = await list_states(db)
    known = states.get(mapping_id)
    if isinstance(error, ConflictError | AskedError) or (known is not None and known.problem == str(error)):
        return
    fence = await take_lease(db, mapping_id, "status", 30)
    if fence is None:
        return
    step = "mend it: `pm-providers mappings update`, or `pm-providers connections add NAME TYPE --replace`"
    try:
        await save_problem(db, mapping_id, fence, str(error), step)
    finally:
        await release_lease(db, mapping_id, fence)


async def _doubts(db: Any, report: RunReport) -> dict[str, str]:
    links = await links_of(db, list(report.doubtful)) if report.doubtful else {}
    return {
        f"{title_of(links[one])} ({links[one].left_id or links[one].right_id})": why
        for one, why in report.doubtful.items()
        if one in links
    }


async def undo_run(
    db: Any,
    reference: str,
    *,
    dry: bool = False,
    on_write: Progress = lambda _: None,
    vault: Vault | None = None,
    learn: Learn = lambda _: None,
) -> SyncResult:
    """Write back what a run overwrote, but for what was edited since.

    Args:
        db: the database.
        reference: the run, as `find_run` takes it.
        dry: only say what would be written.
        on_write: called after each write.
        vault: keys of the stored credentials.
        learn: told the secrets of both sides.

    Raises:
        NotFoundError: no such run.
        ConflictError: it was undone already; another run goes on; or it is not known yet what became of some
            writes.
        PMError: a side cannot be read or written.
    """
    run = await find_run(db, reference)
    mapping = await find_mapping(db, run.mapping_id)
    async with open_sync(db, mapping, vault=vault, learn=learn) as engine:
        report = await Undoing(engine, run, on_write=on_write).play(dry=dry)
        naming = await naming_of(engine, report.decisions)
    return SyncResult(mapping, report, naming)
