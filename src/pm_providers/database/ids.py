"""Ids of our own rows."""

from __future__ import annotations

import os
import threading
import time

__all__ = ["new_id", "new_ids"]

_lock = threading.Lock()
_last = 0


def new_ids(count: int) -> list[str]:
    """Ids in the order of creation: 48 bits of milliseconds, then random ones; hexadecimal, 32 characters."""
    global _last  # noqa: PLW0603 - ids of one process never go back, whatever its clock does
    with _lock:
        first = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(9))
        first = max(first, _last + 1)
        _last = first + count - 1
    return [f"{one:032x}" for one in range(first, first + count)]


def new_id() -> str:
    """One id; see `new_ids`."""
    return new_ids(1)[0]
