"""Time entries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMTimeEntry
from pm_providers.providers.redmine.connection import Connection
from pm_providers.providers.redmine.mapping.parts import HOURS_DIGITS, from_time_entry, to_time_entry
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.toolkit.documents import identifier, is_number, optional_text, part

__all__ = ["TimeEntries"]

_THIS_PROJECT_ONLY = "!*"


class TimeEntries(Connection):
    """Time entries on issues; those on whole projects are listed with their project."""

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        """Oldest day first, then by instant of creation and id ([code] app/models/time_entry_query.rb)."""
        params: dict[str, str | int] = {"sort": "spent_on:asc"}
        if query.task_id is not None:
            params["issue_id"] = self._known_task(query.task_id)
        if query.project_id is not None:
            params["project_id"] = await self._project_id(query.project_id)
            params["subproject_id"] = _THIS_PROJECT_ONLY
        count = 0
        stream = self._api.items(
            "time_entries", "time_entries", params, window=query.window, limit=query.limit
        )
        async with aclosing(stream) as found:
            async for one in found:
                count += 1
                yield self._entry(one)
        if count == 0 and query.task_id is not None:
            await self._check_readable(query.task_id)

    def _known_task(self, task_id: str) -> str:
        if not is_number(task_id):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        return task_id

    async def _check_readable(self, task_id: str) -> None:
        """Unknown tasks, and those whose entries are hidden, have an empty list (recorded 11-…: step 48).

        Raises:
            NotFoundError: there is no such task.
            PermissionDeniedError: its entries may not be seen: the issue then tells no sum.
        """
        if "spent_hours" not in await self._task_document(task_id):
            raise PermissionDeniedError(f"these credentials may not see the time entries of task {task_id}")

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        project = await self._project_of(fields["task_id"])
        wire = _checked_hours(fields) | {"activity": await self._activity(fields, project)}
        try:
            answer = await self._api.post("time_entries", from_time_entry(wire))
        except ValidationError as error:
            await self._explain_user(error, fields, project)
            raise
        return self._entry(part(answer, "time_entry"))

    async def _explain_user(self, error: ValidationError, fields: Mapping[str, Any], project: str) -> None:
        """Why somebody's time was refused: the text may be of any language, so the members are looked at.

        Raises:
            ValidationError: the user is none of the project ([code] app/models/time_entry.rb, `validate`).
        """
        user = fields.get("user_id")
        if not user or error.fields or user == identifier(await self._api.identify(), "user"):
            return
        async with aclosing(self._api.items(f"projects/{project}/memberships", "memberships", {})) as found:
            async for one in found:
                if ref_id(one, "user") == user:
                    return
        raise ValidationError(fields={"user_id": error.message}, status=error.status) from error

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        if not is_number(entry_id):
            raise NotFoundError(f"there is no time entry {entry_id!r:.80}")
        path = f"time_entries/{entry_id}"
        stored = await self._api.one(path, "time_entry")
        project = ref_id(stored, "project")
        if fields.get("task_id"):
            project = await self._project_of(fields["task_id"])
        wire = _checked_hours(fields)
        if "activity" in fields and project is not None:
            wire["activity"] = await self._activity(fields, project)
        await self._api.put(path, from_time_entry(wire))
        return self._entry(await self._api.one(path, "time_entry"))

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        return is_number(entry_id) and await self._api.delete(f"time_entries/{entry_id}")

    async def _project_of(self, task_id: str) -> str:
        found = await self._find_task(task_id)
        project = ref_id(found, "project") if found else None
        if project is None:
            raise ValidationError(fields={"task_id": f"there is no task {task_id!r:.80}"})
        return project

    # activities

    async def _activity(self, fields: Fields, project: str) -> str:
        """Id of the activity asked for, by name or id; `fields` get the name as it will be read back.

        None asked for is the default one, or the first: without any the entry is refused (recorded 11-…:
        step 3).

        Raises:
            ValidationError: the project has no such activity, or none at all.
        """
        asked = fields.get("activity")
        known = await self._activities(project)
        meant = _meant(asked, known) if asked else await self._default_activity(known)
        if meant is None:
            known = await self._activities(project, fresh=True)
            meant = _meant(asked, known) if asked else await self._default_activity(known)
        if meant is None:
            what = f"{asked!r:.60} is unknown" if asked else "is needed"
            raise ValidationError(
                fields={"activity": f"{what}; the project has: {', '.join(known.values()) or 'none'}"}
            )
        if asked:
            fields["activity"] = known[meant]
        return meant

    async def _activities(self, project: str, *, fresh: bool = False) -> dict[str, str]:
        """Activities of a project, id -> name, in the vendor's order."""
        found = dict((await self._catalog.place(project, fresh=fresh)).activities)
        if found:
            return found
        everywhere = await self._catalog.activities(fresh=fresh)
        return {
            identifier(one, "activity"): optional_text(one, "name") or ""
            for one in everywhere
            if one.get("active") is not False
        }

    async def _default_activity(self, known: Mapping[str, str]) -> str | None:
        """A project's own variant of an activity has another id, but the same name."""
        everywhere = await self._catalog.activities()
        default = next((optional_text(one, "name") for one in everywhere if one.get("is_default")), None)
        by_name = {name: one for one, name in known.items()}
        return by_name.get(default or "") or next(iter(known), None)

    def _entry(self, found: Mapping[str, Any]) -> PMTimeEntry:
        return to_time_entry(found, keep_raw=self._options.keep_raw)


def _meant(asked: str, known: Mapping[str, str]) -> str | None:
    if asked in known:
        return asked
    folded = asked.strip().casefold()
    return next((one for one, name in known.items() if name.casefold() == folded), None)


def _checked_hours(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to write.

    Raises:
        ValidationError: hours that round to none: they may be stored as 0 (recorded 11-…: step 14).
    """
    if "hours" in fields and round(fields["hours"], HOURS_DIGITS) <= 0:
        raise ValidationError(fields={"hours": "must be at least 0.01: hours are rounded to hundredths"})
    return dict(fields)
