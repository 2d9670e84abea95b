"""Taking a run back: a run of its own, with intents, fence and history, so that it can be taken back as well.

Afterwards both sides count as agreed on what they say: what was taken back is not carried again by the next
run, until somebody edits it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.effects import elapsed
from pm_providers.errors import ConflictError, NotFoundError, PMError, ValidationError
from pm_providers.model import Entity
from pm_providers.store.sync_history import (
    DONE,
    FAILED,
    UNSURE,
    SyncRun,
    SyncWrite,
    add_intents,
    end_run,
    finish_write,
    list_runs,
    list_writes,
    open_writes,
    start_run,
)
from pm_providers.store.sync_links import (
    DETACHED,
    LINKED,
    children_of,
    drop_links,
    links_by_id,
    save_link,
)
from pm_providers.store.sync_state import (
    LEASE_S,
    get_state,
    release_lease,
    renew_lease,
    take_lease,
    write_fenced,
)
from pm_providers.sync.alive import kept_alive
from pm_providers.sync.applying import FATAL
from pm_providers.sync.decisions import Act, Decision, Step
from pm_providers.sync.engine import Engine, RunReport
from pm_providers.sync.leave import leave_to_write
from pm_providers.sync.parts_model import NEW
from pm_providers.sync.policy import SIDES
from pm_providers.sync.side import Side
from pm_providers.sync.undo import Undone, decide_undo, folded
from pm_providers.sync.undoing_around import label_left, made_again, put_apart, with_members
from pm_providers.sync.undoing_outcomes import came_back, removed, restored
from pm_providers.sync.undoing_parts import PartsUndoing
from pm_providers.sync.unfinished import UNDONE, Unfinished, relations_apart, relations_back, taken_up
from pm_providers.sync.values import snapshot_of

__all__ = ["Undoing"]

TASK, LABEL = Entity.TASK.value, Entity.LABEL.value
UNDO = "undo"
_WORDS = {Act.CREATE: "create", Act.DELETE: "delete", Act.UPDATE: "update"}


class Undoing:
    """Takes one run back.

    Args:
        engine: both sides of the mapping.
        run: the run.
        on_write: called after each write.
        holder: who does it, for people.
    """

    def __init__(
        self,
        engine: Engine,
        run: SyncRun,
        *,
        on_write: Callable[[Decision], None] = lambda _: None,
        holder: str = "",
    ) -> None:
        self._engine = engine
        self._db = engine.database
        self._mapping_id = engine.mapping_id
        self._undone_run = run
        self._on_write = on_write
        self._holder = holder or f"{socket.gethostname()}:{os.getpid()}"
        self._fence = 0
        self._moved: dict[tuple[str, str], str] = {}
        self._returned: dict[tuple[str, str], str] = {}
        self._below: dict[str, dict[str, str]] = {}
        self._going: set[tuple[str, str]] = set()
        self._leaving: set[tuple[str, str]] = set()
        self.report = RunReport()

    async def play(self, *, dry: bool = False) -> RunReport:
        """Write back what the run overwrote, or only say what that would be.

        Raises:
            ConflictError: it was taken back already, another run goes on, or there are writes of which nobody
                knows what became.
            PMError: a side cannot be read or written any more; what was done is recorded, and trying again
                goes on from there.
        """
        since = elapsed()
        fence = await take_lease(self._db, self._mapping_id, self._holder, LEASE_S)
        if fence is None:
            state = await get_state(self._db, self._mapping_id)
            raise ConflictError(
                f"another run of this mapping goes on ({(state.holder if state else None) or 'unknown'})"
            )
        self._fence = fence
        try:
            async with kept_alive(self._db, self._mapping_id, fence):
                return await self._played(since, dry=dry)
        finally:
            await release_lease(self._db, self._mapping_id, fence)

    async def _played(self, since: tuple[float, ...], *, dry: bool) -> RunReport:
        left_open = await self._checked()
        sides = await self._engine.sides()
        self._parts = PartsUndoing(
            self._db, self._mapping_id, sides, self._engine.policy, self._write,
            moved=self._moved, returned=self._returned,
        )  # fmt: skip
        items = await with_members(
            self._db, self._mapping_id, folded(await list_writes(self._db, run_id=self._undone_run.id))
        )
        if dry:
            for one in items:
                await self._foreseen(sides[one.side], one)
            return self.report
        settle_s = self._engine.policy.settle_s
        with leave_to_write(self._db, self._mapping_id, self._fence, since=since, settle_s=settle_s):
            await self._settled(sides, left_open)
            return await self._carried_out(dict(sides), items)

    async def _checked(self) -> list[SyncWrite]:
        """Deletions that an attempt before left open."""
        run = self._undone_run
        runs = await list_runs(self._db, self._mapping_id, limit=1000)
        undone = {one.undoes_run_id for one in runs if one.state == "done"}
        earlier = [one for one in runs if one.undoes_run_id == run.id]
        left_open = await self._db.read(lambda conn: open_writes(conn, self._mapping_id))
        ours = {one.id for one in earlier}
        if any(one.action != "delete" or one.run_id not in ours for one in left_open):
            raise ConflictError(
                "a run was cut short, and what became of some writes is not known yet; "
                "`pm-providers sync run` settles that, then undo"
            )
        for one in earlier:
            if one.state == "done" and one.id not in undone:
                raise ConflictError(f"run {run.id[-8:]} was undone already, by run {one.id[-8:]}")
            if one.state != "done":
                await self._resumed(one)
        return left_open

    async def _settled(self, sides: Mapping[str, Side], left_open: Iterable[SyncWrite]) -> None:
        unfinished = Unfinished(self._db, self._mapping_id, sides, self._write, None)
        for one in left_open:
            if one.entity == TASK:
                await unfinished.task(one)
            else:
                await self._parts.settle(unfinished, one)

    async def _resumed(self, earlier: SyncRun) -> None:
        """What an attempt that ended early brought back already."""
        for one in await list_writes(self._db, run_id=earlier.id):
            if one.action == "create" and one.state == DONE and one.remote_id:
                self._returned[one.side, one.link_id] = one.remote_id

    async def _foreseen(self, side: Side, undone: Undone) -> None:
        """Say what would be done; what stands below a task that comes back counts on that."""
        one = await self._decided(side, undone)
        if one is not None and one.act is Act.CREATE and one.entity == TASK:
            self._moved[one.side, undone.remote_id] = f"{NEW}{undone.title}"
        self._noted(self._repointed(one))

    def _noted(self, one: Decision | None) -> None:
        if one is not None:
            self.report.decisions.append(one)
            planned = self.report.planned
            name = one.act.value if one.entity == TASK else f"{one.entity} {one.act.value}"
            planned[name] = planned.get(name, 0) + 1

    # deciding

    async def _decided(self, side: Side, one: Undone) -> Decision | None:
        if one.entity == LABEL:
            return await label_left(side, one)
        if one.entity != TASK:
            ends = {(one.side, end) for end in (one.place, one.after.get("from"), one.after.get("to"))}
            if not self.report.run_id and one.act is Act.DELETE and ends & self._going:
                return None  # only told: it will go with its task
            return await self._parts.decided(one, self._going | self._leaving)
        back = self._returned.get((one.side, one.link_id)) if one.act is Act.CREATE else None
        if back is not None:
            self._moved[one.side, one.remote_id] = back
            return None
        below, around = 0, ""
        if one.act is Act.DELETE:  # this may take long: how it is now is looked at last
            below = await self._children(side, one)
            around = "" if below else await self._parts.others_on(side, one.remote_id)
            one.before = await self._parts.kept(one) if self.report.run_id and not (below or around) else {}
        found = await side.provider.get_task(one.remote_id)
        now = None if found is None else snapshot_of(found)
        cannot = (await side.facts(custom=False)).cannot if one.act is Act.CREATE else {}
        decision = decide_undo(one, now, children=below, around=around, cannot=cannot)
        if decision is not None and decision.act is Act.DELETE:
            self._going |= {(side.name, one.remote_id), (side.name, one.link_id)}
        if decision is not None and any(step.field == "sprint" for step in decision.steps):
            self._leaving.add((side.name, one.remote_id))
        return decision

    async def _children(self, side: Side, one: Undone) -> int:
        """How many items stay below it, of those that are known and those that are new."""
        if side.name not in self._below:
            self._below[side.name] = await self._news(side)
        news = self._below[side.name]

        def known(conn: SqlConnection) -> set[str]:
            found = children_of(conn, self._mapping_id, TASK, side.name, [one.remote_id])
            return {str(link.id_on(side.name)) for link in found}

        ids = {child for child in await self._db.read(known) if child not in news}
        ids |= {child for child, parent in news.items() if parent == one.remote_id}
        return len([child for child in ids if (side.name, child) not in self._going])

    async def _news(self, side: Side) -> dict[str, str]:
        """Item -> what it stands below, of what changed since the side was read last; nothing is stored."""
        state = await get_state(self._db, self._mapping_id)
        cursor = getattr(state, f"{side.name}_cursor", None)
        found: dict[str, str] = {}
        while True:
            try:
                page = await side.provider.changes(side.project_id, cursor)
            except ValidationError:  # it does not take the cursor any more: everything counts as new
                if cursor is None:
                    raise
                cursor, found = None, {}
                continue
            found |= {task.id: task.parent_task_id or "" for task in page.upserts}
            found |= dict.fromkeys(page.deleted_ids, "")
            cursor = page.cursor
            if not page.has_more:
                return found

    # carrying out

    async def _carried_out(self, sides: dict[str, Side], items: list[Undone]) -> RunReport:
        await self._begun()
        try:
            for one in items:
                await renew_lease(self._db, self._mapping_id, self._fence, LEASE_S)
                await self._one(sides[one.side], one)
        except PMError as error:
            await self._ended("failed", str(error))
            raise
        await self._ended("done", None)
        return self.report

    async def _begun(self) -> None:
        def work(conn: SqlConnection) -> str:
            return start_run(conn, self._mapping_id, UNDO, self._fence, undoes_run_id=self._undone_run.id)

        self.report.run_id = await self._write(work)
        self.report.state = "done"

    async def _ended(self, state: str, error: str | None) -> None:
        await self._write(lambda conn: end_run(conn, self.report.run_id, state, self.report.counts, error))

    async def _write(self, work: Callable[[SqlConnection], Any]) -> Any:
        return await write_fenced(self._db, self._mapping_id, self._fence, work)

    async def _one(self, side: Side, undone: Undone) -> None:
        one = await self._decided(side, undone)
        if one is None:
            return
        if one.act is Act.WAIT:
            self._noted(one)
            return
        one = self._repointed(one)
        self._noted(one)
        is_task = one.entity == TASK
        intended = self._intended if is_task else partial(self._parts.intended, self.report.run_id)
        write_id = await intended(one, undone)
        try:
            sent = partial(self._sent, side) if is_task else self._parts.sent
            await sent(one, undone, write_id)
        except PMError as error:
            await self._failed(one, write_id, error)
            return
        self.report.counts[_WORDS[one.act]] += 1
        if not is_task:
            self.report.counts[Entity(one.entity).plural] += 1
        self._on_write(one)

    def _repointed(self, one: Decision | None) -> Any:
        """What stood below an item, or in a sprint, that came back stands there by its new id."""
        return None if one is None else replace(one, steps=tuple(self._new(one.side, s) for s in one.steps))

    def _new(self, side: str, step: Step) -> Step:
        found = self._moved.get((side, str(step.new))) if step.field == "parent" else None
        if step.field == "sprint":
            found = self._parts.new_id(side, Entity.SPRINT.value, str(step.new))
        return step if found is None else replace(step, new=found)

    async def _intended(self, one: Decision, undone: Undone) -> str:
        """The intent. What is about to go, or to come, is out of step before it does."""
        row = {
            "run_id": self.report.run_id, "mapping_id": self._mapping_id,
            "link_id": "" if one.act is Act.DELETE else one.link_id,  # recovery drops links of deletions
            "entity": TASK, "side": one.side, "action": _WORDS[one.act],
            "remote_id": one.remote_id or None, "title": one.title[:500],
            "wanted": {step.field: step.new for step in one.steps},
            "before": {step.field: step.old for step in one.steps} if one.act is Act.UPDATE
            else {**undone.after, **undone.before} if one.act is Act.DELETE else None,
        }  # fmt: skip

        def work(conn: SqlConnection) -> str:
            link = links_by_id(conn, [one.link_id]).get(one.link_id)
            if one.act is Act.DELETE:
                taken_up(conn, self._mapping_id, one)
            if one.act is Act.DELETE and link is not None:
                save_link(conn, link.id, state=DETACHED, dirty=False, problem=UNDONE)
                relations_apart(conn, self._mapping_id, one.side, one.remote_id)
            if one.act is Act.CREATE and link is None:
                put_apart(conn, self._mapping_id, one.link_id)
            return add_intents(conn, [row])[0]

        return str(await self._write(work))

    async def _sent(self, side: Side, one: Decision, undone: Undone, write_id: str) -> None:
        if one.act is Act.DELETE:
            await side.provider.delete_task(one.remote_id)
            await self._write(lambda conn: removed(conn, one, write_id))
        elif one.act is Act.CREATE:
            made, notes = await made_again(side, one)
            self.report.decisions[-1] = replace(one, held={**one.held, **notes})
            self._moved[one.side, undone.remote_id] = made.id
            await self._write(lambda conn: came_back(conn, one, write_id, made))
        else:
            current = await side.provider.get_task(one.remote_id)
            if current is None:
                raise NotFoundError("it does not exist any more")
            if any(snapshot_of(current).get(step.field) != step.old for step in one.steps):
                raise ConflictError("it was edited just now")
            updates = await side.updates(one.steps)
            task = await side.provider.update_task(one.remote_id, updates, expected_version=current.version)
            await self._write(lambda conn: restored(conn, one, write_id, task))

    async def _failed(self, one: Decision, write_id: str, error: PMError) -> None:
        state = UNSURE if error.maybe_applied else FAILED

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, state, error=str(error))
            link = links_by_id(conn, [one.link_id]).get(one.link_id)
            if link is None or state != FAILED:
                return
            if one.act is Act.CREATE and not any(link.id_on(side) for side in SIDES):
                drop_links(conn, [link.id])
            elif one.act is Act.DELETE:
                whole = all(link.id_on(side) for side in SIDES)
                save_link(conn, link.id, state=LINKED if whole else DETACHED, problem=None)
                relations_back(conn, self._mapping_id, one.side, one.remote_id)

        await self._write(work)
        self.report.counts[state] += 1
        if isinstance(error, FATAL):
            raise error
