"""Where tasks lie: the list of new ones, moves to another home list, and sprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.effects import uncounted
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError, ValidationError
from pm_providers.model import PMStatus
from pm_providers.providers.clickup.connection import Place
from pm_providers.providers.clickup.mapping.choices import to_status
from pm_providers.providers.clickup.mapping.tasks import places_of, project_of
from pm_providers.providers.clickup.mapping.values import ref_id
from pm_providers.providers.clickup.task_reading import TaskReader
from pm_providers.toolkit.documents import broken, identifier, optional_text

__all__ = ["Placing"]

_REFUSED = (ValidationError, PermissionDeniedError, UnsupportedError, NotFoundError)
"""Answers to adding a task to one more list where "Tasks in Multiple Lists" is off; documented nowhere."""


class Placing(TaskReader):
    """Lists, home lists and sprints of tasks."""

    # the list of new tasks

    async def _target_place(self, project: str) -> Place:
        """A project that a task is to get into.

        Raises:
            ValidationError: there is none.
        """
        try:
            return await self._place(project)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": error.message}) from None

    async def _default_list(self, place: Place) -> str:
        """List that new tasks of a project get into: the configured one, or that of the configured name.

        One is made when there is none of the name.
        """
        configured = self._options.default_list_ids.get(place.id)
        if configured is not None or self._level == "list":
            return configured or place.id
        known = await self._named_list(place)
        if known is not None:
            return known
        async with self._locks.hold(("default list", place.id)):
            known = await self._named_list(place)  # made while this one waited
            if known is None:
                self._catalog.forget_space(place.space_id)
                known = await self._named_list(place)
            if known is not None:
                return known
            return await self._made_list(place)

    async def _made_list(self, place: Place) -> str:
        """A new list of the configured name.

        Raises:
            ValidationError: the vendor refuses it, as where an archived list has the name.
        """
        name = self._options.default_list
        try:
            with uncounted():  # the next attempt finds it
                made = await self._api.post(f"{self._level}/{place.id}/list", {"name": name})
        except ValidationError as error:
            why = (
                f"has no list {name!r:.60} for new tasks, and none can be made ({error.message}): an "
                "archived one may have the name; restore it, or set default_list or default_list_ids"
            )
            raise ValidationError(fields={"project_id": why}) from error
        self._catalog.forget_space(place.space_id)
        return identifier(made, "list")

    async def _named_list(self, place: Place) -> str | None:
        name = self._options.default_list.casefold()
        structure = await self._catalog.structure(place.space_id)
        lists = [one for one, folder in structure.all_lists() if self._holds_tasks(folder, place)]
        return next(
            (identifier(one, "list") for one in lists if str(one.get("name")).casefold() == name), None
        )

    def _holds_tasks(self, folder: Mapping[str, Any], place: Place) -> bool:
        """Whether the default list may be in a folder: in none where projects are spaces."""
        if self._level == "space":
            return folder.get("hidden") is True
        return str(folder.get("id")) == place.id

    # home lists

    async def _move_home(self, task: Mapping[str, Any], list_id: str) -> None:
        """Move a task to another home list; only v3 can. Its custom fields go with it.

        The new list needs a status for it where it lacks the task's own ([doc] move-a-task-to-a-new-list).
        """
        body: dict[str, Any] = {"move_custom_fields": True}
        mapping = await self._status_mapping(task, list_id)
        if mapping is not None:
            body["status_mappings"] = [mapping]
        await self._api.put(
            f"{self._api.workspace}/tasks/{identifier(task, 'task')}/home_list/{list_id}", body
        )

    async def _status_mapping(self, task: Mapping[str, Any], list_id: str) -> dict[str, str] | None:
        """Ids of the task's status and of its stand-in in a list; `None` where the list has it."""
        current = task.get("status")
        found = (await self._catalog.task_list(list_id, fresh=True)).get("statuses")
        if not isinstance(current, Mapping) or not isinstance(found, list):
            return None
        offered = [(to_status(one), optional_text(one, "id")) for one in found if isinstance(one, Mapping)]
        status, source = to_status(current), optional_text(current, "id")
        if any(one.id == status.id for one, _ in offered) or source is None:
            return None
        target = _stand_in(status, offered)
        if target is None:
            raise broken(f"list {list_id} has no statuses")
        return {"source_status": source, "destination_status": target}

    # sprints

    async def _check_sprint(self, sprint_id: str, place: Place) -> None:
        """A sprint that a task is to get into.

        Raises:
            ValidationError: no such sprint, or one of another project.
        """
        try:
            found = await self._catalog.task_list(sprint_id)
        except (NotFoundError, PermissionDeniedError):
            raise ValidationError(fields={"sprint_id": f"there is no sprint {sprint_id!r:.80}"}) from None
        if found.get("deleted") is True:
            raise ValidationError(fields={"sprint_id": f"sprint {sprint_id} was deleted"})
        folder = found.get("folder")
        if not isinstance(folder, Mapping) or not self._catalog.rule.is_list(found, folder):
            raise ValidationError(fields={"sprint_id": f"list {sprint_id} is no sprint"})
        if ref_id(found, self._level) != place.id:
            raise ValidationError(fields={"sprint_id": f"sprint {sprint_id} is of another project"})

    async def _put_in_sprint(self, task: Mapping[str, Any], sprint_id: str | None) -> None:
        """Put a task into a sprint, or into none.

        A task at home in a sprint moves: to the other sprint, or to the default list. Others get the sprint
        as one more list, or as their home where that is configured or not allowed.
        """
        key, home = identifier(task, "task"), ref_id(task, "list")
        sprints = await self._catalog.sprint_ids(ref_id(task, "space") or "")
        for one in places_of(task):
            if one in sprints and one != sprint_id:
                await self._api.delete(f"list/{one}/task/{key}")
        if sprint_id is None:
            if home is not None and await self._is_sprint(task):
                await self._move_home(task, await self._default_list(await self._place_of(task)))
        elif sprint_id not in {home, *places_of(task)}:
            await self._join(task, sprint_id)

    async def _join(self, task: Mapping[str, Any], sprint_id: str) -> None:
        if self._options.sprint_membership == "home" or await self._is_sprint(task):
            await self._move_home(task, sprint_id)
            return
        try:
            await self._api.post(f"list/{sprint_id}/task/{identifier(task, 'task')}")
        except _REFUSED:
            if self._options.sprint_membership == "extra":
                raise
            await self._move_home(task, sprint_id)

    async def _is_sprint(self, task: Mapping[str, Any]) -> bool:
        """Whether the home list of a task is a sprint."""
        home, folder = task.get("list"), task.get("folder") or task.get("project")
        return (
            isinstance(home, Mapping)
            and isinstance(folder, Mapping)
            and self._catalog.rule.is_list(home, folder)
        )

    async def _place_of(self, task: Mapping[str, Any]) -> Place:
        return await self._target_place(project_of(task, self._level) or "")


def _stand_in(status: PMStatus, offered: list[tuple[PMStatus, str | None]]) -> str | None:
    """Id of the status closest to another one: of the same meaning, else open or closed like it."""
    known = [(one, key) for one, key in offered if key is not None]
    same = (key for one, key in known if one.status == status.status)
    alike = (key for one, key in known if one.is_closed == status.is_closed)
    first = (key for _, key in known)
    return next(same, None) or next(alike, None) or next(first, None)
