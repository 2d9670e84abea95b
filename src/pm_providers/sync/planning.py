"""From stored links to decisions, a chunk at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import select

from pm_providers.database import Database
from pm_providers.database.schema_sync import sync_conflicts
from pm_providers.model import Entity
from pm_providers.store.sync_links import (
    KEPT,
    LINKED,
    SINGLE,
    Link,
    children_of,
    dirty_links,
    find_links,
)
from pm_providers.sync.people import Directory
from pm_providers.sync.plan import Act, Decision, LinkView, decide, digest_of
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.side import Side
from pm_providers.sync.translate import Translator
from pm_providers.sync.values import CUSTOM, changed_fields

__all__ = ["WRITES", "Planner", "Summary", "view_of"]

TASK = Entity.TASK.value
WRITES = frozenset({Act.CREATE, Act.UPDATE, Act.DELETE, Act.CLOSE})
"""What writes to a side."""

_IN_PLACE = frozenset({Act.UPDATE, Act.SETTLE, Act.WAIT})
"""What a run that is narrowed to some fields does."""

_CHUNK = 200
_REFERENCES = 20_000
"""Counterparts that are kept at hand."""


@dataclass(slots=True)
class Summary:
    """What a plan does, in numbers.

    Attributes:
        counts: act -> number of tasks; entity and act (`comment create`) -> number of what is none.
        writes: writes to both sides.
        deletes: tasks that are deleted, or closed instead.
        overwrites: changes of tasks that replace or clear something.
        id: names the plan by what it does.
    """

    counts: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    deletes: int = 0
    overwrites: int = 0
    _digest: int = 0

    def add(self, one: Decision) -> None:
        """Count a decision."""
        is_task = one.entity == TASK
        self.counts[one.act.value if is_task else f"{one.entity} {one.act.value}"] += 1
        self.writes += one.act in WRITES
        if is_task:
            self.deletes += one.act in {Act.DELETE, Act.CLOSE}
            self.overwrites += one.act is Act.UPDATE and any(step.old is not None for step in one.steps)
        if one.act in WRITES or one.act is Act.WAIT:
            self._digest = (self._digest + digest_of(one)) % (1 << 64)

    @property
    def id(self) -> str:
        """Names the plan by what it does, in whatever order; `""` where it does nothing."""
        return f"{self._digest:016x}" if self._digest else ""


class Planner:
    """Reads dirty links and decides about them.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        sides: both sides.
        policy: of the mapping.
        fields: only these, where people narrowed the run.
        only: only links of these item ids (of either side), where people narrowed the run.
        patient: leave out what waits after a failure.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        sides: Mapping[str, Side],
        policy: Policy,
        *,
        fields: frozenset[str] = frozenset(),
        only: frozenset[str] = frozenset(),
        patient: bool = False,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._sides = sides
        self.policy = replace(policy, fields=_both(fields, policy.fields)) if fields else policy
        self._only = only
        self._patient = patient
        self._fields = fields
        self._refs: dict[tuple[str, str, str], str] = {}
        self._coming: dict[tuple[str, str, str], str] = {}
        self.is_coming: Callable[[Link], bool] | None = None
        """Whether something is yet to be made: while a plan is told, that has a counterpart, by its name."""
        self._translator: Translator | None = None
        self._custom: set[str] = set()
        """Sides of which the custom fields matter: some systems need many requests to tell them."""

    async def translator(self) -> Translator:
        """Carries values between the sides; made when there is something to carry."""
        if self._translator is None:
            left, right = [await self._sides[name].facts(custom=name in self._custom) for name in SIDES]
            people = Directory.of(left.people, right.people, self.policy)
            self._translator = Translator(left, right, self.policy, self._partner, people)
        facts = self._translator.facts
        for name in SIDES:
            facts[name] = await self._sides[name].facts(custom=name in self._custom)
        return self._translator

    def name_on(self, side: str, name: str) -> str:
        """Name of a field on a side, from the one on the left."""
        return name if side == LEFT or self._translator is None else self._translator.renamed(name, LEFT)

    def across(self, side: str, name: str) -> str:
        """Name that a field of a side has on the other."""
        return name if self._translator is None else self._translator.renamed(name, side)

    def names(self, view: LinkView) -> set[str]:
        """Fields of a pair about which there was a decision, by their names on the left."""
        names = {*view.agreed.get(LEFT, {}), *view.state(LEFT)}
        names |= {self.across(RIGHT, one) for one in (*view.agreed.get(RIGHT, {}), *view.state(RIGHT))}
        return names & self._fields if self._fields else names

    def asked(self, names: Collection[str]) -> set[str]:
        """Of these fields those that the run is about."""
        return set(names) & self._fields if self._fields else set(names)

    def _partner(self, entity: str, side: str, one: str) -> str | None:
        found = self._refs.get((entity, side, one))
        return self._coming.get((entity, side, one)) if found is None and self.is_coming else found

    def learn(self, left_id: str, right_id: str, entity: str = TASK) -> None:
        """Items that became a pair: what refers to one refers to the other."""
        self._refs[entity, LEFT, left_id] = right_id
        self._refs[entity, RIGHT, right_id] = left_id

    def forget(self, side: str, one: str, entity: str = TASK) -> None:
        """Forget a pair by one of its items: nothing can refer to them any more."""
        theirs = self._refs.pop((entity, side, one), None)
        if theirs is not None:
            self._refs.pop((entity, other(side), theirs), None)

    def _learn_all(self, links: Iterable[Link]) -> None:
        for one in links:
            if self.is_coming is not None and self.is_coming(one):
                side = LEFT if one.left_id is not None else RIGHT
                title = str(one.state_on(side).get("title") or "")
                self._coming[one.entity, side, str(one.id_on(side))] = f"new: {title}"
            if one.left_id is None or one.right_id is None:
                continue
            if one.entity == Entity.SPRINT.value and one.state != LINKED:  # out of step: gone on a side
                continue
            if one.left_gone is None and one.right_gone is None:
                self.learn(one.left_id, one.right_id, one.entity)

    # decisions about pairs

    async def pairs(self) -> AsyncIterator[tuple[LinkView, list[Decision]]]:
        """Linked items about which there is something to decide, with the decisions."""
        after = ""
        while True:
            links = await self._dirty(after, (LINKED,))
            if not links:
                return
            after = links[-1].id
            for view in await self._views(links):
                found = decide(view, await self.translator())
                yield view, [one for one in found if not self._fields or one.act in _IN_PLACE]

    async def singles(self) -> AsyncIterator[list[Link]]:
        """Items without counterpart, a chunk at a time."""
        after = ""
        while links := await self._dirty(after, (SINGLE,)):
            after = links[-1].id
            yield links

    async def creation(self, links: Sequence[Link]) -> list[tuple[LinkView, list[Decision]]]:
        """Decisions about items without counterpart; none where the run is narrowed to some fields."""
        if self._fields or not links:
            return []
        views = await self._views(links)
        for side in {other(one) for view in views if len(view.ids) == 1 for one in view.ids}:
            self._custom |= {side} if self.policy.mark and self._bears(side) else set()
        translator = await self.translator()
        return [(one, decide(one, translator)) for one in views]

    def _bears(self, side: str) -> bool:
        """Whether a side may have a place for references that costs no request for each task."""
        is_apart = self._sides[side].provider.capabilities.limits.custom_fields == "apart"
        return self.policy.provenance != "auto" or not is_apart

    async def _dirty(self, after: str, states: Iterable[str]) -> list[Link]:
        def work(conn: SqlConnection) -> list[Link]:
            return dirty_links(
                conn, self._mapping_id, TASK,
                after=after, limit=_CHUNK, states=states, patient=self._patient,
            )  # fmt: skip

        while True:
            links = await self._db.read(work)
            wanted = [one for one in links if not self._only or {one.left_id, one.right_id} & self._only]
            if wanted or not links:
                return wanted
            after = links[-1].id

    async def _views(self, links: Sequence[Link]) -> list[LinkView]:
        """With what their references need at hand."""

        def work(conn: SqlConnection) -> tuple[list[Link], dict[str, dict[str, str]]]:
            found: list[Link] = []
            for side in SIDES:
                wanted = {str(one) for link in links for one in _references(link, side, "parent")}
                missing = [one for one in wanted if (TASK, side, one) not in self._refs]
                found += find_links(conn, self._mapping_id, TASK, side, missing)
                sprints = {str(one) for link in links for one in _references(link, side, "sprint")}
                found += find_links(conn, self._mapping_id, Entity.SPRINT.value, side, sprints)
            return found, _open_conflicts(conn, [link.id for link in links])

        if len(self._refs) > _REFERENCES:
            self._refs.clear()
        around, conflicts = await self._db.read(work)
        self._custom |= set(SIDES) if any(_has_custom(one, self.policy.mark) for one in links) else set()
        self._learn_all(around)
        alive = await self._alive_below([link for link in links if _lost_on(link) is not None])
        return [view_of(link, conflicts.get(link.id, {}), alive.get(link.id)) for link in links]

    async def _alive_below(self, links: Sequence[Link]) -> dict[str, str]:
        """Link id -> title of an item below it that nobody deleted, of items deleted on one side."""
        alive: dict[str, str] = {}
        for side in SIDES:
            gone = [link for link in links if _lost_on(link) == side]
            above = {str(link.id_on(other(side))): {link.id} for link in gone}
            ids = {str(link.id_on(other(side))): link.id_on(side) for link in gone}
            while above:
                below = await self._below(other(side), above)
                deeper: defaultdict[str, set[str]] = defaultdict(set)
                for link in below:
                    parent = str(link.state_on(other(side)).get("parent"))
                    item = str(link.id_on(other(side)))
                    if self._stays(link, side, ids[parent]):
                        title = str(link.state_on(other(side)).get("title") or item)
                        alive |= dict.fromkeys(above[parent], title)
                    elif link.gone_on(side) is not None and item not in ids:
                        deeper[item] |= above[parent]
                above = dict(deeper)
                ids |= {str(one.id_on(other(side))): one.id_on(side) for one in below}
        return alive

    async def _below(self, side: str, above: Mapping[str, Any]) -> list[Link]:
        found = await self._db.read(lambda conn: children_of(conn, self._mapping_id, TASK, side, list(above)))
        return [one for one in found if str(one.state_on(side).get("parent")) in above]

    def _stays(self, link: Link, side: str, gone_id: str | None) -> bool:
        """Whether an item is new, or was edited since it was deleted on a side, or stands elsewhere there.

        So does one that was deleted when deletions were not carried.
        """
        target = other(side)
        if link.state == SINGLE:
            return self.policy.creates(side)
        if link.state == LINKED and link.gone_on(side) is None:
            now, agreed = link.state_on(side).get("parent"), link.agreed_on(side).get("parent")
            return bool(now == agreed and now != gone_id)
        if link.gone_on(side) == KEPT:
            return True
        if link.gone_on(side) != "deleted" or self.policy.winner("title") == side:
            return False
        changed = changed_fields(link.agreed_on(target), link.state_on(target))
        return any(self.policy.flows(name, side) for name in changed)


def _both(asked: frozenset[str], kept: frozenset[str]) -> frozenset[str]:
    """Fields of two narrowings, of which the second may be empty for all. No field is not all fields."""
    return (asked & kept or frozenset({""})) if kept else asked


def _lost_on(link: Link) -> str | None:
    """The side on which a pair's item was deleted, where it is there on the other."""
    lost = [side for side in SIDES if link.gone_on(side) is not None]
    return lost[0] if link.state == LINKED and len(lost) == 1 and link.gone_on(lost[0]) == "deleted" else None


def _has_custom(link: Link, mark: str) -> bool:
    """Whether a side holds custom fields besides our mark; which ones a side has is asked for only then."""
    told = ((link.left_now or {}).get("values"), link.left_agreed, (link.right_now or {}).get("values"))
    names = {name for values in (*told, link.right_agreed) for name in values or ()}
    return any(name.startswith(CUSTOM) and name != mark for name in names)


def _references(link: Link, side: str, name: str) -> set[Any]:
    now, agreed = (link.left_now, link.left_agreed) if side == LEFT else (link.right_now, link.right_agreed)
    values = (now or {}).get("values") or agreed or {}
    return {values[name]} if name in values else set()


def _open_conflicts(conn: SqlConnection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Link id -> field -> side that people chose, or `""`."""
    if not ids:
        return {}
    columns = (sync_conflicts.c.link_id, sync_conflicts.c.field, sync_conflicts.c.decision)
    where = sync_conflicts.c.link_id.in_(list(ids)) & (sync_conflicts.c.state == "open")
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for link_id, name, decision in conn.execute(select(*columns).where(where)):
        found[link_id][name] = decision or ""
    return found


def view_of(link: Link, conflicts: Mapping[str, str], alive_below: str | None = None) -> LinkView:
    """A stored link as the plan sees it.

    Args:
        link: row.
        conflicts: field -> side that people chose, `""` where nobody did yet.
        alive_below: title of an item below it that nobody deleted.
    """
    both = {
        LEFT: (link.left_id, link.left_agreed, link.left_now, link.left_gone),
        RIGHT: (link.right_id, link.right_agreed, link.right_now, link.right_gone),
    }
    return LinkView(
        id=link.id,
        ids={side: one[0] for side, one in both.items() if one[0] is not None},
        agreed={side: one[1] for side, one in both.items() if one[1] is not None},
        now={side: one[2]["values"] for side, one in both.items() if one[2] is not None},
        gone={side: one[3] for side, one in both.items() if one[3] is not None},
        edited_at={
            side: datetime.fromisoformat(one[2]["at"])
            for side, one in both.items()
            if one[2] is not None and one[2].get("at")
        },
        frozen=frozenset(name for name, side in conflicts.items() if not side),
        decided={name: side for name, side in conflicts.items() if side},
        held=link.held or {},
        alive_below=alive_below,
    )
