"""Several actions in one request: at most ten, each counted in full, answered in the order of the request.

The vendor runs them in parallel and in no order; here they run from the last to the first, so that nothing
can rely on their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_providers.sandbox.asana.data import shown
from pm_providers.sandbox.asana.errors import ApiError, bad, missing
from pm_providers.sandbox.asana.web import Call, Reply, routes

if TYPE_CHECKING:
    from pm_providers.sandbox.asana.app import AsanaApp

__all__ = ["Batch"]

MAX_ACTIONS = 10
METHODS = frozenset({"get", "post", "put", "delete"})
REFUSED = ("/batch", "/attachments", "/exports", "/webhooks", "/organization_exports", "/scim")


class Batch:
    """The route; `app` is what answers the actions, set once it exists."""

    def __init__(self) -> None:
        self.app: AsanaApp | None = None
        self.on = routes()
        self.on("POST", "/batch")(self._run)

    def _run(self, call: Call) -> Reply:
        app = self.app
        data = call.data()
        actions = data.items("actions")
        if app is None or not actions:
            raise missing("actions")
        if len(actions) > MAX_ACTIONS:
            raise bad(f"actions: At most {MAX_ACTIONS} actions are allowed in a batch request")
        lines = [_line(action, number) for number, action in enumerate(actions)]
        app.count(call, lines, _running(call, lines))
        answers: list[Any] = [None] * len(actions)
        for number in reversed(range(len(actions))):
            answers[number] = _answered(app, call, actions[number], lines[number])
        return Reply({"data": answers})


def _line(action: Any, number: int) -> tuple[str, str]:
    where = f"actions: [{number}]"
    if not isinstance(action, dict):
        raise bad(f"{where}: Value is not a JSON object: {shown(action)}")
    method, path = action.get("method"), action.get("relative_path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise bad(f"{where}: relative_path: Must be a path that starts with a slash")
    if not isinstance(method, str) or method.lower() not in METHODS:
        raise bad(f"{where}: method: Value is not one of the allowed values: get, post, put, delete")
    if "?" in path:
        raise bad(f"{where}: relative_path: Query parameters are not allowed, use data and options")
    for name in ("data", "options"):
        if not isinstance(action.get(name, {}), dict):
            raise bad(f"{where}: {name}: Value is not a JSON object")
    return method.upper(), path


def _running(call: Call, lines: list[tuple[str, str]]) -> tuple[int, int]:
    reads, writes = (int(part) for part in call.params["running"].split(","))
    gets = sum(1 for method, _ in lines if method == "GET")
    return reads + gets, writes - 1 + len(lines) - gets


def _answered(app: AsanaApp, call: Call, action: dict[str, Any], line: tuple[str, str]) -> dict[str, Any]:
    method, path = line
    if path.startswith(REFUSED):
        error = ApiError(400, f"{path} cannot be used in a batch request")
        return {"status_code": 400, "headers": {}, "body": error.body}
    data, options = action.get("data", {}), action.get("options", {})
    query = {name: [_text(value)] for name, value in options.items() if name in {"limit", "offset"}}
    if method == "GET":
        query |= {name: [_text(value)] for name, value in data.items()}
    inner = Call(
        session=call.session,
        method=method,
        path=path,
        query=query,
        headers=call.headers,
        document={"data": {} if method == "GET" else data, "options": options},
        stale=call.stale,
    )
    reply = app.run(inner)
    return {"status_code": reply.status, "headers": reply.headers, "body": reply.body}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)
