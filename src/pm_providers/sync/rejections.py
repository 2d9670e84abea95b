"""What is sent again where a system rejected some of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.errors import PMError, ValidationError

__all__ = ["NOT_HERE", "less_of", "rejected", "without"]

NOT_HERE = "not where it stands"
"""How the reason begins why a type is left out, where a task stands below another."""


def rejected(error: PMError) -> Mapping[str, str]:
    """Fields that were rejected, and why; none where sending less cannot help.

    A write that may have happened all the same is never repeated.
    """
    return error.fields if isinstance(error, ValidationError) and not error.maybe_applied else {}


def less_of(values: Mapping[str, Any], error: PMError) -> tuple[dict[str, Any], Mapping[str, str]] | None:
    """Fields of a task without those that were rejected, and why; `None` where that cannot help."""
    lost = _culprits(values, rejected(error))
    left = without(values, lost)
    return (left, lost) if left != dict(values) else None


def _culprits(sent: Mapping[str, Any], rejected: Mapping[str, str]) -> Mapping[str, str]:
    """What to leave out of what was sent, where some of it was rejected; field -> why.

    Where a task cannot stand below another by its type, the place is worth more: the system knows which type
    can stand there.
    """
    place = "parent_task_id"
    if place not in rejected or "type" in rejected or not sent.get(place) or not sent.get("type"):
        return rejected
    why = f"{NOT_HERE}: {rejected[place]}"
    return {name: reason for name, reason in rejected.items() if name != place} | {"type": why}


def without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Values but those of some fields; a custom field is named as it is or as `custom_fields.<name>`."""
    lost = set(names)
    left = {name: value for name, value in values.items() if name not in lost}
    custom = {
        name: value
        for name, value in (left.get("custom_fields") or {}).items()
        if name not in lost and f"custom_fields.{name}" not in lost
    }
    if "custom_fields" in left:
        left["custom_fields"] = custom
    return {name: value for name, value in left.items() if name != "custom_fields" or value}
