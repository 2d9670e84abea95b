"""What answers hold: lists under several names, and whether there are more pages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.toolkit.documents import broken, object_list

__all__ = ["is_last", "objects"]


def is_last(document: Any, reached: int) -> bool:
    """Whether a page is the last one, when so many elements are reached."""
    if not isinstance(document, Mapping):
        return True
    total = document.get("total")
    if isinstance(total, int) and not isinstance(total, bool):
        return reached >= total
    return document.get("isLast") is True or "isLast" not in document


def objects(document: Any, kind: str) -> list[dict[str, Any]]:
    """The list that an answer holds under one of the names that such lists have.

    Raises:
        ProviderError: there is none, or it holds something else than objects.
    """
    if isinstance(document, list):
        return object_list(document, kind)
    if isinstance(document, Mapping):
        for name in (kind, "values", "results"):
            if isinstance(document.get(name), list):
                return object_list(document[name], kind)
    raise broken(f"no list of {kind} in the answer")
