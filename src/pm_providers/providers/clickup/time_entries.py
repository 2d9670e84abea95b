"""Time entries. The API shows those of the last 30 days of the caller, unless it is told more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import tzinfo
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMTimeEntry
from pm_providers.providers.clickup.connection import Connection
from pm_providers.providers.clickup.mapping.parts import is_part_id
from pm_providers.providers.clickup.mapping.people import role_of
from pm_providers.providers.clickup.mapping.tasks import project_of
from pm_providers.providers.clickup.mapping.time_entries import (
    changed_entry,
    is_running,
    new_entry,
    to_time_entry,
)
from pm_providers.providers.clickup.mapping.values import milliseconds, ref_id
from pm_providers.toolkit.documents import identifier, objects, part

__all__ = ["TimeEntries"]

_SINCE, _UNTIL = 1, 253_402_214_400_000
"""First millisecond of 1970, as 0 may count as nothing, and the last day of 9999."""

_SEES_ALL = (1, 2)
_PEOPLE = 100


class TimeEntries(Connection):
    """Time entries: owners and administrators see and write everybody's, others their own."""

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        """Oldest day first, then by instant; running timers are left out.

        Raises:
            NotFoundError: no such task or project.
        """
        params, project = await self._where(query)
        rows = [one for people in await self._whose() for one in await self._rows(params, people)]
        zone = await self._zone()
        found = [self._entry(one, zone) for one in rows if not is_running(one)]
        if params.get("task_id") and project is not None:
            found = [one for one in found if one.project_id == project]
        order = {identifier(one, "time entry"): milliseconds(one.get("start")) or 0 for one in rows}
        for one in sorted(found, key=lambda entry: (order[entry.id], len(entry.id), entry.id)):
            yield one

    async def _where(self, query: ListQuery) -> tuple[dict[str, str], str | None]:
        """The one place that may be asked for, and the project that entries have to be of."""
        place = None if query.project_id is None else await self._place(query.project_id)
        if query.task_id is not None:
            task = await self._task_document(query.task_id)
            return {"task_id": identifier(task, "task")}, None if place is None else place.id
        if place is not None:
            return {f"{self._level}_id": place.id}, place.id
        return {}, None

    async def _whose(self) -> list[str | None]:
        """People to ask for, some at a time; `None` asks for one's own only, as all others are refused."""
        me = identifier(await self._api.identify(), "user")
        known = await self._catalog.members()
        if role_of(known.get(me, {})) not in _SEES_ALL:
            return [None]
        ids = list(known)
        return [",".join(ids[place : place + _PEOPLE]) for place in range(0, len(ids), _PEOPLE)]

    async def _rows(self, where: Mapping[str, str], people: str | None) -> list[dict[str, Any]]:
        params: dict[str, str | int] = {"start_date": _SINCE, "end_date": _UNTIL, **where}
        path = f"{self._api.team}/time_entries"
        if people is None:
            return _data(await self._api.get(path, params))
        try:
            return _data(await self._api.get(path, {**params, "assignee": people}))
        except PermissionDeniedError:
            return _data(await self._api.get(path, params))

    def _entry(self, document: Mapping[str, Any], zone: tzinfo, project: str | None = None) -> PMTimeEntry:
        raw = self._options.keep_raw
        return to_time_entry(document, zone=zone, level=self._level, project_id=project, keep_raw=raw)

    # writing

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        """At noon of its day. The answer of the write lacks places, so the entry is read.

        Raises:
            ValidationError: no such task.
            PermissionDeniedError: for somebody else, by one who is no administrator.
        """
        zone = await self._zone()
        body = new_entry(fields, zone)
        await self._task_of_entry(fields["task_id"])
        made = part(await self._api.post(f"{self._api.team}/time_entries", body), "data")
        return await self._read_entry(identifier(made, "time entry"), zone)

    async def _task_of_entry(self, task: str) -> str | None:
        """Project of a task.

        Raises:
            ValidationError: there is none.
        """
        try:
            return project_of(await self._task_document(task), self._level)
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": error.message}) from None

    async def _stored_entry(self, entry_id: str) -> dict[str, Any]:
        if not is_part_id(entry_id):
            raise NotFoundError(f"there is no time entry {entry_id!r:.80}")
        return part(await self._api.get(f"{self._api.team}/time_entries/{entry_id}"), "data")

    async def _read_entry(self, entry_id: str, zone: tzinfo) -> PMTimeEntry:
        return self._entry(await self._stored_entry(entry_id), zone)

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        """The entry is read before: start and end are written together.

        Raises:
            NotFoundError: no such entry, or somebody else's.
            ValidationError: no such task, or the timer still runs.
        """
        stored = await self._stored_entry(entry_id)
        if is_running(stored):
            raise ValidationError(fields={"hours": "the timer of the entry runs: it has to be stopped first"})
        if fields.get("task_id") and fields["task_id"] != ref_id(stored, "task"):
            await self._task_of_entry(fields["task_id"])
        zone = await self._zone()
        await self._api.put(f"{self._api.team}/time_entries/{entry_id}", changed_entry(fields, stored, zone))
        return await self._read_entry(entry_id, zone)

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        if not is_part_id(entry_id):
            return False
        path = f"{self._api.team}/time_entries/{entry_id}"
        return await self._api.delete(path, look=path)


def _data(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Entries of a list; one alone came as itself once (recorded raksul/go-clickup)."""
    found = document.get("data")
    return [found] if isinstance(found, dict) else objects(document, "data")
