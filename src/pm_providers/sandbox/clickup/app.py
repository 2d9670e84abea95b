"""The sandbox's ASGI app: credentials, rate limit, routes and errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pm_providers.sandbox.clickup.errors import ApiError, V3Error, bad_input
from pm_providers.sandbox.clickup.limits import LimitGate
from pm_providers.sandbox.clickup.records import User
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.web import Call, Handler, Reply
from pm_providers.sandbox.kit.routing import Router
from pm_providers.sandbox.kit.web import base_of, path_of, query_of

__all__ = ["ClickUpApp", "Outside"]

MAX_BODY = 1_000_000_000
MAX_JSON = 10_000_000


class Outside(Protocol):
    """Addresses that need no login: downloads and the token request of apps."""

    def __call__(
        self, state: State, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> Reply | None:
        """The answer, or None for an address that is not one of these."""


@dataclass(frozen=True, slots=True)
class _Login:
    user: User
    token: str
    teams: frozenset[str] | None


class ClickUpApp:
    """Serves one `State` over HTTP."""

    def __init__(
        self, state: State, router: Router[Handler], gate: LimitGate, outside: tuple[Outside, ...] = ()
    ) -> None:
        self._state = state
        self._router = router
        self._gate = gate
        self._outside = outside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        reply = self._reply(scope, dict(request.headers), body)
        await _response(request, reply)(scope, receive, send)

    def _reply(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        path = path_of(scope)
        extra: dict[str, str] = {}
        try:
            for answer in self._outside:
                reply = answer(self._state, scope["method"], path, headers, body)
                if reply is not None:
                    return reply
            login = _login(self._state, headers)
            counted = self._gate.take(login.token, scope["method"], path)
            if counted is not None:
                extra = self._gate.headers(counted)
            if counted is not None and not counted.allowed:
                reply = self._gate.refused()
            else:
                reply = self._dispatched(scope, path, headers, body, login)
        except ApiError as error:
            reply = Reply(_worded(error, path, self._state.now()), error.status)
        reply.headers = {**reply.headers, **extra}
        return reply

    def _dispatched(
        self, scope: Scope, path: str, headers: dict[str, str], body: bytes, login: _Login
    ) -> Reply:
        found = self._router.find(path)
        if found is None:
            raise ApiError(404, "Route not found", "APP_404")
        handlers, params = found
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = handlers.get(method)
        if handler is None:
            raise ApiError(404, "Route not found", "APP_404")
        _check_body(path, method, headers, body)
        self._state.writes.begin()
        return handler(
            Call(
                state=self._state,
                user=login.user,
                method=method,
                query=query_of(scope),
                headers=headers,
                body=body,
                params=params,
                base_url=base_of(scope, headers),
                teams=login.teams,
                stale=scope.get("stale_writes", 0),
            )
        )


def _worded(error: ApiError, path: str, now: int) -> Any:
    if path.startswith("/api/v3/") and not isinstance(error, V3Error):
        return V3Error(error.status, str(error.body["err"]), now).body
    return error.body


def _login(state: State, headers: dict[str, str]) -> _Login:
    """A personal token goes raw into the header, an app's after `Bearer`."""
    given = headers.get("authorization", "")
    if not given:
        raise ApiError(401, "Authorization header required", "OAUTH_017")
    scheme, _, rest = given.partition(" ")
    if rest:
        entry = state.bearers.get(rest) if scheme.lower() == "bearer" else None
        if entry is None:
            raise ApiError(
                401, "Oauth token not found", "OAUTH_018" if rest not in state.revoked else "OAUTH_021"
            )
        return _Login(state.users[entry[0]], rest, entry[1])
    if given in state.revoked:
        raise ApiError(401, "Token invalid", "OAUTH_021")
    user = state.users.get(state.tokens.get(given))
    if user is None:
        raise ApiError(401, "Token invalid", "OAUTH_025")
    return _Login(user, given, None)


def _check_body(path: str, method: str, headers: dict[str, str], body: bytes) -> None:
    if not body or method == "GET":
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    multipart = path.endswith(("/attachment", "/attachments"))
    if multipart and kind != "multipart/form-data":
        raise bad_input("Multipart content expected", "ATTCH_001")
    if not multipart and len(body) > MAX_JSON:
        raise ApiError(413, "request entity too large", "APP_413")
    if not multipart and kind != "application/json":
        raise bad_input("Content-Type must be application/json", "APP_415")


def _response(request: Request, reply: Reply) -> Response:
    content = reply.content
    media = reply.content_type if content else None
    return Response(
        b"" if request.method == "HEAD" else content, reply.status, dict(reply.headers), media_type=media
    )
