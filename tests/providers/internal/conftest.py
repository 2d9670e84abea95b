"""Fixtures of the internal provider."""

from tests.support.databases import empty_url, engine, project, provider, url

__all__ = ["empty_url", "engine", "project", "provider", "url"]
