"""Sprints: lists in sprint folders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.effects import uncounted
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import PMSprint, Record
from pm_providers.providers.clickup.connection import Place
from pm_providers.providers.clickup.containers import ProjectReader
from pm_providers.providers.clickup.mapping.places import from_list
from pm_providers.providers.clickup.mapping.sprints import (
    SprintReading,
    dates_in_name,
    name_with_dates,
    plain_name,
    to_sprint,
)
from pm_providers.providers.clickup.mapping.values import ref_id
from pm_providers.toolkit.documents import identifier, is_number, optional_text
from pm_providers.transport import bounded_map

__all__ = ["Sprints"]

_CONTENT = ("goal", "end_date")


class Sprints(ProjectReader):
    """Sprints."""

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        """In the order of the app, archived ones after the others of their folder."""
        projects = [query.project_id] if query.project_id is not None else await self._project_ids()
        reading = await self._sprint_reading()
        for project in projects:
            for one in await self._sprint_lists(await self._place(project)):
                sprint = to_sprint(one, project, reading)
                if query.status is None or query.status.casefold() in {sprint.status, sprint.status_name}:
                    yield sprint

    async def _sprint_lists(self, place: Place) -> list[dict[str, Any]]:
        """Lists of a project that are sprints, archived ones included: those are closed sprints."""
        folders = [place.document] if self._level == "folder" else await self._sprint_folders(place.space_id)
        asked = [(identifier(one, "folder"), old) for one in folders for old in (False, True)]
        answers = await bounded_map(self._lists_in, asked, self._options.concurrency)
        found: list[dict[str, Any]] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            found += answer
        return found

    async def _lists_in(self, asked: tuple[str, bool]) -> list[dict[str, Any]]:
        folder, archived = asked
        found = await self._api.all(f"folder/{folder}/list", "lists", {"archived": archived})
        if self._level == "space":
            return found
        return [one for one in found if self._catalog.rule.is_list(one, {"hidden": False})]

    async def _sprint_folders(self, space_id: str) -> list[dict[str, Any]]:
        structure = await self._catalog.structure(space_id, fresh=True)
        return [one for one in structure.folders if self._catalog.rule.is_folder(one)]

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        found = await self._find_sprint(sprint_id)
        return None if found is None else await self._sprint(found)

    async def _find_sprint(self, value: str) -> dict[str, Any] | None:
        """A list that is a sprint; `None` for one that is none."""
        found = await self._api.find(f"list/{value}") if is_number(value) else None
        folder = found.get("folder") if found is not None else None
        if found is None or found.get("deleted") is True or not isinstance(folder, Mapping):
            return None
        return found if self._catalog.rule.is_list(found, folder) else None

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        try:
            place = await self._place(fields["project_id"])
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": error.message}) from None
        name = self._named(fields["name"], fields.get("start_date"), fields.get("end_date"))
        wire = {one: fields[one] for one in _CONTENT if one in fields}
        body = from_list(wire, name, await self._zone())
        folder = place.id if self._level == "folder" else await self._sprint_folder(place.space_id)
        made = await self._api.post(f"folder/{folder}/list", body)
        self._catalog.forget_space(place.space_id)
        return await self._sprint(await self._api.get(f"list/{identifier(made, 'list')}"))

    def _named(self, name: str, start: Any, end: Any) -> str:
        """Name of the list, with the dates in it.

        Raises:
            ValidationError: nobody would take a list of that name for a sprint.
        """
        word = self._options.sprint_word
        if self._level == "folder" and word.casefold() not in name.casefold():
            raise ValidationError(
                fields={"name": f"must hold {word!r:.60}: other lists of the folder are no sprints"}
            )
        day_first = self._options.sprint_day_first
        if start is None and plain_name(name) != name:
            return name  # with dates of its own
        return name_with_dates(name, start, end, day_first=day_first)

    async def _sprint_folder(self, space_id: str) -> str:
        """The first sprint folder of a space, which is made when there is none."""
        async with self._locks.hold(("sprint folder", space_id)):
            folders = await self._sprint_folders(space_id)
            if folders:
                return identifier(folders[0], "folder")
            body = {"name": self._options.sprint_folder}
            with uncounted():  # the next attempt finds it
                made = await self._api.post(f"space/{space_id}/folder", body)
            self._catalog.forget_space(space_id)
            return identifier(made, "folder")

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        found = await self._find_sprint(sprint_id)
        if found is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        wire = {one: fields[one] for one in _CONTENT if one in fields}
        name = await self._new_name(found, fields)
        await self._api.put(f"list/{sprint_id}", from_list(wire, name, await self._zone()))
        self._forget(found)
        return await self._sprint(await self._api.get(f"list/{sprint_id}"))

    async def _new_name(self, document: Mapping[str, Any], fields: Fields) -> str:
        """Name of a sprint after a change of its name or its dates."""
        before = await self._sprint(document)
        old = optional_text(document, "name") or ""
        name = fields.get("name") or plain_name(old)
        if plain_name(name) != name:
            return self._named(name, fields.get("start_date"), fields.get("end_date", before.end_date))
        named = dates_in_name(old, await self._today(), day_first=self._options.sprint_day_first)[0]
        start = fields.get("start_date", before.start_date if named else None)
        return self._named(name, start, fields.get("end_date", before.end_date))

    async def _delete_sprint(self, sprint_id: str) -> bool:
        """The tasks that were added to the sprint stay; those whose home list it is would go with it.

        Raises:
            ConflictError: there are such tasks.
        """
        found = await self._find_sprint(sprint_id)
        if found is None:
            return False
        params = {"subtasks": True, "include_closed": True}
        for archived in (False, True):
            page = await self._api.task_page(f"list/{sprint_id}/task", {**params, "archived": archived}, 0)
            if page.items:
                raise ConflictError(
                    f"sprint {sprint_id} is the home list of tasks: move them out of it first"
                )
        done = await self._api.delete(f"list/{sprint_id}", look=f"list/{sprint_id}")
        self._forget(found)
        return done

    def _forget(self, document: Mapping[str, Any]) -> None:
        self._catalog.forget_list(identifier(document, "list"))
        self._catalog.forget_space(ref_id(document, "space") or "")

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """A sprint is called without the dates in its name."""
        if name == "name" and isinstance(result, PMSprint) and isinstance(asked, str):
            return plain_name(asked) == result.name
        return super()._holds(name, asked, result)

    async def _sprint_reading(self) -> SprintReading:
        return SprintReading(
            zone=await self._zone(),
            today=await self._today(),
            day_first=self._options.sprint_day_first,
            keep_raw=self._options.keep_raw,
        )

    async def _sprint(self, document: Mapping[str, Any]) -> PMSprint:
        return to_sprint(document, ref_id(document, self._level), await self._sprint_reading())
