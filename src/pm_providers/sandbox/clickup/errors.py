"""ClickUp's error answers: one exception to raise, and the shapes it turns into.

Texts and codes are recorded or quoted as live answers where the fact sheet and public reports have them;
others follow their pattern.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "V3Error",
    "bad_input",
    "enterprise_only",
    "invalid_id",
    "not_authorized",
    "server_error",
    "status_error",
]


class ApiError(Exception):
    """An error answer of v2: `{"err": ..., "ECODE": ...}`.

    Args:
        status: HTTP status.
        err: text for people.
        code: the vendor's code.
    """

    def __init__(self, status: int, err: str, code: str) -> None:
        super().__init__(f"{status} {code} {err}")
        self.status = status
        self.body: Any = {"err": err, "ECODE": code}


class V3Error(ApiError):
    """An error answer of v3: status, message, trace id and timestamp ([spec] v3).

    Args:
        status: HTTP status.
        message: text for people.
        now: milliseconds of Unix time.
    """

    def __init__(self, status: int, message: str, now: int) -> None:
        super().__init__(status, message, "V3")
        self.body = {"status": status, "message": message, "trace_id": 8748778339088076128, "timestamp": now}


def not_authorized() -> ApiError:
    """401 for what is missing, deleted, foreign or hidden: not a 404, and nothing is wrong with the token."""
    return ApiError(401, "Team not authorized", "OAUTH_027")


def bad_input(err: str, code: str = "INPUT_000") -> ApiError:
    """400 for a value that the server refuses."""
    return ApiError(400, err, code)


def invalid_id(kind: str) -> ApiError:
    """400 for a text that cannot be an id; the codes of lists and tasks are quoted from live answers."""
    if kind == "list":
        return bad_input("validateListIDEx List ID invalid", "INPUT_003")
    if kind == "task":
        return bad_input("Task ID invalid", "INPUT_004")
    return bad_input(f"{kind.capitalize()} ID invalid", "INPUT_002")


def enterprise_only() -> ApiError:
    """403 as recorded for `GET /team/{id}/user/{id}`."""
    return ApiError(403, "Team must be on enterprise plan", "TEAM_110")


def server_error(code: str = "APP_001") -> ApiError:
    """500, which ClickUp also answers to some wrong input."""
    return ApiError(500, "Internal Server Error", code)


_TEXTS = {
    401: ("Token invalid", "OAUTH_025"),
    403: ("You do not have permission to perform this action", "ACCESS_083"),
    404: ("Task not found", "ITEM_013"),
    409: ("Conflict", "APP_003"),
    422: ("Unprocessable", "APP_004"),
    429: ("Rate limit reached", "APP_002"),
    500: ("Internal Server Error", "APP_001"),
}


def status_error(status: int) -> dict[str, Any] | None:
    """A plausible body for an injected status; None for those that the edge answers with a page."""
    if status not in _TEXTS:
        return None
    err, code = _TEXTS[status]
    return {"err": err, "ECODE": code}
