"""The events feeds: what happened to a resource since the last call.

A call without a token, or with one that is unknown or older than 24 hours, answers 412 and gives a token
[spec]. At most 100 events an answer; then `has_more` is true.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from pm_providers.sandbox.asana.data import is_gid, shown
from pm_providers.sandbox.asana.errors import ApiError, forbidden, not_an_id, not_found
from pm_providers.sandbox.asana.fields import COMPACT, OMIT, Ref, define, show
from pm_providers.sandbox.asana.rights import find_project, find_task, find_workspace
from pm_providers.sandbox.asana.state import EVENT_LIFE, Event, State
from pm_providers.sandbox.asana.view_people import user_ref
from pm_providers.sandbox.asana.web import Call, Reply, Session, routes, stamp

__all__ = ["on"]

on = routes()
MAX_EVENTS, MAX_WORKSPACE_EVENTS = 100, 1_000
STALE = (  # [recorded]
    "Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch the full "
    "dataset for this query now and use the new sync token for the next sync."
)
_COMPACT = ("user", "created_at", "type", "action", "resource", "parent", "change")


def _thing(name: str) -> Any:
    return lambda _s, row: getattr(row, name)


def _change(_session: Session, row: Event) -> Any:
    return OMIT if row.change is None else row.change


define(
    "event",
    {
        "user": lambda s, row: user_ref(s, row.user),
        "created_at": lambda _s, row: stamp(row.at),
        "type": lambda _s, row: row.resource["resource_type"],
        "action": _thing("action"),
        "resource": _thing("resource"),
        "parent": _thing("parent"),
        "change": _change,
    },
    compact=_COMPACT,
    gid=False,
)


def _token(state: State, resource: str, number: int) -> str:
    moment = state.clock.now()
    token = hashlib.sha256(
        f"{resource} {number} {moment.timestamp()} {len(state.cursors)}".encode()
    ).hexdigest()[:32]
    oldest = moment - EVENT_LIFE
    for key in [key for key, known in state.cursors.items() if known[2] < oldest]:
        del state.cursors[key]
    state.cursors[token] = (resource, number, moment)
    return token


def _resource(call: Call, gid: str) -> str:
    state = call.state
    if not is_gid(gid):
        raise not_an_id("resource", shown(gid))
    if gid in state.projects:
        return find_project(call.session, gid, "resource").id
    if gid in state.tasks:
        return find_task(call.session, gid, "resource").id
    if gid in state.portfolios or gid in state.tags or gid in state.sections:
        return gid
    raise not_found("resource", gid)


def _fresh(call: Call, resource: str) -> ApiError:
    token = _token(call.state, resource, _last(call.state))
    return ApiError(412, STALE, extra={"sync": token})


def _last(state: State) -> int:
    """Number of the newest event that feeds show already."""
    shown_until = state.clock.now() - timedelta(seconds=state.event_lag_s)
    hidden = sum(1 for event in reversed(state.events) if event.at > shown_until) if state.event_lag_s else 0
    return state.event_number - hidden


def _feed(call: Call, resource: str, cap: int) -> Reply:
    state = call.state
    known = state.cursors.get(call.one("sync") or "")
    if known is None or known[0] != resource or state.clock.now() - known[2] > EVENT_LIFE:
        raise _fresh(call, resource)
    last = max(known[1], _last(state))
    start = max(0, len(state.events) - (state.event_number - known[1]))
    found = [event for event in state.events[start:] if event.number <= last and resource in event.scopes]
    page = found[:cap]
    more = len(found) > cap
    number = page[-1].number if more else last
    spec = call.fields() or COMPACT
    body = {
        "data": [show(call.session, Ref("event", event), spec) for event in page],
        "sync": _token(state, resource, number),
        "has_more": more,
    }
    return Reply(body)


@on("GET", "/events", scope="events")
def feed(call: Call) -> Reply:
    """Events of a task, project or other resource."""
    return _feed(call, _resource(call, call.need("resource")), MAX_EVENTS)


@on("GET", "/workspaces/{workspace}/events", scope="events")
def workspace_feed(call: Call) -> Reply:
    """Events of a whole workspace: service accounts of Enterprise only [doc]."""
    place = find_workspace(call.session, call.params["workspace"])
    if call.session.token.kind != "service" or not call.state.has("enterprise"):
        raise forbidden("Workspace events are only available to service accounts.")
    return _feed(call, place.id, MAX_WORKSPACE_EVENTS)
