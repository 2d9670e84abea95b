"""What handlers of all sandboxes answer with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Reply"]


@dataclass(slots=True)
class Reply:
    """An answer: `body` is JSON data, bytes (at some vendors a text), or None for no body."""

    body: Any = None
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
