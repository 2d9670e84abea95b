"""Comments, labels, relations, attachments and time entries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, PMError, ValidationError
from pm_providers.model import PMAttachment, PMComment, PMLabel, PMRelation, PMTimeEntry, RelationType
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.connection import Connection, is_number
from pm_providers.providers.openproject.errors import is_invalid_query, server_failed
from pm_providers.providers.openproject.mapping.parts import (
    comment_text,
    from_time_entry,
    lag_name,
    lag_name_of_version,
    relation_details,
    relation_type_to_write,
    relation_write,
    to_attachment,
    to_comment,
    to_label,
    to_relation,
    to_time_entry,
)
from pm_providers.transport import MIB, FilePart

__all__ = ["Attachments", "Comments", "Labels", "Relations", "TimeEntries"]

_MAX_DOWNLOAD = 1024 * MIB


class Comments(Connection):
    """Activities that hold a text."""

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        task = await self._existing_task(query.task_id)
        for one in await self._api.all(f"work_packages/{task}/activities"):
            if comment_text(one):
                yield self._comment(one)

    async def _create_comment(self, fields: Fields) -> PMComment:
        body: dict[str, Any] = {"comment": {"raw": fields["body"]}}
        if "is_internal" in fields:
            body["internal"] = fields["is_internal"]
        task = fields["task_id"]
        path = f"work_packages/{_number(task, 'task_id')}/activities"
        try:
            return self._comment(await self._api.post(path, body, self._quiet()))
        except NotFoundError as error:
            raise _no_task(task) from error

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        """Editing takes a plain text where creating takes an object (recorded 19-…: steps 19, 20)."""
        path = f"activities/{_known(comment_id, 'comment')}"
        return self._comment(await self._api.patch(path, {"comment": fields["body"]}))

    def _comment(self, document: Mapping[str, Any]) -> PMComment:
        return to_comment(document, base_url=self._options.base_url, keep_raw=self._options.keep_raw)

    async def _existing_task(self, task_id: str | None) -> str:
        """Id of the task that a list asks for. The list itself answers 404 when it does not exist."""
        return await self._task_id(task_id or "")


class Labels(Connection):
    """Categories."""

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        if query.project_id is not None:
            projects = [await self._project_id(query.project_id)]
        else:
            params = {
                "filters": filters.filters(filters.equal("active", ["t"])),
                "sortBy": filters.sorting(("id", "asc")),
            }
            projects = [str(one.get("id")) async for one in self._api.items("projects", params)]
        for project in projects:
            for one in await self._api.all(f"projects/{project}/categories"):
                yield to_label(one, keep_raw=self._options.keep_raw)


class Relations(Connection):
    """Relations. The vendor stores one direction of each: what comes back may have its ends swapped."""

    _lag_name: str | None = None

    async def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        task = await self._task_id(query.task_id or "")
        found = await self._relations_of(task)
        if not found and await self._api.find(f"work_packages/{task}") is None:
            raise NotFoundError(f"there is no task {task!r:.80}")
        for one in found:
            yield to_relation(one, keep_raw=self._options.keep_raw)

    async def _relations_of(self, task: str) -> list[dict[str, Any]]:
        params = {
            "filters": filters.filters(filters.equal("involved", [task])),
            "sortBy": filters.sorting(("id", "asc")),
        }
        return [one async for one in self._api.items("relations", params)]

    async def _create_relation(self, fields: Fields) -> PMRelation:
        _check_lag(fields, fields["type"])
        for name in ("from_task_id", "to_task_id"):
            _number(fields[name], name)
        if fields["from_task_id"] == fields["to_task_id"]:
            raise ValidationError(fields={"to_task_id": "a task cannot be related to itself"})
        source, body = relation_write(fields, await self._lag_names(fields))
        try:
            document = await self._api.post(f"work_packages/{source}/relations", body)
        except (ValidationError, NotFoundError) as error:
            await self._explain_relation(error, fields)
            raise
        self._learn_lag_name(document)
        return to_relation(document, keep_raw=self._options.keep_raw)

    async def _lag_names(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """Names to write a lag by: `lag` from 14.0, `delay` before.

        Only administrators are told the version; for others a relation that has a lag tells. Where there is
        none yet, both names are sent, the wrong one being ignored, and the answer tells for the next time.
        """
        if "lag_days" not in fields:
            return ()
        self._lag_name = self._lag_name or lag_name_of_version(self._version)
        if self._lag_name is None:
            params: dict[str, str | int] = {
                "filters": filters.filters(filters.equal("type", ["follows"])),
                "pageSize": 1,
                "offset": 1,
            }
            for one in (await self._api.all("relations", params))[:1]:
                self._learn_lag_name(one)
        return (self._lag_name,) if self._lag_name else ("lag", "delay")

    def _learn_lag_name(self, document: Mapping[str, Any]) -> None:
        self._lag_name = lag_name(document) or self._lag_name

    async def _explain_relation(self, error: PMError, fields: Mapping[str, Any]) -> None:
        """Why a relation was refused: wording depends on language and version, so the tasks are looked at.

        There is one relation for a pair of tasks, whatever its type (recorded 16-…: steps 9 to 11).

        Raises:
            ValidationError: one of the tasks does not exist.
            ConflictError: the two are related already.
        """
        ends = (fields["from_task_id"], fields["to_task_id"])
        for name, one in zip(("from_task_id", "to_task_id"), ends, strict=True):
            if await self._api.find(f"work_packages/{one}") is None:
                raise ValidationError(fields={name: f"there is no task {one!r:.80}"}) from error
        for document in await self._relations_of(ends[0]):
            found = to_relation(document)
            if {found.from_task_id, found.to_task_id} == set(ends):
                raise ConflictError(
                    f"tasks {ends[0]} and {ends[1]} are related already: "
                    f"{found.from_task_id} {found.type} {found.to_task_id} (relation {found.id})",
                    fields=("type",),
                    status=error.status,
                ) from error

    async def _update_relation(self, relation_id: str, fields: Fields, task_id: str | None) -> PMRelation:
        path = f"relations/{_known(relation_id, 'relation')}"
        stored = await self._api.get(path)
        _check_lag(fields, fields.get("type") or to_relation(stored).type)
        self._learn_lag_name(stored)
        body = relation_details(fields, await self._lag_names(fields))
        if fields.get("type"):
            body["type"] = relation_type_to_write(stored, fields["type"])
        return to_relation(await self._api.patch(path, body), keep_raw=self._options.keep_raw)

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        return await self._api.delete(f"relations/{relation_id}") if is_number(relation_id) else False


class Attachments(Connection):
    """Files on tasks."""

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        task = await self._task_id(query.task_id or "")
        found = [self._attachment(one) for one in await self._api.all(f"work_packages/{task}/attachments")]
        for one in sorted(found, key=lambda item: int(item.id)):
            yield one

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        """Two parts: `metadata` as JSON without a file name, and `file` (recorded 20-attachments)."""
        meta: dict[str, Any] = {"fileName": fields["file_name"]}
        if fields.get("description"):
            meta["description"] = {"raw": fields["description"]}
        parts = [
            FilePart("metadata", msgspec.json.encode(meta), content_type="application/json"),
            FilePart("file", content, filename="file", content_type=fields.get("content_type") or _BYTES),
        ]
        task = fields["task_id"]
        try:
            return self._attachment(
                await self._api.upload(f"work_packages/{_number(task, 'task_id')}/attachments", parts)
            )
        except NotFoundError as error:
            raise _no_task(task) from error

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        return await self._api.delete(f"attachments/{attachment_id}") if is_number(attachment_id) else False

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        path = f"attachments/{_known(attachment_id, 'attachment')}/content"
        return await self._api.download(path, _MAX_DOWNLOAD)

    def _attachment(self, document: Mapping[str, Any]) -> PMAttachment:
        return to_attachment(document, base_url=self._options.base_url, keep_raw=self._options.keep_raw)


_BYTES = "application/octet-stream"


class TimeEntries(Connection):
    """Time entries."""

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        conditions = []
        if query.task_id is not None:
            conditions += await self._of_task(await self._task_id(query.task_id))
        if query.project_id is not None:
            conditions.append(filters.equal("project", [await self._project_id(query.project_id)]))
        params = {
            "filters": filters.filters(*conditions),
            "sortBy": filters.sorting(("spent_on", "asc"), ("id", "asc")),
        }
        stream = self._api.items("time_entries", params, window=query.window, limit=query.limit)
        count = 0
        try:
            async with aclosing(stream) as found:
                async for one in found:
                    count += 1
                    yield to_time_entry(one, keep_raw=self._options.keep_raw)
        except ValidationError as error:
            # A task or project that does not exist may be refused (recorded 17-…: step 61).
            if not is_invalid_query(error):
                raise
            await self._check_scope(query)
            raise
        if count == 0:
            await self._check_scope(query)

    async def _of_task(self, task: str) -> list[filters.Filter]:
        if await self._catalog.entity_link() == "entity":
            return [filters.equal("entity_type", ["WorkPackage"]), filters.equal("entity_id", [task])]
        return [filters.equal("work_package", [task])]

    async def _check_scope(self, query: ListQuery) -> None:
        if query.task_id is not None:
            await self._task_document(query.task_id)
        if query.project_id is not None:
            await self._project_document(query.project_id)

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        link = await self._catalog.entity_link()
        await self._name_activity(fields, fields["task_id"], link)
        wire = await self._entry_wire(fields, fields["task_id"], link)
        return await self._entry(self._api.post("time_entries", wire), fields)

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        path = f"time_entries/{_known(entry_id, 'time entry')}"
        stored = to_time_entry(await self._api.get(path))
        link = await self._catalog.entity_link()
        task = fields.get("task_id") or stored.task_id
        if task is not None:
            await self._name_activity(fields, task, link)
        return await self._entry(self._api.patch(path, await self._entry_wire(fields, task, link)), fields)

    async def _entry(self, call: Any, fields: Mapping[str, Any]) -> PMTimeEntry:
        try:
            return to_time_entry(await call, keep_raw=self._options.keep_raw)
        except (ValidationError, PMError) as error:
            task = fields.get("task_id")
            broken = isinstance(error, ValidationError) or server_failed(error)
            if task and broken and await self._api.find(f"work_packages/{task}") is None:
                raise _no_task(task) from error
            raise

    async def _name_activity(self, fields: Fields, task: str, link: str) -> None:
        """Bring the activity into the spelling in which it will be read back.

        Raises:
            ValidationError: no such activity: the server would take the default one without a word
                (recorded 17-time-entries: step 21).
        """
        if not fields.get("activity"):
            return
        known = await self._catalog.activities(_number(task, "task_id"), link)
        folded = fields["activity"].strip().casefold()
        name = next((one for one in known.values() if one.casefold() == folded), None)
        if name is None:
            has = ", ".join(known.values()) or "none"
            raise ValidationError(
                fields={"activity": f"{fields['activity']!r:.60} is unknown; there is: {has}"}
            )
        fields["activity"] = name

    async def _entry_wire(self, fields: Mapping[str, Any], task: str | None, link: str) -> dict[str, Any]:
        wire = dict(fields)
        if fields.get("hours") == 0:
            raise ValidationError(fields={"hours": "must be above 0"})
        if fields.get("activity") and task is not None:
            known = await self._catalog.activities(task, link)
            wire["activity"] = next(href for href, name in known.items() if name == fields["activity"])
        return from_time_entry(wire, entity_link=link)

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        return await self._api.delete(f"time_entries/{entry_id}") if is_number(entry_id) else False


def _known(value: str, kind: str) -> str:
    """An id as it may stand in an address.

    Raises:
        NotFoundError: not of the vendor's form, so nothing has it.
    """
    if not is_number(value):
        raise NotFoundError(f"there is no {kind} {value!r:.80}")
    return value


def _number(value: str, name: str) -> str:
    """An id that a record refers to.

    Raises:
        ValidationError: not of the vendor's form, so nothing has it.
    """
    if not is_number(value):
        raise ValidationError(fields={name: f"there is no task {value!r:.80}"})
    return value


def _no_task(task: str) -> ValidationError:
    return ValidationError(fields={"task_id": f"there is no task {task!r:.80}"})


def _check_lag(fields: Mapping[str, Any], kind: str) -> None:
    if fields.get("lag_days") is not None and kind != RelationType.PRECEDES:
        raise ValidationError(fields={"lag_days": "only a relation of type precedes has a lag"})
