"""The suite itself: one class per area, put together in `ConformanceSuite`."""

from __future__ import annotations

from pm_providers.testing.suite.batch import BatchSuite
from pm_providers.testing.suite.changes import ChangeSuite
from pm_providers.testing.suite.checklist_items import ChecklistItemSuite
from pm_providers.testing.suite.checklists import ChecklistSuite
from pm_providers.testing.suite.comments import AttachmentSuite, CommentSuite
from pm_providers.testing.suite.computed import ComputedSuite
from pm_providers.testing.suite.containers import SprintSuite, UserSuite
from pm_providers.testing.suite.declared import CapabilitySuite
from pm_providers.testing.suite.discovery import DiscoverySuite, SearchSuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.lifecycle import LifecycleSuite
from pm_providers.testing.suite.people import MembershipSuite, WatcherSuite
from pm_providers.testing.suite.projects import ProjectSuite
from pm_providers.testing.suite.robustness import ConcurrencySuite, SecuritySuite, TextSuite
from pm_providers.testing.suite.structure import LabelSuite, RelationSuite, TimeEntrySuite
from pm_providers.testing.suite.task_lists import TaskListSuite
from pm_providers.testing.suite.tasks import TaskSuite
from pm_providers.testing.suite.writes import ConflictSuite, WriteSuite

__all__ = ["AREAS", "ConformanceSuite"]

AREAS = (
    LifecycleSuite,
    CapabilitySuite,
    ProjectSuite,
    TaskSuite,
    FieldSuite,
    TaskListSuite,
    SprintSuite,
    UserSuite,
    CommentSuite,
    AttachmentSuite,
    ChecklistSuite,
    ChecklistItemSuite,
    LabelSuite,
    RelationSuite,
    TimeEntrySuite,
    MembershipSuite,
    WatcherSuite,
    DiscoverySuite,
    SearchSuite,
    BatchSuite,
    ChangeSuite,
    WriteSuite,
    ComputedSuite,
    ConflictSuite,
    SecuritySuite,
    ConcurrencySuite,
    TextSuite,
)
"""The areas; each can be bound alone while a provider is being written."""


class ConformanceSuite(
    LifecycleSuite,
    CapabilitySuite,
    ProjectSuite,
    TaskSuite,
    FieldSuite,
    TaskListSuite,
    SprintSuite,
    UserSuite,
    CommentSuite,
    AttachmentSuite,
    ChecklistSuite,
    ChecklistItemSuite,
    LabelSuite,
    RelationSuite,
    TimeEntrySuite,
    MembershipSuite,
    WatcherSuite,
    DiscoverySuite,
    SearchSuite,
    BatchSuite,
    ChangeSuite,
    WriteSuite,
    ComputedSuite,
    ConflictSuite,
    SecuritySuite,
    ConcurrencySuite,
    TextSuite,
):
    """Everything that holds for every provider. Subclass it and set `harness_class`."""
