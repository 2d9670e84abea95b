"""Two internal providers, each with a database of its own."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider, PMProviderConfig
from pm_providers.registry import build_pm_provider
from tests.service.sync_world import Mapped, template_database


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


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The bytes of a database whose tables exist."""
    return template_database(tmp_path_factory.mktemp("template") / "made.db")


@pytest.fixture
async def mapped(tmp_path, template, monkeypatch):
    """A mapping without tasks; see `Mapped`."""
    monkeypatch.setenv("PM_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    one = Mapped(tmp_path, template)
    await one.open(settle_s=0)
    yield one
    await one.close()
