"""The clock that a sandbox reads, so that tests can stop it and move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """Real UTC time until it is frozen; after that only `advance` moves it.

    Args:
        start: freeze at this moment at once (aware, any zone); None runs with real time.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._frozen: datetime | None = None
        self._shift = timedelta(0)
        if start is not None:
            self.freeze(start)

    def now(self) -> datetime:
        """Current moment, aware, in UTC."""
        if self._frozen is not None:
            return self._frozen
        return datetime.now(UTC) + self._shift

    def freeze(self, at: datetime | None = None) -> datetime:
        """Stop at `at` (default: now) and return that moment.

        Raises:
            ValueError: `at` has no zone.
        """
        moment = at if at is not None else self.now()
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware datetime, for example 2026-01-01T00:00:00+00:00")
        self._frozen = moment.astimezone(UTC)
        return self._frozen

    def advance(self, seconds: float) -> datetime:
        """Move by so many seconds (may be negative), frozen or not."""
        if self._frozen is not None:
            self._frozen += timedelta(seconds=seconds)
        else:
            self._shift += timedelta(seconds=seconds)
        return self.now()
