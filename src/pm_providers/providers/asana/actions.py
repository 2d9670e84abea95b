"""Actions of `POST /batch`: what one asks for, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pm_providers.errors import NotFoundError, PermissionDeniedError, PMError, ProviderError
from pm_providers.providers.asana.errors import action_error
from pm_providers.toolkit.documents import broken

__all__ = ["BATCH_MOST", "Action", "Outcome", "Permits", "read_outcomes"]

BATCH_MOST = 10
"""Actions of one batch ([spec] POST /batch)."""

_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Action:
    """One call, alone or in a batch.

    Attributes:
        method: `GET`, `POST`, `PUT` or `DELETE`.
        path: below the API's root, without a query.
        data: query of a read, body of a write.
        fields: `opt_fields`.
        limit: records in one page.
        offset: token of the page.
    """

    method: str
    path: str
    data: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[str] = ()
    limit: int | None = None
    offset: str | None = None

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"

    @property
    def options(self) -> dict[str, Any]:
        """Paging and fields, as a batch takes them: a query in the path is refused ([spec])."""
        found: dict[str, Any] = {"fields": list(self.fields)} if self.fields else {}
        if self.limit is not None:
            found["limit"] = self.limit
        if self.offset is not None:
            found["offset"] = self.offset
        return found

    @property
    def params(self) -> dict[str, Any]:
        """Query of the same call alone."""
        found: dict[str, Any] = {} if self.writes else dict(self.data)
        if self.fields:
            found["opt_fields"] = ",".join(self.fields)
        if self.limit is not None:
            found["limit"] = self.limit
        if self.offset is not None:
            found["offset"] = self.offset
        return found

    def wire(self) -> dict[str, Any]:
        """As it stands in a batch."""
        found: dict[str, Any] = {"method": self.method.lower(), "relative_path": f"/{self.path}"}
        if self.data:
            found["data"] = dict(self.data)
        if self.options:
            found["options"] = self.options
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action.

    Attributes:
        action: what was asked.
        status: HTTP status of its own.
        body: decoded answer.
        failure: why it was not even told, where the whole batch failed.
    """

    action: Action
    status: int
    body: Any = None
    failure: PMError | None = None

    @property
    def error(self) -> PMError | None:
        """Why it failed; `None` when it did not."""
        if self.failure is not None:
            return self.failure
        if self.status < _REFUSED:
            return None
        return action_error(self.action.method, self.action.path, self.status, self.body)

    @property
    def is_missing(self) -> bool:
        """Whether what was asked for does not exist or may not be seen."""
        return isinstance(self.error, NotFoundError | PermissionDeniedError)

    def data(self) -> Any:
        """What the answer holds.

        Raises:
            PMError: it failed; of a write that was carried out and whose answer cannot be read, it says so.
        """
        error = self.error
        if error is not None:
            raise error
        found = self.body.get("data") if isinstance(self.body, Mapping) else None
        if found is None or (self.action.writes and not isinstance(found, Mapping)):
            raise broken("an answer without data")
        return found


def read_outcomes(body: Any, actions: Sequence[Action]) -> list[Outcome]:
    """Outcomes in the order of the actions.

    Raises:
        ProviderError: not as many as were asked for; of writes it says that they may be carried out.
    """
    found = body.get("data") if isinstance(body, Mapping) else None
    try:
        if not isinstance(found, list) or len(found) != len(actions):
            raise broken(f"a batch of {len(actions)} actions without as many answers")
        return [_outcome(action, one) for action, one in zip(actions, found, strict=True)]
    except ProviderError as error:  # each write is noted by who asked for it, and its outcome is not known
        error.maybe_applied = any(one.writes for one in actions)
        raise


def _outcome(action: Action, value: Any) -> Outcome:
    status = value.get("status_code") if isinstance(value, Mapping) else None
    if not isinstance(status, int):
        raise broken("an action without status")
    return Outcome(action, status, value.get("body"))


class Permits:
    """A bound on calls in flight, of which a batch takes as many as it has actions.

    Args:
        most: calls at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = asyncio.Semaphore(most)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def hold(self, count: int) -> AsyncIterator[None]:
        """Hold permits; who needs many is not overtaken by those who need few."""
        held = 0
        try:
            async with self._turn:
                while held < min(count, self._most):
                    await self._free.acquire()
                    held += 1
            yield
        finally:
            for _ in range(held):
                self._free.release()
