"""What an error answer of the vendor says: texts without field names, in the language of the account."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pm_providers.errors import ConflictError, PMError, ProviderError
from pm_providers.transport import Answer, VendorFault

__all__ = ["LANGUAGE", "parse_fault", "server_failed"]

LANGUAGE = {"Accept-Language": "en"}
"""Asks for English texts; an account with a language of its own gets that (recorded 12-…: step 44)."""

_MAX_FAULTS = 50
_TOO_STALE = 422

_OF_VERSIONS = {"due_date": "end_date", "description": "goal"}
_FIELDS: tuple[tuple[str, str], ...] = (
    ("% Done", "progress"),
    ("Activity", "activity"),
    ("Assignee", "assignee_id"),
    ("Category", "label_ids"),
    ("Comment", "comment"),
    ("Date", "spent_on"),
    ("Description", "description"),
    ("Due date", "due_date"),
    ("Email", "email"),
    ("Estimated time", "estimated_hours"),
    ("File", "file_name"),
    ("First name", "name"),
    ("Hours", "hours"),
    ("Identifier", "key"),
    ("Issue", "task_id"),
    ("Last name", "name"),
    ("Login", "username"),
    ("Name", "name"),
    ("Parent task", "parent_task_id"),
    ("Principal", "user_id"),
    ("Priority", "priority"),
    ("Project", "project_id"),
    ("Related issue", "to_task_id"),
    ("Relation type", "type"),
    ("Role", "roles"),
    ("Start date", "start_date"),
    ("Status", "status"),
    ("Subject", "title"),
    ("Subproject of", "parent_project_id"),
    ("Target version", "sprint_id"),
    ("Tracker", "type"),
    ("User", "user_id"),
)
"""How English texts begin -> field of our records ([code] config/locales/en.yml, `field_*`). A text of
another language or of a custom field stays in the message."""

_GOES_ON = re.compile(r" (?:is|are|has|have|must|can|cannot|can't|does|doesn't|should|contains|already)\b")
"""What follows a name in a text; otherwise the name is a longer one: "Date of order cannot be blank"."""


def parse_fault(answer: Answer) -> VendorFault | None:
    """Read an error answer; `None` where it says nothing (most have no body at all)."""
    body = answer.json()
    if not isinstance(body, Mapping):
        return None
    found = body.get("errors")
    if not isinstance(found, list):
        text = body.get("error")
        return VendorFault(message=text if isinstance(text, str) else "")
    texts = [one for one in found if isinstance(one, str)][:_MAX_FAULTS]
    if not texts and answer.status == _TOO_STALE:
        # A refused lock version, or somebody was faster: the list is empty (recorded 07-…: step 24).
        return VendorFault(message="the object was changed by somebody else meanwhile", kind=ConflictError)
    return VendorFault(message="; ".join(texts), fields=_fields(texts, answer.url_path))


def _fields(texts: list[str], path: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in texts:
        name = next((ours for theirs, ours in _FIELDS if _is_about(text, theirs)), None)
        name = _in_place(name, path)
        if name is not None:
            fields[name] = f"{fields[name]}; {text}" if name in fields else text
    return fields


def _is_about(text: str, name: str) -> bool:
    return text.startswith(name) and _GOES_ON.match(text, len(name)) is not None


def _in_place(name: str | None, path: str) -> str | None:
    """The same word names different fields: the due date of a version is the end of a sprint."""
    return _OF_VERSIONS.get(name or "", name) if "/versions" in path else name


def server_failed(error: PMError) -> bool:
    """Whether the server broke (500) instead of saying what is wrong with the request."""
    return isinstance(error, ProviderError) and error.status == 500  # noqa: PLR2004
