"""Templates: the sandbox has none, so lists of them are empty and none can be applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.clickup.access import folder, space, task_list, team
from pm_providers.sandbox.clickup.errors import ApiError
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()


def _listed(call: Call) -> Reply:
    team(call)
    return Reply({"templates": []})


def _applied(call: Call) -> Reply:
    checks: dict[str, Callable[[Call], Any]] = {"list_id": task_list, "folder_id": folder, "space_id": space}
    for name, check in checks.items():
        if name in call.params:
            check(call)
    raise ApiError(404, "Template not found", "TEMPLATE_001")


for _kind in ("taskTemplate", "list_template", "folder_template"):
    routes("GET", f"/team/{{team_id}}/{_kind}")(_listed)
for _path in (
    "/list/{list_id}/taskTemplate/{template_id}",
    "/folder/{folder_id}/list_template/{template_id}",
    "/space/{space_id}/list_template/{template_id}",
    "/space/{space_id}/folder_template/{template_id}",
):
    routes("POST", _path)(_applied)
