"""How mapped projects are: state and next step, history, conflicts and who is right in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pm_providers.errors import ConflictError
from pm_providers.model import Entity
from pm_providers.store import list_connections, list_mappings
from pm_providers.store.mappings import LEFT_CONNECTION
from pm_providers.store.records import Connection, SyncMapping
from pm_providers.store.sync_history import (
    DIED,
    FAILED,
    SyncConflict,
    SyncRun,
    SyncWrite,
    list_conflicts,
    list_runs,
    list_writes,
    resolve_conflict,
)
from pm_providers.store.sync_links import Link
from pm_providers.store.sync_state import BLOCKED, NEW, SyncState, list_states
from pm_providers.store.sync_tries import Failing, failing
from pm_providers.store.sync_views import (
    LinkCounts,
    find_conflict,
    find_mapping,
    find_run,
    last_runs,
    link_counts,
    link_problems,
    links_of,
    writes_done,
)
from pm_providers.sync.doctor import INFO, level_of, reasons_of
from pm_providers.sync.policy import LEFT, RIGHT

__all__ = [
    "INTERNAL",
    "ConflictView",
    "MappingStatus",
    "RunView",
    "conflict_view",
    "conflict_views",
    "history",
    "resolve",
    "run_view",
    "sync_status",
    "title_of",
]

PAUSED, RUNNING = "paused", "running"
INTERNAL = "internal"
"""Name of the left side where it is no connection."""


@dataclass(frozen=True, slots=True)
class MappingStatus:
    """How a mapping is.

    Attributes:
        mapping: stored mapping.
        left: name of the system on the left.
        right: name of the connection on the right.
        right_type: provider of it.
        state: `new`, `ok`, `blocked`, `paused` or `running`.
        problem: what blocks it, in words.
        next_step: what to do about it.
        failing: what could not be written though the mapping is not blocked, in words.
        held: what of items is not carried and people can mend, in words.
        counts: its links in numbers.
        last_run: missing before the first.
        holder: who runs it right now.
    """

    mapping: SyncMapping
    left: str
    right: str
    right_type: str
    state: str
    problem: str | None
    next_step: str | None
    counts: LinkCounts
    last_run: SyncRun | None
    holder: str | None
    failing: str | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A conflict with what it is about.

    Attributes:
        conflict: as it is stored.
        title: of the item.
        left_id: item on the left.
        right_id: item on the right.
    """

    conflict: SyncConflict
    title: str
    left_id: str | None
    right_id: str | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with its writes, oldest first."""

    run: SyncRun
    writes: Sequence[SyncWrite]


def title_of(link: Link) -> str:
    """Title of a link's item, else an id."""
    for now, agreed in ((link.left_now, link.left_agreed), (link.right_now, link.right_agreed)):
        found = ((now or {}).get("values") or agreed or {}).get("title")
        if found:
            return str(found)
    return link.left_id or link.right_id or link.id


# looking


async def sync_status(db: Any, reference: str | None = None) -> list[MappingStatus]:
    """How all mappings are, or one.

    Raises:
        NotFoundError: no such mapping.
    """
    found = [await find_mapping(db, reference)] if reference is not None else await list_mappings(db)
    known = {one.id: one for one in await list_connections(db)}
    states, counts = await list_states(db), await link_counts(db)
    runs = {one.mapping_id: one for one in await _ended(db, [*(await last_runs(db)).values()])}
    failures, problems = await failing(db), await link_problems(db)
    return [
        replace(
            _status(one, known, states.get(one.id), counts.get(one.id, LinkCounts()), runs.get(one.id)),
            failing=_failing_text(failures[one.id]) if one.id in failures else None,
            held=_held_text(problems.get(one.id, {})),
        )
        for one in found
    ]


def _held_text(problems: Mapping[str, tuple[int, Link]]) -> str | None:
    found = {why: one for why, one in problems.items() if any(map(_matters, reasons_of(why)))}
    if not found:
        return None
    number = sum(many for many, _ in found.values())
    why, (_, link) = max(found.items(), key=lambda item: item[1][0])
    whys = "; ".join(filter(_matters, reasons_of(why)))
    items = "one item is" if number == 1 else f"{number} items are"
    return f"{items} not carried whole; {title_of(link)!r:.80}: {whys:.300}"


def _matters(why: str) -> bool:
    return level_of(why) != INFO


def _failing_text(found: Failing) -> str:
    number = "one item" if found.number == 1 else f"{found.number} items"
    tries = "once" if found.attempts == 1 else f"{found.attempts} times"
    due = f"in {round(found.wait_s / 60)} min" if found.wait_s > 60 else "by the next run"  # noqa: PLR2004
    what = f"{title_of(found.worst)!r:.80}: {found.worst.problem or 'no reason was given'}"
    return f"{number} could not be written, tried up to {tries}, tried again {due}; {what}"


def _status(
    mapping: SyncMapping,
    known: dict[str, Connection],
    state: SyncState | None,
    counts: LinkCounts,
    run: SyncRun | None,
) -> MappingStatus:
    left_id = mapping.sync_config.get(LEFT_CONNECTION)
    left, right = known.get(left_id or ""), known.get(mapping.provider_connection_id)
    return MappingStatus(
        mapping=mapping,
        left=left.name if left is not None else left_id or INTERNAL,
        right=right.name if right is not None else mapping.provider_connection_id,
        right_type=right.provider_type if right is not None else "",
        state=_state_word(mapping, state),
        problem=state.problem if state is not None else None,
        next_step=state.next_step if state is not None else None,
        counts=counts,
        last_run=run,
        holder=state.holder if state is not None and state.is_held else None,
    )


def _state_word(mapping: SyncMapping, state: SyncState | None) -> str:
    if state is not None and state.is_held:
        return RUNNING
    if not mapping.sync_enabled:
        return PAUSED
    if state is None:
        return NEW
    return BLOCKED if state.problem else state.state


async def history(db: Any, reference: str | None = None, *, limit: int = 20) -> list[SyncRun]:
    """Runs of all mappings or one, newest first.

    Raises:
        NotFoundError: no such mapping.
    """
    mapping = None if reference is None else await find_mapping(db, reference)
    return await _ended(db, await list_runs(db, None if mapping is None else mapping.id, limit=limit))


async def _ended(db: Any, runs: Sequence[SyncRun]) -> list[SyncRun]:
    """Runs that died told as such, with what they wrote: nobody was left to record either."""
    silent = {one.id for one in runs if one.state in {RUNNING, FAILED} and not one.counts}
    if not silent:
        return list(runs)
    states, done = await list_states(db), await writes_done(db, silent)
    found = []
    for one in runs:
        if one.id not in silent:
            found.append(one)
            continue
        counts: Counter[str] = Counter()
        for entity, action, number in done.get(one.id, ()):
            counts[action] += number
            if entity != Entity.TASK.value:
                counts[Entity(entity).plural] += number
        state = states.get(one.mapping_id)
        died = one.state == RUNNING and not (state is not None and state.is_held)
        told = replace(one, state=FAILED, error=DIED) if died else one
        found.append(replace(told, counts=dict(counts)))
    return found


async def run_view(db: Any, reference: str, *, limit: int | None = None) -> RunView:
    """A run with its writes. Errors as in `find_run`."""
    run = await find_run(db, reference)
    writes = await list_writes(db, run_id=run.id, limit=limit)
    return RunView((await _ended(db, [run]))[0], writes[::-1])


# conflicts


async def conflict_views(
    db: Any, reference: str | None = None, *, state: str | None = "open", limit: int = 200
) -> list[ConflictView]:
    """Conflicts of all mappings or one, newest first.

    Raises:
        NotFoundError: no such mapping.
    """
    mapping = None if reference is None else await find_mapping(db, reference)
    found = await list_conflicts(db, None if mapping is None else mapping.id, state=state, limit=limit)
    return await _viewed(db, found)


async def conflict_view(db: Any, reference: str) -> ConflictView:
    """One conflict.

    Raises:
        NotFoundError: no such conflict.
        ValidationError: more than one fits.
    """
    return (await _viewed(db, [await find_conflict(db, reference)]))[0]


async def _viewed(db: Any, found: Sequence[SyncConflict]) -> list[ConflictView]:
    links = await links_of(db, [one.link_id for one in found])
    views = []
    for one in found:
        link = links.get(one.link_id)
        title = title_of(link) if link is not None else ""
        views.append(
            ConflictView(one, title, link.left_id if link else None, link.right_id if link else None)
        )
    return views


async def resolve(db: Any, reference: str, keep: str) -> ConflictView:
    """Say which side of a conflict is right; the next run carries it.

    Args:
        db: the database.
        reference: the conflict, as `find_conflict` takes it.
        keep: `left` or `right`.

    Raises:
        NotFoundError: no such conflict.
        ConflictError: it is resolved already.
    """
    if keep not in {LEFT, RIGHT}:
        raise ValueError(f"keep must be {LEFT} or {RIGHT}")
    found = await find_conflict(db, reference)
    if not await resolve_conflict(db, found.id, keep):
        raise ConflictError(f"conflict {found.id[-8:]} is resolved already ({found.decision or found.note})")
    return await conflict_view(db, found.id)
