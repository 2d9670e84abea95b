"""`TrelloProvider`: all parts together, and the raw call."""

from __future__ import annotations

from pm_providers.providers.trello.attachments import Attachments
from pm_providers.providers.trello.batch import Batches
from pm_providers.providers.trello.changes import Changes
from pm_providers.providers.trello.checklists import Checklists
from pm_providers.providers.trello.collaboration import Comments, Labels
from pm_providers.providers.trello.containers import Projects, Users
from pm_providers.providers.trello.discovery import Discovery
from pm_providers.providers.trello.members import Memberships, Watchers
from pm_providers.providers.trello.sprints import Sprints

__all__ = ["TrelloProvider"]


class TrelloProvider(
    Projects,
    Sprints,
    Users,
    Batches,
    Changes,
    Comments,
    Labels,
    Attachments,
    Checklists,
    Memberships,
    Watchers,
    Discovery,
):
    """Trello, REST API 1. Boards, cards and their parts, lists as statuses, labels as sprints and priorities.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
