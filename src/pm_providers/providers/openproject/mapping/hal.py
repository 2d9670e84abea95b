"""Values of a HAL document: links, texts, dates, durations. Strict where guessing would lose data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import isodate

from pm_providers.toolkit.documents import (
    Document,
    broken,
    day,
    identifier,
    instant,
    optional_number,
    optional_text,
)

__all__ = [
    "Resource",
    "broken",
    "day",
    "duration",
    "elements",
    "formattable",
    "hours",
    "href_id",
    "identifier",
    "instant",
    "link",
    "link_id",
    "link_ids",
    "link_title",
    "optional_number",
    "optional_text",
    "resource",
    "to_href",
    "whole_seconds",
]

Resource = Document
"""A HAL resource as decoded JSON."""

_TAIL = re.compile(r"/([A-Za-z_]+)/([^/?#]+)/?(?:[?#].*)?$")
_SECONDS_PER_HOUR = 3600


def resource(value: Any, kind: str) -> Resource:
    """`value` as a resource with an `id` and `_links`.

    Raises:
        ProviderError: null, a list or a scalar stands where the resource should be, or it has no links.
    """
    if not isinstance(value, Mapping):
        raise broken(f"no object where a {kind} should be")
    if not isinstance(value.get("_links"), Mapping):
        raise broken(f"a {kind} without _links")
    return value


def elements(collection: Any) -> list[Any]:
    """Elements of a collection.

    Raises:
        ProviderError: no collection.
    """
    embedded = collection.get("_embedded") if isinstance(collection, Mapping) else None
    found = embedded.get("elements") if isinstance(embedded, Mapping) else None
    if not isinstance(found, list):
        raise broken("a collection without elements")
    return found


def link(value: Resource, name: str) -> Mapping[str, Any]:
    """A single link; empty where it is missing, null or a list."""
    links = value.get("_links")
    found = links.get(name) if isinstance(links, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def href_id(href: Any, *namespaces: str) -> str | None:
    """Id at the end of an href (`/api/v3/users/5` -> `"5"`).

    Hrefs carry the relative root of the installation, so only the tail counts. URNs (undisclosed references)
    and hrefs of other namespaces than asked for have no id.
    """
    found = _TAIL.search(href) if isinstance(href, str) else None
    if found is None or (namespaces and found[1] not in namespaces):
        return None
    return found[2]


def link_id(value: Resource, name: str, *namespaces: str) -> str | None:
    """Id that a single link points to; `None` for an empty, undisclosed or missing link."""
    return href_id(link(value, name).get("href"), *namespaces)


def link_title(value: Resource, name: str) -> str | None:
    """Title of a single link, where the vendor sends it along."""
    title = link(value, name).get("title")
    return title if isinstance(title, str) and title else None


def link_ids(value: Resource, name: str) -> list[str]:
    """Ids of a list of links, in order."""
    links = value.get("_links")
    found = links.get(name) if isinstance(links, Mapping) else None
    items = found if isinstance(found, list) else []
    ids = [href_id(item.get("href")) for item in items if isinstance(item, Mapping)]
    return [one for one in ids if one is not None]


def to_href(namespace: str, identifier: str | None) -> dict[str, str | None]:
    """Link to write; `None` clears."""
    return {"href": None if identifier is None else f"/api/v3/{namespace}/{identifier}"}


def formattable(value: Resource, name: str) -> str | None:
    """Raw text of a formattable property; `None` where it is missing or empty.

    Raises:
        ProviderError: the property is there, but null or no object: taking that for "empty" would let a
            broken answer wipe a text elsewhere.
    """
    if name not in value:
        return None
    found = value[name]
    raw = found.get("raw") if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping) or not (raw is None or isinstance(raw, str)):
        raise broken(f"{name} is no formatted text")
    return raw or None


def hours(value: Any) -> float | None:
    """Hours of an ISO 8601 duration, days being 24 hours (recorded 10-work-packages-create: step 6).

    Raises:
        ProviderError: no duration, or one in months or years, which the vendor never sends.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise broken("a duration that is none")
    return _parsed_hours(value)


@lru_cache(maxsize=4096)
def _parsed_hours(text: str) -> float:
    try:
        found = isodate.parse_duration(text)
    except (ValueError, OverflowError, ArithmeticError):
        raise broken("a duration that is none") from None
    if not isinstance(found, timedelta):
        raise broken("a duration in months or years")
    return found.total_seconds() / _SECONDS_PER_HOUR


def whole_seconds(value: float) -> float:
    """Hours to the second, as they can be stored: the vendor keeps no fractions of one."""
    return _seconds(value) / _SECONDS_PER_HOUR


def _seconds(value: float) -> int:
    return math.floor(value * _SECONDS_PER_HOUR + 0.5)


def duration(value: float | None) -> str | None:
    """ISO 8601 duration of hours, see `whole_seconds`."""
    if value is None:
        return None
    seconds = _seconds(value)
    whole, rest = divmod(seconds, _SECONDS_PER_HOUR)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{number}{unit}" for number, unit in ((whole, "H"), (minutes, "M"), (seconds, "S")) if number]
    return f"PT{''.join(parts) or '0S'}"
