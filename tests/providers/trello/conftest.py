"""Fixtures of the tests of the Trello provider."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers.providers.trello import TrelloProvider
from tests.providers.trello.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def provider(world: World) -> AsyncIterator[TrelloProvider]:
    async with world.provider() as found:
        world.forget()
        yield found
