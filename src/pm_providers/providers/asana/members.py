"""Memberships, which are access to projects, and watchers, who are followers of tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, ProviderError, ValidationError
from pm_providers.model import PMMembership, PMUser
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.linking import post_again
from pm_providers.providers.asana.mapping.members import MEMBERSHIP_FIELDS, level_of, to_membership
from pm_providers.providers.asana.mapping.values import gid, is_gid, listed, ref_gid

__all__ = ["Memberships", "Watchers"]

_FOLLOWERS = ("followers.name",)


class Memberships(Connection):
    """Users, and teams, that have access to a project, with one role each."""

    async def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """In the vendor's order.

        Raises:
            NotFoundError: no such project.
        """
        project = gid(await self._project_document(query.project_id or ""), "project")
        stream = self._api.items(self._access_list(project), MEMBERSHIP_FIELDS, limit=query.limit)
        async with aclosing(stream) as found:
            async for one in found:
                yield to_membership(one, project, keep_raw=self._keep_raw)

    @staticmethod
    def _access_list(project: str) -> str:
        """Only this list tells access levels; `/memberships` is documented without them ([spec])."""
        return f"projects/{project}/project_memberships"

    async def _create_membership(self, fields: Fields) -> PMMembership:
        """Members are read first: who is one already would get another role without a word ([inf]).

        Raises:
            ValidationError: unknown project, role, user or team.
            ConflictError: the user is a member already.
        """
        project, user = fields["project_id"], fields["user_id"]
        level, fields["roles"] = level_of(fields["roles"])
        if await self._find_project(project) is None:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"})
        for one in await self._api.all(self._access_list(project), MEMBERSHIP_FIELDS):
            if ref_gid(one, "member") == user:
                own = gid(one, "membership")
                text = f"{user} is a member of project {project} already: update membership {own}"
                raise ConflictError(text, fields=("user_id",))
        if await self._find_user(user) is None and await self._api.find(f"teams/{user}", ("name",)) is None:
            raise ValidationError(fields={"user_id": f"there is no user or team {user!r:.80}"})
        body = {"parent": project, "member": user, "access_level": level}
        made = await self._api.post("memberships", body)
        return to_membership(made, project, keep_raw=self._keep_raw)

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        """The role is replaced: a member has one.

        Raises:
            NotFoundError: no such membership, or one of something else than a project.
            ValidationError: unknown role.
        """
        level, fields["roles"] = level_of(fields["roles"])
        stored = await self._membership(membership_id)
        if stored is None:
            raise NotFoundError(f"there is no membership {membership_id!r:.80}")
        changed = await self._api.put(f"memberships/{membership_id}", {"access_level": level})
        return to_membership(changed, ref_gid(stored, "parent"), keep_raw=self._keep_raw)

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        if await self._membership(membership_id) is None:
            return False
        return await self._api.delete(f"memberships/{membership_id}")

    async def _membership(self, value: str) -> dict[str, Any] | None:
        """A membership of a project: those of portfolios, goals and fields are left alone."""
        if not is_gid(value):
            return None
        return await self._api.find(f"project_memberships/{value}", MEMBERSHIP_FIELDS)


class Watchers(Connection):
    """Followers of tasks, whom the vendor calls collaborators."""

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        """Users with their names."""
        return [self._user(one) for one in await self._followers(task_id)]

    async def _followers(self, task_id: str) -> list[Any]:
        return listed(await self._task_document(task_id, _FOLLOWERS), "followers")

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        before = await self._followers(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError as error:
            raise _nobody(user_id) from error
        if _among(before, user):
            return False
        if await self._find_user(user) is None:
            raise _nobody(user_id)
        if not _among(await self._set_follower(task_id, "addFollowers", user), user):
            raise _nobody(user_id)
        return True

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        before = await self._followers(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError:
            return False
        if not _among(before, user):
            return False
        if _among(await self._set_follower(task_id, "removeFollowers", user), user):
            raise ProviderError(f"user {user!r:.80} still follows, although the system took the removal")
        return True

    async def _set_follower(self, task_id: str, verb: str, user: str) -> list[Any]:
        """Followers afterwards. The document promises both the task and an empty answer ([spec])."""
        task = await self._task_id(task_id)
        found = await post_again(self._api, f"tasks/{task}/{verb}", {"followers": [user]}, _FOLLOWERS)
        return listed(found, "followers") if "followers" in found else await self._followers(task)


def _among(followers: list[Any], user: str) -> bool:
    return any(gid(one, "user") == user for one in followers)


def _nobody(user: str) -> ValidationError:
    return ValidationError(fields={"user_id": f"{user!r:.80}: there is no such user, or none who may follow"})
