"""Asana's error answers: one exception to raise, and its body.

Texts marked [recorded] stand in recorded answers, [obs] in public reports of the real service; the rest is
worded after them.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "bad",
    "error_body",
    "forbidden",
    "missing",
    "not_an_id",
    "not_found",
    "payment_required",
    "status_text",
    "unwritable",
]

HELP = (
    "For more information on API status codes and how to handle them, read the docs on errors: "
    "https://developers.asana.com/docs/errors"
)
NOT_AUTHORIZED = "Not Authorized"  # [recorded]
EXPIRED = (  # [recorded]
    "The bearer token has expired. If you have a refresh token, please use it to request a new bearer token, "
    "otherwise allow the user to re-authenticate."
)
NO_ROUTE = "No matching route for request"  # [obs]
BAD_JSON = "Could not parse request data, invalid JSON"  # [obs]
TOO_LARGE = (
    "The result is too large. You should use pagination (may require specifying a workspace)!"  # [obs]
)
RATE_LIMIT = "You have made too many requests recently. Please, be chill."  # [obs]
SERVER = "Server Error"
_TEXTS = {
    401: NOT_AUTHORIZED,
    403: "You do not have access to perform this action.",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: f"{RATE_LIMIT} You have hit a rate limit.",
    500: SERVER,
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class ApiError(Exception):
    """An error answer.

    Args:
        status: HTTP status.
        message: what went wrong; there is no machine readable code.
        headers: more headers of the answer.
        extra: more members of the body, beside `errors`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.body = {**error_body(message), **(extra or {})}


def error_body(message: str, phrase: str = "") -> dict[str, Any]:
    """The document of one error; `phrase` names an incident (status 500 only)."""
    if phrase:
        return {"errors": [{"message": message, "phrase": phrase}]}
    return {"errors": [{"message": message, "help": HELP}]}


def status_text(status: int) -> str:
    """The message of an injected error."""
    return _TEXTS.get(status, "Bad Request")


def bad(message: str) -> ApiError:
    """400."""
    return ApiError(400, message)


def missing(name: str) -> ApiError:
    """400 for a member that must be there [obs]."""
    return bad(f"{name}: Missing input")


def unwritable(name: str) -> ApiError:
    """400 for a member that is read-only, or can be written on creation only [obs]."""
    return bad(f"{name}: Cannot write this property")


def not_an_id(name: str, value: object) -> ApiError:
    """400 for what cannot be an id [recorded], or is none of the choices."""
    return bad(f"{name}: Not a recognized ID: {value}")


def not_found(name: str, gid: str, *, gone: bool = False) -> ApiError:
    """404 for an id that names nothing the caller sees [recorded], or lies in the trash [obs]."""
    return ApiError(404, f"{name}: Unknown object: {gid}" if gone else f"{name}: Not a recognized ID: {gid}")


def forbidden(message: str = _TEXTS[403]) -> ApiError:
    """403."""
    return ApiError(403, message)


def payment_required(feature: str) -> ApiError:
    """402 for what the plan does not have; the words are those of the search [obs]."""
    return ApiError(402, f"{feature} is only available to premium users.")
