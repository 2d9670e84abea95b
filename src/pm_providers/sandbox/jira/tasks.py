"""Background tasks that are asked for at `/task`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Task
from pm_providers.sandbox.jira.errors import bad_request, forbidden, not_found
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["routes", "task_body"]

routes = Routes(login=True)


def task_body(session: Session, task: Task) -> dict[str, Any]:
    """A task; times are epoch milliseconds."""
    started, end = task.started or task.created, task.finished or session.state.now()
    body: dict[str, Any] = {
        "self": f"{session.api}/task/{task.id}",
        "id": task.id,
        "description": task.description,
        "status": task.status,
        "submittedBy": 10000,
        "progress": task.progress,
        "elapsedRuntime": max(0, _millis(end) - _millis(started)),
        "submitted": _millis(task.created),
        "lastUpdate": _millis(task.updated or task.created),
    }
    if task.started is not None:
        body["started"] = _millis(task.started)
    if task.finished is not None:
        body["finished"] = _millis(task.finished)
    if task.message:
        body["message"] = task.message
    return body if task.result is None else {**body, "result": task.result}


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _find(call: Call) -> Task:
    task = call.state.tasks.get(call.params["id"])
    if task is None or task.kind != "plain":
        raise not_found(f"The task with id '{call.params['id']}' does not exist.")
    if task.submitted_by != call.session.account_id and not rights.is_admin(call.session):
        raise forbidden()
    return task


@routes("GET", "task/{id}")
def show(call: Call) -> Reply:
    """How far a task is."""
    return Reply(task_body(call.session, _find(call)))


@routes("POST", "task/{id}/cancel")
def cancel(call: Call) -> Reply:
    """Ask a task to stop; one that is over cannot."""
    task = _find(call)
    if task.status not in {"ENQUEUED", "RUNNING"}:
        raise bad_request(f"The task with id '{task.id}' cannot be cancelled.")
    call.state.tasks.change(task, status="CANCEL_REQUESTED", updated=call.state.now())
    return Reply([], 202)
