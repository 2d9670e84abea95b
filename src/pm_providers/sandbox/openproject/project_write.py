"""Rules for writing projects."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.custom_write import read_custom
from pm_providers.sandbox.openproject.errors import (
    Fault422,
    internal,
    not_found,
    read_only,
    violation,
)
from pm_providers.sandbox.openproject.links import ABSENT, linked_id, parse_href
from pm_providers.sandbox.openproject.records import Project
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import raw_text, text, to_bool
from pm_providers.sandbox.openproject.view import STATUS_NAMES
from pm_providers.sandbox.openproject.web import Call

__all__ = ["ProjectDraft", "draft_project", "store_project"]

RESERVED = frozenset(
    {"new", "menu", "queries", "filters", "identifier_update_dialog", "identifier_suggestion"}
)


# letters that have no plain form of their own; the vendor spells them out
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "&": " and ", "@": " at "}
)


@dataclass(slots=True)
class ProjectDraft:
    """Values to write and what is wrong with them."""

    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault422] = field(default_factory=list)


def draft_project(call: Call, current: Project | None, body: dict[str, Any]) -> ProjectDraft:
    """Read and check a body without storing anything.

    Raises:
        ApiError: for values that stop the vendor at once (wrong link kinds, unknown parent, ...).
    """
    draft = ProjectDraft()
    values = draft.values
    if isinstance(body.get("status"), str):
        raise internal(f'undefined method `fetch\' for "{body["status"]}":String')
    for name in ("name", "identifier"):
        if name in body:
            values[name] = "" if body[name] is None else text(body[name])
    for name in ("public", "active"):
        if name in body:
            values[name] = bool(to_bool(body[name]))
    for name, target in (("description", "description"), ("statusExplanation", "status_explanation")):
        written, raw = raw_text(body, name)
        if written:
            values[target] = raw
    _read_links(call, current, body, draft)
    custom, faults = read_custom(call, "Project", body, current.custom if current else None, project=current)
    values["custom"] = custom
    _check(call.state, current, draft)
    if any(fault.attribute == "status" for fault in draft.faults):
        # checked after the row was inserted: its id is lost (recorded 02-…: steps 27 and 28)
        call.state.projects.next_id()
    draft.faults += faults
    _check_read_only(call, current, body, draft)
    return draft


def store_project(call: Call, draft: ProjectDraft, current: Project | None) -> Project:
    """Write a draft without faults."""
    state = call.state
    if current is None:
        defaults: dict[str, Any] = {
            "type_ids": tuple(t.id for t in state.types if t.default),
            "modules": state.settings["default_modules"],
        }
        row = Project(id=state.projects.next_id(), **{**defaults, **draft.values}, **state.stamps())
        state.projects.put(row)
        state.emit("project:created", row.id, call.user.id)
        return row
    changes = {k: v for k, v in draft.values.items() if getattr(current, k) != v}
    if not changes:
        return current
    if "identifier" in changes and state.features.reserves:
        state.former_identifiers[current.identifier] = current.id
        state.former_identifiers.pop(changes["identifier"], None)
    row = state.projects.change(current, **changes, updated=state.now())
    if changes.get("active") is False:
        for child in state.project_descendants(row.id):
            state.projects.change(child, active=False)
    state.emit("project:updated", row.id, call.user.id)
    return row


def _read_links(call: Call, current: Project | None, body: dict[str, Any], draft: ProjectDraft) -> None:
    links = body.get("_links") or {}
    status = links.get("status") if isinstance(links, dict) else None
    if isinstance(status, dict) and "href" in status:
        code = status["href"]
        code = None if code is None else parse_href("status", code, ("project_statuses",))
        if code is not None and code not in STATUS_NAMES:
            draft.faults.append(violation("status", "Status is not set to one of the allowed values."))
        draft.values["status_code"] = code
    parent_id = linked_id(body, "parent", "projects", "programs", "portfolios")
    if parent_id is ABSENT:
        return
    parent = call.state.projects.get(parent_id)
    if parent_id is not None and not access.project_visible(call.state, call.user, parent):
        raise not_found()
    draft.values["parent_id"] = parent_id
    below = {p.id for p in call.state.project_descendants(current.id)} if current else set()
    if current is not None and parent_id in {current.id, *below}:
        draft.faults.append(violation("parent", "Subproject of does not exist."))


def _check(state: State, current: Project | None, draft: ProjectDraft) -> None:
    values, faults = draft.values, draft.faults
    name = values.get("name", current.name if current else "")
    if not name.strip():
        faults.append(violation("name", "Name can't be blank."))
    elif len(name) > 255:
        faults.append(violation("name", "Name is too long (maximum is 255 characters)."))
    if current is None and not values.get("identifier"):
        values["name"] = name
        values["identifier"] = _free_identifier(state, name)
    else:
        _check_identifier(state, current, draft)
    revived = current is not None and not current.active and values.get("active")
    if current is not None and revived and any(not p.active for p in state.project_ancestors(current)):
        faults.append(violation("base", "The project has an archived ancestor."))


def _check_identifier(state: State, current: Project | None, draft: ProjectDraft) -> None:
    identifier = draft.values.get("identifier")
    if identifier is None or (current is not None and identifier == current.identifier):
        return
    message = None
    if not identifier:
        message = "Identifier can't be blank."
    elif len(identifier) > 100:
        message = "Identifier is too long (maximum is 100 characters)."
    elif identifier in RESERVED:
        message = "Identifier is reserved."
    elif not re.fullmatch(r"[a-z0-9\-_]+", identifier) or identifier.isdecimal():
        message = "Identifier is invalid."
    elif _taken(state, identifier, current):
        message = "Identifier has already been taken."
    if message is not None:
        draft.faults.append(violation("identifier", message))


def _taken(state: State, identifier: str, current: Project | None) -> bool:
    holder = state.former_identifiers.get(identifier)
    if holder in state.projects and (current is None or holder != current.id):
        return True
    return state.projects.find(lambda p: p.identifier == identifier) is not None


def _free_identifier(state: State, name: str) -> str:
    """Generated from the name as the vendor does: plain letters, dashes, numbered when taken."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPELLED)).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9\-_]+", "-", plain).strip("-")[:100] or "project"
    if base.isdecimal():
        base = f"p-{base}"
    taken = {p.identifier for p in state.projects} | state.former_identifiers.keys()
    candidates = (base, *(f"{base}-{number}" for number in range(1, len(taken) + 2)))
    return next(c for c in candidates if c not in taken and c not in RESERVED)


def _check_read_only(call: Call, current: Project | None, body: dict[str, Any], draft: ProjectDraft) -> None:
    if current is None:
        return
    if "id" in body and body["id"] != current.id:
        draft.faults.append(read_only("id", "ID"))
    if "createdAt" in body:
        draft.faults.append(read_only("createdAt", "Created on"))
    if "updatedAt" in body and call.state.features.millis:
        draft.faults.append(read_only("updatedAt", "Updated on"))
