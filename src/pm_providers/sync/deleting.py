"""Deleting items, unless they came back across, were edited since, or something below them stays."""

from __future__ import annotations

from functools import cached_property, partial

from sqlalchemy import Connection as SqlConnection

from pm_providers.effects import may_write
from pm_providers.errors import FATAL, PMError
from pm_providers.model import PMTask
from pm_providers.store.sync_history import DONE, FAILED, UNSURE, add_intents, finish_write
from pm_providers.store.sync_links import children_of, mark_gone, observe, save_link
from pm_providers.store.sync_parts import drop_with_relations
from pm_providers.store.sync_tries import tried_in_vain
from pm_providers.sync.creating import TASK, Creator
from pm_providers.sync.keeping import Keeping
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.plan import Decision, LinkView
from pm_providers.sync.policy import SIDES, other
from pm_providers.sync.side import Side
from pm_providers.sync.values import snapshot_of

__all__ = ["Deleter"]

_LOOKED_AT = 50
"""Children of one item that are looked at before it is deleted."""


class Deleter(Creator):
    """Deletes items on both sides, and stores what turns out to be otherwise than it was planned for."""

    @cached_property
    def _keeping(self) -> Keeping:
        asked = Asked(self._db, self._mapping_id, self._sides, self._planner)
        return Keeping(self._db, self._mapping_id, asked)

    async def _delete(self, view: LinkView, one: Decision) -> None:
        side, across = self._sides[one.side], other(one.side)
        if (await self._sides[across].task_gone(view.ids[across]))[0] != "deleted":  # it is back
            await self._seen_again(self._sides[across], view.ids[across])
            return
        around = await self._keeping.around(side, view.id, one.remote_id)
        current = await side.provider.get_task(one.remote_id)
        said = view.state(one.side)
        if current is not None and snapshot_of(current) != said:
            await self._stale(side, current)
            return
        if await self._spared(view, one):
            return
        self._spend()
        row = self._intent(one, {**said, **around}, {})
        write_id = (await self._write(lambda conn: add_intents(conn, [row])))[0]
        try:
            await may_write()
            await side.provider.delete_task(one.remote_id)
        except PMError as error:
            why, is_vain = str(error), not error.maybe_applied and not isinstance(error, FATAL)
            note = partial(tried_in_vain, why=why) if is_vain else partial(save_link, problem=why)
            await self._write(partial(note, link_id=view.id))
            await self._refused(write_id, error)
            return

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE)
            drop_with_relations(conn, self._mapping_id, view.id, one.side, one.remote_id)

        await self._write(work)
        self._planner.forget(one.side, one.remote_id)
        self.counts["delete"] += 1
        self._on_write(one)

    async def _spared(self, view: LinkView, one: Decision) -> bool:
        """Whether something stands below it that nobody deleted, and that would go with it."""
        below = await self._db.read(
            lambda conn: children_of(conn, self._mapping_id, TASK, one.side, [one.remote_id])
        )
        for link in below[:_LOOKED_AT]:
            for side in SIDES:
                item = link.id_on(side)
                if item is not None and link.gone_on(side) is None:
                    await self._seen_again(self._sides[side], item)
        if below:
            why = f"deleted on the {other(one.side)}, but not what stands below it ({len(below)} items)"
            await self._write(lambda conn: save_link(conn, view.id, problem=why))
        return bool(below)

    # what is otherwise than it was planned for

    async def _gone(self, side: Side, remote_id: str, why: str) -> None:
        await self._write(lambda conn: mark_gone(conn, self._mapping_id, TASK, side.name, {remote_id: why}))
        self._planner.forget(side.name, remote_id)
        self.counts["stale"] += 1

    async def _stale(self, side: Side, task: PMTask) -> None:
        """What it says now is stored; the next round decides."""
        seen = side.observed(task)
        await self._write(lambda conn: observe(conn, self._mapping_id, TASK, side.name, [seen]))
        self.counts["stale"] += 1

    async def _seen_again(self, side: Side, remote_id: str) -> None:
        why, task = await side.task_gone(remote_id)
        if task is None or why is not None:
            await self._gone(side, remote_id, why or "deleted")
        else:
            await self._stale(side, task)

    # what was refused

    async def _refused(self, write_id: str, error: PMError) -> str:
        """Record that a write went wrong; as what. What stops the run is raised."""
        state = UNSURE if error.maybe_applied else FAILED
        await self._note(write_id, state, error)
        self.counts[state] += 1
        if isinstance(error, FATAL):
            raise error
        return state

    async def _note(self, write_id: str, state: str, error: PMError) -> None:
        await self._write(lambda conn: finish_write(conn, write_id, state, error=str(error)))
