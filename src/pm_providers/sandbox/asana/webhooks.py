"""Webhooks: registration with its handshake, and their state."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from typing import Any

from pm_providers.sandbox.asana.data import Data, shown
from pm_providers.sandbox.asana.errors import bad, forbidden, missing, not_an_id, not_found
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.records import Webhook
from pm_providers.sandbox.asana.rights import (
    find_portfolio,
    find_project,
    find_row,
    find_task,
    find_workspace,
)
from pm_providers.sandbox.asana.web import Call, Reply, Scoped, done, record, routes
from pm_providers.sandbox.asana.webhook_sending import WIDE, Webhooks

__all__ = ["routes_for"]

MAX_PER_RESOURCE = 1_000
ACTIONS = ("changed", "added", "removed", "deleted", "undeleted")
DUPLICATE = "Duplicated webhook"  # [obs n8n-io/n8n#133]
_MEMBERS = {"resource_type", "resource_subtype", "action", "fields"}


def routes_for(webhooks: Webhooks) -> Scoped:
    """The routes, with what sends the handshakes."""
    on = routes("webhooks")

    async def create(call: Call) -> Reply:
        return await _create(call, webhooks)

    def start(call: Call) -> Awaitable[Reply]:
        return create(call)

    on("POST", "/webhooks")(start)
    on("GET", "/webhooks")(many)
    on("GET", "/webhooks/{webhook}")(one)
    on("PUT", "/webhooks/{webhook}")(change)
    on("DELETE", "/webhooks/{webhook}")(delete)
    return on


def _resource(call: Call, gid: str) -> tuple[str, Any, str]:
    """Kind, record and workspace of what a webhook shall watch."""
    state, session = call.state, call.session
    if gid in state.projects:
        row: Any = find_project(session, gid, "resource")
        return "project", row, row.workspace
    if gid in state.tasks:
        row = find_task(session, gid, "resource")
        return "task", row, row.workspace
    if gid in state.portfolios:
        row = find_portfolio(session, gid, "resource")
        return "portfolio", row, row.workspace
    if gid in state.teams:
        row = find_row("resource", gid, state.teams)
        find_workspace(session, row.workspace, "resource")
        return "team", row, row.workspace
    if gid in state.workspaces:
        row = find_workspace(session, gid, "resource")
        return "workspace", row, row.id
    raise not_found("resource", gid)


async def _create(call: Call, webhooks: Webhooks) -> Reply:
    """The receiver is asked during the request; nothing is stored when it does not answer as it must."""
    data, state = call.data(), call.state
    gid, target = data.need_gid("resource"), data.need("target")
    kind, row, workspace = _resource(call, gid)
    filters = _filters(data, kind)
    webhooks.check_target(target)
    same = [hook for hook in state.webhooks if hook.resource == row.id]
    if any(hook.target == target and hook.app == call.session.token.app for hook in same):
        raise forbidden(DUPLICATE)
    if len(same) >= MAX_PER_RESOURCE:
        raise forbidden("Webhook limit exceeded")
    number = state.gid()
    secret = hashlib.sha256(f"hook {number} {target} {state.clock.now()}".encode()).hexdigest()[:32]
    await webhooks.shake(target, secret)
    hook = state.webhooks.put(
        Webhook(
            id=number,
            resource=row.id,
            resource_kind=kind,
            workspace=workspace,
            target=target,
            secret=secret,
            user=call.session.user.id,
            app=call.session.token.app,
            created=state.now(),
            filters=filters,
            cursor=state.event_number,
        )
    )
    reply = record(call, "webhook", hook, 201)
    reply.body["X-Hook-Secret"] = secret
    return reply


def _filters(data: Data, kind: str) -> tuple[dict[str, Any], ...]:
    found = [_filter(entry, number, kind) for number, entry in enumerate(data.items("filters"))]
    if kind in WIDE and not found:
        raise bad(f"filters: Webhooks on a {kind} must have filters")
    return tuple(found)


def _filter(entry: Any, number: int, kind: str) -> dict[str, Any]:
    where = f"filters: [{number}]: "
    if not isinstance(entry, dict) or not entry.keys() <= _MEMBERS:
        raise bad(f"{where}Value is not a webhook filter: {shown(entry)}")
    fields = Data(entry, where=where)
    action = fields.choice("action", ACTIONS, null=True)
    resource_type = fields.text("resource_type")
    names = fields.items("fields")
    if names and (action != "changed" or kind in WIDE):
        raise bad(
            f"{where}fields: Only valid for the action changed, and not on a workspace, team or portfolio"
        )
    if kind in WIDE and resource_type in {None, "task", "story"}:
        raise bad(f"{where}resource_type: Webhooks on a {kind} cannot report events of this type")
    return {name: value for name, value in entry.items() if value is not None}


def _mine(call: Call, row: Webhook) -> bool:
    return row.user == call.session.user.id and row.app == call.session.token.app


def many(call: Call) -> Reply:
    """Webhooks that this app made for this person, of a workspace."""
    place = find_workspace(call.session, call.need("workspace"))
    resource = call.gid("resource")
    rows = [row for row in call.state.webhooks.where("workspace", place.id) if _mine(call, row)]
    return listing(call, "webhook", [row for row in rows if resource in {None, row.resource}])


def _one(call: Call) -> Webhook:
    row: Webhook = find_row("webhook", call.params["webhook"], call.state.webhooks)
    if not _mine(call, row):
        raise not_an_id("webhook", row.id)
    return row


def one(call: Call) -> Reply:
    """A webhook with what is known of its deliveries."""
    return record(call, "webhook", _one(call))


def change(call: Call) -> Reply:
    """Replace the filters."""
    row, data = _one(call), call.data()
    if "filters" not in data:
        raise missing("filters")
    return record(call, "webhook", call.state.webhooks.change(row, filters=_filters(data, row.resource_kind)))


def delete(call: Call) -> Reply:
    """Stop the deliveries."""
    call.state.webhooks.remove(_one(call).id)
    return done()
