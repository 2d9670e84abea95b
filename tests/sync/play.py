"""A system of tasks in memory that behaves as badly as vendors do: one side of the worlds of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pm_providers import PMProject, PMTask
from pm_providers.contract import (
    BasePMProvider,
    Capabilities,
    ChangePage,
    Fields,
    ListQuery,
    PMProviderConfig,
    TaskQuery,
    declare_fields,
    declare_operations,
    mapped,
    unsupported,
)
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity

ABSENT = unsupported("a play does not have it")
_START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class PlayProvider(BasePMProvider):
    """Tasks in a dict, with a log of changes.

    Attributes:
        skew: what its clock is wrong by.
        lossy: it trims and re-cases titles, rounds hours and knows three priorities.
        cascades: deleting a task deletes what stands below it; else that stands at the top then.
        late: ids of tasks of which the next list tells what was before their last change.
    """

    name = "play"
    title = "Play"
    CAPABILITIES = Capabilities(
        operations=declare_operations(
            default=ABSENT,
            native="list_projects get_project list_tasks get_task create_task update_task delete_task changes",
            create_tasks=mapped("one by one"),
            update_tasks=mapped("one by one"),
            delete_tasks=mapped("one by one"),
        ),
        fields={
            **{entity: declare_fields(entity, rest=ABSENT) for entity in Entity},
            Entity.PROJECT: declare_fields(Entity.PROJECT, native="name", rest=ABSENT),
            Entity.TASK: declare_fields(
                Entity.TASK,
                native="title description status priority project_id parent_task_id due_date estimated_hours"
                " version created_at updated_at is_archived",
                rest=ABSENT,
            ),
        },
    )

    def __init__(self, prefix: str = "p") -> None:
        super().__init__(PMProviderConfig("play"))
        self.prefix = prefix
        self.tasks: dict[str, PMTask] = {}
        self.older: dict[str, PMTask | None] = {}
        self.log: list[str] = []
        self.ticks = 0
        self.skew = timedelta()
        self.lossy = False
        self.cascades = True
        self.versions = True
        self.late: set[str] = set()
        self.refuses: Callable[[Fields], dict[str, str]] = lambda _: {}
        self.forbidden: set[str] = set()

    # hooks

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        yield PMProject(id="1", name="Same")

    async def _get_project(self, project_id: str) -> PMProject | None:
        return PMProject(id="1", name="Same") if project_id == "1" else None

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        for task in list(self.tasks.values()):
            yield task

    async def _get_task(self, task_id: str) -> PMTask | None:
        return self.tasks.get(task_id)

    async def _create_task(self, fields: Fields) -> PMTask:
        self._check(fields)
        task_id = f"{self.prefix}{len(self.log) + 1}"
        now = self._now()
        return self._put(
            PMTask(id=task_id, version="1", status="todo", created_at=now, updated_at=now), fields, now
        )

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        task = self.tasks.get(task_id)
        if task is None:
            raise NotFoundError(f"no task {task_id}")
        self._check(fields)
        if self.versions and expected_version not in {None, task.version}:
            raise ConflictError(f"{task_id} was changed meanwhile")
        if self._below(fields.get("parent_task_id"), task_id):
            raise ValidationError(fields={"parent_task_id": "it stands below this task"})
        return self._put(replace(task, version=str(int(task.version or 0) + 1)), fields, self._now())

    async def _delete_task(self, task_id: str) -> bool:
        if task_id not in self.tasks:
            return False
        for child in [one for one in self.tasks.values() if one.parent_task_id == task_id]:
            if self.cascades:
                await self._delete_task(child.id)
            else:
                self._put(child, {"parent_task_id": None}, self._now())
        self.older[task_id] = self.tasks.pop(task_id)
        self.log.append(task_id)
        return True

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        if project_id != "1":
            raise NotFoundError(f"no project {project_id}")
        start = int(cursor or 0)
        if start > len(self.log):
            raise ValidationError(fields={"cursor": "not one of this system"})
        ids = list(dict.fromkeys(self.log[start:]))
        late = {one for one in ids if one in self.late}
        self.late = set()
        found = {one: self.older.get(one) if one in late else self.tasks.get(one) for one in ids}
        gone = [one for one, task in found.items() if task is None and one not in late and cursor is not None]
        first = min((self.log.index(one, start) for one in late), default=len(self.log))
        return ChangePage([task for task in found.values() if task is not None], gone, str(max(start, first)))

    # how it keeps them

    def _now(self) -> datetime:
        self.ticks += 1
        return _START + self.skew + timedelta(seconds=self.ticks)

    def _check(self, fields: Fields) -> None:
        parent = fields.get("parent_task_id")
        refused = self.refuses(fields)
        if parent is not None and parent not in self.tasks:
            refused = {**refused, "parent_task_id": "there is no such task"}
        if refused:
            raise ValidationError(fields=refused)

    def _below(self, at: str | None, goal: str) -> bool:
        while at is not None:
            if at == goal:
                return True
            at = self.tasks[at].parent_task_id
        return False

    def _put(self, task: PMTask, fields: Fields, now: datetime) -> PMTask:
        self.older[task.id] = self.tasks.get(task.id)
        values = dict(fields)
        if self.lossy:
            values = _less(values)
        self.tasks[task.id] = replace(task, **values, updated_at=now)
        self.log.append(task.id)
        return self.tasks[task.id]


def _less(values: dict[str, Any]) -> dict[str, Any]:
    """What is left of values in a system that holds less."""
    found = dict(values)
    if found.get("title"):
        found["title"] = " ".join(found["title"].split()).upper()
    if found.get("estimated_hours") is not None:
        found["estimated_hours"] = float(round(found["estimated_hours"]))
    fewer = {"lowest": "low", "highest": "high"}
    if found.get("priority") in fewer:
        found["priority"] = fewer[found["priority"]]
    return found
