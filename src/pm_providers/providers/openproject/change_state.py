"""What a change cursor remembers. Pure: no request is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pm_providers.contract import decode_cursor, encode_cursor, pack_ids, unpack_ids
from pm_providers.errors import ProviderError, ValidationError
from pm_providers.providers.openproject.filters import before
from pm_providers.providers.openproject.mapping.hal import identifier, instant

__all__ = ["OVERLAP_S", "SETTLED_S", "ChangeState", "mark"]

OVERLAP_S = 30.0
"""Seconds before the last known change that are looked at again.

A transaction shows up when it is committed, with the times of its changes: one that reschedules or moves many
tasks takes seconds. Clocks of several servers differ, too.
"""

SETTLED_S = 600.0
"""Seconds on the server's own clock after which no transaction can be under way any more."""


def mark(document: Mapping[str, Any]) -> str:
    """What tells two states of a task apart: comments change its time only, all else its lock version."""
    return f"{document.get('lockVersion')}:{document.get('updatedAt')}"


@dataclass(slots=True)
class ChangeState:
    """State of a stream of changes.

    Attributes:
        project: project id.
        since: time of the last change before the window; `None` while the project has no tasks.
        scanning: the first pass over everything is not done yet.
        settled: nothing at or before `since` can show up late any more.
        page: page of the window where the next call goes on.
        size: page size that `page` counts in.
        seen: id -> mark of what was handed out within the window.
        ids: ids of the tasks that were handed out and are not known to be gone.
        calls: calls since the last sweep.
        swept_at: seconds since 1970 of the last sweep.
    """

    project: str
    since: datetime | None = None
    scanning: bool = True
    settled: bool = False
    page: int = 1
    size: int = 0
    seen: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    calls: int = 0
    swept_at: float = 0.0

    @property
    def edge(self) -> datetime | None:
        """Where the window begins; `None` for everything."""
        if self.since is None:
            return None
        return self.since + timedelta(milliseconds=1) if self.settled else before(self.since, OVERLAP_S)

    def is_news(self, document: Mapping[str, Any]) -> bool:
        """Whether a document was not handed out in this state."""
        one = identifier(document, "work package")
        if self.scanning and one in self.ids and not self._within(document):
            return False
        return self.seen.get(one) != mark(document)

    def note(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Remember what is handed out."""
        for document in documents:
            one = identifier(document, "work package")
            self.ids.add(one)
            if self._within(document):
                self.seen[one] = mark(document)

    def forget(self, ids: Iterable[str]) -> None:
        """Remember what is gone."""
        for one in ids:
            self.ids.discard(one)
            self.seen.pop(one, None)

    def move_on(self, clock: datetime | None) -> None:
        """Begin a new window at the last change that was handed out.

        Args:
            clock: the server's clock, where it tells it.
        """
        self.scanning = False
        times = [moment for moment in map(_time, self.seen.values()) if moment is not None]
        newest = max(times, default=self.since)
        if newest is not None and (self.since is None or newest > self.since):
            self.since, self.settled = newest, False
        if clock is not None and self.since is not None and (clock - self.since).total_seconds() > SETTLED_S:
            self.settled = True
        edge = self.edge
        if edge is not None:
            self.seen = {one: found for one, found in self.seen.items() if (_time(found) or edge) >= edge}

    def _within(self, document: Mapping[str, Any]) -> bool:
        moment, edge = instant(document.get("updatedAt")), self.edge
        return edge is None or moment is None or moment >= edge

    @classmethod
    def read(cls, provider: str, cursor: str) -> ChangeState:
        """State in a cursor.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        found = decode_cursor(provider, cursor)
        try:
            return cls(
                project=str(found["p"]),
                since=instant(found["t"]),
                scanning=bool(found["f"]),
                settled=bool(found["e"]),
                page=max(1, int(found["g"])),
                size=int(found["z"]),
                seen={str(key): str(value) for key, value in found["s"].items()},
                ids=unpack_ids(found["i"]),
                calls=int(found["n"]),
                swept_at=float(found["w"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, ProviderError):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from None

    def write(self, provider: str) -> str:
        """The cursor."""
        state = {
            "p": self.project,
            "t": None if self.since is None else self.since.isoformat(),
            "f": self.scanning,
            "e": self.settled,
            "g": self.page,
            "z": self.size,
            "s": self.seen,
            "i": pack_ids(self.ids),
            "n": self.calls,
            "w": self.swept_at,
        }
        return encode_cursor(provider, state)


def _time(found: str) -> datetime | None:
    try:
        return instant(found.partition(":")[2])
    except ProviderError:
        return None
