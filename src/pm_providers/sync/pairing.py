"""Items of two sides without counterpart, made pairs where they are the same thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.model import Entity
from pm_providers.store.sync_links import links_by_id, pair, save_link, single_sides, singles_on
from pm_providers.store.sync_state import check_fence
from pm_providers.sync.matching import Candidate, match
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import LEFT, SIDES

__all__ = ["Pairing"]

TASK = Entity.TASK.value


class Pairing:
    """Pairs what is stored without counterpart.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        only: ids of items that people narrowed the run to; empty for all.
    """

    def __init__(self, db: Database, mapping_id: str, fence: int, only: Collection[str] = ()) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._fence = fence
        self._only = only

    async def run(self, planner: Planner) -> dict[str, str]:
        """Make pairs; link id -> why an item is none though there are candidates."""
        if len(await self._db.read(lambda conn: single_sides(conn, self._mapping_id, TASK))) < len(SIDES):
            return {}
        by = planner.policy.match_field
        sides = {side: [one async for one in self._singles(side, by)] for side in SIDES}
        above = {str(one.values["parent"]) for one in sides[LEFT] if "parent" in one.values}
        await planner.learn_parents(LEFT, above)
        found = match(*sides.values(), parents=planner.counterpart, by=by)

        def work(conn: SqlConnection) -> None:
            check_fence(conn, self._mapping_id, self._fence)
            for left, right in found.pairs:
                links = links_by_id(conn, [left, right])
                pair(conn, links[left], links[right])
            known = links_by_id(conn, list(found.doubtful))
            for link_id, why in found.doubtful.items():
                if known[link_id].problem != why:
                    save_link(conn, link_id, problem=why)

        if found.pairs or found.doubtful:
            await self._db.write(work)
        return found.doubtful

    async def _singles(self, side: str, by: str | None) -> AsyncIterator[Candidate]:
        wanted = {"title", "parent", by} - {None}
        names, after = [str(one) for one in wanted], ""
        where: dict[str, Any] = {"mapping_id": self._mapping_id, "entity": TASK, "side": side, "names": names}
        while some := await self._db.read(partial(singles_on, after=after, **where)):
            for one in some:
                if not self._only or one.id in self._only:
                    yield Candidate(one.link_id, one.id, one.values)
            after = some[-1].link_id
