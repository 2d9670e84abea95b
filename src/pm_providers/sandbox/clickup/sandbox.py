"""The ClickUp sandbox itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from starlette.types import ASGIApp

from pm_providers.sandbox.clickup import (
    attachments,
    basics,
    checklists,
    comments,
    estimates,
    fields,
    folders,
    goals,
    guests,
    lists,
    moving,
    relations,
    search,
    spaces,
    status_times,
    tags,
    tasks,
    templates,
    time_entries,
    time_tags,
    timers,
    tracked,
    views,
    webhook_admin,
)
from pm_providers.sandbox.clickup.app import ClickUpApp
from pm_providers.sandbox.clickup.demo import OWNER_ID, TEAM_ID, seed_demo, seed_scale, seed_workspace
from pm_providers.sandbox.clickup.errors import status_error
from pm_providers.sandbox.clickup.fields import FieldMaker
from pm_providers.sandbox.clickup.limits import LimitGate
from pm_providers.sandbox.clickup.oauth import OAuth
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.webhooks import Webhooks
from pm_providers.sandbox.kit import Clock, Fault, Quota, Sandbox, require_known
from pm_providers.sandbox.kit.routing import Router

__all__ = ["ADMIN_TOKEN", "DATASETS", "TEAM_ID", "ClickUpSandbox"]

ADMIN_TOKEN = f"pk_{OWNER_ID}_SANDBOX00000000000000000"  # opens nothing but a sandbox
DATASETS = ("empty", "demo")
_MODULES = (
    attachments,
    basics,
    checklists,
    comments,
    estimates,
    fields,
    folders,
    goals,
    guests,
    lists,
    moving,
    relations,
    search,
    spaces,
    status_times,
    tags,
    tasks,
    templates,
    time_entries,
    time_tags,
    timers,
    tracked,
    views,
    webhook_admin,
)


class ClickUpSandbox(Sandbox):
    """ClickUp in this process: v2 below `/api/v2`, v3 below `/api/v3`.

    Args:
        dataset: `empty` (a new Workspace with a Space and a list) or `demo` (people and two projects).
        scale: so many more tasks, in a Space of their own.
        faults, latency_ms, clock, seed: see `Sandbox`.
        plan: free, unlimited, business, business_plus or enterprise: features, and the size of the rate
            limit.
        limits: the rate limit of the plan holds, and is told in headers.
        quota: the rate limit with another size; it is counted for each token apart.
        index_lag_s: lists of tasks show the state so many seconds ago.
        missing_status: 401 as the vendor answers for a missing task, or 404 as some have seen.
        multiple_lists: tasks may be in more than one list.
        zone: of the owner: dates without a time are days there.

    Attributes:
        state: everything stored; tests may read and prepare it.
        fields: makes custom fields, for which the API has no way.
        webhooks: deliveries to what was registered, see `Webhooks.deliver`.
        oauth: consents of an app, see `OAuth.consent`.
        gate: the rate limit; its `quota` may be changed at any time, None for none.
    """

    name: ClassVar[str] = "clickup"

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
        plan: str = "business",
        limits: bool = False,
        index_lag_s: float = 0.0,
        missing_status: int = 401,
        multiple_lists: bool = True,
        zone: str = "Europe/Berlin",
    ) -> None:
        super().__init__(faults=faults, latency_ms=latency_ms, clock=clock, seed=seed)
        require_known("dataset", dataset, DATASETS)
        require_known("plan", plan, PLANS)
        if missing_status not in {401, 404}:
            raise ValueError("a missing task is answered by 401 or 404")
        if quota is None and limits:
            quota = Quota(PLANS[plan].per_minute)
        self.gate = LimitGate(self.clock, quota)
        self.state = State(self.clock)
        self.state.missing_status, self.state.multiple_lists = missing_status, multiple_lists
        self.fields = FieldMaker(self.state)
        self.oauth = OAuth(self.state)
        seed_workspace(self.state, ADMIN_TOKEN, plan=plan, zone=zone)
        if dataset == "demo":
            seed_demo(self.state)
        if scale:
            seed_scale(self.state, scale, seed)
        self.webhooks = Webhooks(self.state)
        self.state.index_lag_s = index_lag_s

    @property
    def settings(self) -> dict[str, str]:
        """`CLICKUP_URL` (in place of `https://api.clickup.com`), `CLICKUP_API_KEY` and `CLICKUP_TEAM_ID`."""
        return {
            "CLICKUP_URL": self.base_url,
            "CLICKUP_API_KEY": ADMIN_TOKEN,
            "CLICKUP_TEAM_ID": TEAM_ID,
        }

    def token_of(self, email: str) -> str:
        """Personal token of a person.

        Raises:
            KeyError: no such person, or he has none.
        """
        for token, user_id in self.state.tokens.items():
            if self.state.users[user_id].email == email:
                return token
        raise KeyError(email)

    @property
    def vendor_faults(self) -> _ClickUpFaults:
        """ClickUp's wording of injected faults."""
        return _ClickUpFaults()

    def build_app(self) -> ASGIApp:
        """The API."""
        router = Router([*(module.routes for module in _MODULES), attachments.v3])
        return ClickUpApp(self.state, router, self.gate, (attachments.download, self.oauth))


class _ClickUpFaults:
    """Bodies of injected faults."""

    def error(self, status: int) -> tuple[bytes, str]:
        """The vendor's JSON, or the page of the edge for 502 to 504."""
        body = status_error(status)
        if body is None:
            return f"<html><body><h1>{status}</h1></body></html>".encode(), "text/html"
        return msgspec.json.encode(body), "application/json; charset=utf-8"

    def endless(self, body: Any, url: str) -> Any:
        """A list that says again and again that there are more pages."""
        if not isinstance(body, dict):
            return body
        if "last_page" in body:
            return {**body, "last_page": False}
        if "next_cursor" in body:
            return {**body, "next_cursor": url}
        return body
