"""Values of a document: references, instants in the vendor's form, seconds as hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pm_providers.toolkit.documents import Document, broken, optional_number

__all__ = ["as_minutes", "document", "fields_of", "hours", "person_id", "ref_id", "ref_name", "timestamp"]


_OBJECT = (dict, Mapping)
"""Decoded objects are dicts, which is told much faster than what else a mapping may be."""


def document(value: Any, kind: str) -> Document:
    """`value` as an object.

    Raises:
        ProviderError: it is none.
    """
    if not isinstance(value, _OBJECT):
        raise broken(f"no object where a {kind} should be")
    return value


def fields_of(value: Document) -> Document:
    """The `fields` of an issue; empty where only its id was asked for."""
    found = value.get("fields")
    return found if isinstance(found, _OBJECT) else {}


def ref_id(value: Document, name: str) -> str | None:
    """Id of the object that a property holds (`{"id": "3", ...}`); `None` where there is none."""
    found = value.get(name)
    if found is None:
        return None
    one = found.get("id") if isinstance(found, _OBJECT) else None
    if one is None or type(one) is str:
        return one
    if isinstance(one, bool) or not isinstance(one, int | str):
        raise broken(f"{name} refers to something without id")
    return str(one)


def ref_name(value: Document, name: str) -> str | None:
    """Name of the object that a property holds."""
    found = value.get(name)
    text = found.get("name") if isinstance(found, _OBJECT) else None
    return text if isinstance(text, str) and text else None


def person_id(value: Any) -> str | None:
    """What stands for a user: the account id on Cloud, the login on Data Center; `None` for nobody."""
    if value is None or not isinstance(value, _OBJECT):
        return None
    for name in ("accountId", "name", "key"):
        found = value.get(name)
        if isinstance(found, str) and found:
            return found
    return None


def hours(value: Document, name: str) -> float | None:
    """Seconds as hours; `None` where they are missing."""
    found = optional_number(value, name) if value else None
    return None if found is None else found / 3600


def as_minutes(value: float) -> str:
    """Hours in the vendor's words: whole minutes, so that the length of its days does not matter."""
    return f"{round(value * 60)}m"


def timestamp(value: datetime) -> str:
    """An instant in the only form that the vendor takes: milliseconds, and an offset without a colon."""
    moment = value.astimezone(UTC)
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
