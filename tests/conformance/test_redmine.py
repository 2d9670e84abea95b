"""The conformance suite over a real Redmine, with both formats of text."""

from __future__ import annotations

import pytest

from pm_providers.testing import ConformanceSuite
from tests.conformance.redmine_harness import RedmineHarness, RedmineMarkdownHarness

pytestmark = pytest.mark.redmine


class TestRedmine(ConformanceSuite):
    """Texts are Textile."""

    harness_class = RedmineHarness


class TestRedmineMarkdown(ConformanceSuite):
    """Texts are Markdown."""

    harness_class = RedmineMarkdownHarness
