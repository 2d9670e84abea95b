"""One rate governor per credential: never faster than the vendor allows.

Pacing is GCRA, the generic cell rate algorithm: one number per credential, the theoretical arrival
time `tat`. Each request moves it on by one emission interval; a vendor's "wait" moves it forward.
One number fits into one row of a database, so the same arithmetic works within a process
(`LocalGate`) and across workers (any other `Gate`).
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, Protocol

from pm_providers.errors import RateLimitedError
from pm_providers.transport.policy import Timing
from pm_providers.transport.quota_headers import RateState, parse_rate_headers

__all__ = [
    "Gate",
    "Governor",
    "LocalGate",
    "Pace",
    "Quota",
    "RateHeaderParser",
    "common_gate",
    "gcra",
    "gcra_push",
    "share_quotas",
    "shared_governor",
]

RateHeaderParser = Callable[[Mapping[str, str], float], RateState | None]
"""Response headers and the wall clock -> quota; `parse_rate_headers` is the default."""

_LOW_WATER: Final = 0.1
_LONGEST_PUSH_S: Final = 86400.0


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """Rate in the terms of GCRA.

    Attributes:
        emission_s: seconds between two requests in the long run; 0 means no limit.
        burst: requests that may follow each other at once after a rest.
    """

    emission_s: float = 0.0
    burst: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Quota:
    """A vendor's documented quota.

    Attributes:
        requests: requests per window; `None` where the vendor has no limit.
        per_s: length of the window in seconds.
        burst: requests that may be sent at once; by default a tenth of `requests`.
        concurrency: requests in flight at the same time, per process.
    """

    requests: int | None = None
    per_s: float = 1.0
    burst: int | None = None
    concurrency: int = 10

    def __post_init__(self) -> None:
        requests = 1 if self.requests is None else self.requests
        if self.concurrency < 1 or requests < 1 or not 0 < self.per_s < math.inf:
            raise ValueError("a quota is made of positive numbers")
        if self.burst is not None and not 1 <= self.burst <= (self.requests or self.burst):
            raise ValueError("burst must lie between 1 and the number of requests")

    def pace(self) -> Pace:
        """Pace that never exceeds the quota, wherever the vendor's window begins.

        In any window GCRA admits the burst plus one request per emission interval, so the interval
        is stretched by what the burst takes.
        """
        if self.requests is None:
            return Pace()
        burst = self.burst or max(1, self.requests // 10)
        return Pace(self.per_s / max(1, self.requests - burst), burst)


def gcra(tat: float, now: float, emission_s: float, burst: int, cost: float = 1.0) -> tuple[float, float]:
    """Admit one request: `(new_tat, wait)`.

    Args:
        tat: theoretical arrival time so far; anything up to `now` at first.
        now: the clock, in seconds; all parties to one `tat` must share it.
        emission_s: see `Pace`.
        burst: see `Pace`.
        cost: requests that this one counts as.

    Returns:
        What `tat` becomes if the request is sent, and the seconds to wait before sending it.
    """
    new_tat = max(tat, now) + emission_s * cost
    return new_tat, max(0.0, new_tat - emission_s * max(burst, cost) - now)


def gcra_push(tat: float, now: float, emission_s: float, burst: int, seconds: float) -> float:
    """New `tat` such that nothing is admitted for `seconds`, and no burst follows."""
    return max(tat, now + seconds + emission_s * (burst - 1))


class Gate(Protocol):
    """Where `tat` lives, by key. Every method is atomic per key."""

    async def reserve(
        self, key: str, pace: Pace, *, cost: float = 1.0, max_wait_s: float = math.inf
    ) -> float:
        """Reserve the next free moment and return the seconds until then.

        A wait above `max_wait_s` is returned too, but then nothing is reserved.
        """
        ...

    async def push(self, key: str, pace: Pace, seconds: float) -> None:
        """Admit nothing for `seconds` from now; never shortens an earlier push."""
        ...


class LocalGate:
    """Gate within this process."""

    def __init__(self, timing: Timing | None = None) -> None:
        self._monotonic = (timing or Timing()).monotonic
        self._tat: dict[str, float] = {}
        self._lock = threading.Lock()

    async def reserve(
        self, key: str, pace: Pace, *, cost: float = 1.0, max_wait_s: float = math.inf
    ) -> float:
        """See `Gate.reserve`."""
        with self._lock:
            now = self._monotonic()
            tat = self._tat.get(key, -math.inf)
            new_tat, wait = gcra(tat, now, pace.emission_s, pace.burst, cost)
            if wait <= max_wait_s:
                self._tat[key] = new_tat
            return wait

    async def push(self, key: str, pace: Pace, seconds: float) -> None:
        """See `Gate.push`."""
        with self._lock:
            now = self._monotonic()
            tat = self._tat.get(key, -math.inf)
            self._tat[key] = gcra_push(tat, now, pace.emission_s, pace.burst, seconds)


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
        self._blocked_until = max(self._blocked_until, self._timing.monotonic() + seconds)
        await self._gate.push(self._key, self._pace, seconds)

    def read(self, headers: Mapping[str, str]) -> RateState | None:
        """Parse and remember the quota headers of an answer, without changing the pace."""
        state = self._parser(headers, self._timing.wall())
        if state is not None:
            self._state = state
        return state

    async def observe(self, headers: Mapping[str, str]) -> None:
        """Adapt the pace to the headers of an answer.

        An exhausted quota stops all requests until its reset. When less than a tenth is left, the
        rest is spread over the time to the reset.
        """
        state = self.read(headers)
        if state is None or not state.reset_s:
            return
        if state.exhausted:
            await self.push(state.reset_s)
        elif state.limit and state.remaining:
            self._spread(state.limit, state.remaining, state.reset_s)

    def _spread(self, limit: int, remaining: int, reset_s: float) -> None:
        if remaining >= limit * _LOW_WATER:
            self._slow_until = -math.inf
            return
        self._slow_emission_s = reset_s / remaining
        self._slow_until = self._timing.monotonic() + reset_s

    def _current_pace(self) -> Pace:
        if self._timing.monotonic() < self._slow_until:
            return Pace(max(self._pace.emission_s, self._slow_emission_s), 1)
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
