"""When the next request may be sent: the arithmetic of quotas, and where its state is kept.

Two rules, of which the stricter holds. GCRA, the generic cell rate algorithm, spreads requests: one number
per credential, the theoretical arrival time `tat`. Each request moves it on by one emission interval; a
vendor's "wait" moves it forward. Where a quota is counted, what was sent in the last window is remembered as
well, so that a large burst costs nothing of the quota. Both fit into one row of a database, so the same
arithmetic works within a process (`LocalGate`) and across workers (any other `Gate`).
"""

from __future__ import annotations

import dataclasses
import math
import threading
from typing import Final, Protocol

from pm_providers.transport.policy import Timing

__all__ = ["Gate", "LocalGate", "Pace", "PaceState", "Quota", "admit", "gcra", "gcra_push"]

_SLOTS: Final = 60
_BURST_SHARE: Final = 0.75
_FULL_SHARE: Final = 0.95
_EVEN_SHARE: Final = 0.9


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """Rate in the terms of GCRA, and what a window may hold.

    Attributes:
        emission_s: seconds between two requests in the long run; 0 means no limit.
        burst: requests that may follow each other at once after a rest.
        limit: requests in any `per_s` seconds, counted; `None` counts nothing.
        per_s: length of the window in seconds.
    """

    emission_s: float = 0.0
    burst: int = 1
    limit: int | None = None
    per_s: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Quota:
    """A vendor's documented quota.

    Attributes:
        requests: requests per window; `None` where the vendor has no limit.
        per_s: length of the window in seconds.
        burst: requests that may be sent at once; by default a tenth of `requests`, counted up to three
            quarters.
        concurrency: requests in flight at the same time, per process.
        counted: remember what was sent in the last `per_s`, for quotas that a vendor holds over the whole
            window. After the burst, and after each refusal, requests are spread a tenth below the quota until
            there is a rest: a vendor may hold it over parts of the window as well.
    """

    requests: int | None = None
    per_s: float = 1.0
    burst: int | None = None
    concurrency: int = 10
    counted: bool = False

    def __post_init__(self) -> None:
        requests = 1 if self.requests is None else self.requests
        if self.concurrency < 1 or requests < 1 or not 0 < self.per_s < math.inf:
            raise ValueError("a quota is made of positive numbers")
        if self.burst is not None and not 1 <= self.burst <= (self.requests or self.burst):
            raise ValueError("burst must lie between 1 and the number of requests")

    def pace(self) -> Pace:
        """Pace that never exceeds the quota, wherever the vendor's window begins.

        In any window GCRA admits the burst plus one request per emission interval, so where nothing is
        counted the interval is stretched by what the burst takes.
        """
        if self.requests is None:
            return Pace()
        if self.counted:
            burst = self.burst or self._counted_burst(self.requests)
            return Pace(self.per_s / (self.requests * _EVEN_SHARE), burst, self.requests, self.per_s)
        burst = self.burst or max(1, self.requests // 10)
        return Pace(self.per_s / max(1, self.requests - burst), burst)

    def _counted_burst(self, requests: int) -> int:
        """Three quarters, less those in flight where the quota is small.

        Whoever finds the window full waits until its beginning has left it. Those in flight are told so when
        the burst has just been sent, and so wait about a whole window: more than calls may.
        """
        room = math.floor(requests * _FULL_SHARE) - self.concurrency
        return max(1, min(math.floor(requests * _BURST_SHARE), room))


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


@dataclasses.dataclass(frozen=True, slots=True)
class PaceState:
    """What is remembered of one credential.

    Attributes:
        tat: see `gcra`.
        sent: begin of each sixtieth of the window in which something was sent, and how much; in order.
    """

    tat: float = -math.inf
    sent: tuple[tuple[float, float], ...] = ()


def admit(state: PaceState, now: float, pace: Pace, cost: float = 1.0) -> tuple[PaceState, float]:
    """Admit one request: `(new_state, wait)`; see `gcra` for the rest.

    What was sent counts for a sixtieth of the window longer than it could, as answers to "when" differ by the
    way between us and the vendor.
    """
    tat, wait = gcra(state.tat, now, pace.emission_s, pace.burst, cost)
    if pace.limit is None:
        return PaceState(tat), wait
    width = pace.per_s / _SLOTS
    kept = pace.per_s + 2 * width
    at = max(now + wait, state.sent[-1][0] if state.sent else now)
    sent = [one for one in state.sent if one[0] + kept > at]
    total = sum(number for _, number in sent)
    while sent and total + cost > pace.limit:
        begin, number = sent.pop(0)
        at, total = max(at, begin + kept), total - number
    if sent and at < sent[-1][0] + width:
        begin, number = sent.pop()
        sent.append((begin, number + cost))
    else:
        sent.append((at, cost))
    return PaceState(tat, tuple(sent)), max(0.0, at - now)


class Gate(Protocol):
    """Where the state lives, by key. Every method is atomic per key."""

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
        self._states: dict[str, PaceState] = {}
        self._lock = threading.Lock()

    async def reserve(
        self, key: str, pace: Pace, *, cost: float = 1.0, max_wait_s: float = math.inf
    ) -> float:
        """See `Gate.reserve`."""
        with self._lock:
            state, wait = admit(self._states.get(key, PaceState()), self._monotonic(), pace, cost)
            if wait <= max_wait_s:
                self._states[key] = state
            return wait

    async def push(self, key: str, pace: Pace, seconds: float) -> None:
        """See `Gate.push`."""
        with self._lock:
            state = self._states.get(key, PaceState())
            tat = gcra_push(state.tat, self._monotonic(), pace.emission_s, pace.burst, seconds)
            self._states[key] = dataclasses.replace(state, tat=tat)
