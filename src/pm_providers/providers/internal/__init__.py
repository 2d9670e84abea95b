"""Projects in a SQL database of one's own: SQLite or PostgreSQL."""

from pm_providers.providers.internal.provider import InternalProvider

__all__ = ["InternalProvider"]
