"""Items of two sides without counterpart, made pairs where they are the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.model import Entity
from pm_providers.store.sync_links import (
    SINGLE,
    Link,
    change_many,
    links_by_id,
    pair,
    partners,
    single_sides,
    singles_on,
)
from pm_providers.store.sync_state import LEASE_S, renew_lease, write_fenced
from pm_providers.sync.matching import Candidate, Doubts, Shelf, folded, match, number, title_of
from pm_providers.sync.policy import LEFT, RIGHT, SIDES
from pm_providers.sync.provenance import reference_keys

__all__ = ["Pairing"]

TASK = Entity.TASK.value
_AT_ONCE = 200
"""Pairs of one transaction."""

_ALIVE = 10_000
"""Items after which the lease is renewed."""


class Pairing:
    """Pairs what is stored without counterpart.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        by: field whose equal values make a pair, before titles do.
        mark: field that holds references to items of the other side; `""` for none.
        addresses: side -> what references to its items begin with; needed with `mark`.
        only: ids of items that people narrowed the run to; empty for all.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        fence: int,
        *,
        by: str | None,
        mark: str = "",
        addresses: Mapping[str, str] | None = None,
        only: Collection[str] = (),
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._fence = fence
        self._by = by
        self._mark = mark
        self._addresses = addresses or {}
        self._only = only
        self._linked: dict[int, int] = {}

    async def run(self, tell: Callable[[str, str], None] = lambda _link, _why: None) -> Doubts:
        """Make pairs; links of items that are none though there are candidates.

        Args:
            tell: told each of these links, and why.
        """
        if len(await self._db.read(lambda conn: single_sides(conn, self._mapping_id, TASK))) < len(SIDES):
            return Doubts()
        self._linked = {}
        left, right = await self._shelf(LEFT), await self._shelf(RIGHT)
        found = await asyncio.to_thread(match, left, right, self._linked)
        pairs = found.pairs()
        while some := list(islice(pairs, _AT_ONCE)):
            await self._paired(some)
        doubtful = found.doubtful()
        while told := list(islice(doubtful, _AT_ONCE)):
            for link_id, why in told:
                tell(link_id, why)
            await self._doubted(dict(told))
        return Doubts(link_id for link_id, _ in found.doubtful())

    # reading

    async def _shelf(self, side: str) -> Shelf:
        shelf = Shelf(keys=4 if self._mark else 1)
        async for some in self._singles(side):
            for one in some:
                shelf.add(one, self._keys(side, one))
            if side == LEFT:
                await self._learn(some)
            if len(shelf) % _ALIVE < len(some):
                await renew_lease(self._db, self._mapping_id, self._fence, LEASE_S)
        return shelf

    def _keys(self, side: str, one: Candidate) -> list[str | None]:
        """Texts that make a pair wherever they are equal, the most telling first."""
        named = [folded(one.values.get(self._by)) if self._by else None]
        if not self._mark:
            return named
        return [*reference_keys(side, one.id, one.values.get(self._mark), self._addresses), *named]

    async def _learn(self, some: Sequence[Candidate]) -> None:
        """Counterparts of what these stand below."""
        above = {str(one.values["parent"]) for one in some if "parent" in one.values}
        ids = [one for one in above if number(one) not in self._linked]
        work = partial(partners, mapping_id=self._mapping_id, entity=TASK, side=LEFT, ids=ids)
        known = await self._db.read(work) if ids else {}
        self._linked |= {number(one): number(two) for one, two in known.items()}

    async def _singles(self, side: str) -> AsyncIterator[list[Candidate]]:
        names, after = [one for one in ("title", "parent", self._by, self._mark) if one], ""
        where: dict[str, Any] = {"mapping_id": self._mapping_id, "entity": TASK, "side": side, "names": names}
        while some := await self._db.read(partial(singles_on, after=after, **where)):
            wanted = [one for one in some if not self._only or one.id in self._only]
            yield [Candidate(one.link_id, one.id, one.values) for one in wanted]
            after = some[-1].link_id

    # writing

    async def _paired(self, some: Sequence[tuple[str, str]]) -> None:
        def work(conn: SqlConnection) -> None:
            links = links_by_id(conn, [one for both in some for one in both])
            both = [(links[one], links[two]) for one, two in some if one in links and two in links]
            pair(conn, [(one, two) for one, two in both if self._is_same(one, two)])

        await write_fenced(self._db, self._mapping_id, self._fence, work)

    def _is_same(self, left: Link, right: Link) -> bool:
        """Whether the texts are equal that were compared by numbers."""
        ours, theirs = [
            Candidate(link.id, str(link.id_on(side)), link.state_on(side))
            for side, link in ((LEFT, left), (RIGHT, right))
        ]
        keys = [title_of(ours.values), *self._keys(LEFT, ours)], [
            title_of(theirs.values), *self._keys(RIGHT, theirs),
        ]  # fmt: skip
        return left.state == right.state == SINGLE and any(
            one and one == two for one, two in zip(*keys, strict=True)
        )

    async def _doubted(self, doubtful: Mapping[str, str]) -> None:
        known = await self._db.read(lambda conn: links_by_id(conn, list(doubtful)))
        news = {one: why for one, why in doubtful.items() if one in known and known[one].problem != why}

        def work(conn: SqlConnection) -> None:
            change_many(conn, {one: {"problem": why} for one, why in news.items()})

        if news:
            await write_fenced(self._db, self._mapping_id, self._fence, work)
