"""Deleting many tasks at once, and what all batches share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.contract import BatchOutcome, BatchResult, Progress, check_id
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    ValidationError,
)
from pm_providers.providers.jira.bulk import BULK_MOST
from pm_providers.providers.jira.mapping.values import fields_of
from pm_providers.providers.jira.task_writing import TaskWriter, ids_of
from pm_providers.toolkit.documents import broken

__all__ = ["NOT_IN_BULK", "WORTH_IT", "Deletes", "opened"]

WORTH_IT = 20
"""Issues from which on a bulk operation is cheaper than single calls."""

NOT_IN_BULK = (PermissionDeniedError, NotFoundError, ValidationError)
"""Refusals of a whole bulk operation: nothing was done, and single calls tell exactly what is wrong."""


def opened(error: PMError) -> PMError:
    """The error of an item that is written in part: the caller must not simply write it again."""
    error.maybe_applied = True
    return error


class Deletes(TaskWriter):
    """Tasks, many deleted at once."""

    async def _delete_tasks(self, task_ids: list[str], progress: Progress | None) -> BatchResult[bool]:
        """Twenty or more are one bulk operation of Cloud; others, and without that right, single calls."""
        await self._api.identify()
        plain = all(isinstance(one, str) and one.isascii() and one.isdigit() for one in task_ids)
        if not self._cloud or not plain or len(set(task_ids)) < max(WORTH_IT, len(task_ids)):
            return await super()._delete_tasks(task_ids, progress)
        known = await self._issues.fetch([check_id(one, "task_id") for one in task_ids], ("subtasks",))
        results: dict[str, bool | PMError] = {one: False for one in task_ids if one not in known}
        ids = list(known)
        for start in range(0, len(ids), BULK_MOST):
            part = ids[start : start + BULK_MOST]
            try:
                results |= await self._delete_part(part, known)
            except NOT_IN_BULK:
                break
            except PMError as error:
                results |= dict.fromkeys(part, error)
        rest = [one for one in task_ids if one not in results]
        single = await super()._delete_tasks(rest, None if results else progress)
        for one, outcome in zip(rest, single, strict=True):
            results[one] = outcome.error or outcome.item is True
        told = None if len(rest) == len(task_ids) else progress
        return self._results("delete_tasks", [results[one] for one in task_ids], told)

    async def _delete_part(
        self, part: Sequence[str], known: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, bool | PMError]:
        """Outcomes of one bulk delete. Those in neither list are looked for: some go with their parent."""
        report = await self._bulk().delete(part)
        self._recent.deleted(report.done)
        self._recent.deleted(
            child for one in report.done for child in ids_of(fields_of(known[one]).get("subtasks"))
        )
        untold = [one for one in part if one not in report.done and one not in report.failed]
        there = await self._read(untold)
        if isinstance(there, PMError):
            there = dict.fromkeys(untold, there)  # type: ignore[arg-type]
        left = {
            one: opened(broken("an issue of a bulk delete is there and no failure is told")) for one in there
        }
        failed = {one: report.error(one) or True for one in report.failed}
        return {**dict.fromkeys(part, True), **failed, **left}

    def _results(self, operation: str, results: Sequence[Any], progress: Progress | None) -> BatchResult[Any]:
        outcomes: list[BatchOutcome[Any]] = []
        for place, one in enumerate(results):
            found = one if one is not None else ProviderError("nothing is known of it", maybe_applied=True)
            if isinstance(found, PMError):
                found.provider = found.provider or self.name
                found.operation = found.operation or operation
                outcomes.append(BatchOutcome(place, None, found))
            else:
                outcomes.append(BatchOutcome(place, found))
            if progress is not None:
                progress(place + 1, len(results))
        return BatchResult(tuple(outcomes))

    async def _read(self, ids: Sequence[str]) -> dict[str, dict[str, Any]] | PMError:
        """Documents of issues that were written already; the error where they cannot be had."""
        try:
            return await self._issues.fetch(ids, await self._issue_fields())
        except PMError as error:
            return opened(error)
