"""What a change cursor remembers. Pure: no request is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pm_providers.contract import decode_cursor, encode_cursor, pack_ids, unpack_ids
from pm_providers.errors import ValidationError

__all__ = ["OVERLAP_S", "SETTLED_S", "ChangeState", "ChangedItem"]

OVERLAP_S = 30.0
"""Seconds before the last known change that are looked at again.

A transaction shows up when it is committed, with the times of its changes: one that reschedules or moves many
tasks takes seconds. Clocks of several servers differ, too.
"""

SETTLED_S = 600.0
"""Seconds after which no transaction can be under way any more."""


_NOT_YET = -1.0


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """One task as a list of the vendor shows it.

    Attributes:
        id: vendor's id.
        changed_at: time of its last change, as precise as the vendor tells it; `None` where it tells none.
        mark: short text that differs whenever the task differs although `changed_at` is the same: a lock
            version, or a digest where there is none.
        document: what the vendor sent; comes back as it is.
        mine: whether it belongs to the project itself; lists may hold those of subprojects.
    """

    id: str
    changed_at: datetime | None
    mark: str
    document: dict[str, Any]
    mine: bool = True

    @property
    def signature(self) -> tuple[str, str]:
        """What tells two states of the task apart: time and mark."""
        return ("" if self.changed_at is None else self.changed_at.isoformat(), self.mark)


@dataclass(slots=True)
class ChangeState:
    """State of a stream of changes.

    Attributes:
        project: project id.
        since: time of the last change before the window; `None` while the project has no tasks.
        noted_at: seconds since 1970 on our own clock when `since` was known already; -1 before the next call.
        scanning: the first pass over everything is not done yet.
        settled: nothing at or before `since` can show up late any more.
        page: page of the window where the next call goes on.
        size: page size that `page` counts in.
        seen: id -> signature of what was handed out within the window.
        ids: ids of the tasks that were handed out and are not known to be gone.
        calls: calls since the last sweep; -1 right after a first pass between whose pages nothing slipped.
        swept_at: seconds since 1970 of the last sweep.
        offset: tasks that are known, less those that the system counts, after all ids were compared.
        is_read: all of the window was handed out when it was read last.
        guess: the same after the last comparison; `None` where the count was as expected since.
        total: tasks that each page of the first pass counted; -1 where they differed.
        precision: smallest difference of two times of change; belongs to the vendor and is not in the cursor.
        overlap_s: seconds before `since` that are looked at again; belongs to the vendor, too.
    """

    project: str
    since: datetime | None = None
    noted_at: float = _NOT_YET
    scanning: bool = True
    settled: bool = False
    page: int = 1
    size: int = 0
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    calls: int = 0
    swept_at: float = 0.0
    offset: int | None = 0
    is_read: bool = False
    guess: int | None = None
    total: int | None = None
    precision: timedelta = timedelta(milliseconds=1)
    overlap_s: float = OVERLAP_S

    @property
    def edge(self) -> datetime | None:
        """Where the window begins; `None` for everything."""
        if self.since is None:
            return None
        return self.since + self.precision if self.settled else _before(self.since, self.overlap_s)

    @property
    def is_whole(self) -> bool:
        """Whether nothing happened during the first pass; what slips makes the counts differ then."""
        times = [moment for moment in map(_time, self.seen.values()) if moment is not None]
        is_still = all(self.since is not None and one <= self.since for one in times)
        return is_still and self.total == len(self.ids)

    def begin(self, since: datetime | None, total: int) -> None:
        """Note what a page of the first pass tells of all.

        Args:
            since: changes from then on come after it; `None` where that is known already.
            total: tasks that it counts.
        """
        if self.since is None and since is not None:
            self.since, self.noted_at = since, _NOT_YET
        self.total = total if self.total in {None, total} else -1

    def is_settling(self, clock: datetime | None, now: float) -> bool:
        """Whether nothing at or before `since` can show up late any more; arguments as in `move_on`."""
        return not self.settled and self._age_s(clock, now) > SETTLED_S

    def is_news(self, item: ChangedItem) -> bool:
        """Whether a task was not handed out in this state.

        A filter may let things through that are a bit older than the window: what is known is no news then.
        """
        if not self._within(item):
            return item.id not in self.ids
        return self.seen.get(item.id) != item.signature

    def note(self, items: Iterable[ChangedItem]) -> None:
        """Remember what is handed out."""
        for item in items:
            self.ids.add(item.id)
            if self._within(item):
                self.seen[item.id] = item.signature

    def forget(self, ids: Iterable[str]) -> None:
        """Remember what is gone."""
        for one in ids:
            self.ids.discard(one)
            self.seen.pop(one, None)

    def move_on(self, clock: datetime | None, now: float) -> None:
        """Begin a new window at the last change that was handed out.

        Args:
            clock: the server's clock, where it tells it. Otherwise the time that went by here since the last
                change was noticed tells whether it settled.
            now: seconds since 1970 on our own clock, before the window was read.
        """
        self.scanning, self.is_read = False, True
        if self.noted_at == _NOT_YET:
            self.noted_at = now
        times = [moment for moment in map(_time, self.seen.values()) if moment is not None]
        newest = max(times, default=self.since)
        if newest is not None and (self.since is None or newest > self.since):
            self.since, self.settled, self.noted_at = newest, False, _NOT_YET
        self.settled = self.settled or self.is_settling(clock, now)
        edge = self.edge
        if edge is not None:
            self.seen = {one: found for one, found in self.seen.items() if (_time(found) or edge) >= edge}

    def _age_s(self, clock: datetime | None, now: float) -> float:
        if self.since is None or (clock is None and self.noted_at == _NOT_YET):
            return 0.0
        return now - self.noted_at if clock is None else (clock - self.since).total_seconds()

    def _within(self, item: ChangedItem) -> bool:
        edge = self.edge
        return edge is None or item.changed_at is None or item.changed_at >= edge

    @classmethod
    def read(
        cls, provider: str, cursor: str, precision: timedelta, overlap_s: float = OVERLAP_S
    ) -> ChangeState:
        """State in a cursor.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        found = decode_cursor(provider, cursor)
        try:
            return cls(**_fields(found), precision=precision, overlap_s=overlap_s)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from None

    def write(self, provider: str) -> str:
        """The cursor."""
        state = {
            "p": self.project,
            "t": None if self.since is None else self.since.isoformat(),
            "b": self.noted_at,
            "f": self.scanning,
            "e": self.settled,
            "g": self.page,
            "z": self.size,
            "s": self.seen,
            "i": pack_ids(self.ids),
            "n": self.calls,
            "w": self.swept_at,
            "o": self.offset,
            "u": self.guess,
            "r": self.is_read,
            "q": self.total,
        }
        return encode_cursor(provider, state)


def _fields(found: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a state by name, as a cursor holds them."""
    return {
        "project": str(found["p"]),
        "since": None if found["t"] is None else _aware(found["t"]),
        "noted_at": float(found["b"]),
        "scanning": bool(found["f"]),
        "settled": bool(found["e"]),
        "page": max(1, int(found["g"])),
        "size": int(found["z"]),
        "seen": {str(one): (str(moment), str(mark)) for one, (moment, mark) in found["s"].items()},
        "ids": unpack_ids(found["i"]),
        "calls": int(found["n"]),
        "swept_at": float(found["w"]),
        "offset": _number(found.get("o", 0)),
        "is_read": bool(found.get("r")),
        "guess": _number(found.get("u")),
        "total": _number(found.get("q")),
    }


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _time(signature: tuple[str, str]) -> datetime | None:
    try:
        return _aware(signature[0])
    except ValueError:
        return None


def _before(value: datetime, seconds: float) -> datetime:
    """An instant some seconds earlier, not below the first that there is."""
    try:
        return value - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
