"""`AsanaProvider`: all parts together."""

from __future__ import annotations

from pm_providers.providers.asana.attachments import Attachments
from pm_providers.providers.asana.batch import Batches
from pm_providers.providers.asana.changes import Changes
from pm_providers.providers.asana.collaboration import Comments, Labels, Relations
from pm_providers.providers.asana.containers import Projects
from pm_providers.providers.asana.discovery import Discovery
from pm_providers.providers.asana.members import Memberships, Watchers
from pm_providers.providers.asana.searching import Searching
from pm_providers.providers.asana.sprints import Sprints
from pm_providers.providers.asana.time_entries import TimeEntries
from pm_providers.providers.asana.users import Users

__all__ = ["AsanaProvider"]


class AsanaProvider(
    Projects,
    Sprints,
    Users,
    Batches,
    Changes,
    Searching,
    Comments,
    Labels,
    Relations,
    Attachments,
    TimeEntries,
    Memberships,
    Watchers,
    Discovery,
):
    """Asana, API 1.0. Projects, tasks, sprints by convention, users of one workspace.

    Besides: comments, tags, dependencies, attachments, time, members and followers; checklists are subtasks.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
