"""Random edits on both sides, faults and deaths between: afterwards both sides agree, and nothing was lost.

The machine plays with two internal databases. Each value that anybody writes is unique, so that whatever a run
takes away can be looked up in the history.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from pm_providers.errors import PMError
from pm_providers.sync.policy import SIDES, Policy
from tests.sync.world import Death, World

SIDE = st.sampled_from(SIDES)
PICK = st.integers(0, 30)


class SyncMachine(RuleBasedStateMachine):
    template: Path

    @initialize(
        conflicts=st.sampled_from(["newest", "left", "right"]),
        deletes=st.sampled_from(["propagate", "detach"]),
    )
    def begin(self, conflicts, deletes):
        self.folder = Path(tempfile.mkdtemp(prefix="sync-machine-"))
        self.runner = asyncio.Runner()
        policy = Policy(conflicts=conflicts, deletes=deletes, fuse_least=10_000, settle_s=0)
        self.world = World(self.folder, self.template, policy)
        self.numbers = itertools.count(1)
        self.play(self.world.open())

    def play(self, coroutine):
        return self.runner.run(coroutine)

    def fresh(self, word):
        return f"{word}{next(self.numbers)}"

    def one_of(self, side, pick):
        tasks = sorted(self.play(self.world.tasks(side)).values(), key=lambda task: task.title)
        return tasks[pick % len(tasks)] if tasks else None

    # edits by people

    @rule(side=SIDE, pick=PICK, below=st.booleans())
    def create(self, side, pick, below):
        parent = self.one_of(side, pick) if below else None
        self.play(
            self.world.add(
                side,
                self.fresh("T"),
                parent_task_id=parent.id if parent else None,
                description=self.fresh("d"),
            )
        )

    @rule(
        side=SIDE,
        pick=PICK,
        name=st.sampled_from(["title", "description", "estimated_hours", "status", "priority"]),
    )
    def edit(self, side, pick, name):
        task = self.one_of(side, pick)
        if task is not None:
            self.play(self.world.sides[side].update_task(task.id, {name: self.value(name, task)}))

    def value(self, name, task):
        if name == "title":
            return f"{task.title.split()[0]} {self.fresh('t')}"
        if name == "description":
            lines = (task.description or "").split("\n\n")
            return "\n\n".join([*lines[:3], self.fresh("d")])
        if name == "estimated_hours":
            return float(1000 + next(self.numbers))
        choices = {
            "status": ["todo", "in_progress", "completed", "blocked"],
            "priority": ["low", "medium", "high", "highest"],
        }[name]
        return choices[next(self.numbers) % len(choices)]

    @rule(side=SIDE, pick=PICK)
    def clear(self, side, pick):
        task = self.one_of(side, pick)
        if task is not None:
            self.play(self.world.sides[side].update_task(task.id, {"description": None, "priority": None}))

    @rule(side=SIDE, pick=PICK, onto=PICK)
    def move(self, side, pick, onto):
        task, parent = self.one_of(side, pick), self.one_of(side, onto)
        if task is None or parent is None:
            return
        try:
            self.play(self.world.sides[side].update_task(task.id, {"parent_task_id": parent.id}))
        except PMError:
            return  # below itself: refused

    @rule(side=SIDE, pick=PICK)
    def delete(self, side, pick):
        task = self.one_of(side, pick)
        if task is not None:
            self.play(self.world.sides[side].delete_task(task.id))

    # runs

    @rule()
    def run(self):
        self.observed_run()

    @rule(faults=st.lists(st.sampled_from(["", "before", "after", "limit"]), min_size=1, max_size=4))
    def run_with_faults(self, faults):
        self.world.fate.faults = list(faults)
        self.observed_run()

    @rule(steps=st.integers(0, 40))
    def die(self, steps):
        self.world.fate.left = steps
        self.observed_run()

    def observed_run(self):
        """A run; whatever it takes away stands in the history."""
        before = {side: self.play(self.world.snapshots(side)) for side in SIDES}
        with contextlib.suppress(Death, PMError):
            self.play(self.world.run())
        self.play(self.world.revive())
        known = self.play(self.world.history())
        for side in SIDES:
            after = self.play(self.world.snapshots(side))
            for one, values in before[side].items():
                for name, value in values.items():
                    if after.get(one, {}).get(name) != value:
                        assert repr(value) in known, (
                            f"{name} of {one} on the {side} was {value!r}, and is lost"
                        )

    def teardown(self):
        if not hasattr(self, "world"):
            return
        try:
            self.converged()
        finally:
            self.play(self.world.close())
            self.runner.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def converged(self):
        self.play(self.world.revive())
        for _ in range(4):
            report = self.play(self.world.run())
        assert report.writes == 0, f"no end: {report.counts} {report.decisions}"
        left, right = (self.play(self.world.outline(side)) for side in SIDES)
        for rows in (left, right):
            tokens = [row[0].split()[0] for row in rows]
            assert len(tokens) == len(set(tokens)), f"doubled: {tokens}"
        if self.world.policy.deletes == "propagate":
            assert left == right


def test_both_sides_agree_whatever_happens(template):
    SyncMachine.template = template
    run_state_machine_as_test(
        SyncMachine, settings=settings(max_examples=8, stateful_step_count=20, deadline=None)
    )
