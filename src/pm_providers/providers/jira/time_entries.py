"""Time entries, which are worklogs of issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.model import PMTimeEntry
from pm_providers.providers.jira.answers import objects
from pm_providers.providers.jira.connection import is_issue
from pm_providers.providers.jira.jql import all_of, quoted
from pm_providers.providers.jira.mapping.moments import zone_of
from pm_providers.providers.jira.mapping.parts import from_worklog, to_time_entry
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.task_reading import TaskReader
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.transport import bounded_map

__all__ = ["TimeEntries"]

_LOGGED = "timespent is not EMPTY"
_FIELDS = ("project", "worklog")
_PAGE = 5000


class TimeEntries(TaskReader):
    """Worklogs. Their author is always who makes them."""

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        """Oldest day first, then by instant of creation; those of a project are gathered from its issues.

        Raises:
            NotFoundError: no such task or project.
        """
        await self._api.identify()
        project = None
        if query.project_id is not None:
            project = identifier(await self._project_document(query.project_id), "project")
        if query.task_id is not None:
            issue = await self._issue_logged(query.task_id)
            here = project in (None, ref_id(fields_of(issue), "project"))
            found = await self._entries([issue]) if here else []
        else:
            found = await self._gathered(project, query.window)
        for one in sorted(found, key=_by_day):
            yield one

    async def _issue_logged(self, value: str) -> dict[str, Any]:
        issue = await self._find_issue(value, _FIELDS) if is_issue(value) else None
        if issue is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return issue

    async def _gathered(self, project: str | None, window: int) -> list[PMTimeEntry]:
        where = all_of([f"project = {quoted(project)}", _LOGGED] if project else [_LOGGED])
        result: list[PMTimeEntry] = []
        async with aclosing(self._issues.pages(where, _FIELDS, window=window)) as pages:
            async for page in pages:
                result += await self._entries(page)
        return result

    async def _entries(self, issues: Sequence[Mapping[str, Any]]) -> list[PMTimeEntry]:
        """Worklogs of issues: those that come with them, 20 at most ([obs]), or from their own pages."""
        zone = zone_of(await self._api.identify())
        result = []
        lists = await bounded_map(self._worklogs, issues, self._options.concurrency)
        for issue, found in zip(issues, lists, strict=True):
            if isinstance(found, NotFoundError):
                continue  # deleted meanwhile
            if isinstance(found, Exception):
                raise found
            task, project = identifier(issue, "issue"), ref_id(fields_of(issue), "project")
            raw = self._options.keep_raw
            result += [
                to_time_entry(one, task_id=task, project_id=project, zone=zone, keep_raw=raw) for one in found
            ]
        return result

    async def _worklogs(self, issue: Mapping[str, Any]) -> list[dict[str, Any]]:
        embedded = fields_of(issue).get("worklog")
        if isinstance(embedded, Mapping) and isinstance(embedded.get("total"), int):
            found = objects(embedded, "worklogs")
            if len(found) >= embedded["total"]:
                return found
        path = f"issue/{identifier(issue, 'issue')}/worklog"
        return [one async for one in self._api.items(path, "worklogs", page_size=_PAGE)]

    # writing

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        """At noon of the day; the remaining estimate goes down by the hours, as people are used to."""
        task = fields["task_id"]
        zone = zone_of(await self._api.identify())
        body = from_worklog(fields, zone, adf=self._cloud)
        project = await self._project_of(task)
        try:
            made = await self._api.created(f"issue/{task}/worklog", body)
        except NotFoundError as error:
            # The task was there just now: time tracking is off ([spec] POST issue/{issueIdOrKey}/worklog).
            raise ValidationError(error.message, fields={"task_id": error.message}) from error
        self._recent.wrote([task])
        raw = self._options.keep_raw
        return to_time_entry(made, task_id=task, project_id=project, zone=zone, keep_raw=raw)

    async def _project_of(self, task: str) -> str | None:
        issue = await self._find_issue(task, ("project",))
        if issue is None:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"})
        return ref_id(fields_of(issue), "project")

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        """Where the task is not given, the worklog tells it.

        Raises:
            NotFoundError: no such worklog.
            UnsupportedError: Data Center cannot move one to another task.
        """
        task = await self._worklog_task(entry_id, task_id)
        stored = await self._api.get(f"issue/{task}/worklog/{entry_id}")
        zone = zone_of(await self._api.identify())
        body = from_worklog(fields, zone, adf=self._cloud, stored=stored)
        target = fields.get("task_id") or task
        project = await self._project_of(target)
        if target != task:
            await self._move_worklog(entry_id, task, target)
        path = f"issue/{target}/worklog/{entry_id}"
        if set(fields) - {"task_id"}:
            await self._api.put(path, body)
        self._recent.wrote([task, target])
        found = await self._api.get(path)
        raw = self._options.keep_raw
        return to_time_entry(found, task_id=target, project_id=project, zone=zone, keep_raw=raw)

    async def _move_worklog(self, entry_id: str, task: str, target: str) -> None:
        """[spec] POST issue/{issueIdOrKey}/worklog/move. Both estimates stay as they are."""
        if not self._cloud:
            reason = "Data Center cannot move a worklog to another issue"
            raise UnsupportedError(f"task_id: {reason}", reason=reason)
        body = {"ids": [int(entry_id)], "issueIdOrKey": target}
        await self._api.post(f"issue/{task}/worklog/move", body, params={"adjustEstimate": "leave"})

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        try:
            task = await self._worklog_task(entry_id, task_id)
        except NotFoundError:
            return False
        gone = await self._api.delete(f"issue/{task}/worklog/{entry_id}")
        self._recent.wrote([task])
        return gone

    async def _worklog_task(self, entry_id: str, task_id: str | None) -> str:
        """Id of the issue that a worklog belongs to."""
        await self._api.identify()
        if not is_number(entry_id) or (task_id and not is_issue(task_id)):
            raise NotFoundError(f"there is no time entry {entry_id!r:.80}")
        if task_id:
            return await self._issue_id(task_id)
        answer = await self._api.call("POST", "worklog/list", json={"ids": [int(entry_id)]}, reads=True)
        found = objects(answer.json(), "worklogs")
        if not found or found[0].get("issueId") is None:
            raise NotFoundError(f"there is no time entry {entry_id!r:.80}")
        return str(found[0]["issueId"])


def _by_day(entry: PMTimeEntry) -> tuple[date, datetime, int]:
    early = datetime.min.replace(tzinfo=UTC)
    return (entry.spent_on or date.min, entry.created_at or early, int(entry.id))
