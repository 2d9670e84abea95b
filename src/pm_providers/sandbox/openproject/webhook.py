"""Webhooks: what OpenProject sends to a receiver, and when.

Payloads are built at sending time, from what an administrator sees (recorded 24-webhooks). Changes of work
packages wait for the aggregation of activities: one delivery per activity, so quick changes of one user
come as one, and as `work_package:created` while they still belong to the first activity.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import msgspec

from pm_providers.sandbox.kit.deliveries import Sent, send
from pm_providers.sandbox.openproject.activities import activity_body
from pm_providers.sandbox.openproject.attachments import attachment_body
from pm_providers.sandbox.openproject.defaults import SYSTEM_ID
from pm_providers.sandbox.openproject.records import Journal, Project
from pm_providers.sandbox.openproject.represent_time import time_entry
from pm_providers.sandbox.openproject.represent_wp import work_package
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.view import View

__all__ = ["Delivery", "Webhook", "Webhooks", "signature"]

USER_AGENT = "rest-client/2.1.0 (linux-gnu x86_64) ruby/3.1.2p20"
TIMEOUT_S = 10.0


def signature(secret: str, body: bytes) -> str:
    """Value of `X-OP-Signature`: `sha1=` and the hexadecimal HMAC-SHA1 of the raw body."""
    return "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver, as an administrator would enter it.

    Attributes:
        secret: signs the deliveries; empty: they carry no signature.
        events: names such as `work_package:updated`; None sends all.
        project_ids: projects to tell about (`project:created` ignores it); None for all.
    """

    url: str
    secret: str = field(default="", repr=False)
    events: frozenset[str] | None = None
    project_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Sent):
    """One request to a receiver."""

    action: str


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that happened; `journal_id` for work packages only."""

    name: str
    key: int
    actor_id: int
    journal_id: int | None = None


class Webhooks:
    """The receivers of one sandbox and the events that wait for them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._hooks: list[Webhook] = []
        self._waiting: list[_Event] = []
        state.listeners.append(self._note)

    def add(self, hook: Webhook) -> Webhook:
        """Register a receiver for all events from now on."""
        self._hooks.append(hook)
        return hook

    def clear(self) -> None:
        """Forget all receivers and waiting events."""
        self._hooks.clear()
        self._waiting.clear()

    def ready(self, *, due_only: bool = False) -> list[Delivery]:
        """Take the deliveries of what happened so far, in order.

        Args:
            due_only: leave changes of work packages that the aggregation time still holds back.
        """
        taken = [event for event in self._waiting if not (due_only and self._held(event))]
        self._waiting = [event for event in self._waiting if event not in taken]
        return [
            _delivery(hook, action, payload)
            for event in taken
            for action, payload in self._adjusted(event)
            for hook in self._hooks
            if self._wanted(hook, action, event)
        ]

    async def deliver(
        self,
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        due_only: bool = False,
    ) -> list[Delivery]:
        """Send what is ready. Whatever the receiver answers, nothing is sent twice (recorded 24-…: step 53).

        Args:
            transport: reaches the receivers, for example `httpx2.ASGITransport(app)`; None uses the network.
            due_only: see `ready`.
        """
        return await send(self.ready(due_only=due_only), transport, TIMEOUT_S)

    def _note(self, name: str, key: int, actor_id: int) -> None:
        if not self._hooks:
            return
        journal_id = None
        if name.startswith("work_package:"):
            journals = self._state.journals.where("work_package_id", key)
            journal_id = max((j.id for j in journals), default=None)
        event = _Event(name, key, actor_id, journal_id)
        if journal_id is None or event not in self._waiting:
            self._waiting.append(event)

    def _held(self, event: _Event) -> bool:
        journal = self._state.journals.get(event.journal_id)
        minutes = self._state.settings["journal_aggregation_minutes"]
        moment = self._state.now()
        return journal is not None and moment - journal.updated < timedelta(minutes=minutes)

    def _wanted(self, hook: Webhook, action: str, event: _Event) -> bool:
        if hook.events is not None and action not in hook.events:
            return False
        if hook.project_ids is None or action == "project:created":
            return True
        return self._project_of(event) in hook.project_ids

    def _project_of(self, event: _Event) -> int | None:
        state, kind = self._state, event.name.partition(":")[0]
        if kind == "project":
            return event.key
        if kind == "attachment":
            file = state.attachments.get(event.key)
            key = file.container[1] if file is not None and file.container else None
            package = state.work_packages.get(key)
            return package.project_id if package is not None else None
        table: Any = state.time_entries if kind == "time_entry" else state.work_packages
        row = table.get(event.key)
        return row.project_id if row is not None else None

    def _adjusted(self, event: _Event) -> list[tuple[str, dict[str, Any]]]:
        found = self._payloads(event)
        for _, payload in found:
            _adjust(payload, old=self._state.features.number < (13, 0))
        return found

    def _payloads(self, event: _Event) -> list[tuple[str, dict[str, Any]]]:
        """(action, payload) of an event; none when the object is gone or its activity was merged."""
        state, kind = self._state, event.name.partition(":")[0]
        view = _SystemView(state)
        if kind == "work_package":
            return self._package_payloads(view, event)
        if kind == "project":
            project = state.projects.get(event.key)
            return [] if project is None else [(event.name, {"project": view.project(project, embed=False)})]
        if kind == "time_entry":
            entry = state.time_entries.get(event.key)
            return [] if entry is None else [(event.name, {kind: time_entry(view, entry, embed=True)})]
        file = state.attachments.get(event.key)
        return [] if file is None else [(event.name, {kind: attachment_body(view, file)})]

    def _package_payloads(self, view: View, event: _Event) -> list[tuple[str, dict[str, Any]]]:
        state = self._state
        journal, row = state.journals.get(event.journal_id), state.work_packages.get(event.key)
        if journal is None or row is None:
            return []
        body = work_package(view, row, embed=True)
        action = "created" if journal.number == 1 else "updated"
        payload: dict[str, Any] = {"work_package": body}
        if state.features.number >= (17, 3):
            payload["actor"] = view.principal(state.principals[journal.user_id])
        found = [(f"work_package:{action}", payload)]
        return found + self._comment_payloads(view, journal)

    def _comment_payloads(self, view: View, journal: Journal) -> list[tuple[str, dict[str, Any]]]:
        if not journal.notes or self._state.features.number < (14, 0):
            return []
        kind = "internal_comment" if journal.internal else "comment"
        return [(f"work_package_comment:{kind}", {"activity": activity_body(view, journal)})]


class _SystemView(View):
    """What the vendor's own system user sees: everything, also in archived projects."""

    cached = False

    def __init__(self, state: State) -> None:
        super().__init__(state, state.principals[SYSTEM_ID])

    def can(self, permission: str, project: Project | int | None) -> bool:  # noqa: ARG002  # all
        """Always."""
        return project is not None


def _adjust(value: Any, *, old: bool) -> None:
    """Turn an API body into a payload: the system user neither watches nor has time entries.

    Recorded 24-webhooks: steps 3, 32 and 48; `old` stands for 12.0, whose other oddities are not known of
    later versions.
    """
    for part in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        _adjust(part, old=old)
    links = value.get("_links") if isinstance(value, dict) else None
    if not isinstance(links, dict):
        return
    kind = value.get("_type")
    if kind == "WorkPackage":
        links.pop("watch", None)
        links.pop("unwatch", None)
        if "github_pull_requests" in links:
            links["github"] = {"href": f"/work_packages/{value['id']}/tabs/github", "title": "github"}
        if old and "spentTime" in value:
            value["spentTime"] = "PT0S"
    elif kind == "User" and old:
        href = links["self"]["href"]
        links["delete"] = {"href": href, "title": f"Delete {value.get('login')}", "method": "delete"}
    elif kind == "TimeEntriesActivity" and old:
        links["projects"] = []


def _delivery(hook: Webhook, action: str, payload: dict[str, Any]) -> Delivery:
    body = msgspec.json.encode({"action": action, **payload})
    headers = {
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
    }
    if hook.secret:
        headers["X-OP-Signature"] = signature(hook.secret, body)
    return Delivery(url=hook.url, action=action, body=body, headers=headers)
