"""Sprints by convention: dated projects that tasks are added to, or options of a custom field."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMSprint, SprintStatus
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.config import SPRINT_FIELD_MODE
from pm_providers.providers.asana.containers import ProjectMaker
from pm_providers.providers.asana.mapping.custom_fields import FieldInfo, Option, find_field
from pm_providers.providers.asana.mapping.dates import planned_dates
from pm_providers.providers.asana.mapping.projects import (
    PROJECT_FIELDS,
    SprintPlace,
    from_sprint,
    names_of,
    sprint_place,
    to_sprint,
)
from pm_providers.providers.asana.mapping.tasks import memberships_of
from pm_providers.providers.asana.mapping.values import gid, is_gid, ref_gid
from pm_providers.toolkit.writes import refuse_clearing

__all__ = ["Sprints"]

_STATUSES = tuple(SprintStatus)


class Sprints(ProjectMaker):
    """Sprints."""

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        if query.project_id is not None:
            await self._project_document(query.project_id)
        if self._options.sprint_mode == SPRINT_FIELD_MODE:
            found = [self._option(field, one) async for field, one in self._options_of(query)]
        else:
            projects = await self._catalog.projects(fresh=True)
            places = [one for one in projects.sprints.values() if query.project_id in (None, one.project)]
            found = [self._sprint(one, projects.name(one.project)) for one in places]
        for sprint in sorted(found, key=_by_start):
            if query.status is None or _has_status(sprint, query.status.strip().casefold()):
                yield sprint

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        if self._options.sprint_mode == SPRINT_FIELD_MODE:
            found = await self._find_option(sprint_id)
            return None if found is None else self._option(*found)
        place = await self._find_sprint(sprint_id)
        return None if place is None else self._sprint(place, await self._project_name(place.project))

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        if self._options.sprint_mode == SPRINT_FIELD_MODE:
            return await self._create_option(fields)
        project = fields["project_id"]
        try:
            owner = await self._project_document(project)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": error.message}) from error
        name = str(owner.get("name") or "")
        body = from_sprint({"goal": None, **fields}, project=project, project_name=name)
        body |= planned_dates(fields, {})
        if fields.get("status"):
            body["archived"] = _archived(fields)
        body = {key: value for key, value in body.items() if value is not None}
        document = await self._make_project(body, ref_gid(owner, "team") or "")
        if self._options.sprint_portfolio:
            path = f"portfolios/{self._options.sprint_portfolio}/addItem"
            await self._api.post(path, {"item": gid(document, "project")})
            self._catalog.forget_projects()
        return self._sprint(_place(document, project), name)

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        refuse_clearing(fields, ("status",))
        if self._options.sprint_mode == SPRINT_FIELD_MODE:
            return await self._update_option(sprint_id, fields)
        place = await self._find_sprint(sprint_id)
        if place is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        name, html = await self._project_name(place.project), place.document.get("html_notes")
        base_html = html if isinstance(html, str) else None
        body = from_sprint(fields, project=place.project, project_name=name, base_html=base_html)
        body |= planned_dates(fields, place.document)
        if fields.get("status") and not self._holds("status", fields["status"], self._sprint(place, name)):
            body["archived"] = _archived(fields)
        document: Mapping[str, Any] = place.document
        if body:
            document = await self._api.put(f"projects/{sprint_id}", body, PROJECT_FIELDS)
            self._catalog.forget_projects()
        return self._sprint(_place(document, place.project), name)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        """Its tasks stay: those that are in no other project are put into the sprint's project first."""
        place = await self._find_sprint(sprint_id)
        if place is None:
            return False
        if place.project is not None:
            await self._save_tasks(sprint_id, place.project)
        self._catalog.forget_projects()
        return await self._api.delete(f"projects/{sprint_id}")

    async def _save_tasks(self, sprint: str, project: str) -> None:
        fields = ("parent", "memberships.project")
        alone = [
            gid(one, "task")
            for one in await self._api.all(f"projects/{sprint}/tasks", fields)
            if len(memberships_of(one)) == 1 and ref_gid(one, "parent") is None
        ]
        actions = [Action("POST", f"tasks/{one}/addProject", {"project": project}) for one in alone]
        outcomes = await self._api.batch(actions)
        for outcome in outcomes:
            # Deleted meanwhile is fine; whoever may not add to the project must not lose the task.
            if outcome.error is not None and not isinstance(outcome.error, NotFoundError):
                raise outcome.error

    # projects as sprints

    async def _find_sprint(self, value: str) -> SprintPlace | None:
        if not is_gid(value):
            return None
        found = await self._api.find(f"projects/{value}", PROJECT_FIELDS)
        if found is None:
            return None
        place = sprint_place(found, {})
        if place is None:
            known = await self._catalog.projects()
            names = names_of(list(known.documents.values()))
            portfolio = frozenset(known.sprints) if self._options.sprint_portfolio else frozenset()
            place = sprint_place(found, names, portfolio)
        return place

    async def _project_name(self, project: str | None) -> str | None:
        return None if project is None else (await self._catalog.projects()).name(project)

    def _sprint(self, place: SprintPlace, project_name: str | None) -> PMSprint:
        return to_sprint(place, project_name=project_name, today=self._today, keep_raw=self._keep_raw)

    # options of a custom field as sprints

    async def _options_of(self, query: ListQuery) -> AsyncIterator[tuple[FieldInfo, Option]]:
        if query.project_id is not None:
            field = await self._catalog.convention("sprint", query.project_id, fresh=True)
        else:
            known = await self._catalog.workspace_fields(fresh=True)
            field = find_field(known, self._options.sprint_field, ("enum",))
        for one in field.options if field is not None else ():
            if field is not None:
                yield field, one

    async def _find_option(self, value: str) -> tuple[FieldInfo, Option] | None:
        async for field, one in self._options_of(ListQuery()):
            if one.id == value:
                return field, one
        return None

    async def _create_option(self, fields: Fields) -> PMSprint:
        project = fields["project_id"]
        try:
            field = await self._catalog.convention("sprint", project, fresh=True)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from error
        if field is None:
            why = f"has no custom field {self._options.sprint_field!r}: add it to the project"
            raise ValidationError(fields={"project_id": why})
        body = {"name": fields["name"]}
        made = await self._api.post(f"custom_fields/{field.id}/enum_options", body, ("name", "enabled"))
        option = Option(gid(made, "option"), str(made.get("name") or ""), made.get("enabled") is not False)
        if fields.get("status") and _archived(fields):
            return await self._update_option(option.id, {"status": fields["status"]})
        return self._option(field, option)

    async def _update_option(self, sprint_id: str, fields: Fields) -> PMSprint:
        found = await self._find_option(sprint_id)
        if found is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        body: dict[str, Any] = {"name": fields["name"]} if "name" in fields else {}
        if fields.get("status"):
            body["enabled"] = not _archived(fields)
        made = await self._api.put(f"enum_options/{sprint_id}", body, ("name", "enabled"))
        option = Option(sprint_id, str(made.get("name") or ""), made.get("enabled") is not False)
        return self._option(found[0], option)

    def _option(self, field: FieldInfo, option: Option) -> PMSprint:
        """An option belongs to its field, which several projects may have: it names none of them."""
        status = SprintStatus.ACTIVE if option.enabled else SprintStatus.CLOSED
        raw = {"gid": option.id, "name": option.name, "enabled": option.enabled, "custom_field": field.id}
        return PMSprint(
            id=option.id,
            name=option.name,
            status=status.value,
            status_name="enabled" if option.enabled else "disabled",
            raw_data=raw if self._keep_raw else None,
        )


def _place(document: Mapping[str, Any], project: str | None) -> SprintPlace:
    closed = document.get("archived") is True or document.get("completed") is True
    return SprintPlace(gid(document, "sprint"), project, closed, document)


def _archived(fields: Fields) -> bool:
    """Whether a written status means closed.

    Raises:
        ValidationError: it is unknown.
    """
    value = fields["status"].strip().casefold()
    if value not in set(_STATUSES):
        known = ", ".join(_STATUSES)
        raise ValidationError(fields={"status": f"{fields['status']!r:.60} is unknown; sprints are: {known}"})
    return bool(value == SprintStatus.CLOSED)


def _has_status(sprint: PMSprint, asked: str) -> bool:
    """By unified value; only what is none of them is the vendor's name, which may be spelled alike."""
    held = sprint.status if asked in set(_STATUSES) else (sprint.status_name or "").casefold()
    return held == asked


def _by_start(sprint: PMSprint) -> tuple[bool, str, str, str]:
    start = sprint.start_date.isoformat() if sprint.start_date is not None else ""
    return not start, start, str(sprint.created_at or ""), sprint.id
