"""`BasePMProvider`: the one interface over all project-management systems."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from pm_providers.contract.people import PeopleOperations
from pm_providers.contract.results import HealthReport, RawResponse
from pm_providers.contract.values import check_id, check_optional_id
from pm_providers.errors import PMError
from pm_providers.model import PMField, PMPriority, PMStatus, PMTaskType, PMTransition

__all__ = ["BasePMProvider"]


class BasePMProvider(PeopleOperations):
    """One project-management system.

    Every method is a coroutine (`iter_*` are async iterators). Ids are opaque strings, as the vendor writes
    them; where people use a key instead (`PROJ-42`), every method that takes the id takes the key too.

    The public methods check their arguments, refuse what the provider does not support, and report what the
    system did not do as asked; a provider writes the hooks of the same name with an underscore before
    (`create_task` calls `_create_task`; `list_tasks` and `iter_tasks` call `_iter_tasks`). Hooks get checked
    values and raise the errors of `pm_providers.errors`.

    Providers are async context managers and safe to share between coroutines of one event loop.
    """

    # discovery

    async def list_statuses(self, project_id: str | None = None) -> list[PMStatus]:
        """Task statuses, in the system's order: those of a project where they differ by project."""
        return cast(
            "list[PMStatus]",
            await self._call(
                "list_statuses", lambda: self._list_statuses(check_optional_id(project_id, "project_id"))
            ),
        )

    async def list_priorities(self) -> list[PMPriority]:
        """Task priorities, lowest first."""
        return cast("list[PMPriority]", await self._call("list_priorities", self._list_priorities))

    async def list_types(self, project_id: str | None = None) -> list[PMTaskType]:
        """Task types, in the system's order: those enabled in a project, or all."""
        return cast(
            "list[PMTaskType]",
            await self._call(
                "list_types", lambda: self._list_types(check_optional_id(project_id, "project_id"))
            ),
        )

    async def list_transitions(self, task_id: str) -> list[PMTransition]:
        """Status changes that the workflow allows now for this task and these credentials.

        Raises:
            NotFoundError: no such task.
        """
        found = await self._call(
            "list_transitions", lambda: self._list_transitions(check_id(task_id, "task_id"))
        )
        return cast("list[PMTransition]", found)

    async def list_fields(self, project_id: str | None = None) -> list[PMField]:
        """Fields of tasks, the system's own first, then custom ones by name."""
        return cast(
            "list[PMField]",
            await self._call(
                "list_fields", lambda: self._list_fields(check_optional_id(project_id, "project_id"))
            ),
        )

    # health

    async def health_check(self) -> bool:
        """Whether the system answers and knows the credentials. Never raises a `PMError`."""
        return (await self.check_health()).ok

    async def check_health(self) -> HealthReport:
        """State of the connection; an error stands in the report."""
        started = time.perf_counter()
        try:
            with self._operation("check_health"):
                user = await self._get_current_user()
                latency_ms = (time.perf_counter() - started) * 1000
                facts = await self._health_facts()
        except PMError as error:
            return HealthReport(ok=False, provider=self.name, error=error)
        return HealthReport(ok=True, provider=self.name, user=user, latency_ms=latency_ms, **facts)

    # escape hatch

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> RawResponse:
        """An authenticated, rate-limited call of the vendor's API, for what the interface does not cover.

        Args:
            method: HTTP method.
            path: path below the API's root, or an absolute one on the same host.
            params: query parameters, decoded.
            json: body; none when missing.
            headers: further headers; credentials cannot be replaced.

        Raises:
            UnsupportedError: the provider is not an HTTP API.
        """
        return cast(
            "RawResponse",
            await self._call("request", lambda: self._request(method, path, params, json, headers)),
        )

    # hooks

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        raise self._refuse("list_statuses")

    async def _list_priorities(self) -> list[PMPriority]:
        raise self._refuse("list_priorities")

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        raise self._refuse("list_types")

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        raise self._refuse("list_transitions")

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        raise self._refuse("list_fields")

    async def _health_facts(self) -> dict[str, Any]:
        """Hook: `version`, `quota_*` and `details` of `HealthReport`."""
        return {}

    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Any,
        headers: Mapping[str, str] | None,
    ) -> RawResponse:
        raise self._refuse("request")
