"""Fixtures of the suite, and the binding of gaps and needs to its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
import pytest_asyncio

from pm_providers.contract import BasePMProvider
from pm_providers.model import PMProject, PMTask
from pm_providers.testing.checks import assert_refused
from pm_providers.testing.harness import ProviderHarness, unique

__all__ = ["SuiteBase"]


class SuiteBase:
    """What all areas of the suite share.

    Attributes:
        harness_class: harness of the provider under test.
    """

    harness_class: ClassVar[type[ProviderHarness]]

    def make_harness(self, request: pytest.FixtureRequest) -> ProviderHarness:
        """The harness of one test; override where it needs fixtures of its own."""
        return self.harness_class(request.getfixturevalue("tmp_path"))

    @pytest.fixture(autouse=True)
    def _known_gaps(self, request: pytest.FixtureRequest) -> None:
        node = request.node
        for gap in self.harness_class.gaps:
            if gap.covers(node.name, node.originalname):
                request.applymarker(gap.marker())

    @pytest_asyncio.fixture
    async def harness(self, request: pytest.FixtureRequest) -> AsyncIterator[ProviderHarness]:
        """The system under test, started for this test."""
        async with self.make_harness(request) as harness:
            for operation in getattr(request.function, "pm_needs", ()):
                if not harness.provider.capabilities.supports(operation):
                    await assert_refused(harness.provider, operation)
                    pytest.skip(f"{operation} is unsupported, and says so")
            yield harness

    @pytest_asyncio.fixture
    async def provider(self, harness: ProviderHarness) -> BasePMProvider:
        """The provider under test, connected."""
        return harness.provider

    @pytest_asyncio.fixture
    async def project(self, harness: ProviderHarness) -> PMProject:
        """A project of the test's own."""
        return await harness.project()

    @pytest_asyncio.fixture
    async def task(self, provider: BasePMProvider, project: PMProject) -> PMTask:
        """A task in that project."""
        return await provider.create_task(PMTask(title=unique("Task"), project_id=project.id))
