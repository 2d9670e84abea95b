"""Limits of one transport, and the sources of time and chance that tests replace."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

__all__ = ["MIB", "Timing", "TransportPolicy"]

MIB: Final = 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TransportPolicy:
    """Bounds that hold for every call of one client. All times are seconds, all sizes bytes.

    Attributes:
        connect_timeout_s: for the TCP connection and the TLS handshake.
        read_timeout_s: between two pieces of an answer.
        write_timeout_s: between two pieces of a request body.
        pool_timeout_s: for a free connection of the pool.
        attempt_timeout_s: for one attempt from start to the last byte, so that an answer that drips
            in slowly ends too.
        total_timeout_s: for one call with all its attempts and waits.
        max_wait_s: longest single wait that a vendor may ask for (`Retry-After`) or the rate
            governor may impose; a longer one is refused at once with `RateLimitedError`.
        max_attempts: attempts per call, the first included.
        backoff_base_s: window of the first random wait; it doubles with each attempt.
        backoff_max_s: largest window of a random wait.
        max_bytes: size of an answer after decompression.
        max_depth: nesting of a JSON answer.
        max_redirects: redirects followed within one attempt.
        download_timeout_s: for a whole streamed download.
        max_download_bytes: size of a streamed download.
        max_connections: size of the connection pool.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    write_timeout_s: float = 30.0
    pool_timeout_s: float = 30.0
    attempt_timeout_s: float = 60.0
    total_timeout_s: float = 180.0
    max_wait_s: float = 60.0
    max_attempts: int = 4
    backoff_base_s: float = 0.5
    backoff_max_s: float = 20.0
    max_bytes: int = 32 * MIB
    max_depth: int = 200
    max_redirects: int = 5
    download_timeout_s: float = 600.0
    max_download_bytes: int = 2048 * MIB
    max_connections: int = 20

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in {"max_wait_s", "max_redirects", "backoff_base_s"} else None
            if not (value > 0 or value == least):
                raise ValueError(f"{field.name} must be positive, not {value!r}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Time and chance as the transport sees them; tests pass their own.

    Attributes:
        monotonic: seconds of a clock that only goes forward; for budgets and pacing.
        wall: seconds since 1970 UTC; for dates in headers.
        sleep: waits for a number of seconds.
        jitter: uniform random number between two bounds.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[float, float], float] = random.uniform
