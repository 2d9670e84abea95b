"""Asana as a project-management system."""

from pm_providers.providers.asana.provider import AsanaProvider

__all__ = ["AsanaProvider"]
