"""Writes that break after they have written something never tell that nothing happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from pm_providers.testing import ProviderHarness
from tests.conformance.half_done import breaks, stories
from tests.conformance.harnesses import (
    AsanaHarness,
    ClickUpHarness,
    JiraHarness,
    OpenProjectHarness,
    RedmineHarness,
    TrelloHarness,
)

_VENDORS = (
    AsanaHarness, ClickUpHarness, JiraHarness, OpenProjectHarness, RedmineHarness, TrelloHarness
)  # fmt: skip
_STORIES = (
    *("create project", "update project.name", "create comment", "update comment.body"),
    *("create relation", "update membership.roles", "create checklist.items", "remove_watcher"),
)


@pytest.mark.parametrize("story", _STORIES)
@pytest.mark.parametrize("vendor", _VENDORS, ids=lambda one: one.__name__)
async def test_an_error_after_a_write_says_so(tmp_path: Path, vendor: type[ProviderHarness], story: str):
    """Each request refused in turn: once the system has taken a write, the error is `maybe_applied`."""
    async with vendor(tmp_path) as harness:
        prepare = stories(harness).get(story)
        if prepare is None:
            pytest.skip("the vendor does not do it")
        broken = [one async for one in breaks(harness, prepare, 400)]
        assert broken
        assert [str(one) for one in broken if one.is_silent] == []


@pytest.mark.parametrize("story", ["create task", "create comment", "create project", "create time_entry"])
@pytest.mark.parametrize("vendor", _VENDORS, ids=lambda one: one.__name__)
async def test_an_answer_without_what_was_made_says_so(
    tmp_path: Path, vendor: type[ProviderHarness], story: str
):
    """The answer of each write spoilt in turn: the write was taken, so its error is `maybe_applied`."""
    async with vendor(tmp_path) as harness:
        prepare = stories(harness).get(story)
        if prepare is None:
            pytest.skip("the vendor does not do it")
        broken = [one async for one in breaks(harness, prepare, 400, spoil=True)]
        assert any(one.wrote for one in broken)
        assert [str(one) for one in broken if one.is_silent] == []
