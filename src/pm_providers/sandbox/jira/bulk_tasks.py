"""Background tasks of bulk operations: queued, run in steps, asked for at `/bulk/queue`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Task
from pm_providers.sandbox.jira.bulk_input import bulk_error
from pm_providers.sandbox.jira.errors import ApiError, bad_request
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["need_bulk_right", "picked", "routes", "submit"]

routes = Routes(login=True)
LIMIT = 1000
QUEUED_TASKS = 5
STEPS = 2
Act = Callable[[Session, Issue], object]


def need_bulk_right(session: Session) -> None:
    """Raise 401 or 403 unless the caller has the global permission Bulk Change."""
    if session.account_id and not rights.has(session, "BULK_CHANGE"):
        raise bulk_error("You do not have the global permission 'Bulk Change'.", status=403)


def picked(session: Session, names: Any) -> tuple[list[int], int]:
    """Ids of the visible issues in the order given, and how many others there were.

    Raises:
        ApiError: 400 for no list, and for more than 1,000 entries.
    """
    if not isinstance(names, list) or not names or not all(isinstance(name, str | int) for name in names):
        raise bulk_error("selectedIssueIdsOrKeys must not be empty")
    if len(names) > LIMIT:
        raise bulk_error(f"The number of issues exceeds the limit of {LIMIT}.")
    found: dict[int, None] = {}
    hidden = 0
    for name in names:
        try:
            found[rights.need_issue(session, name).id] = None
        except ApiError:
            hidden += 1
    return list(found), hidden


def submit(call: Call, work: list[tuple[int, Act]], hidden: int) -> Reply:
    """Queue a task that does something with each of these issues."""
    state, me = call.state, call.session.account_id
    waiting = [row for row in state.tasks if row.kind == "bulk" and row.status in {"ENQUEUED", "RUNNING"}]
    if len([row for row in waiting if row.submitted_by == me]) >= QUEUED_TASKS:
        raise bulk_error("There are too many bulk operations of yours in progress already.")
    key = str(state.tasks.next_id())
    state.tasks.put(
        Task(
            id=key,
            kind="bulk",
            submitted_by=me,
            created=state.now(),
            total=len(work) + hidden,
            invisible=hidden,
        )
    )
    session = Session(state, call.user, "3", call.session.base_url)
    runner = _Runner(session, key, work)
    state.later(runner.step, float(state.settings.get("bulk_delay_s", 0)))
    return Reply({"taskId": key}, 201)


class _Runner:
    """Does a task in steps, one each time that jobs run."""

    def __init__(self, session: Session, key: str, work: list[tuple[int, Act]]) -> None:
        self._session, self._key, self._left = session, key, work
        steps = int(session.state.settings.get("bulk_steps", STEPS))
        self._size = max(1, -(-len(work) // steps))
        self._count = max(1, len(work))

    def step(self) -> None:
        """Do the next part; the last one completes the task."""
        state = self._session.state
        task = state.tasks[self._key]
        now = state.now()
        if task.status == "CANCEL_REQUESTED":
            state.tasks.change(task, status="CANCELLED", finished=now, updated=now)
            return
        part, self._left = self._left[: self._size], self._left[self._size :]
        done, failed = list(task.done), dict(task.failed)
        for key, act in part:
            problem = self._one(key, act)
            if problem is None:
                done.append(key)
            else:
                failed[key] = problem
        over = not self._left
        state.tasks.change(
            task,
            status="COMPLETE" if over else "RUNNING",
            started=task.started or now,
            updated=now,
            finished=now if over else None,
            progress=100 * (self._count - len(self._left)) // self._count,
            done=tuple(done),
            failed=failed,
        )
        if not over:
            state.later(self.step)

    def _one(self, key: int, act: Act) -> tuple[str, ...] | None:
        issue = self._session.state.issues.get(key)
        if issue is None:
            return None  # a sub-task that went with its parent
        try:
            act(self._session, issue)
        except ApiError as error:
            return (*error.messages, *error.fields.values())
        return None


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@routes("GET", "bulk/queue/{id}")
def progress(call: Call) -> Reply:
    """How far a bulk operation is; times are epoch milliseconds ([spec], example)."""
    task = call.state.tasks.get(call.params["id"])
    if task is None or task.kind != "bulk" or task.submitted_by != call.session.account_id:
        raise bad_request("The task associated with this taskId is not a bulk operation task")
    body: dict[str, Any] = {
        "taskId": task.id,
        "status": task.status,
        "progressPercent": task.progress,
        "submittedBy": View(call.session).user(task.submitted_by),
        "created": _millis(task.created),
        "started": _millis(task.started or task.created),
        "updated": _millis(task.updated or task.created),
        "totalIssueCount": task.total,
        "invalidOrInaccessibleIssueCount": task.invisible,
    }
    if task.status not in {"ENQUEUED", "RUNNING"}:
        body["processedAccessibleIssues"] = list(task.done)
        body["failedAccessibleIssues"] = {str(key): list(texts) for key, texts in task.failed.items()}
    return Reply(body)
