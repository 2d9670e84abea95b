"""Fixtures of the tests against a real Redmine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.providers.redmine.office import Office, Redmine
from tests.support.redmine import redmine_server


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    found = Office(redmine_server())
    yield found
    found.close()


@pytest.fixture
def project(office: Office) -> str:
    return office.project()


@pytest.fixture
def task(office: Office, project: str) -> str:
    return office.task(project)


@pytest.fixture
async def provider(office: Office) -> AsyncIterator[Redmine]:
    """As the administrator."""
    async with office.provider() as found:
        yield found
