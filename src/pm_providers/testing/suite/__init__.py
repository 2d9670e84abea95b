"""The suite itself: one class per area, put together in `ConformanceSuite`."""

from __future__ import annotations

from pm_providers.testing.suite.lifecycle import LifecycleSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.tasks import TaskSuite

__all__ = ["ConformanceSuite"]


class ConformanceSuite(LifecycleSuite, ProjectSuite, TaskSuite):
    """Everything that holds for every provider. Subclass it and set `harness_class`."""
