"""Projects."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import ChoiceBook, Fields, ListQuery
from pm_providers.errors import PMError, ValidationError
from pm_providers.model import PMProject, ProjectStatus
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.mapping.choices import PROJECT_STATUSES
from pm_providers.providers.asana.mapping.custom_fields import find_field, write_values
from pm_providers.providers.asana.mapping.dates import planned_dates
from pm_providers.providers.asana.mapping.projects import (
    OPTION_FIELDS,
    PROJECT_FIELDS,
    SEPARATOR,
    carried_fields,
    from_project,
    names_of,
    sprint_owner,
    to_project,
)
from pm_providers.providers.asana.mapping.values import gid
from pm_providers.toolkit.custom_fields import checked_custom
from pm_providers.toolkit.writes import refuse_clearing

__all__ = ["ProjectMaker", "Projects"]

_log = logging.getLogger("pm_providers.asana")
_BOOK = ChoiceBook(PROJECT_STATUSES, {one.id: one.status for one in PROJECT_STATUSES}, "status")


class ProjectMaker(Connection):
    """Makes projects, for what they stand for."""

    async def _make_project(self, body: Mapping[str, Any], team: str = "") -> dict[str, Any]:
        """A new project of the workspace.

        Organizations ask for a team to share it with; when none is given there, the only one of ours is it.

        Raises:
            ValidationError: the workspace is an organization, and the team is not known.
        """
        team = team or self._options.team
        data = {**body, "workspace": self._options.workspace, **({"team": team} if team else {})}
        try:
            found = await self._api.post("projects", data, PROJECT_FIELDS)
        except ValidationError as error:
            if team or "team" not in error.message.lower():
                raise
            found = await self._api.post(
                "projects", {**data, "team": await self._only_team()}, PROJECT_FIELDS
            )
        self._catalog.forget_projects()
        return found

    async def _only_team(self) -> str:
        params = {"organization": self._options.workspace}
        teams = await self._api.all("users/me/teams", ("name",), params)
        if len(teams) == 1:
            return gid(teams[0], "team")
        known = ", ".join(f"{one.get('name')} ({one.get('gid')})" for one in teams) or "none"
        why = f"an organization asks for a team: set ASANA_TEAM_ID to one of ours: {known:.500}"
        raise ValidationError(why)

    async def _furnish(self, project: str) -> None:
        """Sections and custom fields that the conventions need in a project made here.

        The project is there whatever becomes of this: an error would make callers create it again.
        """
        try:
            if self._options.has_sections and self._options.new_sections:
                await self._make_sections(project)
            if self._options.attach_fields:
                await self._attach_fields(project)
        except PMError as error:
            _log.warning(
                "asana: project %s is made, but not all of its furniture: %s", project, error.message
            )

    async def _make_sections(self, project: str) -> None:
        """The section that every project has gets the first name; the others follow in order, one by one."""
        found = await self._api.all(f"projects/{project}/sections", ("name",))
        first, *others = self._options.new_sections
        if found:
            await self._api.put(f"sections/{gid(found[0], 'section')}", {"name": first}, ("name",))
        else:
            others = [first, *others]
        for name in others:
            await self._api.post(f"projects/{project}/sections", {"name": name}, ("name",))

    async def _attach_fields(self, project: str) -> None:
        known = await self._catalog.workspace_fields()
        kinds = ("enum", "number")
        wanted = [find_field(known, name, kinds) for name in self._options.convention_fields]
        path = f"projects/{project}/addCustomFieldSetting"
        actions = [Action("POST", path, {"custom_field": one.id}) for one in wanted if one is not None]
        for outcome in await self._api.batch(actions):
            if outcome.error is not None:
                raise outcome.error


class Projects(ProjectMaker):
    """Projects; those that are sprints are none."""

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        """In the vendor's order."""
        found = await self._catalog.projects(fresh=True)
        for one, document in found.documents.items():
            hidden = document.get("archived") is True and not query.include_archived
            if one not in found.sprints and not hidden:
                yield self._project(document)

    async def _get_project(self, project_id: str) -> PMProject | None:
        found = await self._find_project(project_id)
        return None if found is None else self._project(found)

    async def _create_project(self, fields: Fields) -> PMProject:
        if fields.get("custom_fields"):
            why = "a new project is in no portfolio yet, and has the fields of those only"
            raise ValidationError(fields={"custom_fields": why})
        body = from_project(fields) | planned_dates(fields, {})
        await self._check_project_name(fields)
        if fields.get("status"):
            body["archived"] = _archived(fields, {})
        body = {name: value for name, value in body.items() if value is not None}
        document = await self._make_project(body)
        await self._furnish(gid(document, "project"))
        return self._project(document)

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        refuse_clearing(fields, ("status", "is_public"))
        base = await self._project_document(project_id)
        html = base.get("html_notes")
        body = from_project(fields, html if isinstance(html, str) else None) | planned_dates(fields, base)
        await self._check_project_name(fields, project_id)
        if fields.get("status") and not self._holds("status", fields["status"], self._project(base)):
            body["archived"] = _archived(fields, base)
        if fields.get("custom_fields"):
            body["custom_fields"] = await self._project_custom(project_id, fields)
        if body:
            base = await self._api.put(f"projects/{project_id}", body, PROJECT_FIELDS)
            self._catalog.forget_projects()
        return self._project(base)

    async def _check_project_name(self, fields: Fields, one: str | None = None) -> None:
        """Refuse a name that reads as that of a sprint: the project would be in no list of projects."""
        name = fields.get("name") or ""
        if not self._options.has_sprint_projects or SEPARATOR not in name:
            return
        known = (await self._catalog.projects(fresh=True)).documents.values()
        if sprint_owner(name, one, names_of(list(known))) is not None:
            why = "is the name of a sprint of another project: create a sprint, or switch off sprint_mode"
            raise ValidationError(fields={"name": why})

    async def _project_custom(self, project_id: str, fields: Fields) -> dict[str, Any]:
        carried = await self._api.get(f"projects/{project_id}", (*PROJECT_FIELDS, *OPTION_FIELDS))
        described = checked_custom(fields, carried_fields(carried))
        return write_values(fields["custom_fields"], described)

    async def _delete_project(self, project_id: str) -> bool:
        """With its sections; tasks that are in other projects stay there."""
        if await self._find_project(project_id) is None:
            return False
        self._catalog.forget_projects()
        return await self._api.delete(f"projects/{project_id}")

    def _project(self, document: Mapping[str, Any]) -> PMProject:
        return to_project(document, keep_raw=self._keep_raw)


def _archived(fields: Fields, base: Mapping[str, Any]) -> bool:
    """Whether a written status means archived; its id becomes its name in the fields.

    Raises:
        ValidationError: it is unknown, or one that only people can set.
    """
    chosen = _BOOK.candidates(fields["status"])[0]
    fields["status"] = chosen.status
    if chosen.status == ProjectStatus.COMPLETED and base.get("completed") is not True:
        raise ValidationError(fields={"status": "the API cannot complete a project; archived can be written"})
    if chosen.status == ProjectStatus.ACTIVE and base.get("completed") is True:
        raise ValidationError(fields={"status": "the API cannot reopen a completed project"})
    return chosen.status == ProjectStatus.ARCHIVED
