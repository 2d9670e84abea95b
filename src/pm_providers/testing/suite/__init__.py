"""The suite itself: one class per area, put together in `ConformanceSuite`."""

from __future__ import annotations

from pm_providers.testing.suite.containers import SprintSuite, UserSuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.lifecycle import LifecycleSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.task_lists import TaskListSuite
from pm_providers.testing.suite.tasks import TaskSuite

__all__ = ["ConformanceSuite"]


class ConformanceSuite(
    LifecycleSuite,
    ProjectSuite,
    TaskSuite,
    FieldSuite,
    TaskListSuite,
    SprintSuite,
    UserSuite,
):
    """Everything that holds for every provider. Subclass it and set `harness_class`."""
