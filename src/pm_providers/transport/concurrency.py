"""Bounded concurrency for batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

__all__ = ["bounded_map", "let_begin"]

T = TypeVar("T")
R = TypeVar("R")

_TURNS = 32
"""More than a request takes from its task's first step to its last byte."""


async def bounded_map(
    func: Callable[[T], Awaitable[R]], items: Iterable[T], limit: int
) -> list[R | Exception]:
    """Apply `func` to every item, at most `limit` at a time.

    Cancelling the call cancels what is under way and waits for it; nothing goes on in the
    background.

    Args:
        func: called once per item.
        items: read as places become free.
        limit: calls in flight, at least 1.

    Returns:
        One entry per item in the order of `items`: the result, or the exception that the call for
        this item raised. An error of one item does not stop the others.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    results: dict[int, R | Exception] = {}
    source = enumerate(items)

    async def work() -> None:
        for index, item in source:
            try:
                results[index] = await func(item)
            # Whatever one item raises is its own outcome: the others may be written already, and
            # their outcomes must not get lost.
            except Exception as exc:  # noqa: BLE001
                results[index] = exc

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(work())
    return [results[index] for index in sorted(results)]


async def let_begin() -> None:
    """Let tasks that were just made send their requests, before the caller keeps the event loop busy.

    A task runs when its maker waits for something: without this, what is asked for ahead leaves only after
    the maker has used what it holds already.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
