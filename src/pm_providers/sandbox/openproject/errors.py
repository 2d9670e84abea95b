"""OpenProject's error answers: one class to raise, and the shapes it turns into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "ApiError",
    "Fault422",
    "bad_request",
    "conflict",
    "error_body",
    "forbidden",
    "internal",
    "invalid_query",
    "missing_wp",
    "not_found",
    "raise_faults",
    "read_only",
    "status_error",
    "type_mismatch",
    "violation",
    "wrong_format",
]

PREFIX = "urn:openproject-org:api:v3:errors:"
MULTIPLE = "Multiple field constraints have been violated."


class ApiError(Exception):
    """An error answer.

    Args:
        status: HTTP status.
        tail: last part of the `errorIdentifier`.
        message: text, or a list of texts where the vendor sends one (InvalidQuery of most lists).
        details: content of `_embedded.details`.
        body: complete body in place of the above.
    """

    def __init__(
        self,
        status: int,
        tail: str,
        message: Any,
        details: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {tail}")
        self.status = status
        self.body = body if body is not None else error_body(tail, message, details)


@dataclass(frozen=True, slots=True)
class Fault422:
    """One rejected property, inside a 422 answer or a form's validationErrors."""

    attribute: str
    message: str
    tail: str = "PropertyConstraintViolation"
    extra: tuple[tuple[str, Any], ...] = ()

    def body(self) -> dict[str, Any]:
        """As an error object."""
        return error_body(self.tail, self.message, {"attribute": self.attribute, **dict(self.extra)})


def error_body(tail: str, message: Any, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON of one error."""
    body = {"_type": "Error", "errorIdentifier": PREFIX + tail, "message": message}
    if details:
        body["_embedded"] = {"details": details}
    return body


def violation(attribute: str, message: str) -> Fault422:
    """A value that a rule refuses."""
    return Fault422(attribute, message)


def read_only(attribute: str, human: str) -> Fault422:
    """A property that cannot be written."""
    return Fault422(
        attribute,
        f"{human} was attempted to be written but is not writable.",
        "PropertyIsReadOnly",
    )


def wrong_format(attribute: str, expected: str, actual: Any) -> ApiError:
    """422 for a value that cannot be read at all; raised at once, before the other rules."""
    shown = actual if isinstance(actual, str) else str(actual)
    return ApiError(
        422,
        "PropertyFormatError",
        f"Invalid format for property '{attribute}': Expected format like '{expected}', but got '{shown}'.",
        {"attribute": attribute},
    )


def type_mismatch(attribute: str, expected: Sequence[str], actual: str) -> ApiError:
    """422 for a link to the wrong kind of resource."""
    wanted = " or ".join(f"'/api/v3/{kind}/:id'" for kind in expected)
    return ApiError(
        422,
        "ResourceTypeMismatch",
        f"For property '{attribute}' a link like {wanted} is expected, but got '{actual}'.",
    )


def raise_faults(faults: Iterable[Fault422]) -> None:
    """Raise 422 for the faults, constraint violations first; nothing happens without any."""
    ordered = sorted(faults, key=lambda fault: fault.tail == "PropertyIsReadOnly")
    if not ordered:
        return
    if len(ordered) == 1:
        raise ApiError(422, "", "", body=ordered[0].body())
    raise multiple([fault.body() for fault in ordered])


def multiple(bodies: list[dict[str, Any]]) -> ApiError:
    """422 that holds several errors."""
    body = error_body("MultipleErrors", MULTIPLE)
    body["_embedded"] = {"errors": bodies}
    return ApiError(422, "", "", body=body)


def not_found(message: str = "The requested resource could not be found.") -> ApiError:
    """404, also for what the user may not see."""
    return ApiError(404, "NotFound", message)


def missing_wp() -> ApiError:
    """404 as worded for work packages."""
    return not_found("The work package you are looking for cannot be found or has been deleted.")


def forbidden() -> ApiError:
    """403: visible, but the action is not allowed."""
    return ApiError(403, "MissingPermission", "You are not authorized to access this resource.")


def conflict() -> ApiError:
    """409: lockVersion stale or missing."""
    return ApiError(
        409,
        "UpdateConflict",
        "Could not update the resource because of conflicting modifications.",
    )


def bad_request(message: str) -> ApiError:
    """400 BadRequest."""
    return ApiError(400, "BadRequest", f"Bad request: {message}")


def internal(cause: str) -> ApiError:
    """500 as the vendor gives for requests that its code does not expect (recorded)."""
    return ApiError(500, "InternalServerError", f"An internal error has occurred. {cause}")


def invalid_query(messages: Sequence[str], *, listed: bool) -> ApiError:
    """400 InvalidQuery; `listed` sends the messages as a JSON list, as most collections do.

    Work packages send one message as text and several as MultipleErrors with status 422.
    """
    if listed:
        return ApiError(400, "InvalidQuery", list(messages))
    if len(messages) == 1:
        return ApiError(400, "InvalidQuery", messages[0])
    return multiple([error_body("InvalidQuery", message) for message in messages])


_BY_STATUS = {
    401: ("Unauthenticated", "You did not provide the correct credentials."),
    403: ("MissingPermission", "You are not authorized to access this resource."),
    404: ("NotFound", "The requested resource could not be found."),
    409: ("UpdateConflict", "Could not update the resource because of conflicting modifications."),
    422: ("PropertyConstraintViolation", "Subject can't be blank."),
    429: ("Throttled", "You have sent too many requests. Please try again later."),
    500: ("InternalServerError", "An internal error has occurred."),
}


def status_error(status: int) -> dict[str, Any] | None:
    """A plausible body for an injected status; None for those that only a proxy sends."""
    if status not in _BY_STATUS:
        return None
    tail, message = _BY_STATUS[status]
    return error_body(tail, message, {"attribute": "subject"} if status == 422 else None)
