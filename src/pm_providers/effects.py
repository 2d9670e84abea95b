"""Whether anything was written on behalf of an operation, so that its errors can say so.

An operation may send several requests. When the first of them was carried out and a later one fails, be it
only the one that reads the result, callers must not take the error for "nothing happened" and do it again.
Vendors need not think of that: the transport notes each write that a system took, and what leaves the
operation as an error is marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pm_providers.errors import PMError

__all__ = ["note_write", "uncounted", "watched", "writes_undone"]


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
