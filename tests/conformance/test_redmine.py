"""The conformance suite over a real Redmine: all of it with Textile, what depends on texts with CommonMark too."""

from __future__ import annotations

import pytest

from pm_providers.testing import ConformanceSuite
from pm_providers.testing.suite.comments import CommentSuite
from pm_providers.testing.suite.discovery import SearchSuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.robustness import TextSuite
from pm_providers.testing.suite.tasks import TaskSuite
from tests.conformance.redmine_harness import RedmineHarness, RedmineMarkdownHarness

pytestmark = pytest.mark.redmine


class TestRedmine(ConformanceSuite):
    """Texts are Textile."""

    harness_class = RedmineHarness


class TestRedmineMarkdown(TaskSuite, FieldSuite, CommentSuite, SearchSuite, TextSuite):
    """Texts are Markdown. Nothing else differs, and the server is slow: so the areas that write texts."""

    harness_class = RedmineMarkdownHarness
