"""The sandbox answers recorded requests as the real OpenProject 12.0 did, known differences apart."""

from __future__ import annotations

import pytest

from tests.sandbox.replay.known import KNOWN_DIFFERENCES
from tests.sandbox.replay.runner import Outcome, Replay
from tests.shared_material import need, shared_path

LEAST_MATCHING = 0.85


@pytest.fixture(scope="module")
def recordings():
    return need(shared_path("corpus", "openproject-live"))


async def test_recorded_steps_are_answered_the_same(recordings) -> None:
    """No difference that the table does not name, no row without a difference, and most steps identical."""
    outcomes = await Replay(recordings).run()
    unlisted = [
        f"{outcome.step.key} [{outcome.step.name}] {difference}"
        for outcome in outcomes
        for difference in outcome.differences
        if not any(known.excuses(outcome.step.key, difference) for known in KNOWN_DIFFERENCES)
    ]
    assert not unlisted, "\n".join(unlisted[:40])
    gone = [known for known in KNOWN_DIFFERENCES if not _occurs(known, outcomes)]
    assert not gone, f"listed, but they no longer occur: {gone}"
    identical = sum(not outcome.differences for outcome in outcomes)
    assert identical / len(outcomes) >= LEAST_MATCHING, f"{identical} of {len(outcomes)} steps are identical"


def _occurs(known, outcomes: list[Outcome]) -> bool:
    """Every step that the row names, where it names steps, still differs as it says."""
    covered = [outcome for outcome in outcomes if known.covers(outcome.step.key)]
    hits = [any(known.excuses(o.step.key, d) for d in o.differences) for o in covered]
    exact = ":" in known.steps
    return bool(hits) and (all(hits) if exact else any(hits))


def test_every_known_difference_has_a_reason() -> None:
    """A row says why in more than a word."""
    assert all(len(known.reason.split()) > 3 for known in KNOWN_DIFFERENCES)
