"""The Asana sandbox itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from starlette.types import ASGIApp

from pm_providers.sandbox.asana import (
    attachments,
    batch,
    custom_fields,
    events,
    jobs,
    memberships,
    more,
    people,
    portfolios,
    projects,
    search,
    sections,
    stories,
    tags,
    task_links,
    tasks,
    teams,
    time_entries,
    typeahead,
    view_fields,
    view_more,
    view_people,
    view_work,
    webhooks,
)
from pm_providers.sandbox.asana.app import AsanaApp, InFlight, Table
from pm_providers.sandbox.asana.demo import ME, ME_TOKEN, seed_demo, seed_site
from pm_providers.sandbox.asana.errors import error_body, status_text
from pm_providers.sandbox.asana.limits import LimitGate, Limits
from pm_providers.sandbox.asana.oauth import OAuth
from pm_providers.sandbox.asana.scale import seed_scale
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.asana.webhook_sending import Webhooks
from pm_providers.sandbox.kit import Clock, Fault, Quota, Sandbox, require_known

__all__ = ["DATASETS", "ME", "ME_TOKEN", "VIEWS", "AsanaSandbox"]

DATASETS = ("empty", "demo")
VIEWS = (view_fields, view_more, view_people, view_work)  # they register themselves
MODULES = (
    attachments.on,
    custom_fields.on,
    events.on,
    jobs.on,
    memberships.on,
    more.on,
    people.on,
    people.workspace_routes,
    portfolios.on,
    projects.on,
    sections.on,
    stories.on,
    tags.on,
    task_links.on,
    tasks.on,
    teams.on,
    time_entries.on,
    typeahead.on,
)


class AsanaSandbox(Sandbox):
    """An Asana installation in this process.

    Args:
        dataset: `empty` (an organization with an administrator and a team) or `demo` (people and two
            projects).
        scale: so many more tasks, in a project of their own.
        faults, quota, latency_ms, clock, seed: see `Sandbox`; a quota is told in the vendor's way.
        plan: free, starter, advanced or enterprise: what the organization has paid for.
        limits: rate limits; `Limits.vendor()` are the vendor's own.
        search_lag_s: seconds after which searches see a change.

    Attributes:
        state: everything stored; tests may read and prepare it.
        limits: the rate limits, None for none; may be changed at any time.
        webhooks: deliveries to what was registered through the API, see `Webhooks.deliver`.
        oauth: consents of an app, see `OAuth.consent`.
        search_lag_s: may be changed at any time.
    """

    name: ClassVar[str] = "asana"
    secret_params: ClassVar[frozenset[str]] = frozenset({"token"})

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
        plan: str = "advanced",
        limits: Limits | None = None,
        search_lag_s: float = 0,
    ) -> None:
        super().__init__(faults=faults, latency_ms=latency_ms, clock=clock, seed=seed)
        require_known("dataset", dataset, DATASETS)
        self.limits = limits or (Limits.of_quota(quota) if quota is not None else None)
        self.search_lag_s = search_lag_s
        self.state = State(self.clock, plan)
        self.webhooks = Webhooks(self.state)
        self.oauth = OAuth(self.state)
        self.workspace = seed_site(self.state)
        if dataset == "demo":
            seed_demo(self.state, self.workspace)
        if scale:
            seed_scale(self.state, self.workspace, scale, seed)

    @property
    def settings(self) -> dict[str, str]:
        """`ASANA_ACCESS_TOKEN`, `ASANA_WORKSPACE_ID` and `ASANA_URL`."""
        return {
            "ASANA_ACCESS_TOKEN": ME_TOKEN,
            "ASANA_WORKSPACE_ID": self.workspace,
            "ASANA_URL": self.base_url,
        }

    def token_of(self, email: str) -> str:
        """Access token of a person.

        Raises:
            KeyError: no such person, or he has no token.
        """
        for secret, token in self.state.tokens.items():
            if self.state.users[token.user].email == email and token.kind == "pat":
                return secret
        raise KeyError(email)

    @property
    def vendor_faults(self) -> _AsanaFaults:
        """Asana's wording of injected faults."""
        return _AsanaFaults()

    @property
    def app(self) -> ASGIApp:
        """The API with log, latency, quota and faults around it, and a count of what is in flight."""
        if self._app is None:
            self._app = InFlight(super().app)
        return self._app

    def build_app(self) -> ASGIApp:
        """The API."""
        gate = LimitGate(self.clock, lambda: self.limits)
        searching = search.Searches(lambda: self.search_lag_s)
        hooks = webhooks.routes_for(self.webhooks)
        together = batch.Batch()
        groups = [*(on.routes for on in MODULES), searching.on.routes, hooks.routes, together.on.routes]
        outside = (attachments.files(self.state), self.oauth)
        app = AsanaApp(self.state, Table(groups), gate, lambda: self.base_url, outside)
        together.app = app
        return app


class _AsanaFaults:
    """Bodies of injected faults."""

    def error(self, status: int) -> tuple[bytes, str]:
        """The vendor's JSON; a 500 has a phrase, gateways answer with a page."""
        if status in {502, 503, 504}:
            return f"<html><body><h1>{status}</h1></body></html>".encode(), "text/html"
        phrase = "6 sad squid snuggle softly" if status >= 500 else ""  # server errors
        return msgspec.json.encode(error_body(status_text(status), phrase)), "application/json; charset=UTF-8"

    def endless(self, body: Any, url: str) -> Any:
        """A list whose next page is itself, or a feed that has always more."""
        if isinstance(body, dict) and "has_more" in body:
            return {**body, "has_more": True}
        if isinstance(body, dict) and isinstance(body.get("data"), list):
            following = {"offset": "again", "path": url, "uri": url}
            return {**body, "next_page": body.get("next_page") or following}
        return body
