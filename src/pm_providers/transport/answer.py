"""What came back: a bounded, fully read answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pm_providers.collector import collector_paused
from pm_providers.errors import ProviderError
from pm_providers.transport.errors import Where, clean_text

__all__ = ["REQUEST_ID_HEADERS", "Answer", "depth_exceeds", "surely_shallow"]

REQUEST_ID_HEADERS: Final = ("x-request-id", "x-arequestid", "atl-traceid", "x-trace-id")
"""Headers in which vendors name a request, in order of preference."""

_REQUEST_ID: Final = re.compile(r"[\w.:@/+=-]{1,128}", re.ASCII)
_CONTAINERS: Final = (dict, list)
_NO_BRACKETS: Final = bytes(one for one in range(256) if one not in b'[]{}"')
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_ROUNDS: Final = 32
"""Ordinary answers are through long before; for others one walk over the values is cheaper."""
_decoder: Final = msgspec.json.Decoder()


class Answer:
    """One HTTP answer, read to its end.

    Attributes:
        status: HTTP status.
        headers: response headers; look-up ignores case.
        content: the body, decompressed; empty where there was none.
        request_id: the vendor's id of the request, `None` where it sent none or a malformed one.
        url_path: path of the URL that answered, after redirects, without its query.
    """

    __slots__ = (
        "_hint", "_max_depth", "_value", "_where", "content", "headers", "request_id", "status",
        "url_path",
    )  # fmt: skip

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
        *,
        where: Where,
        max_depth: int = 200,
        hint: str = "",
    ) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.request_id = _request_id(headers)
        self.url_path = where.path
        self._where = where
        self._max_depth = max_depth
        self._hint = hint
        self._value: Any = msgspec.UNSET

    def json(self) -> Any:
        """The body as decoded JSON; decoded once.

        Raises:
            ProviderError: the body is empty, is no JSON (an HTML page, for example), is cut off, or
                is nested too deeply. The text names the content type, never the content.
        """
        if self._value is msgspec.UNSET:
            self._value = self._decode()
        return self._value

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ProviderError: as `json`, and when the body is another kind of JSON value.
        """
        value = self.json()
        if isinstance(value, dict):
            return value
        raise self.broken(f"a JSON object was expected, {_json_kind(value)} came")

    def json_list(self) -> list[Any]:
        """The body as a JSON array.

        Raises:
            ProviderError: as `json`, and when the body is another kind of JSON value.
        """
        value = self.json()
        if isinstance(value, list):
            return value
        raise self.broken(f"a JSON array was expected, {_json_kind(value)} came")

    def broken(self, what: str) -> ProviderError:
        """Error for an answer that breaks the vendor's own contract; the caller raises it.

        Args:
            what: what is wrong with the answer, without quoting it.
        """
        return ProviderError(
            self._where.clean(f"{self._where}: {what}"),
            provider=self._where.provider,
            operation=self._where.operation,
            request_id=self.request_id,
            status=self.status,
            maybe_applied=self._where.writes,
        )

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self._where}, {len(self.content)} bytes)"

    def _decode(self) -> Any:
        if not self.content.strip():
            raise self.broken(f"JSON was expected, the body is empty{self._hint}")
        try:
            with collector_paused():
                value = _decoder.decode(self.content)
        except RecursionError as exc:
            raise self.broken(self._too_deep()) from exc
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as exc:
            raise self.broken(self._not_json()) from exc
        if not surely_shallow(self.content, self._max_depth) and depth_exceeds(value, self._max_depth):
            raise self.broken(self._too_deep())
        return value

    def _too_deep(self) -> str:
        return f"the JSON is nested more than {self._max_depth} levels deep"

    def _not_json(self) -> str:
        kind = clean_text(self.headers.get("content-type") or "no content type", 80)
        size = len(self.content)
        if "json" in kind.lower():
            return f"the JSON is malformed or cut off ({kind}, {size} bytes)"
        return f"JSON was expected, {kind} came ({size} bytes){self._hint}"


def surely_shallow(content: bytes, limit: int) -> bool:
    """Whether valid JSON is seen to be nested at most `limit` levels deep, without a look at its values.

    Of the text only brackets (of one kind) and quotes are kept, and strings that hold none vanish; then each
    round takes the innermost pairs away. Strings that hold brackets end that early, or count as depth, which
    is on the safe side: a string's bracket never meets one outside, as the quote between them stays.
    """
    if b'\\"' in content:
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    left = content.translate(_ONE_KIND, _NO_BRACKETS).replace(b'""', b"")
    for _ in range(min(limit, _ROUNDS)):
        size = len(left)
        left = left.replace(b"[]", b"")
        if len(left) == size:
            break
    return not left


def depth_exceeds(value: Any, limit: int) -> bool:
    """Whether decoded JSON is nested more than `limit` levels deep; a bare value has depth 0."""
    level = [value] if type(value) in _CONTAINERS else []
    depth = 0
    while level:
        depth += 1
        if depth > limit:
            return True
        # Exact types, as the decoder makes no others: this runs over every value of an answer.
        level = [
            item
            for parent in level
            for item in (parent.values() if type(parent) is dict else parent)
            if type(item) is dict or type(item) is list
        ]
    return False


def _json_kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")


def _request_id(headers: Mapping[str, str]) -> str | None:
    for name in REQUEST_ID_HEADERS:
        value = headers.get(name)
        if value and _REQUEST_ID.fullmatch(value):
            return value
    return None
