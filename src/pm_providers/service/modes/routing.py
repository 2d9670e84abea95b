"""Different systems for different projects, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar

from pm_providers.contract import BasePMProvider, Capabilities, HealthReport, PMProviderConfig, check_id
from pm_providers.database.crypto import Vault
from pm_providers.errors import NotFoundError
from pm_providers.registry import build_pm_provider
from pm_providers.service.modes.forwarding import ContainerForwarding
from pm_providers.service.modes.forwarding_parts import DiscoveryForwarding, PartForwarding
from pm_providers.service.modes.forwarding_tasks import TaskForwarding
from pm_providers.service.modes.routes import Book
from pm_providers.service.modes.uniting import BEST, united
from pm_providers.service.sync_setup import open_connection
from pm_providers.store import get_connection

__all__ = ["INTERNAL", "ForwardingProvider", "RoutingProvider", "open_routing"]

INTERNAL = "internal"
"""Name that stands for the internal database where no connection has it."""


class ForwardingProvider(
    ContainerForwarding, TaskForwarding, PartForwarding, DiscoveryForwarding, BasePMProvider
):
    """All hooks, handed on."""


class RoutingProvider(ForwardingProvider):
    """Several systems as one; each project lives in one of them.

    Ids are those of the systems behind the name of their system: `jira-main:10042`. This holds for all ids,
    on the way out and in: of projects, tasks, users, sprints, labels, comments and the rest. An id or key
    without a name belongs to the default system.

    Calls about a project, a task or a part of one go to the system that the id names. Lists without a project
    are those of all systems, one after the other; time entries by day; equal statuses, priorities and types
    once. New projects and users, labels without a project, and `get_current_user` belong to the default
    system: see `with_default`. What refers to another system (an assignee, a parent, a move) is a
    `ValidationError` that names the field. `custom_fields`, `raw_data` and keys stay as systems write them.

    `capabilities` are what all systems have; `capabilities_of(id)` those of one, and `system_of(id)` is the
    provider itself for what goes beyond. Errors carry this provider, and name the system in their message.

    Args:
        systems: name -> provider; they are closed with this one.
        default: name of the default system; the first when missing.
        config: options; `strict_writes` counts.

    Raises:
        ConfigurationError: no systems, a bad name, or an unknown default.
    """

    name: ClassVar[str] = "routing"
    title: ClassVar[str] = "Several systems"
    CAPABILITIES: ClassVar[Capabilities] = BEST

    def __init__(
        self,
        systems: Mapping[str, BasePMProvider],
        default: str | None = None,
        *,
        config: PMProviderConfig | None = None,
    ) -> None:
        super().__init__(config or PMProviderConfig(self.name), Book(systems, default))
        self._parts: tuple[Capabilities, ...] = ()
        self._is_view = False

    def __repr__(self) -> str:
        return f"RoutingProvider({', '.join(one.label for one in self._book.routes.values())})"

    @property
    def capabilities(self) -> Capabilities:
        """What all systems have, whichever a call reaches."""
        routes = self._book.routes.values()
        parts = tuple(one.provider.capabilities for one in routes)
        if len(parts) != len(self._parts) or any(a is not b for a, b in zip(parts, self._parts, strict=True)):
            self._capabilities = united([(one.name, one.provider.capabilities) for one in routes])
            self._parts = parts
        return self._capabilities

    @property
    def systems(self) -> Mapping[str, BasePMProvider]:
        """Name -> provider."""
        return {name: one.provider for name, one in self._book.routes.items()}

    def system_of(self, identifier: str) -> tuple[BasePMProvider, str]:
        """The provider that an id belongs to, and the id there.

        Raises:
            ValidationError: it is no id.
        """
        route, own = self._book.find(check_id(identifier, "identifier"))
        return route.provider, own

    def capabilities_of(self, identifier: str) -> Capabilities:
        """What the system can do that an id belongs to. Errors as in `system_of`."""
        return self.system_of(identifier)[0].capabilities

    def with_default(self, name: str) -> RoutingProvider:
        """The same systems with another default; closing it closes none of them.

        Raises:
            ConfigurationError: there is no such system.
        """
        view = RoutingProvider(self.systems, name, config=self.config)
        view._is_view = True
        return view

    async def _connect(self) -> None:
        for route in self._book.routes.values():
            await self._ask(route, lambda one: one.connect())

    async def aclose(self) -> None:
        """Close all systems, each of them whatever the others say."""
        if self._is_view:
            return
        async with AsyncExitStack() as stack:
            for route in self._book.routes.values():
                stack.push_async_callback(route.provider.aclose)

    async def check_health(self) -> HealthReport:
        """State of all systems: good if each is. `user` is the default one's; `details` have a line each."""
        reports = {name: await one.provider.check_health() for name, one in self._book.routes.items()}
        bad = next((name for name, one in reports.items() if not one.ok), None)
        lines = {name: "ok" if one.ok else str(one.error) for name, one in reports.items()}
        if bad is not None:
            error = reports[bad].error
            if error is not None:
                self._rename(error, self._book.routes[bad], "check_health")
            return HealthReport(ok=False, provider=self.name, error=error, details=lines)
        first = reports[self._book.default.name]
        user = None if first.user is None else self._book.default.outward(first.user)
        latency = max((one.latency_ms or 0.0 for one in reports.values()), default=0.0)
        return HealthReport(ok=True, provider=self.name, user=user, latency_ms=latency, details=lines)


async def open_routing(
    db: Any,
    names: Sequence[str],
    *,
    default: str | None = None,
    vault: Vault | None = None,
    config: PMProviderConfig | None = None,
) -> RoutingProvider:
    """Stored connections as one provider, not connected yet.

    Args:
        db: where the connections are: all that `database_for` takes.
        names: connections by name or id; `internal` is the internal database, unless one has this name.
        default: as in `RoutingProvider`.
        vault: keys of the stored credentials; those of this installation when missing.
        config: as in `RoutingProvider`.

    Raises:
        NotFoundError: no such connection.
        ConfigurationError: a connection cannot be used, or see `RoutingProvider`.
    """
    async with AsyncExitStack() as opened:
        systems: dict[str, BasePMProvider] = {}
        for name in names:
            label, provider = await _system(db, name, vault)
            opened.push_async_callback(provider.aclose)
            systems[label] = provider
        routing = RoutingProvider(systems, default, config=config)
        opened.pop_all()
    return routing


async def _system(db: Any, name: str, vault: Vault | None) -> tuple[str, BasePMProvider]:
    connection = await get_connection(db, name)
    if connection is not None:
        return connection.name, await open_connection(db, connection.id, vault=vault)
    if name == INTERNAL:
        return name, build_pm_provider(db_session=db, provider=INTERNAL)
    raise NotFoundError(f"there is no connection {name!r:.60}; `pm-providers connections list` lists them")
