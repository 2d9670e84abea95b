"""A clock and answers for clients whose server is a function of the test."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from pm_providers.transport import Timing


class FakeTime:
    """A clock that only moves when something sleeps, or when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def timing(self) -> Timing:
        return Timing(
            monotonic=lambda: self.now,
            wall=lambda: 1_790_000_000.0 + self.now,
            sleep=self._sleep,
            jitter=lambda low, high: (low + high) / 2,
        )


def answer(body: Any = None, status: int = 200, **headers: str) -> httpx2.Response:
    """An answer with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = b"" if body is None else json.dumps(body).encode()
    return httpx2.Response(status, content=content, headers={"content-type": "application/json", **named})
