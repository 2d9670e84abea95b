"""Dates and durations in JQL, read in the caller's profile zone."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pm_providers.sandbox.jira.jql_tokens import JqlError

__all__ = ["DATE_FUNCTIONS", "date_function", "duration", "moment", "shifted"]

_FORMATS = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")
_PERIOD = re.compile(r"[+-]?\s*\d+\s*[yYMwWdDhHm](?:\s*\d+\s*[yYMwWdDhHm])*")
_PART = re.compile(r"(\d+)\s*([yYMwWdDhHm])")
DATE_FUNCTIONS = frozenset(
    {
        "now",
        "currentlogin",
        "lastlogin",
        *(f"{side}of{unit}" for side in ("start", "end") for unit in ("day", "week", "month", "year")),
    }
)


def moment(text: str, name: str, now: datetime, zone: str, *, quoted: bool) -> datetime:
    """The instant that a literal stands for; a day is its first minute.

    Unquoted numbers are epoch milliseconds, cut to the minute like all other literals.

    Raises:
        JqlError: no date.
    """
    if not quoted and text.isascii() and text.isdigit():
        return _from_epoch(text, name)
    if _PERIOD.fullmatch(text.strip()):
        return shifted(now.astimezone(ZoneInfo(zone)), text.strip()).astimezone(UTC)
    for form in _FORMATS:
        try:
            found = datetime.strptime(text.strip(), form)  # noqa: DTZ007  # the zone is given below
        except ValueError:
            continue
        return found.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    raise _invalid(text, name)


def _invalid(text: str, name: str) -> JqlError:
    return JqlError(
        f"Date value '{text}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _from_epoch(text: str, name: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text) // 60_000 * 60, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _invalid(text, name) from error


def shifted(start: datetime, period: str) -> datetime:
    """A moment moved by a period like `-1w 2d`; `M` are months, `m` minutes.

    Raises:
        JqlError: beyond the calendar.
    """
    sign = -1 if period.lstrip().startswith("-") else 1
    found = start
    try:
        for number, unit in _PART.findall(period):
            found = _step(found, sign * int(number), unit)
    except (OverflowError, ValueError) as error:
        raise JqlError(f"Date value '{period}' is out of range.") from error
    return found


def _step(start: datetime, count: int, unit: str) -> datetime:
    if unit in "yY":
        return _months(start, 12 * count)
    if unit == "M":
        return _months(start, count)
    hours = {"w": 168, "d": 24, "h": 1}.get(unit.lower())
    return start + (timedelta(hours=hours * count) if hours else timedelta(minutes=count))


def _months(start: datetime, count: int) -> datetime:
    month = start.month - 1 + count
    year, month = start.year + month // 12, month % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def date_function(name: str, arguments: tuple[str, ...], now: datetime, zone: str) -> datetime:
    """The instant of `now()`, `startOfWeek("-1")`, `endOfMonth("+1M")` and their like.

    Raises:
        JqlError: an argument that is no period.
    """
    here = now.astimezone(ZoneInfo(zone))
    lower = name.lower()
    if not lower.startswith(("startof", "endof")):
        return now
    unit = lower.partition("of")[2]
    start = _start(here, unit)
    if arguments:
        start = shifted(start, _increment(arguments[0], unit, name))
    if lower.startswith("start"):
        return start.astimezone(UTC)
    after = _step(start, 1, {"day": "d", "week": "w", "month": "M", "year": "y"}[unit])
    return (after - timedelta(milliseconds=1)).astimezone(UTC)


def _start(here: datetime, unit: str) -> datetime:
    day = here.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7)  # weeks start on Sunday
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def _increment(text: str, unit: str, name: str) -> str:
    bare = text.strip()
    if re.fullmatch(r"[+-]?\d+", bare):
        return bare + {"day": "d", "week": "w", "month": "M", "year": "y"}[unit]
    if _PERIOD.fullmatch(bare):
        return bare
    raise JqlError(f"The argument '{text}' of the function '{name}' is not a valid time offset.")


def duration(text: str, name: str, hours_per_day: float, days_per_week: float) -> float:
    """Seconds of `2h`, `1w 3d` or a bare number of minutes.

    Raises:
        JqlError: no duration.
    """
    bare = text.strip()
    if re.fullmatch(r"\d+", bare):
        return float(bare) * 60
    if not re.fullmatch(r"(\d+\s*[wWdDhHm]\s*)+", bare):
        raise JqlError(f"The value '{text}' for the field '{name}' is not a valid duration.")
    day = hours_per_day * 3600
    size = {"w": days_per_week * day, "d": day, "h": 3600.0, "m": 60.0}
    return sum(float(number) * size[unit.lower()] for number, unit in _PART.findall(bare))
