"""Writing tasks. Every successful write answers 204 whatever became of it, so each is read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.contract import Fields
from pm_providers.errors import NotFoundError, PMError, ValidationError
from pm_providers.model import PMStatus, PMTask, PMTaskType
from pm_providers.providers.redmine.catalog import Place
from pm_providers.providers.redmine.mapping.custom_fields import CustomField, carried, to_custom_field
from pm_providers.providers.redmine.mapping.tasks import from_task
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.providers.redmine.task_reading import TaskReader
from pm_providers.toolkit.custom_fields import checked_custom, fits
from pm_providers.toolkit.documents import identifier, is_number, objects, optional_text, part
from pm_providers.toolkit.writes import refuse_clearing, with_losses, with_reasons

__all__ = ["TaskWriter"]

_FIXED = ("status", "priority", "type")
_LOST_IN_MOVES = (
    "sprint_id",
    "label_ids",
    "parent_task_id",
    "type",
    "status",
    "assignee_id",
    "custom_fields",
)
_FROM_CHILDREN = frozenset({"start_date", "due_date", "progress", "priority"})
_READ_BACK = "children,allowed_statuses"


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a task is, or will be, when it is written.

    Attributes:
        place: what the project offers.
        type: its tracker; `None` in a project without trackers.
        document: the issue as it was, `None` on creation.
        before: the same as a record.
        moved: it gets another project or tracker, whose custom fields differ.
    """

    place: Place
    type: PMTaskType | None
    document: Mapping[str, Any] | None = None
    before: PMTask | None = None
    moved: bool = True


class TaskWriter(TaskReader):
    """Tasks, written."""

    async def _create_task(self, fields: Fields) -> PMTask:
        async with self._locks.hold(fields.get("parent_task_id")):
            place = await self._target_place(fields["project_id"])
            target = _Target(place, await self._type(fields, place))
            if target.type is None:  # a server error
                raise ValidationError(fields={"project_id": "has no trackers, so it takes no tasks"})
            wire, custom = await self._wire(fields, target)
            wire["type"] = target.type.id
            # A start that is left out would become today (recorded, note 22).
            wire = {"start_date": None, **wire}
            body = from_task(wire, text=(await self._texts()).write, custom=custom)
            # Below the project's address, the answer holds the hours spent, as later ones do.
            document = await self._posted(f"projects/{place.id}/issues", body, fields)
            return await self._with_first_status(document, fields)

    async def _posted(self, path: str, body: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
        """A new issue; one that goes below a closed one, as only closed ones may, has no parent yet.

        Raises:
            ValidationError: an open task below a closed one. The server names no field, in any language.
        """
        try:
            return part(await self._api.post(path, {"issue": dict(body)}), "issue")
        except ValidationError as error:
            if error.fields or not await self._is_closed(fields.get("parent_task_id")):
                raise
            status = fields.get("status")
            meant = await self._catalog.status_candidates(status) if status else ()
            if not any(one.is_closed for one in meant):
                reason = f"task {fields['parent_task_id']} is closed: an open one cannot stand below it"
                raise ValidationError(fields={"parent_task_id": reason}, status=error.status) from error
        alone = {name: value for name, value in body.items() if name != "parent_issue_id"}
        return part(await self._api.post(path, {"issue": alone}), "issue")

    async def _is_closed(self, task_id: str | None) -> bool:
        found = await self._find_task(task_id) if task_id else None
        status = ref_id(found, "status") if found else None
        return any(one.is_closed for one in await self._catalog.statuses() if one.id == status)

    async def _with_first_status(self, document: dict[str, Any], fields: Fields) -> PMTask:
        """A new issue gets its tracker's first status if the workflow does not lead anywhere else at once."""
        task = await self._task(document)
        if not fields.get("status") or self._holds("status", fields["status"], task):
            return await self._explained(document, task, fields)
        try:
            document = await self._led_to(task.id, fields["status"], fields.get("parent_task_id"))
        except PMError as error:
            # The task is there: an error would make callers create it again.
            why = f"the task was created, its status not set: {error.message}"
            steps = {"status", "parent_task_id"}
            asked = {name: value for name, value in fields.items() if name in steps}
            undone: dict[str, str] = {
                name: why for name, value in asked.items() if not self._holds(name, value, task)
            }
            others = {name: value for name, value in fields.items() if name not in undone}
            task = await self._explained(document, task, others)
            return with_reasons(task, fields, undone)
        return await self._explained(document, await self._task(document), fields)

    async def _led_to(self, task_id: str, status: str, parent: str | None) -> dict[str, Any]:
        """An issue after the step to a status, if the workflow leads there, and below its parent then."""
        document = await self._task_document(task_id, _READ_BACK)
        found = _reachable(document, await self._catalog.status_candidates(status))
        if found is not None:
            step: dict[str, Any] = {"status_id": found.id}
            if parent is not None and ref_id(document, "parent") != parent:
                step["parent_issue_id"] = int(parent)
            await self._api.put(f"issues/{task_id}", {"issue": step})
            document = await self._task_document(task_id, _READ_BACK)
        return document

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        base = await self._task_document(task_id, _READ_BACK)
        async with self._locks.hold(ref_id(base, "parent") or task_id):
            before = await self._task(base)
            target = await self._target(base, before, fields)
            wire, custom = await self._wire(fields, target)
            body = from_task(wire, text=(await self._texts()).write, custom=custom)
            document = base
            if body:
                await self._api.put(f"issues/{task_id}", {"issue": body})
                document = await self._task_document(task_id, _READ_BACK)
            task = await self._explained(document, await self._task(document), fields)
            return with_losses(task, before, fields, _LOST_IN_MOVES)

    async def _delete_task(self, task_id: str) -> bool:
        """Its subtasks, and the time logged on all of them, go with it (recorded, note 26)."""
        if not is_number(task_id):
            return False
        async with self._locks.hold(task_id):
            return await self._api.delete(f"issues/{task_id}")

    # where it goes

    async def _target_place(self, project: str) -> Place:
        try:
            return await self._catalog.place(project)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from error

    async def _type(self, fields: Mapping[str, Any], place: Place) -> PMTaskType | None:
        if fields.get("type"):
            return await self._catalog.type_named(fields["type"], place.id)
        return next(iter(place.types), None)

    async def _target(self, base: Mapping[str, Any], before: PMTask, fields: Fields) -> _Target:
        project = fields.get("project_id") or before.project_id or ""
        place = await self._target_place(project)
        current = next((one for one in place.types if one.id == ref_id(base, "tracker")), None)
        kind = await self._catalog.type_named(fields["type"], project) if fields.get("type") else current
        moved = project != before.project_id or kind is not current
        return _Target(place, kind, base, before, moved)

    # fields to wire

    async def _wire(self, fields: Fields, target: _Target) -> tuple[dict[str, Any], tuple[CustomField, ...]]:
        """Fields with the vendor's ids, and the custom fields among them.

        Raises:
            ValidationError: a value that the system does not have, or does not allow; nothing was sent.
        """
        refuse_clearing(fields, _FIXED)
        wire = dict(fields)
        before = target.before
        if fields.get("type"):
            wire["type"] = target.type.id if target.type else None
        if fields.get("priority"):
            wire["priority"] = (await self._catalog.priority(fields["priority"])).id
            if before is not None and fields["priority"] == before.priority:
                wire.pop("priority")
        if fields.get("status"):
            wire["status"] = await self._status(fields["status"], target)
            if before is not None and fields["status"] == before.status and not target.moved:
                wire.pop("status")
        await self._check_category(fields, target.place)
        custom = await self._task_custom(fields, target)
        if custom:
            wire["custom_fields"] = fields["custom_fields"]
        return wire, custom

    async def _status(self, value: str, target: _Target) -> str:
        """Id of the status to write: of several with the meaning asked for, one that is allowed next.

        Raises:
            ValidationError: the workflow leads to none of them from here; lists where it leads. The server
                would drop it without a word (recorded, note 2).
        """
        candidates = await self._catalog.status_candidates(value)
        if target.document is None or target.moved:
            return candidates[0].id
        if target.before is not None and self._holds("status", value, target.before):
            return ref_id(target.document, "status") or candidates[0].id
        found = _reachable(target.document, candidates)
        if found is None:
            names = ", ".join(_allowed(target.document).values()) or "none"
            why = f"the workflow does not lead to {value!r:.60} from here; it leads to: {names}"
            raise ValidationError(fields={"status": why})
        return found.id

    async def _check_category(self, fields: Mapping[str, Any], place: Place) -> None:
        value = next(iter(fields.get("label_ids") or ()), None)
        if value is None or value in place.categories:
            return
        found = (await self._catalog.place(place.id, fresh=True)).categories
        if value not in found:
            has = ", ".join(f"{name} ({key})" for key, name in found.items()) or "none"
            raise ValidationError(fields={"label_ids": f"{value!r:.60} is none of the project's: {has:.500}"})

    async def _task_custom(self, fields: Fields, target: _Target) -> tuple[CustomField, ...]:
        asked = fields.get("custom_fields")
        if not asked:
            return ()
        known = await self._known_custom(target)
        if not fits(known, asked):
            known = await self._known_custom(target, fresh=True)
        return checked_custom(fields, known)

    async def _known_custom(self, target: _Target, *, fresh: bool = False) -> tuple[CustomField, ...]:
        """Custom fields of a task: those that it carries, else those of its project and tracker."""
        if target.document is None or target.moved:
            kind = target.type.id if target.type else ""
            return await self._catalog.task_fields(target.place.id, kind, fresh=fresh)
        known = {one.id: one for one in await self._catalog.fields("issue", fresh=fresh)}
        found = [to_custom_field(one) for one in carried(target.document)]
        return tuple(known.get(one.id, one) for one in found)

    # comparison of what was asked with what was stored

    async def _explained(self, document: Mapping[str, Any], task: PMTask, fields: Fields) -> PMTask:
        """The task with reasons for what is not as asked: the server says nothing of it."""
        missed = [name for name in fields if not self._holds(name, fields[name], task)]
        reasons = {name: await self._reason(name, document) for name in missed}
        return with_reasons(task, fields, reasons)

    async def _reason(self, name: str, document: Mapping[str, Any]) -> str:
        if name in _FROM_CHILDREN and document.get("children"):
            return "the system computes it from the subtasks"
        if name == "status":
            allowed = ", ".join(_allowed(document).values()) or "none"
            return f"the workflow does not lead there at once; it leads to: {allowed}"
        if name == "progress":
            return "it is never empty, or follows the status"
        if name == "custom_fields":
            return "the tracker, the workflow or the role of the account does not allow it"
        return f"the tracker {_name(document, 'tracker')}, the workflow or the role of the account forbids it"


def _name(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    return (optional_text(found, "name") or "") if isinstance(found, Mapping) else ""


def _allowed(document: Mapping[str, Any]) -> dict[str, str]:
    """Statuses that an issue may take next, by id, its own one among them (5.0+; note 24)."""
    if not isinstance(document.get("allowed_statuses"), list):
        return {}
    found = objects(document, "allowed_statuses")
    return {identifier(one, "status"): optional_text(one, "name") or "" for one in found}


def _reachable(document: Mapping[str, Any], candidates: Sequence[PMStatus]) -> PMStatus | None:
    allowed = _allowed(document)
    return next((one for one in candidates if one.id in allowed), None)
