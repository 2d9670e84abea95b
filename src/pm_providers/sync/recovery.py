"""Writes of which nobody knows what became: a run died, an answer got lost. Settled before anything new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.model import Entity, PMTask, TaskStatus
from pm_providers.store.sync_history import (
    DONE,
    FAILED,
    UNSURE,
    SyncWrite,
    age_s,
    finish_in_part,
    finish_write,
    open_writes,
)
from pm_providers.store.sync_links import (
    DETACHED,
    LINKED,
    Link,
    Single,
    drop_links,
    links_by_id,
    save_link,
    singles_on,
    wake_children,
)
from pm_providers.store.sync_parts import drop_with_relations
from pm_providers.store.sync_state import write_fenced
from pm_providers.store.sync_tries import FRESH
from pm_providers.sync.agreement import written
from pm_providers.sync.policy import RIGHT, SIDES, other
from pm_providers.sync.side import Side
from pm_providers.sync.translate import Translator
from pm_providers.sync.unfinished import UNDONE, Unfinished
from pm_providers.sync.values import FIELDS, Snapshot, snapshot_of

__all__ = ["Recovery"]

TASK = Entity.TASK.value


class Recovery:
    """Finds out what became of open writes. Run it after both sides were read.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        sides: both sides.
        translator: compares values.
        settle_s: seconds after which a created item that cannot be found is taken for never created.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        fence: int,
        sides: Mapping[str, Side],
        translator: Translator,
        settle_s: float,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._fence = fence
        self._sides = sides
        self._translator = translator
        self._settle_s = settle_s
        self._done: set[str] = set()
        self._unfinished = Unfinished(db, mapping_id, sides, self._write, settle_s)

    async def run(self) -> frozenset[str]:
        """Settle what can be settled; ids of the links about which nothing may be created yet."""
        writes = await self._db.read(lambda conn: open_writes(conn, self._mapping_id))
        creations = []
        for one in writes:
            if one.entity != TASK:
                continue  # settled when the parts of its task are read
            if one.action == "create":
                creations.append(one)
            elif one.action == "delete":
                await self._deletion(one)
            else:
                await self._update(one)
        return frozenset(await self._creations(creations))

    async def _write(self, work: Callable[[SqlConnection], None]) -> None:
        await write_fenced(self._db, self._mapping_id, self._fence, work)

    # updates

    async def _update(self, one: SyncWrite) -> None:
        """What it holds of the wanted values was written by us, and is no edit of anybody.

        Systems that take a write in several steps may have been left between them: an undo is to find the
        fields that were written, and only those.
        """
        _, found = await self._sides[one.side].task_gone(one.remote_id or "")
        after = None if found is None else snapshot_of(found)
        took = [] if after is None else [
            name for name, value in one.wanted.items() if self._translator.same(name, value, after.get(name))
        ]  # fmt: skip
        rest = set(one.wanted).difference(took)

        def work(conn: SqlConnection) -> None:
            if after is not None and rest and took:
                finish_in_part(conn, one, rest, after=after, error="not carried out")
            else:
                why = "not carried out" if rest else None
                finish_write(conn, one.id, FAILED if rest else DONE, after=after, error=why)
            link = links_by_id(conn, [one.link_id]).get(one.link_id)
            if link is not None and link.state == LINKED and after is not None and took:
                values = self._agreement(one, link, after, took, _at(found))
                save_link(conn, link.id, **{**values, "dirty": True})

        await self._write(work)

    def _agreement(
        self, one: SyncWrite, link: Link, after: Snapshot, took: Sequence[str], at: str | None
    ) -> dict[str, Any]:
        source = other(one.side)
        said = {
            name: value
            for name, value in (one.basis or {}).items()
            if self._translator.renamed(name, source) in took
        }
        half = [
            name
            for name in took
            if ((one.lost or {}).get(name) or {}).get("winner") == "merged"
            and said.get(name) != one.wanted[name]
        ]
        return written(link, one.side, after, at=at, sent=took, basis=said, half=half)

    # deletions

    async def _deletion(self, one: SyncWrite) -> None:
        if not one.link_id:  # of an undo: see `Undoing`
            await self._unfinished.task(one)
            return
        why, _ = await self._sides[one.side].task_gone(one.remote_id or "")
        is_done = why == "deleted"

        def work(conn: SqlConnection) -> None:
            finish_write(conn, one.id, DONE if is_done else FAILED)
            if is_done:
                drop_with_relations(conn, self._mapping_id, one.link_id, one.side, one.remote_id or "")

        await self._write(work)

    # creations

    async def _creations(self, writes: Sequence[SyncWrite]) -> set[str]:
        """Settle creations; ids of the links of which it is not known yet."""
        links = await self._db.read(lambda conn: links_by_id(conn, [one.link_id for one in writes]))
        open_ones: list[tuple[SyncWrite, Link]] = []
        for one in writes:
            link = links.get(one.link_id)
            if link is None or (link.state == LINKED and link.gone_on(one.side) is None):
                await self._finish(one, FAILED, "settled otherwise")
            else:
                open_ones.append((one, link))
        waiting: set[str] = set()
        for side in SIDES:
            here = [pair for pair in open_ones if pair[0].side == side]
            if here:
                waiting |= await self._found(side, here)
        return waiting

    async def _finish(self, one: SyncWrite, state: str, why: str) -> None:
        await self._write(lambda conn: finish_write(conn, one.id, state, error=why))

    async def _found(self, side: str, writes: Sequence[tuple[SyncWrite, Link]]) -> set[str]:
        """Pair creations with items of the side that hold what was wanted; equal ones are interchangeable."""
        groups: defaultdict[str, list[tuple[SyncWrite, Link]]] = defaultdict(list)
        for one, link in writes:
            groups[_key(one.wanted)].append((one, link))
        texts = {_text(one.wanted) for one, _ in writes} - {""}
        names = {*FIELDS, *(name for one, _ in writes for name in one.wanted)}
        candidates = await self._candidates(side, set(groups) | texts, names)
        waiting: set[str] = set()
        taken: set[str] = set()
        for key, group in groups.items():
            waiting |= await self._group(group, candidates.get(key, []), taken)
        for one, link in writes:
            if link.id in waiting or one.id in self._done:
                continue
            if not await self._renamed(one, link, candidates.get(_text(one.wanted), []), taken):
                waiting |= await self._missing(one, link)
        return waiting

    async def _renamed(
        self, one: SyncWrite, link: Link, candidates: Sequence[Single], taken: set[str]
    ) -> bool:
        """Whether it was found though its title was changed since: by its text, among what is new."""
        found = [two for two in candidates if two.link_id > one.id and two.link_id not in taken]
        if len(found) != 1:
            return False
        await self._adopt(one, link, found[0].link_id, len(one.wanted))
        taken.add(found[0].link_id)
        return True

    async def _missing(self, one: SyncWrite, link: Link) -> set[str]:
        """It is not there: not yet, or it never was; the link if that is not known."""
        if await self._db.read(lambda conn: age_s(conn, one)) < self._settle_s:
            await self._finish(one, UNSURE, "not found yet")
            return {link.id}
        await self._finish(one, FAILED, "it was never created")
        return set()

    async def _candidates(self, side: str, keys: set[str], names: Collection[str]) -> dict[str, list[Single]]:
        """Key -> items of a side without counterpart that could be what was created."""
        found: defaultdict[str, list[Single]] = defaultdict(list)
        after = ""
        while True:
            some = await self._db.read(
                partial(
                    singles_on, mapping_id=self._mapping_id, entity=TASK, side=side, after=after, names=names
                )
            )
            if not some:
                return found
            after = some[-1].link_id
            for one in some:
                for key in {_key(one.values), _text(one.values)} & keys:
                    found[key].append(one)

    async def _group(
        self, writes: Sequence[tuple[SyncWrite, Link]], candidates: Sequence[Single], taken: set[str]
    ) -> set[str]:
        """Adopt what can be told apart; links of which it is doubtful."""
        remaining = list(candidates)
        waiting: set[str] = set()
        for one, link in writes:
            left = self._possible(one, remaining)
            ranked = sorted(((self._likeness(one, two), two.link_id) for two in left), reverse=True)
            doubtful = len(left) > len(writes) and len(ranked) > 1 and ranked[0][0] == ranked[1][0]
            if doubtful:
                waiting.add(link.id)
                await self._doubtful(one, link, f"created once, but {len(ranked)} items could be it")
            elif ranked:
                chosen = next(two for two in left if two.link_id == ranked[0][1])
                remaining.remove(chosen)
                taken.add(chosen.link_id)
                await self._adopt(one, link, chosen.link_id, ranked[0][0])
        return waiting

    def _possible(self, one: SyncWrite, candidates: Sequence[Single]) -> list[Single]:
        """Those at the place that was wanted; else those that are new and were moved since."""
        wanted = one.wanted.get("parent")
        here = [two for two in candidates if two.parent == wanted]
        if here:
            return here
        return [
            two
            for two in candidates
            if two.link_id > one.id and self._likeness(one, two) * 2 >= len(one.wanted)
        ]

    def _likeness(self, one: SyncWrite, two: Single) -> int:
        """How many fields say what was wanted. Titles do: by these they were found."""
        names = set(one.wanted) - {"title"}
        same = self._translator.same
        return 1 + sum(same(name, one.wanted[name], two.values.get(name)) for name in names)

    async def _doubtful(self, one: SyncWrite, link: Link, why: str) -> None:
        def work(conn: SqlConnection) -> None:
            finish_write(conn, one.id, UNSURE, error=why)
            save_link(conn, link.id, problem=why)

        await self._write(work)

    async def _adopt(self, one: SyncWrite, link: Link, made_link: str, likeness: int) -> None:
        """It was created: both agreed on what was sent then; what is different now are edits.

        Something else of the same title, made meanwhile, is paired as at first contact.
        """
        side, source = one.side, other(one.side)
        made = (await self._db.read(lambda conn: links_by_id(conn, [made_link])))[made_link]
        _, task = await self._sides[side].task_gone(str(made.id_on(side)))
        state = made.state_on(side) if task is None else snapshot_of(task)
        agreed, basis = self._start(one, state, likeness, task is None or _is_untouched(task))

        def work(conn: SqlConnection) -> None:
            drop_links(conn, [made.id])
            fresh = links_by_id(conn, [link.id])[link.id]
            values = _adopted(fresh, side, basis, agreed, state)
            values |= {f"{side}_id": made.id_on(side), f"{side}_at": made.at_on(side), "problem": None}
            values |= FRESH
            if values["state"] == DETACHED:
                values["problem"] = UNDONE
            values["held"] = dict.fromkeys(self._unsent(one, basis), source) or None
            values["dirty"] = values["dirty"] or values["held"] is not None
            save_link(conn, link.id, **values)
            finish_write(conn, one.id, DONE, after=state, remote_id=made.id_on(side))
            wake_children(conn, self._mapping_id, source, [link.id_on(source)])

        await self._write(work)
        self._done.add(one.id)

    def _start(
        self, one: SyncWrite, state: Snapshot, likeness: int, untouched: bool
    ) -> tuple[Snapshot, Snapshot]:
        """What is agreed on: of the item that was made, and of the one it was made of.

        Systems that make an item in several steps may have been left between them. What nobody touched since
        and does not say what was wanted is carried once more; of what somebody edited since, or a later step
        of the making, the fields that hold what every new item does.
        """
        if likeness * 2 < len(one.wanted):
            return {}, {}
        same = self._translator.same
        short = {name for name, value in one.wanted.items() if not same(name, value, state.get(name))}
        if not untouched:
            short = {name for name in short if self._is_as_made(one.side, name, state.get(name))}
        agreed = dict(state) if untouched else self._as_sent(one, state, short)
        across = {name: self._translator.renamed(name, other(one.side)) for name in one.basis or {}}
        return agreed, {name: value for name, value in (one.basis or {}).items() if across[name] not in short}

    def _is_as_made(self, side: str, name: str, value: Any) -> bool:
        """Whether a field says what it says of every new item.

        That nobody wrote it yet is likelier than that somebody emptied it just then, and nothing is lost by
        carrying it once more.
        """
        if not isinstance(value, Mapping):
            return not value
        facts = self._translator.facts[side]
        offered = {"status": facts.statuses, "priority": facts.priorities}.get(name, ())
        usual = [one for one in offered if one.is_default]
        if not usual:
            return name == "status" and value.get("is") == TaskStatus.TODO.value
        called = value.get("name")
        return any(called == one.name if called else value.get("is") == one.value for one in usual)

    def _unsent(self, one: SyncWrite, basis: Mapping[str, Any]) -> list[str]:
        """Fields that could not be carried when it was created, by their names on the left."""
        across = {name: self._translator.renamed(name, other(one.side)) for name in basis}
        return [
            name if one.side == RIGHT else theirs
            for name, theirs in across.items()
            if theirs not in one.wanted
        ]

    def _as_sent(self, one: SyncWrite, state: Snapshot, short: set[str]) -> Snapshot:
        """What was agreed on about an item that was edited after it was created."""
        agreed = {
            name: value
            for name, value in one.wanted.items()
            if value not in (None, "", []) and name not in short
        }
        same = {name for name in agreed if self._translator.same(name, agreed[name], state.get(name))}
        return agreed | {name: state[name] for name in same | short if name in state}


def _adopted(
    link: Link, side: str, basis: Mapping[str, Any], agreed: Snapshot, state: Snapshot
) -> dict[str, Any]:
    source = other(side)
    now = link.state_on(source)
    values: dict[str, Any] = {
        f"{side}_agreed": agreed,
        f"{side}_now": None if state == agreed else {"values": state, "at": None},
        f"{side}_gone": None,
        f"{side}_parent": state.get("parent"),
        f"{source}_agreed": dict(basis),
        f"{source}_now": None if now == basis else {"values": now, "at": link.at_on(source)},
        "state": LINKED,
    }
    values["dirty"] = state != agreed or now != basis or link.gone_on(source) is not None
    if link.id_on(source) is None:  # an undo made it again: its counterpart is gone
        values |= {"state": DETACHED, "dirty": False}
    return values


def _key(values: Mapping[str, Any]) -> str:
    """What an item is found by again: its title, however a system spaces and cases it."""
    return " ".join(str(values.get("title") or "").split()).casefold()


def _text(values: Mapping[str, Any]) -> str:
    """Its description, if there is one."""
    return "\n" + " ".join(str(values["description"]).split()) if values.get("description") else ""


def _is_untouched(task: PMTask) -> bool:
    """Whether nobody edited an item since it was made, as far as its own times tell."""
    return task.created_at is not None and task.created_at == task.updated_at


def _at(task: PMTask | None) -> str | None:
    return task.updated_at.isoformat() if task is not None and task.updated_at is not None else None
