"""New items in the order in which they can be made: parents before children, a chunk at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
from functools import partial

from pm_providers.database import Database
from pm_providers.store.sync_links import SINGLE, Link, find_links, still_single
from pm_providers.sync.applying import Applier
from pm_providers.sync.creating import TASK
from pm_providers.sync.plan import Act, Decision, LinkView
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import LEFT, RIGHT, SIDES

__all__ = ["Maker", "place_of"]

_BATCH = 200


class Maker:
    """Makes what has no counterpart yet.

    Pass by pass, so that nothing needs to be held in memory. What stands below an item that cannot be made
    now is made all the same, and put there later; so is what stands in a circle.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        planner: decides.
        applier: writes.
        waiting: links of which it is not known yet whether they were made; what stands below waits as well.
        doubtful: links that people must decide about.
        confirm: whether an item is there as it was told.
        alive: called before each batch.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        planner: Planner,
        applier: Applier,
        *,
        waiting: frozenset[str],
        doubtful: Container[str],
        confirm: Callable[[Link], Awaitable[bool]],
        alive: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._planner = planner
        self._applier = applier
        self._waiting = waiting
        self._doubtful = doubtful
        self._confirm = confirm
        self._alive = alive
        self._done: set[str] = set()

    async def run(self) -> None:
        """Make all that can be made.

        Raises:
            SpentError: the budget is used up.
            PMError: no further call would succeed, or another run took over.
        """
        while await self._pass(orphans=False):
            pass
        await self._pass(orphans=True)

    async def _pass(self, *, orphans: bool) -> bool:
        """Whether anything was attempted."""
        attempted = False
        async for chunk in self._planner.singles():
            links = [one for one in chunk if not self._is_hopeless(one.id)]
            coming = await self._coming(links, orphans=orphans)
            if orphans:
                coming = {place: one for place, one in coming.items() if one in self._waiting}
            for level in _levels(links, set(coming), rest=orphans):
                for start in range(0, len(level), _BATCH):
                    attempted = True
                    await self._batch(level[start : start + _BATCH])
        return attempted

    def _is_hopeless(self, link_id: str) -> bool:
        """Whether an item is not made now."""
        return link_id in self._done or link_id in self._doubtful or link_id in self._waiting

    async def _coming(self, links: Sequence[Link], *, orphans: bool) -> dict[tuple[str, str], str]:
        """Parents of these links, not among them, that are still to be made: side and id -> link."""
        own = {place_of(one)[:2] for one in links}
        found: dict[tuple[str, str], str] = {}
        for side in SIDES:
            above = {
                parent for name, _, parent in map(place_of, links) if name == side and parent is not None
            }
            ids = sorted(one for one in above if (side, one) not in own)
            work = partial(find_links, mapping_id=self._mapping_id, entity=TASK, side=side, ids=ids)
            for one in await self._db.read(work) if ids else ():
                if one.state == SINGLE and one.dirty and (orphans or not self._is_hopeless(one.id)):
                    found[side, str(one.id_on(side))] = one.id
        return found

    async def _batch(self, links: Sequence[Link]) -> None:
        await self._alive()
        made: defaultdict[str, list[tuple[LinkView, Decision]]] = defaultdict(list)
        quiet: list[tuple[LinkView, list[Decision]]] = []
        there = [one for one in links if await self._confirm(one)]
        for view, found in await self._planner.creation(there):
            for one in found:
                if one.act is Act.CREATE:
                    made[one.side].append((view, one))
                else:
                    quiet.append((view, [one]))
        if quiet:
            await self._applier.quiet(quiet)
        for items in made.values():
            await self._applier.create(items)
        ids = [one.id for one in links]
        self._done |= await self._db.read(lambda conn: still_single(conn, ids))


def place_of(link: Link) -> tuple[str, str, str | None]:
    """Of an item without counterpart: side, id there, and what it stands below."""
    side = LEFT if link.left_id is not None else RIGHT
    parent = link.state_on(side).get("parent")
    return side, str(link.id_on(side)), None if parent is None else str(parent)


def _levels(links: Sequence[Link], blocked: set[tuple[str, str]], *, rest: bool) -> Iterator[list[Link]]:
    """Links, parents before children.

    Args:
        links: without counterpart.
        blocked: side and id of items that are made later, and so is what stands below.
        rest: also what stands in a circle, in the end.
    """
    own = {place_of(one)[:2] for one in links}
    below: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
    level: list[Link] = []
    for one in links:
        side, _, parent = place_of(one)
        above = None if parent is None else (side, parent)
        if above is None or (above not in own and above not in blocked):
            level.append(one)
        else:
            below[above].append(one)
    while level:
        yield level
        level = [child for one in level for child in below.pop(place_of(one)[:2], ())]
    behind = list(blocked)
    while behind:
        behind = [place_of(child)[:2] for place in behind for child in below.pop(place, ())]
    if rest and below:
        yield [one for group in below.values() for one in group]
