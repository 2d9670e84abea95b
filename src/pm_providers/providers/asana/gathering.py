"""Calls of many coroutines gathered into batches: what each of them asks at the same time is one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from copy import copy

from pm_providers.errors import PMError
from pm_providers.providers.asana.actions import BATCH_MOST, Action, Outcome

__all__ = ["Gatherer", "gathered_by", "gathering"]

_TURNS = 12
"""Turns of the event loop within which coroutines that wait for nothing have asked what they ask next."""

Send = Callable[[Sequence[Action]], Awaitable[list[Outcome]]]
_Waiting = tuple[Action, "asyncio.Future[Outcome]"]

_current: ContextVar[tuple[object, Gatherer] | None] = ContextVar("asana_gatherer", default=None)


class Gatherer:
    """Collects actions and sends them ten at a time, reads and writes apart.

    Args:
        send: carries out up to ten actions.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[_Waiting] = []
        self._collector: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, action: Action) -> Outcome:
        """The outcome of an action that is sent with others.

        Raises:
            PMError: the request that held it failed as a whole.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((action, future))
        if self._collector is None or self._collector.done():
            self._collector = asyncio.create_task(self._collect())
        return await future

    async def aclose(self) -> None:
        """End what is under way: nothing goes on in the background."""
        tasks = [one for one in (self._collector, *self._sending) if one is not None]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _collect(self) -> None:
        while self._waiting:
            count = 0
            while count < len(self._waiting) < BATCH_MOST:
                count = len(self._waiting)
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
            if len(self._waiting) < BATCH_MOST and self._sending:
                # Those who wait for what is under way will ask something next: it goes along.
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
                continue
            for writes in (False, True):
                part = [one for one in self._waiting if one[0].writes is writes][:BATCH_MOST]
                if part:
                    self._waiting = [one for one in self._waiting if one not in part]
                    task = asyncio.create_task(self._deliver(part))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)

    async def _deliver(self, part: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._send([action for action, _ in part])
        except PMError as error:
            # Each caller marks its own.
            outcomes = [Outcome(action, 0, failure=copy(error)) for action, _ in part]
        except BaseException:
            for _, future in part:
                future.cancel()
            raise
        for (_, future), outcome in zip(part, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)


@asynccontextmanager
async def gathering(owner: object, send: Send) -> AsyncIterator[None]:
    """Gather the calls that `owner` makes within the block and the tasks that are started there."""
    gatherer = Gatherer(send)
    token = _current.set((owner, gatherer))
    try:
        yield
    finally:
        _current.reset(token)
        await gatherer.aclose()


def gathered_by(owner: object) -> Gatherer | None:
    """Who gathers the calls of `owner` here; `None` when they go out alone."""
    found = _current.get()
    return found[1] if found is not None and found[0] is owner else None
