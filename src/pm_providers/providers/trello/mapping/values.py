"""Ids, instants and texts of Trello. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from pm_providers.toolkit.documents import day, instant

__all__ = [
    "created_at",
    "day_of",
    "is_id",
    "is_object",
    "noon",
    "read_text",
]

_ID = re.compile(r"[0-9a-fA-F]{24}")
_SHORT = re.compile(r"[A-Za-z0-9]{8}")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_NOON = time(12, 0)
_SMART = re.compile(r'\[([^\[\]\n]*)\]\((<?)([^\s()<>]+)>? "smartCard-(?:inline|block|embed)"\)')


def is_id(value: str) -> bool:
    """Whether a text is an id: 24 hexadecimal digits ([spec] TrelloID)."""
    return _ID.fullmatch(value) is not None


def is_object(value: str) -> bool:
    """Whether a text can name a card or board: its id, or its short link of 8 characters.

    Others are not sent: they would be other addresses.
    """
    return is_id(value) or _SHORT.fullmatch(value) is not None


def created_at(identifier: str) -> datetime | None:
    """Time of creation, which is in the first 8 digits of an id in whole seconds; `None` for other ids."""
    if not is_id(identifier):
        return None
    return datetime.fromtimestamp(int(identifier[:8], 16), UTC)


def noon(when: date, zone: tzinfo) -> str:
    """The instant that stands for a day: noon in a zone, which is the same day in most others."""
    try:
        moment = datetime.combine(when, _NOON, zone).astimezone(UTC)
    except OverflowError:
        moment = datetime.combine(when, _NOON, UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def day_of(value: Any, zone: tzinfo) -> date | None:
    """The day of an instant in a zone; `None` where there is none.

    Raises:
        ProviderError: no ISO 8601 instant.
    """
    if not value:
        return None
    if getattr(zone, "key", "") == "UTC" and type(value) is str and _PLAIN.fullmatch(value):
        return day(value[:10])
    moment = instant(value)
    if moment is None:
        return None
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return moment.date()


def read_text(value: Any) -> str | None:
    """Markdown of a description or comment; `None` where it is empty.

    The editor turns addresses into `[url](url "smartCard-inline")`: such a link is the address again, one
    with a text of its own a plain link.
    """
    if not isinstance(value, str) or not value:
        return None
    return _SMART.sub(_plain_link, value) if "smartCard-" in value else value


def _plain_link(found: re.Match[str]) -> str:
    text, url = found[1], found[3]
    return url if text in {"", url} else f"[{text}]({url})"
