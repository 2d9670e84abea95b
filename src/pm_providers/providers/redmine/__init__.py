"""Redmine, REST API."""

from pm_providers.providers.redmine.provider import RedmineProvider

__all__ = ["RedmineProvider"]
