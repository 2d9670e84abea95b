"""The conformance suite over the sandbox of Asana."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from tests.conformance.asana_harness import AsanaHarness


class TestAsana(ConformanceSuite):
    """Statuses are sections, sprints are projects with dates."""

    harness_class = AsanaHarness
