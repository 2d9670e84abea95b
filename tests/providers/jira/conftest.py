"""Fixtures of the Jira tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers.providers.jira.provider import JiraProvider
from tests.providers.jira.site import Site


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def provider(site: Site) -> AsyncIterator[JiraProvider]:
    """As the administrator."""
    async with site.provider() as found:
        yield found
