"""The vendor's quotas: of the token, of the key that tokens share, of addresses below `/members/`.

300 requests in 10 seconds for a key, 100 for a token, 100 in 15 minutes below `/members/` ([doc]
rate-limits). What is sent stays below, because other programs may use the same token. Requests of a token are
counted, so that its burst costs no pace; elsewhere a burst counts twice, as it may stand at the end of one of
the vendor's windows.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Mapping

from pm_providers.transport import Gate, LocalGate, Pace, Quota, RateState, Timing, common_gate

__all__ = ["KEY_QUOTA", "MEMBER_QUOTA", "TOKEN_QUOTA", "WINDOW_S", "SharedKeyGate", "key_gate", "read_quota"]

WINDOW_S = 10.0
"""Seconds of the window; what to wait where an answer does not tell."""

TOKEN_QUOTA = Quota(requests=96, per_s=WINDOW_S, concurrency=16, counted=True)
KEY_QUOTA = Quota(requests=270, per_s=WINDOW_S, burst=60, concurrency=64)
MEMBER_QUOTA = Quota(requests=90, per_s=900.0, burst=45, concurrency=16)

_KINDS = ("token", "key")

_gates: weakref.WeakValueDictionary[tuple[str, str], LocalGate] = weakref.WeakValueDictionary()
_lock = threading.Lock()


class _KeyIn:
    """The pace of one API key in a gate that holds many."""

    def __init__(self, gate: Gate, name: str) -> None:
        self._gate = gate
        self._name = name

    async def reserve(
        self, key: str, pace: Pace, *, cost: float = 1.0, max_wait_s: float = math.inf
    ) -> float:
        return await self._gate.reserve(f"{self._name}:{key}", pace, cost=cost, max_wait_s=max_wait_s)

    async def push(self, key: str, pace: Pace, seconds: float) -> None:
        await self._gate.push(f"{self._name}:{key}", pace, seconds)


def key_gate(base_url: str, key: str, timing: Timing | None) -> Gate:
    """Where the pace of an API key is kept: for all its tokens in this process, or in all that share quotas.

    Args:
        base_url: address of the host.
        key: fingerprint of the key.
        timing: clock, of the first that asks.
    """
    common = common_gate()
    if common is not None:
        return _KeyIn(common, f"trello-key:{base_url}:{key}")
    with _lock:
        found = _gates.get((base_url, key))
        if found is None:
            found = _gates[base_url, key] = LocalGate(timing)
        return found


class SharedKeyGate:
    """A gate that admits a request when the token and the key both may send it.

    Args:
        own: gate of the token.
        shared: gate of the key.
    """

    def __init__(self, own: Gate, shared: Gate) -> None:
        self._own = own
        self._shared = shared

    async def reserve(
        self, key: str, pace: Pace, *, cost: float = 1.0, max_wait_s: float = math.inf
    ) -> float:
        """See `Gate.reserve`; the longer of both waits."""
        wait = await self._shared.reserve("key", KEY_QUOTA.pace(), cost=cost, max_wait_s=max_wait_s)
        if wait > max_wait_s:
            return wait
        return max(wait, await self._own.reserve(key, pace, cost=cost, max_wait_s=max_wait_s))

    async def push(self, key: str, pace: Pace, seconds: float) -> None:
        """See `Gate.push`."""
        await self._own.push(key, pace, seconds)


def read_quota(headers: Mapping[str, str], wall_now: float) -> RateState | None:
    """The quota with the least left of those that an answer tells.

    `x-rate-limit-api-token-remaining`, `-max`, `-interval-ms`, and the same with `api-key`. The interval is
    the length of the window, so the reset is that far away at most.
    """
    del wall_now
    found = [one for one in (_state(headers, kind) for kind in _KINDS) if one is not None]
    return min(found, key=lambda one: one.remaining or 0, default=None)


def _state(headers: Mapping[str, str], kind: str) -> RateState | None:
    prefix = f"x-rate-limit-api-{kind}-"
    remaining = _count(headers.get(f"{prefix}remaining"))
    if remaining is None:
        return None
    interval = _count(headers.get(f"{prefix}interval-ms"))
    seconds = WINDOW_S if interval is None else min(interval / 1000, 900.0)
    return RateState(_count(headers.get(f"{prefix}max")), remaining, seconds)


def _count(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
