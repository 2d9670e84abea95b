"""Fixtures of the Asana tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.site import Site


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def provider(site: Site) -> AsyncIterator[AsanaProvider]:
    async with site.provider() as found:
        yield found
