"""Two internal providers, each with a database of its own."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider, PMProviderConfig
from pm_providers.registry import build_pm_provider


def internal(path, name: str) -> BasePMProvider:
    return build_pm_provider(
        config=PMProviderConfig(
            provider_type="internal",
            username=name,
            additional_config={"database_url": f"sqlite:///{path / name}.db"},
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
