"""The Jira Cloud sandbox itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from starlette.types import ASGIApp

from pm_providers.sandbox.jira import (
    accounts,
    agile_issues,
    attachments,
    basics,
    boards,
    bulk_ops,
    bulk_tasks,
    comments,
    components,
    filters,
    issues,
    jql_tree,
    links,
    meta,
    people,
    project_write,
    projects,
    properties,
    search,
    sprints,
    tasks,
    transitions,
    versions,
    watchers,
    webhook_admin,
    worklogs,
)
from pm_providers.sandbox.jira.app import JiraApp
from pm_providers.sandbox.jira.defaults import ADMIN_ACCOUNT, seed_site
from pm_providers.sandbox.jira.demo import seed_demo, seed_scale
from pm_providers.sandbox.jira.errors import status_error
from pm_providers.sandbox.jira.limits import LimitGate, Limits
from pm_providers.sandbox.jira.oauth import OAuth
from pm_providers.sandbox.jira.records import AppToken
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.web import Router
from pm_providers.sandbox.jira.webhooks import Webhooks
from pm_providers.sandbox.kit import Clock, Fault, Quota, Sandbox, require_known

__all__ = ["ADMIN_EMAIL", "ADMIN_TOKEN", "DATASETS", "JiraSandbox"]

ADMIN_EMAIL = "admin@example.com"
ADMIN_TOKEN = "sandbox-admin-token-00000000000000000000"  # noqa: S105  # opens nothing but a sandbox
DATASETS = ("empty", "demo")
ROUTES = (
    agile_issues.software_routes,
    webhook_admin.admin_routes,
    *(
        module.routes
        for module in (
            agile_issues,
            attachments,
            basics,
            boards,
            bulk_tasks,
            bulk_ops,
            comments,
            filters,
            issues,
            jql_tree,
            links,
            meta,
            accounts,
            people,
            components,
            versions,
            project_write,
            projects,
            tasks,
            properties,
            search,
            sprints,
            transitions,
            watchers,
            webhook_admin,
            worklogs,
        )
    ),
)


class JiraSandbox(Sandbox):
    """A Jira Cloud site in this process.

    Args:
        dataset: `empty` (a new site with an administrator) or `demo` (people and two projects).
        scale: so many more issues, in a project of their own.
        faults, quota, latency_ms, clock, seed: see `Sandbox`; a quota is told in the vendor's headers.
        limits: rate limits; `Limits.vendor()` are the vendor's own.

    Attributes:
        state: everything stored; tests may read and prepare it.
        limits: the rate limits, None for none; may be changed at any time.
        webhooks: what was registered through the API, and its deliveries, see `Webhooks.deliver`.
        oauth: consents of an app, see `OAuth.consent`.
    """

    name: ClassVar[str] = "jira"

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
        limits: Limits | None = None,
    ) -> None:
        super().__init__(faults=faults, latency_ms=latency_ms, clock=clock, seed=seed)
        require_known("dataset", dataset, DATASETS)
        self.limits = limits or (Limits.of_quota(quota) if quota is not None else None)
        self.state = State(self.clock)
        self.webhooks = Webhooks(self.state, lambda: self.base_url)
        seed_site(self.state)
        self.oauth = OAuth(self.state)
        self.state.tokens[ADMIN_TOKEN] = AppToken(account_id=ADMIN_ACCOUNT)
        if dataset == "demo":
            seed_demo(self.state)
        if scale:
            seed_scale(self.state, scale, seed)

    @property
    def settings(self) -> dict[str, str]:
        """`JIRA_URL`, `JIRA_USERNAME` and `JIRA_API_TOKEN` (the administrator's)."""
        return {"JIRA_URL": self.base_url, "JIRA_USERNAME": ADMIN_EMAIL, "JIRA_API_TOKEN": ADMIN_TOKEN}

    def login_of(self, email: str) -> tuple[str, str]:
        """Address and API token of a user, for basic authentication.

        Raises:
            KeyError: no such user, or no API token of his is known.
        """
        for token, entry in self.state.tokens.items():
            user = self.state.users.get(entry.account_id)
            if user is not None and user.email == email and entry.scopes is None:
                return email, token
        raise KeyError(email)

    def run_jobs(self) -> None:
        """Run the queued background jobs now: bulk operations, removal of projects."""
        while self.state.jobs:
            self.state.run_jobs()

    @property
    def vendor_faults(self) -> _JiraFaults:
        """Jira's wording of injected faults."""
        return _JiraFaults()

    def build_app(self) -> ASGIApp:
        """The site's API."""
        gate = LimitGate(self.clock, lambda: self.limits)
        return JiraApp(self.state, Router(ROUTES), (attachments.media, self.oauth), gate)


class _JiraFaults:
    """Bodies of injected faults."""

    def error(self, status: int) -> tuple[bytes, str]:
        """The vendor's JSON, or the HTML page of a proxy for 502 to 504."""
        body = status_error(status)
        if body is None:
            return f"<html><body><h1>{status}</h1></body></html>".encode(), "text/html"
        return msgspec.json.encode(body), "application/json;charset=UTF-8"

    def endless(self, body: Any, url: str) -> Any:
        """A list whose next page is itself: the same token again, or a total that is never reached."""
        if not isinstance(body, dict):
            return body
        if "nextPageToken" in body or ("issues" in body and "startAt" not in body):
            return {**body, "nextPageToken": body.get("nextPageToken") or "again", "isLast": False}
        if "startAt" in body:
            return {**body, "total": 1_000_000, **({"isLast": False} if "isLast" in body else {})}
        if "nextPage" in body or "lastPage" in body:
            return {**body, "nextPage": url, "lastPage": False}
        return body
