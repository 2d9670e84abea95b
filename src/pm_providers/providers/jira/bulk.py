"""Bulk operations of Cloud: handed in, then asked after until they are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.errors import NotFoundError, PermissionDeniedError, PMError, ProviderError, ValidationError
from pm_providers.providers.jira.client import Api
from pm_providers.toolkit.documents import broken
from pm_providers.transport import Timing

__all__ = ["BULK_MOST", "BulkOperations", "BulkReport"]

BULK_MOST = 1000
"""Issues of one bulk operation ([spec] POST bulk/issues/*)."""

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 5.0
_INFERRED = (
    "inferFieldDefaults",
    "inferStatusDefaults",
    "inferSubtaskTypeDefault",
    "inferClassificationDefaults",
)
_UNDER_WAY = frozenset({"ENQUEUED", "RUNNING", "CANCEL_REQUESTED"})


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What became of the issues of a bulk operation.

    Attributes:
        done: ids of those that were processed.
        failed: id -> why, of those that may be seen and were not.
    """

    done: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)

    def error(self, one: str) -> PMError | None:
        """Why an issue was not processed; `None` when it was.

        One that is in neither list does not exist, or may not be seen: the vendor only counts those.
        """
        if one in self.failed:
            return ValidationError(self.failed[one])
        return None if one in self.done else NotFoundError(f"there is no task {one!r:.80}")


class BulkOperations:
    """Bulk edit, transition, move and delete. They need the global permission Bulk Change.

    Nobody is mailed about them.

    Args:
        api: the connection.
        timing: clock and sleep.
        max_wait_s: how long to wait for one operation.
    """

    def __init__(self, api: Api, timing: Timing, max_wait_s: float) -> None:
        self._api = api
        self._timing = timing
        self._max_wait_s = max_wait_s

    async def edit(self, ids: Sequence[str], actions: Sequence[str], fields: Mapping[str, Any]) -> BulkReport:
        """Set the same values on all issues.

        Args:
            ids: issue ids, 1000 at most.
            actions: ids of the fields that are set.
            fields: `editedFieldsInput`.
        """
        body = {
            "selectedIssueIdsOrKeys": list(ids),
            "selectedActions": list(actions),
            "editedFieldsInput": fields,
            "sendBulkNotification": False,
        }
        return await self._done("bulk/issues/fields", body)

    async def transition(self, ids: Sequence[str], transition_id: str) -> BulkReport:
        """Do one transition on all issues; it has no screen, and all stand where it begins."""
        inputs = [{"selectedIssueIdsOrKeys": list(ids), "transitionId": transition_id}]
        body = {"bulkTransitionInputs": inputs, "sendBulkNotification": False}
        return await self._done("bulk/issues/transition", body)

    async def move(
        self, ids: Sequence[str], project: str, type_id: str, parent: str | None = None
    ) -> BulkReport:
        """Move issues to a project, type and parent; statuses and fields follow as the vendor thinks best."""
        target = ",".join(one for one in (project, type_id, parent) if one)
        inferred = dict.fromkeys(_INFERRED, True)
        mapping = {target: {"issueIdsOrKeys": list(ids), **inferred}}
        return await self._done(
            "bulk/issues/move", {"targetToSourcesMapping": mapping, "sendBulkNotification": False}
        )

    async def delete(self, ids: Sequence[str]) -> BulkReport:
        """Delete issues with their sub-tasks."""
        return await self._done(
            "bulk/issues/delete", {"selectedIssueIdsOrKeys": list(ids), "sendBulkNotification": False}
        )

    async def _done(self, path: str, body: Mapping[str, Any]) -> BulkReport:
        handed_in = await self._api.created(path, body)
        task = handed_in.get("taskId")
        if not isinstance(task, str) or not task:
            raise broken("a bulk operation without a task")
        try:
            return await self._waited(task)
        except (PermissionDeniedError, NotFoundError, ValidationError) as error:
            # It was handed in: a refusal of this look is none of the operation.
            text = f"what became of the bulk operation {task} may not be seen: {error.message}"
            raise ProviderError(text, status=error.status, maybe_applied=True) from error
        except PMError as error:
            error.maybe_applied = True  # outcomes of single issues are no errors of the whole call
            raise

    async def _waited(self, task: str) -> BulkReport:
        """The report of an operation once it is done.

        Raises:
            ProviderError: it failed as a whole, or takes too long; parts of it may be done.
        """
        wait, end = _FIRST_WAIT_S, self._timing.monotonic() + self._max_wait_s
        while True:
            found = await self._api.get(f"bulk/queue/{task}")
            status = str(found.get("status"))
            if status not in _UNDER_WAY:
                break
            if self._timing.monotonic() + wait > end:
                raise ProviderError(f"the bulk operation {task} is still under way", maybe_applied=True)
            await self._timing.sleep(wait)
            wait = min(_LONGEST_WAIT_S, wait * 2)
        if status != "COMPLETE":
            raise ProviderError(f"the bulk operation {task} ended as {status:.20}", maybe_applied=True)
        return _report(found)


def _report(found: Mapping[str, Any]) -> BulkReport:
    """Done does not mean that all went well: issues that failed are named apart."""
    done, failed = found.get("processedAccessibleIssues"), found.get("failedAccessibleIssues")
    reasons = {
        str(one): "; ".join(str(why) for why in texts) if isinstance(texts, list) else str(texts)
        for one, texts in (failed.items() if isinstance(failed, Mapping) else ())
    }
    ids = {str(one) for one in done} if isinstance(done, list) else set()
    return BulkReport(frozenset(ids - set(reasons)), reasons)
