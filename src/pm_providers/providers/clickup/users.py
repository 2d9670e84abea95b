"""People: members of the Workspace, whom `GET /team` lists on all plans."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, PMError, ValidationError
from pm_providers.model import PMUser, WriteWarning
from pm_providers.providers.clickup.connection import Connection
from pm_providers.providers.clickup.mapping.people import from_user
from pm_providers.toolkit.documents import identifier

__all__ = ["Users"]


class Users(Connection):
    """Users. Inviting, changing and removing people needs the Enterprise plan; others are refused by name."""

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        """All members; of a project, those of its space if it is private."""
        known = await self._catalog.members(fresh=True)
        only = None if query.project_id is None else await self._members_of(query.project_id)
        for key, one in known.items():
            if only is None or key in only:
                yield self._user(one)

    async def _members_of(self, project_id: str) -> set[str] | None:
        """Ids of those who a private space is shared with; `None` for everybody."""
        place = await self._place(project_id)
        space = place.document if self._level == "space" else await self._catalog.space(place.space_id)
        shared = space.get("members")
        if space.get("private") is not True or not isinstance(shared, list):
            return None
        people = (one.get("user") for one in shared if isinstance(one, Mapping))
        return {identifier(one, "user") for one in people if isinstance(one, Mapping)}

    async def _get_user(self, user_id: str) -> PMUser | None:
        found = await self._catalog.member(user_id, fresh=True)
        return None if found is None else self._user(found)

    async def _get_current_user(self) -> PMUser:
        """The user of the credential; the role comes from the members."""
        me = await self._api.me()
        member = (await self._catalog.members()).get(identifier(me, "user"), {})
        return self._user({**member, **me})

    async def _create_user(self, fields: Fields) -> PMUser:
        """Invite somebody by e-mail, as a member. Who is invited is named by the address at first."""
        email = fields.get("email")
        if not email:
            raise ValidationError(fields={"email": "is required: people are invited by their address"})
        if await self._catalog.member(email) is not None:
            raise ConflictError(f"{email} is in the Workspace already")
        await self._api.post(f"{self._api.team}/user", {"email": email, "admin": False})
        await self._catalog.members(fresh=True)
        made = await self._catalog.member(email)
        if made is None:
            raise NotFoundError(f"{email} was invited, and is not listed yet")
        return await self._with_name(made, fields)

    async def _with_name(self, document: Mapping[str, Any], fields: Fields) -> PMUser:
        user = self._user(document)
        if fields.get("name") in {None, user.name}:
            return user
        try:
            return await self._write(document, {"name": fields["name"]})
        except PMError as error:
            # The invitation is out: an error would make callers send another one.
            why = f"the user was invited, the name not set: {error.message}"
            return replace(user, warnings=(WriteWarning("name", fields["name"], user.name, why),))

    async def _write(self, document: Mapping[str, Any], fields: Mapping[str, Any]) -> PMUser:
        key = identifier(document, "user")
        await self._api.put(f"{self._api.team}/user/{key}", from_user(fields, document))
        found = (await self._catalog.members(fresh=True)).get(key)
        if found is None:
            raise NotFoundError(f"there is no user {key!r:.80} in the Workspace any more")
        return self._user(found)

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        if "email" in fields:
            raise ValidationError(fields={"email": "cannot be changed: people change it themselves"})
        found = await self._catalog.member(user_id)
        if found is None:
            raise NotFoundError(f"there is no user {user_id!r:.80} in the Workspace")
        return await self._write(found, fields)

    async def _delete_user(self, user_id: str) -> bool:
        """Take somebody out of the Workspace."""
        found = await self._catalog.member(user_id)
        if found is None:
            return False
        path = f"{self._api.team}/user/{identifier(found, 'user')}"
        done = await self._api.delete(path, look=path)
        await self._catalog.members(fresh=True)
        return done
