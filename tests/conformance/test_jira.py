"""The conformance suite over the sandbox of Jira Cloud."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from tests.conformance.jira_harness import JiraHarness


class TestJira(ConformanceSuite):
    """A company-managed project with a scrum board."""

    harness_class = JiraHarness
