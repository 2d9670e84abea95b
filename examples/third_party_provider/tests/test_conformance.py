"""The conformance suite over a folder of notes."""

from __future__ import annotations

from typing import Any, ClassVar

from pm_plainfiles import PlainFilesProvider

from pm_providers import Entity, PMProviderConfig
from pm_providers.testing import ConformanceSuite, ProviderHarness


class PlainFilesHarness(ProviderHarness):
    """A folder of the test's own."""

    custom_fields: ClassVar = {Entity.TASK: {"Room": ("Kitchen", "Garden")}}

    async def open(self, **options: Any) -> PlainFilesProvider:
        folder = {"folder": str(self.tmp_path / "projects")}
        return PlainFilesProvider(PMProviderConfig("plainfiles", additional_config={**folder, **options}))


class TestPlainFiles(ConformanceSuite):
    """Everything that holds for every provider holds for this one."""

    harness_class = PlainFilesHarness
