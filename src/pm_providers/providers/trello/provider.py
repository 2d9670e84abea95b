"""`TrelloProvider`: all parts together, and the raw call."""

from __future__ import annotations

from pm_providers.providers.trello.batch import Batches
from pm_providers.providers.trello.changes import Changes
from pm_providers.providers.trello.containers import Projects, Users
from pm_providers.providers.trello.discovery import Discovery
from pm_providers.providers.trello.sprints import Sprints

__all__ = ["TrelloProvider"]


class TrelloProvider(
    Projects,
    Sprints,
    Users,
    Batches,
    Changes,
    Discovery,
):
    """Trello, REST API 1. Boards, cards, lists as statuses, labels as sprints and priorities, members.

    See `Connection` for the arguments. Constructing it sends nothing.
    """
