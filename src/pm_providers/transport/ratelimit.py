"""One rate governor per credential: never faster than the vendor allows. See `pacing` for the arithmetic."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Final

from pm_providers.errors import RateLimitedError
from pm_providers.transport.pacing import Gate, LocalGate, Pace, Quota
from pm_providers.transport.policy import Timing
from pm_providers.transport.quota_headers import RateState, parse_rate_headers

__all__ = ["Governor", "RateHeaderParser", "common_gate", "share_quotas", "shared_governor"]

RateHeaderParser = Callable[[Mapping[str, str], float], RateState | None]
"""Response headers and the wall clock -> quota; `parse_rate_headers` is the default."""

_LOW_WATER: Final = 0.1
_LONGEST_PUSH_S: Final = 86400.0
_SLOWEST: Final = 32
_TOGETHER: Final = 1 / 12


class Governor:
    """Paces all requests of one credential, and learns from the answers.

    Safe to share between coroutines, clients and event loops.

    Args:
        provider: for the errors.
        quota: the vendor's documented quota.
        key: name of the credential in the gate; no secret (see `auth.fingerprint`).
        gate: shared by all workers where there is one; by default in this process.
        parser: reads the vendor's quota headers.
        timing: clock and sleep.
    """

    def __init__(
        self,
        *,
        provider: str,
        quota: Quota | None = None,
        key: str = "default",
        gate: Gate | None = None,
        parser: RateHeaderParser = parse_rate_headers,
        timing: Timing | None = None,
    ) -> None:
        self.provider = provider
        self.quota = quota or Quota()
        self._timing = timing or Timing()
        self._key = key
        self._gate = gate or LocalGate(self._timing)
        self._parser = parser
        self._pace = self.quota.pace()
        self._blocked_until = -math.inf
        self._slow_until = -math.inf
        self._slow_emission_s = 0.0
        self._refused_at = -math.inf
        self._is_slow = False
        self._state: RateState | None = None
        self._slots: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def quota_left(self) -> RateState | None:
        """Quota as the last answer with quota headers told it; `None` before there was one."""
        return self._state

    @contextlib.asynccontextmanager
    async def slot(
        self, *, max_wait_s: float, operation: str | None = None, cost: float = 1.0
    ) -> AsyncIterator[None]:
        """Hold the right to one request in flight; waits for it first.

        Args:
            max_wait_s: longest wait; a longer one is refused at once where it is known.
            operation: for the error.
            cost: requests that this one counts as.

        Raises:
            RateLimitedError: the right would come too late. Nothing was sent.
        """
        semaphore = self._semaphore()
        end = self._timing.monotonic() + max_wait_s
        try:
            async with asyncio.timeout(None if math.isinf(max_wait_s) else max_wait_s):
                await semaphore.acquire()
        except TimeoutError as exc:
            raise self._refusal(operation, None) from exc
        try:
            await self._wait_turn(end, operation, cost)
            yield
        finally:
            semaphore.release()

    async def push(self, seconds: float) -> None:
        """Send nothing with this credential for `seconds`, in any task that shares the gate.

        Bounded to one day, so that a malformed header cannot stop a process for good.
        """
        seconds = min(seconds, _LONGEST_PUSH_S)
        if self.quota.counted and self._blocked_s() <= 0:
            self._refused()
        self._blocked_until = max(self._blocked_until, self._timing.monotonic() + seconds)
        await self._gate.push(self._key, self._current_pace(), seconds)

    def read(self, headers: Mapping[str, str]) -> RateState | None:
        """Parse and remember the quota headers of an answer, without changing the pace."""
        state = self._parser(headers, self._timing.wall())
        if state is not None:
            self._state = state
        return state

    async def observe(self, headers: Mapping[str, str]) -> None:
        """Adapt the pace to the headers of an answer.

        An exhausted quota stops all requests until its reset. When less than a tenth is left, the
        rest is spread over the time to the reset, unless we count ourselves.
        """
        state = self.read(headers)
        if state is None or not state.reset_s:
            return
        if state.exhausted:
            await self.push(state.reset_s)
        elif state.limit and state.remaining and not self.quota.counted:
            self._spread(state.limit, state.remaining, state.reset_s)

    def _refused(self) -> None:
        """Slow down for two windows at the second refusal in so long, and twice as much at each further one.

        The quota is less than we were told: that of another plan, or shared with others. Refusals that come
        together are one: of requests in flight, each of which may be told to wait for nothing.
        """
        now, again = self._timing.monotonic(), 2 * self.quota.per_s
        if now - self._refused_at < self.quota.per_s * _TOGETHER:
            return
        if now - self._refused_at < again:
            slower = 2 * max(self._pace.emission_s, self._slow_emission_s if now < self._slow_until else 0.0)
            self._slow_emission_s = min(slower, _SLOWEST * self._pace.emission_s)
            self._slow_until, self._is_slow = now + again, True
        self._refused_at = now

    def _spread(self, limit: int, remaining: int, reset_s: float) -> None:
        if remaining >= limit * _LOW_WATER:
            self._slow_until = -math.inf
            return
        self._slow_emission_s = reset_s / remaining
        self._slow_until = self._timing.monotonic() + reset_s

    def _current_pace(self) -> Pace:
        if self._timing.monotonic() < self._slow_until:
            return replace(self._pace, emission_s=max(self._pace.emission_s, self._slow_emission_s), burst=1)
        return self._pace

    def _semaphore(self) -> asyncio.Semaphore:
        # A semaphore belongs to one event loop, a governor to the whole process.
        loop = asyncio.get_running_loop()
        semaphore = self._slots.get(loop)
        if semaphore is None:
            semaphore = self._slots[loop] = asyncio.Semaphore(self.quota.concurrency)
        return semaphore

    async def _wait_turn(self, end: float, operation: str | None, cost: float) -> None:
        while True:
            left = max(0.0, end - self._timing.monotonic())
            if self._is_slow and self._timing.monotonic() >= self._slow_until:
                self._is_slow = False
                await self._gate.push(self._key, self._pace, 0.0)  # no burst comes of having been slow
            pace = self._current_pace()
            wait = await self._gate.reserve(self._key, pace, cost=cost, max_wait_s=left)
            wait = max(wait, self._blocked_s())
            if wait > left:
                raise self._refusal(operation, wait)
            if wait > 0:
                await self._timing.sleep(wait)
            # Another task may have been told to wait while this one slept: queue up again.
            if self._blocked_s() <= 0:
                return

    def _blocked_s(self) -> float:
        return self._blocked_until - self._timing.monotonic()

    def _refusal(self, operation: str | None, seconds: float | None) -> RateLimitedError:
        wait = "no request in flight ended in time" if seconds is None else (
            f"the next request may be sent in {math.ceil(seconds)} s, later than this call may wait"
        )  # fmt: skip
        return RateLimitedError(
            f"not sent, the quota is used up: {wait}",
            retry_after_s=seconds,
            provider=self.provider,
            operation=operation,
        )


_shared: Final[weakref.WeakValueDictionary[tuple[str, str, str], Governor]] = weakref.WeakValueDictionary()
_shared_lock: Final = threading.Lock()


_common: Gate | None = None


def share_quotas(gate: Gate | None) -> None:
    """Keep the pace of all governors that are made from here on in one gate, shared with other processes.

    Args:
        gate: where; `None` for each process on its own again.
    """
    global _common  # noqa: PLW0603 - as are the governors: one set for the process
    with _shared_lock:
        _common = gate


def common_gate() -> Gate | None:
    """The gate of `share_quotas`."""
    return _common


def shared_governor(
    provider: str,
    base_url: str,
    credential: str,
    *,
    quota: Quota | None = None,
    gate: Gate | None = None,
    parser: RateHeaderParser = parse_rate_headers,
    timing: Timing | None = None,
) -> Governor:
    """The governor of one credential on one server, the same for all clients of this process.

    Args:
        provider: registered provider name.
        base_url: as from `parse_base_url`.
        credential: `Auth.fingerprint()`; never the secret.
        quota: used when the governor is made; later callers get the one that exists, as it lives
            for as long as somebody holds it.
        gate: see `Governor`; the same applies. By default that of `share_quotas`.
        parser: see `Governor`; the same applies.
        timing: see `Governor`; the same applies.
    """
    name = (provider, base_url, credential)
    with _shared_lock:
        governor = _shared.get(name)
        if governor is None:
            key = ":".join(name)
            governor = Governor(
                provider=provider,
                quota=quota,
                key=key,
                gate=gate or _common,
                parser=parser,
                timing=timing,
            )
            _shared[name] = governor
        return governor
