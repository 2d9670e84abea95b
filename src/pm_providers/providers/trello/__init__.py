"""Trello, REST API 1: boards as projects, cards as tasks, lists as statuses."""

from __future__ import annotations

from pm_providers.providers.trello.provider import TrelloProvider
from pm_providers.providers.trello.webhook import (
    SIGNATURE_HEADER,
    WebhookHint,
    is_address_check,
    parse_webhook,
    verify_webhook,
)

__all__ = [
    "SIGNATURE_HEADER",
    "TrelloProvider",
    "WebhookHint",
    "is_address_check",
    "parse_webhook",
    "verify_webhook",
]
