"""Alembic environment and revisions; run by `pm_providers.database.upgrade`."""
