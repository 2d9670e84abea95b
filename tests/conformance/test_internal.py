"""The conformance suite over the internal provider, on both of its databases."""

from __future__ import annotations

import pytest

from pm_providers.testing import ConformanceSuite, ProviderHarness
from tests.conformance.harnesses import InternalPostgresHarness, InternalSqliteHarness


class TestInternalOnSqlite(ConformanceSuite):
    """A file, the default."""

    harness_class = InternalSqliteHarness


@pytest.mark.postgres
class TestInternalOnPostgres(ConformanceSuite):
    """A real server, for production."""

    harness_class = InternalPostgresHarness

    def make_harness(self, request: pytest.FixtureRequest) -> ProviderHarness:
        return InternalPostgresHarness(
            request.getfixturevalue("tmp_path"), request.getfixturevalue("postgres_url")
        )
