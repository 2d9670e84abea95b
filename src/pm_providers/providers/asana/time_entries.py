"""Time entries: time tracking of paid plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ValidationError
from pm_providers.model import PMTimeEntry
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.linking import known_gid
from pm_providers.providers.asana.mapping.time_entries import (
    ENTRY_FIELDS,
    from_time_entry,
    is_complete,
    to_time_entry,
)
from pm_providers.providers.asana.mapping.values import gid, is_gid, ref_gid

__all__ = ["TimeEntries"]

_FIRST_DAY = "1970-01-01"
_FIXED = "a time entry cannot be moved to another task; delete it and log it anew"


class TimeEntries(Connection):
    """Time tracking entries. They are always the caller's, and only he changes them."""

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        """Oldest day first; those of a project are those that are attributable to it.

        Raises:
            NotFoundError: no such task or project.
            UnsupportedError: the plan has no time tracking.
        """
        task = None if query.task_id is None else await self._task_id(query.task_id)
        project = None
        if query.project_id is not None:
            project = gid(await self._project_document(query.project_id), "project")
        found = [
            to_time_entry(one, task, keep_raw=self._keep_raw) for one in await self._entries(task, project)
        ]
        for one in sorted(found, key=_by_day):
            if project is None or one.project_id == project:
                yield one

    async def _entries(self, task: str | None, project: str | None) -> list[dict[str, Any]]:
        """Those of a workspace need a date to start from ([spec] GET /time_tracking_entries)."""
        if task is not None:
            return await self._complete(
                await self._api.all(f"tasks/{task}/time_tracking_entries", ENTRY_FIELDS)
            )
        params = {"workspace": self._options.workspace, "entered_on_start_date": _FIRST_DAY}
        if project is not None:
            params = {"attributable_to": project}
        return await self._complete(await self._api.all("time_tracking_entries", ENTRY_FIELDS, params))

    async def _complete(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The entries with what lists may leave out, ten a request; those deleted meanwhile are dropped."""
        short = [gid(one, "time entry") for one in found if not is_complete(one)]
        if not short:
            return found
        actions = [Action("GET", f"time_tracking_entries/{one}", fields=ENTRY_FIELDS) for one in short]
        outcomes = await self._api.batch(actions)
        full = {
            one: None if told.is_missing else told.data() for one, told in zip(short, outcomes, strict=True)
        }
        merged = (full.get(gid(one, "time entry"), one) for one in found)
        return [one for one in merged if one is not None]

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        """Attributable to the project of the task, so that it counts there. Not repeated.

        Raises:
            ValidationError: for somebody else, less than a minute, or an unknown activity.
        """
        body = from_time_entry(fields)
        await self._check_user(fields)
        body |= await self._category(fields)
        task = fields["task_id"]
        project = await self._catalog.home(task)
        if project is not None:
            body["attributable_to"] = project
        made = await self._api.post(f"tasks/{task}/time_tracking_entries", body, ENTRY_FIELDS)
        return to_time_entry(made, task, keep_raw=self._keep_raw)

    async def _check_user(self, fields: Fields) -> None:
        user = fields.get("user_id")
        if user is not None and user != await self._user_id("me"):
            raise ValidationError(fields={"user_id": "time is logged for oneself only"})

    async def _category(self, fields: Fields) -> dict[str, list[str]]:
        """What a body holds of the activity: a category of the workspace, by name or gid; one at most."""
        if "activity" not in fields:
            return {}
        if not fields["activity"]:
            return {"categories": []}
        asked = fields["activity"].strip().casefold()
        params = {"workspace": self._options.workspace}
        names: dict[str, str] = {}
        for one in await self._api.all("time_tracking_categories", ("name", "is_archived"), params):
            if not one.get("is_archived"):
                names[gid(one, "category")] = str(one.get("name"))
        found = next((one for one, name in names.items() if asked in {one, name.strip().casefold()}), None)
        if found is None:
            known = ", ".join(names.values()) or "none"
            text = f"{fields['activity']!r:.60} is unknown; the workspace has: {known}"
            raise ValidationError(fields={"activity": text})
        fields["activity"] = names[found]
        return {"categories": [found]}

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        """Only what is given is written.

        Raises:
            NotFoundError: no such entry.
            ValidationError: another task.
        """
        path = f"time_tracking_entries/{known_gid(entry_id, 'time entry')}"
        body = from_time_entry(fields) | await self._category(fields)
        if "task_id" in fields:
            stored = await self._api.get(path, ENTRY_FIELDS)
            if ref_gid(stored, "task") != fields["task_id"]:
                raise ValidationError(fields={"task_id": _FIXED})
            if not body:
                return to_time_entry(stored, keep_raw=self._keep_raw)
        return to_time_entry(await self._api.put(path, body, ENTRY_FIELDS), task_id, keep_raw=self._keep_raw)

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        return await self._api.delete(f"time_tracking_entries/{entry_id}") if is_gid(entry_id) else False


def _by_day(entry: PMTimeEntry) -> tuple[date, datetime, str]:
    early = datetime.min.replace(tzinfo=UTC)
    return (entry.spent_on or date.min, entry.created_at or early, entry.id)
