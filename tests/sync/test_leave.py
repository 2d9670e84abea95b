"""Runs that are frozen between what they decided and what they send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from pm_providers import effects
from pm_providers.effects import may_write
from pm_providers.store import sync_history
from pm_providers.store.sync_history import list_writes
from pm_providers.store.sync_state import TakenOverError, break_lease, get_state
from pm_providers.sync import applying, creating, engine
from pm_providers.sync.policy import LEFT, RIGHT
from tests.sync.scenarios import Make
from tests.sync.world import World


class Frozen:
    """Clocks that stand still, and a process that freezes once: after an intent, before it is sent."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.away: list[Callable[[], Awaitable[None]]] = []
        for module in (effects, engine):
            patch.setattr(module, "elapsed", lambda: (self.now,))
        for module in (applying, creating):
            patch.setattr(module, "may_write", self._sending)

    async def _sending(self) -> None:
        if self.away:
            await self.away.pop()()
        await may_write()


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Frozen:
    return Frozen(monkeypatch)


async def taken_over(world: World) -> None:
    """Another worker takes the mapping, and brings it in step."""
    state = await get_state(world.db, world.mapping_id)
    assert state is not None
    await break_lease(world.db, world.mapping_id, state.fence)
    await world.run()


async def test_a_creation_that_was_frozen_before_it_was_sent_is_not_sent_when_another_made_it(
    make_world: Make, frozen: Frozen
) -> None:
    world = await make_world(settle_s=0.0)
    await world.add(LEFT, "T")

    async def away() -> None:
        frozen.now += 3600
        await taken_over(world)

    frozen.away = [away]
    with pytest.raises(TakenOverError):
        await world.run()
    assert [one.title for one in await world.listed(RIGHT)] == ["T"]
    assert (await world.run()).writes == 0


async def test_an_update_that_was_frozen_does_not_overwrite_what_was_edited_since(
    make_world: Make, frozen: Frozen
) -> None:
    world = await make_world(settle_s=0.0)
    await world.add(LEFT, "T")
    await world.run()
    await world.edit(LEFT, "T", description="one")
    world.sides[RIGHT].versions = False  # nothing but the permit stands in the way

    async def away() -> None:
        frozen.now += 3600
        await taken_over(world)
        await world.edit(RIGHT, "T", description="two")

    frozen.away = [away]
    with pytest.raises(TakenOverError):
        await world.run()
    await world.settled()
    for side in (LEFT, RIGHT):
        assert [one.description for one in await world.listed(side)] == ["two"]


async def test_a_freeze_that_nobody_noticed_goes_on_and_what_it_sends_counts_as_new(
    make_world: Make, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes over after it died waits from there on, as what it sent may be on its way."""
    world = await make_world(settle_s=180.0)
    await world.add(LEFT, "T")
    later = datetime.now(UTC) + timedelta(seconds=3600)

    async def away() -> None:
        frozen.now += 3600
        monkeypatch.setattr(sync_history, "read_clock", lambda _: later.timestamp())

    frozen.away = [away]
    report = await world.run()
    assert (report.state, report.writes) == ("done", 1)
    (write,) = await list_writes(world.db, mapping_id=world.mapping_id)
    assert abs(write.created_at - later) < timedelta(seconds=1)
    assert write.state == "done"
