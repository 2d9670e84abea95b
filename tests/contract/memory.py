"""A tiny provider in memory, to test what the base does around the hooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from pm_providers import PMProject, PMTask, PMUser
from pm_providers.contract import (
    BasePMProvider,
    Capabilities,
    Fields,
    Limits,
    ListQuery,
    PMProviderConfig,
    TaskQuery,
    declare_fields,
    declare_operations,
    mapped,
    read_only,
    unsupported,
)
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity

ABSENT = unsupported("memory does not have it")


class MemoryProvider(BasePMProvider):
    """Tasks in a dict. `trim` makes it alter what it stores, `gate` makes writes wait."""

    name = "memory"
    title = "Memory"
    CAPABILITIES = Capabilities(
        operations=declare_operations(
            default=ABSENT,
            native="list_projects get_project list_tasks get_task create_task update_task delete_task"
            " search_tasks create_attachment get_current_user",
            create_tasks=mapped("one by one"),
            update_tasks=mapped("one by one"),
            delete_tasks=mapped("one by one"),
        ),
        fields={
            **{entity: declare_fields(entity, rest=ABSENT) for entity in Entity},
            Entity.TASK: declare_fields(
                Entity.TASK,
                native="title description status project_id due_date start_date estimated_hours assignee_id"
                " assignee_ids label_ids version custom_fields priority progress",
                actual_hours=read_only("the sum of the time entries"),
                rest=ABSENT,
            ),
            Entity.ATTACHMENT: declare_fields(Entity.ATTACHMENT, native="task_id file_name", rest=ABSENT),
        },
        limits=Limits(concurrency=3, labels=2, attachment_bytes=10, lengths={"task.title": 20}),
    )

    def __init__(self, config: PMProviderConfig | None = None) -> None:
        super().__init__(config or PMProviderConfig("memory"))
        self.tasks: dict[str, PMTask] = {}
        self.started: list[str] = []
        self.running = 0
        self.most_running = 0
        self.closed_streams = 0
        self.trim = False
        self.gate: asyncio.Event | None = None

    async def _get_current_user(self) -> PMUser:
        return PMUser("1", "Ada")

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        yield PMProject("1", "One")

    async def _get_project(self, project_id: str) -> PMProject | None:
        return PMProject("1", "One") if project_id == "1" else None

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        try:
            for task in list(self.tasks.values()):
                yield task
        finally:
            self.closed_streams += 1

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        for task in self.tasks.values():
            if query.text in task.title:
                yield task

    async def _get_task(self, task_id: str) -> PMTask | None:
        return self.tasks.get(task_id)

    async def _create_task(self, fields: Fields) -> PMTask:
        self.started.append(fields["title"])
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
        finally:
            self.running -= 1
        if fields["title"] == "conflict":
            raise ConflictError("already there")
        return self._store(PMTask(id=str(len(self.tasks) + 1), version="1"), fields)

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        if task_id not in self.tasks:
            raise NotFoundError(f"no task {task_id}")
        await asyncio.sleep(0)
        return self._store(self.tasks[task_id], fields)

    async def _delete_task(self, task_id: str) -> bool:
        return self.tasks.pop(task_id, None) is not None

    async def _create_attachment(self, fields: Fields, content: bytes) -> Any:
        raise ValidationError(fields={"content": f"got {len(content)} bytes"})

    def _store(self, task: PMTask, fields: Fields) -> PMTask:
        values = dict(fields)
        if self.trim and "title" in values:
            values["title"] = values["title"].strip()
        task = replace(task, **values)
        self.tasks[task.id] = task
        return task
