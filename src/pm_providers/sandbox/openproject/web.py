"""Requests, answers and routes of the sandbox, with the vendor's habits at the edges of HTTP."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import msgspec

from pm_providers.sandbox.kit import routing, web
from pm_providers.sandbox.openproject.errors import ApiError, bad_request, internal
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.sandbox.openproject.state import State

__all__ = ["Call", "Handler", "Reply", "Router", "Routes", "find_route", "parse_query"]

_EMPTY: Any = object()
MAX_UNPACKED = 1_000_000


@dataclass(slots=True)
class Reply(web.Reply):
    """An answer in the vendor's type."""

    content_type: str = "application/hal+json; charset=utf-8"


@dataclass(slots=True)
class Call:
    """One request on its way through a handler.

    Attributes:
        query: decoded parameters, the last one wins.
        params: parts of the path by their name in the route.
        stale: lists shall show the state before so many writes (an injected fault).
    """

    state: State
    user: Principal
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    stale: int = 0
    base_url: str = ""
    _json: Any = _EMPTY

    def json(self) -> Any:
        """The decoded body, None for an empty one.

        Raises:
            ApiError: 400 InvalidRequestBody; 500 for bytes that are not UTF-8, as recorded.
        """
        if self._json is _EMPTY:
            self._json = _decode(self.body)
        return self._json

    def object(self) -> dict[str, Any]:
        """The decoded body as an object; nothing, null and an empty list count as `{}`.

        Raises:
            ApiError: 500 for other kinds of JSON, as recorded 11-work-packages-update: step 61.
        """
        if "hal+json" in self.headers.get("content-type", ""):
            raise internal("can't convert String into Hash")
        body = self.json()
        if body is None or body == []:
            return {}
        if not isinstance(body, dict):
            kind = {"list": "Array", "str": "String"}.get(type(body).__name__, "Integer")
            raise internal(f"can't convert {kind} into Hash")
        return body

    def number(self, name: str = "id") -> int:
        """A path part as a number, as lenient as the vendor: `1.5` is 1, `007` is 7.

        Raises:
            ApiError: 400 when it does not start like a number.
        """
        match = re.fullmatch(r"(-?\d{1,40})(\.\d+)?", self.params[name])
        if match is None:
            raise bad_request(f"{name} is invalid")
        return int(match.group(1))


Handler = Callable[[Call], Reply]


Routes: TypeAlias = routing.Routes[Handler]
"""Handlers of one family of resources; paths are below `/api/v3`."""

Router: TypeAlias = routing.Router[Handler]


def find_route(router: Router, path: str) -> tuple[dict[str, Handler], dict[str, str]] | None:
    """Look up a path below `/api/v3`: double and trailing slashes and a suffix `.json` are ignored."""
    parts = tuple(part for part in path.split("/") if part)
    found = router.find("/".join(parts))
    if parts and parts[-1].endswith(".json"):
        found = router.find("/".join(parts).removesuffix(".json")) or found
    return found


def parse_query(raw: str) -> dict[str, str]:
    """Decoded parameters; of repeated ones the last. `eprops` unpacks into more of them."""
    params = dict(parse_qsl(raw, keep_blank_values=True))
    packed = params.pop("eprops", None)
    return params if packed is None else {**params, **_unpacked(packed)}


def _unpacked(packed: str) -> dict[str, str]:
    """Parameters too long for a URL: base64 of the deflated JSON of the query.

    Raises:
        ApiError: 400 for what cannot be unpacked, or is larger than a megabyte.
    """
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(base64.b64decode(packed), MAX_UNPACKED)
        value = msgspec.json.decode(text)
    except (ValueError, zlib.error, msgspec.DecodeError, RecursionError) as error:
        raise bad_request("eprops is invalid") from error
    if unpacker.unconsumed_tail or not isinstance(value, dict):
        raise bad_request("eprops is invalid")
    return {str(key): part if isinstance(part, str) else str(part) for key, part in value.items()}


def _decode(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise internal("invalid byte sequence in UTF-8") from error
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ApiError(
            400,
            "InvalidRequestBody",
            "The request could not be parsed as JSON.",
            {"parseError": str(error)},
        ) from error
    if b"\\u0000" in body:
        raise internal("string contains null byte")
    return value
