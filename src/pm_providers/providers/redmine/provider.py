"""`RedmineProvider`: all parts together, and the raw call."""

from __future__ import annotations

from pm_providers.providers.redmine.changes import Changes
from pm_providers.providers.redmine.collaboration import Attachments, Comments, Relations, TimeEntries
from pm_providers.providers.redmine.containers import Labels, Projects, Sprints
from pm_providers.providers.redmine.discovery import Discovery
from pm_providers.providers.redmine.members import Memberships, Watchers
from pm_providers.providers.redmine.task_writing import TaskWriter
from pm_providers.providers.redmine.users import Users

__all__ = ["RedmineProvider"]


class RedmineProvider(
    Projects,
    Sprints,
    Labels,
    Users,
    TaskWriter,
    Changes,
    Comments,
    Relations,
    Attachments,
    TimeEntries,
    Memberships,
    Watchers,
    Discovery,
):
    """Redmine, REST API, versions 5.0 and later. Projects, issues, versions as sprints, users.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
