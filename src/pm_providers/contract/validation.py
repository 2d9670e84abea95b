"""Checks of what callers ask for, before any request is made, and of what the system did with it after.

All providers share them, so that a wrong key, type or value is the same error everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from pm_providers.contract.capabilities import Capabilities, Capability, Support
from pm_providers.errors import UnsupportedError, ValidationError
from pm_providers.model import (
    INVERSE_RELATIONS,
    MODELS,
    Entity,
    FieldKind,
    FieldSpec,
    Owner,
    Record,
    WriteWarning,
    field_specs,
)

__all__ = [
    "Fields",
    "check_filter",
    "check_id",
    "check_instant",
    "check_text",
    "compare_written",
    "draft_fields",
    "patch_fields",
]

Fields = dict[str, Any]
"""Field name -> checked value, as the hooks of a provider get it. In a patch `None` (or an empty list)
clears; a missing key is untouched."""

_MAX_ID_LENGTH = 500
_MAX_TEXT_LENGTH = 10_000_000
_MAX_HOURS = 10_000_000.0
_MAX_INTEGER = 2**53
_MAX_DEPTH = 20
_FULL_PROGRESS = 100
_ENDS = ("due_date", "end_date")


def check_id(value: object, name: str) -> str:
    """An id that a caller gave, checked.

    Raises:
        ValidationError: not a string, empty, longer than 500 characters, or with control characters.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(fields={name: f"an id is a non-empty string, not {_shown(value)}"})
    if len(value) > _MAX_ID_LENGTH or any(ord(char) < ord(" ") for char in value):
        raise ValidationError(fields={name: "an id is one line of at most 500 characters"})
    try:
        return check_text(value)
    except ValueError as error:
        raise ValidationError(fields={name: str(error)}) from None


def check_filter(status: object) -> str | None:
    """A status to filter by, checked; `None` for none.

    Raises:
        ValidationError: not a string, or blank.
    """
    if status is None or (isinstance(status, str) and status.strip()):
        return status
    raise ValidationError(fields={"status": f"must be the name of a status, not {_shown(status)}"})


def check_instant(value: object, name: str) -> datetime:
    """An instant to filter by, in UTC.

    Raises:
        ValidationError: no timezone-aware datetime, or outside of the years 1 to 9999.
    """
    if not isinstance(value, datetime):
        raise ValidationError(fields={name: f"must be a timezone-aware datetime, not {_shown(value)}"})
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


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - one readable line


def _wrong(what: str, value: object) -> ValueError:
    return ValueError(f"must be {what}, not {_shown(value)}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong("a string", value)
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
        raise _wrong("an id (a non-empty string)", value)
    return _line(value)


def _identifiers(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise _wrong("a list of ids", value)
    return list(dict.fromkeys(_identifier(one) for one in value))


def _date(value: Any) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _wrong("a date (YYYY-MM-DD)", value) from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _wrong("a date without time", value)
    return value


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _wrong("an ISO 8601 instant", value) from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong("a timezone-aware datetime", value)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _wrong("an instant between the years 1 and 9999 in UTC", value) from None


def _number(value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise _wrong("a finite number", value)


def _hours(value: Any) -> float:
    hours = _number(value)
    if not 0 <= hours <= _MAX_HOURS:
        raise _wrong(f"hours from 0 to {_MAX_HOURS:.0f}", value)
    return hours


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MAX_INTEGER:
        raise _wrong("a whole number", value)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong("True or False", value)
    return value


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _wrong("a dict of field name -> value", value)
    _check_plain(dict(value), _MAX_DEPTH)
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
    elif value is not None and not isinstance(value, bool | int | date):
        raise _wrong("text, number, flag, date, list or dict", value)


_CHECKS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.TEXT: _line,
    FieldKind.MARKDOWN: _text,
    FieldKind.CHOICE: _line,
    FieldKind.ID: _identifier,
    FieldKind.IDS: _identifiers,
    FieldKind.DATE: _date,
    FieldKind.INSTANT: _instant,
    FieldKind.HOURS: _hours,
    FieldKind.NUMBER: _number,
    FieldKind.INTEGER: _integer,
    FieldKind.FLAG: _flag,
    FieldKind.MAP: _map,
    FieldKind.OPAQUE: _map,
}


def _checked(spec: FieldSpec, value: Any, limits: Mapping[str, int], entity: Entity) -> Any:
    value = _CHECKS[spec.kind](value)
    if spec.required and not (value.strip() if isinstance(value, str) else value):
        raise ValueError("is required and may not be empty")
    if limits and isinstance(value, str):
        longest = limits.get(f"{entity}.{spec.name}")
        if longest is not None and len(value) > longest:
            raise ValueError(f"has {len(value)} characters; at most {longest} are allowed")
    if spec.choices and not spec.open_choice:
        value = _closed_choice(spec, value)
    if spec.name == "progress" and not 0 <= value <= _FULL_PROGRESS:
        raise _wrong("per cent from 0 to 100", value)
    return value


def _closed_choice(spec: FieldSpec, value: str) -> str:
    allowed = (*spec.choices, *INVERSE_RELATIONS) if spec.name == "type" else spec.choices
    if value not in allowed:
        raise ValueError(f"{_shown(value)} is not one of {', '.join(allowed)}")
    return str(value)


def _refusal(entity: Entity, name: str, capability: Capability) -> str:
    how = "is read-only" if capability.support is Support.READ_ONLY else "is not supported"
    return f"{entity.value}.{name} {how}: {capability.note}"


def _require_writable(caps: Capabilities, entity: Entity, name: str) -> None:
    capability = caps.field(entity, name)
    if not capability.is_writable:
        text = _refusal(entity, name, capability)
        if capability.support is Support.READ_ONLY:
            raise ValidationError(text, fields={name: text})
        raise UnsupportedError(text, reason=capability.note)


def draft_fields(caps: Capabilities, entity: Entity, record: Record) -> Fields:
    """The fields that a new record sets, checked. Fields that the system assigns are left out.

    Raises:
        ValidationError: wrong type or value, required field missing, read-only field set.
        UnsupportedError: a field is set that the provider cannot hold.
    """
    model = MODELS[entity]
    if not isinstance(record, model):
        raise ValidationError(f"expected a {model.__name__}, got {type(record).__name__}")
    found: Fields = {}
    problems: dict[str, str] = {}
    writable = caps.fields[entity]
    lengths, native = caps.limits.lengths, Support.NATIVE
    for name, path, spec, plain in _settable(entity):
        value = getattr(record, name)
        if value is None or (not value and value in ("", [], {})):
            if spec.required:
                problems[name] = "is required and may not be empty"
            continue
        if writable[name].support is not native:
            _require_writable(caps, entity, name)
        if plain is None or path in lengths:
            _take(caps, entity, spec, value, found, problems)
            continue
        try:
            found[name] = plain(value)
        except ValueError as error:
            problems[name] = str(error)
    return _finish(caps, found, problems)


@cache
def _settable(entity: Entity) -> tuple[tuple[str, str, FieldSpec, Callable[[Any], Any] | None], ...]:
    """Fields that a new record may set: name, path in `Limits.lengths`, spec, and the check of plain ones.

    Prepared once, because drafts are checked by the ten thousand.
    """

    def plain(spec: FieldSpec) -> Callable[[Any], Any] | None:
        if (spec.choices and not spec.open_choice) or spec.name == "progress":
            return None
        if not spec.required:
            return _CHECKS[spec.kind]
        return {FieldKind.TEXT: _filled_line, FieldKind.ID: _identifier}.get(spec.kind)

    return tuple(
        (name, f"{entity.value}.{name}", spec, plain(spec))
        for name, spec in field_specs(MODELS[entity]).items()
        if spec.owner is not Owner.SERVER
    )


def patch_fields(caps: Capabilities, entity: Entity, updates: Mapping[str, Any]) -> Fields:
    """The fields of an update, checked. `None` clears; an absent key is untouched.

    Raises:
        ValidationError: unknown key, wrong type or value, required field cleared, read-only field.
        UnsupportedError: a field that the provider cannot hold.
    """
    if not isinstance(updates, Mapping):
        raise ValidationError(f"updates are a dict of field -> value, not {type(updates).__name__}")
    specs = field_specs(MODELS[entity])
    found: Fields = {}
    problems: dict[str, str] = {}
    for name, value in updates.items():
        spec = specs.get(name)
        if spec is None:
            problems[str(name)] = f"is no field of {entity.value}; fields are {_writable_names(entity)}"
        elif spec.owner is not Owner.CALLER:
            once = "is set on creation only" if spec.owner is Owner.CREATOR else "is set by the system"
            problems[name] = f"{once} and cannot be updated"
        else:
            _require_writable(caps, entity, name)
            _take(caps, entity, spec, value, found, problems)
    return _finish(caps, found, problems)


def _writable_names(entity: Entity) -> str:
    return ", ".join(n for n, s in field_specs(MODELS[entity]).items() if s.owner is Owner.CALLER)


def _take(
    caps: Capabilities, entity: Entity, spec: FieldSpec, value: Any, found: Fields, problems: dict[str, str]
) -> None:
    if value is None:
        if spec.required:
            problems[spec.name] = "is required and may not be cleared"
        elif spec.kind is FieldKind.MAP:
            problems[spec.name] = "is not cleared as a whole: give each field to clear as None, by its name"
        found[spec.name] = [] if spec.kind is FieldKind.IDS else None
        return
    try:
        found[spec.name] = _checked(spec, value, caps.limits.lengths, entity)
    except ValueError as error:
        problems[spec.name] = str(error)


def _finish(caps: Capabilities, found: Fields, problems: dict[str, str]) -> Fields:
    _check_counts(caps, found, problems)
    _check_assignees(caps, found, problems)
    start = found.get("start_date")
    for last in _ENDS if start else ():
        if found.get(last) and start > found[last]:
            problems[last] = f"{found[last]} is before start_date {start}"
    if problems:
        raise ValidationError(fields=problems)
    return found


def _check_counts(caps: Capabilities, found: Fields, problems: dict[str, str]) -> None:
    limits = caps.limits
    if limits.assignees is None and limits.labels is None:
        return
    for name, most in (("assignee_ids", limits.assignees), ("label_ids", limits.labels)):
        if most is not None and len(found.get(name) or ()) > most:
            problems.setdefault(name, f"has {len(found[name])} entries; the system holds at most {most}")


def _check_assignees(caps: Capabilities, found: Fields, problems: dict[str, str]) -> None:
    """`assignee_id` and `assignee_ids` must agree; with one assignee at most, only the first is passed on."""
    if "assignee_ids" not in found or "assignee_ids" in problems:
        return
    everyone = found["assignee_ids"]
    first = everyone[0] if everyone else None
    if "assignee_id" in found and found["assignee_id"] != first:
        problems["assignee_id"] = "is not the first of assignee_ids; give one of the two"
    elif caps.limits.assignees == 1:
        found["assignee_id"] = first
        del found["assignee_ids"]
    else:
        found.pop("assignee_id", None)


def compare_written(
    asked: Fields, result: Record, same: Callable[[str, Any, Record], bool]
) -> tuple[WriteWarning, ...]:
    """What the system stored differently from what was asked.

    Args:
        asked: checked fields that were written.
        result: record as the system answered it.
        same: whether the result holds what was asked for in a field.
    """
    return tuple(
        WriteWarning(name, value, getattr(result, name))
        for name, value in asked.items()
        if not same(name, value, result)
    )
