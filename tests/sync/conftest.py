"""Fixtures of the tests of the sync engine."""

from __future__ import annotations

import pytest

from pm_providers.sync.policy import Policy
from tests.sync.world import World, template_database


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return template_database(tmp_path_factory.mktemp("template") / "made.db")


@pytest.fixture
async def world(tmp_path, template):
    one = World(tmp_path, template, Policy())
    await one.open()
    yield one
    await one.close()
