"""Webhooks: what Jira sends to a receiver, when, and how it is signed (vendor's page, recorded bodies).

Bodies are built when something happens, as an administrator sees it, with rich texts as wiki markup.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import msgspec

from pm_providers.sandbox.jira import records
from pm_providers.sandbox.jira.agile_records import Board, Sprint, Webhook
from pm_providers.sandbox.jira.boards import board_body, sprint_body
from pm_providers.sandbox.jira.defaults import ADMIN_ACCOUNT
from pm_providers.sandbox.jira.field_sets import FieldSet
from pm_providers.sandbox.jira.issue_view import IssueView
from pm_providers.sandbox.jira.jql import prepare
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.state import Event, State
from pm_providers.sandbox.jira.web import Session
from pm_providers.sandbox.kit.deliveries import Repeated, send, take

__all__ = ["Delivery", "Webhooks", "signature"]

USER_AGENT = "Atlassian Webhook HTTP Client"
TIMEOUT_S = 20.0
RETRIES = 5
RETRY_AFTER = timedelta(minutes=5)
_AGAIN = frozenset({408, 409, 425, 429})
_NAMESPACE = uuid.UUID("2c7b2d62-1f0a-4a52-8a4e-5d0d8f6f7b11")
_TRIMMED = ("summary", "issuetype", "project", "assignee", "priority", "status")
_VARIABLE = re.compile(r"\$\{([a-z]+\.[a-z]+)\}|\$%7B([a-z]+\.[a-z]+)%7D", re.IGNORECASE)


def signature(secret: str, body: bytes) -> str:
    """Value of `X-Hub-Signature`: `sha256=` and the hexadecimal HMAC-SHA256 of the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Repeated):
    """One request to a receiver; `event` is the name of the event."""

    event: str


class Webhooks:
    """What waits for the receivers of one site.

    Args:
        base_url: gives the address of the site at the time of a delivery.
    """

    def __init__(self, state: State, base_url: Callable[[], str]) -> None:
        self._state, self._base_url = state, base_url
        self._waiting: list[Delivery] = []
        self._count = 0
        state.listeners.append(self._note)

    def add(
        self, url: str, *events: str, secret: str = "", jql: str = "", exclude_body: bool = False
    ) -> Webhook:
        """Register a receiver as an administrator; without events it gets all."""
        rows = self._state.webhooks
        return rows.put(
            Webhook(
                id=rows.next_id(),
                name=f"Webhook for {url}",
                url=url,
                events=events,
                updated=self._state.now(),
                updated_by=ADMIN_ACCOUNT,
                filters={"issue-related-events-section": jql} if jql else {},
                exclude_body=exclude_body,
                secret=secret,
            )
        )

    def ready(self, *, due_only: bool = False) -> list[Delivery]:
        """Take what waits, in order; `due_only` leaves repetitions whose time has not come."""
        return take(self._waiting, self._state.clock.now(), due_only=due_only)

    async def deliver(
        self, transport: httpx2.AsyncBaseTransport | None = None, *, due_only: bool = False
    ) -> list[Delivery]:
        """Send what is ready; failures are repeated up to five times, five minutes apart or more.

        Args:
            transport: reaches the receivers; None uses the network.
            due_only: see `ready`.
        """
        return await send(self.ready(due_only=due_only), transport, TIMEOUT_S, self._repeat)

    def _repeat(self, delivery: Delivery, status: int | None) -> None:
        failed = status is None or status in _AGAIN or status >= 500  # server errors
        if not failed or delivery.retry >= RETRIES:
            return
        number = delivery.retry + 1
        headers = {**delivery.headers, "X-Atlassian-Webhook-Retry": str(number)}
        due = self._state.clock.now() + RETRY_AFTER * number
        self._waiting.append(replace(delivery, headers=headers, due=due, retry=number))

    def _note(self, event: Event) -> None:
        hooks = [hook for hook in self._state.webhooks if self._wanted(hook, event)]
        if not hooks:
            return
        payload = self._payload(event)
        for hook in hooks:
            self._waiting.append(self._delivery(hook, event, payload))

    def _session(self) -> Session:
        return Session(self._state, self._state.users[ADMIN_ACCOUNT], "2", self._base_url())

    def _wanted(self, hook: Webhook, event: Event) -> bool:
        if not hook.enabled or (hook.events and event.name not in hook.events):
            return False
        jql = hook.filters.get("issue-related-events-section", "")
        issue = event.issue
        if not jql or issue is None:
            return True
        try:
            return bool(prepare(self._session(), jql, bounded=False).run([issue]))
        except JqlError:
            return False

    def _delivery(self, hook: Webhook, event: Event, payload: dict[str, Any]) -> Delivery:
        body = b"" if hook.exclude_body else msgspec.json.encode({**payload, "matchedWebhookIds": [hook.id]})
        self._count += 1
        headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json; charset=UTF-8",
            "X-Atlassian-Webhook-Identifier": str(uuid.uuid5(_NAMESPACE, f"{self._count} {hook.id}")),
            "X-Atlassian-Webhook-Flow": "Primary",
        }
        if hook.secret:
            headers["X-Hub-Signature"] = signature(hook.secret, body)
        url, due = self._address(hook.url, event), self._state.clock.now()
        return Delivery(url=url, event=event.name, body=body, headers=headers, due=due)

    def _address(self, url: str, event: Event) -> str:
        issue = event.issue
        project = self._state.projects.get(issue.project_id) if issue is not None else None
        known = {
            "issue.id": str(issue.id) if issue is not None else "",
            "issue.key": issue.key if issue is not None else "",
            "project.id": str(project.id) if project is not None else "",
            "project.key": project.key if project is not None else "",
        }
        return _VARIABLE.sub(lambda m: known.get((m.group(1) or m.group(2)).lower(), ""), url)

    def _payload(self, event: Event) -> dict[str, Any]:
        view = IssueView(self._session())
        body: dict[str, Any] = {
            "timestamp": round(event.at.timestamp() * 1000),
            "webhookEvent": event.name,
        }
        if event.name.startswith("jira:issue_"):
            if event.kind:
                body["issue_event_type_name"] = event.kind
            body["user"] = view.user(event.actor)
        if event.issue is not None and not event.name.startswith(("worklog_", "issuelink_", "attachment_")):
            body["issue"] = self._issue(view, event)
        if event.change is not None:
            items = [view.change_item(item) for item in event.change.items]
            body["changelog"] = {"id": str(event.change.id), "items": items}
        return body | self._subject(view, event) | event.extra

    def _issue(self, view: IssueView, event: Event) -> dict[str, Any]:
        assert event.issue is not None  # noqa: S101  # the caller checked it
        trimmed = not event.name.startswith("jira:issue_")
        wanted = FieldSet(frozenset(_TRIMMED)) if trimmed else FieldSet(None)
        found = view.issue(event.issue, wanted)
        found.pop("expand", None)
        return found

    def _subject(self, view: IssueView, event: Event) -> dict[str, Any]:
        subject = event.subject
        for kind, name, show in _SUBJECTS:
            if isinstance(subject, kind):
                return {name: show(view, subject)}
        return {}


def _link(_view: IssueView, row: records.Link) -> dict[str, Any]:
    kind = _view.state.link_types[row.type_id]
    return {
        "id": row.id,
        "sourceIssueId": row.source_id,
        "destinationIssueId": row.target_id,
        "issueLinkType": {
            "id": kind.id,
            "name": kind.name,
            "outwardName": kind.outward,
            "inwardName": kind.inward,
            "isSubTaskLinkType": False,
            "isSystemLinkType": False,
        },
        "systemLink": False,
    }


def _project(view: IssueView, row: records.Project) -> dict[str, Any]:
    return {
        "self": f"{view.api}/project/{row.id}",
        "id": row.id,
        "key": row.key,
        "name": row.name,
        "projectLead": view.user(row.lead),
        "assigneeType": row.assignee_type,
    }


def _version(view: IssueView, row: records.Version) -> dict[str, Any]:
    body: dict[str, Any] = {
        "self": f"{view.api}/version/{row.id}",
        "id": str(row.id),
        "name": row.name,
        "description": row.description,
        "archived": row.archived,
        "released": row.released,
        "projectId": row.project_id,
    }
    return {**body, "releaseDate": row.release} if row.release else body


_SUBJECTS: tuple[tuple[type, str, Callable[[IssueView, Any], Any]], ...] = (
    (records.Comment, "comment", lambda view, row: view.comment(row)),
    (records.Worklog, "worklog", lambda view, row: view.worklog(row)),
    (records.Attachment, "attachment", lambda view, row: view.attachment(row)),
    (records.Link, "issueLink", _link),
    (records.Project, "project", _project),
    (records.Version, "version", _version),
    (Sprint, "sprint", lambda view, row: sprint_body(view.session, row)),
    (Board, "board", lambda view, row: board_body(view.session, row)),
    (records.User, "user", lambda view, row: view.user(row.id)),
)
