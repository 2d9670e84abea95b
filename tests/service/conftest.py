"""Two internal providers, each with a database of its own."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider, PMProviderConfig
from pm_providers.registry import build_pm_provider
from tests.service.sync_world import Mapped
from tests.support.databases import sqlite_database


def internal(path, name: str) -> BasePMProvider:
    return build_pm_provider(
        config=PMProviderConfig(
            provider_type="internal",
            username=name,
            additional_config={"database_url": sqlite_database(path / f"{name}.db")},
        )
    )


@pytest.fixture
async def source(tmp_path):
    async with internal(tmp_path, "left") as provider:
        yield provider


@pytest.fixture
async def target(tmp_path):
    async with internal(tmp_path, "right") as provider:
        yield provider


@pytest.fixture
async def mapped(tmp_path, encryption_key):
    """A mapping without tasks; see `Mapped`."""
    async with Mapped.opened(tmp_path, settle_s=0) as one:
        yield one
