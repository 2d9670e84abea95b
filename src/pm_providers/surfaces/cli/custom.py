"""`--set NAME=VALUE`: custom fields from text, by the type that the system gives them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.errors import UnsupportedError, ValidationError
from pm_providers.model import Entity, PMField
from pm_providers.surfaces.cli.failures import UsageError

__all__ = ["custom_values"]

_TRUE = {"true", "yes", "1", "on"}
_FALSE = {"false", "no", "0", "off"}


async def custom_values(
    provider: BasePMProvider, entity: Entity, assignments: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """`{"custom_fields": {...}}`, or nothing.

    Text of an unknown field stays text; `NAME:=JSON` is taken as it is.

    Raises:
        UsageError: an assignment has no `=`, or its JSON is none.
        ValidationError: the text does not fit the type of the field.
    """
    pairs = [_parse(one) for one in assignments]
    if not pairs:
        return {}
    fields = await _fields(provider, entity) if any(not done for _, _, done in pairs) else {}
    found: dict[str, Any] = {}
    for name, value, done in pairs:
        field = fields.get(name.casefold())
        if done:
            found[name] = value
        elif field is not None and field.is_multiple:
            found.setdefault(name, []).append(_typed(field, value))
        else:
            found[name] = _typed(field, value) if field else value
    return {"custom_fields": found}


def _parse(assignment: str) -> tuple[str, Any, bool]:
    """Name, value, and whether the value is final."""
    name, equals, value = assignment.partition("=")
    is_json = name.endswith(":")
    name = name.removesuffix(":").strip()
    if not equals or not name:
        raise UsageError(f"--set: {assignment!r} is not of the form NAME=VALUE")
    if not is_json:
        return name, value, False
    try:
        return name, json.loads(value), True
    except (ValueError, RecursionError):
        raise UsageError(f"--set: {value!r} is no JSON; NAME=VALUE sets text") from None


async def _fields(provider: BasePMProvider, entity: Entity) -> dict[str, PMField]:
    if not provider.capabilities.supports("list_fields"):
        return {}
    try:
        known = await provider.list_fields()
    except UnsupportedError:
        return {}
    return {one.name.casefold(): one for one in known if one.is_custom and one.entity is entity}


def _typed(field: PMField, text: str) -> Any:
    try:
        if field.type == "integer":
            return int(text)
        if field.type == "number":
            return float(text)
    except ValueError:
        raise ValidationError(fields={field.name: f"{text!r} is no {field.type}"}) from None
    if field.type == "flag":
        if text.strip().casefold() not in _TRUE | _FALSE:
            raise ValidationError(fields={field.name: f"{text!r} is neither true nor false"})
        return text.strip().casefold() in _TRUE
    return text
