"""The conformance suite over the sandbox of Trello."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from pm_providers.testing.suite.batch import BatchSuite
from pm_providers.testing.suite.changes import ChangeSuite
from pm_providers.testing.suite.containers import SprintSuite
from pm_providers.testing.suite.declared import CapabilitySuite
from pm_providers.testing.suite.discovery import DiscoverySuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.tasks import TaskSuite
from pm_providers.testing.suite.writes import WriteSuite
from tests.conformance.trello_harness import (
    TrelloArchivingHarness,
    TrelloCustomFieldsHarness,
    TrelloHarness,
    TrelloPlainHarness,
)


class TestTrello(ConformanceSuite):
    """Everything, with deletes for good."""

    harness_class = TrelloHarness


class TestTrelloArchiving(ProjectSuite, TaskSuite, BatchSuite, ChangeSuite, WriteSuite):
    """The areas in which it counts that deleting archives, which is the default."""

    harness_class = TrelloArchivingHarness


class TestTrelloCustomFields(CapabilitySuite, TaskSuite, FieldSuite, SprintSuite, DiscoverySuite):
    """The areas in which it counts what stands for sprints, priorities and statuses."""

    harness_class = TrelloCustomFieldsHarness


class TestTrelloPlain(CapabilitySuite, TaskSuite, SprintSuite, DiscoverySuite):
    """Without sprints and priorities."""

    harness_class = TrelloPlainHarness
