"""Requests, answers and the caller of the Asana sandbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec

from pm_providers.sandbox.asana.data import Data, is_gid, shown
from pm_providers.sandbox.asana.errors import BAD_JSON, ApiError, bad, missing, not_an_id, payment_required
from pm_providers.sandbox.asana.fields import COMPACT, FULL, Ref, parse_fields, show
from pm_providers.sandbox.asana.records import Token, User
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.kit import web
from pm_providers.sandbox.kit.routing import Routes

__all__ = ["Call", "Handler", "Reply", "Routing", "Scoped", "Session", "done", "record", "routes", "stamp"]

APP = "https://app.asana.com"


@dataclass(slots=True)
class Reply(web.Reply):
    """An answer in the vendor's type."""

    content_type: str = "application/json; charset=UTF-8"


@dataclass(slots=True)
class Session:
    """Who asks.

    Attributes:
        api: address of the API, for links.
        cost: objects that the answer has touched, for the limit on costs.
        seen: what the rights of the caller were found to be, by project.
    """

    state: State
    user: User
    token: Token
    api: str
    cost: int = 0
    seen: dict[str, bool] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the caller's profile."""
        return ZoneInfo(self.user.time_zone)

    def needs(self, plan: str, feature: str) -> None:
        """402 when the plan is lower."""
        if not self.state.has(plan):
            raise payment_required(feature)


def stamp(moment: datetime | None) -> str | None:
    """`2026-01-10T08:00:00.123Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Call:
    """One request on its way through a handler.

    Attributes:
        path: below the API's root, for example `/tasks/1`.
        query: decoded parameters with all their values.
        headers: names in lower case.
        params: parts of the path by their name in the route, decoded.
        body: as sent; `document` is used in its place where it is set (actions of a batch).
        stale: searches shall show the state before so many writes (an injected fault).
    """

    session: Session
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""
    params: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] | None = None
    form: bool = False
    stale: int = 0

    @property
    def state(self) -> State:
        """Everything stored."""
        return self.session.state

    def one(self, name: str) -> str | None:
        """The first value of a parameter; None when it is absent."""
        return self.query.get(name, [None])[0]

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.one(name)
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str) -> bool | None:
        """A parameter as true or false; None when it is absent."""
        value = self.one(name)
        if value is None:
            return None
        if value.lower() not in {"true", "false"}:
            raise bad(f"{name}: Value is not a boolean: {shown(value)}")
        return value.lower() == "true"

    def gid(self, name: str) -> str | None:
        """A parameter as an id; None when it is absent."""
        value = self.one(name)
        if value is None:
            return None
        if not is_gid(value):
            raise not_an_id(name, shown(value))
        return value

    def data(self) -> Data:
        """The `data` of the body, empty without a body.

        Raises:
            ApiError: 400 for what is no JSON, and for members outside of `data` [recorded].
        """
        values = self._document().get("data", {})
        if not isinstance(values, dict):
            raise bad(f"data: Value is not a JSON object: {shown(values)}")
        return Data(values, form=self.form)

    def option(self, name: str) -> str | None:
        """An option of the request: from the query, or from `options` of the body."""
        value = self.one(name)
        if value is None:
            found = self._options().get(name)
            value = None if found is None else str(found)
        return value

    def fields(self) -> Any:
        """The tree of `opt_fields` (or `options.fields`); None when there are none."""
        texts = self.query.get("opt_fields", [])
        if not texts:
            found = self._options().get("fields", ())
            texts = [found] if isinstance(found, str) else [str(part) for part in found]
        text = ",".join(texts)
        return parse_fields(text) if text.strip(", ") else None

    def _options(self) -> dict[str, Any]:
        found = self._document().get("options", {}) if self.body or self.document else {}
        return found if isinstance(found, dict) else {}

    def _document(self) -> dict[str, Any]:
        if self.document is None:
            self.document = self._decoded()
        return self.document

    def _decoded(self) -> dict[str, Any]:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self.body.strip():
            return {}
        if kind == "application/x-www-form-urlencoded":
            self.form = True
            return {"data": dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))}
        if kind == "multipart/form-data":
            return {}
        if kind != "application/json":
            raise ApiError(415, f"Unsupported content type: {kind[:80]}")
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            raise bad(BAD_JSON) from None
        if not isinstance(found, dict):
            raise bad(BAD_JSON)
        _only_envelope(found)
        return found


def _only_envelope(found: dict[str, Any]) -> None:
    stray = next((name for name in found if name not in {"data", "options"}), None)
    if stray is not None:
        raise bad(
            f"Unrecognized request field `{stray[:80]}`. The only allowed keys at the top level are: data, "
            "options. Is it possible you did not wrap object properties in a `data` object?"
        )


Handler = Callable[[Call], Reply | Awaitable[Reply]]
Routing = Routes[tuple[Handler, str]]


def routes(scope: str = "") -> Scoped:
    """Routes of one family of resources; `scope` is what a granular token needs, for example `tasks`.

    Reads need `<scope>:read`, deletes `<scope>:delete`, other methods `<scope>:write`; without a scope
    they need full access.
    """
    return Scoped(scope)


class Scoped:
    """A decorator for handlers, and the routes that it has collected; see `routes`."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.routes: Routing = Routes()

    def __call__(self, method: str, path: str, scope: str = "") -> Callable[[Handler], Handler]:
        """Register the decorated handler; `scope` is for resources with a scope of their own."""
        needed = scope or self.scope
        verb = {"GET": "read", "DELETE": "delete"}.get(method, "write")

        def register(handler: Handler) -> Handler:
            self.routes(method, path)((handler, f"{needed}:{verb}" if needed else "default"))
            return handler

        return register


def record(call: Call, kind: str, row: Any, status: int = 200, **headers: str) -> Reply:
    """Answer with one record: full, or what was asked for."""
    spec = call.fields() or (FULL if kind else COMPACT)
    return Reply({"data": show(call.session, Ref(kind, row), spec)}, status, headers=headers)


def done() -> Reply:
    """The empty answer of deletes and of actions [recorded]."""
    return Reply({"data": {}})
