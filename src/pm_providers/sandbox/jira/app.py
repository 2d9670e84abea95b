"""The sandbox's ASGI app: credentials, gateway, routes and errors."""

from __future__ import annotations

import re
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pm_providers.sandbox.jira.access import Login, gateway_login, site_login
from pm_providers.sandbox.jira.errors import ApiError, unauthenticated
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.web import Call, Handler, Reply, Router, Session
from pm_providers.sandbox.kit.web import base_of, path_of, query_of

__all__ = ["Gate", "JiraApp", "Outside"]

MAX_BODY = 30_000_000
_GATEWAY = re.compile(r"/ex/jira/([^/]+)(/.*)")
_CLIENT = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
_BAD = "<html><head><title>400 Bad Request</title></head><body><h1>400 Bad Request</h1></body></html>"


class Gate(Protocol):
    """Rate limits: asked before and told after each request below `/rest/`."""

    def before(self, session: Session, method: str, path: str) -> Reply | None:
        """The 429 answer of a request that is over a limit, else None."""

    def after(self, session: Session, method: str, path: str, reply: Reply) -> None:
        """Count what was answered and add headers."""


class Outside(Protocol):
    """Addresses that are not below `/rest/`."""

    def __call__(self, call: Call) -> Reply | None:
        """The answer, or None for an address that is not one of these."""


class JiraApp:
    """Serves one `State` over HTTP.

    Args:
        outside: tried in order for addresses that no route has.
        gate: the rate limits.
    """

    def __init__(
        self, state: State, router: Router, outside: tuple[Outside, ...] = (), gate: Gate | None = None
    ) -> None:
        self._state = state
        self._router = router
        self._outside = outside
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        reply = self._reply(scope, dict(request.headers), body)
        await _response(request, reply)(scope, receive, send)

    def _reply(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        if len(body) > MAX_BODY:
            return Reply({"errorMessages": ["The request entity is too large."], "errors": {}}, 413)
        if body and scope["method"] in {"GET", "HEAD"}:
            return Reply(_BAD.encode(), 400, "text/html")
        try:
            return self._answer(scope, headers, body)
        except ApiError as error:
            return Reply(error.body, error.status, headers=dict(error.headers))

    def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        raw = path_of(scope)
        base = base_of(scope, headers)
        self._state.run_jobs(due_only=True)
        behind = _GATEWAY.fullmatch(raw)
        if behind is None:
            login = site_login(self._state, headers)
            path = raw
        else:
            login = gateway_login(self._state, headers, behind.group(1), scope["method"], behind.group(2))
            base, path = f"{base}/ex/jira/{behind.group(1)}", behind.group(2)
        call = Call(
            session=Session(self._state, login.user, "3", base),
            method=scope["method"],
            path=path,
            query=query_of(scope),
            headers=headers,
            body=body,
            stale=scope.get("stale_writes", 0),
        )
        return self._dispatched(call, login)

    def _dispatched(self, call: Call, login: Login) -> Reply:
        gate = self._gate if call.path.startswith("/rest/") else None
        reply = gate.before(call.session, call.method, call.path) if gate else None
        if reply is None:
            try:
                reply = self._handled(call, login)
            except ApiError as error:
                reply = Reply(error.body, error.status, headers=dict(error.headers))
            if gate:
                gate.after(call.session, call.method, call.path, reply)
        reply.headers = {**login.headers, **reply.headers}
        return reply

    def _handled(self, call: Call, login: Login) -> Reply:
        found = self._router.find(call.path)
        if found is None:
            return self._other(call)
        call.session.version, handlers, call.params = found
        picked = handlers.get("GET" if call.method == "HEAD" else call.method)
        if picked is None:
            allow = ",".join(sorted(handlers))
            return Reply(
                {"message": "HTTP 405 Method Not Allowed", "status-code": 405}, 405, headers={"allow": allow}
            )
        handler, needs_login = picked
        _check_type(call)
        if needs_login and call.user is None:
            raise _refused(call, login)
        return self._run(call, handler)

    def _run(self, call: Call, handler: Handler) -> Reply:
        self._state.writes.begin()
        return handler(call)

    def _other(self, call: Call) -> Reply:
        for answer in self._outside:
            reply = answer(call)
            if reply is not None:
                return reply
        return Reply(
            {"message": f"null for uri: {call.session.base_url}{call.path}", "status-code": 404}, 404
        )


def _refused(call: Call, login: Login) -> ApiError:
    """401: of a read as recorded (error_401), of a write as the resources word it."""
    if call.method != "GET" and not login.given:
        return unauthenticated()
    return ApiError(401, body=_CLIENT, headers={"www-authenticate": "OAuth realm=" + call.session.base_url})


def _check_type(call: Call) -> None:
    if not call.body or call.method in {"GET", "HEAD", "DELETE"}:
        return
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = "multipart/form-data" if call.path.endswith("/attachments") else "application/json"
    if kind != wanted:
        raise ApiError(415, body={"message": "HTTP 415 Unsupported Media Type", "status-code": 415})


def _response(request: Request, reply: Reply) -> Response:
    content = reply.content
    headers = {"cache-control": "no-cache, no-store, no-transform", **reply.headers}
    media = reply.content_type if content else None
    return Response(b"" if request.method == "HEAD" else content, reply.status, headers, media_type=media)
