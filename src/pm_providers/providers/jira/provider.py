"""`JiraProvider`: all parts together, and the raw call."""

from __future__ import annotations

from pm_providers.providers.jira.batch import Batches
from pm_providers.providers.jira.changes import Changes
from pm_providers.providers.jira.collaboration import Attachments, Comments, Relations
from pm_providers.providers.jira.containers import Projects, Users
from pm_providers.providers.jira.discovery import Discovery
from pm_providers.providers.jira.labels import Labels
from pm_providers.providers.jira.members import Memberships, Watchers
from pm_providers.providers.jira.sprints import Sprints
from pm_providers.providers.jira.time_entries import TimeEntries

__all__ = ["JIRAProvider", "JiraProvider"]


class JiraProvider(
    Projects,
    Sprints,
    Users,
    Labels,
    Batches,
    Changes,
    Comments,
    Relations,
    Attachments,
    TimeEntries,
    Memberships,
    Watchers,
    Discovery,
):
    """Jira Cloud (REST v3), and Data Center and Server (REST v2, 8.4 and later) behind one class.

    See `Connection` for the arguments. Constructing it sends nothing.
    """


JIRAProvider = JiraProvider
