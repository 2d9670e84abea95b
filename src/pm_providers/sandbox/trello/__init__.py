"""A stand-in of Trello's REST API 1, made from its documents and from recorded answers.

Where they differ, recorded answers decide:

- A board alone nests neither actions nor lists, though the document gives both a default.
- Labels of cards come in full, attachments are answered one by one, a search is one object with lists.
- What a valid token may not see is 401 "unauthorized card permission requested"; some have seen 404, see
  `state.settings.hidden_status`.

Guesses, where nothing was found: the numbers behind `API_TOO_MANY_CARDS_REQUESTED`, "Too many checklists" and
the limit of searches; texts of refusals by plan; which text comes when a list or a label is not the board's;
that a webhook is switched off after 30 failures in a row.
"""

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
