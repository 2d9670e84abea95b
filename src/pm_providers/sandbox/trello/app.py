"""The sandbox's ASGI app: credentials, limits, routes and errors."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pm_providers.sandbox.kit.routing import Router
from pm_providers.sandbox.kit.web import base_of, path_of
from pm_providers.sandbox.trello.access import login, need_scope
from pm_providers.sandbox.trello.errors import ApiError
from pm_providers.sandbox.trello.limits import LimitGate
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.storage import stored_file
from pm_providers.sandbox.trello.web import Call, Handler, Reply, Session, read_args

__all__ = ["TrelloApp"]

MAX_BODY = 300_000_000
MAX_URL = 8_192
LONG_LIST = 100
MAX_KEPT = 64
_SINGULAR = frozenset(
    {"action", "board", "card", "checklist", "label", "list", "member", "organization", "token", "webhook"}
)
_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class TrelloApp:
    """Serves one `State` over HTTP.

    Args:
        router: the routes, which batch requests use too.
        gate: the rate limits.
    """

    def __init__(self, state: State, router: Router[Handler], gate: LimitGate) -> None:
        self._state, self._router, self._gate = state, router, gate
        self._kept: dict[tuple[Any, ...], tuple[bytes, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        try:
            reply = await self._answer(scope, dict(request.headers), body)
        except ApiError as error:
            reply = _refusal(error)
        await _response(request, reply)(scope, receive, send)

    async def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        path = path_of(scope)
        query = scope["query_string"].decode("latin-1")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        _check_size(method, path + query, body)
        file = stored_file(self._state, path, headers)
        if file is not None:
            return file
        args, files = read_args(method, query, headers, body)
        base = base_of(scope, headers)
        session = login(self._state, headers, args, base)
        call = Call(session, method, path, args, headers, files=files, stale=scope.get("stale_writes", 0))
        counted = self._gate.count(session, path)
        try:
            reply = await self._run(call)
            self._gate.charge(session)
        except ApiError as error:
            reply = _refusal(error)
        reply.headers = {**counted, **reply.headers}
        return reply

    async def _run(self, call: Call) -> Reply:
        key = self._key(call)
        kept = self._kept.get(key) if key else None
        if kept is not None:
            call.session.cards = kept[1]
            return Reply(kept[0])
        found = self.dispatch(call)
        if inspect.isawaitable(found):
            found = await found
        if key and isinstance(found, list) and len(found) >= LONG_LIST:
            self._keep(key, msgspec.json.encode(found), call.session.cards)
        return found if isinstance(found, Reply) else Reply(found)

    def _key(self, call: Call) -> tuple[Any, ...] | None:
        """What a list of cards depends on; None for other requests."""
        if call.method != "GET" or "/cards" not in call.path:
            return None
        token = call.session.token
        args = tuple((name, str(value)) for name, value in call.args.items())
        who = token.id if token is not None else ""
        return (self._state.writes.changes, who, call.session.base_url, call.path, args)

    def _keep(self, key: tuple[Any, ...], body: bytes, cards: int) -> None:
        """Long lists are encoded once while nothing is written, for loads of reads."""
        if len(self._kept) >= MAX_KEPT or any(known[0] != key[0] for known in self._kept):
            self._kept.clear()
        self._kept[key] = (body, cards)

    def dispatch(self, call: Call) -> Any:
        """What the route's handler gives: JSON data, a `Reply`, or something to wait for.

        Raises:
            ApiError: what the handler refuses; 404 for an unknown route.
        """
        found = self._router.find(_plural(call.path))
        handler = found[0].get(call.method) if found is not None else None
        if found is None or handler is None:
            raise ApiError(404, f"Cannot {call.method} {call.path}")
        need_scope(call.session, call.method, _plural(call.path))
        call.params = found[1]
        self._state.writes.begin()
        return handler(call)

    def inner(self, session: Session, path: str, query: str) -> Any:
        """One `GET` of a batch: what its handler gives.

        Raises:
            ApiError: what the handler or the limits refuse.
        """
        args, _ = read_args("GET", query, {}, b"")
        self._gate.count(session, path)
        found = self.dispatch(Call(session, "GET", path, args, {}))
        return found.body if isinstance(found, Reply) else found


def _plural(path: str) -> str:
    """A path with its family in the plural: `/1/card/...` is taken as well ([lib] py-trello)."""
    parts = path.split("/", 3)
    if len(parts) > 2 and parts[2] in _SINGULAR:
        parts[2] += "s"
    return "/".join(parts)


def _check_size(method: str, url: str, body: bytes) -> None:
    if len(url) > MAX_URL:
        raise ApiError(414, _HTML.format("414 Request-URI Too Large"))
    if len(body) > MAX_BODY:
        raise ApiError(413, "File too large")
    if body and method == "GET":
        # since 2024-03-12 the vendor's front refuses them [doc] changelog
        raise ApiError(403, _HTML.format("403 ERROR The request could not be satisfied."))


def _refusal(error: ApiError) -> Reply:
    if not isinstance(error.body, str):
        return Reply(error.body, error.status, headers=dict(error.headers))
    kind = "text/html; charset=utf-8" if error.body.startswith("<html") else "text/plain; charset=utf-8"
    return Reply(error.body, error.status, kind, dict(error.headers))


def _response(request: Request, reply: Reply) -> Response:
    if isinstance(reply.body, bytes):
        content = reply.body
    elif isinstance(reply.body, str) and not reply.content_type.startswith("application/json"):
        content = reply.body.encode()
    else:
        content = msgspec.json.encode(reply.body)
    headers = {"cache-control": "max-age=0, must-revalidate, no-cache, no-store", **reply.headers}
    return Response(
        b"" if request.method == "HEAD" else content, reply.status, headers, media_type=reply.content_type
    )
