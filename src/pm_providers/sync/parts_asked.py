"""Users and other tasks, as the kinds of parts ask for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from pm_providers.database import Database
from pm_providers.errors import PermissionDeniedError
from pm_providers.model import Entity
from pm_providers.store.sync_links import Link, find_links, links_by_id
from pm_providers.sync.parts_comments import People
from pm_providers.sync.people import Directory
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import other
from pm_providers.sync.side import Side

__all__ = ["Asked"]

TASK = Entity.TASK.value


class Asked(People):
    """Users and other tasks, asked of the systems and of the links.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        sides: both sides.
        planner: of the run.
        coming: whether a task without counterpart is about to get one, and counts as in step.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        sides: Mapping[str, Side],
        planner: Planner,
        coming: Callable[[Link], bool] = lambda _: False,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._sides = sides
        self._planner = planner
        self.coming = coming
        self._me: dict[str, str | None] = {}
        self.elsewhere: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """Side -> stored id of a relation that was met at its other end -> link of the task it belongs to."""

    def side(self, name: str) -> Side:
        """A side by its name."""
        return self._sides[name]

    async def me(self, side: Side) -> str | None:
        """Account of the connection on a side; `None` where it cannot be told."""
        if side.name not in self._me:
            self._me[side.name] = None
            if side.provider.capabilities.supports("get_current_user"):
                try:
                    self._me[side.name] = (await side.provider.get_current_user()).id
                except PermissionDeniedError:
                    self._me[side.name] = None
        return self._me[side.name]

    async def directory(self) -> Directory:
        """Who is who on the other side."""
        return (await self._planner.translator()).people

    async def name_of(self, side: Side, user_id: str | None) -> str:
        """Name of a user, for people."""
        if user_id is None:
            return ""
        person = (await self._planner.translator()).facts[side.name].people.get(user_id)
        return (person.name or person.username) if person is not None else f"user {user_id}"

    async def tasks(self, side: Side, ids: Collection[str]) -> Mapping[str, Link]:
        """Id on a side -> link, of tasks that have one."""
        found = await self._db.read(lambda conn: find_links(conn, self._mapping_id, TASK, side.name, ids))
        return {str(one.id_on(side.name)): one for one in found}

    async def by_link(self, ids: Collection[str]) -> Mapping[str, Link]:
        """Links of tasks by id."""
        return await self._db.read(lambda conn: links_by_id(conn, ids))

    def met(self, side: Side, stored: str, owner_id: str, relation: str) -> None:
        """A relation was met at its other end: its own task is to be looked at, where it can be carried."""
        across = self._sides[other(side.name)]
        is_carried = relation in across.provider.capabilities.limits.relation_types
        if is_carried and self._planner.policy.creates(across.name):
            self.elsewhere[side.name][stored] = owner_id
