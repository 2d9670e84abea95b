"""What the system tells of its fields: kinds, options, names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.providers.jira.mapping.choices import scope_of
from pm_providers.providers.jira.mapping.custom_fields import (
    SEPARATOR,
    FieldInfo,
    Option,
    label_of,
)
from pm_providers.toolkit.documents import Document, optional_text

__all__ = ["to_field", "unique_names"]

_KINDS = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "option": "choice",
    "option2": "choice",
    "option-with-child": "cascading",
    "user": "user",
    "version": "choice",
    "component": "choice",
    "resolution": "choice",
    "priority": "choice",
    "securitylevel": "choice",
    "project": "choice",
    "group": "group",
}


def to_field(value: Document, identifier: str | None = None, *, person: str = "accountId") -> FieldInfo:
    """Description of a field: of the list of all fields, or of a screen (create, edit, transition).

    Args:
        value: the description.
        identifier: its id, where it stands outside of the description.
        person: how users are written.
    """
    found = value.get("schema")
    schema = found if isinstance(found, Mapping) else {}
    one = identifier or optional_text(value, "fieldId") or optional_text(value, "id") or ""
    one = one or optional_text(value, "key") or ""
    custom = optional_text(schema, "custom") or ""
    kind, multiple = _kind(schema, custom, one)
    operations = value.get("operations")
    options = value.get("allowedValues")
    return FieldInfo(
        id=one,
        name=optional_text(value, "name") or one,
        kind=kind,
        multiple=multiple,
        custom=custom,
        scope=scope_of(value),
        required=value.get("required") is True and value.get("hasDefaultValue") is not True,
        operations=tuple(str(name) for name in operations) if isinstance(operations, list) else (),
        options=tuple(_options(options)) if isinstance(options, list) else (),
        person=person,
        told="operations" in value or "required" in value,
    )


def _kind(schema: Mapping[str, Any], custom: str, one: str) -> tuple[str, bool]:
    word = optional_text(schema, "type") or ""
    multiple = word == "array"
    if multiple:
        word = optional_text(schema, "items") or ""
    if custom.endswith(":textarea") or one in {"description", "environment"}:
        return "markdown", False
    if custom.endswith(":url"):
        return "url", False
    return _KINDS.get(word, word), multiple


def _options(found: Iterable[Any]) -> Iterable[Option]:
    for one in found:
        if not isinstance(one, Mapping) or one.get("id") is None:
            continue
        key = str(one["id"])
        name = str(label_of(one))
        yield Option(key, name, {"id": key})
        children = one.get("children")
        for child in children if isinstance(children, list) else ():
            if isinstance(child, Mapping) and child.get("id") is not None:
                inner = str(child["id"])
                yield Option(
                    inner, f"{name}{SEPARATOR}{label_of(child)}", {"id": key, "child": {"id": inner}}
                )


def unique_names(fields: Iterable[FieldInfo]) -> list[FieldInfo]:
    """The fields with the id behind names that several of them have, but the first."""
    seen: set[str] = set()
    result = []
    for one in fields:
        taken = one.name in seen
        seen.add(one.name)
        result.append(replace(one, name=f"{one.name} ({one.id})") if taken else one)
    return result
