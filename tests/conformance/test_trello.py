"""The conformance suite over the sandbox of Trello."""

from __future__ import annotations

from pm_providers.testing import ConformanceSuite
from tests.conformance.trello_harness import TrelloHarness


class TestTrello(ConformanceSuite):
    """The conventions that are the default."""

    harness_class = TrelloHarness
