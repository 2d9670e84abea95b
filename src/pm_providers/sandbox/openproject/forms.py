"""What the forms and schemas of the smaller resources share."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.records import CustomField
from pm_providers.sandbox.openproject.schemas import property_schema
from pm_providers.sandbox.openproject.view import LINKED_FORMATS, View

__all__ = ["fixed_members", "split_custom"]


def fixed_members() -> dict[str, Any]:
    """Schemas of id and timestamps, which nearly all resources have."""
    fixed: dict[str, Any] = {"required": True, "writable": False}
    return {
        "id": property_schema("Integer", "ID", **fixed),
        "createdAt": property_schema("DateTime", "Created on", **fixed),
        "updatedAt": property_schema("DateTime", "Updated on", **fixed),
    }


def split_custom(
    view: View, owner: str, values: dict[int, Any], fields: list[CustomField] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Custom values of a payload: those of the body, and those of `_links`."""
    shown = view.state.fields_for(owner) if fields is None else fields
    plain = view.plain_custom(owner, values, [f for f in shown if f.format not in LINKED_FORMATS])
    return plain, view.linked_custom(owner, values, shown)
