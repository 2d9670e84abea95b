"""What answers hold: objects, lists, the token of the next page, events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pm_providers.toolkit.documents import broken

__all__ = ["EventPage", "next_offset", "one_object"]


@dataclass(frozen=True, slots=True)
class EventPage:
    """What happened since a token.

    Attributes:
        events: oldest first; empty after `was_lost`.
        sync: token for the next call.
        has_more: ask again at once.
        was_lost: the token was missing or too old, and what happened since is not told.
        clock: the server's clock when it answered; `None` where it does not tell.
    """

    events: Sequence[Mapping[str, Any]]
    sync: str
    has_more: bool = False
    was_lost: bool = False
    clock: datetime | None = None


def next_offset(body: Mapping[str, Any]) -> str | None:
    """Token of the next page; `None` on the last one.

    Raises:
        ProviderError: a next page without its token.
    """
    found = body.get("next_page")
    if found is None:
        return None
    token = found.get("offset") if isinstance(found, Mapping) else None
    if not isinstance(token, str) or not token:
        raise broken("a next page without its token")
    return token


def one_object(data: Any) -> dict[str, Any]:
    """The object that an answer holds.

    Raises:
        ProviderError: it is none.
    """
    if not isinstance(data, dict):
        raise broken("no object in the answer")
    return data
