"""Custom fields by name: checking what is asked for against what there is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

from pm_providers.errors import ValidationError

__all__ = ["KnownField", "check_kind", "checked_custom", "fits", "same_custom"]

_ID = re.compile(r"[0-9]{1,18}")
_MAX_INTEGER = 2**63


class KnownField(Protocol):
    """Description of a custom field, as a vendor's mapping makes it."""

    @property
    def name(self) -> str:
        """What people see; the key in `custom_fields`."""

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back.

        Raises:
            ValidationError: wrong type, or no such option.
        """


F = TypeVar("F", bound=KnownField)


def checked_custom(fields: dict[str, Any], known: Sequence[F]) -> tuple[F, ...]:
    """Check `custom_fields` in place, so that they are compared in the form in which they are read back.

    Returns:
        Descriptions of the fields that are asked for.

    Raises:
        ValidationError: an unknown field (lists those that exist), or a value that it cannot hold.
    """
    asked: Mapping[str, Any] = fields.get("custom_fields") or {}
    by_name = {one.name: one for one in known}
    unknown = [name for name in asked if name not in by_name]
    if unknown:
        has = ", ".join(by_name) or "none"
        raise ValidationError(
            fields={f"custom_fields.{one}": f"is unknown here; there is: {has}" for one in unknown}
        )
    if asked:
        fields["custom_fields"] = {name: by_name[name].checked(value) for name, value in asked.items()}
    return tuple(by_name[name] for name in asked)


def fits(known: Sequence[KnownField], asked: Mapping[str, Any]) -> bool:
    """Whether all fields that are asked for are known, and can hold what is asked."""
    by_name = {one.name: one for one in known}
    try:
        for name, value in asked.items():
            by_name[name].checked(value)
    except (KeyError, ValidationError):
        return False
    return True


def same_custom(asked: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    """Whether the fields asked for are held; the order of a list and the type of a number do not matter."""
    return all(_plain(got.get(name)) == _plain(value) for name, value in asked.items())


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(str(one) for one in value) or None
    if value in (None, ""):
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def check_kind(kind: str, value: Any) -> Any:
    """A value of a field of this `PMField.type`; kinds that are not known take anything.

    Raises:
        TypeError: the value is of another kind; says which.
        ValueError: the same, of a text that should be a date.
    """
    check = _CHECKS.get(kind)
    return value if check is None else check(value)


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def _as_id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not _ID.fullmatch(str(value)):
        raise TypeError("must be an id")
    return str(value)


def _as_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _MAX_INTEGER:
        raise TypeError("must be a whole number")
    return value


def _as_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("must be a number")
    return float(value)


def _as_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be True or False")
    return value


def _as_date(value: Any) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise TypeError("must be a date")


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "text": _as_text,
    "markdown": _as_text,
    "url": _as_text,
    "integer": _as_integer,
    "number": _as_number,
    "flag": _as_flag,
    "date": _as_date,
    "user": _as_id,
    "sprint": _as_id,
}
