"""Trello, REST API 1: boards as projects, cards as tasks, lists as statuses."""

from __future__ import annotations

from pm_providers.providers.trello.provider import TrelloProvider

__all__ = ["TrelloProvider"]
