"""Statuses, priorities, types, transitions and fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.model import PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.providers.clickup.mapping.custom_fields import to_field
from pm_providers.providers.clickup.mapping.values import ref_id
from pm_providers.providers.clickup.task_reading import TaskReader
from pm_providers.toolkit.documents import identifier, optional_text
from pm_providers.transport import bounded_map

__all__ = ["Discovery"]

_SYSTEM: tuple[tuple[str, str, str], ...] = (
    ("name", "Name", "text"),
    ("description", "Description", "markdown"),
    ("status", "Status", "choice"),
    ("priority", "Priority", "choice"),
    ("custom_item_id", "Task type", "choice"),
    ("assignees", "Assignees", "user"),
    ("due_date", "Due date", "date"),
    ("start_date", "Start date", "date"),
    ("time_estimate", "Time estimate", "number"),
    ("points", "Sprint points", "number"),
    ("parent", "Parent", "task"),
    ("tags", "Tags", "choice"),
    ("locations", "Sprint", "sprint"),
)
"""Id, name and kind of what every task has ([spec] GetTask)."""

_MULTIPLE = {"assignees", "tags"}


class Discovery(TaskReader):
    """What the Workspace offers to choose from."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        """Statuses of all lists, each name once: lists may have others than their space."""
        if project_id is not None:
            await self._project_document(project_id)
        return list(await self._project_statuses(project_id))

    async def _list_priorities(self) -> list[PMPriority]:
        return list(self._catalog.priorities)

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        """Types are the same for the whole Workspace."""
        if project_id is not None:
            await self._project_document(project_id)
        return list(await self._catalog.types(fresh=True))

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """Any other status of the list that the task is at home in."""
        task = await self._task_document(task_id)
        current = task.get("status")
        name = optional_text(current, "status") if isinstance(current, Mapping) else None
        known = await self._catalog.statuses_of(ref_id(task, "list") or "", fresh=True)
        return [PMTransition(one.id, one.name, one) for one in known if one.id != (name or "").casefold()]

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        """The system's own fields, then the custom ones of all lists by name.

        A request for each list: only lists tell the fields that they inherit.
        """
        projects = [project_id] if project_id is not None else await self._project_ids()
        lists = [one for project in projects for one in await self._lists_of(project)]
        found: dict[str, dict[str, Any]] = {}
        for answer in await bounded_map(self._fields_of, dict.fromkeys(lists), self._options.concurrency):
            if isinstance(answer, BaseException):
                raise answer
            found |= {identifier(one, "custom field"): one for one in answer}
        keep_raw = self._options.keep_raw
        custom = [to_field(one, keep_raw=keep_raw) for one in found.values()]
        custom.sort(key=lambda one: (one.name.casefold(), one.id))
        return [*await self._system_fields(project_id), *custom]

    async def _fields_of(self, list_id: str) -> list[dict[str, Any]]:
        return await self._api.all(f"list/{list_id}/field", "fields")

    async def _system_fields(self, project_id: str | None) -> list[PMField]:
        options = {
            "status": [one.name for one in await self._project_statuses(project_id)],
            "priority": [one.name for one in self._catalog.priorities],
            "custom_item_id": [one.name for one in await self._catalog.types()],
        }
        return [
            PMField(
                id=one,
                name=name,
                type=kind,
                is_required=one == "name",
                is_multiple=one in _MULTIPLE,
                allowed_values=tuple(options.get(one, ())),
            )
            for one, name, kind in _SYSTEM
        ]
