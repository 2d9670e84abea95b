"""Requests, answers and routes of the Jira sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from pm_providers.sandbox.jira.errors import ApiError, bad_request, unauthenticated
from pm_providers.sandbox.jira.records import User
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.kit import routing, web

__all__ = ["BAD_PAYLOAD", "Call", "Handler", "Page", "Reply", "Router", "Routes", "Session", "stamp", "texts"]

BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."

_EMPTY: Any = object()


@dataclass(slots=True)
class Reply(web.Reply):
    """An answer in the vendor's type."""

    content_type: str = "application/json;charset=UTF-8"


@dataclass(slots=True)
class Session:
    """Who asks, and in which form answers are wanted.

    Attributes:
        user: None is anonymous.
        version: `3` (rich texts are ADF) or `2` (rich texts are wiki markup).
        base_url: of the site (or the gateway with its cloud id), without a trailing slash.
    """

    state: State
    user: User | None
    version: str = "3"
    base_url: str = ""

    @property
    def api(self) -> str:
        """Base of the platform's addresses."""
        return f"{self.base_url}/rest/api/{self.version}"

    @property
    def account_id(self) -> str:
        """Account id of the user.

        Raises:
            ApiError: 401 for the anonymous user.
        """
        if self.user is None:
            raise unauthenticated()
        return self.user.id

    def stamp(self, moment: datetime) -> str:
        """A moment in the profile zone of the caller."""
        return stamp(moment, self.user.time_zone if self.user is not None else "Etc/UTC")


_MILLIS = len("2026-02-06T09:30:49.157")


def stamp(moment: datetime, zone: str = "Etc/UTC") -> str:
    """`2026-02-06T09:30:49.157+0000`: milliseconds, and an offset without a colon."""
    local = moment.astimezone(ZoneInfo(zone))
    text = local.isoformat(timespec="milliseconds")
    return text[:_MILLIS] + text[_MILLIS:].replace(":", "")


def texts(value: Any) -> list[str]:
    """A list of texts or numbers as texts; empty for null.

    Raises:
        ApiError: 400 for other kinds of JSON.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, str | int) for part in value):
        raise bad_request(BAD_PAYLOAD)
    return [str(part) for part in value]


@dataclass(frozen=True, slots=True)
class Page:
    """A window into a list."""

    start: int
    size: int

    def cut(self, rows: list[Any]) -> list[Any]:
        """The rows in the window."""
        return rows[self.start : self.start + self.size]

    def bean(self, rows: list[Any], values: list[Any], *, name: str = "values") -> dict[str, Any]:
        """`startAt`, `maxResults`, `total` and the values of this page; `isLast` beside `values`."""
        body: dict[str, Any] = {"startAt": self.start, "maxResults": self.size, "total": len(rows)}
        if name == "values":
            body["isLast"] = self.start + self.size >= len(rows)
        body[name] = values
        return body


@dataclass(slots=True)
class Call:
    """One request on its way through a handler.

    Attributes:
        query: decoded parameters with all their values.
        headers: names in lower case.
        params: parts of the path by their name in the route, decoded.
        stale: searches shall show the state before so many writes (an injected fault).
    """

    session: Session
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    stale: int = 0
    _json: Any = _EMPTY

    @property
    def state(self) -> State:
        """The site."""
        return self.session.state

    @property
    def user(self) -> User | None:
        """Who asks; None is anonymous."""
        return self.session.user

    def one(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return self.query.get(name, [default])[0]

    def many(self, name: str) -> list[str]:
        """All values of a repeated or comma separated parameter."""
        return [part.strip() for text in self.query.get(name, ()) for part in text.split(",") if part.strip()]

    def flag(self, name: str, default: bool = False) -> bool:
        """A parameter as yes or no."""
        text = self.one(name).lower()
        return text == "true" if text else default

    def number(self, name: str, default: int = 0) -> int:
        """A parameter as a number.

        Raises:
            ApiError: 404 for another text, as the vendor's framework does for numbers in a query.
        """
        text = self.one(name)
        if not text:
            return default
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise ApiError(404, body={"errorMessages": ["HTTP 404 Not Found"], "errors": {}})
        return int(text)

    def page(self, default: int = 50, cap: int = 100) -> Page:
        """The wanted window: `startAt` and `maxResults`, which the server lowers to `cap`."""
        size = self.number("maxResults", default)
        return Page(max(0, self.number("startAt")), min(size, cap) if size > 0 else default)

    def json(self) -> Any:
        """The decoded body, None for an empty one.

        Raises:
            ApiError: 400 for what is no JSON.
        """
        if self._json is _EMPTY:
            try:
                self._json = msgspec.json.decode(self.body) if self.body.strip() else None
            except (msgspec.DecodeError, RecursionError) as error:
                raise bad_request(BAD_PAYLOAD) from error
        return self._json

    def object(self, *names: str) -> dict[str, Any]:
        """The decoded body as an object.

        Args:
            names: all members that it may have; any where none are given.

        Raises:
            ApiError: 400 for nothing, for other kinds of JSON, and for members with other names.
        """
        body = self.json()
        if not isinstance(body, dict) or (names and not body.keys() <= set(names)):
            raise bad_request(BAD_PAYLOAD)
        return body


Handler = Callable[[Call], Reply]


class Routes:
    """Handlers of one family of resources, collected by decorators.

    Args:
        root: what the paths are below: `api` stands for `/rest/api/3`, `/rest/api/2` and `/rest/api/latest`;
            others are literal, like `/rest/agile/1.0`.
        login: whether an anonymous caller gets 401 for all of them but those that say otherwise.
    """

    def __init__(self, root: str = "api", *, login: bool = False) -> None:
        self.root = root
        self.login = login
        self.handlers = routing.Routes[tuple[Handler, bool]]()

    def __call__(self, method: str, path: str, *, login: bool | None = None) -> Callable[[Handler], Handler]:
        """Register the decorated handler for a method and path; `{name}` stands for one part.

        Writes need a login unless `login` says otherwise; reads as the family says.
        """
        needed = login if login is not None else (self.login or method != "GET")

        def register(handler: Handler) -> Handler:
            self.handlers(method, path)((handler, needed))
            return handler

        return register


class Router:
    """All routes, by what they are below."""

    def __init__(self, groups: Iterable[Routes]) -> None:
        below: dict[str, list[routing.Routes[tuple[Handler, bool]]]] = {}
        for group in groups:
            below.setdefault(group.root, []).append(group.handlers)
        self._below = {root: routing.Router(found) for root, found in below.items()}

    def find(self, path: str) -> tuple[str, dict[str, tuple[Handler, bool]], dict[str, str]] | None:
        """API version, handlers by method and the named parts of a raw path; None for an unknown one."""
        for version in ("3", "2", "latest"):
            prefix = f"/rest/api/{version}/"
            if path.startswith(prefix):
                found = self._below["api"].find(path[len(prefix) :])
                return (version if version != "latest" else "2", *found) if found else None
        for root, router in self._below.items():
            if root != "api" and path.startswith(root + "/"):
                found = router.find(path[len(root) + 1 :])
                if found:
                    return ("3", *found)
        return None
