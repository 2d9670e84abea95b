"""What an error answer of the vendor says. `errorIdentifier` counts; messages follow the user's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    RateLimitedError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.transport import Answer, VendorFault

__all__ = ["is_invalid_query", "parse_fault", "server_failed"]

_PREFIX = "urn:openproject-org:api:v3:errors:"
_MAX_FAULTS = 50

_KINDS: Mapping[str, type[PMError]] = {
    "MissingPermission": PermissionDeniedError,
    "NotFound": NotFoundError,
    "MissingEnterpriseToken": UnsupportedError,  # comes with status 500
    "Throttled": RateLimitedError,
}

_FIELDS: Mapping[str, str] = {
    "subject": "title",
    "assignee": "assignee_id",
    "version": "sprint_id",
    "targetVersions": "sprint_id",
    "sprint": "sprint_id",
    "category": "label_ids",
    "project": "project_id",
    "definingProject": "project_id",
    "startDate": "start_date",
    "dueDate": "due_date",
    "date": "due_date",
    "endDate": "end_date",
    "effectiveDate": "end_date",
    "estimatedTime": "estimated_hours",
    "remainingTime": "remaining_hours",
    "percentageDone": "progress",
    "storyPoints": "story_points",
    "identifier": "key",
    "public": "is_public",
    "statusExplanation": "status_note",
    "firstName": "name",
    "lastName": "name",
    "login": "username",
    "from": "from_task_id",
    "to": "to_task_id",
    "lag": "lag_days",
    "delay": "lag_days",
    "spentOn": "spent_on",
    "comments": "comment",
    "workPackage": "task_id",
    "entity": "task_id",
    "user": "user_id",
    "principal": "user_id",
    "file": "content",
    "filename": "file_name",
    "contentType": "content_type",
}
"""Vendor's attribute -> field of our records; others keep the vendor's name."""


def parse_fault(answer: Answer) -> VendorFault | None:
    """Read an error document; `None` where the answer is none (HTML of a proxy, plain text)."""
    body = answer.json()
    if not isinstance(body, Mapping):
        return None
    code = str(body.get("errorIdentifier", "")).removeprefix(_PREFIX)
    faults = list(_single_faults(body))[:_MAX_FAULTS]
    parent = "parent_task_id" if "/work_packages" in answer.url_path else "parent_project_id"
    fields: dict[str, str] = {}
    for fault in faults:
        attribute = _attribute(fault)
        if attribute:
            name = parent if attribute == "parent" else _FIELDS.get(attribute, attribute)
            fields[name] = f"{fields[name]} {_message(fault)}" if name in fields else _message(fault)
    message = " ".join(_message(fault) for fault in faults)
    return VendorFault(message=message, fields=fields, code=code or None, kind=_KINDS.get(code))


def _single_faults(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The faults within a `MultipleErrors`, or the one that `body` is."""
    embedded = body.get("_embedded")
    inner = embedded.get("errors") if isinstance(embedded, Mapping) else None
    found = [one for one in inner if isinstance(one, Mapping)] if isinstance(inner, list) else []
    yield from found or [body]


def _attribute(fault: Mapping[str, Any]) -> str | None:
    embedded = fault.get("_embedded")
    details = embedded.get("details") if isinstance(embedded, Mapping) else None
    found = details.get("attribute") if isinstance(details, Mapping) else None
    return found if isinstance(found, str) and found else None


def _message(fault: Mapping[str, Any]) -> str:
    """A message is a text; that of a wrong filter a list of texts (recorded 06-versions: step 28)."""
    found = fault.get("message")
    items = found if isinstance(found, list) else [found]
    return " ".join(one for one in items if isinstance(one, str))


def is_invalid_query(error: PMError) -> bool:
    """Whether a list was refused for the value of a filter: `InvalidQuery` is 400, and two of them 422."""
    return isinstance(error, ValidationError) and error.status in {400, 422}


def server_failed(error: PMError) -> bool:
    """Whether the server broke (500) instead of saying what is wrong with the request."""
    return isinstance(error, ProviderError) and error.status == 500  # noqa: PLR2004
