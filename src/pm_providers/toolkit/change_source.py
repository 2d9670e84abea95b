"""What a vendor tells `toolkit.changes`, and what it told, kept for a moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from pm_providers.toolkit.change_state import ChangedItem

__all__ = ["ChangeSource", "ChangedPage", "KeptSources", "Sweep"]

_KEPT = 4
_KEPT_S = 60.0

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """One page of the tasks that changed in a window of time.

    Attributes:
        items: in the order of the time of change, then of the ids, oldest first.
        total: tasks in the whole window, as the server counts them.
        size: tasks that a full page holds, as the server tells it.
        clock: the server's clock when it answered; `None` where it does not tell.
        begins: with the first page of the first pass: changes from then on come after it. For sources whose
            `newest` tells nothing.
        stable: with the last page of the first pass: nothing slipped between its pages, whatever happened.
    """

    items: Sequence[ChangedItem]
    total: int
    size: int
    clock: datetime | None = None
    begins: datetime | None = None
    stable: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """Ids of all tasks of a project, as one way through the list found them.

    Attributes:
        ids: ids of the project's own tasks.
        totals: every count that the server gave on the way; more than one when the list changed meanwhile.
    """

    ids: Collection[str]
    totals: Collection[int]


class ChangeSource(Protocol):
    """What a vendor tells about the tasks of one project: closed ones included, subprojects not.

    All methods may raise the errors of the transport; those for a project raise `NotFoundError` or
    `PermissionDeniedError` when it is gone or hidden.

    A source may have an attribute `overlap_s`: the seconds before the last known change that are looked at
    again, where `change_state.OVERLAP_S` is too little because an index follows the writes. It may have
    `is_exact = False` where its count may be wrong for good: then a difference that two sweeps left is
    remembered. And it may have `latest(project, since, size)`: a page of what changed, newest first, whose
    `total` is below 0 where that is not told, and 0 where the order is none; `look_size` is its size, where
    that is less than that of the other pages.
    """

    @property
    def provider(self) -> str:
        """Registered name of the provider, for the cursors."""

    @property
    def precision(self) -> timedelta:
        """Smallest difference of two times of change that the vendor shows."""

    @property
    def page_size(self) -> int:
        """Tasks asked for in one page; the server does not cut it."""

    async def newest(self, project: str) -> datetime | None:
        """Time of the last change in a project; `None` when it has no tasks."""

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """Page `number`, from 1, of the tasks changed at or after an instant; of all for `None`."""

    async def count(self, project: str) -> int | None:
        """Tasks of a project; `None` when the server does not tell."""

    async def sweep(self, project: str) -> Sweep:
        """Ids of all tasks of a project."""

    async def items(self, ids: Sequence[str], project: str) -> Mapping[str, ChangedItem]:
        """Those of some ids that are tasks of the project now, by id. Must be sure of the others."""

    async def is_visible(self, project: str) -> bool:
        """Whether the project exists and may be seen."""


class KeptSources(Generic[S]):
    """Sources of streams that go on in a moment, so that what they read is not read again.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, S]] = {}

    def take(self, cursor: str | None) -> S | None:
        """The source that this cursor goes on with, at most a minute old."""
        now = self._clock()
        self._kept = {one: kept for one, kept in self._kept.items() if now - kept[0] <= _KEPT_S}
        found = self._kept.pop(cursor or "", None)
        return None if found is None else found[1]

    def keep(self, cursor: str, source: S) -> None:
        """Keep a source for who goes on with this cursor; the last few are."""
        self._kept[cursor] = (self._clock(), source)
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
