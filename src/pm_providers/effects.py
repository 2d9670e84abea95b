"""What writes do beyond their answers: whether anything was written, and whether it may be written still.

An operation may send several requests. When the first of them was carried out and a later one fails, be it
only the one that reads the result, callers must not take the error for "nothing happened" and do it again.
Vendors need not think of that: the transport notes each write that a system took, and what leaves the
operation as an error is marked.

Whoever writes by a leave that others may take away (a run that holds a lease) says so with `permitted`. A
process may be frozen at any moment and wake up much later, so the leave is looked at again right before the
bytes go out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pm_providers.errors import PMError

__all__ = [
    "Permit",
    "elapsed",
    "is_permit_fresh",
    "may_write",
    "note_write",
    "permitted",
    "uncounted",
    "watched",
    "writes_undone",
]


class _Trail:
    """Whether something was written; shared by the tasks of an operation."""

    __slots__ = ("begun",)

    def __init__(self) -> None:
        self.begun = False


_trail: ContextVar[_Trail | None] = ContextVar("pm_providers_trail", default=None)


@contextmanager
def watched() -> Iterator[None]:
    """Block whose errors are marked `maybe_applied` once it has written; blocks within count for it too."""
    around, mine = _trail.get(), _Trail()
    token = _trail.set(mine)
    try:
        yield
    except PMError as error:
        error.maybe_applied = error.maybe_applied or mine.begun
        raise
    finally:
        _trail.reset(token)
        if around is not None:
            around.begun = around.begun or mine.begun


@contextmanager
def uncounted() -> Iterator[None]:
    """Block whose writes change nothing that callers asked for, and harm nobody when they are left behind.

    An uploaded file that belongs to nothing yet, a label that the next attempt finds.
    """
    token = _trail.set(None)
    try:
        yield
    finally:
        _trail.reset(token)


def note_write() -> None:
    """A system took a write."""
    if (trail := _trail.get()) is not None:
        trail.begun = True


def writes_undone() -> None:
    """What was written so far is taken back, and the system told so."""
    if (trail := _trail.get()) is not None:
        trail.begun = False


# leave to write


def elapsed() -> tuple[float, ...]:
    """Clocks that tell together how long a process was away, each in seconds.

    The monotonic clock stands still while a machine sleeps, on most systems; the wall clock may be set back.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    slept = () if boot is None else (time.clock_gettime(boot),)
    return (time.monotonic(), time.time(), *slept)


class Permit:
    """Leave to write, which must be looked at again when it is older than a bound.

    Args:
        within_s: so long a look is good for.
        renew: looks, and makes others wait from then on; raises where the leave was taken away.
        since: clocks (as of `elapsed`) before the first look, which was made already.
        clocks: replaces `elapsed`, for tests.
    """

    def __init__(
        self,
        within_s: float,
        renew: Callable[[], Awaitable[None]],
        *,
        since: tuple[float, ...],
        clocks: Callable[[], tuple[float, ...]] | None = None,
    ) -> None:
        self._within_s = within_s
        self._renew = renew
        self._clocks = clocks or elapsed
        self._since = since
        self._turn = asyncio.Lock()

    @property
    def age_s(self) -> float:
        """Seconds since the last look, by the clock that ran most."""
        return max(now - since for now, since in zip(self._clocks(), self._since, strict=True))

    @property
    def is_fresh(self) -> bool:
        """Whether the last look is young enough."""
        return self.age_s <= self._within_s

    async def look(self) -> None:
        """Look again, half the time before it is too late: a connection may have to be made first.

        Errors are those of `renew`.
        """
        async with self._turn:
            if self.age_s > self._within_s / 2:
                before = self._clocks()
                await self._renew()
                self._since = before


_permit: ContextVar[Permit | None] = ContextVar("pm_providers_permit", default=None)


@contextmanager
def permitted(permit: Permit) -> Iterator[None]:
    """Block whose writes need the permit."""
    token = _permit.set(permit)
    try:
        yield
    finally:
        _permit.reset(token)


async def may_write() -> None:
    """Look whether the leave to write still stands, where there is one. Errors are those of the permit."""
    if (permit := _permit.get()) is not None:
        await permit.look()


def is_permit_fresh() -> bool:
    """Whether the leave to write, where one is needed, was looked at a moment ago."""
    permit = _permit.get()
    return permit is None or permit.is_fresh
