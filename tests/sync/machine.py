"""Random edits on both sides, faults and deaths between: afterwards both sides agree, and nothing was lost.

Each value that anybody writes is unique, so that whatever a run takes away can be looked up in the history.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import Engine as SqlEngine

from pm_providers.errors import PMError
from pm_providers.model import PMTask
from pm_providers.store.sync_history import list_writes
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.values import FIELDS
from tests.sync.oracle import Oracle, token
from tests.sync.play import PlayProvider
from tests.sync.world import World, mortal

T = TypeVar("T")
SIDE = st.sampled_from(SIDES)
PICK = st.integers(0, 7)
NAME = st.sampled_from(["title", "description", "estimated_hours", "status", "priority", "due_date"])
CHOICES = {
    "status": ["todo", "in_progress", "completed", "blocked"],
    "priority": ["low", "medium", "high", "highest"],
}


async def in_time(coroutine: Coroutine[Any, Any, T]) -> T:
    """A result that does not come is a failure, too."""
    async with asyncio.timeout(60):
        return await coroutine


def _age(called: str) -> int:
    return int(called[1:])


class SyncMachine(RuleBasedStateMachine):
    """Two systems in memory; subclasses play with others.

    Attributes:
        compared: fields of snapshots that nobody but people and the sync change.
    """

    db: ClassVar[SqlEngine]
    loop: ClassVar[asyncio.Runner]
    compared: frozenset[str] = frozenset(FIELDS)

    async def systems(self) -> tuple[Any, Any]:
        return PlayProvider("l"), PlayProvider("r")

    beginnings: ClassVar[Any] = st.fixed_dictionaries(
        {
            "conflicts": st.sampled_from(["newest", "left", "right"]),
            "skew": st.sampled_from([0, 1, -1]),
            "lossy": st.booleans(),
            "versions": st.booleans(),
            "late": st.booleans(),
        }
    )
    """What `begin` is called with."""

    @initialize(
        conflicts=st.sampled_from(["newest", "left", "right"]),
        skew=st.sampled_from([0, 1, -1]),
        lossy=st.sampled_from([False, True]),
        versions=st.booleans(),
        late=st.booleans(),
    )
    def begin(self, conflicts: str, skew: int, lossy: bool, versions: bool, late: bool) -> None:
        policy = Policy(
            conflicts=conflicts, fuse_least=10_000, fuse_overwrite_least=10_000, settle_s=3600.0 * late
        )
        self.lossy, self.late = lossy, late
        self.numbers = itertools.count(1)
        self.oracle = Oracle()
        self.play(self.opened(policy))
        for side, one in self.world.sides.items():
            if isinstance(one, PlayProvider):
                one.versions = versions
                one.lossy = lossy and side == RIGHT
                one.skew = timedelta(days=skew if side == LEFT else 0)

    async def opened(self, policy: Policy) -> None:
        self.world = await World(self.db, await self.systems(), policy).open()

    def play(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(in_time(coroutine))

    def fresh(self, word: str) -> str:
        return f"{word}{next(self.numbers)}"

    async def one_of(self, side: str, pick: int) -> PMTask | None:
        tasks = sorted(await self.world.listed(side), key=lambda task: task.title)
        return tasks[pick % len(tasks)] if tasks else None

    # edits by people

    async def created(self, side: str, above: PMTask | None) -> None:
        task = await self.world.add(
            side,
            self.fresh("T"),
            parent_task_id=above.id if above else None,
            description=self.fresh("d"),
            **await self.worn(side),
        )
        self.oracle.created(side, task)
        await self.existing(side, task)

    async def worn(self, side: str) -> dict[str, Any]:
        """Further values of a new task."""
        del side
        return {}

    async def existing(self, side: str, task: PMTask) -> None:
        """A task is new; of systems in memory there is no more to know."""

    async def edited(self, side: str, task: PMTask, values: dict[str, Any]) -> None:
        tells = "description" in values or ("title" in values and not task.description)
        if tells and await self.is_in_limbo(task):
            return
        after = await self.world.sides[side].update_task(task.id, values)
        self.oracle.edited(side, task, after)

    async def deleted(self, side: str, task: PMTask) -> None:
        before = {one.id: one for one in await self.world.listed(side)}
        await self.world.sides[side].delete_task(task.id)
        left = {one.id for one in await self.world.listed(side)}
        self.oracle.removed([one for key, one in before.items() if key not in left])

    @rule(side=SIDE, pick=PICK, below=st.booleans())
    def create(self, side: str, pick: int, below: bool) -> None:
        self.play(self.create_now(side, pick, below))

    async def create_now(self, side: str, pick: int, below: bool) -> None:
        await self.created(side, await self.one_of(side, pick) if below else None)

    @rule(side=SIDE, pick=PICK, name=NAME)
    def edit(self, side: str, pick: int, name: str) -> None:
        self.play(self.edit_now(side, pick, name))

    async def edit_now(self, side: str, pick: int, name: str) -> None:
        task = await self.one_of(side, pick)
        if task is not None:
            await self.edited(side, task, {name: self.value(name, task)})

    async def is_in_limbo(self, task: PMTask) -> bool:
        """Whether nobody knows yet that this was created: it is found again by its title or its text."""
        writes = await list_writes(self.db, mapping_id=self.world.mapping_id)
        open_ones = [one for one in writes if one.state in {"intent", "unsure"} and one.action == "create"]
        return any(token(task) == str(one.title).split()[0].casefold() for one in open_ones)

    def value(self, name: str, task: PMTask) -> Any:
        if name == "title":
            return f"{task.title.split()[0]} {self.fresh('t')}"
        if name == "description":
            lines = (task.description or "").split("\n\n")
            return "\n\n".join([*filter(None, lines[:3]), self.fresh("d")])
        if name == "estimated_hours":
            return 10.0 * next(self.numbers) + (0.25 if self.lossy else 0)
        if name == "due_date":
            return date(2026, 1, 7) + timedelta(weeks=next(self.numbers))  # a working day
        now = getattr(task, name)
        return next(one for one in CHOICES[name][next(self.numbers) % 3 :] if one != now)

    @rule(side=SIDE, pick=PICK, name=NAME)
    def edit_both(self, side: str, pick: int, name: str) -> None:
        """The same field of the same item on both sides."""
        self.play(self.edit_both_now(side, pick, name))

    async def edit_both_now(self, side: str, pick: int, name: str) -> None:
        task = await self.one_of(side, pick)
        if task is None:
            return
        for one in SIDES:
            for same in await self.world.listed(one):
                if same.title.split()[0].casefold() == task.title.split()[0].casefold():
                    await self.edited(one, same, {name: self.value(name, same)})

    @rule(side=SIDE, pick=PICK)
    def clear(self, side: str, pick: int) -> None:
        task = self.play(self.one_of(side, pick))
        if task is not None:
            self.play(self.edited(side, task, {"description": None, "priority": None}))

    @rule(side=SIDE, pick=PICK, onto=PICK)
    def move(self, side: str, pick: int, onto: int) -> None:
        task, parent = self.play(self.one_of(side, pick)), self.play(self.one_of(side, onto))
        if task is None or parent is None:
            return
        with contextlib.suppress(PMError):  # below itself: refused
            self.play(self.edited(side, task, {"parent_task_id": parent.id}))

    @rule(side=SIDE, pick=PICK)
    def delete(self, side: str, pick: int) -> None:
        task = self.play(self.one_of(side, pick))
        if task is not None:
            self.play(self.deleted(side, task))

    @rule(side=SIDE, number=st.integers(1, 3))
    def list_late(self, side: str, number: int) -> None:
        """The next list of a side tells what was before its last changes."""
        one = self.world.sides[side]
        if self.late and isinstance(one, PlayProvider):
            one.late = set(one.log[-number:])

    def comment(self, side: str, pick: int) -> None:
        """Nothing: systems in memory have no comments."""

    def wait(self, seconds: int) -> None:
        """Nothing: their clocks stand."""

    # runs

    def run_without_an_answer(self, number: int) -> None:
        """A read breaks off."""
        self.world.fate.reads = [""] * number + ["before"]
        self.observed_run()

    @rule()
    def run(self) -> None:
        self.observed_run()

    @rule(faults=st.lists(st.sampled_from(["", "before", "after", "limit"]), min_size=1, max_size=4))
    def run_with_faults(self, faults: list[str]) -> None:
        self.world.fate.faults = list(faults)
        self.observed_run()

    @rule(steps=st.integers(0, 40))
    def die(self, steps: int) -> None:
        self.world.fate.left = steps
        self.observed_run()

    @rule(
        calls=st.integers(1, 12),
        side=SIDE,
        pick=PICK,
        name=NAME,
        what=st.sampled_from(["edit", "delete", "create"]),
    )
    def run_while_people_work(self, calls: int, side: str, pick: int, name: str, what: str) -> None:
        self.world.fate.meanwhile = {calls: functools.partial(self.meanwhile, side, pick, name, what)}
        self.world.fate.gently = what in {"edit", "around"}
        self.observed_run()

    async def meanwhile(self, side: str, pick: int, name: str, what: str) -> None:
        task = await self.one_of(side, pick)
        if what == "create":
            await self.created(side, await self.safe(side, task))
        elif task is not None and what == "edit":
            await self.edited(side, task, {name: self.value(name, task)})
        elif task is not None and what == "delete":
            await self.deleted(side, task)

    def edit_between(self, side: str, pick: int, name: str, then: str, calls: int) -> None:
        """Somebody edits an item that the run is about to write: the same field of it, or the one that is named."""
        task = self.play(self.one_of(side, pick))
        if task is not None:
            self.play(self.edited(side, task, {name: self.value(name, task)}))
            edit = functools.partial(self.counterpart_edited, other(side), token(task), then or name)
            self.world.fate.meanwhile, self.world.fate.gently = {calls: edit}, True
            self.observed_run()

    async def counterpart_edited(self, side: str, called: str, name: str) -> None:
        for task in await self.world.listed(side):
            if token(task) == called:
                await self.edited(side, task, {name: self.value(name, task)})

    def lose_an_answer(self, side: str, number: int, name: str, late: bool) -> None:
        """Nobody knows whether an item was made; it is edited, and the next list may be late."""
        self.create(side, 0, below=False)
        called = max((one for one in self.oracle.made), key=_age)
        self.world.fate.faults = [*[""] * number, "after"]
        self.observed_run()
        self.play(self.counterpart_edited(side, called, name))
        if late:
            self.list_late(other(side), 1)
        self.observed_run()

    async def safe(self, side: str, task: PMTask | None) -> PMTask | None:
        """A parent that does not go while something is put below it: no call could know that in time."""
        at = task
        while at is not None:
            if token(at) in self.oracle.deleted:
                return None
            at = await self.world.sides[side].get_task(at.parent_task_id) if at.parent_task_id else None
        return task

    def run_full(self) -> None:
        """All of both sides is read: of systems in memory, that is no other run."""
        self.observed_run()

    def restart(self) -> None:
        """Nothing: systems in memory remember nothing."""

    def observed_run(self, options: RunOptions | None = None) -> None:
        """A run; whatever it takes away stands in the history."""
        before = {side: self.play(self.world.snapshots(side)) for side in SIDES}
        since, were_deleted = len(self.oracle.overwritten), set(self.oracle.deleted)
        ended = False
        with mortal(), contextlib.suppress(PMError):
            report = self.play(self.world.run(options))
            ended = report.state == "done" and not self.world.fate.dead
        self.play(self.world.revive())
        known = self.play(self.world.history()) + "".join(self.oracle.overwritten[since:])
        for side in SIDES:
            after = self.play(self.world.snapshots(side))
            for one, values in before[side].items():
                if values["title"].split()[0].casefold() in self.oracle.deleted - were_deleted:
                    continue  # meanwhile, by people
                for name, value in values.items():
                    if name in self.compared and after.get(one, {}).get(name) != value:
                        assert repr(value) in known, (
                            f"{name} of {one} on the {side} was {value!r}, and is lost"
                        )
        if ended and self.play(self.world.outline(LEFT)) == self.play(self.world.outline(RIGHT)):
            self.judged()
            self.agreed_on(options)

    def agreed_on(self, options: RunOptions | None) -> None:
        """A run ended well, and both sides say the same."""
        del options
        self.oracle.agreed(self.play(self.world.listed(LEFT)))

    def judged(self) -> None:
        known = self.play(self.world.history())
        for side in SIDES:
            tasks = self.play(self.world.listed(side))
            self.oracle.check_items(side, tasks)
            self.oracle.check_values(side, tasks, known)

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.converged()
        finally:
            self.closed()

    def closed(self) -> None:
        if hasattr(self, "world"):
            self.play(self.world.close())

    def converged(self) -> None:
        self.play(self.world.revive())
        if self.late:
            self.play(self.world.run())
            self.world.policy = replace(self.world.policy, settle_s=0.0)  # lists are late no more
        report = self.play(self.world.settled())
        assert report.writes == 0, f"no end: {report.counts} {report.decisions}"
        left, right = (self.play(self.world.outline(side)) for side in SIDES)
        assert left == right, f"{left}\n{right}"
        self.judged()
