"""Memberships of projects, watchers of issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    ValidationError,
)
from pm_providers.model import PMMembership, PMUser
from pm_providers.providers.redmine.connection import Connection
from pm_providers.providers.redmine.mapping.parts import is_partly_inherited, to_membership
from pm_providers.providers.redmine.mapping.people import to_user
from pm_providers.toolkit.documents import identifier, is_number, objects, part

__all__ = ["Memberships", "Watchers"]

_INHERITED = "come from a group or from a parent project; change them there"


class Memberships(Connection):
    """Members of projects: users and groups, with their roles."""

    async def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """Oldest first."""
        project = await self._project_id(query.project_id or "")
        async with aclosing(self._membership_documents(project, query.window, query.limit)) as found:
            async for one in found:
                yield self._membership(one)

    def _membership_documents(self, project: str, window: int = 1, limit: int | None = None) -> Any:
        path = f"projects/{project}/memberships"
        return self._api.items(path, "memberships", {}, window=window, limit=limit)

    async def _create_membership(self, fields: Fields) -> PMMembership:
        project, user = fields["project_id"], fields["user_id"]
        roles = await self._roles_meant(fields)
        body = {"membership": {"user_id": int(user), "role_ids": roles}}
        try:
            answer = await self._api.post(f"projects/{project}/memberships", body)
        except NotFoundError as error:
            raise _unknown("project_id", project) from error
        except ValidationError as error:
            await self._explain_membership(error, project, user)
            raise
        return self._membership(part(answer, "membership"))

    async def _explain_membership(self, error: PMError, project: str, user: str) -> None:
        """Why a membership was refused: the text may be of any language, so the parts are looked at.

        Raises:
            ConflictError: the user is a member already (recorded 03-…: step 4).
            ValidationError: the user does not exist.
        """
        async with aclosing(self._membership_documents(project)) as found:
            async for one in found:
                if to_membership(one).user_id == user:
                    raise ConflictError(
                        f"user {user} is a member of project {project} already: "
                        f"update membership {identifier(one, 'membership')}",
                        fields=("user_id",),
                        status=error.status,
                    ) from error
        kinds = ("user", "group")
        if not any([await self._api.find(f"{kind}s/{user}", kind) for kind in kinds]):
            raise _unknown("user_id", user) from error

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        """Roles that are inherited, and those that these credentials may not give, stay as they were."""
        if not is_number(membership_id):
            raise NotFoundError(f"there is no membership {membership_id!r:.80}")
        path = f"memberships/{membership_id}"
        if to_membership(await self._api.one(path, "membership")).is_inherited:
            raise ValidationError(fields={"roles": _INHERITED})
        await self._api.put(path, {"membership": {"role_ids": await self._roles_meant(fields)}})
        return self._membership(await self._api.one(path, "membership"))

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        """Refused with 422 and an empty body, if at all ([code] app/models/member.rb, `deletable?`)."""
        if not is_number(membership_id):
            return False
        path = f"memberships/{membership_id}"
        try:
            found = await self._api.one(path, "membership")
        except NotFoundError:
            return False
        if is_partly_inherited(found):
            raise ValidationError(fields={"roles": f"not all can be taken away: some {_INHERITED}"})
        try:
            return await self._api.delete(path)
        except ValidationError as error:
            raise PermissionDeniedError(
                "these credentials may not take away all roles of this member", status=error.status
            ) from error

    def _membership(self, found: Mapping[str, Any]) -> PMMembership:
        return to_membership(found, keep_raw=self._options.keep_raw)

    async def _roles_meant(self, fields: Fields) -> list[int]:
        """Ids of the roles asked for; `fields` get their names as they will be read back.

        Raises:
            ValidationError: unknown; lists those that can be given.
        """
        known = await self._catalog.roles()
        meant, unknown = _meant(fields["roles"], known)
        if unknown:
            known = await self._catalog.roles(fresh=True)
            meant, unknown = _meant(fields["roles"], known)
        if unknown:
            has = ", ".join(known.values()) or "none"
            raise ValidationError(fields={"roles": f"{unknown[0]!r:.60} is unknown; there is: {has}"})
        fields["roles"] = list(meant.values())
        return [int(one) for one in meant]


def _meant(asked: list[str], known: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Roles that names or ids mean, as id -> name, and what means none. An id goes before a name."""
    by_name = {name.strip().casefold(): key for key, name in reversed(list(known.items()))}
    keys = {one: one if one in known else by_name.get(one.strip().casefold()) for one in asked}
    found = {key: known[key] for key in keys.values() if key is not None}
    return found, [one for one, key in keys.items() if key is None]


class Watchers(Connection):
    """Watchers: users and groups. Calls answer 204, whatever they did (recorded, note 30): the list tells."""

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        """Ids and names only; a group looks like a user.

        Raises:
            PermissionDeniedError: these credentials may not see them: the issue then comes without the list.
        """
        issue = await self._task_document(task_id, "watchers")
        if "watchers" not in issue:
            raise PermissionDeniedError(f"these credentials may not see who watches task {task_id}")
        url, raw = self._options.base_url, self._options.keep_raw
        return [to_user(one, base_url=url, keep_raw=raw) for one in objects(issue, "watchers")]

    async def _watching(self, task_id: str) -> set[str]:
        return {one.id for one in await self._list_watchers(task_id)}

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        """Users who may not see the issue can watch it, too, but are told nothing."""
        watching = await self._watching(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError as error:
            raise _unknown("user_id", user_id) from error
        if user in watching:
            return False
        await self._api.post(f"issues/{task_id}/watchers", {"user_id": int(user)})
        if user not in await self._watching(task_id):
            raise _unknown("user_id", user_id)
        return True

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        watching = await self._watching(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError:
            return False
        if user not in watching:
            return False
        path = f"issues/{task_id}/watchers/{user}.json"
        try:
            await self._api.raw("DELETE", path, params=None, body={}, headers={})
        except PMError as error:
            # A single watcher cannot be read, so when the answer got lost the list tells.
            if not error.maybe_applied or user in await self._watching(task_id):
                raise
            return True
        if user in await self._watching(task_id):
            raise ProviderError(f"user {user} still watches, although the system took the removal")
        return True


def _unknown(field: str, value: str) -> ValidationError:
    kind = field.removesuffix("_id")
    return ValidationError(fields={field: f"there is no {kind} {value!r:.80}, or none that may be seen"})
