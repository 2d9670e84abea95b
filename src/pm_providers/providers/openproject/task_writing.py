"""Writing tasks: creation, updates under the lock version, deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pm_providers.contract import Fields
from pm_providers.errors import ConflictError, NotFoundError, ProviderError, ValidationError
from pm_providers.model import PMStatus, PMTask, PMTaskType, TaskStatus
from pm_providers.providers.openproject.errors import server_failed
from pm_providers.providers.openproject.mapping.choices import to_status
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, custom_fields_of
from pm_providers.providers.openproject.mapping.hal import identifier, link_id
from pm_providers.providers.openproject.mapping.sprints import is_native
from pm_providers.providers.openproject.mapping.tasks import (
    from_task,
    has_native_sprint,
    project_of,
    type_of,
    version_of,
)
from pm_providers.providers.openproject.side_effects import with_days_off, with_side_effects
from pm_providers.providers.openproject.task_reading import TaskReader
from pm_providers.toolkit.custom_fields import checked_custom, fits
from pm_providers.toolkit.writes import refuse_clearing

__all__ = ["TaskWriter"]

_ATTEMPTS = 4
_DATES = ("start_date", "due_date")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a task is, or will be, when it is written.

    Attributes:
        project: project id.
        type: task type; `None` when the project does not tell.
        task: the work package, `None` on creation.
    """

    project: str
    type: PMTaskType | None
    task: dict[str, Any] | None = None

    @property
    def has_new_type(self) -> bool:
        """Whether the write gives the task its type; the server resets a status that the type lacks."""
        return self.type is not None and (self.task is None or type_of(self.task) != self.type.id)


class TaskWriter(TaskReader):
    """Tasks, written."""

    async def _create_task(self, fields: Fields) -> PMTask:
        async with self._locks.hold(fields.get("parent_task_id")):
            place = _Place(fields["project_id"], await self._new_type(fields))
            wire, custom = await self._wire(fields, place)
            # A date that is left out may be defaulted by the server, to today or to the parent's.
            wire = {**dict.fromkeys(_DATES), **wire}
            body = await self._body(wire, place, custom)
            try:
                document = await self._post_task(body, fields, place)
            except ProviderError as error:
                await self._explain(error, fields)
                raise
            return with_days_off(await self._task(document), fields)

    async def _new_type(self, fields: Mapping[str, Any]) -> PMTaskType | None:
        try:
            if fields.get("type"):
                return await self._catalog.type_named(fields["type"], fields["project_id"])
            return next(iter(await self._catalog.types(fields["project_id"])), None)
        except NotFoundError:
            why = f"there is no project {fields['project_id']!r:.80}"
            raise ValidationError(fields={"project_id": why}) from None

    async def _post_task(
        self, body: dict[str, Any], fields: Mapping[str, Any], place: _Place
    ) -> dict[str, Any]:
        try:
            return await self._api.post("work_packages", body, self._quiet())
        except ValidationError as error:
            if "status" not in error.fields or not fields.get("status"):
                raise
            form = await self._api.post(f"projects/{place.project}/work_packages/form", body, reads=True)
            status = await self._allowed_status(fields["status"], form, body, error)
            body["_links"]["status"] = {"href": f"/api/v3/statuses/{status.id}"}
            return await self._api.post("work_packages", body, self._quiet())

    async def _explain(self, error: ProviderError, fields: Mapping[str, Any]) -> None:
        """An unknown parent is a server error (recorded 10-…: step 86); say so instead.

        Raises:
            ValidationError: that is why the server failed.
        """
        parent = fields.get("parent_task_id")
        if parent and server_failed(error) and await self._api.find(f"work_packages/{parent}") is None:
            why = f"there is no task {parent!r:.80}"
            raise ValidationError(fields={"parent_task_id": why}) from error

    # updates

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        base = await self._task_document(task_id)
        async with self._locks.hold(link_id(base, "parent") or identifier(base, "work package")):
            before = await self._task(base)
            if expected_version is not None and expected_version != before.version:
                raise _stale(before)
            await self._check_parent(fields)
            place = await self._place_of(base, fields)
            wire, custom = await self._wire(fields, place, before)
            body = await self._body(wire, place, custom)
            document, before = await self._patch_task(base, before, body, fields, expected_version)
            return with_side_effects(with_days_off(await self._task(document), fields), before, fields)

    async def _check_parent(self, fields: Mapping[str, Any]) -> None:
        parent = fields.get("parent_task_id")
        if parent and await self._api.find(f"work_packages/{parent}") is None:
            raise ValidationError(fields={"parent_task_id": f"there is no task {parent!r:.80}"})

    async def _place_of(self, base: dict[str, Any], fields: Mapping[str, Any]) -> _Place:
        project = fields.get("project_id") or project_of(base) or ""
        if fields.get("type"):
            return _Place(project, await self._catalog.type_named(fields["type"], project), base)
        current = type_of(base)
        types = await self._catalog.types()
        if current and current not in {one.id for one in types}:
            types = await self._catalog.types(fresh=True)
        return _Place(project, next((one for one in types if one.id == current), None), base)

    async def _patch_task(
        self,
        base: dict[str, Any],
        before: PMTask,
        body: dict[str, Any],
        fields: Fields,
        expected_version: str | None,
    ) -> tuple[dict[str, Any], PMTask]:
        """Send the change under the current lock version; returns the answer, and what was written over.

        When somebody else was faster, their change is looked at: if it touches none of our fields, ours is
        sent again on top of theirs; otherwise nothing is written.
        """
        seen, lock, path = before, before.version, f"work_packages/{before.id}"
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                locked = {"lockVersion": int(lock or 0), **body}
                return await self._patch_once(path, locked, fields, safe=expected_version is None), seen
            except ConflictError as error:
                document = await self._task_document(before.id)
                now = await self._task(document)
                if expected_version is not None:
                    raise _stale(now) from error
                clash = self._clash(fields, before, now) or _version_clash(base, document, body)
                if clash or attempt == _ATTEMPTS:
                    raise _stale(now, clash) from error
                lock = now.version
                if not all(self._holds(name, value, now) for name, value in fields.items()):
                    seen = now  # else it may be our own write, whose answer got lost
        raise _stale(before)

    async def _patch_once(
        self, path: str, body: dict[str, Any], fields: Mapping[str, Any], *, safe: bool
    ) -> dict[str, Any]:
        # Repeating is safe under a lock version: what was carried out once is a conflict the second time,
        # in which our own values are found.
        try:
            return await self._api.patch(path, body, self._quiet(), safe=safe)
        except ValidationError as error:
            if "status" not in error.fields or not fields.get("status"):
                raise
            current = await self._api.post(f"{path}/form", {"lockVersion": body["lockVersion"]}, reads=True)
            status = await self._allowed_status(fields["status"], current, body, error)
            body["_links"]["status"] = {"href": f"/api/v3/statuses/{status.id}"}
            return await self._api.patch(path, body, self._quiet(), safe=safe)

    async def _allowed_status(
        self, asked: str, form: Mapping[str, Any], body: Mapping[str, Any], error: ValidationError
    ) -> PMStatus:
        """Best status of several with the meaning asked for that the workflow allows next.

        Raises:
            ValidationError: the workflow leads to none of them from here; lists where it leads.
        """
        allowed = allowed_statuses(form)
        sent = str(body.get("_links", {}).get("status", {}).get("href", "")).rpartition("/")[2]
        candidates = await self._catalog.status_candidates(asked)
        for one in candidates:
            if one.id != sent and one.id in {status.id for status in allowed}:
                return one
        names = ", ".join(status.name for status in allowed) or "none"
        why = f"the workflow does not lead to {asked!r:.60} from here; it leads to: {names}"
        raise ValidationError(fields={**error.fields, "status": why}, status=error.status) from error

    def _clash(self, fields: Mapping[str, Any], before: PMTask, now: PMTask) -> tuple[str, ...]:
        """Fields of ours that somebody else changed, to something else than we want."""
        return tuple(
            name for name in fields
            if _value(before, name, fields) != _value(now, name, fields)
            and not self._holds(name, fields[name], now)
        )  # fmt: skip

    async def _delete_task(self, task_id: str) -> bool:
        try:
            one = await self._task_id(task_id)
        except NotFoundError:
            return False
        async with self._locks.hold(one):
            return await self._api.delete(f"work_packages/{one}")

    # fields to wire

    async def _wire(
        self, fields: Fields, place: _Place, before: PMTask | None = None
    ) -> tuple[dict[str, Any], tuple[CustomField, ...]]:
        """Fields with the vendor's ids, and the custom fields among them.

        Raises:
            ValidationError: a value that the system does not have; nothing was sent.
        """
        wire = dict(fields)
        if "type" in fields:
            wire["type"] = place.type.id if place.type and fields["type"] else None
        if fields.get("priority"):
            wire["priority"] = await self._priority(fields["priority"], before)
        if fields.get("status"):
            wire["status"] = await self._status(fields["status"], place, before)
        # Empty ones are refused (recorded 11-…: steps 18 to 20); an empty type is a server error.
        refuse_clearing(fields, ("status", "priority", "type"))
        await self._check_sprint(fields, place, before)
        await self._check_category(fields, place)
        custom = await self._task_custom(fields, place)
        if custom:
            wire["custom_fields"] = fields["custom_fields"]
        return {name: value for name, value in wire.items() if value is not _UNCHANGED}, custom

    async def _status(self, value: str, place: _Place, before: PMTask | None) -> Any:
        """Id to write; a task that has the unified status already keeps its own one of the several."""
        kept = before is not None and value == before.status and value in set(TaskStatus)
        if kept and not place.has_new_type:
            return _UNCHANGED
        candidates = await self._catalog.status_candidates(value)
        if len(candidates) > 1 and place.has_new_type:
            offered = {one.id for one in _status_choices(await self._form_schema(place))}
            candidates = [one for one in candidates if one.id in offered] or candidates
            if kept:
                own = link_id(place.task or {}, "status")
                candidates = sorted(candidates, key=lambda one: one.id != own)
        return candidates[0].id

    async def _priority(self, value: str, before: PMTask | None) -> Any:
        if before is not None and value == before.priority:
            return _UNCHANGED
        return await self._catalog.priority_id(value)

    async def _check_sprint(self, fields: Mapping[str, Any], place: _Place, before: PMTask | None) -> None:
        """On creation the server drops a foreign version without a word (recorded 10-…: step 74)."""
        value = fields.get("sprint_id")
        if value is None or (before is not None and value == before.sprint_id):
            return
        project, native = place.project, is_native(value)
        for fresh in (False, True):
            if value in await self._sprint_names(project, native=native, fresh=fresh):
                return
        found = [await self._sprint_names(project, native=kind) for kind in (False, True)]
        has = ", ".join(f"{name} ({key})" for kind in found for key, name in kind.items()) or "none"
        raise ValidationError(fields={"sprint_id": f"{value!r:.60} is none of the project's: {has:.500}"})

    async def _sprint_names(self, project: str, *, native: bool, fresh: bool = False) -> dict[str, str]:
        """Sprints of one kind that tasks of a project can have: id -> name."""
        if native:
            there = await self._has_native_sprints()
            return await self._catalog.sprints(project, fresh=fresh) if there else {}
        return await self._catalog.versions(project, fresh=fresh) if self._with_versions else {}

    async def _check_category(self, fields: Mapping[str, Any], place: _Place) -> None:
        """On creation the server drops a foreign category without a word (recorded 10-…: step 77)."""
        value = next(iter(fields.get("label_ids") or ()), None)
        if value is None or value in await self._catalog.categories(place.project):
            return
        found = await self._catalog.categories(place.project, fresh=True)
        if value not in found:
            has = ", ".join(f"{name} ({key})" for key, name in found.items()) or "none"
            raise ValidationError(fields={"label_ids": f"{value!r:.60} is none of the project's: {has:.500}"})

    async def _task_custom(self, fields: Fields, place: _Place) -> tuple[CustomField, ...]:
        asked = fields.get("custom_fields")
        if not asked:
            return ()
        if place.type is None:
            raise ValidationError(fields={"custom_fields": "the project has no type of tasks that has some"})
        known = custom_fields_of(await self._form_schema(place))
        if not fits(known, asked):
            known = custom_fields_of(await self._form_schema(place, fresh=True))
        custom = checked_custom(fields, known)
        await self._know_fields(f"{place.project}-{place.type.id}", custom)
        return custom

    async def _know_fields(self, schema_id: str, custom: tuple[CustomField, ...]) -> None:
        """What is written will be read back by the schema, which may be older than a field or its name."""
        known = {(field.key, field.name) for field in await self._catalog.task_fields(schema_id)}
        if not {(field.key, field.name) for field in custom} <= known:
            await self._catalog.task_fields(schema_id, fresh=True)

    async def _form_schema(self, place: _Place, *, fresh: bool = False) -> Mapping[str, Any]:
        kind = place.type.id if place.type else ""
        return await self._catalog.form_schema(place.project, kind, fresh=fresh)

    async def _body(
        self, wire: Mapping[str, Any], place: _Place, custom: tuple[CustomField, ...]
    ) -> dict[str, Any]:
        several = False
        writes_version = self._with_versions and "sprint_id" in wire and not is_native(wire["sprint_id"])
        if writes_version and place.type is not None:
            schema = await self._catalog.schema(f"{place.project}-{place.type.id}")
            several = "targetVersions" in schema
        milestone = place.type is not None and place.type.is_milestone
        return from_task(
            wire,
            milestone=milestone,
            sprint_source=self._options.sprint_source,
            target_versions=several,
            leave_native=place.task is not None and has_native_sprint(place.task),
            custom=custom,
        )


class _Unchanged:
    """Marks a field that holds what was asked for already."""


_UNCHANGED = _Unchanged()


def allowed_statuses(form: Mapping[str, Any]) -> list[PMStatus]:
    """Statuses that the form of a work package offers (recorded 14-…: step 4).

    The current one, and those that the workflow allows these credentials next.
    """
    embedded = form.get("_embedded")
    schema = embedded.get("schema") if isinstance(embedded, Mapping) else None
    return _status_choices(schema if isinstance(schema, Mapping) else {})


def _status_choices(schema: Mapping[str, Any]) -> list[PMStatus]:
    entry = schema.get("status")
    inner = entry.get("_embedded") if isinstance(entry, Mapping) else None
    found = inner.get("allowedValues") if isinstance(inner, Mapping) else None
    return [to_status(one) for one in found] if isinstance(found, list) else []


def _stale(now: PMTask, clash: tuple[str, ...] = ()) -> ConflictError:
    what = f": {', '.join(clash)}" if clash else ""
    return ConflictError(
        f"task {now.id} was changed by somebody else{what}; its version is {now.version}",
        fields=clash,
        current_version=now.version,
    )


def _version_clash(
    base: Mapping[str, Any], now: Mapping[str, Any], body: Mapping[str, Any]
) -> tuple[str, ...]:
    """Whether somebody else changed a version that a native sprint hides, and we write another one."""
    links = body.get("_links", {})
    if "version" not in links and "targetVersions" not in links:
        return ()
    return () if version_of(now) in {version_of(base), version_of(body)} else ("sprint_id",)


def _value(task: PMTask, name: str, asked: Mapping[str, Any]) -> Any:
    if name == "custom_fields":
        return {key: task.custom_fields.get(key) for key in asked["custom_fields"] or {}}
    if name == "status":
        return (task.status, task.status_name)
    return getattr(task, name)
