"""Projects, sprints and users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError, ValidationError
from pm_providers.model import PMProject, PMSprint, PMUser, WriteWarning
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.capabilities import NATIVE_SPRINTS_READ_ONLY
from pm_providers.providers.openproject.connection import Connection, is_number
from pm_providers.providers.openproject.mapping.hal import identifier
from pm_providers.providers.openproject.mapping.people import from_user, to_user
from pm_providers.providers.openproject.mapping.projects import (
    ProjectReading,
    from_project,
    is_active,
    is_project,
    to_project,
)
from pm_providers.providers.openproject.mapping.sprints import (
    from_sprint,
    is_native,
    native_to_sprint,
    version_to_sprint,
)
from pm_providers.toolkit.choices import version_word
from pm_providers.toolkit.custom_fields import checked_custom

__all__ = ["Projects", "Sprints", "Users"]

_BY_ID = filters.sorting(("id", "asc"))
_PRINCIPALS = ("User", "Group", "PlaceholderUser")
_LOCKED = "3"


class Projects(Connection):
    """Projects. Programs and portfolios (17.0+) are left out."""

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        conditions = [] if query.include_archived else [filters.equal("active", ["t"])]
        params = {"filters": filters.filters(*conditions), "sortBy": _BY_ID}
        reading = await self._project_reading()
        stream = self._api.items("projects", params, window=query.window, limit=query.limit)
        async with aclosing(stream) as found:
            async for one in found:
                if is_project(one) and not self._is_deleted(one):
                    yield to_project(one, reading)

    async def _get_project(self, project_id: str) -> PMProject | None:
        try:
            return to_project(await self._project_document(project_id), await self._project_reading())
        except NotFoundError:
            return None

    async def _create_project(self, fields: Fields) -> PMProject:
        wire, custom = await self._project_wire(fields)
        active = False if fields.get("status") == "archived" else None
        document = await self._api.post("projects", from_project(wire, custom=custom, active=active))
        return to_project(document, await self._project_reading())

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        current = await self._project_document(project_id)
        wire, custom = await self._project_wire(fields, to_project(current, await self._project_reading()))
        body = from_project(wire, custom=custom, active=_activity(fields, current))
        one = identifier(current, "project")
        document = await self._api.patch(f"projects/{one}", body) if body else current
        project = to_project(document, await self._project_reading())
        if project.is_archived and is_active(current):
            project.warnings = await self._archived_with(one)
        return project

    async def _delete_project(self, project_id: str) -> bool:
        """The server archives at once and removes later, together with all subprojects; no job tells when.

        What this connection deleted counts as gone from then on. A project that somebody else is deleting
        cannot be told from an archived one.
        """
        found = await self._find_named("projects", project_id)
        if found is None or not is_project(found) or self._is_deleted(found):
            return False
        one = identifier(found, "project")
        if not await self._api.delete(f"projects/{one}"):
            return False
        if not await self._gone(f"projects/{one}"):
            self._deleted_projects.add(one)
        return True

    async def _project_wire(
        self, fields: Fields, before: PMProject | None = None
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        wire = dict(fields)
        status = fields.get("status")
        if status == "archived" or (before is not None and status and status == before.status):
            wire.pop("status")
        elif status:
            wire["status"] = self._catalog.project_statuses().candidates(status)[0].id
        custom = checked_custom(fields, await self._known_plain("projects", fields))
        if custom:
            wire["custom_fields"] = fields["custom_fields"]
        return wire, custom

    async def _archived_with(self, project_id: str) -> tuple[WriteWarning, ...]:
        """A warning where subprojects were archived too.

        They stay so when the parent is brought back (recorded 02-…: steps 58 to 62).
        """
        params: dict[str, str | int] = {
            "filters": filters.filters(filters.equal("parent_id", [project_id])),
            "pageSize": 1,
            "offset": 1,
        }
        total = (await self._api.get("projects", params)).get("total")
        if not total:
            return ()
        why = f"its {total} subprojects are archived with it, and stay so when it is brought back"
        return (WriteWarning("status", "archived", "archived", why),)

    async def _project_reading(self) -> ProjectReading:
        return ProjectReading(
            status=self._catalog.project_status,
            fields=await self._catalog.plain_fields("projects"),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )


def _activity(fields: Mapping[str, Any], current: Mapping[str, Any]) -> bool | None:
    """What to write to `active`: writing any other status brings an archived project back."""
    if "status" not in fields:
        return None
    if fields["status"] == "archived":
        return False
    return None if is_active(current) else True


class Sprints(Connection):
    """Versions, and the native sprints (17.3+) that the API reads but cannot write."""

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        """Versions by id, then native sprints by id."""
        scope = ""
        if query.project_id is not None:
            scope = f"projects/{await self._project_id(query.project_id)}/"
        if self._with_versions:
            for one in _by_id(await self._api.all(f"{scope}versions")):
                if _has_status(sprint := await self._of_version(one), query.status):
                    yield sprint
        if await self._has_native_sprints():
            for one in _by_id(await self._native_documents(f"{scope}sprints", query.window)):
                if _has_status(sprint := self._of_native(one), query.status):
                    yield sprint

    async def _native_documents(self, path: str, window: int) -> list[dict[str, Any]]:
        """Native sprints; none where they are off or may not be seen, if there are versions."""
        try:
            return [one async for one in self._api.items(path, {"sortBy": _BY_ID}, window=window)]
        except (NotFoundError, PermissionDeniedError):
            if not self._with_versions:
                raise
            return []

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        path = await self._sprint_path(sprint_id)
        found = None if path is None else await self._api.find(path)
        if found is None:
            return None
        return self._of_native(found) if is_native(path) else await self._of_version(found)

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        wire, custom = await self._sprint_wire(fields, None)
        return await self._of_version(
            await self._api.post("versions", from_sprint(wire, custom=custom, create=True))
        )

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        path = await self._version_path(sprint_id, "update_sprint")
        found = None if path is None else await self._api.find(path)
        if path is None or found is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        wire, custom = await self._sprint_wire(fields, await self._of_version(found))
        body = from_sprint(wire, custom=custom)
        return await self._of_version(await self._api.patch(path, body) if body else found)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        path = await self._version_path(sprint_id, "delete_sprint")
        return False if path is None else await self._api.delete(path)

    async def _version_path(self, sprint_id: str, operation: str) -> str | None:
        """Address of a sprint that is to be written.

        Raises:
            UnsupportedError: it is a native one.
        """
        path = await self._sprint_path(sprint_id)
        if is_native(path):
            why = NATIVE_SPRINTS_READ_ONLY.note
            raise UnsupportedError(
                f"not supported: {why}", reason=why, provider=self.name, operation=operation
            )
        return path

    async def _sprint_wire(
        self, fields: Fields, before: PMSprint | None
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        wire = dict(fields)
        if "status" in fields:
            status = version_word(fields["status"] or "open")
            wire["status"] = status
            if before is not None and fields["status"] == before.status:
                wire.pop("status")
        custom = checked_custom(fields, await self._known_plain("versions", fields))
        if custom:
            wire["custom_fields"] = fields["custom_fields"]
        return wire, custom

    async def _of_version(self, document: Mapping[str, Any]) -> PMSprint:
        return version_to_sprint(
            document,
            today=self._today(),
            fields=await self._catalog.plain_fields("versions"),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )

    def _of_native(self, document: Mapping[str, Any]) -> PMSprint:
        return native_to_sprint(document, base_url=self._options.base_url, keep_raw=self._options.keep_raw)


def _by_id(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(documents, key=lambda one: int(identifier(one, "sprint")))


def _has_status(sprint: PMSprint, wanted: str | None) -> bool:
    return wanted is None or wanted.casefold() in {sprint.status, sprint.status_name}


class Users(Connection):
    """Principals: users, and the groups and placeholders that work can be assigned to."""

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        """`/principals` works for everybody, `/users` for administrators only (recorded 05-users: step 19).

        Locked ones are left out: nothing can be assigned to them, and deleted users are locked first.
        Newest first, which is the vendor's own order: the list can be sorted by name only, and refuses
        any other column with 400 ([code] app/models/queries/principals.rb).
        """
        conditions = [
            filters.equal("type", _PRINCIPALS),
            filters.operator("status", "!", [_LOCKED]),
        ]
        if query.project_id is not None:
            project = identifier(await self._project_document(query.project_id), "project")
            conditions.append(filters.equal("member", [project]))
        params = {"filters": filters.filters(*conditions)}
        async with aclosing(
            self._api.items("principals", params, window=query.window, limit=query.limit)
        ) as found:
            async for one in found:
                yield await self._user(one)

    async def _get_user(self, user_id: str) -> PMUser | None:
        if user_id in self._deleted_users:
            return None
        found = await self._find_named("users", user_id)
        if found is None and is_number(user_id):
            found = await self._other_principal(user_id)
        return None if found is None else await self._user(found)

    async def _other_principal(self, user_id: str) -> dict[str, Any] | None:
        """A group or placeholder by id; an id that does not exist is a filter value that is refused."""
        condition = filters.filters(filters.equal("id", [user_id]))
        params: dict[str, str | int] = {"filters": condition, "pageSize": 1, "offset": 1}
        try:
            found = await self._api.all("principals", params)
        except ValidationError:
            return None
        return next((one for one in found if identifier(one, "user") == user_id), None)

    async def _get_current_user(self) -> PMUser:
        return await self._user(await self._api.me())

    async def _create_user(self, fields: Fields) -> PMUser:
        custom = checked_custom(fields, await self._known_plain("users", fields))
        return await self._user(await self._api.post("users", from_user(fields, custom=custom, invite=True)))

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        one = await self._user_id(user_id)
        custom = checked_custom(fields, await self._known_plain("users", fields))
        try:
            return await self._user(await self._api.patch(f"users/{one}", from_user(fields, custom=custom)))
        except NotFoundError:
            await self._refuse_others(one)
            raise

    async def _delete_user(self, user_id: str) -> bool:
        """The server locks at once and removes later (recorded 05-users: steps 42 to 44)."""
        try:
            one = await self._user_id(user_id)
        except NotFoundError:
            return False
        if one in self._deleted_users:
            return False
        if not await self._api.delete(f"users/{one}"):
            await self._refuse_others(one)
            return False
        if not await self._gone(f"users/{one}"):
            self._deleted_users.add(one)
        return True

    async def _refuse_others(self, one: str) -> None:
        """Groups and placeholders are read as users: to say that there is none would be a lie."""
        found = await self._other_principal(one)
        if found is not None and found.get("_type") in _PRINCIPALS[1:]:
            raise UnsupportedError(f"user {one} is a group or placeholder: they are read, not changed")

    async def _user(self, document: Mapping[str, Any]) -> PMUser:
        return to_user(
            document,
            fields=await self._catalog.plain_fields("users"),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )
