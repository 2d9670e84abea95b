"""`OpenProjectProvider`: all parts together, and the raw call."""

from __future__ import annotations

from pm_providers.providers.openproject.changes import Changes
from pm_providers.providers.openproject.collaboration import (
    Attachments,
    Comments,
    Labels,
    Relations,
    TimeEntries,
)
from pm_providers.providers.openproject.containers import Projects, Sprints
from pm_providers.providers.openproject.discovery import Discovery
from pm_providers.providers.openproject.members import Memberships, Watchers
from pm_providers.providers.openproject.task_writing import TaskWriter

__all__ = ["OpenProjectProvider"]


class OpenProjectProvider(
    Projects,
    Sprints,
    Memberships,
    Watchers,
    TaskWriter,
    Changes,
    Comments,
    Labels,
    Relations,
    Attachments,
    TimeEntries,
    Discovery,
):
    """OpenProject, API v3, versions 13 to 17. Projects, work packages, versions or native sprints, users.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
