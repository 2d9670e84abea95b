"""Ids of our own rows."""

from __future__ import annotations

import os
import threading
import time

__all__ = ["new_id", "new_ids"]

_lock = threading.Lock()
_last = {"own": 0, "given": 0}
"""By whose clock -> last id: those of one process never go back, whatever the clock does."""


def new_ids(count: int, *, at: float | None = None) -> list[str]:
    """Ids in the order of creation: 48 bits of milliseconds, then random ones; hexadecimal, 32 characters.

    Args:
        count: so many.
        at: the time in seconds since 1970, by a clock that several machines share and whose ids are compared;
            that of this machine when missing.
    """
    clock, milliseconds = ("own", time.time_ns() // 1_000_000) if at is None else ("given", int(at * 1000))
    with _lock:
        first = max((milliseconds << 80) | int.from_bytes(os.urandom(9)), _last[clock] + 1)
        _last[clock] = first + count - 1
    return [f"{one:032x}" for one in range(first, first + count)]


def new_id(*, at: float | None = None) -> str:
    """One id; see `new_ids`."""
    return new_ids(1, at=at)[0]
