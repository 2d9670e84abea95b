"""Fixtures of the Asana tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers import PMTask
from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.sandbox.asana.setup import add_member, add_user
from tests.providers.asana.site import Site

MIA_TOKEN = "1/2:mia"


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def provider(site: Site) -> AsyncIterator[AsanaProvider]:
    async with site.provider() as found:
        yield found


@pytest.fixture
async def task(site: Site, provider: AsanaProvider) -> PMTask:
    return await provider.create_task(PMTask(title="Land", project_id=site.project))


@pytest.fixture
def mia(site: Site) -> str:
    """Gid of a colleague."""
    row = add_user(site.box.state, "Mia Sand", "mia@example.com", token=MIA_TOKEN)
    add_member(site.box.state, site.workspace, row.id)
    return row.id


@pytest.fixture
async def mias(site: Site, mia: str) -> AsyncIterator[AsanaProvider]:
    async with site.provider(api_token=MIA_TOKEN) as found:
        yield found
