"""Ids, instants and days as the vendor writes them: milliseconds since 1970, mostly as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pm_providers.toolkit.documents import Document, broken

__all__ = ["day_ms", "hours", "milliseconds", "moment", "moment_day", "optional_id", "ref_id", "zone_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_MS = 3_600_000
_NOON = time(12)


def zone_of(me: Mapping[str, Any]) -> tzinfo:
    """Time zone of the profile of the credential's user, which rules days without a time.

    UTC where it tells none, or one that this machine does not know.
    """
    name = me.get("timezone")
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def milliseconds(value: Any) -> int | None:
    """A count of milliseconds: text or number; `None` where there is none.

    Raises:
        ProviderError: neither.
    """
    if value is None or value == "":
        return None
    if type(value) is not str and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise broken("a time that is none")
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        raise broken("a time that is none") from None


def moment(value: Any) -> datetime | None:
    """An instant in UTC.

    Raises:
        ProviderError: no count of milliseconds, or one out of all years.
    """
    found = milliseconds(value)
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=found)
    except OverflowError:
        raise broken("an instant out of all years") from None


def moment_day(value: Any, zone: tzinfo) -> date | None:
    """The day on which an instant lies in a time zone.

    Days without a time are kept as 04:00 of the day in the zone of whoever set them ([doc] general-time);
    where that is not ours, the day may differ by one.
    """
    found = moment(value)
    if found is None:
        return None
    try:
        return found.astimezone(zone).date()
    except OverflowError:
        return found.date()


def day_ms(day: date, zone: tzinfo) -> int:
    """Milliseconds of noon of a day: midnight in UTC is the day before in America ([obs] clickup-cli#126)."""
    try:
        found = datetime.combine(day, _NOON, zone).astimezone(UTC)
    except OverflowError:
        found = datetime.combine(day, _NOON, UTC)
    return (found - _EPOCH) // timedelta(milliseconds=1)


def hours(value: Any) -> float | None:
    """Hours of a count of milliseconds; `None` where it is missing or 0, the vendor's "none"."""
    found = milliseconds(value)
    return found / _HOUR_MS if found else None


def optional_id(value: Any) -> str | None:
    """An id that may be a number or a text; `None` where there is none."""
    if value is None or value == "" or isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value)


def ref_id(document: Document, name: str) -> str | None:
    """Id of an object within a document (`list`, `folder`, `space`)."""
    found = document.get(name)
    # The common case at the speed of one look: ten thousand tasks have three of these each.
    if type(found) is dict and type(found.get("id")) is str:
        return found["id"] or None
    return optional_id(found.get("id")) if isinstance(found, Mapping) else None
