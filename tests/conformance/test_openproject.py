"""The conformance suite over OpenProject, newest and oldest supported version."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from tests.conformance.harnesses import OpenProject13Harness, OpenProjectHarness


class TestOpenProject(ConformanceSuite):
    """The newest version."""

    harness_class = OpenProjectHarness


class TestOpenProject13(ConformanceSuite):
    """The oldest version, whose capabilities are narrower."""

    harness_class = OpenProject13Harness
