"""Making items that have no counterpart: an intent before each, what became of it with the link after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection as SqlConnection

from pm_providers.contract import Support
from pm_providers.database import Database
from pm_providers.effects import may_write
from pm_providers.errors import FATAL, PMError, ProviderError, ValidationError
from pm_providers.model import Entity, PMTask
from pm_providers.store.sync_history import DONE, FAILED, UNSURE, add_intents, finish_write, finish_writes
from pm_providers.store.sync_links import Link, change_many, links_by_id, save_link, wake_children
from pm_providers.store.sync_state import write_fenced
from pm_providers.store.sync_tries import FRESH, tried_in_vain
from pm_providers.sync.agreement import differs, written
from pm_providers.sync.labels import Labels
from pm_providers.sync.plan import Act, Decision, LinkView
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import LEFT, RIGHT, other
from pm_providers.sync.rejections import NOT_HERE, less_of, rejected
from pm_providers.sync.side import Side
from pm_providers.sync.values import CUSTOM, Snapshot, snapshot_of

__all__ = ["FATAL", "TASK", "Creator", "SpentError", "fewer", "ours", "problem_of"]

TASK = Entity.TASK.value
T = TypeVar("T")

_ROUNDS = 8
_CUSTOM = "custom_fields."
"""Why a type is not carried that another place would need: there is nothing to wait for."""

_Item = tuple[LinkView, Decision]
_Pending = tuple[_Item, PMTask, str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class _Made:
    """An item that was made.

    Attributes:
        view: link that it is of.
        one: decision to make it.
        write_id: the intent.
        notes: field -> why it was left out.
        item: as the system answered.
        after: what it says.
    """

    view: LinkView
    one: Decision
    write_id: str
    notes: Mapping[str, str]
    item: PMTask
    after: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", snapshot_of(self.item))


class SpentError(Exception):
    """The run's budget of writes is used up."""


class _UnsentError(ProviderError):
    """It was not sent, for what became of others."""


class Creator:
    """Makes items on both sides.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        run_id: run that the history names.
        fence: number of the run's lease.
        sides: both sides.
        planner: learns of new pairs.
        budget: writes that are left; `None` for no bound.
        on_write: called after each write with what it was.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        run_id: str,
        fence: int,
        sides: Mapping[str, Side],
        planner: Planner,
        *,
        budget: int | None = None,
        on_write: Callable[[Decision], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._run_id = run_id
        self._fence = fence
        self._sides = sides
        self._planner = planner
        self._left = budget
        self._on_write = on_write
        self.counts: Counter[str] = Counter()
        self.labels = Labels(mapping_id, run_id, self._write, self._spend, self.counts, on_write)

    @property
    def left(self) -> int | None:
        """Writes that are left of the budget."""
        return self._left

    async def _write(self, work: Callable[[SqlConnection], Any]) -> Any:
        """A transaction of this run; nothing when another took over."""
        return await write_fenced(self._db, self._mapping_id, self._fence, work)

    def _spend(self, count: int = 1) -> None:
        if self._left is None:
            return
        if self._left < count:
            raise SpentError
        self._left -= count

    def _intent(
        self, one: Decision, before: Mapping[str, Any] | None, basis: Mapping[str, Any]
    ) -> dict[str, Any]:
        action = {Act.CREATE: "create", Act.DELETE: "delete"}.get(one.act, "update")
        lost = {
            clash.field: {"winner": clash.winner, LEFT: clash.left, RIGHT: clash.right, "note": clash.note}
            for clash in one.clashes
            if clash.winner
        }
        return {
            "run_id": self._run_id,
            "mapping_id": self._mapping_id,
            "link_id": one.link_id,
            "entity": TASK,
            "side": one.side,
            "action": action,
            "remote_id": one.remote_id or None,
            "title": one.title[:500],
            "wanted": {step.field: step.new for step in one.steps},
            "basis": dict(basis),
            "before": None if before is None else dict(before),
            "lost": lost or None,
        }

    async def create(self, items: Sequence[_Item]) -> None:
        """Create items on one side, many at once; what one rejects is left out and tried again.

        Raises:
            SpentError: the budget is used up; what it was enough for was made.
            PMError: one of `FATAL`, or another run took over.
        """
        items, _ = await self._each(items, lambda one: self.labels.make(self._sides[one.side], one.steps))
        room = len(items) if self._left is None else min(len(items), self._left)
        if room:
            self._spend(room)
            await self._create(items[:room])
        if room < len(items):
            raise SpentError

    async def _each(
        self, items: Sequence[_Item], work: Callable[[Decision], Awaitable[T]]
    ) -> tuple[list[_Item], list[T]]:
        """What work for each item gave; without the items, which are noted, for which it failed."""
        good, found = [], []
        for view, one in items:
            try:
                found.append(await work(one))
            except FATAL:
                raise
            except PMError as error:
                self.counts[FAILED] += 1
                await self._write(partial(tried_in_vain, link_id=view.id, why=str(error)))
            else:
                good.append((view, one))
        return good, found

    async def _create(self, items: Sequence[_Item]) -> None:
        side = self._sides[items[0][1].side]
        items, tasks = await self._each(items, lambda one: side.task(one.steps))
        rows = [self._intent(one, None, view.state(other(one.side))) for view, one in items]
        ids = await self._write(lambda conn: add_intents(conn, rows))
        pending: list[_Pending] = list(zip(items, tasks, ids, [{} for _ in items], strict=True))
        fatal: PMError | None = None
        for _ in range(_ROUNDS):
            if not pending:
                break
            pending, stops = await self._in_turn(side, pending)
            fatal = stops or fatal
        for item, _, write_id, notes in pending:
            error = ValidationError("; ".join(notes.values()) or "the system kept rejecting fields")
            await self._not_created(item[0], write_id, error)
        if fatal is not None:
            raise fatal

    async def _in_turn(
        self, side: Side, pending: Sequence[_Pending]
    ) -> tuple[list[_Pending], PMError | None]:
        """As `_attempt`, with no more at once than is under way at once.

        What each attempt made is stored by this run alone: one that was frozen, and wakes up after another
        took over, sends nothing more.
        """
        capabilities = side.provider.capabilities
        is_bulk = capabilities.operations["create_tasks"].support is Support.NATIVE
        size = len(pending) if is_bulk else max(1, capabilities.limits.concurrency)
        again: list[_Pending] = []
        for start in range(0, len(pending), size):
            left, fatal = await self._attempt(side, pending[start : start + size])
            again += left
            if fatal is not None:
                unsent = _UnsentError(f"not sent, because: {fatal}")
                for item, _, write_id, _ in (*again, *pending[start + size :]):
                    await self._not_created(item[0], write_id, unsent)
                return [], fatal
        return again, None

    async def _attempt(
        self, side: Side, pending: Sequence[_Pending]
    ) -> tuple[list[_Pending], PMError | None]:
        """Send items; those that are to be sent again, and the error after which no run can go on."""
        try:
            await may_write()
            result = await side.provider.create_tasks([task for _, task, _, _ in pending])
        except PMError as error:
            for item, _, write_id, _ in pending:
                await self._not_created(item[0], write_id, error)
            return [], error if isinstance(error, FATAL) else None
        again: list[_Pending] = []
        fatal: PMError | None = None
        answers = list(zip(pending, result, strict=True))
        made = [
            _Made(*item, write_id, notes, outcome.item)
            for (item, _, write_id, notes), outcome in answers
            if outcome.item is not None
        ]
        if made:
            await self._created(made)
        for (item, task, write_id, notes), outcome in answers:
            if outcome.item is not None:
                continue
            unknown = ProviderError("the system did not say what became of it", maybe_applied=True)
            why = outcome.error or unknown
            less = fewer(task, why)
            if less is None:
                fatal = await self._not_created(item[0], write_id, why) or fatal
            else:
                again.append((item, less[0], write_id, {**notes, **less[1]}))
        return again, fatal

    async def _created(self, made: Sequence[_Made]) -> None:
        """Record items that were made on one side, with what both agree on by it: one transaction."""
        source = other(made[0].one.side)

        def work(conn: SqlConnection) -> None:
            rows = {one.write_id: {"after": one.after, "remote_id": one.item.id} for one in made}
            finish_writes(conn, DONE, rows)
            links = links_by_id(conn, [one.view.id for one in made])
            columns = {
                one.view.id: self._columns(links[one.view.id], one) for one in made if one.view.id in links
            }
            change_many(conn, columns)
            wake_children(conn, self._mapping_id, source, [one.view.ids[source] for one in made])

        await self._write(work)
        for one in made:
            ids = {one.one.side: one.item.id, source: one.view.ids[source]}
            self._planner.learn(ids[LEFT], ids[RIGHT])
            self.counts["create"] += 1
            self._on_write(one.one)

    def _columns(self, link: Link, made: _Made) -> dict[str, Any]:
        """What a link says after the item of one side was made."""
        view, one, after = made.view, made.one, made.after
        source, at = other(one.side), made.item.updated_at
        waits = dict(one.waits) | self._rejected(
            one.side, {ours(name): why for name, why in made.notes.items()}
        )
        apart = {self._planner.name_on(source, name) for name in one.apart}
        names = {*link.agreed_on(source), *view.state(source)} - apart
        basis = {name: view.state(source).get(name) for name in names}
        values = written(
            link, one.side, after, at=None if at is None else at.isoformat(),
            sent={*link.agreed_on(one.side), *after}, basis=basis,
        )  # fmt: skip
        values |= {f"{one.side}_id": made.item.id, "problem": problem_of({**one.held, **made.notes})}
        values |= {"held": waits or None, "parts_due": True, **FRESH}
        if link.gone_on(source) is None:
            said = link.state_on(source)
            values["dirty"] = differs(values[f"{source}_agreed"], said, apart)
        return values

    def _rejected(self, side: str, notes: Mapping[str, str]) -> dict[str, str]:
        """Fields that a side rejected, by their names on the left -> side whose value waits."""
        names = [name for name, why in notes.items() if not why.startswith(NOT_HERE)]
        left = (self._planner.across(RIGHT, name) if side == RIGHT else name for name in names)
        return dict.fromkeys(left, other(side))

    async def _not_created(self, view: LinkView, write_id: str, error: PMError) -> PMError | None:
        """Record it; the error where the run cannot go on."""
        state = UNSURE if error.maybe_applied else FAILED

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, state, error=str(error))
            if state == FAILED and not isinstance(error, (*FATAL, _UnsentError)):
                tried_in_vain(conn, view.id, str(error))
            else:
                save_link(conn, view.id, problem=str(error))

        await self._write(work)
        self.counts[state] += 1
        return error if isinstance(error, FATAL) else None


def ours(name: str) -> str:
    """The field of a snapshot that a field of a task stands for."""
    table = {"parent_task_id": "parent", "assignee_id": "assignees", "assignee_ids": "assignees",
             "sprint_id": "sprint", "label_ids": "labels"}  # fmt: skip
    return CUSTOM + name[len(_CUSTOM) :] if name.startswith(_CUSTOM) else table.get(name, name)


def problem_of(notes: Mapping[str, str]) -> str | None:
    """What is not carried and why, in one line."""
    return "; ".join(f"{name}: {why}" for name, why in notes.items()) or None


def fewer(task: PMTask, error: PMError) -> tuple[PMTask, Mapping[str, str]] | None:
    """The task without the fields that were rejected; `None` where that cannot help."""
    if {"title", "project_id"} & set(rejected(error)):
        return None
    names = [
        name for name in PMTask.__dataclass_fields__ if getattr(task, name) not in (None, [], {}, "", ())
    ]
    less = less_of({name: getattr(task, name) for name in names}, error)
    return None if less is None else (PMTask(**less[0]), less[1])
