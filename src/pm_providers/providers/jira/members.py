"""Memberships, which are roles in projects, and watchers of issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    ValidationError,
)
from pm_providers.model import PMMembership, PMUser
from pm_providers.providers.jira.answers import objects
from pm_providers.providers.jira.connection import Connection, is_issue
from pm_providers.providers.jira.mapping.members import (
    GROUP,
    Actor,
    Member,
    members_of,
    role_ids,
    split_id,
)
from pm_providers.providers.jira.mapping.values import person_id
from pm_providers.transport import bounded_map

__all__ = ["Memberships", "Watchers"]

_FORBIDDEN = 403
_GONE = "the user or group does not exist, or is not active"


class Memberships(Connection):
    """Who has which roles in a project: users, and groups as `group:` and their id.

    Roles are the same for all projects; only administrators of a project are told who has them.
    """

    async def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """By name."""
        await self._api.identify()
        project = await self._project_id(query.project_id or "")
        for one in await self._members(project, await self._roles(project)):
            yield one.record(project, keep_raw=self._options.keep_raw)

    async def _roles(self, project: str) -> dict[str, str]:
        """Roles of a project: id -> name.

        Raises:
            NotFoundError: no such project.
            PermissionDeniedError: these credentials do not administer it.
            AuthenticationError: they are not accepted at all.
        """
        try:
            return role_ids(await self._api.get(f"project/{project}/role"))
        except (NotFoundError, AuthenticationError) as error:
            raise await self._hidden_roles(project, error) from error

    async def _hidden_roles(self, project: str, error: PMError) -> PMError:
        """What 401 or 404 means: both are also the answer to those who do not administer the project.

        Who administers another project is told which roles there are, but not who has them ([spec] GET
        project/.../role, GET project/.../role/{id}).
        """
        if isinstance(error, AuthenticationError):
            await self._api.me()
        if await self._find_project(project) is None:
            return NotFoundError(f"there is no project {project!r:.80}")
        why = f"these credentials do not administer project {project}: its roles are hidden from them"
        return PermissionDeniedError(why, status=error.status)

    async def _members(self, project: str, roles: Mapping[str, str]) -> list[Member]:
        async def actors(role: str) -> list[dict[str, object]]:
            found = await self._api.get(f"project/{project}/role/{role}")
            return objects(found, "actors") if found.get("actors") else []

        lists = await bounded_map(actors, roles, self._options.concurrency)
        found = []
        for (one, name), result in zip(roles.items(), lists, strict=True):
            if isinstance(result, NotFoundError | AuthenticationError):
                raise await self._hidden_roles(project, result) from result
            if isinstance(result, Exception):
                raise result
            found.append((one, name, result))
        return members_of(found)

    async def _member(self, project: str, actor: str) -> Member | None:
        found = await self._members(project, await self._roles(project))
        return next((one for one in found if one.actor.id == actor), None)

    async def _create_membership(self, fields: Fields) -> PMMembership:
        project, user = fields["project_id"], fields["user_id"]
        try:
            roles = await self._roles(project)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": error.message}) from None
        meant = _meant(fields, roles)
        if not user.startswith(GROUP) and await self._find_user(user) is None:
            raise _unknown(user)
        if any(one.actor.id == user for one in await self._members(project, roles)):
            raise ConflictError(
                f"{user!r:.80} is a member of project {project} already: update membership {project}:{user}",
                fields=("user_id",),
            )
        await self._give(project, Actor(user), meant)
        return await self._membership(project, user)

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        """New roles are given before others are taken away, so that nobody is left without any."""
        project, user = _parts(membership_id)
        roles = await self._roles(project)
        member = next((one for one in await self._members(project, roles) if one.actor.id == user), None)
        if member is None:
            raise _missing(membership_id)
        meant = _meant(fields, roles)
        given = [one for one in meant if one not in member.roles]
        await self._give(project, member.actor, given)
        taken = [one for one in member.roles if one not in meant]
        await self._take(project, member.actor, taken)
        return await self._membership(project, user)

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        found = split_id(membership_id)
        if found is None:
            return False
        await self._api.identify()
        try:
            member = await self._member(*found)
        except NotFoundError:
            return False
        if member is None:
            return False
        await self._take(found[0], member.actor, member.roles)
        return True

    async def _membership(self, project: str, user: str) -> PMMembership:
        found = await self._member(project, user)
        if found is None:
            raise ProviderError(f"{user!r:.80} has no role, although the system took the write")
        return found.record(project, keep_raw=self._options.keep_raw)

    async def _give(self, project: str, actor: Actor, roles: Iterable[str]) -> None:
        """Add an actor to roles, one call each; who has a role already keeps it, so calls are repeated.

        Raises:
            ValidationError: the user or group is unknown.
        """
        for number, role in enumerate(roles):
            path = f"project/{project}/role/{role}"
            try:
                await self._api.call("POST", path, json=actor.body, safe=True, expect=(200, 201))
            except (NotFoundError, ValidationError) as error:
                if not await self._has(project, actor, role):
                    if number:
                        raise
                    raise _unknown(actor.id) from error
                # A first attempt gave it, and its answer was lost.

    async def _has(self, project: str, actor: Actor, role: str) -> bool:
        return any(one.actor.id == actor.id for one in await self._members(project, {role: role}))

    async def _take(self, project: str, actor: Actor, roles: Iterable[str]) -> None:
        """Take roles away, one call each."""
        for role in list(roles):
            path = f"project/{project}/role/{role}"
            try:
                await self._api.call("DELETE", path, params=actor.params, safe=True, expect=(204,))
            except NotFoundError:
                continue  # taken away by somebody else meanwhile, or by a first attempt


def _parts(membership_id: str) -> tuple[str, str]:
    found = split_id(membership_id)
    if found is None:
        raise _missing(membership_id)
    return found


def _missing(membership_id: str) -> NotFoundError:
    return NotFoundError(f"there is no membership {membership_id!r:.80}")


def _unknown(user: str) -> ValidationError:
    return ValidationError(fields={"user_id": f"{user!r:.80}: {_GONE}"})


def _meant(fields: Fields, roles: Mapping[str, str]) -> list[str]:
    """Ids of the roles asked for; `fields` get their names as they will be read back.

    Raises:
        ValidationError: unknown; lists those that there are.
    """
    by_name = {name.strip().casefold(): one for one, name in roles.items()}
    meant: dict[str, str] = {}
    for asked in fields["roles"]:
        one = asked if asked in roles else by_name.get(asked.strip().casefold())
        if one is None:
            has = ", ".join(roles.values()) or "none"
            raise ValidationError(fields={"roles": f"{asked!r:.60} is unknown; there is: {has}"})
        meant[one] = roles[one]
    fields["roles"] = list(meant.values())
    return list(meant)


class Watchers(Connection):
    """Watchers. Writes answer 204, whatever they did: the list tells."""

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        """Users of the watch list.

        Raises:
            PermissionDeniedError: these credentials may only see whether they watch themselves.
        """
        return [self._user(one) for one in await self._shown(task_id, await self._watch_list(task_id))]

    async def _watch_list(self, task_id: str) -> dict[str, Any]:
        if not is_issue(task_id):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        await self._api.identify()
        return await self._api.get(f"issue/{task_id}/watchers")

    async def _shown(self, task_id: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        me = person_id(await self._api.identify())
        watchers = objects(found, "watchers") if found.get("watchers") is not None else []
        told, count = {person_id(one) for one in watchers} - {None}, found.get("watchCount")
        if isinstance(count, int) and count > len(watchers) and told <= {me}:
            raise PermissionDeniedError(f"these credentials may not see who watches task {task_id}")
        return watchers

    async def _watches(self, task_id: str, user: str, found: Mapping[str, Any]) -> bool:
        """Whether a user watches; of oneself it is told to those who may not see the list, too."""
        mine = found.get("isWatching")
        if user == person_id(await self._api.identify()) and isinstance(mine, bool):
            return mine
        return user in {person_id(one) for one in await self._shown(task_id, found)}

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        before = await self._watch_list(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError as error:
            raise _nobody(user_id) from error
        if await self._watches(task_id, user, before):
            return False
        try:
            # The body is a bare text ([spec] POST issue/{issueIdOrKey}/watchers).
            await self._api.call("POST", f"issue/{task_id}/watchers", json=user, safe=True, expect=(204,))
        except (NotFoundError, ValidationError) as error:
            raise _nobody(user_id) from error
        except PermissionDeniedError as error:
            if error.status == _FORBIDDEN:
                raise
            raise _nobody(user_id) from error  # 400: the user may not see the issue
        if not await self._watches(task_id, user, await self._watch_list(task_id)):
            raise _nobody(user_id)
        return True

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        before = await self._watch_list(task_id)
        try:
            user = await self._user_id(user_id)
        except NotFoundError:
            return False
        if not await self._watches(task_id, user, before):
            return False
        name = "accountId" if self._cloud else "username"
        path = f"issue/{task_id}/watchers"
        await self._api.call("DELETE", path, params={name: user}, safe=True, expect=(204,))
        if await self._watches(task_id, user, await self._watch_list(task_id)):
            raise ProviderError(f"user {user!r:.80} still watches, although the system took the removal")
        return True


def _nobody(user: str) -> ValidationError:
    return ValidationError(fields={"user_id": f"{user!r:.80}: there is no such user, or none who may watch"})
