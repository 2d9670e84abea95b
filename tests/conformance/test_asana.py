"""The conformance suite over the sandbox of Asana."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from pm_providers.testing.suite.batch import BatchSuite
from pm_providers.testing.suite.containers import SprintSuite
from pm_providers.testing.suite.discovery import DiscoverySuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.tasks import TaskSuite
from tests.conformance.asana_harness import AsanaFieldsHarness, AsanaHarness


class TestAsana(ConformanceSuite):
    """Statuses are sections, sprints are projects with dates."""

    harness_class = AsanaHarness


class TestAsanaFields(TaskSuite, FieldSuite, SprintSuite, DiscoverySuite, BatchSuite):
    """Statuses and sprints are options of custom fields: the areas that this changes."""

    harness_class = AsanaFieldsHarness
