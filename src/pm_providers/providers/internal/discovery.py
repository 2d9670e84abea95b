"""Hooks of discovery: what there is to choose from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from pm_providers.contract import BasePMProvider
from pm_providers.database import Database
from pm_providers.database.schema import tasks
from pm_providers.errors import NotFoundError
from pm_providers.model import (
    Entity,
    FieldKind,
    Owner,
    PMField,
    PMPriority,
    PMStatus,
    PMTask,
    PMTaskType,
    PMTransition,
    Priority,
    TaskStatus,
    field_specs,
)
from pm_providers.providers.internal import client
from pm_providers.providers.internal.mapping import CLOSED, DEFAULT_STATUS, NAMES, decode_custom

__all__ = ["DiscoveryHooks"]

_TYPES = ("Task", "Bug", "Feature", "Milestone")
_STATUSES = [
    PMStatus(
        id=one.value,
        name=NAMES[one.value],
        status=one.value,
        is_closed=one.value in CLOSED,
        is_default=one.value == DEFAULT_STATUS[Entity.TASK],
    )
    for one in TaskStatus
]
_FIELD_TYPES = {
    FieldKind.MARKDOWN: "markdown",
    FieldKind.CHOICE: "choice",
    FieldKind.DATE: "date",
    FieldKind.HOURS: "number",
    FieldKind.NUMBER: "number",
    FieldKind.INTEGER: "integer",
    FieldKind.FLAG: "flag",
}
_SPECIAL_TYPES = {"assignee_id": "user", "assignee_ids": "user", "sprint_id": "sprint"}


class DiscoveryHooks(BasePMProvider):
    """Statuses, priorities, types, transitions, fields."""

    _db: Database

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        await self._look_up(project_id)
        return list(_STATUSES)

    async def _list_priorities(self) -> list[PMPriority]:
        return [PMPriority(id=one.value, name=NAMES[one.value], priority=one.value) for one in Priority]

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        """The usual types, then all others in use: a task may be of any type."""

        def work(conn: Connection) -> list[str]:
            statement = (
                select(tasks.c.type).where(tasks.c.type.is_not(None)).distinct().order_by(tasks.c.type)
            )
            if project_id is not None:
                statement = statement.where(tasks.c.project_id == client.require_project(conn, project_id))
            return list(conn.scalars(statement))

        used = await self._db.read(work)
        names = dict.fromkeys((*_TYPES, *used))
        return [PMTaskType(id=name, name=name, is_milestone=name == "Milestone") for name in names]

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """There is no workflow: every other status."""
        found = await self._db.read(
            lambda conn: conn.scalar(select(tasks.c.status).where(tasks.c.id == task_id))
        )
        if found is None:
            raise NotFoundError(f"no task {task_id[:60]!r}")
        return [PMTransition(id=one.id, name=one.name, to_status=one) for one in _STATUSES if one.id != found]

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        """Fields of tasks that can be written, then the custom fields in use."""
        project = await self._look_up(project_id)
        custom = await self._db.read(lambda conn: _custom_names(conn, project))
        own = [
            PMField(
                id=name,
                name=name,
                type=_SPECIAL_TYPES.get(name) or _FIELD_TYPES.get(spec.kind, "text"),
                is_required=spec.required,
                is_multiple=spec.kind is FieldKind.IDS,
                allowed_values=spec.choices,
            )
            for name, spec in field_specs(PMTask).items()
            if spec.owner is not Owner.SERVER and spec.kind is not FieldKind.MAP
        ]
        return own + [PMField(id=name, name=name, type=kind, is_custom=True) for name, kind in custom]

    async def _look_up(self, project_id: str | None) -> str | None:
        if project_id is None:
            return None
        return await self._db.read(lambda conn: client.require_project(conn, project_id))


def _custom_names(conn: Connection, project_id: str | None) -> list[tuple[str, str]]:
    """Names of custom fields in use, sorted, with the type of the first value found."""
    statement = select(tasks.c.custom_fields).where(tasks.c.custom_fields.is_not(None)).order_by(tasks.c.id)
    if project_id is not None:
        statement = statement.where(tasks.c.project_id == project_id)
    found: dict[str, str] = {}
    for text in conn.execution_options(yield_per=1000).scalars(statement):
        for name, value in decode_custom(text).items():
            found.setdefault(name, _kind(value))
    return sorted(found.items())


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return "date" if hasattr(value, "isoformat") else "text"
