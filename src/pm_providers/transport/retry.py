"""What may be repeated, when, and for how long.

A read may be repeated. A write may be repeated when the request provably was not carried out: the
connection never came about, or the vendor turned it away (429, or 503 with `Retry-After`). Anything
else that broke in between is reported with `maybe_applied`, unless the caller declared the write
safe to repeat.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import tenacity

from pm_providers.errors import PMError, RateLimitedError
from pm_providers.transport.errors import AttemptFailedError
from pm_providers.transport.policy import Timing, TransportPolicy
from pm_providers.transport.quota_headers import http_date

__all__ = ["Budget", "may_repeat", "retry_after_s", "run_with_retries"]

T = TypeVar("T")

_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class Budget:
    """Time that one call may still take."""

    def __init__(self, total_s: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + total_s

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - self._monotonic())


def may_repeat(failure: AttemptFailedError, *, safe: bool) -> bool:
    """Whether the request may be sent again.

    Args:
        failure: how the attempt failed.
        safe: whether carrying the request out twice has the same effect as once.
    """
    return failure.transient and (safe or not failure.executed)


def retry_after_s(headers: Mapping[str, str], wall_now: float) -> float | None:
    """Seconds to wait by the `Retry-After` header, in both its forms.

    A date is taken relative to the answer's own `Date`, so that a wrong clock on either side does
    not matter; without one, relative to `wall_now`. A moment in the past is 0, a malformed value
    `None`.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    now = http_date(headers.get("date", ""))
    return max(0.0, until - (wall_now if now is None else now))


async def run_with_retries(
    attempt: Callable[[int, Budget], Awaitable[T]],
    *,
    safe: bool,
    replayable: bool = True,
    policy: TransportPolicy,
    timing: Timing,
) -> T:
    """Run `attempt` until it succeeds, may not be repeated, or the budget is used up.

    Args:
        attempt: one attempt; gets its number from 1 and the budget, raises `AttemptFailedError`.
        safe: see `may_repeat`.
        replayable: whether the request body can be sent again.
        policy: attempts, waits and total time.
        timing: clock, sleep and chance.

    Raises:
        PMError: that of the last attempt. `maybe_applied` is set if any attempt left that open. A
            wait that does not fit is refused at once with `RateLimitedError`.
    """
    run = _Run(safe, replayable, policy, timing)
    retrying = tenacity.AsyncRetrying(
        sleep=timing.sleep,
        retry=tenacity.retry_if_exception(run.repeatable),
        wait=run.wait,
        stop=run.stop,
        reraise=True,
    )

    async def numbered() -> T:
        run.number += 1
        return await attempt(run.number, run.budget)

    try:
        return await retrying(numbered)
    except AttemptFailedError as failure:
        raise run.final(failure) from failure.error.__cause__
    except PMError as error:
        error.maybe_applied = error.maybe_applied or run.may_have_applied
        raise


class _Run:
    """State of one call between its attempts."""

    def __init__(self, safe: bool, replayable: bool, policy: TransportPolicy, timing: Timing) -> None:
        self.number = 0
        self.budget = Budget(policy.total_timeout_s, timing.monotonic)
        self._safe = safe
        self._replayable = replayable
        self._policy = policy
        self._timing = timing
        self.may_have_applied = False
        self._refused_s: float | None = None

    def repeatable(self, exc: BaseException) -> bool:
        if not isinstance(exc, AttemptFailedError):
            return False
        self.may_have_applied |= exc.error.maybe_applied
        return self._replayable and may_repeat(exc, safe=self._safe)

    def wait(self, state: tenacity.RetryCallState) -> float:
        """What was asked for; the usual wait where that is longer and fits, as some ask for 0 each time."""
        # The exponent is bounded: it is a power of two, and the window has its own limit anyway.
        window = self._policy.backoff_base_s * 2.0 ** min(state.attempt_number - 1, 30)
        drawn = self._timing.jitter(0.0, min(window, self._policy.backoff_max_s))
        asked = _failure(state).wait_s
        return drawn if asked is None or asked < drawn < self.budget.left() else asked

    def stop(self, state: tenacity.RetryCallState) -> bool:
        if state.attempt_number >= self._policy.max_attempts:
            return True
        asked = _failure(state).wait_s
        if asked is not None and asked > min(self._policy.max_wait_s, self.budget.left()):
            self._refused_s = asked
            return True
        return state.upcoming_sleep >= self.budget.left()

    def final(self, failure: AttemptFailedError) -> PMError:
        error = failure.error
        if self._refused_s is not None:
            error = self._refusal(error, self._refused_s)
        error.maybe_applied = error.maybe_applied or self.may_have_applied
        return error

    def _refusal(self, error: PMError, asked: float) -> RateLimitedError:
        limit = min(self._policy.max_wait_s, self.budget.left())
        refusal = RateLimitedError(
            f"{error.message}; it asks to wait {math.ceil(asked)} s, "
            f"more than the {math.floor(limit)} s that this call may wait",
            retry_after_s=asked,
            provider=error.provider,
            operation=error.operation,
            request_id=error.request_id,
            status=error.status,
        )
        refusal.__cause__ = error.__cause__
        return refusal


def _failure(state: tenacity.RetryCallState) -> AttemptFailedError:
    exc = state.outcome.exception() if state.outcome else None
    if not isinstance(exc, AttemptFailedError):
        raise TypeError("only failed attempts are repeated")
    return exc
