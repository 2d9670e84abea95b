"""`ClickUpProvider`: all parts together."""

from __future__ import annotations

from pm_providers.providers.clickup.attachments import Attachments
from pm_providers.providers.clickup.batch import BatchWriter
from pm_providers.providers.clickup.changes import Changes
from pm_providers.providers.clickup.checklists import Checklists
from pm_providers.providers.clickup.collaboration import Comments, Relations
from pm_providers.providers.clickup.containers import Projects
from pm_providers.providers.clickup.discovery import Discovery
from pm_providers.providers.clickup.labels import Labels
from pm_providers.providers.clickup.members import Memberships, Watchers
from pm_providers.providers.clickup.sprints import Sprints
from pm_providers.providers.clickup.time_entries import TimeEntries
from pm_providers.providers.clickup.users import Users

__all__ = ["ClickUpProvider"]


class ClickUpProvider(
    Projects,
    Sprints,
    Comments,
    Relations,
    Labels,
    Attachments,
    TimeEntries,
    Checklists,
    Memberships,
    Watchers,
    Users,
    BatchWriter,
    Changes,
    Discovery,
):
    """ClickUp, API v2, and v3 where v2 has no way. Spaces as projects, tasks, lists as sprints, members.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
