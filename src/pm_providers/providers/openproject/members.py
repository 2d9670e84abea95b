"""Memberships of projects, watchers of work packages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, PermissionDeniedError, PMError, ValidationError
from pm_providers.model import PMMembership, PMUser
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.connection import is_number
from pm_providers.providers.openproject.containers import Users
from pm_providers.providers.openproject.mapping.hal import identifier, link, link_ids
from pm_providers.providers.openproject.mapping.members import from_membership, to_membership
from pm_providers.toolkit.cache import Cache

__all__ = ["Memberships", "Watchers"]

_CREATED = 201
_ROLES_S = 60.0


class Memberships(Users):
    """Members: users, groups and placeholders, with their roles."""

    _known_roles: Cache[None, Mapping[str, str]] | None = None

    async def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """Oldest first.

        Without the right to see members the list is empty, with status 200 (recorded 04-…: step 26); the
        project then does not link to it.
        """
        project = await self._project_document(query.project_id or "")
        params = {
            "filters": filters.filters(filters.equal("project", [identifier(project, "project")])),
            "sortBy": filters.sorting(("id", "asc")),
        }
        count = 0
        stream = self._api.items("memberships", params, window=query.window, limit=query.limit)
        async with aclosing(stream) as found:
            async for one in found:
                count += 1
                yield await self._membership(one)
        if count == 0 and not link(project, "memberships"):
            raise PermissionDeniedError("the credentials may not see the members of this project")

    async def _create_membership(self, fields: Fields) -> PMMembership:
        project, user = fields["project_id"], fields["user_id"]
        if not is_number(project) or not is_number(user):
            wrong = "user_id" if is_number(project) else "project_id"
            raise _unknown(wrong, fields[wrong])
        roles = await self._roles_meant(fields)
        body = from_membership(roles, project_id=project, user_id=user, notify=self._options.notify)
        try:
            return await self._membership(await self._api.post("memberships", body))
        except (ValidationError, NotFoundError) as error:
            await self._explain_membership(error, project, user)
            raise

    async def _explain_membership(self, error: PMError, project: str, user: str) -> None:
        """Why a membership was refused: messages follow the language, so the parts are looked at.

        Raises:
            ValidationError: the project or the user does not exist.
            ConflictError: the user is a member already (recorded 04-…: step 11).
        """
        if await self._api.find(f"projects/{project}") is None:
            raise _unknown("project_id", project) from error
        if await self._get_user(user) is None:
            raise _unknown("user_id", user) from error
        params: dict[str, str | int] = {
            "filters": filters.filters(
                filters.equal("project", [project]), filters.equal("principal", [user])
            ),
            "pageSize": 1,
            "offset": 1,
        }
        for one in await self._api.all("memberships", params):
            raise ConflictError(
                f"user {user} is a member of project {project} already: "
                f"update membership {identifier(one, 'membership')}",
                fields=("user_id",),
                status=error.status,
            ) from error

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        if not is_number(membership_id):
            raise NotFoundError(f"there is no membership {membership_id!r:.80}")
        path = f"memberships/{membership_id}"
        body = from_membership(await self._roles_meant(fields), notify=self._options.notify)
        return await self._membership(await self._api.patch(path, body))

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        return await self._api.delete(f"memberships/{membership_id}") if is_number(membership_id) else False

    async def _membership(self, document: Mapping[str, Any]) -> PMMembership:
        found = to_membership(document, keep_raw=self._options.keep_raw)
        if all(found.roles):
            return found
        known = await self._role_names()
        names = [known.get(one, one) for one in link_ids(document, "roles")]
        return replace(found, roles=names)

    async def _roles_meant(self, fields: Fields) -> list[str]:
        """Ids of the roles asked for; `fields` get their names as they will be read back.

        An unknown id would be answered with 500 (recorded 04-…: step 13).

        Raises:
            ValidationError: unknown, or no role that members of projects can have.
        """
        known = await self._role_names()
        meant, unknown = _meant(fields["roles"], known)
        if unknown:
            known = await self._role_names(fresh=True)
            meant, unknown = _meant(fields["roles"], known)
        if unknown:
            has = ", ".join(known.values()) or "none"
            raise ValidationError(fields={"roles": f"{unknown[0]!r:.60} is unknown; there is: {has}"})
        fields["roles"] = list(meant.values())
        return list(meant)

    async def _role_names(self, *, fresh: bool = False) -> Mapping[str, str]:
        if self._known_roles is None:
            self._known_roles = Cache(self._load_roles, _ROLES_S, self._timing.monotonic)
        return await self._known_roles.get(None, max_age_s=0 if fresh else None)

    async def _load_roles(self, _key: None) -> Mapping[str, str]:
        """Roles that can be given in a project: id -> name, oldest first.

        Both filters: one alone lists the built-in or the global ones too (recorded 04-…: steps 4, 5).
        """
        wanted = filters.filters(filters.equal("unit", ["project"]), filters.equal("grantable", ["t"]))
        found = await self._api.all("roles", {"filters": wanted})
        names = {identifier(one, "role"): str(one.get("name") or "") for one in found}
        return dict(sorted(names.items(), key=lambda one: int(one[0])))


def _meant(asked: list[str], known: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Roles that names or ids mean, as id -> name, and what means none. An id goes before a name."""
    by_name = {name.strip().casefold(): key for key, name in reversed(list(known.items()))}
    found: dict[str, str] = {}
    unknown = []
    for one in asked:
        key = one if one in known else by_name.get(one.strip().casefold())
        if key is None:
            unknown.append(one)
        else:
            found[key] = known[key]
    return found, unknown


class Watchers(Users):
    """Watchers. The vendor tells new ones by its own settings: the call has no parameter against it."""

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        task = await self._task_id(task_id)
        return [await self._user(one) for one in await self._api.all(f"work_packages/{task}/watchers")]

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        """201 for a new watcher, 200 for an old one (recorded 21-…: steps 3, 4)."""
        task = await self._task_id(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError as error:
            await self._task_document(task)
            raise _unknown("user_id", user_id) from error
        body = {"json": {"user": {"href": f"/api/v3/users/{user}"}}}
        path = f"work_packages/{task}/watchers"
        try:
            answer = await self._api.raw("POST", path, params=None, body=body, headers={})
        except NotFoundError as error:
            await self._task_document(task)
            raise _unknown("user_id", user_id) from error
        return answer.status == _CREATED

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        """The vendor answers 204 to whoever did not watch (recorded 21-…: step 11): the list tells."""
        watching = {one.id for one in await self._list_watchers(task_id)}
        try:
            user = await self._user_id(user_id)
        except NotFoundError:
            return False
        if user not in watching:
            return False
        path = f"work_packages/{await self._task_id(task_id)}/watchers/{user}"
        try:
            await self._api.raw("DELETE", path, params=None, body={}, headers={})
        except NotFoundError:
            return False
        except PMError as error:
            # A single watcher cannot be read, so when the answer got lost the list tells.
            if not error.maybe_applied or user in {one.id for one in await self._list_watchers(task_id)}:
                raise
        return True


def _unknown(field: str, value: str) -> ValidationError:
    kind = field.removesuffix("_id")
    return ValidationError(fields={field: f"there is no {kind} {value!r:.80}"})
