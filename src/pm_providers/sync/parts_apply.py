# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""Carrying out what was decided about parts: an intent before each write, what became of it after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import PMError
from pm_providers.model import Entity
from pm_providers.store.sync_history import (
    DONE,
    FAILED,
    UNSURE,
    SyncWrite,
    add_intents,
    age_s,
    finish_in_part,
    finish_write,
)
from pm_providers.store.sync_links import LINKED, SINGLE
from pm_providers.store.sync_parts import PartLink, drop_parts, put_part
from pm_providers.store.sync_tries import tried_in_vain
from pm_providers.sync.creating import FATAL, SpentError
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.parts_links import PartLinks
from pm_providers.sync.parts_model import Item, Kind, PartView, Scope, Values, filled, same_value
from pm_providers.sync.parts_records import (
    ACTIONS,
    AGAIN,
    became,
    intent_of,
    is_all_rejected,
    kept_of,
    less,
    problem_of,
    short_of,
    taken_for_ours,
)
from pm_providers.sync.policy import SIDES, other
from pm_providers.sync.side import Side

__all__ = ["Fuse", "PartWriter"]

_ATTEMPTS = 6


@dataclass(slots=True)
class Fuse:
    """Parts that one run may delete.

    Attributes:
        most: number; `None` for no bound.
        deleted: so far.
    """

    most: int | None = None
    deleted: int = 0

    def allows(self) -> bool:
        """Whether one more may go."""
        return self.most is None or self.deleted < self.most


class PartWriter(PartLinks):
    """Writes parts to both sides.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        sides: both sides.
        settle_s: seconds after which a created part that cannot be found is taken for never created.
        on_write: called after each write with what it was.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        fence: int,
        sides: Mapping[str, Side],
        settle_s: float,
        on_write: Callable[[Decision], None],
    ) -> None:
        super().__init__(db, mapping_id, fence)
        self._sides = sides
        self._settle_s = settle_s
        self._on_write = on_write
        self.left: int | None = None
        self.fuse = Fuse()
        self.kept_back = 0
        self.counts: Counter[str] = Counter()

    # what a run before left open

    async def recover(self, kind: Kind, scope: Scope, view: PartView, writes: Sequence[SyncWrite]) -> bool:
        """Find out what became of open writes of one part; whether all of it is known."""
        known = True
        if view.row is not None and taken_for_ours(kind, view, writes):
            await self._save(kind, scope, view)
        for one in writes:
            known = await self._settled(kind, view, one) and known
        return known

    async def _settled(self, kind: Kind, view: PartView, one: SyncWrite) -> bool:
        age = await self._db.read(lambda conn: age_s(conn, one))
        state, why = became(kind, view, one, age < self._settle_s)
        seen = view.items.get(one.side)
        values: dict[str, Any] = {} if seen is None else {"after": dict(seen.values)}
        if state == DONE and seen is not None and one.action == "create":
            values["remote_id"] = seen.id
            view.copy = one.side
        rest = short_of(kind, seen, one) if seen is not None and one.action == "update" else set()

        def work(conn: SqlConnection) -> None:
            if rest and rest < {name for name in one.wanted if kind.holds(name)}:
                finish_in_part(conn, one, rest, after=values["after"], error=str(why))
            else:
                finish_write(conn, one.id, state, error=why, **values)

        await self.transaction(work)
        return state != UNSURE

    async def found_again(
        self, kind: Kind, scope: Scope, row: PartLink, taken: Collection[str], writes: Sequence[SyncWrite]
    ) -> bool:
        """Find out what became of a part that an undo was making again; whether it is known."""
        one = writes[0]
        wanted = {name: value for name, value in one.wanted.items() if kind.holds(name)}
        place = scope.ids[one.side]
        items = [
            item
            for item in await kind.everything(self._sides[one.side], scope)
            if kind.stored(place, item.id) not in taken
            and kind.is_placed(item, one.wanted)
            and all(same_value(name, value, item.values.get(name)) for name, value in wanted.items())
        ]
        view = PartView(row.id, row, {one.side: items[-1]} if items else {}, {})
        known = await self.recover(kind, scope, view, writes)
        if items:
            values: dict[str, Any] = {
                f"{one.side}_id": kind.stored(place, items[-1].id),
                f"{one.side}_agreed": {**items[-1].values, "copy": True},
            }
            await self.transaction(lambda conn: put_part(conn, self._mapping_id, row.id, new=False, **values))
        elif known:
            await self.transaction(lambda conn: drop_parts(conn, [row.id]))
        return known

    # decisions

    async def carry_out(
        self, kind: Kind, scope: Scope, view: PartView, decisions: Sequence[Decision]
    ) -> bool:
        """Do what was decided about one part; whether nothing of it stays open.

        Raises:
            SpentError: the budget is used up.
            PMError: the run cannot go on.
        """
        notes: dict[str, str] = {}
        open_fields = {clash.field for one in decisions for clash in one.clashes if not clash.winner}
        lost: set[str] = set()
        apart: set[str] = set()
        for one in decisions:
            notes |= one.held
            apart |= one.apart
            if one.act is Act.LEAVE:
                return True
            if one.act is Act.FORGET:
                await self.transaction(lambda conn: drop_parts(conn, [view.link_id]))
                return True
            if one.act is Act.DETACH:
                await self._detach(kind, scope, view, one.reason)
                return True
            if one.act is Act.DELETE:
                return await self._delete(kind, scope, view, one)
            if one.act is Act.CREATE:
                return await self._create(kind, scope, view, one)
            if one.steps and not await self._update(kind, scope, view, one, notes):
                lost |= {step.field for step in one.steps}
        await self._settle(kind, scope, view, decisions, open_fields | lost | apart, notes)
        return not open_fields and not lost

    def _spend(self) -> None:
        if self.left is None:
            return
        if self.left < 1:
            raise SpentError
        self.left -= 1

    async def _begun(
        self, kind: Kind, scope: Scope, view: PartView, one: Decision, kept: Mapping[str, Any] | None = None
    ) -> str:
        """Record the intent, with the link if it is not stored yet; id of the write."""
        row = {
            "run_id": self.run_id, "mapping_id": self._mapping_id, **intent_of(kind, scope, view, one),
        }  # fmt: skip
        if kept:
            row["before"] = {**row["before"], AGAIN: dict(kept)}

        def work(conn: SqlConnection) -> str:
            if view.row is None:
                state = LINKED if len(view.ids) == len(SIDES) else SINGLE
                self._put(conn, kind, scope, view, new=True, state=state)
            return add_intents(conn, [row])[0]

        return str(await self.transaction(work))

    async def _failed(
        self, kind: Kind, scope: Scope, view: PartView, one: Decision, write_id: str, error: PMError
    ) -> bool:
        """Record it; whether it is known what became of the write."""
        state = UNSURE if error.maybe_applied else FAILED

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, state, error=str(error))
            put_part(conn, self._mapping_id, view.link_id, new=False, problem=str(error))
            if state == FAILED and not isinstance(error, FATAL):
                tried_in_vain(conn, view.link_id, str(error))

        await self.transaction(work)
        self.counts[state] += 1
        if isinstance(error, FATAL):
            raise error
        return state == FAILED

    def _wrote(self, kind: Kind, one: Decision) -> None:
        self.counts[ACTIONS[one.act]] += 1
        self.counts[Entity(kind.entity).plural] += 1
        self._on_write(one)

    async def _create(self, kind: Kind, scope: Scope, view: PartView, one: Decision) -> bool:
        side, source = self._sides[one.side], view.items[other(one.side)]
        self._spend()
        write_id = await self._begun(kind, scope, view, one)
        sent, notes = source, dict(one.held)
        for attempt in range(_ATTEMPTS):
            try:
                made = await kind.create(side, scope, sent)
                break
            except PMError as error:
                fewer = less(sent.values, error)
                if fewer is None or attempt == _ATTEMPTS - 1:
                    return await self._failed(kind, scope, view, one, write_id, error)
                sent = replace(sent, values=fewer[0])
                notes |= fewer[1]
        view.items[one.side] = made
        view.ids[one.side] = kind.stored(scope.ids[one.side], made.id)
        view.copy = one.side

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE, after=dict(made.values), remote_id=made.id)
            self._put(conn, kind, scope, view, new=False, state=LINKED, problem=problem_of(notes), now=True)

        await self.transaction(work)
        self._learn(kind, scope, view)
        self._wrote(kind, one)
        return True

    async def _update(
        self, kind: Kind, scope: Scope, view: PartView, one: Decision, notes: dict[str, str]
    ) -> bool:
        """Whether it was carried out, but for what the system rejects."""
        self._spend()
        write_id = await self._begun(kind, scope, view, one)
        view.row = view.row or _STORED
        values: Values = {step.field: step.new for step in one.steps}
        side = self._sides[one.side]
        scope.cache["source", kind.entity, one.remote_id] = view.items[other(one.side)]
        for attempt in range(_ATTEMPTS):
            try:
                made = await kind.update(side, scope, view.items[one.side], values)
                break
            except PMError as error:
                fewer = less(values, error)
                if fewer is None or attempt == _ATTEMPTS - 1:
                    await self._failed(kind, scope, view, one, write_id, error)
                    notes |= dict.fromkeys(values, str(error))
                    return is_all_rejected(values, error)
                values, rejected = fewer
                notes |= rejected
        view.items[one.side] = made
        merged = {clash.field for clash in one.clashes if clash.winner == "merged"}
        theirs = view.items[other(one.side)].values
        half = {name: theirs.get(name) for name in merged if name in values}
        await self.transaction(
            lambda conn: self._updated(conn, kind, scope, view, write_id, made, values, half)
        )
        self._wrote(kind, one)
        return True

    def _updated(
        self, conn: SqlConnection, kind: Kind, scope: Scope, view: PartView, write_id: str, made: Item,
        values: Values, half: Values,
    ) -> None:  # fmt: skip
        """What was sent is agreed from here on, also where the run ends before the rest is settled.

        Of a merge the other side may have its own part only: so far that is all that both agree on.
        """
        finish_write(conn, write_id, DONE, after=dict(made.values))
        for side, item in view.items.items():
            said = {name: half.get(name, item.values.get(name)) for name in values}
            base = {name: value for name, value in view.agreed.get(side, {}).items() if name not in said}
            if view.agreed:
                view.agreed[side] = {**base, **filled(said)}
        if view.agreed:
            self._put(conn, kind, scope, view, new=False)

    async def _delete(self, kind: Kind, scope: Scope, view: PartView, one: Decision) -> bool:
        if not self.fuse.allows():
            self.kept_back += 1
            return False
        side, item = self._sides[one.side], view.items[one.side]
        self._spend()
        write_id = await self._begun(kind, scope, view, one, await kept_of(kind, side, scope, item))
        try:
            await kind.delete(side, scope, item)
        except PMError as error:
            return await self._failed(kind, scope, view, one, write_id, error)

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE)
            drop_parts(conn, [view.link_id])

        await self.transaction(work)
        self.fuse.deleted += 1
        self._wrote(kind, one)
        return True


_STORED: Any = object()
"""Stands for a link that was stored a moment ago."""
