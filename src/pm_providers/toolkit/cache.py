"""What is asked once and kept for a while: one request however many coroutines want it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from pm_providers.toolkit.sharing import Look, current_look

__all__ = ["Cache", "KeyedLocks"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class KeyedLocks:
    """One lock for each key, for as long as somebody holds it; each event loop has its own."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, key: Hashable | None) -> AsyncIterator[None]:
        """Be alone with `key`; `None` waits for nobody."""
        if key is None:
            yield
            return
        lock = self._locks.setdefault((asyncio.get_running_loop(), key), asyncio.Lock())
        async with lock:
            yield


class _Kept(NamedTuple, Generic[V]):
    at: float
    load: int
    value: V
    look: Look | None = None


class Cache(Generic[K, V]):
    """Values by key, loaded when first asked for and again when they are old.

    Args:
        load: key -> value.
        max_age_s: seconds after which a value is loaded again.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        max_age_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._max_age_s = max_age_s
        self._clock = clock
        self._values: dict[K, _Kept[V]] = {}
        self._loads = 0
        self._locks = KeyedLocks()

    async def get(self, key: K, *, max_age_s: float | None = None) -> V:
        """Value of a key, not older than `max_age_s`; 0 loads it anew, within one look once (`sharing`)."""
        asked, loads, look = self._clock(), self._loads, current_look()
        limit = self._max_age_s if max_age_s is None else max_age_s
        found = self._values.get(key)
        if found is not None and (asked - found.at < limit or (look is not None and found.look is look)):
            return found.value
        async with self._locks.hold(key):
            found = self._values.get(key)
            # Perhaps loaded by somebody else while this one waited. A load that began after this one asked is
            # new enough whatever the age; the clock may be too coarse to tell.
            if found is None or (found.load <= loads and asked - found.at >= limit):
                self._loads += 1
                at, load = self._clock(), self._loads
                found = self._values[key] = _Kept(at, load, await self._load(key), look)
            return found.value

    def age_s(self, key: K) -> float | None:
        """Seconds since a key was loaded; `None` when it was not."""
        found = self._values.get(key)
        return None if found is None else self._clock() - found.at

    def put(self, key: K, value: V) -> None:
        """Keep a value that came along with something else."""
        self._loads += 1
        self._values[key] = _Kept(self._clock(), self._loads, value, current_look())

    def forget(self, key: K) -> None:
        """Load a key anew when it is asked for next: what it stands for was written."""
        self._values.pop(key, None)
