"""What sandboxes store: tables of records with indexes, and a memory of the last writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from pm_providers.sandbox.kit.clock import Clock

__all__ = ["Row", "Table", "WriteLog"]

UNDO_LIMIT = 50_000


class Row(Protocol):
    """A record: a frozen `msgspec.Struct` with an id."""

    @property
    def id(self) -> Any:
        """Key of the table: a number or a text."""


R = TypeVar("R", bound=Row)


class WriteLog:
    """Counts write requests and remembers what each replaced and when, for an index that lags behind.

    Attributes:
        number: write requests so far.
        changes: records written so far, in requests or without; what was read is current while it stays.
    """

    def __init__(self, clock: Clock) -> None:
        self.number = 0
        self.changes = 0
        self._clock = clock
        self._counted = True
        self._entries: deque[tuple[int, datetime, Any, Any, Any]] = deque(maxlen=UNDO_LIMIT)

    def begin(self) -> None:
        """A request starts; it counts as a write once it changes something."""
        self._counted = False

    def note(self, table: Any, key: Any, before: Any) -> None:
        """Remember the record that a write replaced (None: there was none)."""
        self.changes += 1
        if not self._counted:
            self._counted = True
            self.number += 1
        self._entries.append((self.number, self._clock.now(), table, key, before))

    def before_last(self, writes: int, table: Any) -> dict[Any, Any]:
        """Key to earlier record (None: absent) for all that the last `writes` requests changed."""
        oldest = self.number - writes
        return self._earlier(table, lambda number, _at: number <= oldest)

    def since(self, moment: datetime, table: Any) -> dict[Any, Any]:
        """Key to the record at `moment` (None: absent) for all that changed after it."""
        return self._earlier(table, lambda _number, at: at <= moment)

    def _earlier(self, table: Any, reached: Callable[[int, datetime], bool]) -> dict[Any, Any]:
        changed: dict[Any, Any] = {}
        for number, at, owner, key, before in reversed(self._entries):
            if reached(number, at):
                break
            if owner is table:
                changed[key] = before
        return changed


class Table(Generic[R]):
    """Records by key, with an index per given attribute.

    Args:
        writes: where replaced records are remembered.
        indexes: attributes to look up by `where`.
        first: the first number that `next_id` gives.
    """

    def __init__(self, writes: WriteLog, *indexes: str, first: int = 1) -> None:
        self._rows: dict[Any, R] = {}
        self._writes = writes
        self._indexes: dict[str, dict[Any, dict[Any, None]]] = {name: {} for name in indexes}
        self._last_id = first - 1

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str | int) and key in self._rows

    def __getitem__(self, key: Any) -> R:
        return self._rows[key]

    def get(self, key: Any) -> R | None:
        """The record with this key, or None."""
        return self._rows.get(key) if isinstance(key, str | int) else None

    def skip_to(self, last: int) -> None:
        """Make `last` the highest number in use, so that the next is one more."""
        self._last_id = max(self._last_id, last)

    def next_id(self) -> int:
        """Take the next number; like a database sequence, it is not given back."""
        self._last_id += 1
        return self._last_id

    def put(self, record: R) -> R:
        """Insert or replace; returns the record."""
        before = self._rows.get(record.id)
        self._writes.note(self, record.id, before)
        for name, index in self._indexes.items():
            if before is not None:
                self._unlink(index, getattr(before, name), before.id)
            index.setdefault(getattr(record, name), {})[record.id] = None
        self._rows[record.id] = record
        if isinstance(record.id, int):
            self._last_id = max(self._last_id, record.id)
        return record

    def change(self, record: R, **changes: Any) -> R:
        """Store a copy of `record` with these attributes."""
        struct: Any = record
        return self.put(msgspec.structs.replace(struct, **changes))

    def remove(self, key: Any) -> None:
        """Delete; nothing happens when it is gone already."""
        before = self._rows.pop(key, None)
        if before is None:
            return
        self._writes.note(self, key, before)
        for name, index in self._indexes.items():
            self._unlink(index, getattr(before, name), key)

    def where(self, name: str, value: Any) -> list[R]:
        """Records whose indexed attribute has this value, by key."""
        return [self._rows[key] for key in sorted(self._indexes[name].get(value, ()))]

    def find(self, test: Callable[[R], bool]) -> R | None:
        """First record that passes the test."""
        return next((row for row in self._rows.values() if test(row)), None)

    def as_of(self, writes: int) -> list[R]:
        """All records as they were before the last `writes` write requests (0: now), by key."""
        return self._merged(self._writes.before_last(writes, self)) if writes else list(self)

    def changed_since(self, moment: datetime) -> dict[Any, R | None]:
        """Key to the record at `moment` (None: there was none) for all that changed after it."""
        return self._writes.since(moment, self)

    def at(self, moment: datetime) -> list[R]:
        """All records as they were at that moment, by key; further back than 50,000 writes it is a guess."""
        return self._merged(self.changed_since(moment))

    def _merged(self, earlier: dict[Any, R | None]) -> list[R]:
        if not earlier:
            return list(self)
        rows: dict[Any, R | None] = {**self._rows, **earlier}
        return [row for _, row in sorted(rows.items()) if row is not None]

    @staticmethod
    def _unlink(index: dict[Any, dict[Any, None]], value: Any, key: Any) -> None:
        bucket = index.get(value)
        if bucket is not None:
            bucket.pop(key, None)
