"""Checks of what callers ask for, before any request is made, and of what the system did with it after.

All providers share them, so that a wrong key, type or value is the same error everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pm_providers.contract.capabilities import Capabilities, Capability, Support
from pm_providers.contract.values import CHECKS, FILLED_CHECKS, shown, wrong
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

__all__ = ["Fields", "compare_written", "draft_fields", "patch_fields"]

Fields = dict[str, Any]
"""Field name -> checked value, as the hooks of a provider get it. In a patch `None` (or an empty list)
clears; a missing key is untouched."""

_FULL_PROGRESS = 100
_BOUNDED = frozenset({"progress", "position"})
_ENDS = ("due_date", "end_date")


def _checked(spec: FieldSpec, value: Any, limits: Mapping[str, int], entity: Entity) -> Any:
    value = CHECKS[spec.kind](value)
    if spec.required and not (value.strip() if isinstance(value, str) else value):
        raise ValueError("is required and may not be empty")
    if limits and isinstance(value, str):
        longest = limits.get(f"{entity}.{spec.name}")
        if longest is not None and len(value) > longest:
            raise ValueError(f"has {len(value)} characters; at most {longest} are allowed")
    if spec.choices and not spec.open_choice:
        value = _closed_choice(spec, value)
    if spec.name == "position" and value < 0:
        raise wrong("a place from 0", value)
    if spec.name == "progress" and not 0 <= value <= _FULL_PROGRESS:
        raise wrong("per cent from 0 to 100", value)
    return value


def _closed_choice(spec: FieldSpec, value: str) -> str:
    allowed = (*spec.choices, *INVERSE_RELATIONS) if spec.name == "type" else spec.choices
    if value not in allowed:
        raise ValueError(f"{shown(value)} is not one of {', '.join(allowed)}")
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
        if (spec.choices and not spec.open_choice) or spec.name in _BOUNDED:
            return None
        if not spec.required:
            return CHECKS[spec.kind]
        return FILLED_CHECKS.get(spec.kind)

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
        elif spec.name == "position":
            problems[spec.name] = "is a place from 0, and cannot be cleared"
        elif spec.kind is FieldKind.MAP:
            problems[spec.name] = "is not cleared as a whole: give each field to clear as None, by its name"
        found[spec.name] = [] if spec.kind in {FieldKind.IDS, FieldKind.NAMES} else None
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
