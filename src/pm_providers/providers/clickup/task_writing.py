"""Writing tasks. Answers of writes lack the Markdown of the description, so most are read back.

Tags, custom fields, sprints and moves have calls of their own: an update of `n` of those costs `n` requests
more than the read before, the write and the read after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from pm_providers.contract import Fields
from pm_providers.errors import NotFoundError, PMError, ValidationError
from pm_providers.model import PMTask, WriteWarning
from pm_providers.providers.clickup.client import is_custom_id, is_task_id
from pm_providers.providers.clickup.connection import Place
from pm_providers.providers.clickup.mapping.custom_fields import CustomField
from pm_providers.providers.clickup.mapping.tasks import from_task, ids_of, project_of, tag_names
from pm_providers.providers.clickup.mapping.values import ref_id
from pm_providers.providers.clickup.placing import Placing
from pm_providers.toolkit.custom_fields import checked_custom, fits
from pm_providers.toolkit.documents import identifier, optional_text
from pm_providers.toolkit.writes import own_words, refuse_clearing, with_losses

__all__ = ["TaskWriter"]

_FIXED = ("status", "type", "project_id")
_RELATIVE = frozenset(
    {"status", "assignee_id", "assignee_ids", "label_ids", "custom_fields", "sprint_id", "project_id"}
)
"""Fields whose change depends on the task as it is, so that it is read first."""

_NEEDED = ("status", "list", "space", "assignees", "tags", "custom_fields", "date_created")
_LOST_IN_MOVES = ("label_ids", "status", "sprint_id", "parent_task_id", "custom_fields", "assignee_ids")
_NO_TYPE = {"custom_item_id": 0}
_TOLD = frozenset(
    {"name", "status", "priority", "due_date", "start_date", "time_estimate", "points", "archived"}
)
"""What the answer of a change tells as a reading call does."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a new task gets to.

    Attributes:
        place: its project.
        list_id: its home list.
    """

    place: Place
    list_id: str


class TaskWriter(Placing):
    """Tasks, written."""

    # creation

    async def _create_task(self, fields: Fields) -> PMTask:
        target = await self._target(fields)
        wire = await self._wire(fields, target.list_id, target.place.space_id)
        custom = await self._custom(fields, target.list_id)
        body = from_task(wire, await self._zone()) | await self._lists_of_body(fields, custom)
        made = await self._posted(target, body, fields)
        return await self._finished(made, target, fields)

    async def _finished(self, made: Mapping[str, Any], target: _Target, fields: Fields) -> PMTask:
        """The new task, in its sprint."""
        sprint = fields.get("sprint_id")
        if sprint is None or sprint == target.list_id:
            return await self._told(made, fields)
        try:
            await self._put_in_sprint(made, sprint)
        except PMError as error:
            # The task is there: an error would make callers create it again.
            task = await self._told(made, fields)
            why = f"the task was created, its sprint not set: {error.message}"
            return replace(task, warnings=(WriteWarning("sprint_id", sprint, task.sprint_id, why),))
        return await self._task(await self._api.task(identifier(made, "task")))

    async def _target(self, fields: Fields) -> _Target:
        """Where a new task gets to: the list of its parent, its sprint, or the default list.

        Raises:
            ValidationError: project, parent or sprint do not exist, or do not fit each other.
        """
        place = await self._target_place(fields["project_id"])
        sprint, parent = fields.get("sprint_id"), fields.get("parent_task_id")
        if sprint is not None:
            await self._check_sprint(sprint, place)
        if parent is not None:
            return _Target(place, await self._list_of_parent(parent, place))
        if sprint is not None and self._options.sprint_membership == "home":
            return _Target(place, sprint)
        return _Target(place, await self._default_list(place))

    async def _list_of_parent(self, parent: str, place: Place) -> str:
        """Home list of a parent: subtasks are in the same one (else 400 `ITEM_137`)."""
        found = await self._api.find_task(parent)
        if found is None:
            raise ValidationError(fields={"parent_task_id": f"there is no task {parent!r:.80}"})
        if project_of(found, self._level) != place.id:
            raise ValidationError(fields={"parent_task_id": f"task {parent!r:.80} is in another project"})
        return ref_id(found, "list") or await self._default_list(place)

    async def _posted(self, target: _Target, body: dict[str, Any], fields: Fields) -> dict[str, Any]:
        """A new task; never sent twice unless it was refused for what is tried otherwise then."""
        try:
            return await self._api.post(f"list/{target.list_id}/task", body)
        except ValidationError as error:
            # The list's own default type is more than the plan allows ([obs] ITEM_246).
            if "type" not in error.fields or fields.get("type"):
                raise
            return await self._api.post(f"list/{target.list_id}/task", {**body, **_NO_TYPE})
        except NotFoundError as error:
            # The list was deleted meanwhile, by somebody else.
            self._catalog.forget_space(target.place.space_id)
            if fields.get("parent_task_id") or target.list_id == fields.get("sprint_id"):
                raise
            place = await self._target_place(target.place.id)
            again = await self._default_list(place)
            if again == target.list_id:
                raise ValidationError(fields={"project_id": f"takes no tasks: {error.message}"}) from error
            return await self._api.post(f"list/{again}/task", body)

    async def _lists_of_body(self, fields: Fields, custom: Sequence[CustomField]) -> dict[str, Any]:
        """What a new task takes as plain lists, and a changed one does not."""
        body: dict[str, Any] = {}
        people = fields.get("assignee_ids") or [one for one in (fields.get("assignee_id"),) if one]
        if people:
            body["assignees"] = [int(one) for one in people]
        if fields.get("label_ids"):
            body["tags"] = list(fields["label_ids"])
        values, zone = fields.get("custom_fields") or {}, await self._zone()
        given = [one.initial(values[one.name], zone) for one in custom if values[one.name] is not None]
        if given:
            body["custom_fields"] = given
        return body

    async def _told(self, document: Mapping[str, Any], fields: Fields) -> PMTask:
        """The task that a creation answered; read back where the answer does not tell all.

        An answer has the description as plain text: that is all of it where nothing is formatted.
        """
        plain, asked = optional_text(document, "description") or "", fields.get("description") or ""
        whole = all(one in document for one in _NEEDED)
        if whole and (not asked or "markdown_description" in document or plain.strip() == asked.strip()):
            return await self._task(document)
        return await self._task(await self._read_again(document))

    async def _read_again(self, made: Mapping[str, Any]) -> dict[str, Any]:
        """A task that a creation answered, with its description as Markdown."""
        return await self._api.task(identifier(made, "task"))

    # updates

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        refuse_clearing(fields, _FIXED)
        if "parent_task_id" in fields and fields["parent_task_id"] is None:
            raise ValidationError(
                fields={"parent_task_id": "cannot be cleared: the API does not make a subtask a task"}
            )
        if not is_task_id(task_id):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        async with self._locks.hold(task_id):
            base = None
            if is_custom_id(task_id) or not _RELATIVE.isdisjoint(fields):
                base = await self._task_document(task_id)
                task_id = identifier(base, "task")
            return await self._changed(task_id, base, fields)

    async def _changed(self, task_id: str, base: Mapping[str, Any] | None, fields: Fields) -> PMTask:
        before = None if base is None else await self._task(base)
        plan = await self._planned(base, before, fields)
        if base is not None and plan.move_to is not None:
            await self._move_home(base, plan.move_to)
        own: dict[str, Any] = {}
        if plan.body:
            answer = await self._api.put(f"task/{task_id}", plan.body)
            own = own_words(answer, plan.body.keys() & _TOLD)
        for method, path, body in plan.calls:
            await self._api.call(method, path, **({} if body is None else {"json": body}))
        if base is not None and plan.sprint:
            now = base if plan.move_to is None else await self._api.task(task_id)
            await self._put_in_sprint(now, fields["sprint_id"])
        task = await self._task({**await self._api.task(task_id), **own})
        return task if before is None else with_losses(task, before, fields, _LOST_IN_MOVES)

    async def _planned(self, base: Mapping[str, Any] | None, before: PMTask | None, fields: Fields) -> _Plan:
        """What an update is going to send, checked before anything is sent."""
        if base is None or before is None:
            wire = await self._wire(fields, "", "")
            return _Plan(body=from_task(wire, await self._zone()))
        place, move_to = await self._destination(base, before, fields)
        list_id = move_to or ref_id(base, "list") or ""
        if fields.get("sprint_id"):
            await self._check_sprint(fields["sprint_id"], place)
        wire = await self._wire(fields, list_id, place.space_id)
        if self._keeps_status(before, fields) and move_to is None:
            wire.pop("status", None)
        body = from_task(wire, await self._zone())
        people = _people(ids_of(base.get("assignees")), fields)
        if people:
            body["assignees"] = people[0]
        calls: list[_Call] = [("PUT", f"task/{before.id}", {"assignees": one}) for one in people[1:]]
        calls += [*_tag_calls(before, fields), *await self._custom_calls(base, before, fields, list_id)]
        sprint = "sprint_id" in fields and (fields["sprint_id"] != before.sprint_id or move_to is not None)
        return _Plan(body=body, calls=tuple(calls), move_to=move_to, sprint=sprint)

    def _keeps_status(self, before: PMTask, fields: Fields) -> bool:
        """Whether the status asked for is held: several names may mean the same to us."""
        return bool(fields.get("status")) and self._holds("status", fields["status"], before)

    async def _destination(
        self, base: Mapping[str, Any], before: PMTask, fields: Fields
    ) -> tuple[Place, str | None]:
        """Project that the task is in after the update, and the list that it has to move to for it."""
        project = fields.get("project_id") or before.project_id or ""
        place = await self._target_place(project)
        if project == before.project_id:
            return place, None
        if before.parent_task_id is not None and not fields.get("parent_task_id"):
            why = "a subtask stays in the project of its parent, and the API does not make it a task"
            raise ValidationError(fields={"project_id": why})
        return place, await self._default_list(place)

    async def _delete_task(self, task_id: str) -> bool:
        """Its subtasks go with it, into the trash of the app, for 30 days ([obs])."""
        if not is_task_id(task_id):
            return False
        async with self._locks.hold(task_id):
            path = f"task/{task_id}"
            return await self._api.delete(path, self._api.task_params(task_id), look=path)

    # fields to wire

    async def _wire(self, fields: Fields, list_id: str, space_id: str) -> dict[str, Any]:
        """Fields with the vendor's names and ids.

        Raises:
            ValidationError: a value that the list, the space or the Workspace does not have.
        """
        wire = dict(fields)
        if fields.get("status"):
            wire["status"] = (await self._catalog.status_candidates(list_id, fields["status"]))[0].name
        if fields.get("priority"):
            wire["priority"] = self._catalog.priority(fields["priority"]).id
        if fields.get("type"):
            wire["type"] = (await self._catalog.type_named(fields["type"])).id
        if fields.get("label_ids"):
            fields["label_ids"] = await self._tags(fields["label_ids"], space_id)
        return wire

    async def _tags(self, names: Sequence[str], space_id: str) -> list[str]:
        """Tags as the space writes them.

        Raises:
            ValidationError: the space has none of a name; lists those that it has.
        """
        for fresh in (False, True):
            tags = await self._catalog.tags(space_id, fresh=fresh)
            known = {one.casefold(): one for one in tag_names(tags)}
            if all(one.casefold() in known for one in names):
                return list(dict.fromkeys(known[one.casefold()] for one in names))
        missing = next(one for one in names if one.casefold() not in known)
        has = ", ".join(known.values()) or "none"
        raise ValidationError(
            fields={"label_ids": f"{missing!r:.60} is no tag of the space; it has: {has:.500}"}
        )

    async def _custom(self, fields: Fields, list_id: str) -> tuple[CustomField, ...]:
        """Checked custom fields of a list; their values are put into the form in which they are read back."""
        asked = fields.get("custom_fields")
        if not asked:
            return ()
        known = await self._catalog.fields(list_id)
        if not fits(known, asked):
            known = await self._catalog.fields(list_id, fresh=True)
        return checked_custom(fields, known)

    async def _custom_calls(
        self, base: Mapping[str, Any], before: PMTask, fields: Fields, list_id: str
    ) -> list[_Call]:
        """One call for each custom field that changes: each counts on the Free plan."""
        calls: list[_Call] = []
        zone = await self._zone()
        for field in await self._custom(fields, list_id):
            value = fields["custom_fields"][field.name]
            old = before.custom_fields.get(field.name)
            path = f"task/{identifier(base, 'task')}/field/{field.id}"
            if value is None and old is not None:
                calls.append(("DELETE", path, None))
            elif value is not None and value != old:
                calls.append(("POST", path, field.wire(value, old, zone)))
        return calls


_Call = tuple[str, str, Any]
"""Method, path and body."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an update sends.

    Attributes:
        body: of the change itself; empty where only other calls are needed.
        calls: of tags and custom fields.
        move_to: list that becomes the home list.
        sprint: the sprint changes.
    """

    body: Mapping[str, Any]
    calls: tuple[_Call, ...] = ()
    move_to: str | None = None
    sprint: bool = False


def _people(have: Sequence[str], fields: Mapping[str, Any]) -> list[dict[str, list[int]]]:
    """Assignees as the differences that the vendor takes; a plain list would be ignored ([obs]).

    Writing the one assignee swaps the first, and leaves the others. New ones come last ([inf]), so another
    order of those that stay takes two steps: away with them, and again.
    """
    if "assignee_ids" in fields:
        wanted = list(fields["assignee_ids"])
    elif "assignee_id" in fields:
        first = [fields["assignee_id"]] if fields["assignee_id"] else []
        wanted = list(dict.fromkeys([*first, *have[1:]]))
    else:
        return []
    stay = [one for one in have if one in wanted]
    kept = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(stay, wanted, strict=False))))
    again = stay[kept:]
    rem = [int(one) for one in have if one not in wanted or one in again]
    add = [int(one) for one in wanted[kept:]]
    if again:
        return [{"add": [], "rem": rem}, {"add": add, "rem": []}]
    return [{"add": add, "rem": rem}] if add or rem else []


def _tag_calls(before: PMTask, fields: Mapping[str, Any]) -> list[_Call]:
    """One call for each tag that comes or goes: those in the body of a change are ignored ([doc])."""
    if "label_ids" not in fields:
        return []
    wanted, have = list(fields["label_ids"]), before.label_ids
    path = f"task/{before.id}/tag"
    added = [("POST", f"{path}/{quote(one, safe='')}", None) for one in wanted if one not in have]
    gone = [("DELETE", f"{path}/{quote(one, safe='')}", None) for one in have if one not in wanted]
    return [*gone, *added]
