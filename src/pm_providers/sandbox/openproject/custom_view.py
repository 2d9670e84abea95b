"""How custom field values look."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.links import api
from pm_providers.sandbox.openproject.records import CustomField, Principal
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import formattable, to_bool

__all__ = ["LINKED_FORMATS", "CustomFieldView", "principal_path"]

_COLLECTION = {"User": "users", "Group": "groups", "PlaceholderUser": "placeholder_users"}
LINKED_FORMATS = frozenset({"list", "user", "version"})


def principal_path(principal: Principal) -> tuple[str, int]:
    """Collection and id, as parts of an href."""
    return _COLLECTION[principal.kind], principal.id


class CustomFieldView:
    """The part of `View` that shows custom fields."""

    def __init__(self, state: State) -> None:
        self.state = state

    def plain_custom(
        self, owner: str, custom: dict[int, Any], fields: list[CustomField] | None = None
    ) -> dict[str, Any]:
        """`customFieldN` members whose values stand in the body."""
        shown = self.state.fields_for(owner) if fields is None else fields
        return {
            f"customField{f.id}": _plain_value(f, custom.get(f.id))
            for f in shown
            if f.format not in LINKED_FORMATS
        }

    def linked_custom(
        self, owner: str, custom: dict[int, Any], fields: list[CustomField] | None = None
    ) -> dict[str, Any]:
        """`customFieldN` members of `_links`."""
        shown = self.state.fields_for(owner) if fields is None else fields
        found: dict[str, Any] = {}
        for field in shown:
            if field.format not in LINKED_FORMATS:
                continue
            value = custom.get(field.id)
            if field.multi:
                found[f"customField{field.id}"] = [self._custom_link(field, v) for v in value or ()]
            else:
                found[f"customField{field.id}"] = self._custom_link(field, value)
        return found

    def _custom_link(self, field: CustomField, value: int | None) -> dict[str, Any]:
        if field.format == "list":
            option = self.state.custom_options.get(value)
            found = None if option is None else (option.value, "custom_options", option.id)
        elif field.format == "version":
            version = self.state.versions.get(value)
            found = None if version is None else (version.name, "versions", version.id)
        else:
            row = self.state.principals.get(value)
            found = None if row is None else (row.name, *principal_path(row))
        if found is None:
            return {"href": None, "title": None}
        return {"title": found[0], "href": api(*found[1:])}


def _plain_value(field: CustomField, value: Any) -> Any:
    if field.format == "text":
        return formattable(value or "")
    return to_bool(value) if field.format == "bool" else value
