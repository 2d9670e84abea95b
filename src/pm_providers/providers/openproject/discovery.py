"""Statuses, priorities, types, transitions and fields of the system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.model import Entity, PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.connection import Connection
from pm_providers.providers.openproject.mapping.custom_fields import to_custom_field
from pm_providers.providers.openproject.mapping.hal import identifier, link_id
from pm_providers.providers.openproject.task_writing import allowed_statuses
from pm_providers.transport import bounded_map

__all__ = ["Discovery"]


class Discovery(Connection):
    """What the system offers to choose from."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        """Statuses are the same for all projects; workflows decide by type which of them are reached."""
        if project_id is not None:
            await self._project_document(project_id)
        return list(await self._catalog.statuses(fresh=True))

    async def _list_priorities(self) -> list[PMPriority]:
        return list(await self._catalog.priorities(fresh=True))

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        if project_id is None:
            return list(await self._catalog.types(fresh=True))
        return list(await self._catalog.types(await self._project_id(project_id), fresh=True))

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """There is no workflow API: the form of the task knows."""
        task = await self._task_document(task_id)
        lock = {"lockVersion": task.get("lockVersion")}
        one = identifier(task, "work package")
        form = await self._api.post(f"work_packages/{one}/form", lock, reads=True)
        known = {status.id: status for status in await self._catalog.statuses()}
        allowed = [known.get(status.id, status) for status in allowed_statuses(form)]
        current = link_id(task, "status")
        return [PMTransition(one.id, one.name, one) for one in allowed if one.id != current]

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        """Fields of a project with the values to choose from; of all projects without them.

        Values stand in forms only, one for each type of the project.
        """
        if project_id is not None:
            project = await self._project_id(project_id)
            types = await self._catalog.types(project, fresh=True)
            schemas = [await self._catalog.form_schema(project, one.id, fresh=True) for one in types]
        else:
            schemas = await self._all_schemas()
        found: dict[str, PMField] = {}
        for schema in schemas:
            for one in _fields(schema, keep_raw=self._options.keep_raw):
                found.setdefault(one.id, one)
        return sorted(
            found.values(), key=lambda one: (one.is_custom, one.name.casefold() if one.is_custom else "")
        )

    async def _all_schemas(self) -> list[Mapping[str, Any]]:
        params = {
            "filters": filters.filters(filters.equal("active", ["t"])),
            "sortBy": filters.sorting(("id", "asc")),
        }
        projects = [identifier(one, "project") async for one in self._api.items("projects", params)]
        width = self._options.concurrency
        kinds = await bounded_map(self._catalog.types, projects, width)
        wanted = []
        for project, types in zip(projects, kinds, strict=True):
            if isinstance(types, BaseException):
                raise types
            wanted += [f"{project}-{one.id}" for one in types]
        await self._catalog.schemas(wanted, {})
        return [await self._catalog.schema(one) for one in wanted]


def _fields(schema: Mapping[str, Any], *, keep_raw: bool) -> Iterable[PMField]:
    for key, entry in schema.items():
        if key.startswith("_") or not isinstance(entry, Mapping) or "type" not in entry:
            continue
        found = to_custom_field(key, entry)
        yield PMField(
            id=key,
            name=found.name,
            type=found.type,
            entity=Entity.TASK,
            is_custom=key.startswith("customField"),
            is_required=found.required,
            is_multiple=found.multiple,
            is_writable=found.writable,
            allowed_values=tuple(one.name for one in found.options),
            raw_data=dict(entry) if keep_raw else None,
        )
