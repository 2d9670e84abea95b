"""`AsanaProvider`: all parts together."""

from __future__ import annotations

from pm_providers.providers.asana.batch import Batches
from pm_providers.providers.asana.changes import Changes
from pm_providers.providers.asana.containers import Projects
from pm_providers.providers.asana.discovery import Discovery
from pm_providers.providers.asana.searching import Searching
from pm_providers.providers.asana.sprints import Sprints
from pm_providers.providers.asana.users import Users

__all__ = ["AsanaProvider"]


class AsanaProvider(
    Projects,
    Sprints,
    Users,
    Batches,
    Changes,
    Searching,
    Discovery,
):
    """Asana, API 1.0. Projects, tasks, sprints by convention, users of one workspace.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
