"""Statuses, priorities, types, transitions, fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.errors import UnsupportedError
from pm_providers.model import Entity, PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.config import CUSTOM_TYPE_SOURCE
from pm_providers.providers.asana.mapping.choices import (
    COMPLETED,
    field_statuses,
    section_statuses,
    with_completed,
)
from pm_providers.providers.asana.mapping.custom_fields import (
    FieldInfo,
    find_field,
    to_pm_field,
    unique_names,
)
from pm_providers.providers.asana.task_reading import TaskReader
from pm_providers.toolkit.documents import objects

__all__ = ["Discovery"]

_SYSTEM: tuple[tuple[str, str, str], ...] = (
    ("name", "Name", "text"),
    ("html_notes", "Description", "markdown"),
    ("completed", "Completed", "flag"),
    ("assignee", "Assignee", "user"),
    ("start_on", "Start date", "date"),
    ("due_on", "Due date", "date"),
    ("parent", "Parent task", "task"),
    ("projects", "Projects", "project"),
    ("memberships", "Sections", "choice"),
    ("tags", "Tags", "label"),
    ("resource_subtype", "Type", "choice"),
    ("followers", "Collaborators", "user"),
    ("actual_time_minutes", "Actual time", "number"),
)
_READ_ONLY = frozenset({"actual_time_minutes"})
_REQUIRED = frozenset({"name"})
_MANY = frozenset({"projects", "memberships", "tags", "followers"})


class Discovery(TaskReader):
    """What the workspace and its projects offer to choose from."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        """Of a project in its order; of all projects each name once."""
        if project_id is not None:
            await self._project_document(project_id)
            return await self._catalog.statuses(project_id, fresh=True)
        options = self._options
        if options.has_status_field:
            known = await self._catalog.workspace_fields(fresh=True)
            field = find_field(known, options.status_field, ("enum",))
            return with_completed([] if field is None else field_statuses(field, options.status_map))
        found: dict[str, PMStatus] = {}
        for statuses in await self._statuses_everywhere():
            for one in statuses:
                found.setdefault(one.name.strip().casefold(), one)
        done = found.pop(COMPLETED.name.casefold(), COMPLETED)
        return [*found.values(), done]

    async def _statuses_everywhere(self) -> list[list[PMStatus]]:
        """Statuses of all projects, ten projects a request where sections hold them."""
        projects = await self._catalog.projects(fresh=True)
        wanted = [one for one in projects.documents if one not in projects.sprints]
        if not self._options.has_sections:
            asked = wanted if self._options.status_source == CUSTOM_TYPE_SOURCE else wanted[:1]
            return [await self._catalog.statuses(one) for one in asked]
        limit = self._options.page_size
        actions = [Action("GET", f"projects/{one}/sections", {}, ("name",), limit) for one in wanted]
        found = []
        for project, outcome in zip(wanted, await self._api.batch(actions), strict=True):
            if outcome.is_missing:
                continue  # deleted, or hidden, while we looked
            outcome.data()
            body: Mapping[str, Any] = outcome.body
            if body.get("next_page"):
                found.append(await self._catalog.sections(project, fresh=True))
            else:
                options = self._options
                found.append(
                    section_statuses(objects(body, "data"), options.status_map, options.done_section)
                )
        return found

    async def _list_priorities(self) -> list[PMPriority]:
        """Of all fields of that name that the workspace lists."""
        return await self._catalog.priorities(fresh=True)

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        if project_id is not None:
            await self._project_document(project_id)
        return await self._catalog.types(project_id)

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """Every other status of the task's project; without a project, open and done."""
        task = await self._task(await self._task_document(task_id))
        if task.project_id is None:
            known = [one for one in (COMPLETED,) if task.status != one.status]
        else:
            known = await self._catalog.statuses(task.project_id, fresh=True)
        return [PMTransition(one.id, one.name, one) for one in known if one.name != task.status_name]

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        if project_id is not None:
            await self._project_document(project_id)
            custom = await self._custom_fields(project_id)
        else:
            custom = unique_names(await self._catalog.workspace_fields(fresh=True))
        own = [one for one in custom if not self._catalog.is_modelled(one)]
        return [*map(_system, _SYSTEM), *(to_pm_field(one, keep_raw=self._keep_raw) for one in own)]

    async def _custom_fields(self, project: str) -> list[FieldInfo]:
        """Custom fields of a project; none on plans without them."""
        try:
            return await self._catalog.fields(project, fresh=True)
        except UnsupportedError:
            return []


def _system(row: tuple[str, str, str]) -> PMField:
    one, name, kind = row
    return PMField(
        id=one,
        name=name,
        type=kind,
        entity=Entity.TASK,
        is_required=one in _REQUIRED,
        is_multiple=one in _MANY,
        is_writable=one not in _READ_ONLY,
    )
