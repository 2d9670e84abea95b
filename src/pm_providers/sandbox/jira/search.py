"""Search by JQL: token pages, ids only by default, an index that lags behind, counts, and JQL itself."""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pm_providers.sandbox.jira.errors import ApiError, bad_request
from pm_providers.sandbox.jira.field_sets import FieldSet
from pm_providers.sandbox.jira.issue_view import IssueView
from pm_providers.sandbox.jira.jql import Plan, prepare
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["Found", "indexed", "plan_of", "routes", "token_page"]

routes = Routes()
BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."
GONE = (
    "The requested API has been removed. Please migrate to the {} API. A full migration guideline is "
    "available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
PAGE, FULL_PAGE, ID_PAGE = 50, 100, 5000
TOKEN_DAYS = 7
MAX_TOKENS = 20_000
_KNOWN = {
    "jql",
    "nextPageToken",
    "maxResults",
    "fields",
    "expand",
    "properties",
    "fieldsByKeys",
    "failFast",
    "reconcileIssues",
}
Place = tuple[tuple[Any, ...], int]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a page ended."""

    jql: str
    place: Place
    expires: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A page of issues; `token` leads to the next one, empty when there is none."""

    issues: list[Issue]
    token: str


def plan_of(session: Session, jql: str, *, bounded: bool = True) -> Plan:
    """A compiled query.

    Raises:
        ApiError: 400 with the vendor's texts.
    """
    try:
        return prepare(session, jql, bounded=bounded)
    except JqlError as error:
        raise bad_request(*error.messages) from error


def indexed(state: State, *, stale: int = 0, reconcile: Iterable[int] = ()) -> list[Issue]:
    """Issues as the search index knows them.

    The index is behind by the setting `index_lag_s`, and by `stale` writes where a fault says so; issues to
    reconcile are read from the database.
    """
    lag = float(state.settings.get("index_lag_s", 0))
    if not lag and not stale:
        return list(state.issues)
    if stale:
        rows = {row.id: row for row in state.issues.as_of(stale)}
    else:
        moment = state.clock.now() - timedelta(seconds=lag)
        rows = {row.id: row for row in state.issues.at(moment)}
    for key in reconcile:
        now = state.issues.get(key)
        rows.pop(key, None)
        if now is not None:
            rows[key] = now
    return list(rows.values())


def token_page(call: Call, jql: str, size: int, token: str, reconcile: tuple[int, ...] = ()) -> Found:
    """The page that a token stands for; an empty one stands for the first.

    Raises:
        ApiError: 400 for an unknown or expired token and for a bad query.
    """
    state = call.state
    mark = state.searches.get(token) if token else None
    if token and (mark is None or mark.expires < state.clock.now()):
        raise bad_request("The provided next page token is invalid or has expired.")
    places = _places(call, jql, reconcile, resumed=mark is not None)
    start = bisect_right(places, mark.place) if mark is not None else 0
    page = places[start : start + size]
    following = ""
    if start + size < len(places):
        following = _token(state, _Mark(jql, page[-1], state.clock.now() + timedelta(days=TOKEN_DAYS)))
    current = _current(call, reconcile)
    return Found([row for row in (current(key) for _, key in page) if row is not None], following)


def _current(call: Call, reconcile: tuple[int, ...]) -> Any:
    if not call.stale and not call.state.settings.get("index_lag_s", 0):
        return call.state.issues.get
    return {row.id: row for row in indexed(call.state, stale=call.stale, reconcile=reconcile)}.get


def _places(call: Call, jql: str, reconcile: tuple[int, ...], *, resumed: bool) -> list[Place]:
    """All results in order; those of the page before are used again while nothing was written."""
    state = call.state
    slot = (state.writes.number, call.user.id if call.user else None, jql, reconcile, call.stale)
    known = state.searches.get("last")
    if resumed and known is not None and known[0] == slot and not state.settings.get("index_lag_s", 0):
        return known[1]  # type: ignore[no-any-return]
    rows = indexed(state, stale=call.stale, reconcile=reconcile)
    places = plan_of(call.session, jql).run(rows)
    state.searches["last"] = (slot, places)
    return places


def _token(state: State, mark: _Mark) -> str:
    number = state.searches["count"] = state.searches.get("count", 0) + 1
    digest = hashlib.sha256(f"page {number} {mark.jql}".encode()).digest()
    token = base64.b64encode(digest).decode()
    state.searches[token] = mark
    if len(state.searches) > MAX_TOKENS:
        oldest = next(key for key in state.searches if key not in {"last", "count"})
        del state.searches[oldest]
    return token


@routes("GET", "search/jql")
def search_get(call: Call) -> Reply:
    """A page of a search, all in the query."""
    body: dict[str, Any] = {"jql": call.one("jql"), "fields": call.many("fields")}
    body |= {"expand": call.one("expand"), "properties": call.many("properties")}
    body |= {"nextPageToken": call.one("nextPageToken"), "maxResults": call.number("maxResults", PAGE)}
    wanted = call.many("reconcileIssues")
    if not all(text.isascii() and text.isdigit() for text in wanted):
        raise bad_request(BAD_PAYLOAD)
    return _search(call, body | {"reconcileIssues": [int(text) for text in wanted]})


@routes("POST", "search/jql", login=False)
def search_post(call: Call) -> Reply:
    """A page of a search."""
    body = call.object()
    if set(body) - _KNOWN:
        raise bad_request(BAD_PAYLOAD)
    return _search(call, body)


def _search(call: Call, body: dict[str, Any]) -> Reply:
    _check(body)
    wanted = FieldSet.of(call.state, body.get("fields") or (), "id")
    cap = ID_PAGE if wanted.bare else FULL_PAGE
    size = min(body.get("maxResults") or PAGE, cap)
    reconcile = tuple(body.get("reconcileIssues") or ())
    found = token_page(call, body.get("jql") or "", size, body.get("nextPageToken") or "", reconcile)
    expand = {part.strip() for part in (body.get("expand") or "").split(",") if part.strip()}
    view = IssueView(call.session)
    inner = expand - {"names", "schema"}
    properties = body.get("properties") or ()
    answer: dict[str, Any] = {
        "issues": [view.issue(row, wanted, inner, properties) for row in found.issues],
        **({"nextPageToken": found.token} if found.token else {}),
        # known to be wrong at times; a setting makes it so
        "isLast": not found.token and not call.state.settings.get("unreliable_is_last"),
    }
    return Reply(answer | _described(call.state, wanted, expand))


def _check(body: dict[str, Any]) -> None:
    """Raise 400 for members of the wrong kind."""
    texts = all(isinstance(body.get(name, ""), str | None) for name in ("jql", "nextPageToken", "expand"))
    lists = all(_is_list(body.get(name), str) for name in ("fields", "properties"))
    size = body.get("maxResults", PAGE)
    number = size is None or (isinstance(size, int) and not isinstance(size, bool))
    if not (texts and lists and number and _is_list(body.get("reconcileIssues"), int)):
        raise bad_request(BAD_PAYLOAD)
    if size is not None and size < 0:
        raise bad_request("The value for maxResults must be between 0 and 5000.")
    if len(body.get("properties") or ()) > 5:  # [spec] at most 5 keys
        raise bad_request("The number of issue properties exceeds the limit of 5.")
    if len(body.get("reconcileIssues") or ()) > 50:  # [spec] at most 50 ids
        raise bad_request("The number of issues to reconcile exceeds the limit of 50.")


def _is_list(value: Any, kind: type) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(part, kind) for part in value))


def _described(state: State, wanted: FieldSet, expand: set[str]) -> dict[str, Any]:
    rows = [] if wanted.bare else [row for row in state.fields if wanted.wants(row.id)]
    body: dict[str, Any] = {}
    if "names" in expand:
        body["names"] = {row.id: row.name for row in rows}
    if "schema" in expand:
        body["schema"] = {row.id: row.schema for row in rows if row.schema}
    return body


@routes("POST", "search/approximate-count", login=False)
def approximate_count(call: Call) -> Reply:
    """How many issues a query finds, as far as the index knows."""
    body = call.object()
    jql = body.get("jql", "")
    if not isinstance(jql, str):
        raise bad_request(BAD_PAYLOAD)
    rows = indexed(call.state, stale=call.stale)
    return Reply({"count": len(plan_of(call.session, jql).run(rows))})


@routes("GET", "search")
@routes("POST", "search", login=False)
def removed_search(call: Call) -> Reply:
    """Gone since 2025."""
    raise ApiError(410, GONE.format(f"/rest/api/{call.session.version}/search/jql"))


@routes("POST", "search/id", login=False)
def removed_ids(call: Call) -> Reply:
    """Gone since 2025."""
    raise ApiError(410, GONE.format(f"/rest/api/{call.session.version}/search/jql"))


@routes("POST", "jql/match", login=False)
def match(call: Call) -> Reply:
    """Which of the given issues each of the given queries finds."""
    body = call.object()
    ids, queries = body.get("issueIds"), body.get("jqls")
    if not ids or not queries or not _is_list(ids, int) or not _is_list(queries, str):
        raise bad_request(BAD_PAYLOAD)
    rows = [row for row in (call.state.issues.get(key) for key in ids) if row is not None]
    matches: list[dict[str, Any]] = []
    for jql in queries:
        try:
            places = prepare(call.session, jql, bounded=False).run(rows)
            matches.append({"matchedIssues": [key for _, key in places], "errors": []})
        except JqlError as error:
            matches.append({"matchedIssues": [], "errors": error.messages})
    return Reply({"matches": matches})
