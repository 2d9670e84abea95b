"""Webhooks of administrators (`/rest/webhooks/1.0/webhook`); API tokens cannot have dynamic ones."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pm_providers.sandbox.jira.agile_records import Webhook
from pm_providers.sandbox.jira.errors import ApiError, bad_request, forbidden, not_found
from pm_providers.sandbox.jira.jql import prepare
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.rights import need_admin
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["EVENTS", "admin_routes", "routes"]

routes = Routes(login=True)
admin_routes = Routes("/rest/webhooks/1.0", login=True)
SECTION = "issue-related-events-section"
EVENTS = frozenset(
    {
        *(f"jira:issue_{verb}" for verb in ("created", "updated", "deleted")),
        *(f"comment_{verb}" for verb in ("created", "updated", "deleted")),
        *(f"worklog_{verb}" for verb in ("created", "updated", "deleted")),
        *(f"attachment_{verb}" for verb in ("created", "deleted")),
        *(f"issuelink_{verb}" for verb in ("created", "deleted")),
        *(f"issue_property_{verb}" for verb in ("set", "deleted")),
        *(f"sprint_{verb}" for verb in ("created", "updated", "started", "closed", "deleted")),
        *(f"board_{verb}" for verb in ("created", "updated", "deleted", "configuration_changed")),
        *(f"user_{verb}" for verb in ("created", "updated", "deleted")),
        *(
            f"project_{verb}"
            for verb in ("created", "updated", "deleted", "soft_deleted", "restored_deleted")
        ),
        *(f"project_{verb}" for verb in ("archived", "restored_archived")),
        *(
            f"jira:version_{verb}"
            for verb in ("created", "updated", "deleted", "released", "unreleased", "moved", "merged")
        ),
    }
)


def _body(call: Call, row: Webhook) -> dict[str, Any]:
    """A webhook; its secret is never shown."""
    return {
        "self": f"{call.session.base_url}/rest/webhooks/1.0/webhook/{row.id}",
        "name": row.name,
        "url": row.url,
        "events": list(row.events),
        "filters": row.filters,
        "excludeBody": row.exclude_body,
        "enabled": row.enabled,
        "isSigned": bool(row.secret),
        "lastUpdatedUser": row.updated_by,
        "lastUpdatedDisplayName": (View(call.session).user(row.updated_by) or {}).get("displayName", ""),
        "lastUpdated": round(row.updated.timestamp() * 1000),
    }


def _find(call: Call) -> Webhook:
    need_admin(call.session)
    text = call.params["id"]
    row = call.state.webhooks.get(int(text)) if text.isascii() and text.isdigit() else None
    if row is None:
        raise not_found(f"Webhook with id '{text}' does not exist.")
    return row


def _values(call: Call, row: Webhook | None) -> dict[str, Any]:
    body = call.object()
    found: dict[str, Any] = {"updated": call.state.now(), "updated_by": call.session.account_id}
    if row is None or "name" in body:
        found["name"] = _text(body.get("name"), "name")
    if row is None or "url" in body:
        found["url"] = _address(body.get("url"))
    if row is None or "events" in body:
        found["events"] = _events(body.get("events"))
    if "filters" in body:
        found["filters"] = _filters(call, body["filters"])
    if "secret" in body:
        found["secret"] = str(body["secret"] or "")
    for name, attribute in (("excludeBody", "exclude_body"), ("enabled", "enabled")):
        if name in body:
            found[attribute] = bool(body[name])
    return found


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ApiError(400, fields={name: f"The {name} of a webhook is required."})
    return value.strip()


def _address(value: Any) -> str:
    text = _text(value, "url")
    if urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc:
        raise ApiError(400, fields={"url": "The URL of a webhook must be an absolute http or https address."})
    return text


def _events(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ApiError(400, fields={"events": "At least one event must be selected."})
    unknown = [str(name) for name in value if str(name) not in EVENTS]
    if unknown:
        raise ApiError(400, fields={"events": f"Unknown events: {', '.join(unknown)}"})
    return tuple(str(name) for name in value)


def _filters(call: Call, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise bad_request("The filters of a webhook must be an object of JQL texts.")
    try:
        if value.get(SECTION):
            prepare(call.session, value[SECTION], bounded=False)
    except JqlError as error:
        raise bad_request(*error.messages) from error
    return dict(value)


@admin_routes("GET", "webhook")
def hooks(call: Call) -> Reply:
    """All webhooks of administrators."""
    need_admin(call.session)
    return Reply([_body(call, row) for row in call.state.webhooks])


@admin_routes("POST", "webhook")
def create(call: Call) -> Reply:
    """Register a webhook."""
    need_admin(call.session)
    values = _values(call, None)
    row = call.state.webhooks.put(Webhook(id=call.state.webhooks.next_id(), **values))
    return Reply(_body(call, row), 201)


@admin_routes("GET", "webhook/{id}")
def show(call: Call) -> Reply:
    """One webhook."""
    return Reply(_body(call, _find(call)))


@admin_routes("PUT", "webhook/{id}")
def update(call: Call) -> Reply:
    """Change a webhook."""
    row = _find(call)
    return Reply(_body(call, call.state.webhooks.change(row, **_values(call, row))))


@admin_routes("DELETE", "webhook/{id}")
def delete(call: Call) -> Reply:
    """Delete a webhook."""
    call.state.webhooks.remove(_find(call).id)
    return Reply(None, 204)


def _apps_only(_call: Call) -> Reply:
    raise forbidden("Only Connect and OAuth 2.0 apps can use this operation.")


for _method in ("GET", "POST", "DELETE"):
    routes(_method, "webhook")(_apps_only)
routes("PUT", "webhook/refresh")(_apps_only)
routes("GET", "webhook/failed")(_apps_only)
