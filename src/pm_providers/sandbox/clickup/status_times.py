"""How long tasks were in their statuses; the only question in v2 that takes many tasks at once."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import find_task, task
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.records import Task
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()
MOST = 100
MINUTE_MS = 60_000


@routes("GET", "/task/{task_id}/time_in_status")
def time_in_status(call: Call) -> Reply:
    """Statuses of one task."""
    return Reply(_form(call, task(call)))


@routes("GET", "/task/bulk_time_in_status/task_ids")
def bulk_time_in_status(call: Call) -> Reply:
    """Statuses of 2 to 100 tasks by their ids; one alone is refused."""
    keys = list(dict.fromkeys(call.query.get("task_ids", ())))
    if not 2 <= len(keys) <= MOST:
        raise bad_input("Between 2 and 100 task_ids are required", "TIS_028")
    return Reply({key: _form(call, find_task(call, key)) for key in keys})


def _form(call: Call, row: Task) -> dict[str, Any]:
    log = row.status_log or ((row.status, row.created),)
    now = call.state.now()
    ends = [*(since for _, since in log[1:]), now]
    sums: dict[str, dict[str, Any]] = {}
    for (status, since), end in zip(log, ends, strict=True):
        known = sums.get(status.status)
        minutes = (end - since) // MINUTE_MS
        if known is None:
            sums[status.status] = {
                "status": status.status,
                "color": status.color,
                "type": status.type,
                "total_time": {"by_minute": minutes, "since": str(since)},
                "orderindex": status.orderindex,
            }
        else:
            known["total_time"]["by_minute"] += minutes
            known["total_time"]["since"] = str(since)
    last, since = log[-1]
    minutes = (now - since) // MINUTE_MS
    total = {"by_minute": minutes, "since": str(since)}
    shown = {"status": last.status, "color": last.color, "total_time": total}
    return {"current_status": shown, "status_history": list(sums.values())}
