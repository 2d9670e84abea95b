"""What people do around tasks, and what must have become of it in the end: rules of the vendors' machine."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any

import hypothesis.strategies as st

from pm_providers.errors import PMError
from pm_providers.model import PMChecklist, PMChecklistItem, PMTask
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, SIDES
from tests.sync.around import KINDS, LABELS, Around, sprint_token
from tests.sync.machine import SyncMachine
from tests.sync.marks import Marks, State
from tests.sync.oracle import token
from tests.sync.vendor_world import VendorWorld

OF_TASKS = frozenset({"labels", "people", "sprint of"})
"""Kinds that a run reads with the tasks; of the rest it need not hear unless it reads all."""

_OF_PARTS = frozenset({"name of", "done"})
_PLAYED = {"sprint of": "sprints", "name of": "sprints", "done": "checklists"}
"""Kind of a single value -> kind that people play with."""

SPRINTS = 3
_FULL_RUNS = 5
CHOSEN = st.sets(st.sampled_from(KINDS), max_size=3).map(sorted)
"""Kinds that a life plays with."""


class AroundMachine(SyncMachine):
    """Rules about what stands around tasks. Each is nothing where the life does not play with its kind."""

    world: VendorWorld
    around: Around
    marks: Marks
    sprints_made: list[str]
    quiet = False

    def does(self, kind: str, coroutine: Any, *given: Any) -> None:
        """One thing that people do; what a system refuses did not happen."""
        if kind in self.around.kinds:
            self.play(self.tried(coroutine, *given))

    async def tried(self, coroutine: Any, *given: Any) -> None:
        with contextlib.suppress(PMError):
            await coroutine(*given)

    # labels and people

    def label(self, side: str, pick: int, number: int, how: str) -> None:
        self.does("labels", self.labelled, side, pick, number, how)

    async def labelled(self, side: str, pick: int, number: int, how: str) -> None:
        task = await self.one_of(side, pick)
        if task is not None:
            await self.labels_put(side, task, number, how)

    async def labels_put(self, side: str, task: PMTask, number: int, how: str) -> None:
        names = await self.around.label_names(side)
        before = {names.get(one, one).casefold() for one in task.label_ids}
        one = LABELS[number % len(LABELS)]
        values = await self.around.wearing(side, self._members("labels", side, before, one, how))
        if values is None:
            return
        after = await self.updated(side, task, values)
        names = await self.around.label_names(side)
        now = {names.get(one, one).casefold() for one in after.label_ids}
        self.marks.changed(side, ("labels", token(task)), before, now)

    def assign(self, side: str, pick: int, number: int, how: str) -> None:
        self.does("people", self.assigned, side, pick, number, how)

    async def assigned(self, side: str, pick: int, number: int, how: str) -> None:
        task = await self.one_of(side, pick)
        if task is not None:
            await self.people_put(side, task, number, how)

    async def people_put(self, side: str, task: PMTask, number: int, how: str) -> None:
        before = self.around.persons(side, task)
        one = f"person{number % len(self.around.pairs)}"
        values = self.around.assignees(side, self._members("people", side, before, one, how))
        after = await self.updated(side, task, values)
        self.marks.changed(side, ("people", token(task)), before, self.around.persons(side, after))

    def _members(self, kind: str, side: str, before: set[str], one: str, how: str) -> set[str]:
        if how == "remove":
            return before - ({one} if one in before else set(sorted(before)[:1]))
        is_full = self.around.most[kind].get(side) == 1
        return {one} if how == "replace" or is_full else before | {one}

    async def worn(self, side: str) -> dict[str, Any]:
        """What some new tasks begin with."""
        number = next(self.numbers)
        found: dict[str, Any] = {}
        if "labels" in self.around.kinds and number % 2:
            found |= await self.around.wearing(side, {LABELS[number % len(LABELS)]}) or {}
        if "people" in self.around.kinds and number % 3:
            found |= self.around.assignees(side, {f"person{number % len(self.around.pairs)}"})
        return found

    async def updated(self, side: str, task: PMTask, values: dict[str, Any]) -> PMTask:
        """A task that people changed."""
        after = await self.world.sides[side].update_task(task.id, values)
        self.oracle.edited(side, task, after)
        return after

    async def begun(self, side: str, task: PMTask) -> None:
        """A task is new."""
        if "labels" in self.around.kinds and task.label_ids:
            names = await self.around.label_names(side)
            worn = {names.get(one, one).casefold() for one in task.label_ids}
            self.marks.changed(side, ("labels", token(task)), set(), worn)
        if "people" in self.around.kinds:
            self.marks.changed(side, ("people", token(task)), set(), self.around.persons(side, task))

    # sprints

    def new_sprint(self, side: str) -> None:
        self.does("sprints", self.sprint_made, side)

    async def sprint_made(self, side: str) -> None:
        number = len(self.sprints_made)
        if number == SPRINTS:
            return
        made = await self.around.new_sprint(side, self.fresh("Sprint"), number)
        self.sprints_made.append(sprint_token(made))
        self.marks.changed(side, ("sprints", ""), set(), {sprint_token(made)})
        self.marks.wrote(side, ("name of", sprint_token(made)), made.name.casefold())

    def rename_sprint(self, side: str, number: int) -> None:
        self.does("sprints", self.sprint_renamed, side, number)

    async def sprint_renamed(self, side: str, number: int) -> None:
        known = sorted((await self.around.sprints(side)).values(), key=lambda one: one.name)
        if known:
            one = known[number % len(known)]
            name = f"{one.name.split()[0]} {self.fresh('s')}"
            after = await self.world.sides[side].update_sprint(one.id, {"name": name})
            self.marks.wrote(side, ("name of", sprint_token(one)), after.name.casefold())

    def into_sprint(self, side: str, pick: int, number: int) -> None:
        self.does("sprints", self.put_into_sprint, side, pick, number)

    async def put_into_sprint(self, side: str, pick: int, number: int) -> None:
        """The last choice is none."""
        task = await self.one_of(side, pick)
        known = sorted((await self.around.sprints(side)).values(), key=lambda one: one.name)
        if task is None or (task.parent_task_id and self.world.tree == "two"):
            return
        one = [*known, None][number % (len(known) + 1)]
        await self.updated(side, task, {"sprint_id": one and one.id})
        self.marks.wrote(side, ("sprint of", token(task)), one and sprint_token(one))

    # relations

    def relate(self, side: str, pick: int, onto: int) -> None:
        self.does("relations", self.related, side, pick, onto)

    async def related(self, side: str, pick: int, onto: int) -> None:
        one, two = await self.one_of(side, pick), await self.one_of(side, onto)
        if one is not None and two is not None and one.id != two.id:
            await self.relation_put(side, one, two)

    async def relation_put(self, side: str, one: PMTask, two: PMTask) -> None:
        names = {task.id: token(task) for task in (one, two)}
        if not await self.around.relations(side, one, names):
            made = await self.world.sides[side].create_relation(self.around.relation(side, one, two))
            said = set(await self.around.relations(side, one, names))
            assert said, f"{made} does not stand there"
            self.marks.changed(side, ("relations", ""), set(), said)

    def unrelate(self, side: str, pick: int, number: int) -> None:
        self.does("relations", self.unrelated, side, pick, number)

    async def unrelated(self, side: str, pick: int, number: int) -> None:
        """One of those that there are."""
        tasks = await self.world.listed(side)
        names = {one.id: token(one) for one in tasks}
        known: list[tuple[str, list[str], PMTask]] = []
        for task in tasks:
            found = await self.around.relations(side, task, names)
            known += [(said, ids, task) for said, ids in sorted(found.items())]
        if known:
            said, ids, task = known[(pick + number) % len(known)]
            await self.world.sides[side].delete_relation(ids[0], task_id=task.id)
            self.marks.changed(side, ("relations", ""), {said}, set())

    # checklists and files

    def check(self, side: str, pick: int, number: int, how: str) -> None:
        self.does("checklists", self.checked, side, pick, number, how)

    async def checked(self, side: str, pick: int, number: int, how: str) -> None:
        task = await self.one_of(side, pick)
        if task is None:
            return
        lists = await self.around.checklists(side, task)
        if how == "list" or not lists:
            await self.list_put(side, task, self.fresh("L"), self.fresh("i"))
        else:
            await self._item_changed(side, task, lists[number % len(lists)], number, how)

    async def list_put(self, side: str, task: PMTask, name: str, item: str) -> None:
        await self.around.new_checklist(side, task, name, item)
        self.marks.changed(side, ("checklists", token(task)), set(), {name, f"{name}/{item}"})
        self.marks.wrote(side, ("done", f"{token(task)} {name}/{item}"), False)

    async def _item_changed(self, side: str, task: PMTask, one: PMChecklist, number: int, how: str) -> None:
        client, key = self.world.sides[side], ("checklists", token(task))
        where: dict[str, Any] = {"checklist_id": one.id, "task_id": task.id}
        if how == "item" or not one.items:
            new = self.fresh("i")
            await client.create_checklist_item(
                PMChecklistItem(title=new, checklist_id=one.id), task_id=task.id
            )
            self.marks.changed(side, key, set(), {f"{one.name}/{new}"})
            self.marks.wrote(side, ("done", f"{token(task)} {one.name}/{new}"), False)
            return
        item = one.items[number % len(one.items)]
        line = f"{one.name}/{item.title}"
        if how == "tick":
            await client.update_checklist_item(item.id, {"is_done": not item.is_done}, **where)
            self.marks.wrote(side, ("done", f"{token(task)} {line}"), not item.is_done)
        else:
            await client.delete_checklist_item(item.id, **where)
            self.marks.changed(side, key, {line}, set())

    def attach(self, side: str, pick: int) -> None:
        self.does("files", self.attached, side, pick)

    async def attached(self, side: str, pick: int) -> None:
        task = await self.one_of(side, pick)
        if task is not None:
            name = f"{self.fresh('f')}.txt"
            await self.around.attach(side, task, name)
            self.marks.changed(side, ("files", token(task)), set(), {name})

    # the same on both sides, before a run knows of either

    def both(self, kind: str, pick: int, onto: int, number: int) -> None:
        """Things that merge, or that are the same thing twice."""
        self.does(kind, self.both_done, kind, pick, onto, number)

    async def both_done(self, kind: str, pick: int, onto: int, number: int) -> None:
        one, two = await self.one_of(LEFT, pick), await self.one_of(LEFT, onto)
        tasks = {side: {token(task): task for task in await self.world.listed(side)} for side in SIDES}
        called = [token(task) for task in (one, two) if task is not None]
        if len(called) < len(SIDES) or not all(name in tasks[side] for name in called for side in SIDES):
            return
        same = (self.fresh("L"), self.fresh("i"))
        for place, side in enumerate(SIDES):
            first, second = (tasks[side][name] for name in called)
            if kind == "labels":
                await self.labels_put(side, first, number + place, "add")
            elif kind == "people":
                await self.people_put(side, first, number + place, "add")
            elif kind == "relations" and first.id != second.id:
                await self.relation_put(side, first, second)
            elif kind == "checklists":
                await self.list_put(side, first, *same)

    # anything, while a run goes on

    async def meanwhile(self, side: str, pick: int, name: str, what: str) -> None:
        if what == "around":
            await self.something(side, pick)
        else:
            await super().meanwhile(side, pick, name, what)

    async def something(self, side: str, pick: int) -> None:
        """One thing around a task."""
        number = next(self.numbers)
        what: dict[str, Any] = {
            "labels": lambda: self.labelled(side, pick, number, ("add", "remove", "replace")[number % 3]),
            "people": lambda: self.assigned(side, pick, number, ("add", "remove", "replace")[number % 3]),
            "sprints": lambda: self.put_into_sprint(side, pick, number),
            "relations": lambda: self.related(side, pick, number),
            "checklists": lambda: self.checked(
                side, pick, number, ("list", "item", "tick", "remove")[number % 4]
            ),
            "files": lambda: self.attached(side, pick),
        }
        kinds = sorted(self.around.kinds)
        if kinds:
            await self.tried(what[kinds[number % len(kinds)]])

    # the end

    def observed_run(self, options: RunOptions | None = None) -> None:
        lags = [one.wire.lag_s for one in self.world.ends.values() if one.wire is not None]
        self.quiet = not self.world.fate.meanwhile and not any(lags)
        super().observed_run(options)

    def agreed_on(self, options: RunOptions | None) -> None:
        """What nobody touched meanwhile counts from here on, as far as the run looked at it."""
        self.oracle.agreed(self.play(self.world.listed(LEFT)), quiet=self.quiet)
        if self.quiet and self.around.kinds:
            looked_at = {*KINDS, *OF_TASKS, *_OF_PARTS} if options and options.full else set(OF_TASKS)
            self.marks.agreed(self.seen(looked_at), looked_at)

    def seen(self, kinds: Collection[str]) -> dict[str, State]:
        """What both sides show."""
        asked = {_PLAYED.get(one, one) for one in kinds}
        return {side: self.play(self.around.state(side, asked)) for side in SIDES}

    def rested(self) -> None:
        """Runs that read all come to an end, and then both sides say the same."""
        for _ in range(_FULL_RUNS):
            report = self.play(self.world.run(RunOptions(full=True)))
            if not report.writes:
                break
        assert not report.writes, f"no end: {report.counts} {report.decisions}"
        self.marks.free = self.oracle.deleted
        self.marks.check(self.seen(KINDS))
