"""Request quota in fixed windows, with the headers that vendors send."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pm_providers.sandbox.kit.clock import Clock

__all__ = ["Quota", "QuotaState"]


@dataclass(frozen=True, slots=True)
class QuotaState:
    """What is left after one request.

    Attributes:
        allowed: False when this request is over the limit.
        limit: requests per window.
        remaining: requests left in this window, never negative.
        reset_epoch: Unix time in seconds at which the window ends.
        reset_in_s: whole seconds until then, at least 1.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_epoch: int
    reset_in_s: int


class Quota:
    """Allows `limit` requests per window of `window_s` seconds.

    Args:
        limit: requests per window.
        window_s: length of a window; windows start at multiples of it in Unix time.
        match: regular expression searched in `"METHOD /path"`; only those requests count.
        retry_after: send `Retry-After` (seconds) with the 429 answer, where the vendor does.
    """

    def __init__(self, limit: int, *, window_s: int = 60, match: str = "", retry_after: bool = True) -> None:
        if limit < 1 or window_s < 1:
            raise ValueError("a quota needs a limit and a window of at least 1")
        self.limit = limit
        self.window_s = window_s
        self.retry_after = retry_after
        self._pattern = re.compile(match)
        self._window = -1
        self._used = 0

    def take(self, method: str, path: str, clock: Clock) -> QuotaState | None:
        """Count a request; None when it does not count towards this quota."""
        if not self._pattern.search(f"{method} {path}"):
            return None
        now = clock.now().timestamp()
        window = int(now // self.window_s)
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        reset = (window + 1) * self.window_s
        return QuotaState(
            allowed=self._used <= self.limit,
            limit=self.limit,
            remaining=max(0, self.limit - self._used),
            reset_epoch=reset,
            reset_in_s=max(1, int(reset - now)),
        )
