"""Projects and users."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pm_providers.contract import ChoiceBook, Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import PMProject, PMUser
from pm_providers.providers.jira.config import SERVER_TEMPLATE, TEMPLATE
from pm_providers.providers.jira.connection import Connection
from pm_providers.providers.jira.mapping.people import to_user
from pm_providers.providers.jira.mapping.projects import (
    PROJECT_STATUSES,
    from_project,
    is_trashed,
    key_for,
    to_project,
)
from pm_providers.toolkit.documents import identifier
from pm_providers.toolkit.writes import refuse_clearing

__all__ = ["Projects", "Users"]

_STATUS_BOOK = ChoiceBook(PROJECT_STATUSES, {one.id: one.status for one in PROJECT_STATUSES}, "status")
_EXPAND = "description,lead"
_KEY_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_TAKEN = ("already exists", "already used", "is used", "uses this project key", "already in use")


class Projects(Connection):
    """Projects."""

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        """By key. Archived ones only when asked for; those in the trash are gone, as for `get_project`."""
        await self._api.identify()
        if self._cloud:
            states = ["live", "archived"] if query.include_archived else ["live"]
            params = {"expand": _EXPAND, "orderBy": "key", "status": states}
            stream = self._api.items("project/search", params=params, limit=query.limit)
            async with aclosing(stream) as found:
                async for one in found:
                    yield self._project_record(one)
            return
        params = {"expand": _EXPAND, "includeArchived": str(query.include_archived).lower()}
        for one in await self._api.listed("project", params):
            if query.include_archived or one.get("archived") is not True:
                yield self._project_record(one)

    async def _get_project(self, project_id: str) -> PMProject | None:
        await self._api.identify()
        found = await self._find_project(project_id)
        return None if found is None or is_trashed(found) else self._project_record(found)

    async def _create_project(self, fields: Fields) -> PMProject:
        """By the option `project_template`, or as scrum; the caller leads it by default."""
        status = _STATUS_BOOK.candidates(fields["status"])[0].id if fields.get("status") else "live"
        suffix = "".join(secrets.choice(_KEY_LETTERS) for _ in range(4))
        me = await self._api.identify()
        lead = fields.get("owner_id") or me.get(self._catalog.person) or me.get("name")
        wire = {**fields, "key": fields.get("key") or key_for(fields["name"], suffix), "owner_id": lead}
        default = TEMPLATE if self._cloud else SERVER_TEMPLATE
        body = {
            **from_project(wire, cloud=self._cloud),
            "projectTypeKey": "software",
            "projectTemplateKey": self._options.project_template or default,
            "assigneeType": "UNASSIGNED" if self._cloud else "PROJECT_LEAD",
        }
        try:
            made = await self._api.created("project", body)
        except ValidationError as error:
            raise _taken(error) from error
        one = identifier(made, "project")
        if status != "live":
            await self._set_archived(one, archived=True)
        return self._project_record(await self._stored_project(one))

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        refuse_clearing(fields, ("status", "key"))
        current = await self._project_document(project_id)
        one = identifier(current, "project")
        status = _STATUS_BOOK.candidates(fields["status"])[0].id if fields.get("status") else None
        archived = current.get("archived") is True
        if status == "live" and archived:
            await self._set_archived(one, archived=False)
        body = from_project(fields, cloud=self._cloud)
        if body:
            try:
                await self._api.put(f"project/{one}", body)
            except ValidationError as error:
                raise _taken(error) from error
        if status == "archived" and not archived:
            await self._set_archived(one, archived=True)
        return self._project_record(await self._stored_project(one))

    async def _set_archived(self, one: str, *, archived: bool) -> None:
        if self._cloud:
            await self._api.post(f"project/{one}/{'archive' if archived else 'restore'}")
        else:
            await self._api.put(f"project/{one}/{'archive' if archived else 'restore'}", {})

    async def _stored_project(self, one: str) -> dict[str, Any]:
        return await self._api.get(f"project/{one}", {"expand": _EXPAND})

    async def _delete_project(self, project_id: str) -> bool:
        """Cloud moves it to the trash, where it keeps its key for 60 days."""
        await self._api.identify()
        found = await self._find_project(project_id)
        if found is None or is_trashed(found):
            return False
        one = identifier(found, "project")
        return await self._api.delete(f"project/{one}", {"enableUndo": "true"} if self._cloud else None)

    def _project_record(self, document: Mapping[str, Any]) -> PMProject:
        return to_project(document, base_url=self._api.site.url, keep_raw=self._options.keep_raw)


def _taken(error: ValidationError) -> ValidationError | ConflictError:
    """The error of a key or name that another project has, which the vendor calls a bad value."""
    names = tuple(name for name, why in error.fields.items() if any(one in why.lower() for one in _TAKEN))
    if not names:
        return error
    return ConflictError(error.message, fields=names, status=error.status)


class Users(Connection):
    """Users."""

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        """People that issues of a project can be assigned to; all active accounts without a project.

        Raises:
            NotFoundError: no such project.
        """
        await self._api.identify()
        if query.project_id is None:
            stream = self._everybody()
        else:
            stream = self._assignable(await self._project_document(query.project_id))
        seen: set[str] = set()
        async with aclosing(stream) as found:
            async for one in found:
                user = self._user(one)
                if user.is_active and user.id not in seen and one.get("accountType") != "customer":
                    seen.add(user.id)
                    yield user

    async def _everybody(self) -> AsyncGenerator[dict[str, Any], None]:
        if self._cloud:
            stream = self._api.people("users/search", capped=False)
        else:
            stream = self._api.people("user/search", {"username": "."}, capped=False)
        async with aclosing(stream) as found:
            async for one in found:
                yield one

    async def _assignable(self, project: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        params: dict[str, str] = {"project": str(project.get("key") or identifier(project, "project"))}
        if not self._cloud:
            params["username"] = ""
        async with aclosing(self._api.people("user/assignable/search", params)) as found:
            async for one in found:
                yield one

    async def _get_user(self, user_id: str) -> PMUser | None:
        try:
            one = await self._user_id(user_id)
        except NotFoundError:
            return None
        found = await self._find_user(one)
        return None if found is None else self._user(found)

    async def _get_current_user(self) -> PMUser:
        return self._user(await self._api.me())

    async def _create_user(self, fields: Fields) -> PMUser:
        """Invited to the site's Jira product (Cloud), or told to choose a password (Data Center).

        Cloud takes no name: it shows that of the Atlassian account ([spec] NewUserDetails).
        """
        await self._api.identify()
        if not fields.get("email"):
            raise ValidationError(fields={"email": "is required by Jira"})
        body: dict[str, Any] = {"emailAddress": fields["email"]}
        if self._cloud:
            body["products"] = ["jira-software"]
        else:
            body |= {"displayName": fields["name"], "name": fields["email"], "notification": "true"}
        made = await self._api.created("user", body)
        return to_user(made, base_url=self._api.site.url, keep_raw=self._options.keep_raw)

    async def _delete_user(self, user_id: str) -> bool:
        try:
            one = await self._user_id(user_id)
        except NotFoundError:
            return False
        found = await self._find_user(one)
        if found is None:
            return False
        return await self._api.delete("user", {"accountId" if self._cloud else "username": one})
