"""`ClickUpProvider`: all parts together."""

from __future__ import annotations

from pm_providers.providers.clickup.changes import Changes
from pm_providers.providers.clickup.containers import Projects
from pm_providers.providers.clickup.discovery import Discovery
from pm_providers.providers.clickup.sprints import Sprints
from pm_providers.providers.clickup.task_writing import TaskWriter
from pm_providers.providers.clickup.users import Users

__all__ = ["ClickUpProvider"]


class ClickUpProvider(
    Projects,
    Sprints,
    Users,
    TaskWriter,
    Changes,
    Discovery,
):
    """ClickUp, API v2, and v3 where v2 has no way. Spaces as projects, tasks, lists as sprints, members.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
