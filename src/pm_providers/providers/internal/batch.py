"""Hooks of task batches: few statements and transactions for many items, one outcome for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

from pm_providers.collector import collector_paused
from pm_providers.contract import (
    BasePMProvider,
    BatchOutcome,
    BatchResult,
    Fields,
    Progress,
    check_id,
    draft_fields,
    patch_fields,
)
from pm_providers.database import Database
from pm_providers.errors import PMError, ValidationError
from pm_providers.model import Entity, PMTask
from pm_providers.providers.internal.client import Caller
from pm_providers.providers.internal.mapping import checked_choices, to_tasks
from pm_providers.providers.internal.patching import update_one
from pm_providers.providers.internal.removal import delete_all
from pm_providers.providers.internal.tasks import create_all

__all__ = ["BatchHooks"]

CHUNK = 5000
"""Items of one transaction: large enough to be fast, small enough to report progress."""

T = TypeVar("T")
Patch = tuple[str, Fields]
Results = list[Any]
"""For each item its result, or the `PMError` that it met."""


class BatchHooks(BasePMProvider):
    """Creation, update and deletion of many tasks.

    Items that fail their checks, or whose references are bad, get their error; the others of a chunk are
    written in one transaction.
    """

    _db: Database
    _caller: Caller
    _keep_raw: bool

    async def _create_tasks(self, tasks: list[PMTask], progress: Progress | None) -> BatchResult[PMTask]:
        def draft(task: PMTask) -> Fields:
            return checked_choices(Entity.TASK, draft_fields(self.capabilities, Entity.TASK, task))

        def work(conn: Connection, part: Sequence[Fields]) -> Results:
            return create_chunk(conn, part, self._caller, keep_raw=self._keep_raw)

        results = await self._in_chunks(_attempted(draft, tasks), progress, work)
        return self._outcomes("create_tasks", results)

    async def _update_tasks(
        self, updates: list[tuple[str, Mapping[str, Any]]], progress: Progress | None
    ) -> BatchResult[PMTask]:
        checked = _attempted(self._checked_patch, updates)
        for place, item in enumerate(checked):
            if not isinstance(item, PMError):
                checked[place] = (item[0], await self._resolve(Entity.TASK, item[1]))

        def work(conn: Connection, part: Sequence[Patch]) -> Results:
            return update_chunk(conn, part, keep_raw=self._keep_raw)

        def report(pair: tuple[Patch, PMTask]) -> PMTask:
            return self._reported(pair[0][1], pair[1])  # type: ignore[return-value]

        results = await self._in_chunks(checked, progress, work)
        pairs = zip(checked, results, strict=True)
        reported = [one if isinstance(one, PMError) else _attempt(report, (item, one)) for item, one in pairs]
        return self._outcomes("update_tasks", reported)

    def _checked_patch(self, pair: tuple[str, Mapping[str, Any]]) -> Patch:
        task_id, updates = pair
        fields = patch_fields(self.capabilities, Entity.TASK, updates)
        if not fields:
            raise ValidationError("updates are empty: nothing to change")
        return check_id(task_id, "task_id"), checked_choices(Entity.TASK, fields)

    async def _delete_tasks(self, task_ids: list[str], progress: Progress | None) -> BatchResult[bool]:
        checked = _attempted(lambda one: check_id(one, "task_id"), task_ids)
        return self._outcomes("delete_tasks", await self._in_chunks(checked, progress, delete_all))

    async def _in_chunks(
        self,
        checked: Results,
        progress: Progress | None,
        work: Callable[[Connection, Sequence[Any]], Sequence[Any]],
    ) -> Results:
        """Run the items that passed their checks, a transaction for each chunk."""
        results = list(checked)
        for start in range(0, len(checked), CHUNK):
            places = range(start, min(start + CHUNK, len(checked)))
            good = [place for place in places if not isinstance(checked[place], PMError)]
            done = await self._chunk(work, [checked[place] for place in good])
            for place, result in zip(good, done, strict=True):
                results[place] = result
            if progress is not None:
                for place in places:
                    progress(place + 1, len(checked))
        return results

    async def _chunk(
        self, work: Callable[[Connection, Sequence[Any]], Sequence[Any]], items: list[Any]
    ) -> Sequence[Any]:
        if not items:
            return ()
        try:
            return await self._db.write(lambda conn: work(conn, items))
        except PMError as error:
            return [error] * len(items)

    def _outcomes(self, operation: str, results: Results) -> BatchResult[Any]:
        for one in results:
            if isinstance(one, PMError):
                one.provider, one.operation = one.provider or self.name, one.operation or operation
        with collector_paused():
            return BatchResult(tuple(
                BatchOutcome(index, None, one) if isinstance(one, PMError) else BatchOutcome(index, one)
                for index, one in enumerate(results)
            ))  # fmt: skip


def _attempt(check: Callable[[Any], T], item: Any) -> T | PMError:
    try:
        return check(item)
    except PMError as error:
        return error


def _attempted(check: Callable[[Any], Any], items: Sequence[Any]) -> Results:
    with collector_paused():
        return [_attempt(check, item) for item in items]


def create_chunk(conn: Connection, drafts: Sequence[Fields], caller: Caller, *, keep_raw: bool) -> Results:
    """Insert checked drafts; for each the task as stored, or why it is not."""
    new = create_all(conn, drafts, caller)
    as_text = conn.dialect.name == "sqlite"
    with collector_paused():
        stored = to_tasks(new.rows, new.assignees, new.labels, keep_raw=keep_raw, as_text=as_text)
    if not new.errors:
        return stored
    rest = iter(stored)
    return [new.errors[index] if index in new.errors else next(rest) for index in range(len(drafts))]


def update_chunk(conn: Connection, patches: Sequence[Patch], *, keep_raw: bool) -> Results:
    """Apply checked patches one after the other; a bad one leaves no trace."""
    found: Results = []
    for task_id, fields in patches:
        try:
            with conn.begin_nested():
                found.append(update_one(conn, task_id, fields, None, keep_raw=keep_raw))
        except PMError as error:
            found.append(error)
    return found
