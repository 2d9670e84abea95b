"""Days and the instants that the vendor keeps for them, in the time zone of the caller's profile."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pm_providers.toolkit.documents import instant

__all__ = ["at", "day_of", "zone_of"]


def zone_of(me: dict[str, Any]) -> tzinfo:
    """Time zone of a profile; UTC where it tells none, or one that this machine does not know."""
    name = me.get("timeZone")
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def day_of(value: Any, zone: tzinfo) -> date | None:
    """The day on which an instant lies for the caller; `None` where there is none.

    Raises:
        ProviderError: no instant.
    """
    found = instant(value)
    if found is None:
        return None
    try:
        return found.astimezone(zone).date()
    except OverflowError:
        return found.date()


def at(day: date, clock: time, zone: tzinfo) -> datetime:
    """A time of a day for the caller, in UTC."""
    try:
        return datetime.combine(day, clock, zone).astimezone(UTC)
    except OverflowError:  # the first and the last day that there are
        return datetime.combine(day, clock, UTC)
