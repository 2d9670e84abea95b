"""The conformance suite over the sandbox of Jira Cloud."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from tests.conformance.jira_harness import JiraHarness, JiraTeamManagedHarness


class TestJira(ConformanceSuite):
    """Company-managed projects."""

    harness_class = JiraHarness


class TestJiraTeamManaged(ConformanceSuite):
    """Team-managed projects."""

    harness_class = JiraTeamManagedHarness
