"""Checks of single values, the same for every provider: what a caller gave goes in, checked it comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import FieldKind, PMChecklistItem

__all__ = [
    "CHECKS",
    "FILLED_CHECKS",
    "check_filter",
    "check_id",
    "check_instant",
    "check_optional_id",
    "check_text",
    "shown",
    "wrong",
]

_MAX_ID_LENGTH = 500
_MAX_TEXT_LENGTH = 10_000_000
_MAX_HOURS = 10_000_000.0
_MAX_INTEGER = 2**53
_MAX_PLAIN_INTEGER = 10**100
_MAX_DEPTH = 20
_MAX_ITEMS = 10_000


def check_id(value: object, name: str) -> str:
    """An id that a caller gave, checked.

    Raises:
        ValidationError: not a string, empty, longer than 500 characters, or with control characters.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(fields={name: f"an id is a non-empty string, not {shown(value)}"})
    if len(value) > _MAX_ID_LENGTH or any(ord(char) < ord(" ") for char in value):
        raise ValidationError(fields={name: "an id is one line of at most 500 characters"})
    try:
        return check_text(value)
    except ValueError as error:
        raise ValidationError(fields={name: str(error)}) from None


def check_optional_id(value: object, name: str) -> str | None:
    """As `check_id`; missing stays missing."""
    return None if value is None else check_id(value, name)


def check_filter(status: object) -> str | None:
    """A status to filter by, checked; `None` for none.

    Raises:
        ValidationError: not a string, or blank.
    """
    if status is None or (isinstance(status, str) and status.strip()):
        return status
    raise ValidationError(fields={"status": f"must be the name of a status, not {shown(status)}"})


def check_instant(value: object, name: str) -> datetime:
    """An instant to filter by, in UTC.

    Raises:
        ValidationError: no timezone-aware datetime, or outside of the years 1 to 9999.
    """
    if not isinstance(value, datetime):
        raise ValidationError(fields={name: f"must be a timezone-aware datetime, not {shown(value)}"})
    try:
        return _instant(value)
    except ValueError as error:
        raise ValidationError(fields={name: str(error)}) from None


def check_text(value: str) -> str:
    """Text that every system can store.

    Raises:
        ValueError: NUL characters, lone surrogates, or more than 10 million characters.
    """
    if len(value) > _MAX_TEXT_LENGTH:
        raise ValueError(f"has {len(value)} characters; at most {_MAX_TEXT_LENGTH} are taken")
    if "\x00" in value:
        raise ValueError("holds a NUL character, which no system stores")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("holds a lone surrogate, which is not text") from None
    return value


def shown(value: object) -> str:
    """A value for an error message, at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - one readable line


def wrong(what: str, value: object) -> ValueError:
    """The error of a value that is not `what`."""
    return ValueError(f"must be {what}, not {shown(value)}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong("a string", value)
    return str(check_text(value))


def _line(value: Any) -> str:
    # The common case at the speed of one call: printable means no control characters and no surrogates.
    if type(value) is str and len(value) <= _MAX_TEXT_LENGTH and value.isprintable():
        return value
    text = _text(value)
    if "\n" in text or "\r" in text:
        raise ValueError("must be one line")
    return text


def _filled_line(value: Any) -> str:
    line = _line(value)
    if not line.strip():
        raise ValueError("is required and may not be empty")
    return line


def _identifier(value: Any) -> str:
    if type(value) is str and value.isalnum() and len(value) <= _MAX_TEXT_LENGTH:
        return value
    if not isinstance(value, str) or not value.strip():
        raise wrong("an id (a non-empty string)", value)
    return _line(value)


def _identifiers(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise wrong("a list of ids", value)
    return list(dict.fromkeys(_identifier(one) for one in value))


def _names(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise wrong("a list of names", value)
    return list(dict.fromkeys(_filled_line(one).strip() for one in value))


def _items(value: Any) -> list[PMChecklistItem]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, PMChecklistItem) for one in value):
        raise wrong("a list of PMChecklistItem", value)
    if len(value) > _MAX_ITEMS:
        raise ValueError(f"has {len(value)} items; at most {_MAX_ITEMS} are taken")
    return list(value)


def _date(value: Any) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise wrong("a date (YYYY-MM-DD)", value) from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise wrong("a date without time", value)
    return value


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise wrong("an ISO 8601 instant", value) from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise wrong("a timezone-aware datetime", value)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise wrong("an instant between the years 1 and 9999 in UTC", value) from None


def _number(value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise wrong("a finite number", value)


def _hours(value: Any) -> float:
    hours = _number(value)
    if not 0 <= hours <= _MAX_HOURS:
        raise wrong(f"hours from 0 to {_MAX_HOURS:.0f}", value)
    return hours


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MAX_INTEGER:
        raise wrong("a whole number", value)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong("True or False", value)
    return value


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise wrong("a dict of field name -> value", value)
    for name, inner in value.items():
        _text(name)
        try:
            _check_plain(inner, _MAX_DEPTH - 1)
        except ValueError as error:
            raise ValueError(f"{shown(name)} {error}") from None
    return dict(value)


def _check_plain(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _text(key)
            _check_plain(inner, depth - 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_plain(inner, depth - 1)
    elif isinstance(value, float):
        _number(value)
    elif isinstance(value, int) and abs(value) > _MAX_PLAIN_INTEGER:
        raise ValueError("holds a number of more than 100 digits")
    elif value is not None and not isinstance(value, bool | int | date):
        raise wrong("text, number, flag, date, list or dict", value)


CHECKS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.TEXT: _line,
    FieldKind.MARKDOWN: _text,
    FieldKind.CHOICE: _line,
    FieldKind.ID: _identifier,
    FieldKind.IDS: _identifiers,
    FieldKind.ITEMS: _items,
    FieldKind.NAMES: _names,
    FieldKind.DATE: _date,
    FieldKind.INSTANT: _instant,
    FieldKind.HOURS: _hours,
    FieldKind.NUMBER: _number,
    FieldKind.INTEGER: _integer,
    FieldKind.FLAG: _flag,
    FieldKind.MAP: _map,
    FieldKind.OPAQUE: _map,
}
"""Kind of a field -> check that returns the value as it is stored, or raises `ValueError`."""

FILLED_CHECKS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.TEXT: _filled_line,
    FieldKind.ID: _identifier,
}
"""The same for required fields, where one check does both."""
