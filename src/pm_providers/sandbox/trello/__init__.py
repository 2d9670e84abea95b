"""A stand-in of Trello's REST API 1, made from its documents and from recorded answers."""

from __future__ import annotations

from pm_providers.sandbox.trello.demo import API_KEY, API_SECRET, ORGANIZATION_ID
from pm_providers.sandbox.trello.limits import Limits
from pm_providers.sandbox.trello.sandbox import ADMIN_TOKEN, OAUTH2_SCOPES, TrelloSandbox
from pm_providers.sandbox.trello.webhooks import Webhooks, signature

__all__ = [
    "ADMIN_TOKEN",
    "API_KEY",
    "API_SECRET",
    "OAUTH2_SCOPES",
    "ORGANIZATION_ID",
    "Limits",
    "TrelloSandbox",
    "Webhooks",
    "signature",
]
