"""The Trello sandbox itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
from starlette.types import ASGIApp

from pm_providers.sandbox.kit import Clock, Fault, Quota, Sandbox, require_known
from pm_providers.sandbox.kit.routing import Router
from pm_providers.sandbox.trello import (
    attachments,
    board_members,
    board_write,
    boards,
    card_create,
    card_write,
    cards,
    checklists,
    comments,
    custom_fields,
    custom_values,
    labels,
    lists,
    members,
    organizations,
    search,
)
from pm_providers.sandbox.trello.app import TrelloApp
from pm_providers.sandbox.trello.batch import batch_routes
from pm_providers.sandbox.trello.demo import (
    ADMIN,
    API_KEY,
    ORGANIZATION_ID,
    member_id,
    seed_demo,
    seed_scale,
    seed_site,
    token_of,
)
from pm_providers.sandbox.trello.errors import status_error
from pm_providers.sandbox.trello.ids import stamp
from pm_providers.sandbox.trello.limits import LimitGate, Limits
from pm_providers.sandbox.trello.records import Token
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.tokens import token_routes
from pm_providers.sandbox.trello.webhooks import Webhooks

__all__ = ["ADMIN_TOKEN", "DATASETS", "OAUTH2_SCOPES", "PLANS", "TrelloSandbox"]

ADMIN_TOKEN = token_of(ADMIN)
DATASETS = ("empty", "demo")
PLANS = ("free", "standard", "premium")
OAUTH2_SCOPES = tuple(
    f"{right}:{family}:trello"
    for family in ("board", "organization", "member")
    for right in ("read", "write")
)
_MODULES = (
    attachments,
    board_members,
    board_write,
    boards,
    card_create,
    card_write,
    cards,
    checklists,
    comments,
    custom_fields,
    custom_values,
    labels,
    lists,
    members,
    organizations,
    search,
)


class TrelloSandbox(Sandbox):
    """Trello in this process; the API is below `/1`.

    Not served (404 "Cannot GET"): enterprises, exports, new stickers, emoji, backgrounds, saved searches and
    listings of plugins; notifications are never sent.

    Args:
        dataset: `empty` (an administrator and his workspace) or `demo` (people and two boards).
        scale: so many cards, on a board of their own.
        faults, quota, latency_ms, clock, seed: see `Sandbox`; a quota counts the requests of each token.
        plan: of the workspace: `free` (no custom fields, observers, due dates of check items), `standard` (no
            observers) or `premium`.
        limits: rate limits; `Limits.vendor()` are the vendor's own.
        search_lag_s: seconds until a search finds what was written.

    Attributes:
        state: everything stored; tests may read and prepare it, and tune `state.settings`.
        limits: the rate limits, None for none; may be changed at any time.
        webhooks: what was registered through the API, and its deliveries, see `Webhooks.deliver`.
    """

    name: ClassVar[str] = "trello"
    secret_params: ClassVar[frozenset[str]] = frozenset({"key", "token"})

    def __init__(
        self,
        *,
        dataset: str = "empty",
        scale: int = 0,
        faults: Iterable[Fault | str] = (),
        quota: Quota | None = None,
        latency_ms: float = 0,
        clock: Clock | None = None,
        seed: int = 0,
        plan: str = "premium",
        limits: Limits | None = None,
        search_lag_s: float = 10.0,
    ) -> None:
        super().__init__(faults=faults, latency_ms=latency_ms, clock=clock, seed=seed)
        require_known("dataset", dataset, DATASETS)
        require_known("plan", plan, PLANS)
        self.limits = limits or (Limits.of_quota(quota) if quota is not None else None)
        self.state = State(self.clock, seed)
        self.state.settings.search_lag_s = search_lag_s
        seed_site(self.state, plan)
        if dataset == "demo":
            seed_demo(self.state)
        if scale:
            seed_scale(self.state, scale, seed)
        self.webhooks = Webhooks(self.state, lambda: self.base_url)

    @property
    def settings(self) -> dict[str, str]:
        """`TRELLO_URL` (stands for https://api.trello.com), API key, the administrator's token, workspace."""
        return {
            "TRELLO_URL": self.base_url,
            "TRELLO_API_KEY": API_KEY,
            "TRELLO_TOKEN": ADMIN_TOKEN,
            "TRELLO_ORGANIZATION_ID": ORGANIZATION_ID,
        }

    def token_of(self, login: str) -> str:
        """Token of a person by user name.

        Raises:
            KeyError: nobody has this name.
        """
        if member_id(login) not in self.state.members:
            raise KeyError(login)
        return token_of(login)

    def oauth2_token(
        self, login: str = ADMIN, scopes: Iterable[str] = OAUTH2_SCOPES, orgs: Iterable[str] | None = None
    ) -> str:
        """A new access token of OAuth 2.0, for one hour; `orgs` limits it to workspaces."""
        state = self.state
        key = state.new_id()
        secret = hashlib.sha256(f"bearer {key}".encode()).hexdigest()
        state.tokens.put(
            Token(
                id=key,
                secret=secret,
                member_id=member_id(login),
                app_key=API_KEY,
                identifier="pm-providers",
                created=state.now(),
                expires=stamp(state.clock.now() + timedelta(hours=1)),
                scopes=tuple(scopes),
                oauth2=True,
                orgs=tuple(orgs) if orgs is not None else None,
            )
        )
        return secret

    @property
    def vendor_faults(self) -> _TrelloFaults:
        """Trello's wording of injected faults."""
        return _TrelloFaults()

    def build_app(self) -> ASGIApp:
        """The API."""
        gate = LimitGate(self.clock, lambda: self.limits)
        groups = [*(module.routes for module in _MODULES), token_routes(self.webhooks)]
        app: TrelloApp | None = None

        def inner(*args: Any) -> Any:
            if app is None:
                raise RuntimeError("a batch before the app is built")
            return app.inner(*args)

        app = TrelloApp(self.state, Router([*groups, batch_routes(lambda: inner)]), gate)
        return app


class _TrelloFaults:
    """Bodies of injected faults."""

    def error(self, status: int) -> tuple[bytes, str]:
        """Plain text, JSON for 429, and the HTML page of a proxy for server errors."""
        body = status_error(status)
        if body is None:
            return f"<html><body><h1>{status}</h1></body></html>".encode(), "text/html; charset=utf-8"
        if isinstance(body, str):
            return body.encode(), "text/plain; charset=utf-8"
        return msgspec.json.encode(body), "application/json; charset=utf-8"

    def endless(self, body: Any, url: str) -> Any:  # noqa: ARG002  # the protocol's argument
        """A list as it is: asked for again with another `before`, the fault gives the same cards again."""
        return body
