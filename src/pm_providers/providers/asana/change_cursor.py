"""What a change cursor remembers. Pure: no request is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pm_providers.contract import decode_cursor, encode_cursor, pack_ids, unpack_ids
from pm_providers.errors import ValidationError
from pm_providers.toolkit.change_state import SETTLED_S
from pm_providers.toolkit.documents import instant

__all__ = ["OVERLAP", "ChangeCursor"]

OVERLAP = timedelta(seconds=60)
"""Before the last known change: the vendor's clocks and indexes may differ by so much ([doc] events)."""

_NEXT = timedelta(milliseconds=1)
_NOT_YET = -1.0


@dataclass(slots=True)
class ChangeCursor:
    """State of a stream of changes.

    Attributes:
        project: gid.
        sync: token of the event feed.
        scanning: the first pass over everything is not done yet.
        offset: token of the page where that pass goes on.
        began: the server's clock when it began; missing where it does not tell.
        since: time of change up to which all is known.
        settled: nothing at or before `since` can show up late any more: all around it was read once more.
        noted_at: seconds since 1970 on our own clock when `since` was known already; -1 before the next call.
        pending: gids of tasks that changed, or may be gone, and were not looked at yet.
        seen: gid -> time of change and digest of what was handed out lately.
        ids: gids of the tasks that were handed out and are not known to be gone.
        parents: gid of a subtask -> gid of the task above it.
        calls: calls since ids were compared last.
        swept_at: seconds since 1970 when they were.
    """

    project: str
    sync: str
    scanning: bool = True
    offset: str | None = None
    began: datetime | None = None
    since: datetime | None = None
    settled: bool = False
    noted_at: float = _NOT_YET
    pending: dict[str, None] = field(default_factory=dict)
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    swept_at: float = 0.0

    @property
    def edge(self) -> datetime | None:
        """Changes from here on are looked at again."""
        return None if self.since is None else _before(self.since)

    def window(self, now: float, *, quiet: bool) -> datetime | None:
        """Changes from here on are looked at in this call; `None` for all.

        What shows up late is before the last known change. So as long as the feed is quiet only later ones
        are looked at, and once all around it when nothing can be under way any more.

        Args:
            now: seconds since 1970 on our own clock.
            quiet: the feed told of nothing.
        """
        if self.noted_at == _NOT_YET:
            self.noted_at = now
        is_due = not self.settled and now - self.noted_at > SETTLED_S
        is_wide = not self.settled and (is_due or not quiet)
        self.settled = self.settled or is_due
        return self.edge if self.since is None or is_wide else self.since + _NEXT

    def is_news(self, one: str, mark: str) -> bool:
        """Whether a task was not handed out in this state lately."""
        known = self.seen.get(one)
        return known is None or known[1] != mark

    def note(self, one: str, changed_at: datetime | None, mark: str, parent: str | None) -> None:
        """Remember what is handed out."""
        self.ids.add(one)
        self.seen[one] = ("" if changed_at is None else changed_at.isoformat(), mark)
        self.pending.pop(one, None)
        if parent is None:
            self.parents.pop(one, None)
        else:
            self.parents[one] = parent

    def forget(self, one: str) -> bool:
        """Remember that a task is gone, and that those below it may be; `False` when it was not known."""
        self.pending.pop(one, None)
        self.seen.pop(one, None)
        self.parents.pop(one, None)
        if one not in self.ids:
            return False
        self.ids.discard(one)
        self.expect(child for child, parent in self.parents.items() if parent == one)
        return True

    def expect(self, ids: Iterable[str]) -> None:
        """Look at these later."""
        self.pending.update(dict.fromkeys(ids))

    def move_on(self, newest: datetime | None) -> None:
        """All up to this time of change is known now; what is far before it needs no memory."""
        if newest is not None and (self.since is None or newest > self.since):
            self.since, self.settled, self.noted_at = newest, False, _NOT_YET
        self.prune()

    def prune(self) -> None:
        """Forget states that lie before the overlap of the newest."""
        times = [moment for moment, _ in self.seen.values() if moment]
        newest = self.since or (instant(max(times)) if times else None)
        if newest is not None:
            edge = _before(newest).isoformat()
            self.seen = {one: known for one, known in self.seen.items() if known[0] >= edge}

    def newest_seen(self) -> datetime | None:
        """Latest time of change that was handed out lately."""
        return instant(max((moment for moment, _ in self.seen.values()), default=""))

    @classmethod
    def read(cls, provider: str, cursor: str) -> ChangeCursor:
        """State in a cursor.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        found = decode_cursor(provider, cursor)
        try:
            return cls(**_fields(found))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from None

    def write(self, provider: str) -> str:
        """The cursor."""
        state = {
            "p": self.project,
            "y": self.sync,
            "f": self.scanning,
            "o": self.offset,
            "b": None if self.began is None else self.began.isoformat(),
            "t": None if self.since is None else self.since.isoformat(),
            "e": self.settled,
            "a": self.noted_at,
            "q": list(self.pending),
            "s": self.seen,
            "i": pack_ids(self.ids),
            "u": self.parents,
            "n": self.calls,
            "w": self.swept_at,
        }
        return encode_cursor(provider, state)


def _fields(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "project": _text(found["p"]),
        "sync": _text(found["y"]),
        "scanning": bool(found["f"]),
        "offset": None if found["o"] is None else _text(found["o"]),
        "began": None if found["b"] is None else datetime.fromisoformat(found["b"]),
        "since": None if found["t"] is None else datetime.fromisoformat(found["t"]),
        "settled": bool(found["e"]),
        "noted_at": float(found["a"]),
        "pending": dict.fromkeys(_gid(one) for one in found["q"]),
        "seen": {_gid(one): (str(moment), str(mark)) for one, (moment, mark) in found["s"].items()},
        "ids": unpack_ids(found["i"]),
        "parents": {_gid(one): _gid(parent) for one, parent in found["u"].items()},
        "calls": int(found["n"]),
        "swept_at": float(found["w"]),
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _gid(value: Any) -> str:
    """Ids of a cursor become addresses: they are nothing but digits."""
    if not _text(value).isdigit() or not value.isascii():
        raise ValueError
    return str(value)


def _before(value: datetime) -> datetime:
    try:
        return value - OVERLAP
    except OverflowError:
        return value
