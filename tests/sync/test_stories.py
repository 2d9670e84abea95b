"""Sound engines live through all stories; each broken one fails at the story that is made for it."""

from __future__ import annotations

import pytest

from tests.sync.broken_engines import BROKEN
from tests.sync.scenarios import STORIES, Make


@pytest.mark.parametrize("name", STORIES)
async def test_story(name: str, make_world: Make) -> None:
    """See `scenarios`."""
    await STORIES[name](make_world)


@pytest.mark.parametrize("name", BROKEN)
async def test_stories_catch_broken_engines(
    name: str, make_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine with this one thing wrong does not pass."""
    breaks, story = BROKEN[name]
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        await STORIES[story](make_world)
