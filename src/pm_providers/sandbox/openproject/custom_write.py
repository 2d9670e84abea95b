"""Reading and checking custom field values."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from pm_providers.sandbox.openproject.errors import Fault422, internal, violation
from pm_providers.sandbox.openproject.links import parse_href
from pm_providers.sandbox.openproject.records import CustomField, Project
from pm_providers.sandbox.openproject.values import text
from pm_providers.sandbox.openproject.web import Call

__all__ = ["allowed_values", "read_custom"]

_KINDS = {
    "list": ("custom_options",),
    "version": ("versions",),
    "user": ("users", "groups", "placeholder_users"),
}


def read_custom(
    call: Call,
    owner: str,
    body: dict[str, Any],
    current: dict[int, Any] | None,
    project: Project | None = None,
    type_id: int | None = None,
    *,
    defaults: bool = False,
) -> tuple[dict[int, Any], list[Fault422]]:
    """New values of all custom fields of an object, and what is wrong with them.

    Fields that are not enabled here are ignored without a word; a required field that is empty
    refuses any write (recorded 15-custom-fields).

    `current` are the stored values; None for a new object, which starts with the defaults. `defaults` gives
    them to empty fields of a stored one too, as a move to another project or type does ([code]
    `set_default_values!`).
    """
    state = call.state
    fields = state.fields_for(owner, project.id if project else None, type_id)
    values = dict(current or {})
    faults: list[Fault422] = []
    for field in fields:
        name = f"customField{field.id}"
        if (current is None or defaults) and field.default is not None:
            values.setdefault(field.id, field.default)
        if field.format in _KINDS:
            _read_linked(field, name, body, values)
        elif name in body:
            values[field.id] = _read_plain(field, body[name])
        message = _problem(call, field, values.get(field.id), project)
        if message:
            faults.append(violation(name, f"{field.name} {message}"))
    return {key: value for key, value in values.items() if value is not None}, faults


def _read_plain(field: CustomField, value: Any) -> Any:
    if field.format == "text":
        # a plain string or null clears, recorded 15-…: steps 3 and 4
        return text(value["raw"]) if isinstance(value, dict) and value.get("raw") else None
    if value is None:
        return None
    if field.format == "bool":
        # the raw text is what is stored: "yes" and 1 differ, recorded 15-…: steps 22 and 23
        return ("t" if value else "f") if isinstance(value, bool) else text(value)
    if field.format == "int":
        return int(value) if re.fullmatch(r"[+-]?\d+", str(value)) else str(value)
    if field.format == "float":
        return _float(value)
    if field.format == "date":
        try:
            return date.fromisoformat(str(value)[:10]).isoformat()
        except ValueError as error:
            raise internal("invalid date") from error
    return text(value)


def _float(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _read_linked(field: CustomField, name: str, body: dict[str, Any], values: dict[int, Any]) -> None:
    links = body.get("_links")
    if not isinstance(links, dict) or name not in links:
        if name in body:
            values[field.id] = None
        return
    given = links[name]
    many = given if isinstance(given, list) else [given]
    hrefs = [entry.get("href") for entry in many if isinstance(entry, dict)]
    ids = [_id(name, href, _KINDS[field.format]) for href in hrefs if href is not None]
    if field.multi:
        values[field.id] = tuple(dict.fromkeys(ids)) or None
    else:
        values[field.id] = ids[0] if ids else None


def _id(name: str, href: Any, kinds: tuple[str, ...]) -> int:
    key = parse_href(name, href, kinds)
    return int(key) if key.isdecimal() else -1


def _problem(call: Call, field: CustomField, value: Any, project: Project | None) -> str | None:
    if value is None or value in ("", ()):
        return "can't be blank." if field.required else None
    if field.format in _KINDS:
        given = set(value) if field.multi else {value}
        allowed = set(allowed_values(call, field, project))
        return None if given <= allowed else "is not set to one of the allowed values."
    if field.format == "int" and not isinstance(value, int):
        return "is not an integer."
    if field.format == "float" and not isinstance(value, float):
        return "is not a number."
    if isinstance(value, str):
        return _text_problem(field, value)
    return None


def _text_problem(field: CustomField, value: str) -> str | None:
    if field.max_length and len(value) > field.max_length:
        return f"is too long (maximum is {field.max_length} characters)."
    if field.min_length and len(value) < field.min_length:
        return f"is too short (minimum is {field.min_length} characters)."
    # the pattern is the administrator's, as in the product
    if field.regexp and not re.search(field.regexp, value):
        return "is invalid."
    return None


def allowed_values(call: Call, field: CustomField, project: Project | None) -> list[int]:
    """Ids that a list, user or version field accepts in a project."""
    state = call.state
    if field.format == "list":
        return [option.id for option in state.options(field.id)]
    if project is None:
        return []
    if field.format == "user":
        members = {m.principal_id for m in state.memberships.where("project_id", project.id)}
        return sorted(members)
    from pm_providers.sandbox.openproject.sharing import shared_versions

    return [v.id for v in shared_versions(state, project) if v.status == "open"]
