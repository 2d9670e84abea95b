"""What Asana sends to the receivers of webhooks: handshakes, events, heartbeats; signed, repeated, given up.

Facts: [doc], and recorded deliveries, whose events have no names and no `type`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from pm_providers.sandbox.asana.errors import ApiError, bad
from pm_providers.sandbox.asana.records import Webhook
from pm_providers.sandbox.asana.state import Event, State
from pm_providers.sandbox.asana.web import stamp

__all__ = ["Delivery", "Webhooks", "signature"]

TIMEOUT_S = 10.0
GIVE_UP = timedelta(hours=24)
HEARTBEAT = timedelta(hours=8)
FIRST_WAIT = timedelta(seconds=30)
MAX_EVENTS = 1_000
WIDE = frozenset({"workspace", "team", "portfolio"})
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  # named to be refused
# of a workspace, team or portfolio only these are told
_WIDE_KINDS = frozenset(
    {"project", "project_membership", "portfolio", "workspace_membership", "team_membership", "team", "tag"}
)


def signature(secret: str, body: bytes) -> str:
    """Value of `X-Hook-Signature`: the hexadecimal HMAC-SHA256 of the raw body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request to a receiver; `status` is its answer, None when it could not be reached."""

    webhook: str
    target: str
    body: bytes
    headers: dict[str, str]
    status: int | None


class Webhooks:
    """Deliveries of one installation.

    Attributes:
        transport: reaches the receivers, for handshakes too; None uses the network.
        allow_local: take targets on this machine, which the vendor refuses.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.transport: httpx2.AsyncBaseTransport | None = None
        self.allow_local = False

    def check_target(self, target: str) -> None:
        """400 for what is no address, 403 for hosts that cannot be reached from outside [doc]."""
        parts = urlsplit(target)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise bad("target: Not a valid URL")
        if parts.hostname in _OWN_HOSTS and not self.allow_local:
            raise ApiError(403, "target: Invalid webhook host")

    async def shake(self, target: str, secret: str) -> None:
        """Send the secret and want it back.

        Raises:
            ApiError: 400 when the receiver does not answer with it.
        """
        status, headers, _ = await self._post(target, b"{}", {"X-Hook-Secret": secret})
        if status not in {200, 204} or headers.get("x-hook-secret") != secret:
            raise bad("The remote server did not respond with the handshake secret.")

    async def _post(self, target: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, Any, str]:
        sent = {"Content-Type": "application/json; charset=UTF-8", **headers}
        async with httpx2.AsyncClient(transport=self.transport, timeout=TIMEOUT_S) as client:
            try:
                answer = await client.post(target, content=body, headers=sent)
            except httpx2.TransportError as error:
                return None, {}, type(error).__name__
        return answer.status_code, answer.headers, answer.text[:500]

    async def deliver(self, transport: httpx2.AsyncBaseTransport | None = None) -> list[Delivery]:
        """Send what waits and is due: events, and heartbeats after eight quiet hours.

        Args:
            transport: reaches the receivers from now on.
        """
        if transport is not None:
            self.transport = transport
        sent: list[Delivery] = []
        for hook in list(self._state.webhooks):
            now = self._state.clock.now()
            if hook.next_attempt is not None and hook.next_attempt > now:
                continue
            events = self.waiting(hook)
            if events or hook.heartbeat is None or now - hook.heartbeat >= HEARTBEAT:
                sent.append(await self._send(hook, events))
        return sent

    def waiting(self, hook: Webhook) -> list[Event]:
        """Events that a receiver has not got yet, in order."""
        start = max(0, len(self._state.events) - (self._state.event_number - hook.cursor))
        fresh = (event for event in self._state.events[start:] if event.number > hook.cursor)
        return [event for event in fresh if hook.resource in event.scopes and _wanted(hook, event)][
            :MAX_EVENTS
        ]

    async def _send(self, hook: Webhook, events: list[Event]) -> Delivery:
        body = msgspec.json.encode({"events": [_told(event) for event in events]})
        headers = {"X-Hook-Signature": signature(hook.secret, body)}
        status, _, content = await self._post(hook.target, body, headers)
        now = self._state.now()
        if hook.id not in self._state.webhooks:
            return Delivery(hook.id, hook.target, body, headers, status)
        if status in {200, 204}:
            self._state.webhooks.change(
                hook,
                cursor=events[-1].number if events else hook.cursor,
                last_success=now,
                heartbeat=now,
                retries=0,
                next_attempt=None,
                deletion=None,
                active=True,
            )
        else:
            self._failed(hook, now, content)
        return Delivery(hook.id, hook.target, body, headers, status)

    def _failed(self, hook: Webhook, now: datetime, content: str) -> None:
        """Wait longer each time; after 24 hours without success the webhook is deleted [doc]."""
        deletion = hook.deletion or now + GIVE_UP
        if now >= deletion:
            self._state.webhooks.remove(hook.id)
            return
        self._state.webhooks.change(
            hook,
            last_failure=now,
            last_failure_content=content,
            retries=hook.retries + 1,
            next_attempt=now + FIRST_WAIT * 2 ** min(hook.retries, 10),
            deletion=deletion,
        )


def _wanted(hook: Webhook, event: Event) -> bool:
    if hook.resource_kind in WIDE and event.resource["resource_type"] not in _WIDE_KINDS:
        return False
    return not hook.filters or any(_passes(rule, event) for rule in hook.filters)


def _passes(rule: dict[str, Any], event: Event) -> bool:
    """All parts of a filter that are set must fit."""
    resource = event.resource
    wanted = {
        "resource_type": resource["resource_type"],
        "resource_subtype": resource.get("resource_subtype"),
        "action": event.action,
    }
    if any(rule.get(name) is not None and rule[name] != value for name, value in wanted.items()):
        return False
    names = rule.get("fields")
    return not names or (event.change is not None and event.change["field"] in names)


def _told(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {
        "user": None if event.user is None else {"gid": event.user, "resource_type": "user"},
        "created_at": stamp(event.at),
        "action": event.action,
        "resource": _bare(event.resource),
        "parent": None if event.parent is None else _bare(event.parent),
    }
    if event.change is not None:
        found["change"] = event.change
    return found


def _bare(thing: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in thing.items() if key != "name"}
