"""Fixtures of the database tests."""

from tests.support.databases import empty_url, engine, project, provider, url

__all__ = ["empty_url", "engine", "project", "provider", "url"]
