"""Playing steps of a state machine again, and finding the fewest that still fail."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.sync.machine import SyncMachine

Steps = Sequence[tuple[str, dict[str, Any]]]
"""Names of rules and what they are called with; the first is `begin`."""


def replay(kind: type[SyncMachine], steps: Steps) -> None:
    """Play steps, and what stands at the end of each example.

    Raises:
        AssertionError: what the machine finds.
    """
    machine = kind()
    try:
        for name, given in steps:
            getattr(machine, name)(**given)
    except BaseException:
        machine.closed()
        raise
    machine.teardown()


def fails(kind: type[SyncMachine], steps: Steps) -> str:
    """What a replay finds; empty for nothing."""
    try:
        replay(kind, steps)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return f"{type(error).__name__}: {error}"
    return ""


def shortened(kind: type[SyncMachine], steps: Steps, seconds: float) -> list[tuple[str, dict[str, Any]]]:
    """Steps without those that it does not need to fail; the best that was found in so many seconds."""
    best, end = list(steps), time.monotonic() + seconds
    size = max(1, (len(best) - 1) // 2)
    while size and time.monotonic() < end:
        start = 1
        while start < len(best) and time.monotonic() < end:
            less = best[:start] + best[start + size :]
            if fails(kind, less):
                best = less
            else:
                start += size
        size //= 2
    return best
