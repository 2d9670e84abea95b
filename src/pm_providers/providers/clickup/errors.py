"""What an error answer of the vendor says; its status alone often misleads.

A task, list, folder or space that does not exist, was deleted, or may not be seen is answered with 401
`OAUTH_027` "Team not authorized", as is a credential without access to the Workspace ([obs] several). Only a
second look tells the two apart: see `HiddenError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pm_providers.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    RateLimitedError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.transport import Answer, VendorFault

__all__ = ["HiddenError", "OffError", "parse_fault"]

_UNAUTHORIZED, _FORBIDDEN, _SERVER = 401, 403, 500


class HiddenError(AuthenticationError):
    """401 that may mean a missing object as well as a credential that is not accepted.

    Never leaves the client, which asks who we are and raises what it is.
    """


class OffError(UnsupportedError):
    """A ClickApp that is off in the space, or a plan without it. Leaves the provider as it is."""


_KINDS: Mapping[str, type[PMError]] = {
    "ITEM_013": NotFoundError,
    "ITEM_015": NotFoundError,
    "ITEM_114": ValidationError,
    "ITEM_137": ValidationError,
    "ITEM_246": ValidationError,
    "FIELD_011": ValidationError,
    "APP_002": RateLimitedError,
    "OAUTH_171": ConflictError,
    "TEAM_110": UnsupportedError,
}
"""ECODE -> error class, where the status is wrong or says too little ([obs] sources in the corpus)."""

_FIELDS: Mapping[str, str] = {
    "ITEM_114": "status",
    "ITEM_137": "parent_task_id",
    "ITEM_246": "type",
    "FIELD_011": "custom_fields",
    "GBUSED_005": "content",
}

_REJECTED = frozenset({"OAUTH_017", "OAUTH_018", "OAUTH_019", "OAUTH_021", "OAUTH_025", "OAUTH_077"})
"""Codes of a token that is missing, revoked or unknown: no object is to blame."""

_PLAN = re.compile(r"\b(?:plan|upgrade|enterprise|business plus|paywall)\b", re.IGNORECASE)
_CLICKAPP = re.compile(
    r"\b(?:clickapp|not enabled|disabled|multiple lists|tasks in multiple lists)\b", re.IGNORECASE
)


def parse_fault(answer: Answer) -> VendorFault | None:
    """Read an error answer; `None` where it says nothing that can be read (HTML of the edge, no body).

    Forms: v2 `{"err": text, "ECODE": code}`, sometimes `error` or `message`; v3 `{"status", "message",
    "trace_id"}`.
    """
    if answer.status == _UNAUTHORIZED and "json" not in answer.headers.get("content-type", "json"):
        return None
    body = answer.json()
    if not isinstance(body, Mapping):
        return None
    text, code = _text(body), _code(body)
    name = _FIELDS.get(code or "")
    return VendorFault(
        message=text, fields={name: text} if name else {}, code=code, kind=_kind(answer.status, code, text)
    )


def _text(body: Mapping[str, object]) -> str:
    for name in ("err", "error", "message"):
        found = body.get(name)
        if isinstance(found, str) and found:
            return found
    return ""


def _code(body: Mapping[str, object]) -> str | None:
    for name in ("ECODE", "code", "ecode"):
        found = body.get(name)
        if isinstance(found, str) and found:
            return found
    return None


def _kind(status: int, code: str | None, text: str) -> type[PMError] | None:
    """Error class where the status misleads; `None` where it does not."""
    if status >= _SERVER:
        return None
    if code is not None and code in _KINDS:
        return _KINDS[code]
    if status == _UNAUTHORIZED and code not in _REJECTED:
        return OffError if _PLAN.search(text) else HiddenError
    if _CLICKAPP.search(text) or (status == _FORBIDDEN and _PLAN.search(text)):
        return OffError
    return PermissionDeniedError if status == _FORBIDDEN else None
