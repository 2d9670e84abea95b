"""The suite over providers that are made of others: what they hand on must arrive, whole and named."""

from __future__ import annotations

from typing import Any

from pm_providers import BasePMProvider, PMProviderConfig, TransportError
from pm_providers.database import engine_for
from pm_providers.service.modes import FallbackProvider, RoutingProvider
from pm_providers.testing.suite.batch import BatchSuite
from pm_providers.testing.suite.changes import ChangeSuite
from pm_providers.testing.suite.checklists import ChecklistSuite
from pm_providers.testing.suite.containers import SprintSuite
from pm_providers.testing.suite.declared import CapabilitySuite
from pm_providers.testing.suite.structure import RelationSuite
from pm_providers.testing.suite.tasks import TaskSuite
from pm_providers.testing.suite.writes import ConflictSuite
from tests.conformance.harnesses import InternalSqliteHarness
from tests.support.databases import sqlite_database


class RoutingHarness(InternalSqliteHarness):
    """Two databases; projects are made in the second, which is the default."""

    async def start(self) -> None:
        await super().start()
        self.first_url = sqlite_database(self.tmp_path / "first.db")

    async def open(self, **options: Any) -> BasePMProvider:
        here = await super().open(**options)
        url, self.url = self.url, self.first_url
        first = await super().open(**options)
        self.url = url
        config = PMProviderConfig("routing", additional_config=options)
        return RoutingProvider({"first": first, "internal": here}, "internal", config=config)

    async def stop(self) -> None:
        await super().stop()
        engine_for(self.first_url).dispose()


class Dead:
    """The way to a system that never answers."""

    name = "elsewhere"

    async def carry(self) -> None:
        raise TransportError("no answer")

    async def waiting(self) -> int:
        return 0


class FallbackHarness(InternalSqliteHarness):
    """A database in front of a system that never answers."""

    async def open(self, **options: Any) -> BasePMProvider:
        config = PMProviderConfig("fallback", additional_config=options)
        return FallbackProvider(await super().open(**options), [Dead()], config=config)


class TestRouting(
    CapabilitySuite, TaskSuite, SprintSuite, RelationSuite, ChecklistSuite, BatchSuite, ChangeSuite
):
    """Areas that hand on every kind of call; the others differ from these by their names only."""

    harness_class = RoutingHarness


class TestFallback(CapabilitySuite, ConflictSuite, BatchSuite):
    """While nobody else answers, all is as without the others."""

    harness_class = FallbackHarness
