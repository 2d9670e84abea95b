"""The conformance suite over the internal provider, on both of its databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pm_providers.database import upgrade
from pm_providers.testing import ConformanceSuite, ProviderHarness
from tests.conformance.harnesses import InternalPostgresHarness, InternalSqliteHarness
from tests.support.postgres import PostgresServer


class TestInternalOnSqlite(ConformanceSuite):
    """A file, the default."""

    harness_class = InternalSqliteHarness


@pytest.fixture(scope="module")
def shared_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for all tests: the suite works in projects of its own, in a system that is in use."""
    address = postgres_server.create()
    upgrade(address)
    yield address
    postgres_server.drop(address)


@pytest.mark.postgres
class TestInternalOnPostgres(ConformanceSuite):
    """A real server, for production."""

    harness_class = InternalPostgresHarness

    def make_harness(self, request: pytest.FixtureRequest) -> ProviderHarness:
        url = request.getfixturevalue("shared_postgres_url")
        return InternalPostgresHarness(request.getfixturevalue("tmp_path"), url)
