"""Projects, sprints and users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMProject, PMSprint, PMUser, SprintStatus, WriteWarning
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.connection import Connection, is_number
from pm_providers.providers.openproject.mapping.choices import VERSION_STATUSES
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
    native_to_sprint,
    version_to_sprint,
)
from pm_providers.transport import path_segment

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
        found = await self._api.find(f"projects/{path_segment(project_id)}")
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
        custom = await self._checked_custom(fields, await self._known_plain("projects", fields))
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
    """Versions, or native sprints where the connection uses them."""

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        native = await self._uses_native_sprints()
        kind = "sprints" if native else "versions"
        path = kind
        if query.project_id is not None:
            path = f"projects/{await self._project_id(query.project_id)}/{kind}"
        if native:
            found = [one async for one in self._api.items(path, {"sortBy": _BY_ID}, window=query.window)]
        else:
            found = await self._api.all(path)
        for one in sorted(found, key=lambda item: int(identifier(item, "sprint"))):
            sprint = await self._sprint(one)
            if query.status is None or query.status.casefold() in {sprint.status, sprint.status_name}:
                yield sprint

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        found = await self._api.find(await self._sprint_path(sprint_id)) if is_number(sprint_id) else None
        return None if found is None else await self._sprint(found)

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        self._capabilities.require("create_sprint", self.name)
        wire, custom = await self._sprint_wire(fields, None)
        return await self._sprint(
            await self._api.post("versions", from_sprint(wire, custom=custom, create=True))
        )

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        found = await self._api.find(await self._sprint_path(sprint_id)) if is_number(sprint_id) else None
        self._capabilities.require("update_sprint", self.name)
        if found is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        wire, custom = await self._sprint_wire(fields, await self._sprint(found))
        body = from_sprint(wire, custom=custom)
        document = await self._api.patch(f"versions/{sprint_id}", body) if body else found
        return await self._sprint(document)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        path = await self._sprint_path(sprint_id)
        self._capabilities.require("delete_sprint", self.name)
        return await self._api.delete(path) if is_number(sprint_id) else False

    async def _sprint_path(self, sprint_id: str) -> str:
        return f"{'sprints' if await self._uses_native_sprints() else 'versions'}/{sprint_id}"

    async def _sprint_wire(
        self, fields: Fields, before: PMSprint | None
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        wire = dict(fields)
        if "status" in fields:
            status = _version_word(fields["status"] or "open")
            wire["status"] = status
            if before is not None and fields["status"] == before.status:
                wire.pop("status")
        custom = await self._checked_custom(fields, await self._known_plain("versions", fields))
        if custom:
            wire["custom_fields"] = fields["custom_fields"]
        return wire, custom

    async def _sprint(self, document: Mapping[str, Any]) -> PMSprint:
        base_url, keep_raw = self._options.base_url, self._options.keep_raw
        if await self._uses_native_sprints():
            return native_to_sprint(document, base_url=base_url, keep_raw=keep_raw)
        fields = await self._catalog.plain_fields("versions")
        return version_to_sprint(
            document, today=self._today(), fields=fields, base_url=base_url, keep_raw=keep_raw
        )


def _version_word(value: str) -> str:
    """Version status to write: its own word, or what the unified status stands for.

    Raises:
        ValidationError: neither.
    """
    folded = value.strip().casefold()
    if folded in {one.id for one in VERSION_STATUSES}:
        return folded
    if folded in {SprintStatus.PLANNED, SprintStatus.ACTIVE}:
        return "open"
    known = ", ".join(one.name for one in VERSION_STATUSES)
    raise ValidationError(fields={"status": f"{value!r:.60} is unknown; versions are: {known}"})


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
        found = await self._api.find(f"users/{path_segment(user_id)}")
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
        custom = await self._checked_custom(fields, await self._known_plain("users", fields))
        return await self._user(await self._api.post("users", from_user(fields, custom=custom, invite=True)))

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        one = await self._user_id(user_id)
        custom = await self._checked_custom(fields, await self._known_plain("users", fields))
        return await self._user(await self._api.patch(f"users/{one}", from_user(fields, custom=custom)))

    async def _delete_user(self, user_id: str) -> bool:
        """The server locks at once and removes later (recorded 05-users: steps 42 to 44)."""
        try:
            one = await self._user_id(user_id)
        except NotFoundError:
            return False
        if one in self._deleted_users or not await self._api.delete(f"users/{one}"):
            return False
        if not await self._gone(f"users/{one}"):
            self._deleted_users.add(one)
        return True

    async def _user(self, document: Mapping[str, Any]) -> PMUser:
        return to_user(
            document,
            fields=await self._catalog.plain_fields("users"),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )
