"""Who works where, and who is told: members of projects, watchers of tasks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, cast

from pm_providers.contract.collaboration import CollaborationOperations
from pm_providers.contract.queries import ListQuery
from pm_providers.contract.validation import Fields
from pm_providers.contract.values import check_id, check_optional_id
from pm_providers.model import Entity, PMMembership, PMUser

__all__ = ["PeopleOperations"]


class PeopleOperations(CollaborationOperations):
    """Memberships and watchers."""

    # memberships

    def iter_memberships(
        self, project_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMMembership, None]:
        """Memberships of a project, one page in memory. See `list_memberships`."""
        return self._stream(
            "list_memberships",
            lambda: self._iter_memberships(
                ListQuery(project_id=check_id(project_id, "project_id"), limit=limit, window=window)
            ),
            limit,
        )

    async def list_memberships(self, project_id: str, *, limit: int | None = None) -> list[PMMembership]:
        """Who is a member of a project, with which roles: users and groups, in a stable order.

        Raises:
            NotFoundError: no such project.
            PermissionDeniedError: the credentials may not see the members.
        """
        return [one async for one in self.iter_memberships(project_id, limit=limit, window=self._window)]

    async def create_membership(self, membership: PMMembership) -> PMMembership:
        """Make a user or a group a member of a project; returns the membership as the system answered.

        Raises:
            ValidationError: unknown project, user or role; `fields["roles"]` says which roles there are.
            ConflictError: the user is a member already: update that membership.
        """
        return await self._create(Entity.MEMBERSHIP, membership, self._create_membership)

    async def update_membership(
        self, membership_id: str, updates: Mapping[str, Any], *, project_id: str | None = None
    ) -> PMMembership:
        """Replace the roles of a member.

        `project_id=` is needed only with vendors whose membership ids are unique within a project; the
        others ignore it.

        Raises:
            NotFoundError: no such membership.
            ValidationError: unknown role, or an inherited membership.
        """
        scope = self._scope("update_membership", project_id)
        return cast(
            "PMMembership",
            await self._update(
                Entity.MEMBERSHIP,
                membership_id,
                updates,
                lambda one, fields: self._update_membership(one, fields, scope),
            ),
        )

    async def delete_membership(self, membership_id: str, *, project_id: str | None = None) -> bool:
        """End a membership; `False` when it did not exist. `project_id=` as in `update_membership`.

        Raises:
            ValidationError: an inherited membership.
        """
        scope = self._scope("delete_membership", project_id)
        return await self._delete(
            Entity.MEMBERSHIP, membership_id, lambda one: self._delete_membership(one, scope)
        )

    def _scope(self, operation: str, project_id: str | None) -> str | None:
        with self._operation(operation):
            return check_optional_id(project_id, "project_id")

    # watchers

    async def list_watchers(self, task_id: str) -> list[PMUser]:
        """Who is told of changes of a task; of users, at least id and name.

        Raises:
            NotFoundError: no such task.
            PermissionDeniedError: the credentials may not see who watches.
        """
        found = await self._call("list_watchers", lambda: self._list_watchers(check_id(task_id, "task_id")))
        return cast("list[PMUser]", found)

    async def add_watcher(self, task_id: str, user_id: str) -> bool:
        """Let a user watch a task; `False` when that was so already.

        Raises:
            NotFoundError: no such task.
            ValidationError: `user_id`: no such user, or one that may not see the task.
        """
        return bool(
            await self._call(
                "add_watcher",
                lambda: self._add_watcher(check_id(task_id, "task_id"), check_id(user_id, "user_id")),
            )
        )

    async def remove_watcher(self, task_id: str, user_id: str) -> bool:
        """End that a user watches a task; `False` when the user does not, or does not exist.

        Raises:
            NotFoundError: no such task.
        """
        return bool(
            await self._call(
                "remove_watcher",
                lambda: self._remove_watcher(check_id(task_id, "task_id"), check_id(user_id, "user_id")),
            )
        )

    # hooks

    def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """Hook: memberships of `query.project_id`, which is always set and may be a key."""
        raise self._refuse("list_memberships")

    async def _create_membership(self, fields: Fields) -> PMMembership:
        """Hook: `fields` hold `project_id`, `user_id`, `roles`.

        Names and ids of roles are made the system's names in `fields["roles"]` (or by `_resolve`), so that
        they compare with those of the answer.
        """
        raise self._refuse("create_membership")

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        raise self._refuse("update_membership")

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        raise self._refuse("delete_membership")

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        raise self._refuse("list_watchers")

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        raise self._refuse("add_watcher")

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        raise self._refuse("remove_watcher")
