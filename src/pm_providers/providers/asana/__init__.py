"""Asana, API 1.0: projects, tasks, sections as statuses, dated projects as sprints."""

from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.providers.asana.webhook import (
    SECRET_HEADER,
    SIGNATURE_HEADER,
    WebhookHint,
    answer_handshake,
    parse_webhook,
    verify_webhook,
)

__all__ = [
    "SECRET_HEADER",
    "SIGNATURE_HEADER",
    "AsanaProvider",
    "WebhookHint",
    "answer_handshake",
    "parse_webhook",
    "verify_webhook",
]
