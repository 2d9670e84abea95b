"""Jira's error answers: one exception to raise, and the shapes it turns into."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "bad_field",
    "bad_request",
    "forbidden",
    "missing_issue",
    "missing_project",
    "not_found",
    "status_error",
    "unauthenticated",
]

NO_LOGIN = "You are not authenticated. Authentication required to perform this operation."
NO_ISSUE = "Issue does not exist or you do not have permission to see it."


class ApiError(Exception):
    """An error answer.

    Args:
        status: HTTP status.
        messages: the `errorMessages`.
        fields: the `errors`, field id to message.
        body: a complete body in place of the above.
        headers: more headers of the answer.
    """

    def __init__(
        self,
        status: int,
        *messages: str,
        fields: dict[str, str] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {'; '.join(messages) or fields}")
        self.status = status
        self.messages = list(messages)
        self.fields = dict(fields or {})
        self.headers = headers or {}
        self.body = body if body is not None else {"errorMessages": self.messages, "errors": self.fields}


def bad_request(*messages: str) -> ApiError:
    """400 with messages that belong to no field."""
    return ApiError(400, *messages)


def bad_field(field_id: str, message: str) -> ApiError:
    """400 about one field."""
    return ApiError(400, fields={field_id: message})


def not_found(message: str) -> ApiError:
    """404: missing, or not visible."""
    return ApiError(404, message)


def missing_issue() -> ApiError:
    """404 as worded for issues (recorded)."""
    return not_found(NO_ISSUE)


def missing_project(name: str) -> ApiError:
    """404 as worded for projects: an id and a key have different texts."""
    if name.isdigit():
        return not_found(f"No project could be found with id '{name}'.")
    return not_found(f"No project could be found with key '{name}'.")


def forbidden(message: str = "You do not have permission to perform this operation.") -> ApiError:
    """403: visible, but the action is not allowed."""
    return ApiError(403, message)


def unauthenticated() -> ApiError:
    """401 of a write without a valid login."""
    return ApiError(401, NO_LOGIN)


_TEXTS = {
    400: "The request could not be processed.",
    401: NO_LOGIN,
    403: "You do not have permission to perform this operation.",
    404: NO_ISSUE,
    409: "The issue was changed by another request at the same time.",
    422: "The configuration of the site does not allow this operation.",
    429: "Rate limit exceeded",
    500: "Internal server error",
    503: "Service unavailable",
}


def status_error(status: int) -> dict[str, Any] | None:
    """A plausible body for an injected status; None for those that only a proxy sends."""
    if status not in _TEXTS or status == 503:
        return None
    return {"errorMessages": [_TEXTS[status]], "errors": {}}
