"""Fixtures of the OpenProject tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers import OpenProjectProvider
from tests.providers.openproject.support import World, connected


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def provider(world: World) -> AsyncIterator[OpenProjectProvider]:
    async with connected(world.box) as found:
        yield found
