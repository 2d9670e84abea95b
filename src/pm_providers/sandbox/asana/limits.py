"""Rate limits: requests a minute, searches a minute, requests in flight, and costs. All per token [doc].

Off unless a test or the command line switches them on. A 429 has `Retry-After` and no other header tells
what is left; rejected requests count as well; each action of a batch counts in full.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pm_providers.sandbox.asana.errors import RATE_LIMIT, ApiError
from pm_providers.sandbox.kit import Clock, Quota

__all__ = ["LimitGate", "Limits"]

FREE, PAID = 150, 1_500
SEARCH = re.compile(r"/workspaces/[^/]+/(?:tasks|projects)/search")
_DISTANT = 3600


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which limits hold.

    Attributes:
        requests: requests in `window_s` seconds; None has no such limit.
        slice_s: the limit is held for each such slice of the window too, in proportion; None for the whole
            only.
        searches: searches in 60 seconds.
        reads, writes: requests in flight at once.
        cost: objects touched in 60 seconds; paid after the fact, so it may become negative.
        retry_after: send the header with a 429.
        rejected_count: refused requests use up the limit too.
    """

    requests: int | None = None
    window_s: int = 60
    slice_s: int | None = None
    searches: int | None = None
    reads: int | None = None
    writes: int | None = None
    cost: int | None = None
    retry_after: bool = True
    rejected_count: bool = True

    @classmethod
    def vendor(cls, *, free: bool = False) -> Limits:
        """The vendor's own numbers.

        The slice of 15 seconds and the costs are guesses, as nobody has published them.
        """
        number = FREE if free else PAID
        return cls(requests=number, slice_s=15, searches=60, reads=50, writes=15, cost=200_000)

    @classmethod
    def of_quota(cls, quota: Quota) -> Limits:
        """So many requests in a window."""
        return cls(requests=quota.limit, window_s=quota.window_s, retry_after=quota.retry_after)


class _Window:
    """Times of requests of the last so many seconds."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()

    def wait(self, now: float, limit: int, span: float, wanted: int) -> float:
        """Seconds until `wanted` more fit into the span, 0 when they do."""
        first = now - span
        inside = sum(1 for at in self.times if at > first) if span < _DISTANT else len(self.times)
        over = inside + wanted - limit
        if over <= 0:
            return 0
        recent = [at for at in self.times if at > first]
        return max(0.001, recent[min(over, len(recent)) - 1] + span - now) if recent else span

    def add(self, now: float, span: float, number: int) -> None:
        while self.times and self.times[0] <= now - span:
            self.times.popleft()
        self.times.extend([now] * number)


class LimitGate:
    """Counts the requests of each token.

    Args:
        current: gives the limits, which may change while the sandbox runs; None has none.
    """

    def __init__(self, clock: Clock, current: Callable[[], Limits | None]) -> None:
        self._clock, self._current = clock, current
        self._requests: dict[str, _Window] = {}
        self._searches: dict[str, _Window] = {}
        self._credit: dict[str, tuple[float, float]] = {}

    def check(self, token: str, lines: list[tuple[str, str]], running: tuple[int, int]) -> None:
        """Count some requests at once, or refuse them all.

        Args:
            token: whose requests they are.
            lines: method and path of each.
            running: reads and writes in flight, these included.

        Raises:
            ApiError: 429 when any limit is exceeded.
        """
        limits = self._current()
        if limits is None:
            return
        now = self._clock.now().timestamp()
        searches = sum(1 for _, path in lines if SEARCH.fullmatch(path))
        waits = [
            self._requests_wait(limits, token, now, len(lines)),
            self._searches_wait(limits, token, now, searches),
            self._cost_wait(limits, token, now),
            1.0 if limits.reads is not None and running[0] > limits.reads else 0,
            1.0 if limits.writes is not None and running[1] > limits.writes else 0,
        ]
        worst = max(waits)
        if worst <= 0 or limits.rejected_count:
            self._requests.setdefault(token, _Window()).add(now, limits.window_s, len(lines))
            self._searches.setdefault(token, _Window()).add(now, 60, searches)
        if worst > 0:
            headers = {"retry-after": str(math.ceil(worst))} if limits.retry_after else {}
            raise ApiError(429, f"{RATE_LIMIT} You have hit a rate limit.", headers=headers)

    def charge(self, token: str, cost: int) -> None:
        """Pay for an answer, after the fact."""
        limits = self._current()
        if limits is not None and limits.cost is not None:
            left, at = self._filled(limits.cost, token, self._clock.now().timestamp())
            self._credit[token] = (left - cost, at)

    def _requests_wait(self, limits: Limits, token: str, now: float, number: int) -> float:
        if limits.requests is None:
            return 0
        window = self._requests.setdefault(token, _Window())
        whole = window.wait(now, limits.requests, limits.window_s, number)
        if limits.slice_s is None:
            return whole
        share = max(1, limits.requests * limits.slice_s // limits.window_s)
        return max(whole, window.wait(now, share, limits.slice_s, number))

    def _searches_wait(self, limits: Limits, token: str, now: float, number: int) -> float:
        if limits.searches is None or not number:
            return 0
        return self._searches.setdefault(token, _Window()).wait(now, limits.searches, 60, number)

    def _cost_wait(self, limits: Limits, token: str, now: float) -> float:
        if limits.cost is None:
            return 0
        left, at = self._filled(limits.cost, token, now)
        self._credit[token] = (left, at)
        return 0 if left > 0 else (1 - left) * 60 / limits.cost

    def _filled(self, size: int, token: str, now: float) -> tuple[float, float]:
        left, at = self._credit.get(token, (float(size), now))
        return min(size, left + (now - at) * size / 60), now
