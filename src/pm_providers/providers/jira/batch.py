"""Many tasks at once, by the vendor's bulk calls where it has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pm_providers.contract import (
    BatchResult,
    Fields,
    Progress,
    draft_fields,
    patch_fields,
)
from pm_providers.errors import (
    NotFoundError,
    PMError,
    ValidationError,
)
from pm_providers.model import Entity, PMTask
from pm_providers.providers.jira.bulk import BULK_MOST, BulkReport
from pm_providers.providers.jira.bulk_answers import failures, refused
from pm_providers.providers.jira.deleting import NOT_IN_BULK, WORTH_IT, Deletes, opened
from pm_providers.providers.jira.drafting import Draft
from pm_providers.providers.jira.errors import FIELD_NAMES
from pm_providers.providers.jira.mapping.tasks import SpecialFields, from_task
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.task_writing import took
from pm_providers.providers.jira.workflow import target_of
from pm_providers.toolkit.documents import broken, identifier
from pm_providers.transport import bounded_map

__all__ = ["Batches"]

CREATE_MOST = 50
"""Issues of one creating call ([spec] POST issue/bulk)."""

_BULK_FIELDS = {
    "title": "summary",
    "description": "description",
    "priority": "priority",
    "assignee_id": "assignee",
    "label_ids": "labels",
}


@dataclass(slots=True)
class _Item:
    """One item of a batch on its way.

    Attributes:
        draft: what is to be created.
        id: issue id, once it is created.
        document: the issue, where it was read when nothing was left to be written.
        result: the task, or why there is none.
    """

    draft: Draft | None = None
    id: str | None = None
    document: Mapping[str, Any] | None = None
    result: PMTask | PMError | None = None


class Batches(Deletes):
    """Tasks, many at once."""

    # creation

    async def _create_tasks(self, tasks: list[PMTask], progress: Progress | None) -> BatchResult[PMTask]:
        """50 a call; sprints and statuses afterwards; read back 100 a call."""
        items = [await self._drafted(task) for task in tasks]
        ready = [one for one in items if one.draft is not None]
        chunks = [ready[start : start + CREATE_MOST] for start in range(0, len(ready), CREATE_MOST)]
        await _all(self._create_chunk, chunks, self._options.concurrency)
        made = [one for one in ready if one.id is not None and one.result is None]
        self._recent.wrote(one.id for one in made if one.id is not None)
        await self._put_into_sprints(made)
        await self._walk_all(made)
        await self._read_back([one for one in made if one.result is None])
        return self._results("create_tasks", [one.result for one in items], progress)

    async def _drafted(self, task: PMTask) -> _Item:
        try:
            asked = draft_fields(self.capabilities, Entity.TASK, task)
            return _Item(await self._draft(await self._resolve(Entity.TASK, asked)))
        except PMError as error:
            return _Item(result=error)

    async def _create_chunk(self, chunk: Sequence[_Item]) -> None:
        """Create up to 50; those that failed are told by their place, the others come in order."""
        body = {"issueUpdates": [one.draft.body for one in chunk if one.draft is not None]}
        try:
            # 400 is the answer when all of them failed; it tells why of each.
            answer = await self._api.call("POST", "issue/bulk", json=body, expect=(200, 201, 400))
            document = answer.json_object()
            failed = failures(document)
            if answer.status == 400 and not failed:  # noqa: PLR2004
                raise refused(document)
            made = [one for one in document.get("issues") or () if isinstance(one, Mapping)]
            rest = [one for place, one in enumerate(chunk) if place not in failed]
            if len(made) != len(rest):
                raise opened(broken(f"{len(made)} of {len(rest)} created issues are told"))
        except PMError as error:
            for one in chunk:
                one.result = error
            return
        for place, why in failed.items():
            if place < len(chunk):
                chunk[place].result = _named_error(why, chunk[place])
        for one, found in zip(rest, made, strict=True):
            one.id = identifier(found, "issue")

    async def _put_into_sprints(self, made: Sequence[_Item]) -> None:
        """Those whose sprint was not on the screen, 50 a call."""
        by_sprint: dict[str, list[_Item]] = {}
        for one in made:
            if one.draft is not None and one.draft.sprint is not None:
                by_sprint.setdefault(one.draft.sprint, []).append(one)
        for sprint, items in by_sprint.items():
            for start in range(0, len(items), CREATE_MOST):
                part = items[start : start + CREATE_MOST]
                try:
                    await self._into_sprint([one.id for one in part if one.id], sprint)
                except PMError as error:
                    for one in part:
                        one.result = opened(error)

    async def _walk_all(self, made: Sequence[_Item]) -> None:
        """Statuses other than the first one."""
        waiting = [one for one in made if one.draft and one.draft.fields.get("status") and not one.result]
        if not waiting:
            return
        documents = await self._read([one.id for one in waiting if one.id])
        if isinstance(documents, PMError):
            for one in waiting:
                one.result = documents
            return
        groups: dict[tuple[str | None, str | None, str], list[_Item]] = {}
        for one in waiting:
            values = fields_of(documents.get(one.id or "", {}))
            key = (ref_id(values, "project"), ref_id(values, "issuetype"), _asked(one))
            groups.setdefault(key, []).append(one)
        for group in groups.values():
            try:
                if await self._stand(group, documents):
                    continue
                rest = await self._walk_group(group, documents)
            except PMError as error:
                for one in group:
                    one.result = opened(error)
                continue
            await _all(lambda one: self._walk_item(one, documents), rest, self._options.concurrency)

    async def _stand(self, group: Sequence[_Item], documents: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether new issues have the status that is asked for: then they are not read again."""
        found = [documents.get(str(one.id)) for one in group]
        there = [one for one in found if one is not None]
        plain = all(one.draft and not one.draft.later and not one.draft.notes for one in group)
        alike = len({ref_id(fields_of(one), "status") for one in there}) == 1
        if not plain or not alike or len(there) < len(group):
            return False
        if not (await self._walk_to(there[0], _asked(group[0]))).is_done:
            return False
        for one, document in zip(group, there, strict=True):
            one.document = document
        return True

    async def _walk_group(
        self, group: Sequence[_Item], documents: Mapping[str, Mapping[str, Any]]
    ) -> Sequence[_Item]:
        """One bulk operation for many new issues that are one transition away; those that are left."""
        ids = [one.id for one in group if one.id in documents]
        plain = all(not one.draft.later and not one.draft.notes for one in group if one.draft)
        if not self._cloud or len(ids) < WORTH_IT or not plain:
            return group
        report = await self._bulk_walk([str(one) for one in ids], documents[str(ids[0])], _asked(group[0]))
        return group if report is None else [one for one in group if one.id not in report.done]

    async def _bulk_walk(
        self, ids: Sequence[str], sample: Mapping[str, Any], status: str
    ) -> BulkReport | None:
        """One transition on many issues that stand where the sample stands; `None` where that cannot be."""
        walk = await self._walk_to(sample, status)
        if walk.is_done:
            return BulkReport(frozenset(ids))
        known = await self._transitions(walk.task_id)
        there = {target_of(one) for one in known}
        best = next((one.id for one in walk.targets if one.id in there), None)
        offered = [
            str(one.get("id"))
            for one in known
            if best is not None and target_of(one) == best and one.get("hasScreen") is not True
        ]
        if not offered:
            return None
        try:
            return await self._in_bulks(ids, lambda part: self._bulk().transition(part, offered[0]))
        except NOT_IN_BULK:
            return None

    async def _walk_item(self, one: _Item, documents: Mapping[str, Mapping[str, Any]]) -> None:
        if one.id is None or one.id not in documents or one.draft is None:
            return
        try:
            walk = await self._walk_to(documents[one.id], _asked(one), one.draft.later, one.draft.notes)
            await self._go(walk)
            took(one.draft.fields, walk)
        except PMError as error:
            one.result = opened(error)

    async def _read_back(self, made: Sequence[_Item]) -> None:
        known = {str(one.id): one.document for one in made if one.document is not None}
        tasks = await self._read_tasks([one.id for one in made if one.id], known)
        for one in made:
            if isinstance(tasks, PMError):
                one.result = tasks
            elif one.id not in tasks:
                one.result = opened(NotFoundError(f"task {one.id} was created, but cannot be read"))
            elif one.draft is not None:
                one.result = await self._compared(tasks[str(one.id)], one.draft.fields)

    async def _read_tasks(
        self, ids: Sequence[str], known: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    ) -> dict[str, PMTask] | PMError:
        missing = [one for one in ids if one not in known]
        found = await self._read(missing) if missing else {}
        if isinstance(found, PMError):
            return found
        documents = {**known, **found}
        try:
            return {one.id: one for one in await self._tasks(list(documents.values()))}
        except PMError as error:
            return opened(error)

    async def _compared(self, task: PMTask, fields: Fields) -> PMTask | PMError:
        try:
            found = self._reported(fields, await self._explained(task, fields))
        except PMError as error:  # strict writes
            return error
        return found  # type: ignore[return-value]

    # changes

    async def _update_tasks(
        self, updates: list[tuple[str, Mapping[str, Any]]], progress: Progress | None
    ) -> BatchResult[PMTask]:
        """Equal changes of twenty tasks or more are one bulk operation; others go one by one."""
        await self._api.identify()
        results: dict[int, PMTask | PMError] = {}
        for places in _equal(updates) if self._cloud else ():
            results |= await self._update_equal([updates[place][0] for place in places], places, updates)
        rest = [place for place in range(len(updates)) if place not in results]
        finished = len(results)

        def tell(done: int, _total: int) -> None:
            if progress is not None:
                progress(finished + done, len(updates))

        if results:
            tell(0, 0)
        single = await super()._update_tasks([updates[place] for place in rest], tell)
        for place, outcome in zip(rest, single, strict=True):
            results[place] = outcome.error or outcome.item  # type: ignore[assignment]
        return self._results("update_tasks", [results[place] for place in range(len(updates))], None)

    async def _update_equal(
        self, ids: Sequence[str], places: Sequence[int], updates: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> dict[int, PMTask | PMError]:
        """Outcomes by place of one bulk edit; empty where it cannot be done in bulk."""
        try:
            patch = patch_fields(self.capabilities, Entity.TASK, updates[places[0]][1])
            fields = await self._resolve(Entity.TASK, patch)
            if not set(fields) <= set(_BULK_FIELDS) or fields.get("priority", "") is None:
                return {}
            actions, edits = await self._edits(fields)
            plain = await self._plain(ids, fields)
            places = [place for place, one in zip(places, ids, strict=True) if one in plain]
            ids = [one for one in ids if one in plain]
            report = await self._in_bulks(ids, lambda part: self._bulk().edit(part, actions, edits))
        except NOT_IN_BULK:
            return {}
        except PMError as error:
            return dict.fromkeys(places, error)
        self._recent.wrote(report.done)
        tasks = await self._read_tasks(ids)
        if isinstance(tasks, PMError):
            return dict.fromkeys(places, tasks)
        return {
            place: report.error(one) or await self._compared(tasks[one], fields)
            for place, one in zip(places, ids, strict=True)
            if one in tasks or report.error(one)
        }

    async def _plain(self, ids: Sequence[str], fields: Fields) -> set[str]:
        """Those whose description holds nothing that one text for all would destroy; others go one by one."""
        if fields.get("description") is None:
            return set(ids)
        text = self._text.write(fields["description"])
        stored = await self._issues.fetch(ids, ("description",))
        merged = {
            one: self._text.write(fields["description"], fields_of(found).get("description"))
            for one, found in stored.items()
        }
        return {one for one in ids if merged.get(one, text) == text}

    async def _edits(self, fields: Fields) -> tuple[list[str], dict[str, Any]]:
        """Actions and inputs of a bulk edit ([spec] JiraIssueFields)."""
        found: dict[str, Any] = {}
        if "title" in fields:
            found["singleLineTextFields"] = [{"fieldId": "summary", "text": fields["title"]}]
        if "description" in fields:
            text = self._text.write(fields["description"])
            found["richTextFields"] = [
                {"fieldId": "description", "richText": {} if text is None else {"adfValue": text}}
            ]
        if fields.get("priority"):
            found["priority"] = {"priorityId": (await self._catalog.priority(fields["priority"])).id}
        if "assignee_id" in fields:
            user = {"accountId": fields["assignee_id"]} if fields["assignee_id"] else None
            found["singleSelectClearableUserPickerFields"] = [{"fieldId": "assignee", "user": user}]
        if "label_ids" in fields:
            labels = from_task(fields, special=SpecialFields(), person="", text=lambda _: None)["labels"]
            names = [{"name": one} for one in labels]
            how = "REPLACE" if names else "REMOVE_ALL"
            found["labelsFields"] = [
                {"fieldId": "labels", "bulkEditMultiSelectFieldOption": how, "labels": names}
            ]
        return [_BULK_FIELDS[name] for name in fields], found

    async def _in_bulks(
        self, ids: Sequence[str], work: Callable[[Sequence[str]], Awaitable[BulkReport]]
    ) -> BulkReport:
        """Reports of bulk operations on up to 1000 issues each, one after the other, as one."""
        done: set[str] = set()
        failed: dict[str, str] = {}
        for start in range(0, len(ids), BULK_MOST):
            try:
                report = await work(ids[start : start + BULK_MOST])
            except PMError as error:
                error.maybe_applied = error.maybe_applied or start > 0  # which ones is not told apart
                raise
            done |= report.done
            failed |= report.failed
        return BulkReport(frozenset(done), failed)


async def _all(work: Callable[[Any], Awaitable[None]], items: Sequence[Any], limit: int) -> None:
    """Do all, several at a time.

    Raises:
        Exception: what one of them raised that it does not keep itself.
    """
    for answer in await bounded_map(work, items, limit):
        if isinstance(answer, Exception):
            raise answer


def _asked(one: _Item) -> str:
    return str(one.draft.fields["status"]) if one.draft is not None else ""


def _equal(updates: Sequence[tuple[Any, Any]]) -> list[list[int]]:
    """Places of updates that change the same fields to the same values, where that is worth a bulk edit."""
    names: dict[str, int] = {}
    groups: dict[str, list[int]] = {}
    for place, (task_id, patch) in enumerate(updates):
        names[repr(task_id)] = names.get(repr(task_id), 0) + 1
        if isinstance(task_id, str) and task_id.isdigit() and isinstance(patch, Mapping):
            groups.setdefault(repr(sorted(patch.items(), key=repr)), []).append(place)
    return [
        places
        for places in groups.values()
        if len(places) >= WORTH_IT and all(names[repr(updates[place][0])] == 1 for place in places)
    ]


def _named_error(error: ValidationError, item: _Item) -> ValidationError:
    names = item.draft.names if item.draft is not None else {}
    error.fields = {
        names.get(name, FIELD_NAMES.get(name.lower(), name)): why for name, why in error.fields.items()
    }
    return error
