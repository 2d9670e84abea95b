"""A pause of Python's cycle collector while many records are built."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_paused"]

_lock = threading.Lock()
_pauses = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector from running during the block, which must be short and never wait.

    Ten thousand new records make it walk through all objects of the process several times, which takes about
    as long as the work itself; records hold no cycles that it could free. A collector that is off stays off.
    """
    global _pauses  # noqa: PLW0603 - the collector belongs to the whole process, and pauses overlap in threads
    with _lock:
        if _pauses or gc.isenabled():
            _pauses += 1
            gc.disable()
            mine = True
        else:
            mine = False
    try:
        yield
    finally:
        with _lock:
            if mine:
                _pauses -= 1
                if not _pauses:
                    gc.enable()
