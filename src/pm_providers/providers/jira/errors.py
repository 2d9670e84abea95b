"""What an error answer of the vendor says, and signs of a credential that was not accepted."""

from __future__ import annotations

from collections.abc import Mapping

from pm_providers.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    UnsupportedError,
)
from pm_providers.transport import Answer, RateState, VendorFault, parse_rate_headers

__all__ = ["FIELD_NAMES", "is_anonymous", "parse_fault", "read_quota", "rejected"]

_MAX_FAULTS = 50
_BAD, _GONE = 400, 410

FIELD_NAMES: Mapping[str, str] = {
    "summary": "title",
    "description": "description",
    "issuetype": "type",
    "priority": "priority",
    "project": "project_id",
    "parent": "parent_task_id",
    "assignee": "assignee_id",
    "duedate": "due_date",
    "labels": "label_ids",
    "timetracking": "estimated_hours",
    "timetracking_originalestimate": "estimated_hours",
    "timetracking_remainingestimate": "remaining_hours",
    "comment": "body",
    "commentlevel": "is_internal",
    "timelogged": "hours",
    "timespentseconds": "hours",
    "started": "spent_on",
    "projectname": "name",
    "projectkey": "key",
    "projectlead": "owner_id",
    "leadaccountid": "owner_id",
    "name": "name",
    "key": "key",
    "startdate": "start_date",
    "enddate": "end_date",
    "goal": "goal",
    "originboardid": "project_id",
    "accountid": "user_id",
    "issuelink": "to_task_id",
}
"""Field of an error answer, in lower case -> field of our records. Custom fields keep their id here; the
writers put names in its place."""


def parse_fault(answer: Answer) -> VendorFault | None:
    """Read an error answer; `None` where it says nothing that can be read (HTML, no body).

    Forms: `{"errorMessages": [...], "errors": {field: text}}`; `{"message": ...}` and `{"error": ...}` of
    the gateway and of older parts; a list of the first form for bulk calls.
    """
    if is_anonymous(answer):
        return VendorFault(message=rejected(answer), kind=AuthenticationError)
    body = answer.json()
    if not isinstance(body, Mapping):
        return None
    told, found = body.get("errorMessages"), body.get("errors")
    texts = [one for one in told if isinstance(one, str)][:_MAX_FAULTS] if isinstance(told, list) else []
    errors = found if isinstance(found, Mapping) else {}
    fields = {
        FIELD_NAMES.get(str(name).lower(), str(name)): text
        for name, text in list(errors.items())[:_MAX_FAULTS]
        if isinstance(text, str)
    }
    for name in ("message", "error", "errorMessage"):
        if not texts and not fields and isinstance(body.get(name), str):
            texts = [body[name]]
    message = "; ".join([*texts, *(f"{name}: {text}" for name, text in fields.items())])
    return VendorFault(message=message, fields=fields, kind=_kind(answer.status, texts, fields))


def _kind(status: int, texts: list[str], fields: Mapping[str, str]) -> type[PMError] | None:
    """Error class where the status misleads: calls that are gone; 400 for what is missing or forbidden."""
    if status == _GONE:
        return UnsupportedError
    if status != _BAD or fields:
        return None
    text = " ".join(texts).lower()
    if "issue does not exist" in text:
        return NotFoundError
    forbidden = "not have permission" in text and "not exist" not in text
    return PermissionDeniedError if forbidden else None


def is_anonymous(answer: Answer) -> bool:
    """Whether an answer is what everybody gets, because the credential was refused without a word.

    Reads of a bad or expired token are answered with 200 and nothing in it, or 404.
    """
    reason = answer.headers.get("x-seraph-loginreason", "").upper()
    return "AUTHENTICATED_FAILED" in reason or "AUTHENTICATION_DENIED" in reason


def rejected(answer: Answer) -> str:
    """Why the credential was refused, for people."""
    if "CAPTCHA" in answer.headers.get("x-authentication-denied-reason", "").upper():
        return "the account must solve a CAPTCHA in the browser first: too many failed logins"
    return "the credential was not accepted (has the token expired?); what came is for anonymous visitors"


def read_quota(headers: Mapping[str, str], wall_now: float) -> RateState | None:
    """Quota headers, those that still wear a `Beta-` prefix included."""
    found = parse_rate_headers(headers, wall_now)
    if found is not None:
        return found
    names = ("ratelimit", "ratelimit-policy")
    beta = {name: headers.get(f"beta-{name}", "") for name in names}
    return parse_rate_headers(beta, wall_now) if any(beta.values()) else None
