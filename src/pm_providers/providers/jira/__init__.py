"""Jira, Cloud and Data Center."""

from pm_providers.providers.jira.provider import JIRAProvider, JiraProvider
from pm_providers.providers.jira.webhook import (
    IDENTIFIER_HEADER,
    SIGNATURE_HEADER,
    WebhookHint,
    parse_webhook,
    verify_webhook,
    verify_webhook_token,
)

__all__ = [
    "IDENTIFIER_HEADER",
    "SIGNATURE_HEADER",
    "JIRAProvider",
    "JiraProvider",
    "WebhookHint",
    "parse_webhook",
    "verify_webhook",
    "verify_webhook_token",
]
