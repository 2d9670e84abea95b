"""Why issues of one creating call, or all of them, were refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.errors import ValidationError

__all__ = ["failures", "refused"]


def refused(document: Mapping[str, Any]) -> ValidationError:
    """Why a whole call was refused."""
    text = "; ".join(str(one) for one in document.get("errorMessages") or ())
    fields = _by_field(document)
    return ValidationError(text or ("" if fields else "refused"), fields=fields)


def failures(document: Mapping[str, Any]) -> dict[int, ValidationError]:
    """Place in the call -> why it failed."""
    found = {}
    for one in document.get("errors") or ():
        if not isinstance(one, Mapping) or not isinstance(one.get("failedElementNumber"), int):
            continue
        inner = one.get("elementErrors")
        details = inner if isinstance(inner, Mapping) else {}
        fields = _by_field(details)
        texts = [str(text) for text in details.get("errorMessages") or ()]
        message = "; ".join([*texts, *(f"{name}: {why}" for name, why in fields.items())]) or "refused"
        status = one.get("status")
        found[one["failedElementNumber"]] = ValidationError(
            message, fields=fields, status=status if isinstance(status, int) else None
        )
    return found


def _by_field(document: Mapping[str, Any]) -> dict[str, str]:
    errors = document.get("errors")
    return {str(name): str(why) for name, why in errors.items()} if isinstance(errors, Mapping) else {}
