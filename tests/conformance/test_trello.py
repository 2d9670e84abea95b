"""The conformance suite over the sandbox of Trello."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from pm_providers.testing.suite.batch import BatchSuite
from pm_providers.testing.suite.changes import ChangeSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.tasks import TaskSuite
from pm_providers.testing.suite.writes import WriteSuite
from tests.conformance.trello_harness import TrelloArchivingHarness, TrelloHarness


class TestTrello(ConformanceSuite):
    """Everything, with deletes for good."""

    harness_class = TrelloHarness


class TestTrelloArchiving(ProjectSuite, TaskSuite, BatchSuite, ChangeSuite, WriteSuite):
    """The areas in which it counts that deleting archives, which is the default."""

    harness_class = TrelloArchivingHarness
