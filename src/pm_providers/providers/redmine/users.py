"""Users and groups."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.model import PMUser
from pm_providers.providers.redmine.connection import Connection
from pm_providers.providers.redmine.mapping.people import from_user, to_group, to_user
from pm_providers.toolkit.documents import identifier, part
from pm_providers.transport import bounded_map

__all__ = ["Users"]


class Users(Connection):
    """Users and groups."""

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        """All active users and groups, or the members of a project; by id.

        Raises:
            PermissionDeniedError: all users, and these credentials are no administrator's
                (recorded 01-auth: step 18).
        """
        if query.project_id is not None:
            async with aclosing(self._members(query)) as members:
                async for user in members:
                    yield user
            return
        params = {"sort": "created_on:asc,login:asc"}
        stream = self._api.items("users", "users", params, window=query.window, limit=query.limit)
        async with aclosing(stream) as found:
            async for one in found:
                yield await self._user(one)
        for one in await self._api.all("groups", "groups"):
            yield to_group(one, base_url=self._options.base_url, keep_raw=self._options.keep_raw)

    async def _members(self, query: ListQuery) -> AsyncGenerator[PMUser, None]:
        """Active members of a project. Their list holds names only, of locked ones too: each is asked for."""
        project = identifier(await self._project_document(query.project_id or ""), "project")
        stream = self._api.pages(f"projects/{project}/memberships", "memberships", {}, window=query.window)
        seen: set[str] = set()
        async with aclosing(stream) as pages:
            async for page in pages:
                people = [
                    (kind, one[kind]) for one in page.items for kind in ("user", "group") if one.get(kind)
                ]
                fresh = [one for one in people if str(one[1].get("id")) not in seen]
                seen |= {str(one[1].get("id")) for one in fresh}
                for found in await bounded_map(self._member, fresh, self._options.concurrency):
                    if isinstance(found, BaseException):
                        raise found
                    if found is not None and found.is_active:
                        yield found

    async def _member(self, person: tuple[str, dict[str, Any]]) -> PMUser | None:
        """A user or group. Groups are told to administrators only.

        Members of a project that we see are told to everybody but the locked ones, who are told to
        administrators only ([code] app/models/principal.rb, `visible`): who is not found is locked.
        """
        kind, named = person
        path = f"{kind}s/{identifier(named, kind)}"
        found = await self._api.find(path, kind)
        if kind == "group":
            keep = self._options.keep_raw
            return to_group(found or named, base_url=self._options.base_url, keep_raw=keep)
        return None if found is None else await self._user(found)

    async def _get_user(self, user_id: str) -> PMUser | None:
        try:
            one = await self._user_id(user_id)
        except (NotFoundError, PermissionDeniedError):
            return None
        found = await self._api.find(f"users/{one}", "user")
        if found is not None:
            return await self._user(found)
        group = await self._api.find(f"groups/{one}", "group")
        if group is None:
            return None
        return to_group(group, base_url=self._options.base_url, keep_raw=self._options.keep_raw)

    async def _get_current_user(self) -> PMUser:
        return await self._user(await self._api.me())

    async def _create_user(self, fields: Fields) -> PMUser:
        custom = await self._plain_custom("user", fields, await self._api.identify())
        body = {"user": from_user(fields, custom=custom, create=True)}
        document = part(await self._api.post("users", body), "user")
        return await self._user(document)

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        one = await self._user_id(user_id)
        custom = await self._plain_custom("user", fields, await self._api.identify())
        try:
            await self._api.put(f"users/{one}", {"user": from_user(fields, custom=custom)})
        except NotFoundError:
            await self._refuse_group(one)
            raise
        return await self._user(await self._api.one(f"users/{one}", "user"))

    async def _delete_user(self, user_id: str) -> bool:
        try:
            one = await self._user_id(user_id)
        except NotFoundError:
            return False
        if await self._api.delete(f"users/{one}"):
            return True
        await self._refuse_group(one)
        return False

    async def _refuse_group(self, one: str) -> None:
        if await self._api.find(f"groups/{one}", "group") is not None:
            raise UnsupportedError(f"user {one} is a group: groups are read, but not changed or deleted")

    async def _user(self, document: Mapping[str, Any]) -> PMUser:
        return to_user(
            document,
            fields=await self._catalog.fields_for("user", [document]),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )
