"""Requests and answers of the ClickUp sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.records import User
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.kit.routing import Routes
from pm_providers.sandbox.kit.web import Reply

__all__ = ["Call", "Handler", "Reply", "v2_routes", "v3_routes"]

_EMPTY: Any = object()


@dataclass(slots=True)
class Call:
    """One request on its way through a handler.

    Attributes:
        teams: Workspaces that an app's token may use; None are all of the user's.
        query: decoded parameters with all their values.
        headers: names in lower case.
        params: parts of the path by their name in the route, decoded.
        base_url: of the sandbox, without a trailing slash.
        stale: listings shall show the state before so many writes (an injected fault).
    """

    state: State
    user: User
    method: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    base_url: str = ""
    teams: frozenset[str] | None = None
    stale: int = 0
    _json: Any = _EMPTY

    def one(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return self.query.get(name, [default])[0]

    def many(self, name: str) -> list[str]:
        """All values of an array parameter, which is one only with `[]` behind its name."""
        return self.query.get(f"{name}[]", [])

    def flag(self, name: str) -> bool:
        """A parameter as yes or no; no where it is missing."""
        return self.one(name).lower() in {"true", "1"}

    def number(self, name: str) -> int | None:
        """A parameter as a number, None where it is missing.

        Raises:
            ApiError: 400 for another text.
        """
        text = self.one(name)
        if not text:
            return None
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 20):
            raise bad_input(f"{name} must be a number", "INPUT_005")
        return int(text)

    def json(self) -> Any:
        """The decoded body, None for an empty one.

        Raises:
            ApiError: 400 for what is no JSON.
        """
        if self._json is _EMPTY:
            try:
                self._json = msgspec.json.decode(self.body) if self.body.strip() else None
            except (msgspec.DecodeError, RecursionError) as error:
                raise bad_input("Unexpected token in JSON", "APP_400") from error
        return self._json

    def object(self) -> dict[str, Any]:
        """The decoded body as an object; an empty one for no body.

        Raises:
            ApiError: 400 for other kinds of JSON.
        """
        body = self.json()
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise bad_input("Request body must be an object", "APP_400")
        return body


Handler = Callable[[Call], Reply]


def v2_routes() -> Routes[Handler]:
    """Handlers below `/api/v2`."""
    return Routes("/api/v2")


def v3_routes() -> Routes[Handler]:
    """Handlers below `/api/v3/workspaces/{workspace_id}`."""
    return Routes("/api/v3/workspaces/{workspace_id}")
