"""What a run would do besides tasks: labels that they need, and parts, also of tasks that are yet to be made.

Planned before anything is written, so that a plan says all that a run would do, and its id names all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.store.sync_links import Link, links_by_id
from pm_providers.store.sync_parts import PartLink, answered_owners, due_tasks, parts_of, resting_tasks
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.labels import label_decision
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.parts_look import Look
from pm_providers.sync.parts_model import Kind, Scope
from pm_providers.sync.parts_views import is_early
from pm_providers.sync.plan import digest_of
from pm_providers.sync.policy import LEFT, SIDES, other
from pm_providers.sync.translate import NEW_LABEL

__all__ = ["APPROVED", "Foreseen"]

APPROVED = frozenset({Act.CREATE, Act.UPDATE, Act.DELETE})
"""What is written to parts, and only if it was approved where people approved a plan."""

_CHUNK = 100
_AT_ONCE = 4


class Foreseen:
    """Collects what a run would do besides tasks.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        look: decides about parts.
        asked: knows people, and other tasks, also those that are yet to be made.
        settle_s: seconds for which a list may be late.
        only: ids of items that people narrowed the run to.
        every: look at the parts of all tasks, not of those that are due.
        tell: called with each decision.
        makes_labels: whether labels are made on a side.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        look: Look,
        asked: Asked,
        *,
        settle_s: float,
        only: Collection[str],
        every: bool,
        tell: Callable[[Decision], None],
        makes_labels: Callable[[str], bool],
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._look = look
        self._asked = asked
        self._settle_s = settle_s
        self._only = set(only)
        self._every = every
        self._tell_one = tell
        self._makes_labels = makes_labels
        self._kinds: list[Kind] = []
        self._coming: list[Decision] = []
        self._owners: set[str] = set()
        self._labels: set[tuple[str, str]] = set()
        self.approved: set[int] = set()
        """Digests of all that would be written to parts."""
        self.deletes = 0

    def begin(self) -> None:
        """Find out which kinds of parts are in step."""
        self._kinds = self._look.kinds(self._asked)

    async def task(self, one: Decision) -> None:
        """Take in what is decided about a task.

        Raises:
            PMError: a side cannot be read.
        """
        self._label(one)
        if one.act is Act.CREATE and self._kinds:
            self._coming.append(one)
            if len(self._coming) == _CHUNK:
                await self._flush()

    async def rest(self) -> None:
        """The parts of tasks that are in step already, where something may have changed.

        Raises:
            PMError: a side cannot be read.
        """
        await self._flush()
        if not self._kinds:
            return
        after = ""

        def due(conn: SqlConnection) -> list[Link]:
            return due_tasks(conn, self._mapping_id, after=after, limit=_CHUNK, every=self._every)

        while links := await self._db.read(due):
            after = links[-1].id
            await self._tasks(links)
        if not self._every:
            await self._others()

    async def _others(self) -> None:
        """Tasks that are looked at for others: a relation was met at its other end, a conflict decided."""
        answered = await self._db.read(lambda conn: answered_owners(conn, self._mapping_id))
        waiting, seen = self._owners | answered, set[str]()
        while waiting:
            seen |= waiting
            links = await self._db.read(lambda conn: resting_tasks(conn, waiting))  # noqa: B023
            self._owners = set()
            for start in range(0, len(links), _CHUNK):
                await self._tasks(links[start : start + _CHUNK])
            waiting = self._owners - seen

    # labels

    def _label(self, one: Decision) -> None:
        for step in one.steps:
            if step.field != "labels" or not isinstance(step.new, list) or not self._makes_labels(one.side):
                continue
            for name in (str(name)[len(NEW_LABEL) :] for name in step.new if str(name).startswith(NEW_LABEL)):
                key = (one.side, name.strip().casefold())
                if key not in self._labels:
                    self._labels.add(key)
                    self._tell_one(label_decision(one.side, name))

    # parts

    async def _flush(self) -> None:
        some, self._coming = self._coming, []
        links = await self._db.read(lambda conn: links_by_id(conn, [one.link_id for one in some]))
        scopes = []
        for one in some:
            link = links.get(one.link_id)
            if link is not None:
                source = other(one.side)
                scopes.append((link, Scope(link.id, {one.side: "", source: str(link.id_on(source))},
                                           one.title, one.side)))  # fmt: skip
        await self._all(scopes)

    async def _tasks(self, links: Sequence[Link]) -> None:
        wanted = [one for one in links if not self._only or {one.left_id, one.right_id} & self._only]
        scopes = [
            (one, Scope(one.id, {side: str(one.id_on(side)) for side in SIDES},
                        str(one.state_on(LEFT).get("title") or "")))
            for one in wanted
        ]  # fmt: skip
        await self._all(scopes)

    async def _all(self, scopes: Sequence[tuple[Link, Scope]]) -> None:
        self._asked.elsewhere.clear()
        rows = await self._db.read(lambda conn: parts_of(conn, [link.id for link, _ in scopes]))
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(link: Link, scope: Scope) -> list[Decision]:
            async with gate:
                return await self._one(scope, rows.get(link.id, []))

        found = await asyncio.gather(*(one(*pair) for pair in scopes))
        for decisions in found:
            self._tell(decisions)
        fresh = {scope.owner_id or "" for _, scope in scopes if scope.fresh}
        self._owners |= await self._look.owners([link for link, _ in scopes], self._asked, fresh)

    async def _one(self, scope: Scope, rows: Sequence[PartLink]) -> list[Decision]:
        found: list[Decision] = []
        for kind in self._kinds:
            own = [row for row in rows if row.entity == kind.entity]
            try:
                views = await self._look.views(kind, scope, own)
            except (PermissionDeniedError, UnsupportedError, NotFoundError):
                continue  # the run says why, or notices that the task is gone
            for view in views:
                if is_early(view, self._settle_s):
                    continue
                decisions = self._look.decided(kind, scope, view)
                if any(one.act is Act.CREATE for one in decisions):  # what stands in it is looked at, too
                    for side, item in view.items.items():
                        scope.pairs[kind.entity, side, item.id] = view.link_id
                found += [replace(one, title=f"{scope.title}: {one.title}") for one in decisions]
        return found

    def _tell(self, decisions: Iterable[Decision]) -> None:
        decisions = list(decisions)
        self._look.note_held(decisions)
        for one in decisions:
            if one.act in APPROVED:
                self.approved.add(digest_of(one))
                self.deletes += one.act is Act.DELETE
            if one.act not in {Act.SETTLE, Act.FORGET}:
                self._tell_one(one)
