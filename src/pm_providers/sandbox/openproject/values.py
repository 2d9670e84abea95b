"""Value formats of the API: durations, dates, times, formattable texts, loose numbers and booleans."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pm_providers.sandbox.openproject.errors import internal, wrong_format
from pm_providers.sandbox.openproject.markdown import render

__all__ = [
    "date_key",
    "duration_text",
    "formattable",
    "parse_date",
    "parse_duration",
    "raw_text",
    "shift_date",
    "text",
    "time_text",
    "to_bool",
    "work_days",
]

# bounded: more digits than any project has hours
_NUMBER = r"(\d{1,12}(?:[.,]\d{1,12})?)"
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,12})Y)?(?:(\d{1,12})M)?(?:(\d{1,12})W)?(?:(\d{1,12})D)?"
    rf"(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
# A month is a twelfth of 365 days, recorded 10-work-packages-create: step 11 (P1M came back as P30DT10H).
_HOURS = (8760.0, 730.0, 168.0, 24.0, 1.0, 1 / 60, 1 / 3600)
DATE_FORMAT = "YYYY-MM-DD (ISO 8601 date only)"
_FALSE = frozenset({False, "0", "f", "F", "false", "FALSE", "off", "OFF"})


def parse_duration(attribute: str, value: Any) -> float | None:
    """Hours of an ISO 8601 duration, days of 24 h; None stays None.

    Raises:
        ApiError: 422 PropertyFormatError for numbers, empty text and everything else.
    """
    if value is None:
        return None
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not any(match.groups()[1:]):
        raise wrong_format(attribute, "ISO 8601 duration", value)
    parts = [float((part or "0").replace(",", ".")) for part in match.groups()[1:]]
    hours = sum(part * factor for part, factor in zip(parts, _HOURS, strict=True))
    return -hours if match.group(1) == "-" else hours


def duration_text(hours: float | None, *, cut: bool = False) -> str | None:
    """ISO 8601 with days of 24 h: 40 hours are `P1DT16H`; `cut` drops fractions instead of rounding."""
    if hours is None:
        return None
    seconds = int(abs(hours) * 3600) if cut else round(abs(hours) * 3600)
    days, seconds = divmod(seconds, 86_400)
    clock = [
        f"{amount}{unit}"
        for amount, unit in ((seconds // 3600, "H"), (seconds % 3600 // 60, "M"), (seconds % 60, "S"))
        if amount
    ]
    text_ = (f"{days}D" if days else "") + ("T" + "".join(clock) if clock else "")
    return ("-" if hours < 0 else "") + "P" + (text_ or "T0S")


def parse_date(attribute: str, value: Any) -> str | None:
    """An ISO date as text; None stays None. Years above 9999 pass, as recorded.

    Raises:
        ApiError: 422 PropertyFormatError.
    """
    if value is None:
        return None
    match = re.fullmatch(r"(\d{4,9})-(\d\d)-(\d\d)", value) if isinstance(value, str) else None
    if match is None:
        raise wrong_format(attribute, DATE_FORMAT, value)
    year, month, day = (int(part) for part in match.groups())
    try:
        # the calendar repeats every 400 years
        date(year if year <= 9999 else 2000 + year % 400, month, day)
    except ValueError as error:
        raise wrong_format(attribute, DATE_FORMAT, value) from error
    return str(value)


def date_key(value: str) -> tuple[int, str]:
    """Sort key of an ISO date text, right for years of any length."""
    return len(value), value


def shift_date(value: str, days: int) -> str:
    """The date so many days later; dates beyond the year 9999 stay as they are."""
    if len(value) != 10:
        return value
    return (date.fromisoformat(value) + timedelta(days=days)).isoformat()


def work_days(start: str, due: str, *, all_days: bool) -> int:
    """Days from start to due, both included; without `all_days` only Monday to Friday count."""
    first, last = date.fromisoformat(start[:10]), date.fromisoformat(due[:10])
    span = (last - first).days + 1
    if all_days:
        return span
    weeks, rest = divmod(span, 7)
    return weeks * 5 + sum((first + timedelta(days=i)).weekday() < 5 for i in range(rest))


def time_text(moment: datetime, *, millis: bool) -> str:
    """A moment as the API writes it, UTC."""
    moment = moment.astimezone(UTC)
    if millis:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def formattable(raw: str | None, *, plain: bool = False) -> dict[str, Any]:
    """`{"format", "raw", "html"}` of a text."""
    if plain:
        html = _plain_html(raw) if raw else ""
        return {"format": "plain", "raw": raw, "html": html}
    return {"format": "markdown", "raw": raw, "html": render(raw) if raw else ""}


def raw_text(body: dict[str, Any], name: str) -> tuple[bool, str | None]:
    """Whether a formattable was written, and its new raw text.

    Only `{"raw": ...}` counts: a plain string and `{"html"}` are dropped without a word, and
    `null` is a 500 (recorded 10-work-packages-create: steps 54 to 58).
    """
    if name not in body:
        return False, None
    value = body[name]
    if value is None:
        raise internal("undefined method `[]' for nil:NilClass")
    if not isinstance(value, dict) or "raw" not in value:
        return False, None
    return True, None if value["raw"] is None else text(value["raw"])


def text(value: Any) -> str:
    """A JSON value as the vendor turns it into text: 42 is "42", a list is its JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        import msgspec

        return msgspec.json.encode(value).decode()
    return str(value)


def to_bool(value: Any) -> bool | None:
    """Loose boolean: "yes" is true, "false" and 0 are false, empty text and null are null."""
    if value is None or value == "":
        return None
    if isinstance(value, (list, dict)):
        return True
    return value not in _FALSE


def _plain_html(raw: str) -> str:
    escaped = raw.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    paragraphs = re.split(r"\r?\n(?:\r?\n)+", escaped)
    return "\n\n".join("<p>" + re.sub(r"\r?\n", "\n<br>", p) + "</p>" for p in paragraphs)
