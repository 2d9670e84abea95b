"""Requests and answers of the Trello sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pm_providers.sandbox.kit.multipart import FilePart, read_files, read_texts
from pm_providers.sandbox.kit.routing import Routes
from pm_providers.sandbox.kit.web import Reply
from pm_providers.sandbox.trello.errors import ApiError, invalid, invalid_object
from pm_providers.sandbox.trello.ids import is_id, read_moment
from pm_providers.sandbox.trello.records import Member, Token
from pm_providers.sandbox.trello.state import State

__all__ = ["Call", "Handler", "Reply", "Session", "family"]

MAX_TEXT = 16_384
MAX_URL_TEXT = 2_000
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0", "none", ""})


@dataclass(slots=True)
class Session:
    """Who asks.

    Attributes:
        token: None for a caller with an API key only, who sees public boards.
        in_header: credentials came in the `Authorization` header (downloads want that).
        cards: cards read so far by this request, for the budget of the database.
    """

    state: State
    member: Member | None = None
    token: Token | None = None
    app_id: str | None = None
    base_url: str = ""
    in_header: bool = False
    cards: int = 0

    @property
    def member_id(self) -> str:
        """Id of the member, empty for nobody."""
        return self.member.id if self.member is not None else ""


Handler = Callable[["Call"], Any]


def family() -> Routes[Handler]:
    """Routes below `/1`."""
    return Routes("/1")


@dataclass(slots=True)
class Call:
    """One request on its way through a handler.

    Attributes:
        args: parameters from query, form and JSON body together; the body wins. Names that a route does not
            know are ignored, as the vendor does.
        params: parts of the path by their name in the route.
        stale: searches shall show the state before so many writes (an injected fault).
    """

    session: Session
    method: str
    path: str
    args: dict[str, Any]
    headers: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    files: list[FilePart] = field(default_factory=list)
    stale: int = 0

    @property
    def state(self) -> State:
        """The store."""
        return self.session.state

    def has(self, name: str) -> bool:
        """Whether the parameter was sent at all."""
        return name in self.args

    def text(
        self, name: str, default: str | None = None, *, least: int = 0, most: int = MAX_TEXT, label: str = ""
    ) -> str:
        """A text; the default where it was not sent or null, refused without one.

        `least` and `most` bound its characters; `label` is the name to use in the refusal.
        """
        value = self.args.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise invalid(label or name)
        text = str(value)
        if not least <= len(text.strip()) or len(text) > most:
            raise invalid(label or name)
        return text

    def plain(self, name: str, default: str = "") -> str:
        """A parameter of a read as text; lists are joined by commas."""
        value = self.args.get(name)
        if value is None:
            return default
        if isinstance(value, list):
            return ",".join(str(part) for part in value)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth value: JSON, or `true` and `false` as texts."""
        value = self.args.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        text = str(value).lower()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise invalid(name)

    def moment(self, name: str) -> str | None:
        """A date, or None for null, an empty text, and `null` as a text."""
        value = self.args.get(name)
        if value is None or (isinstance(value, str) and value.strip() in {"", "null"}):
            return None
        found = read_moment(value)
        if found is None:
            raise invalid(name)
        return found

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1000) -> int:
        """A whole number in its bounds."""
        value = self.args.get(name)
        if value is None or value == "":
            return default
        try:
            found = int(str(value))
        except ValueError:
            raise invalid(name) from None
        if not least <= found <= most:
            raise invalid(name)
        return found

    def ids(self, name: str) -> tuple[str, ...]:
        """Ids as a list or a text with commas; empty texts give none.

        Raises:
            ApiError: 400 "Invalid objectId" for what is none.
        """
        value = self.args.get(name)
        parts = value if isinstance(value, list) else str(value if value is not None else "").split(",")
        found = [part.strip() if isinstance(part, str) else part for part in parts]
        found = [part for part in found if part != ""]
        if not all(isinstance(part, str) and is_id(part) for part in found):
            raise invalid_object()
        return tuple(dict.fromkeys(part.lower() for part in found))

    def words(self, name: str, default: str = "") -> tuple[str, ...]:
        """Words with commas between them."""
        return tuple(part.strip() for part in self.plain(name, default).split(",") if part.strip())

    def renamed(self, **names: str) -> Call:
        """The same call with some parameters under other names: `value` of `PUT /cards/{id}/name`."""
        args = {new: self.args[old] for old, new in names.items() if old in self.args}
        return Call(self.session, self.method, self.path, args, self.headers, self.params, self.files)


def read_args(
    method: str, query: str, headers: dict[str, str], body: bytes
) -> tuple[dict[str, Any], list[FilePart]]:
    """Parameters and files of a request.

    Raises:
        ApiError: 400 for a body that cannot be read, 414 for long texts in the address ([obs] they break at
            about 2,000 characters).
    """
    args: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if method in {"POST", "PUT"} and any(len(value) > MAX_URL_TEXT for value in args.values()):
        raise ApiError(414, "<html><head><title>414 Request-URI Too Large</title></head></html>")
    if not body:
        return args, []
    content_type = headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return args | read_texts(body, content_type), read_files(body, content_type)
    if kind == "application/json":
        return args | _json_object(body), []
    if kind == "application/x-www-form-urlencoded":
        return args | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), []
    return args, []


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise ApiError(400, "Error parsing body") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ApiError(400, "Error parsing body")
    return found
