"""Schemas and forms: the parts that all resources share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pm_providers.sandbox.openproject.errors import Fault422
from pm_providers.sandbox.openproject.links import api, write_link
from pm_providers.sandbox.openproject.records import CustomField
from pm_providers.sandbox.openproject.state import State

__all__ = [
    "allow",
    "allow_href",
    "custom_members",
    "custom_schema",
    "form_body",
    "property_schema",
    "schema_body",
]

_CUSTOM_TYPES = {
    "text": "Formattable",
    "string": "String",
    "int": "Integer",
    "float": "Float",
    "bool": "Boolean",
    "date": "Date",
    "link": "Link",
    "list": "CustomOption",
    "user": "User",
    "version": "Version",
}
LINKED = frozenset({"list", "user", "version"})


def property_schema(
    kind: str,
    name: str,
    *,
    required: bool = False,
    default: bool = False,
    writable: bool = True,
    group: str | None = None,
    linked: bool = False,
    bare: bool = False,
    **extra: Any,
) -> dict[str, Any]:
    """Schema of one property; `linked` ones stand in `_links`, `bare` leaves `_links` away."""
    body: dict[str, Any] = {
        "type": kind,
        "name": name,
        "required": required,
        "hasDefault": default,
        "writable": writable,
    }
    if group is not None:
        body["attributeGroup"] = group
    body |= extra
    if linked:
        body["location"] = "_links"
    if linked and not bare:
        body["_links"] = {}
    elif "options" not in extra:
        body["options"] = {}
    return body


def custom_schema(field: CustomField, group: str | None = None) -> dict[str, Any]:
    """Schema of a custom field."""
    kind = ("[]" if field.multi else "") + _CUSTOM_TYPES[field.format]
    flags: dict[str, Any] = {"required": field.required, "default": field.default is not None}
    if field.format in LINKED:
        return property_schema(kind, field.name, group=group, linked=True, **flags)
    extra: dict[str, Any] = {}
    if field.min_length:
        extra["minLength"] = field.min_length
    if field.max_length:
        extra["maxLength"] = field.max_length
    if field.regexp:
        extra["regularExpression"] = field.regexp
    return property_schema(kind, field.name, group=group, **flags, **extra, options={"rtl": None})


def custom_members(state: State, owner: str) -> dict[str, Any]:
    """Schemas of all custom fields of an owner that has no types, such as Version."""
    return {f"customField{f.id}": custom_schema(f) for f in state.fields_for(owner)}


def allow(member: dict[str, Any], elements: Sequence[dict[str, Any]]) -> None:
    """List the allowed values of a linked property, as links and as copies."""
    member["_embedded"] = {"allowedValues": list(elements)}
    member["_links"] = {"allowedValues": [e["_links"]["self"] for e in elements]}


def allow_href(member: dict[str, Any], href: str) -> None:
    """Say where the allowed values of a linked property can be listed."""
    member["_links"] = {"allowedValues": {"href": href}}


def schema_body(members: dict[str, Any], *path: object) -> dict[str, Any]:
    """A schema resource; without a path the schema inside a form."""
    links = {"self": {"href": api(*path)}} if path else {}
    return {"_type": "Schema", "_dependencies": [], **members, "_links": links}


def form_body(
    form: tuple[object, ...],
    commit: tuple[str, tuple[object, ...]],
    payload: dict[str, Any],
    schema: dict[str, Any],
    faults: Sequence[Fault422],
    links: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A form: what would be written, what may be written, what is wrong with it.

    `form` is the path of the form below `/api/v3`, `commit` the method and path of the real write,
    which is linked only while nothing is wrong.
    """
    all_links = {"self": write_link("post", *form), "validate": write_link("post", *form)}
    all_links |= links or {}
    if not faults:
        all_links["commit"] = write_link(commit[0], *commit[1])
    return {
        "_type": "Form",
        "_embedded": {
            "payload": payload,
            "schema": schema,
            "validationErrors": {fault.attribute: fault.body() for fault in faults},
        },
        "_links": all_links,
    }
