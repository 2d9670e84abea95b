"""Registering receivers: each user sees his own; nobody checks an address before the first event."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import find_task, folder, space, task_list, team
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import ApiError, bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import Webhook
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["EVENTS", "routes", "webhook_form"]

routes = v2_routes()
CLIENT = "QVOQP06ZXC6CMGVFKB0ZT7J9Y7SANDBX"
_TASK = (
    "Created Updated Deleted PriorityUpdated StatusUpdated AssigneeUpdated DueDateUpdated TagUpdated Moved "
    "CommentPosted CommentUpdated TimeEstimateUpdated TimeTrackedUpdated"
)
EVENTS = frozenset(
    [f"task{name}" for name in _TASK.split()]
    + [
        f"{kind}{name}"
        for kind in ("list", "folder", "space", "goal", "keyResult")
        for name in ("Created", "Updated", "Deleted")
    ]
)


@routes("GET", "/team/{team_id}/webhook")
def webhooks(call: Call) -> Reply:
    """Webhooks that the caller made."""
    rows = call.state.webhooks.where("team_id", team(call).id)
    return Reply({"webhooks": [webhook_form(row) for row in rows if row.user_id == call.user.id]})


@routes("POST", "/team/{team_id}/webhook")
def create_webhook(call: Call) -> Reply:
    """Register a receiver for a Workspace, or for the most specific place that is named.

    Raises:
        ApiError: 400 for a bad address or unknown events, 400 `OAUTH_171` for the same one again.
    """
    found = team(call)
    fields = read(call, "endpoint", "events", "space_id", "folder_id", "list_id", "task_id")
    endpoint, events = _endpoint(fields), _events(fields)
    place: dict[str, Any] = dict(_place(call, fields))
    for row in call.state.webhooks.where("team_id", found.id):
        same = (row.space_id, row.folder_id, row.list_id, row.task_id) == tuple(place.values())
        if row.endpoint == endpoint and row.user_id == call.user.id and same:
            raise ApiError(400, "Webhook configuration already exists", "OAUTH_171")
    row = Webhook(
        id=call.state.uuid(),
        team_id=found.id,
        user_id=call.user.id,
        endpoint=endpoint,
        events=events,
        secret=call.state.secret(),
        client_id=CLIENT,
        **place,
    )
    call.state.webhooks.put(row)
    return Reply({"id": row.id, "webhook": webhook_form(row)})


@routes("PUT", "/webhook/{webhook_id}")
def update_webhook(call: Call) -> Reply:
    """Change a receiver; `status: active` wakes a suspended one."""
    row = _webhook(call)
    fields = read(call, "endpoint", "events", "status", "secret")
    changes: dict[str, Any] = {}
    if "endpoint" in fields:
        changes["endpoint"] = _endpoint(fields)
    if "events" in fields:
        changes["events"] = _events(fields)
    status = fields.text("status")
    if status is not MISSING:
        if status not in {"active", "inactive", "suspended"}:
            raise bad_input("Status invalid", "WEBHOOK_004")
        changes["status"] = status
        if status == "active":
            changes["fail_count"] = 0
    new = call.state.webhooks.change(row, **changes)
    return Reply({"id": new.id, "webhook": webhook_form(new)})


@routes("DELETE", "/webhook/{webhook_id}")
def delete_webhook(call: Call) -> Reply:
    """Remove a receiver."""
    call.state.webhooks.remove(_webhook(call).id)
    return Reply({})


def webhook_form(row: Webhook) -> dict[str, Any]:
    """A webhook; the numbers of places are numbers here, the Workspace's too."""
    return {
        "id": row.id,
        "userid": row.user_id,
        "team_id": int(row.team_id),
        "endpoint": row.endpoint,
        "client_id": row.client_id,
        "events": list(row.events),
        "task_id": row.task_id or None,
        "list_id": int(row.list_id) if row.list_id else None,
        "folder_id": int(row.folder_id) if row.folder_id else None,
        "space_id": int(row.space_id) if row.space_id else None,
        "health": {"status": row.status, "fail_count": row.fail_count},
        "secret": row.secret,
    }


def _webhook(call: Call) -> Webhook:
    row = call.state.webhooks.get(call.params["webhook_id"])
    if row is None or row.user_id != call.user.id:
        raise not_authorized()
    return row


def _endpoint(fields: Fields) -> str:
    value = fields.text("endpoint")
    if value is MISSING or not value.startswith(("http://", "https://")) or len(value) > 2048:
        raise bad_input("Endpoint invalid", "WEBHOOK_002")
    return str(value)


def _events(fields: Fields) -> tuple[str, ...]:
    value = fields.raw("events")
    if value == "*":
        value = ["*"]
    if not isinstance(value, list) or not value or not all(part in EVENTS or part == "*" for part in value):
        raise bad_input("Events invalid", "WEBHOOK_003")
    return tuple(dict.fromkeys(value))


def _place(call: Call, fields: Fields) -> dict[str, str]:
    """Ids as texts; numbers of Spaces, folders and lists may be sent as numbers or texts."""
    found = dict.fromkeys(("space_id", "folder_id", "list_id", "task_id"), "")
    checks: dict[str, Any] = {
        "space_id": space,
        "folder_id": folder,
        "list_id": task_list,
        "task_id": find_task,
    }
    for name, check in checks.items():
        value = fields.raw(name, None)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise bad_input(f"{name} invalid", "WEBHOOK_005")
        found[name] = check(call, str(value)).id
    return found
