"""References: hrefs out, hrefs in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

import msgspec

from pm_providers.sandbox.openproject.errors import internal, type_mismatch

__all__ = [
    "ABSENT",
    "ROOT",
    "api",
    "filter_query",
    "link",
    "linked_id",
    "one_filter",
    "parse_href",
    "write_link",
]

ROOT = "/api/v3"
ABSENT: Any = object()
_HREF = re.compile(r"(?:https?://[^/]+)?(?:/[^/?#]+)*?/api/v3/([a-z_/]+?)/([^/?#]{1,200})/?")


def api(*parts: object) -> str:
    """Path below `/api/v3`."""
    return "/".join([ROOT, *(str(part) for part in parts)])


def link(title: str | None, *parts: object) -> dict[str, Any]:
    """`{"href", "title"}`; without a title only the href."""
    href = {"href": api(*parts)}
    return href if title is None else {**href, "title": title}


def write_link(method: str, *parts: object) -> dict[str, Any]:
    """Link to an action that is not a GET."""
    return {"href": api(*parts), "method": method}


def parse_href(attribute: str, href: Any, kinds: Sequence[str]) -> str:
    """Last part of a link to one of these collections; any host is accepted, as recorded.

    Raises:
        ApiError: 422 ResourceTypeMismatch.
    """
    match = _HREF.fullmatch(href) if isinstance(href, str) else None
    if match is None or match.group(1) not in kinds:
        raise type_mismatch(attribute, kinds, str(href))
    return match.group(2)


def linked_id(body: dict[str, Any], name: str, *kinds: str, attribute: str = "") -> Any:
    """Id behind `_links.<name>`: ABSENT when not written, None when cleared, -1 when no number.

    A link object without `href` and a null link are ignored; a text in place of the object is a 500
    (recorded 10-work-packages-create: steps 70 to 73).
    """
    links = body.get("_links", {})
    if links is None:
        raise internal("undefined method `collect' for nil:NilClass")
    value = links.get(name, ABSENT) if isinstance(links, dict) else ABSENT
    if value is ABSENT or value is None:
        return ABSENT
    if not isinstance(value, dict):
        shown = '"' + value + '":String' if isinstance(value, str) else str(value)
        raise internal(f"undefined method `fetch' for {shown}")
    if "href" not in value:
        return ABSENT
    if value["href"] is None:
        return None
    key = parse_href(attribute or name, value["href"], kinds)
    return int(key) if re.fullmatch(r"\d{1,18}", key) else -1


def filter_query(filters: list[dict[str, Any]]) -> str:
    """`filters=...` for a link, encoded as the vendor encodes it."""
    return "filters=" + quote_plus(msgspec.json.encode(filters).decode())


def one_filter(name: str, *values: object) -> str:
    """`filters=...` with one equality."""
    return filter_query([{name: {"operator": "=", "values": [str(v) for v in values]}}])
