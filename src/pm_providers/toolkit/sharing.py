"""One look at a system: what was asked within it is not asked again a moment later.

Lists of what a system offers are asked anew by each call, and many of them need the same document. Who needs
all of them at once says so: within `shared` answers to equal reads are told again, and what a catalog keeps
counts as new when it was loaded within the same look.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pm_providers.transport import Answer, HttpClient, Params

__all__ = ["Look", "SharingClient", "current_look", "is_brief", "shared"]

_LASTS_S = 60.0


class Look:
    """What was asked within a minute.

    Args:
        lasts_s: seconds after which nothing of it counts any more.
    """

    def __init__(self, lasts_s: float = _LASTS_S) -> None:
        self._until = time.monotonic() + lasts_s
        self._answers: dict[Hashable, Answer] = {}
        self._locks: defaultdict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def lasts(self) -> bool:
        """Whether it still counts."""
        return time.monotonic() < self._until

    async def answer(self, client: SharingClient, method: str, path: str, given: dict[str, Any]) -> Answer:
        """The answer to a read, sent once."""
        key = (id(client), method, path, repr(sorted(given.items(), key=lambda one: one[0])))
        async with self._locks[key]:
            if key not in self._answers:
                self._answers[key] = await client.send(method, path, **given)
            return self._answers[key]


_LOOK: ContextVar[tuple[Look, bool] | None] = ContextVar("look", default=None)


def current_look() -> Look | None:
    """The look that this code is a part of, while it lasts."""
    found = _LOOK.get()
    return found[0] if found is not None and found[0].lasts else None


def is_brief() -> bool:
    """Whether names of fields will do: values to choose from may cost many requests, and nobody asks."""
    found = _LOOK.get()
    return found is not None and found[1]


@contextmanager
def shared(look: Look, *, reads: bool = False) -> Iterator[None]:
    """What is asked within is a part of a look.

    Args:
        look: may be gone on with later.
        reads: also answers to equal requests are told again, not only what catalogs keep. Nothing is to be
            written within. Of fields names and kinds are wanted, see `is_brief`.
    """
    token = _LOOK.set((look, reads))
    try:
        yield
    finally:
        _LOOK.reset(token)


class SharingClient(HttpClient):
    """A client that sends equal reads of one look once."""

    async def request(
        self, method: str, path: str, *, operation: str, params: Params | None = None, **given: Any
    ) -> Answer:
        """As the base; see `shared`."""
        found = _LOOK.get()
        asked = {"operation": operation, "params": params, **given}
        if found is None or not found[1] or method.upper() != "GET" or not found[0].lasts:
            return await self.send(method, path, **asked)
        return await found[0].answer(self, method, path, asked)

    async def send(self, method: str, path: str, **given: Any) -> Answer:
        """As the base: always sent."""
        return await super().request(method, path, **given)
