"""Collections: the two shapes that lists have, and reading `offset`, `pageSize`, `select`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from pm_providers.sandbox.openproject.errors import ApiError, internal
from pm_providers.sandbox.openproject.links import ROOT
from pm_providers.sandbox.openproject.web import Call

__all__ = ["Page", "paged", "paged_list", "query_string", "read_page", "unpaged"]


@dataclass(frozen=True, slots=True)
class Page:
    """The wanted part of a list: `number` from 1, `size` rows."""

    number: int
    size: int

    def cut(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows of this page."""
        start = (self.number - 1) * self.size
        return rows[start : start + self.size]


def read_page(call: Call, default_size: int | None = None) -> Page:
    """`offset` (a page number) and `pageSize`; odd values as the vendor reads them.

    Recorded 13-…: steps 95 to 104: text and 0 as a size are 0, -1 is a 500, an offset below 1 or text
    is 1, a size above the maximum is the maximum.
    """
    state = call.state
    size = default_size or state.settings["per_page_options"][0]
    if "pageSize" in call.query:
        size = _integer(call.query["pageSize"])
        if size == -1 and call.state.features.projects_paged:
            size = state.settings["max_page_size"]
        if size < 0:
            raise internal("PG::InvalidRowCountInLimitClause: ERROR:  LIMIT must not be negative")
    offset = max(1, _integer(call.query.get("offset", "1")))
    return Page(offset, min(size, state.settings["max_page_size"]))


def query_string(params: dict[str, Any]) -> str:
    """Parameters in the order and encoding of the vendor's links."""
    return "&".join(f"{key}={quote_plus(str(value))}" for key, value in sorted(params.items()))


def unpaged(path: str, elements: list[dict[str, Any]], **links: Any) -> dict[str, Any]:
    """A list that comes whole; `path` is below `/api/v3`."""
    return {
        "_type": "Collection",
        "total": len(elements),
        "count": len(elements),
        "_embedded": {"elements": elements},
        "_links": {"self": {"href": ROOT + path}, **links},
    }


def paged(
    path: str,
    page: Page,
    total: int,
    elements: list[dict[str, Any]],
    params: dict[str, Any] | None = None,
    kind: str = "Collection",
) -> dict[str, Any]:
    """One page of a list, with the links to its neighbours.

    `params` are the query parameters that the links repeat, besides offset and pageSize.
    """
    known = params or {}

    def href(offset: object, size: object) -> str:
        return f"{ROOT}{path}?{query_string({**known, 'offset': offset, 'pageSize': size})}"

    links: dict[str, Any] = {
        "self": {"href": href(page.number, page.size)},
        "jumpTo": {"href": href("{offset}", page.size), "templated": True},
        "changeSize": {"href": href(page.number, "{size}"), "templated": True},
    }
    if page.number > 1:
        links["previousByOffset"] = {"href": href(page.number - 1, page.size)}
    if total > page.number * page.size:
        links["nextByOffset"] = {"href": href(page.number + 1, page.size)}
    return {
        "_type": kind,
        "total": total,
        "count": len(elements),
        "pageSize": page.size,
        "offset": page.number,
        "_embedded": {"elements": elements},
        "_links": links,
    }


def paged_list(
    call: Call,
    path: str,
    rows: Sequence[Any],
    represent: Callable[[Any], dict[str, Any]],
    params: dict[str, Any] | None = None,
    default_size: int | None = None,
) -> dict[str, Any]:
    """Cut the wanted page out of `rows` and represent it: the usual end of a list handler."""
    page = read_page(call, default_size)
    elements = [represent(row) for row in page.cut(rows)]
    return paged(path, page, len(rows), elements, params)


def select_parts(call: Call, allowed: frozenset[str]) -> list[str] | None:
    """Signals of `select`, or None when it is absent or unknown to this version.

    Raises:
        ApiError: 400 InvalidSignal for others than `allowed`.
    """
    raw = call.query.get("select")
    if raw is None or not call.state.features.select:
        return None
    signals = [part.strip() for part in raw.split(",") if part.strip()]
    bad = [signal for signal in signals if signal != "*" and signal not in allowed]
    if bad or not signals:
        raise ApiError(
            400,
            "InvalidSignal",
            f"The requested select signals {', '.join(bad)!r} are not supported.",
        )
    return signals


def apply_select(body: dict[str, Any], signals: list[str]) -> dict[str, Any]:
    """Cut a collection down to the selected members."""
    names = ("total", "count", "pageSize", "offset")
    picked = [s.removeprefix("elements/") for s in signals if s.startswith("elements/")]
    result: dict[str, Any] = {name: body[name] for name in names if name in signals}
    if picked:
        elements = [_pick(element, picked) for element in body["_embedded"]["elements"]]
        result["_embedded"] = {"elements": elements}
    if "self" in signals:
        result["_links"] = {"self": body["_links"]["self"]}
    return result


def _pick(element: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if "*" in names:
        return element
    plain = {name: element[name] for name in names if name in element}
    links = {name: element["_links"][name] for name in names if name in element["_links"]}
    return {**plain, "_links": links} if links else plain


def _integer(value: str) -> int:
    match = re.match(r"\s*[+-]?\d{1,18}", value)
    return int(match.group(0)) if match else 0
