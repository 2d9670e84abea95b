"""ClickUp as a project-management system."""

from pm_providers.providers.clickup.provider import ClickUpProvider
from pm_providers.providers.clickup.webhook import (
    SIGNATURE_HEADER,
    WebhookHint,
    parse_webhook,
    verify_webhook,
)

__all__ = ["SIGNATURE_HEADER", "ClickUpProvider", "WebhookHint", "parse_webhook", "verify_webhook"]
