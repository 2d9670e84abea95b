"""Webhooks: what Trello sends to a receiver, when, and how it is signed ([doc] guides/rest-api/webhooks).

A delivery is repeated after 30, 60 and 120 seconds and lost then. 410 deletes the webhook; many failures in a
row switch it off (the number is what third parties say).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import msgspec

from pm_providers.sandbox.kit.deliveries import Repeated, send, take
from pm_providers.sandbox.trello.action_view import action_body
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT, LIST, LIST_ONE
from pm_providers.sandbox.trello.card_view import CARD
from pm_providers.sandbox.trello.errors import ApiError
from pm_providers.sandbox.trello.parts_view import WEBHOOK
from pm_providers.sandbox.trello.people_view import MEMBER, ORG, ORG_SHORT
from pm_providers.sandbox.trello.records import Action, Webhook
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Session

__all__ = ["Delivery", "Webhooks", "signature"]

TIMEOUT_S = 30.0
PAUSES = (30, 60, 120)
MAX_FAILURES = 30
USER_AGENT = "Trello (https://developers.trello.com)"
# not told to webhooks on a card or list ([obs] trello-archive/api-docs#154)
_BOARD_ONLY = frozenset(
    {
        "addLabelToCard",
        "removeLabelFromCard",
        "createLabel",
        "updateLabel",
        "deleteLabel",
        "createCheckItem",
        "updateCheckItem",
        "deleteCheckItem",
    }
)


def signature(secret: str, body: bytes, callback_url: str) -> str:
    """Value of `X-Trello-Webhook`: base64 of HMAC-SHA1 over the raw body and the registered address."""
    return base64.b64encode(
        hmac.new(secret.encode(), body + callback_url.encode(), hashlib.sha1).digest()
    ).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Repeated):
    """One request to a receiver."""

    webhook_id: str
    event: str


class Webhooks:
    """What waits for the receivers.

    Args:
        base_url: gives the address of this API at the time of a delivery.

    Attributes:
        receiver: transport that reaches receivers when a webhook is registered; None uses the network.
    """

    def __init__(self, state: State, base_url: Callable[[], str]) -> None:
        self._state, self._base_url = state, base_url
        self._waiting: list[Delivery] = []
        self.receiver: httpx2.AsyncBaseTransport | None = None
        state.listeners.append(self._note)

    async def check(self, url: str) -> None:
        """Ask the receiver with `HEAD`, unsigned, as before a registration.

        Raises:
            ApiError: 400 when the answer is not 200.
        """
        client = httpx2.AsyncClient(transport=self.receiver, timeout=TIMEOUT_S)
        try:
            async with client:
                answer = await client.head(url, headers={"User-Agent": USER_AGENT})
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            text = f"URL ({url}) could not be reached. Error: {type(error).__name__}"
            raise ApiError(400, {"message": text, "error": "ERROR"}) from None
        if answer.status_code != 200:
            text = f"URL ({url}) did not return 200 status code, got {answer.status_code}"
            raise ApiError(400, {"message": text, "error": "ERROR"})

    def ready(self, *, due_only: bool = False) -> list[Delivery]:
        """Take what waits, in order; `due_only` leaves repetitions whose time has not come."""
        return take(self._waiting, self._state.clock.now(), due_only=due_only)

    async def deliver(
        self, transport: httpx2.AsyncBaseTransport | None = None, *, due_only: bool = False
    ) -> list[Delivery]:
        """Send what is ready; failures are repeated three times.

        Args:
            transport: reaches the receivers; None uses `receiver`, and without that the network.
            due_only: see `ready`.
        """
        return await send(self.ready(due_only=due_only), transport or self.receiver, TIMEOUT_S, self._after)

    def _after(self, delivery: Delivery, status: int | None) -> None:
        hooks = self._state.webhooks
        hook = hooks.get(delivery.webhook_id)
        if hook is None:
            return
        if status == 410:
            hooks.remove(hook.id)
        elif status is not None and 200 <= status < 300:
            hooks.change(hook, failures=0, first_failure=None)
        else:
            count = hook.failures + 1
            first = hook.first_failure or self._state.now()
            hooks.change(
                hook, failures=count, first_failure=first, active=hook.active and count < MAX_FAILURES
            )
            if delivery.retry < len(PAUSES):
                due = self._state.clock.now() + timedelta(seconds=PAUSES[delivery.retry])
                self._waiting.append(replace(delivery, due=due, retry=delivery.retry + 1))

    def _note(self, action: Action) -> None:
        models = {action.board_id, action.org_id, action.creator, action.subject}
        if action.type not in _BOARD_ONLY:
            models |= {action.card_id, action.list_id}
            models |= {
                part["id"] for name, part in action.data.items() if name in {"listBefore", "listAfter"}
            }
        for model in models - {None, ""}:
            for hook in self._state.webhooks.where("model_id", model):
                if hook.active and self._token_lives(hook):
                    self._waiting.append(self._delivery(hook, action))

    def _token_lives(self, hook: Webhook) -> bool:
        token = self._state.tokens.get(hook.token_id)
        return token is not None and (token.expires is None or token.expires > self._state.now())

    def _delivery(self, hook: Webhook, action: Action) -> Delivery:
        token = self._state.tokens[hook.token_id]
        session = Session(
            self._state,
            member=self._state.members.get(token.member_id),
            token=token,
            base_url=self._base_url(),
        )
        payload = {
            "action": action_body(session, action, display=True),
            "model": _model(session, hook.model_id),
            "webhook": WEBHOOK.show(session, hook),
        }
        body = msgspec.json.encode(payload)
        app = self._state.app(token.app_key)
        headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json; charset=utf-8",
            "X-Trello-Webhook": signature(app.secret if app is not None else "", body, hook.url),
        }
        due, event = self._state.clock.now(), action.type
        return Delivery(webhook_id=hook.id, url=hook.url, event=event, body=body, headers=headers, due=due)


def _model(session: Session, key: str) -> dict[str, Any] | None:
    """What a webhook watches, as it is now; None when it is gone."""
    state = session.state
    if key in state.boards:
        return BOARD.show(session, state.boards[key], BOARD_SHORT)
    if key in state.cards:
        return CARD.show(session, state.cards[key])
    if key in state.lists:
        return LIST.show(session, state.lists[key], LIST_ONE)
    if key in state.orgs:
        return ORG.show(session, state.orgs[key], ORG_SHORT)
    if key in state.members:
        return MEMBER.show(session, state.members[key], ("id", "fullName", "initials", "username", "url"))
    return None
