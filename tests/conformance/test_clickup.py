"""The conformance suite over the sandbox of ClickUp."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from pm_providers.testing.suite.changes import ChangeSuite
from pm_providers.testing.suite.containers import SprintSuite
from pm_providers.testing.suite.discovery import DiscoverySuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.task_lists import TaskListSuite
from tests.conformance.clickup_harness import ClickUpFolderHarness, ClickUpHarness, ClickUpListHarness


class TestClickUp(ConformanceSuite):
    """Projects are spaces, which is the default."""

    harness_class = ClickUpHarness


class TestClickUpFolders(ProjectSuite, SprintSuite, TaskListSuite, ChangeSuite, DiscoverySuite):
    """Projects are folders: the areas in which it counts where tasks and sprints are."""

    harness_class = ClickUpFolderHarness


class TestClickUpLists(ProjectSuite, FieldSuite, TaskListSuite, ChangeSuite, DiscoverySuite):
    """Projects are lists, which have more fields than spaces, and no sprints."""

    harness_class = ClickUpListHarness
