"""ClickUp as a project-management system."""

from pm_providers.providers.clickup.provider import ClickUpProvider

__all__ = ["ClickUpProvider"]
