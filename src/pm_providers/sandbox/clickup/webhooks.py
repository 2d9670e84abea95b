"""Webhooks: what ClickUp sends, how it is signed, when it comes again, and what an answer does.

Each event has up to five attempts; then it is lost and `fail_count` grows by one; at 100 the webhook is
suspended. An answer of 410 or 401 suspends it at once, a good one sets everything back. Nobody is told [doc].
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace

import httpx2
import msgspec

from pm_providers.sandbox.clickup.part_records import Webhook
from pm_providers.sandbox.clickup.state import Event, State
from pm_providers.sandbox.kit.deliveries import Sent, send

__all__ = ["Delivery", "Webhooks", "signature"]

TIMEOUT_S = 7.0
ATTEMPTS = 5
SUSPENDED_AT = 100
_KEYS = {
    "task": "task_id",
    "list": "list_id",
    "folder": "folder_id",
    "space": "space_id",
    "goal": "goal_id",
}


def signature(secret: str, body: bytes) -> str:
    """Value of `X-Signature`: the hexadecimal HMAC-SHA256 of the raw body in small letters."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Sent):
    """One request to a receiver; `attempt` is 1 to 5."""

    webhook_id: str
    event: str
    attempt: int = 1


class Webhooks:
    """What waits for the receivers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: list[Delivery] = []
        state.listeners.append(self._note)

    def ready(self) -> list[Delivery]:
        """Take what waits, in order."""
        taken, self._waiting = self._waiting, []
        return taken

    async def deliver(self, transport: httpx2.AsyncBaseTransport | None = None) -> list[Delivery]:
        """Send what waits, once each; what failed waits again, up to five attempts.

        Args:
            transport: reaches the receivers; None uses the network.
        """
        return await send(self.ready(), transport, TIMEOUT_S, self._answered)

    def _answered(self, delivery: Delivery, status: int | None) -> None:
        hook = self._state.webhooks.get(delivery.webhook_id)
        if hook is None:
            return
        if status in {401, 410}:
            self._state.webhooks.change(hook, status="suspended")
        elif status is not None and 200 <= status < 300:
            self._state.webhooks.change(hook, status="active", fail_count=0)
        elif delivery.attempt < ATTEMPTS:
            self._waiting.append(replace(delivery, attempt=delivery.attempt + 1))
        else:
            count = hook.fail_count + 1
            health = "suspended" if count >= SUSPENDED_AT else "failing"
            self._state.webhooks.change(hook, status=health, fail_count=count)

    def _note(self, event: Event) -> None:
        for hook in self._state.webhooks.where("team_id", event.team_id):
            if hook.status in {"active", "failing"} and _inside(hook, event) and self._sees(hook):
                self._waiting += [_delivery(hook, event, name) for name in event.names if _wanted(hook, name)]

    def _sees(self, hook: Webhook) -> bool:
        """A webhook is silent once its maker has left the Workspace."""
        return bool(self._state.role_of(hook.user_id, hook.team_id))


def _wanted(hook: Webhook, name: str) -> bool:
    return "*" in hook.events or name in hook.events


def _inside(hook: Webhook, event: Event) -> bool:
    """The most specific place that was named decides; others are not looked at."""
    for kind in ("task", "list", "folder", "space"):
        key = getattr(hook, f"{kind}_id")
        if key:
            return f"{kind}:{key}" in event.path
    return True


def _delivery(hook: Webhook, event: Event, name: str) -> Delivery:
    payload: dict[str, object] = {"event": name}
    if event.history:
        payload["history_items"] = list(event.history)
    payload[_KEYS[event.kind]] = event.id
    if event.data:
        payload["data"] = event.data
    payload["webhook_id"] = hook.id
    body = msgspec.json.encode(payload)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "axios/1.7.4",
        "X-Signature": signature(hook.secret, body),
    }
    return Delivery(webhook_id=hook.id, url=hook.endpoint, event=name, body=body, headers=headers)
