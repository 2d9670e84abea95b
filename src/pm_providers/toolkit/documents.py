"""Values of decoded JSON documents. Strict where guessing would lose data. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pm_providers.errors import ProviderError, ValidationError

__all__ = [
    "Document",
    "broken",
    "clock",
    "day",
    "identifier",
    "instant",
    "is_number",
    "object_list",
    "objects",
    "optional_flag",
    "optional_number",
    "optional_text",
    "part",
    "split_name",
]

Document = Mapping[str, Any]
"""An object of the vendor, as decoded JSON."""

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_YEAR = re.compile(r"^([+-]?)(\d{4,})-\d{2}-\d{2}$")
_LAST_YEAR = 9999


def broken(what: str) -> ProviderError:
    """Error for an answer that breaks the vendor's own contract."""
    return ProviderError(f"the answer breaks the API's contract: {what}")


def is_number(value: str) -> bool:
    """Whether an id is a plain positive number.

    Others are not sent to systems whose ids are numbers: they read `1.5` or `1abc` as 1.
    """
    return _NUMBER.fullmatch(value) is not None


def identifier(value: Document, kind: str) -> str:
    """Id of a document as text.

    Raises:
        ProviderError: missing, null, or neither a number nor a text.
    """
    found = value.get("id")
    if type(found) is str and found:
        return found
    if isinstance(found, bool) or not isinstance(found, int | str) or found == "":
        raise broken(f"a {kind} without id")
    return str(found)


def part(document: Document, kind: str) -> dict[str, Any]:
    """The object that a document holds under the name of its kind.

    Raises:
        ProviderError: there is none.
    """
    found = document.get(kind)
    if not isinstance(found, dict):
        raise broken(f"no {kind} in the answer")
    return found


def objects(document: Document, kind: str) -> list[dict[str, Any]]:
    """The list of objects that a document holds under the name of its kind.

    Raises:
        ProviderError: there is none, or it holds something else than objects.
    """
    return object_list(document.get(kind), kind)


def object_list(found: Any, kind: str = "objects") -> list[dict[str, Any]]:
    """An answer that is a list of objects.

    Raises:
        ProviderError: it is none, or holds something else than objects.
    """
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise broken(f"no list of {kind:.60} in the answer")
    return found


def optional_text(value: Document, name: str) -> str | None:
    """A text property; `None` where it is missing, null or empty."""
    found = value.get(name)
    return found if isinstance(found, str) and found else None


def optional_number(value: Document, name: str) -> int | float | None:
    """A number property; `None` where it is missing or null.

    Raises:
        ProviderError: something else stands there.
    """
    found = value.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise broken(f"{name} is no number")
    return found


def optional_flag(value: Document, name: str) -> bool | None:
    """A flag; `None` where it is missing or no flag."""
    found = value.get(name)
    return found if isinstance(found, bool) else None


def day(value: Any) -> date | None:
    """A date. Years that `date` cannot hold (vendors take 10000) become the nearest day that it can.

    Raises:
        ProviderError: no ISO 8601 date.
    """
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    found = _YEAR.match(value) if isinstance(value, str) else None
    if found is None:
        raise broken("a date that is none")
    if found[1] == "-" or int(found[2]) == 0:
        return date.min
    if int(found[2]) > _LAST_YEAR:
        return date.max
    raise broken("a date that is none")


def instant(value: Any) -> datetime | None:
    """An instant in UTC; without an offset it is taken for UTC.

    Raises:
        ProviderError: no ISO 8601 date-time.
    """
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise broken("an instant that is none") from None


def clock(value: str) -> datetime | None:
    """The server's clock in a `Date` header; `None` where it does not tell."""
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def split_name(name: str, system: str) -> tuple[str, str]:
    """First and last name for systems that keep two: the last word is the last name.

    Raises:
        ValidationError: a name of one word.
    """
    first, _, last = name.strip().rpartition(" ")
    if not first:
        raise ValidationError(
            fields={"name": f"{name!r:.60} is one word; {system} stores a first and a last name"}
        )
    return first.strip(), last
