"""Trello's refusals: most are plain text, some JSON; the tables of the fact sheet's section 9."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "forbidden",
    "invalid",
    "invalid_id",
    "invalid_object",
    "not_found",
    "status_error",
    "unauthorized",
]


class ApiError(Exception):
    """A refusal; a text is sent as text/plain, anything else as JSON."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def invalid(name: str) -> ApiError:
    """400 for a parameter: `invalid value for idList`."""
    return ApiError(400, f"invalid value for {name}")


def invalid_id() -> ApiError:
    """400 for an id in the path that has not the form of one."""
    return ApiError(400, "invalid id")


def invalid_object() -> ApiError:
    """400 for an id in a parameter; this one is JSON ([obs] kylepinecroft/submit-googleforms-to-trello#4)."""
    return ApiError(400, {"message": "Invalid objectId", "error": "ERROR"})


def not_found() -> ApiError:
    """404: gone, or never there."""
    return ApiError(404, "The requested resource was not found.")


def unauthorized(what: str = "") -> ApiError:
    """401 for what a valid token may not see or do ([recorded] error_401)."""
    return ApiError(
        401, f"unauthorized {what} permission requested" if what else "unauthorized permission requested"
    )


def forbidden(text: str) -> ApiError:
    """403: a feature of the plan, a limit, or a workspace that the token is not for."""
    return ApiError(403, text)


_TEXTS = {
    401: "invalid token",
    403: "Forbidden",
    404: "The requested resource was not found.",
    409: "Conflict",
    422: "Unprocessable Entity",
}


def status_error(status: int) -> Any:
    """Body of an injected fault: text, JSON for 429, None for the HTML page of a proxy."""
    if status == 429:
        return {"error": "API_TOKEN_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}
    return _TEXTS.get(status)
