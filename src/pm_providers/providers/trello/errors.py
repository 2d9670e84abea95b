"""What an error answer of the vendor says: often plain text, sometimes JSON, and 401 for two things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pm_providers.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    TransportError,
    ValidationError,
)
from pm_providers.transport import Answer, VendorFault

__all__ = ["TOO_FAT", "member_limited", "parse_fault", "too_fat"]

TOO_FAT = "API_TOO_MANY_CARDS_REQUESTED"
"""Waiting does not help: less must be asked for ([doc] rate-limits)."""

_MOST_TEXT = 2000
_SHRINK = frozenset({449, 500, 502, 503, 504})
_FIELD = re.compile(r"invalid (?:value for|object for) '?([A-Za-z_]+)'?", re.IGNORECASE)

_FIELDS = {
    "name": "title",
    "desc": "description",
    "due": "due_date",
    "start": "start_date",
    "idlist": "status",
    "idboard": "project_id",
    "idmembers": "assignee_ids",
    "idmember": "assignee_ids",
    "idlabels": "label_ids",
    "idlabel": "label_ids",
    "color": "color",
    "idorganization": "project_id",
    "duecomplete": "status",
    "text": "body",
}
"""Name in an error text, in lower case -> field of our records. Others stay in the message."""


def parse_fault(answer: Answer) -> VendorFault | None:
    """Read an error answer: JSON `message` and `error`, else the text itself; `None` for pages of HTML.

    401 means two things: a bad credential ("invalid key", "invalid token", "expired token"), and a good one
    without access to the object ("unauthorized permission requested"), which needs no other credential.
    """
    code, text = _words(answer)
    if code is None and not text:
        return None
    found = _FIELD.search(text)
    name = _FIELDS.get(found[1].lower()) if found else None
    kind = _kind(answer.status, code or "", text)
    fields = {name: text} if name is not None and kind in {None, ValidationError} else {}
    return VendorFault(message=text, code=code, fields=fields, kind=kind)


def _words(answer: Answer) -> tuple[str | None, str]:
    content = answer.content.strip()
    if content.startswith(b"{"):
        return _told(answer.json())
    if content.startswith(b"<"):
        return None, ""
    return None, content[:_MOST_TEXT].decode("utf-8", "replace").strip()


def _told(body: Any) -> tuple[str | None, str]:
    if not isinstance(body, Mapping):
        return None, ""
    message, error = body.get("message"), body.get("error")
    text = message if isinstance(message, str) else ""
    code = error if isinstance(error, str) and error else None
    return code, text or code or ""


def _kind(status: int, code: str, text: str) -> type[PMError] | None:
    """Error class where the status misleads."""
    folded = text.casefold()
    if code == TOO_FAT:
        return ValidationError
    if status == 401:  # noqa: PLR2004
        return PermissionDeniedError if "permission" in folded else AuthenticationError
    if status == 400 and folded in {"invalid id", "invalid objectid"}:  # noqa: PLR2004
        return NotFoundError
    return None


def too_fat(error: PMError) -> bool:
    """Whether less should be asked for: too many cards, or the server failed, or took too long, over it."""
    if TOO_FAT in error.message:
        return True
    if isinstance(error, TransportError):
        return error.retryable
    if isinstance(error, ProviderError):
        return error.status in _SHRINK or "larger than the limit" in error.message
    return False


def member_limited(error: PMError) -> bool:
    """Whether the quota of addresses below `/members/` is used up: 15 minutes instead of 10 seconds."""
    return "/member" in error.message and "rate limit" in error.message.casefold()
