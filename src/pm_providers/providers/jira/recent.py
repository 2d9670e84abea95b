"""What this connection wrote a moment ago, so that searches that lag behind are set right."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

__all__ = ["RecentWrites"]

_KEPT = 50
_DELETED_KEPT = 10_000
_AGE_S = 600.0


class RecentWrites:
    """Ids of issues written within the last ten minutes.

    The index of the search follows writes within seconds to minutes; `reconcileIssues` makes a search look
    at up to 50 issues anew ([spec] POST search/jql).

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._written: OrderedDict[str, float] = OrderedDict()
        self._deleted: OrderedDict[str, float] = OrderedDict()

    def wrote(self, ids: Iterable[str]) -> None:
        """These were created or changed just now."""
        for one in ids:
            self._deleted.pop(one, None)
            _note(self._written, one, self._clock(), _KEPT)

    def deleted(self, ids: Iterable[str]) -> None:
        """These were deleted just now."""
        for one in ids:
            self._written.pop(one, None)
            _note(self._deleted, one, self._clock(), _DELETED_KEPT)

    def reconcile(self) -> list[int]:
        """Ids for `reconcileIssues`; the same list must go with every page of one search."""
        _expire(self._written, self._clock())
        return [int(one) for one in self._written if one.isdigit()]

    def gone(self) -> frozenset[str]:
        """Ids that a search may still show although they are deleted."""
        _expire(self._deleted, self._clock())
        return frozenset(self._deleted)


def _note(known: OrderedDict[str, float], one: str, now: float, most: int) -> None:
    known.pop(one, None)
    known[one] = now
    while len(known) > most:
        known.popitem(last=False)


def _expire(known: OrderedDict[str, float], now: float) -> None:
    while known and now - next(iter(known.values())) > _AGE_S:
        known.popitem(last=False)
