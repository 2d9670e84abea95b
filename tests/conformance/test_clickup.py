"""The conformance suite over the sandbox of ClickUp."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from tests.conformance.clickup_harness import ClickUpHarness


class TestClickUp(ConformanceSuite):
    """Projects are spaces, which is the default."""

    harness_class = ClickUpHarness
