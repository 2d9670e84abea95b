"""The conformance suite over a real Redmine: all of it with Textile, what depends on texts with CommonMark too."""

from __future__ import annotations

import pytest

from pm_providers import Entity
from pm_providers.testing import ConformanceSuite, ProviderHarness
from pm_providers.testing.suite.comments import CommentSuite
from pm_providers.testing.suite.fields import FieldSuite
from pm_providers.testing.suite.robustness import TextSuite
from tests.conformance.redmine_harness import RedmineHarness, RedmineMarkdownHarness

pytestmark = pytest.mark.redmine

# What one writes in Markdown, and a title and a field of a project's own, which are stored as they are.
TEXTS = [
    pytest.param(entity, name, id=f"{entity}.{name}")
    for entity, name in (
        (Entity.PROJECT, "description"),
        (Entity.TASK, "description"),
        (Entity.TASK, "title"),
        (Entity.TASK, "custom_fields"),
        (Entity.SPRINT, "goal"),
        (Entity.COMMENT, "body"),
        (Entity.TIME_ENTRY, "comment"),
        (Entity.ATTACHMENT, "description"),
    )
]


class TestRedmine(ConformanceSuite):
    """Texts are Textile."""

    harness_class = RedmineHarness


class TestRedmineMarkdown(FieldSuite, CommentSuite, TextSuite):
    """Texts are Markdown. Nothing else differs, and the server is slow: so the areas and the fields that write texts."""

    harness_class = RedmineMarkdownHarness

    @pytest.mark.parametrize(("entity", "name"), TEXTS)
    async def test_field_is_held(self, harness: ProviderHarness, entity: Entity, name: str) -> None:
        await super().test_field_is_held(harness, entity, name)
