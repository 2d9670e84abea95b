"""Fixtures of the ClickUp tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import Site


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def provider(site: Site) -> AsyncIterator[ClickUpProvider]:
    """As the owner."""
    async with site.provider() as found:
        yield found
