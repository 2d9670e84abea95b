"""What handlers of all sandboxes are asked, and answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.types import Scope

__all__ = ["Reply", "base_of", "path_of", "query_of"]


@dataclass(slots=True)
class Reply:
    """An answer: `body` is JSON data, bytes (at some vendors a text), or None for no body."""

    body: Any = None
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


def base_of(scope: Scope, headers: Mapping[str, str]) -> str:
    """The address under which a request reached the sandbox."""
    return f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}"


def path_of(scope: Scope) -> str:
    """The path of a request as it was sent, still percent-encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


def query_of(scope: Scope) -> dict[str, list[str]]:
    """The parameters of a request, those without a value too."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
