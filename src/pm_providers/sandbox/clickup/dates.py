"""Days in the zone of a person: a date without a time is 04:00 of that day (fact sheet, section 9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["snapped"]

HOUR = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def snapped(ms: int, zone: str) -> int:
    """04:00 in this zone of the day that the moment falls on there.

    Midnight UTC is still the day before in the Americas.
    """
    local = _moment(ms).astimezone(ZoneInfo(zone))
    at = local.replace(hour=HOUR, minute=0, second=0, microsecond=0, fold=0)
    return int(at.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
