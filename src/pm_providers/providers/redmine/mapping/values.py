"""Values of a document: references, and texts in the system's own format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pm_providers.toolkit.documents import Document, broken

__all__ = ["Text", "document", "ref_id", "ref_name"]

Text = Callable[[str | None], str | None]
"""Turns a stored text into Markdown."""


def document(value: Any, kind: str) -> Document:
    """`value` as an object.

    Raises:
        ProviderError: it is none.
    """
    if not isinstance(value, Mapping):
        raise broken(f"no object where a {kind} should be")
    return value


def ref_id(value: Document, name: str) -> str | None:
    """Id of the object that a property refers to (`{"id": 5, "name": "..."}`); `None` where there is none."""
    found = value.get(name)
    number = found.get("id") if isinstance(found, Mapping) else None
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise broken(f"{name} refers to something without id")
    return str(number)


def ref_name(value: Document, name: str) -> str | None:
    """Name of the object that a property refers to."""
    found = value.get(name)
    text = found.get("name") if isinstance(found, Mapping) else None
    return text if isinstance(text, str) and text else None
