"""The sandbox's ASGI app: credentials, limits, routes and errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pm_providers.sandbox.asana.access import check_scope, login
from pm_providers.sandbox.asana.errors import NO_ROUTE, ApiError, error_body
from pm_providers.sandbox.asana.limits import LimitGate
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.asana.web import Call, Handler, Reply, Session
from pm_providers.sandbox.kit.routing import Router
from pm_providers.sandbox.kit.web import path_of, query_of

__all__ = ["ROOT", "AsanaApp", "InFlight", "Outside", "Table"]

ROOT = "/api/1.0"
NOT_HERE = "This endpoint cannot be used in a batch request"
MAX_BODY = 105_000_000
Table = Router[tuple[Handler, str]]
Outside = Callable[[str, str, dict[str, list[str]], dict[str, str], bytes], Reply | None]


class InFlight:
    """Outermost layer: counts the reads and writes of each token that are being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._running: dict[bytes, list[int]] = defaultdict(lambda: [0, 0])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and tell it, by the scope, how many run."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secret = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        kind = 0 if scope["method"] in {"GET", "HEAD"} else 1
        running = self._running[secret]
        running[kind] += 1
        scope["asana_running"] = tuple(running)
        try:
            await self._app(scope, receive, send)
        finally:
            running[kind] -= 1
            if not any(running):
                self._running.pop(secret, None)


class AsanaApp:
    """Serves one `State` over HTTP.

    Args:
        outside: tried in order for addresses outside of the API.
        base_url: gives the address under which the sandbox is reached.
    """

    def __init__(
        self,
        state: State,
        table: Table,
        gate: LimitGate,
        base_url: Callable[[], str],
        outside: tuple[Outside, ...] = (),
    ) -> None:
        self._state, self._table, self._gate = state, table, gate
        self._base_url, self._outside = base_url, outside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        try:
            reply = await self._reply(scope, dict(request.headers), body)
        except ApiError as error:
            reply = Reply(error.body, error.status, headers=error.headers)
        await _response(request.method, reply)(scope, receive, send)

    async def _reply(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        if len(body) > MAX_BODY:
            raise ApiError(413, "The request entity is too large")
        raw = path_of(scope)
        query = query_of(scope)
        if not raw.startswith(ROOT + "/"):
            return self._other(scope["method"], raw, query, headers, body)
        self._state.run_jobs()
        user, token = login(self._state, headers)
        session = Session(self._state, user, token, self._base_url() + ROOT)
        call = Call(session, scope["method"], raw.removeprefix(ROOT), query, headers, body)
        call.stale = scope.get("stale_writes", 0)
        key = headers.get("authorization", "")
        if call.path != "/batch":
            self._gate.check(key, [(call.method, call.path)], scope.get("asana_running", (0, 0)))
        else:
            call.params["running"] = ",".join(map(str, scope.get("asana_running", (0, 0))))
        try:
            found = self._handled(call)
            return found if isinstance(found, Reply) else await found
        finally:
            self._gate.charge(key, session.cost)

    def _other(
        self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Reply:
        for answer in self._outside:
            reply = answer(method, path, query, headers, body)
            if reply is not None:
                return reply
        raise ApiError(404, NO_ROUTE)

    def _handled(self, call: Call) -> Reply | Awaitable[Reply]:
        found = self._table.find(call.path)
        if found is None:
            raise ApiError(404, NO_ROUTE)
        handlers, params = found
        call.params = {**params, **call.params}
        picked = handlers.get("GET" if call.method == "HEAD" else call.method)
        if picked is None:
            raise ApiError(405, f"Method {call.method} is not supported for this route")
        handler, scope = picked
        check_scope(call.session.token, scope)
        self._state.writes.begin()
        return handler(call)

    def count(self, call: Call, lines: list[tuple[str, str]], running: tuple[int, int]) -> None:
        """Count the actions of a batch, or refuse it as a whole."""
        self._gate.check(call.headers.get("authorization", ""), lines, running)

    def run(self, call: Call) -> Reply:
        """Answer one action of a batch; errors become answers."""
        try:
            found = self._handled(call)
        except ApiError as error:
            return Reply(error.body, error.status, headers=error.headers)
        return found if isinstance(found, Reply) else Reply(error_body(NOT_HERE), 400)


def _response(method: str, reply: Reply) -> Response:
    content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
    headers = {"x-content-type-options": "nosniff", "asana-api-version": "1.1", **reply.headers}
    return Response(
        b"" if method == "HEAD" else content, reply.status, headers, media_type=reply.content_type
    )
