"""The conformance suite over the sandbox of Jira Cloud."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from pm_providers.testing.suite.batch import BatchSuite
from pm_providers.testing.suite.containers import SprintSuite
from pm_providers.testing.suite.discovery import DiscoverySuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.tasks import TaskSuite
from tests.conformance.jira_harness import JiraHarness, JiraTeamManagedHarness


class TestJira(ConformanceSuite):
    """Company-managed projects."""

    harness_class = JiraHarness


class TestJiraTeamManaged(ProjectSuite, TaskSuite, FieldSuite, SprintSuite, DiscoverySuite, BatchSuite):
    """Team-managed projects: the areas in which types, fields, boards and workflows of a project count."""

    harness_class = JiraTeamManagedHarness
