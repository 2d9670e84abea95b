"""Memberships, which are roles in the Workspace, and watchers of tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import ListQuery
from pm_providers.errors import NotFoundError, ProviderError, ValidationError
from pm_providers.model import PMMembership, PMUser
from pm_providers.providers.clickup.mapping.parts import to_membership
from pm_providers.providers.clickup.mapping.tasks import ids_of
from pm_providers.providers.clickup.users import Users
from pm_providers.toolkit.documents import identifier

__all__ = ["Memberships", "Watchers"]


class Memberships(Users):
    """Members of projects: those of the Workspace, or those whom a private space is shared with."""

    async def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """In the order of the Workspace. That a folder or list is private, the API does not tell."""
        place = await self._place(query.project_id or "")
        known = await self._catalog.members(fresh=True)
        only = await self._members_of(place.id)
        for key, one in known.items():
            if only is None or key in only:
                yield to_membership(one, place.id, keep_raw=self._options.keep_raw)


class Watchers(Users):
    """Watchers, written as differences. Writes are answered 200 whatever they did: the task tells."""

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        task = await self._task_document(task_id)
        known = await self._catalog.members()
        return [self._user({**known.get(identifier(one, "user"), {}), **one}) for one in _people(task)]

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        task = await self._task_document(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError as error:
            raise ValidationError(fields={"user_id": error.message}) from None
        if user in ids_of(task.get("watchers")):
            return False
        if user not in await self._watch(identifier(task, "task"), add=[int(user)], rem=[]):
            raise ValidationError(fields={"user_id": f"{user!r:.80} does not watch: may not see the task"})
        return True

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        task = await self._task_document(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError:
            user = user_id  # of one who left the Workspace
        if user not in ids_of(task.get("watchers")) or not user.isdecimal():
            return False
        if user in await self._watch(identifier(task, "task"), add=[], rem=[int(user)]):
            raise ProviderError(f"user {user!r:.80} still watches, although the system took the removal")
        return True

    async def _watch(self, task: str, **change: list[int]) -> list[str]:
        """Change the watchers; ids of those who watch then."""
        await self._api.put(f"task/{task}", {"watchers": change})
        return ids_of((await self._api.task(task)).get("watchers"))


def _people(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = task.get("watchers")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
