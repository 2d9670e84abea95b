"""The state machine over two real systems; see `vendor_world` for what goes wrong, and where."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st

from pm_providers.errors import PMError
from pm_providers.model import PMComment, PMTask
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import SIDES, Policy
from tests.sync.around import policy_parts
from tests.sync.around_machine import CHOSEN, AroundMachine
from tests.sync.marks import Marks
from tests.sync.vendor_world import VendorWorld

LAG_S = 30.0
WINDOW_S = 10
_SNAPSHOT = {"labels": "labels", "people": "assignees", "sprints": "sprint"}
"""Kinds of what stands around tasks that stand in them -> field of their snapshots."""


class VendorMachine(AroundMachine):
    """Two systems by their harnesses; a subclass for each pair.

    Attributes:
        kinds: harnesses, left and right.
    """

    kinds: ClassVar[tuple[Any, Any]]
    world: VendorWorld

    beginnings: ClassVar[Any] = st.fixed_dictionaries(
        {
            "conflicts": st.sampled_from(["newest", "left", "right"]),
            "skew": st.sampled_from([0, 300, -300, -86_400]),
            "late": st.booleans(),
            "comments": st.booleans(),
            "quota": st.sampled_from([0, 0, 25]),
            "around": CHOSEN,
        }
    )

    def begin(
        self,
        conflicts: str,
        skew: int,
        late: bool,
        comments: bool,
        quota: int = 0,
        around: Collection[str] = (),
    ) -> None:
        policy = Policy(
            conflicts=conflicts,
            fuse_least=10_000,
            fuse_overwrite_least=10_000,
            settle_s=3600.0 * late,
            parts=policy_parts(around) | ({"comments"} if comments else set()),
        )
        self.lossy, self.late, self.comments = False, late, comments
        self.numbers = itertools.count(1)
        self.folder = Path(tempfile.mkdtemp(prefix="pm-sync-"))
        self.marks, self.sprints_made = Marks(), []
        self.play(self.began(VendorWorld(self.db, self.kinds, policy, self.folder, float(skew)), around))
        for one in self.world.ends.values() if quota else ():
            one.limit(quota, WINDOW_S)

    async def began(self, world: VendorWorld, around: Collection[str]) -> None:
        self.world = world
        await world.open()
        self.around = await world.with_around(around)
        self.marks.most, self.marks.lacks = self.around.most, self.around.lacks
        self.oracle = world.judge()
        self.compared = frozenset(self.oracle.fields) | ({"parent"} if world.tree == "free" else set())
        self.compared |= {_SNAPSHOT[one] for one in self.around.kinds & set(_SNAPSHOT)}
        if self.around.inherits:
            self.compared -= {"sprint"}

    def value(self, name: str, task: PMTask) -> Any:
        if name not in self.world.values:
            return super().value(name, task)
        number, now = next(self.numbers), getattr(task, name)
        known = [one for one in self.world.values[name] if one not in {now, "medium"}]
        return known[number % len(known)]

    # edits by people; what a system refuses did not happen

    async def created(self, side: str, above: PMTask | None) -> None:
        flat = self.world.tree == "flat" or (self.world.tree == "two" and above and above.parent_task_id)
        with contextlib.suppress(PMError):
            await super().created(side, None if flat else above)

    async def existing(self, side: str, task: PMTask) -> None:
        await self.begun(side, task)

    async def edited(self, side: str, task: PMTask, values: dict[str, Any]) -> None:
        if not set(values) - {"parent_task_id"} <= self.world.holds:
            return
        with contextlib.suppress(PMError):
            await super().edited(side, task, values)

    async def deleted(self, side: str, task: PMTask) -> None:
        with contextlib.suppress(PMError):
            await super().deleted(side, task)

    def clear(self, side: str, pick: int) -> None:
        """The text; not all systems can do without a priority."""
        task = self.play(self.one_of(side, pick))
        if task is not None:
            self.play(self.edited(side, task, {"description": None}))

    def move(self, side: str, pick: int, onto: int) -> None:
        task, parent = self.play(self.one_of(side, pick)), self.play(self.one_of(side, onto))
        if task is not None and parent is not None and self.may_move(task, parent):
            self.play(self.edited(side, task, {"parent_task_id": parent.id}))

    def may_move(self, task: PMTask, parent: PMTask) -> bool:
        if self.world.tree == "two":
            return task.parent_task_id is not None and parent.parent_task_id is None
        return self.world.tree == "free"

    def comment(self, side: str, pick: int) -> None:
        task = self.play(self.one_of(side, pick))
        if task is not None and self.comments and self.world.with_comments:
            self.play(self.commented(side, task))

    async def commented(self, side: str, task: PMTask) -> None:
        word = self.fresh("c")
        with contextlib.suppress(PMError):
            await self.world.sides[side].create_comment(PMComment(task_id=task.id, body=word))
            self.oracle.commented(task, word)

    def list_late(self, side: str, number: int) -> None:
        """The next run reads from an index that is behind."""
        if self.late:
            self.world.be_late(side, LAG_S * number)

    def wait(self, seconds: int) -> None:
        self.world.hours.advance(seconds)

    def run_full(self) -> None:
        """All of both sides is read."""
        self.observed_run(RunOptions(full=True))

    def restart(self) -> None:
        """The next run is another process, which knows nothing of what the last one knew."""
        for one in self.world.ends.values():
            self.play(one.reopen())

    # the end

    def converged(self) -> None:
        self.play(self.world.revive())
        if self.late:
            with contextlib.suppress(PMError):
                self.play(self.world.run())
            self.world.policy = replace(self.world.policy, settle_s=0.0)
        self.world.hours.advance(1000)
        self.play(self.world.run(RunOptions(full=True)))
        super().converged()
        if self.comments and self.world.with_comments:
            self.play(self.heard())

        if self.around.kinds:
            self.rested()

    async def heard(self) -> None:
        for side in SIDES:
            for task in await self.world.listed(side):
                self.oracle.check_comments(side, task, await self.said(side, task))

    async def said(self, side: str, task: PMTask) -> list[str]:
        """Comments but those that stand for files."""
        bodies = await self.world.comments(side, task.id)
        return [body for body in bodies if not any(name in body for name in self.around.files)]

    def closed(self) -> None:
        super().closed()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)
