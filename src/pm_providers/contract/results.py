"""What calls return besides records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pm_providers.errors import PMError
from pm_providers.model import PMTask, PMUser

__all__ = ["BatchOutcome", "BatchResult", "ChangePage", "HealthReport", "RawResponse"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchOutcome(Generic[T]):
    """What became of one item of a batch.

    Attributes:
        index: place of the item in the input, from 0.
        item: the result (a record; for deletes whether it existed), `None` after an error.
        error: why it failed; `None` on success.
    """

    index: int
    item: T | None = None
    error: PMError | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class BatchResult(Generic[T]):
    """One outcome for each item, in the order of the input."""

    outcomes: tuple[BatchOutcome[T], ...]

    @property
    def items(self) -> list[T]:
        """Results of the items that succeeded, in order."""
        return [outcome.item for outcome in self.outcomes if outcome.ok and outcome.item is not None]

    @property
    def errors(self) -> list[BatchOutcome[T]]:
        """Outcomes that failed, in order."""
        return [outcome for outcome in self.outcomes if not outcome.ok]

    @property
    def ok(self) -> bool:
        """Whether every item succeeded."""
        return all(outcome.ok for outcome in self.outcomes)

    def raise_for_errors(self) -> None:
        """Raise the first error, if there is one."""
        for outcome in self.outcomes:
            if outcome.error is not None:
                raise outcome.error

    def __iter__(self) -> Iterator[BatchOutcome[T]]:
        return iter(self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of changes of a project's tasks.

    Attributes:
        upserts: tasks created or changed, in the order of their last change, as they are now. A task may
            come again on a later page.
        deleted_ids: ids of tasks that are gone from the project: deleted, moved away, or no longer visible.
        cursor: opaque; give it to the next call. Never goes back.
        has_more: call again at once; otherwise all is read for now.
    """

    upserts: list[PMTask]
    deleted_ids: list[str]
    cursor: str
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class HealthReport:
    """State of a connection.

    Attributes:
        ok: the system answered and knows the credentials.
        provider: registered name.
        user: who the system takes us for.
        latency_ms: milliseconds of one small authenticated call, retries included.
        version: version of the system; missing where it does not say.
        quota_limit: requests per window; missing where there is no quota or it is not known yet.
        quota_remaining: requests left in the window.
        quota_reset_at: instant at which the window starts anew.
        error: why `ok` is false.
        details: further facts by name, safe to show.
    """

    ok: bool
    provider: str
    user: PMUser | None = None
    latency_ms: float | None = None
    version: str | None = None
    quota_limit: int | None = None
    quota_remaining: int | None = None
    quota_reset_at: datetime | None = None
    error: PMError | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawResponse:
    """Answer of the escape hatch `request()`.

    Attributes:
        status: HTTP status.
        headers: lower-case name -> value, credentials and cookies left out.
        content: the body.
        data: the decoded JSON, `None` where the body is empty or not JSON.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    data: Any = None
