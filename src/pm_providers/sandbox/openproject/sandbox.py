"""The OpenProject sandbox itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from starlette.types import ASGIApp

from pm_providers.sandbox.kit import Clock, Fault, Quota, Sandbox, require_known
from pm_providers.sandbox.openproject import (
    activities,
    attachments,
    basics,
    configuration,
    extras,
    memberships,
    principals,
    project_forms,
    projects,
    relations,
    sprints,
    time_entries,
    users,
    versions,
    watchers,
    work_packages,
    wp_forms,
)
from pm_providers.sandbox.openproject.app import OpenProjectApp
from pm_providers.sandbox.openproject.defaults import ADMIN_ID, seed_instance
from pm_providers.sandbox.openproject.demo import seed_demo, seed_scale
from pm_providers.sandbox.openproject.errors import status_error
from pm_providers.sandbox.openproject.features import Features
from pm_providers.sandbox.openproject.records import Sprint
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.web import Router
from pm_providers.sandbox.openproject.webhook import Webhooks

__all__ = ["ADMIN_KEY", "DATASETS", "OpenProjectSandbox"]

ADMIN_KEY = "sandbox-admin-key-0000000000000000000000"
DATASETS = ("empty", "demo")
ROUTES = tuple(
    module.routes
    for module in (
        activities,
        attachments,
        basics,
        configuration,
        extras,
        memberships,
        principals,
        project_forms,
        projects,
        relations,
        sprints,
        time_entries,
        users,
        versions,
        watchers,
        work_packages,
        wp_forms,
    )
)


class OpenProjectSandbox(Sandbox):
    """An OpenProject server in this process.

    Args:
        dataset: `empty` (a fresh instance with an administrator) or `demo` (two projects with a story).
        scale: so many more work packages, in projects of their own.
        version: the OpenProject version to be, `"12.0"` to `"17.9"`; see `Features`.
        faults, quota, latency_ms, clock, seed: see `Sandbox`.

    Attributes:
        state: everything stored; tests may read and prepare it.
        webhooks: receivers to tell about changes, see `Webhooks.add` and `Webhooks.deliver`.
    """

    name: ClassVar[str] = "openproject"

    def __init__(
        self,
        *,
        dataset: str = "empty",
        scale: int = 0,
        version: str = "17.6",
        faults: Iterable[Fault | str] = (),
        quota: Quota | None = None,
        latency_ms: float = 0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(faults=faults, quota=quota, latency_ms=latency_ms, clock=clock, seed=seed)
        require_known("dataset", dataset, DATASETS)
        self.state = State(Features.of(version), self.clock)
        seed_instance(self.state)
        self.webhooks = Webhooks(self.state)
        self.add_key(ADMIN_KEY, ADMIN_ID)
        if dataset == "demo":
            for key, user_id in seed_demo(self.state).items():
                self.add_key(key, user_id)
        if scale:
            seed_scale(self.state, scale, seed)

    @property
    def settings(self) -> dict[str, str]:
        """`OPENPROJECT_URL` and `OPENPROJECT_API_KEY` (the administrator's)."""
        return {"OPENPROJECT_URL": self.base_url, "OPENPROJECT_API_KEY": ADMIN_KEY}

    @property
    def vendor_faults(self) -> _OpenProjectFaults:
        """OpenProject's wording of injected faults."""
        return _OpenProjectFaults()

    def build_app(self) -> ASGIApp:
        """The API under `/api/v3`."""
        return OpenProjectApp(self.state, Router(ROUTES))

    def add_key(self, key: str, user_id: int) -> None:
        """Let an API key act as a user."""
        self.state.keys[key] = user_id

    def key_of(self, login: str) -> str:
        """The API key of the user with this login.

        Raises:
            KeyError: no such user, or none of his keys is known.
        """
        for key, user_id in self.state.keys.items():
            if self.state.principals[user_id].login == login:
                return key
        raise KeyError(login)

    def add_sprint(
        self, project_id: int, name: str, *, status: str = "active", start: str = "", finish: str = ""
    ) -> int:
        """Make a native sprint, as people do in the vendor's pages: the API only reads and assigns them.

        Args:
            project_id: project that defines it.
            name: its name.
            status: `in_planning`, `active` or `completed`.
            start: first day (YYYY-MM-DD); none when blank.
            finish: last day; none when blank.

        Returns:
            Its id.
        """
        row = self.state.sprints.put(
            Sprint(
                id=self.state.sprints.next_id(),
                name=name,
                project_id=project_id,
                status=status,
                start=start or None,
                finish=finish or None,
                **self.state.stamps(),
            )
        )
        return row.id

    def run_jobs(self) -> None:
        """Run the queued background jobs now: removal of projects and users, copies."""
        self.state.run_jobs()


class _OpenProjectFaults:
    """Bodies of injected faults."""

    def error(self, status: int) -> tuple[bytes, str]:
        """The vendor's JSON, or the HTML page of a proxy for 502 to 504."""
        body = status_error(status)
        if body is None:
            page = f"<html><body><h1>{status}</h1></body></html>"
            return page.encode(), "text/html"
        return msgspec.json.encode(body), "application/hal+json; charset=utf-8"

    def endless(self, body: Any, url: str) -> Any:
        """A collection whose next page is itself."""
        if isinstance(body, dict) and "_links" in body and "elements" in body.get("_embedded", {}):
            body["_links"]["nextByOffset"] = {"href": url}
            body["total"] = 1_000_000
        return body
