"""v3: estimates of single assignees; plans below Business have none."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import team, v3_task
from pm_providers.sandbox.clickup.errors import V3Error
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import Task
from pm_providers.sandbox.clickup.web import Call, Reply, v3_routes

__all__ = ["routes"]

routes = v3_routes()


@routes("PATCH", "/tasks/{task_id}/time_estimates_by_user")
def change_estimates(call: Call) -> Reply:
    """Set the estimates of some assignees, leaving those of others."""
    row, given = _asked(call)
    new = _stored(call, row, {**row.estimates, **given})
    return Reply({"data": {"total_time_estimate": new.estimate, "updated_estimates": given}})


@routes("PUT", "/tasks/{task_id}/time_estimates_by_user")
def replace_estimates(call: Call) -> Reply:
    """Set the estimates of all assignees."""
    row, given = _asked(call)
    new = _stored(call, row, given)
    return Reply({"data": {"total_time_estimate": new.estimate, "assignee_estimates": given}})


def _asked(call: Call) -> tuple[Task, dict[str, int]]:
    found = team(call, call.params["workspace_id"])
    now = call.state.now()
    if not PLANS[found.plan].user_estimates:
        raise V3Error(400, "Time estimates by user are not available", now)
    row = v3_task(call, call.params["task_id"], write=True)
    body = call.json()
    if not isinstance(body, list) or not all(_fits(part) for part in body):
        raise V3Error(400, "Body must be a list of assignee and time", now)
    for part in body:
        if part["assignee"] != "unassigned" and part["assignee"] not in row.assignees:
            raise V3Error(400, "User is not an assignee of the task", now)
    return row, {str(part["assignee"]): part["time"] for part in body}


def _fits(part: Any) -> bool:
    if not isinstance(part, dict) or part.keys() != {"assignee", "time"}:
        return False
    who, time = part["assignee"], part["time"]
    return (type(who) is int or who == "unassigned") and type(time) is int and time >= 0


def _stored(call: Call, row: Task, estimates: dict[str, int]) -> Task:
    state = call.state
    total = sum(estimates.values())
    return state.tasks.change(row, estimates=estimates, estimate=total, updated=max(state.now(), row.updated))
