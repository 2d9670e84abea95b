"""Values of a document: ids, references, durations. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.toolkit.documents import Document, broken

__all__ = ["document", "gid", "is_gid", "listed", "minutes", "ref_gid", "ref_name"]

_MINUTES = 60.0
_LONGEST = 64


def is_gid(value: str) -> bool:
    """Whether a text can be an id: digits. Others would be other addresses, or errors."""
    return value.isascii() and value.isdigit() and len(value) <= _LONGEST


def document(value: Any, kind: str) -> Document:
    """`value` as an object.

    Raises:
        ProviderError: it is none.
    """
    if not isinstance(value, Mapping):
        raise broken(f"no object where a {kind} should be")
    return value


def gid(value: Document, kind: str) -> str:
    """Id of a document; always text, never to be read as a number.

    Raises:
        ProviderError: missing, or no text.
    """
    found = value.get("gid")
    if type(found) is str and found:
        return found
    raise broken(f"a {kind} without gid")


def ref_gid(value: Document, name: str) -> str | None:
    """Id of the object that a property refers to; `None` where there is none, or it was not asked for."""
    found = value.get(name)
    return gid(found, name) if isinstance(found, Mapping) else None


def ref_name(value: Document, name: str) -> str | None:
    """Name of the object that a property refers to."""
    found = value.get(name)
    text = found.get("name") if isinstance(found, Mapping) else None
    return text if isinstance(text, str) and text else None


def listed(value: Document, name: str) -> list[Document]:
    """Objects in a list property; none where it is missing or null."""
    found = value.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def minutes(hours: float) -> int:
    """Whole minutes of a duration in hours."""
    return round(hours * _MINUTES)
