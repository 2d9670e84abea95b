"""Ids, short links, moments and positions as Trello makes them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from pm_providers.sandbox.kit.clock import Clock

__all__ = ["IdMint", "born", "is_id", "is_short_link", "read_moment", "short_link", "slug", "stamp", "tidy"]

_ID = re.compile(r"[0-9a-f]{24}")
_SHORT = re.compile(r"[0-9A-Za-z]{8}")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class IdMint:
    """Gives ids of 24 hexadecimal digits: seconds of creation, a constant of the process, a counter.

    Args:
        clock: read for the seconds.
        seed: another seed, other constant.
    """

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._clock = clock
        self._machine = hashlib.sha256(f"trello {seed}".encode()).hexdigest()[:10]
        self._count = 0

    def new(self, at: datetime | None = None) -> str:
        """The next id, as if made at that moment (default: now); ids of one second keep their order."""
        moment = at if at is not None else self._clock.now()
        self._count += 1
        return f"{int(moment.timestamp()):08x}{self._machine}{self._count & 0xFFFFFF:06x}"


def born(key: str) -> datetime:
    """Moment of creation that an id carries, in whole seconds."""
    return datetime.fromtimestamp(int(key[:8], 16), UTC)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id (capital digits are taken too)."""
    return _ID.fullmatch(text.lower()) is not None


def is_short_link(text: str) -> bool:
    """Whether a text has the form of a short link."""
    return _SHORT.fullmatch(text) is not None


def short_link(key: str) -> str:
    """The eight characters of a board's or card's address."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    found = ""
    for _ in range(8):
        number, rest = divmod(number, len(_LETTERS))
        found += _LETTERS[rest]
    return found


def slug(name: str) -> str:
    """A name as addresses have it: `Ünïcode & more` is `ncode-more`; nothing left gives an empty text."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"[^a-z0-9\s_-]", "", name.lower()).replace("_", " "))
    return "-".join(words)[:100]


def stamp(moment: datetime) -> str:
    """`2026-01-10T08:00:00.123Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read_moment(value: object) -> str | None:
    """A date as stored, None for what is no date.

    Takes ISO 8601 texts and milliseconds since 1970. A text without a zone is UTC and a plain date is
    midnight UTC, which people west of Greenwich see as the day before ([obs] trello-archive/api-docs#107).
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if isinstance(value, int | float) or re.fullmatch(r"\d{9,15}", value):
            return stamp(datetime.fromtimestamp(float(value) / 1000, UTC))
        if len(value) < len("2026-01-01"):
            return None
        moment = datetime.fromisoformat(value.strip())
    except (ValueError, OverflowError, OSError):
        return None
    return stamp(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def tidy(position: float) -> float:
    """A position as JSON shows it: whole numbers without a fraction."""
    return int(position) if position == int(position) else position
