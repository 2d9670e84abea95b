"""OpenProject, API v3."""

from pm_providers.providers.openproject.provider import OpenProjectProvider
from pm_providers.providers.openproject.webhook import (
    SIGNATURE_HEADER,
    WebhookHint,
    parse_webhook,
    verify_webhook,
)

__all__ = ["SIGNATURE_HEADER", "OpenProjectProvider", "WebhookHint", "parse_webhook", "verify_webhook"]
