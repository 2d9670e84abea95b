"""The sandbox's ASGI app: credentials, content types, routes, errors, ETags."""

from __future__ import annotations

import base64
import binascii
import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pm_providers.sandbox.kit.web import base_of, path_of
from pm_providers.sandbox.openproject.defaults import ANONYMOUS_ID
from pm_providers.sandbox.openproject.errors import ApiError, internal
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.web import (
    Call,
    Handler,
    Reply,
    Router,
    find_route,
    parse_query,
)

__all__ = ["OpenProjectApp"]

ROOT = "/api/v3"
# names the installation, without credentials (17.x)
METADATA = "/.well-known/openproject-metadata"
MAX_QUERY = 10_240
MAX_BODY = 60_000_000
# The web server refuses these before the application sees them, recorded 03-…: step 39.
_REFUSED_IN_QUERY = frozenset('"{}<>\\^`| ')
_KNOWN_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"})
_BARE_TYPES = frozenset({"application/json", "application/hal+json"})
_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
WITHOUT_LOGIN = frozenset({"/configuration"})


class OpenProjectApp:
    """Serves one `State` over HTTP."""

    def __init__(self, state: State, router: Router) -> None:
        self._state = state
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        reply = self._guarded(scope, dict(request.headers), body)
        await _response(request, reply)(scope, receive, send)

    def _guarded(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        try:
            return self._answer(scope, headers, body)
        except ApiError as error:
            reply = Reply(error.body, error.status)
            if error.status == 401:
                reply.headers["www-authenticate"] = 'Basic realm="OpenProject API"'
            return reply

    def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        path = path_of(scope)
        query = scope["query_string"].decode("latin-1")
        method = headers.get("x-http-method-override") or scope["method"]
        if len(query) > MAX_QUERY or _REFUSED_IN_QUERY & set(query) or len(body) > MAX_BODY:
            return Reply(None, 400, "text/plain")
        if method not in _KNOWN_METHODS:
            return Reply(None, 405, "text/plain")
        outside = self._outside(path, headers)
        if outside is not None:
            return outside
        self._state.run_jobs(due_only=True)
        found = find_route(self._router, path[len(ROOT) :])
        if found is None:
            return _unknown(headers)
        if method == "OPTIONS":
            return Reply(None, 200 if "origin" in headers else 204, "text/plain")
        handlers, params = found
        handler = _pick(method, handlers, path, headers, self._state)
        if isinstance(handler, Reply):
            return handler
        user = authenticate(self._state, headers)
        if self._needs_login(user, path):
            raise ApiError(401, "Unauthenticated", "You need to be authenticated to access this resource.")
        call = Call(
            state=self._state,
            user=user,
            method=method,
            path=path,
            query=parse_query(query),
            headers=headers,
            body=body,
            params=params,
            stale=scope.get("stale_writes", 0),
            base_url=base_of(scope, headers),
        )
        if method != "GET":
            self._state.writes.begin()
        return handler(call)

    def _outside(self, path: str, headers: dict[str, str]) -> Reply | None:
        if path == ROOT or path.startswith(ROOT + "/"):
            return None
        if path == METADATA and self._state.features.workspaces:
            uuid = self._state.settings["installation_uuid"]
            return Reply({"installation_uuid": uuid}, content_type="application/json")
        if path.startswith("/api/v2"):
            return Reply(None, 410, "text/plain")
        if path.startswith("/work_packages/") and path.endswith(".json"):
            return Reply(None, 406, "application/json")
        return _unknown(headers)

    def _needs_login(self, user: Principal, path: str) -> bool:
        if user.id != ANONYMOUS_ID or not self._state.settings["login_required"]:
            return False
        open_to_all = self._state.features.millis and path[len(ROOT) :] in WITHOUT_LOGIN
        return not open_to_all


def authenticate(state: State, headers: dict[str, str]) -> Principal:
    """The user behind the credentials; the anonymous one without any that mean something.

    Raises:
        ApiError: 401 for a wrong key, user name or locked account.
    """
    scheme, _, value = headers.get("authorization", "").partition(" ")
    key: str | None = None
    if scheme.lower() == "basic":
        key = _basic_key(value)
    elif scheme.lower() == "bearer":
        if not state.features.bearer_keys and not state.settings["login_required"]:
            return state.principals[ANONYMOUS_ID]
        key = value if state.features.bearer_keys and value.startswith("opapi-") else ""
    if key is None:
        return state.principals[ANONYMOUS_ID]
    user = state.principals.get(state.keys.get(key))
    if user is None or user.status != "active":
        raise ApiError(401, "Unauthenticated", "You did not provide the correct credentials.")
    return user


def _basic_key(value: str) -> str:
    try:
        name, _, key = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return key if name == "apikey" else ""


def _pick(
    method: str, handlers: dict[str, Handler], path: str, headers: dict[str, str], state: State
) -> Handler | Reply:
    wrong = _wrong_type(method, path, headers, state)
    if wrong is not None:
        return wrong
    handler = handlers.get("GET" if method == "HEAD" else method)
    if handler is None:
        raise internal("405 Not Allowed")
    return handler


def _wrong_type(method: str, path: str, headers: dict[str, str], state: State) -> Reply | None:
    """406 and 415 as recorded 23-http-edges: steps 1 to 16."""
    if method == "GET" or (method == "DELETE" and not state.features.delete_needs_type):
        return None
    given = headers.get("content-type")
    if given is None:
        return Reply(b"Missing content-type header", 406)
    bare = given.partition(";")[0].strip().lower()
    if bare in _BARE_TYPES or (bare == "multipart/form-data" and path.endswith("attachments")):
        return None
    if method == "POST" and path.endswith(("attachments", "attachments/prepare")):
        return None  # the handler words this one
    if method == "POST" and bare == "text/plain" and path.startswith(ROOT + "/render/"):
        return None
    if bare in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        message = f"Expected CONTENT-TYPE to be 'application/json application/hal+json' but got '{given}'."
        raise ApiError(415, "TypeNotSupported", message)
    return Reply(f"The provided content-type '{given}' is not supported.".encode(), 415)


def _unknown(headers: dict[str, str]) -> Reply:
    if headers.get("accept", "").strip() == "application/json":
        return Reply(None, 404, "application/json")
    return Reply(_PAGE.format("Page not found").encode(), 404, "text/html; charset=utf-8")


def _response(request: Request, reply: Reply) -> Response:
    content = reply.content
    headers = {"cache-control": "max-age=0, private, must-revalidate", **reply.headers}
    if reply.status == 200 and content and request.method == "GET":
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        headers["etag"] = f'W/"{digest}"'
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(b"", 304, headers)
    if request.method == "HEAD":
        content = b""
    media = reply.content_type if content else None
    return Response(content, reply.status, headers, media_type=media)
