"""Users of the workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMUser
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.mapping.people import USER_FIELDS
from pm_providers.providers.asana.mapping.values import gid, is_gid, listed

__all__ = ["Users"]


class Users(Connection):
    """Users."""

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        """Members of a project, or everybody in the workspace. A project does not tell e-mail addresses."""
        if query.project_id is None:
            params = {"workspace": self._options.workspace}
            async with aclosing(self._api.items("users", USER_FIELDS, params, limit=query.limit)) as found:
                async for one in found:
                    yield self._user(one)
            return
        members = await self._members(query.project_id)
        async for user in self._iter_users(ListQuery()):
            if user.id in members:
                members.discard(user.id)
                yield user
        for guest in sorted(members):  # whom the workspace's list may leave out
            found_guest = await self._find_user(guest)
            if found_guest is not None:
                yield self._user(found_guest)

    async def _members(self, project: str) -> set[str]:
        if not is_gid(project):
            raise NotFoundError(f"there is no project {project!r:.80}")
        found = await self._api.get(f"projects/{project}", ("members",))
        return {gid(one, "user") for one in listed(found, "members")}

    async def _get_user(self, user_id: str) -> PMUser | None:
        found = await self._find_user(user_id)
        return None if found is None else self._user(found)

    async def _get_current_user(self) -> PMUser:
        return self._user(await self._api.me(USER_FIELDS))

    async def _create_user(self, fields: Fields) -> PMUser:
        """Invite somebody to the workspace, by e-mail address."""
        email = fields.get("email")
        if not email:
            raise ValidationError(fields={"email": "is required: people are invited by it"})
        path = f"workspaces/{self._options.workspace}/addUser"
        return self._user(await self._api.post(path, {"user": email}, USER_FIELDS))

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        """Change one's own name: the vendor refuses that of others.

        Raises:
            ValidationError: another field.
        """
        other = [name for name in fields if name != "name"]
        if other:
            raise ValidationError(fields=dict.fromkeys(other, "people change it themselves"))
        one = await self._user_id(user_id)
        return self._user(await self._api.put(f"users/{one}", {"name": fields["name"]}, USER_FIELDS))

    async def _delete_user(self, user_id: str) -> bool:
        """Take somebody out of the workspace; `False` for who is not in it."""
        try:
            one = await self._user_id(user_id)
            found = await self._api.get(f"users/{one}", ("workspaces",))
        except NotFoundError:
            return False
        inside = {gid(place, "workspace") for place in listed(found, "workspaces")}
        if self._options.workspace not in inside:
            return False
        await self._api.post(f"workspaces/{self._options.workspace}/removeUser", {"user": one})
        return True
