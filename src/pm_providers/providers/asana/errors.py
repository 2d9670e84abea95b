"""What an error answer of the vendor says: a text without a code: status and beginning count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.transport import Answer, VendorFault
from pm_providers.transport.errors import Where, from_status

__all__ = ["FIELD_NAMES", "action_error", "fault_of", "is_too_large", "lost_page", "of_read", "parse_fault"]

_MAX_FAULTS = 50
_BAD, _PAID, _LEGAL = 400, 402, 451
_LOST = (400, 404)
_UNKNOWN = re.compile(r"(?:not a recognized id|unknown object): *(\S{1,100})", re.IGNORECASE)
_PREFIX = re.compile(r"([a-z_]{1,40})(?:\[[0-9]+\])?: ")

FIELD_NAMES: Mapping[str, str] = {
    "name": "title",
    "notes": "description",
    "html_notes": "description",
    "assignee": "assignee_id",
    "due_on": "due_date",
    "due_at": "due_date",
    "start_on": "start_date",
    "start_at": "start_date",
    "parent": "parent_task_id",
    "projects": "project_id",
    "project": "project_id",
    "tags": "label_ids",
    "tag": "label_ids",
    "owner": "owner_id",
    "user": "user_id",
    "members": "user_id",
    "memberships": "status",
    "section": "status",
    "completed": "status",
    "custom_fields": "custom_fields",
    "resource_subtype": "type",
    "html_text": "body",
    "text": "body",
    "duration_minutes": "hours",
    "entered_on": "spent_on",
    "file": "file_name",
    "color": "color",
    "followers": "user_id",
    "member": "user_id",
    "access_level": "roles",
    "dependencies": "from_task_id",
    "attributable_to": "project_id",
    "categories": "activity",
}
"""Word before the colon of an error text -> field of our records. Other places differ: see `_OF_PLACES`."""

_OF_PLACES: Mapping[str, Mapping[str, str]] = {
    "/projects": {"name": "name", "due_on": "end_date"},
    "/tags": {"name": "name"},
    "/time_tracking_entries": {"description": "comment"},
    "/memberships": {"parent": "project_id"},
    "/attachments": {"parent": "task_id", "name": "file_name"},
}


def parse_fault(answer: Answer) -> VendorFault | None:
    """Read an error answer; `None` where it says nothing that can be read."""
    return fault_of(answer.status, answer.json(), answer.url_path)


def fault_of(status: int, body: Any, path: str) -> VendorFault | None:
    """Read an error answer, or the part of a batch's answer that is one.

    Form: `{"errors": [{"message": "project: Missing input", "help": "...", "phrase": "..."}]}`; the phrase
    comes with 500 and names the fault to Asana's support ([spec] ErrorResponse).
    """
    found = body.get("errors") if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        return None
    errors = [one for one in found if isinstance(one, Mapping)][:_MAX_FAULTS]
    texts = [one["message"] for one in errors if isinstance(one.get("message"), str)]
    phrase = next((one["phrase"] for one in errors if isinstance(one.get("phrase"), str)), None)
    kind = _kind(status, texts, path)
    refused = status == _BAD if kind is None else kind is ValidationError
    fields = _fields(texts, path) if refused else {}
    return VendorFault(message="; ".join(texts), fields=fields, code=phrase, kind=kind)


def _kind(status: int, texts: list[str], path: str) -> type[PMError] | None:
    """Error class where the status misleads.

    402 is a paid feature. "Not a recognized ID" comes with 400 and with 404 (both recorded): of an id in the
    address it says that nothing is there, of one in the body that the value is wrong.
    """
    if status == _PAID:
        return UnsupportedError
    if status == _LEGAL:
        return PermissionDeniedError
    unknown = [found[1] for one in texts if (found := _UNKNOWN.search(one))] if status in _LOST else []
    if not unknown:
        return None
    return NotFoundError if any(one in path.split("/") for one in unknown) else ValidationError


def _fields(texts: list[str], path: str) -> dict[str, str]:
    special = next((names for place, names in _OF_PLACES.items() if place in path), {})
    fields: dict[str, str] = {}
    for text in texts:
        found = _PREFIX.match(text)
        name = (special.get(found[1]) or FIELD_NAMES.get(found[1])) if found else None
        if name is not None:
            fields[name] = f"{fields[name]}; {text}" if name in fields else text
    return fields


def action_error(method: str, path: str, status: int, body: Any) -> PMError:
    """The error for one action of a batch, as the same call alone would have raised it."""
    where = Where("asana", "", method.upper(), path)
    error = from_status(status, where, fault=fault_of(status, body, path)).error
    return error if where.writes else of_read(error)


def of_read(error: PMError) -> PMError:
    """The error of a read: an id in its query that is unknown says that nothing is there."""
    if not isinstance(error, ValidationError) or not _UNKNOWN.search(error.message):
        return error
    return NotFoundError(error.message, status=error.status, request_id=error.request_id)


def is_too_large(error: PMError) -> bool:
    """Whether a list is too large to be read in one chain: it must be split ([obs] clients' reports)."""
    text = error.message.lower()
    return isinstance(error, ValidationError) and ("too large" in text or "truncat" in text)


def lost_page(error: PMError) -> bool:
    """Whether the token of the next page is not accepted any more: they expire."""
    text = error.message.lower()
    return isinstance(error, ValidationError) and ("offset" in text or "pagination token" in text)
