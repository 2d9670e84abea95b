"""Rate limits with the vendor's headers: points an hour, bursts, and writes on one issue.

All are off unless a test or the command line switches them on. Numbers and header names: [doc], [obs].
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from pm_providers.sandbox.jira.web import Reply, Session
from pm_providers.sandbox.kit import Clock, Quota

__all__ = ["LimitGate", "Limits"]

PER_SECOND = {"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50}
ENDPOINTS = (
    (re.compile(r"GET /rest/api/[^/]+/issue/[^/]+"), 150),
    (re.compile(r"POST /rest/api/[^/]+/search/approximate-count"), 150),
    (re.compile(r"GET /rest/api/[^/]+/issue/[^/]+/changelog"), 200),
    (re.compile(r"GET /rest/api/[^/]+/attachment/content/[^/]+"), 300),
)
ISSUE_WINDOWS = ((2.0, 20), (30.0, 100))
NEAR = 0.2
_ISSUE = re.compile(r"/rest/api/[^/]+/issue/([^/]+)(?:/.*)?")
_LISTS = ("issues", "values", "comments", "worklogs", "issueChangeLogs", "histories")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which limits hold.

    Attributes:
        points: points of a window; None has no such limit.
        window_s: its length; windows start at multiples of it in Unix time.
        reason: what a 429 names: jira-quota-global-based or jira-quota-tenant-based.
        everyone: count the points of API tokens too; the vendor counts those of apps only.
        flat: each request costs one point, whatever it returns.
        burst: limit requests per second by endpoint and method, for all callers together.
        per_second: requests a second by method, for `burst`.
        per_issue: limit writes on one issue.
        retry_after: "seconds", "date" (an HTTP date) or "" (absent, as happens).
        structured: also send `RateLimit` and `RateLimit-Policy`, with the `Beta-` prefix.
    """

    points: int | None = None
    window_s: int = 3600
    reason: str = "jira-quota-tenant-based"
    everyone: bool = False
    flat: bool = False
    burst: bool = False
    per_second: dict[str, int] = field(default_factory=lambda: dict(PER_SECOND))
    per_issue: bool = False
    retry_after: str = "seconds"
    structured: bool = False

    @classmethod
    def vendor(cls) -> Limits:
        """The vendor's own numbers (the smallest tenant's points)."""
        return cls(points=100_000, burst=True, per_issue=True)

    @classmethod
    def of_quota(cls, quota: Quota) -> Limits:
        """So many requests in a window, for everyone."""
        wait = "seconds" if quota.retry_after else ""
        return cls(points=quota.limit, window_s=quota.window_s, everyone=True, flat=True, retry_after=wait)


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


class LimitGate:
    """Asked before and told after each request.

    Args:
        current: gives the limits, which may change while the sandbox runs; None has none.
    """

    def __init__(self, clock: Clock, current: Callable[[], Limits | None]) -> None:
        self._clock, self._current = clock, current
        self._window, self._used = -1, 0
        self._buckets: dict[str, _Bucket] = {}
        self._writes: dict[str, deque[datetime]] = {}

    def before(self, session: Session, method: str, path: str) -> Reply | None:
        """The 429 answer of a request that is over a limit, else None."""
        limits = self._current()
        if limits is None:
            return None
        return (
            self._over_points(limits, session)
            or self._over_burst(limits, method, path)
            or self._over_issue(limits, session, method, path)
        )

    def after(self, session: Session, method: str, path: str, reply: Reply) -> None:  # noqa: ARG002  # the protocol's arguments
        """Count what was answered and add headers."""
        limits = self._current()
        if limits is None or limits.points is None or not self._counts(limits, session):
            return
        self._used += 1 if limits.flat else _cost(method, reply.body)
        left = max(0, limits.points - self._used)
        reply.headers |= self._headers(limits, left)

    def _counts(self, limits: Limits, session: Session) -> bool:
        return limits.everyone or "/ex/jira/" in session.base_url

    def _headers(self, limits: Limits, left: int) -> dict[str, str]:
        points = limits.points or 0
        found = {
            "x-ratelimit-limit": str(points),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": f"{self._reset(limits):%Y-%m-%dT%H:%MZ}",
        }
        if left < points * NEAR:
            found["x-ratelimit-nearlimit"] = "true"
        if limits.structured:
            name = "global-app-quota" if "global" in limits.reason else "tenant-app-quota"
            wait = self._wait(self._reset(limits))
            found["beta-ratelimit-policy"] = f'"{name}";q={points};w={limits.window_s}'
            found["beta-ratelimit"] = f'"{name}";r={left};t={wait}'
        return found

    def _reset(self, limits: Limits) -> datetime:
        window = int(self._clock.now().timestamp() // limits.window_s)
        return datetime.fromtimestamp((window + 1) * limits.window_s, UTC)

    def _wait(self, moment: datetime) -> int:
        return max(1, -int((self._clock.now() - moment).total_seconds() // 1))

    def _over_points(self, limits: Limits, session: Session) -> Reply | None:
        if limits.points is None or not self._counts(limits, session):
            return None
        window = int(self._clock.now().timestamp() // limits.window_s)
        if window != self._window:
            self._window, self._used = window, 0
        if self._used < limits.points:
            return None
        return self._refusal(limits, limits.reason, self._reset(limits), self._headers(limits, 0))

    def _over_burst(self, limits: Limits, method: str, path: str) -> Reply | None:
        if not limits.burst:
            return None
        line = f"{method} {re.sub(r'/[A-Z][A-Z0-9_]+-[0-9]+|/[0-9]+', '/{id}', path)}"
        rate = next((n for known, n in ENDPOINTS if known.fullmatch(f"{method} {path}")), None)
        size = float(rate or limits.per_second.get(method, 50))
        now = self._clock.now()
        bucket = self._buckets.setdefault(line, _Bucket(size, now))
        bucket.left = min(size, bucket.left + size * (now - bucket.at).total_seconds())
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return None
        headers = {"x-ratelimit-limit": str(int(size)), "x-ratelimit-remaining": "0"}
        return self._refusal(limits, "jira-burst-based", now + timedelta(seconds=1), headers)

    def _over_issue(self, limits: Limits, session: Session, method: str, path: str) -> Reply | None:
        found = _ISSUE.fullmatch(path)
        if not limits.per_issue or method == "GET" or found is None:
            return None
        issue = session.state.issue(found.group(1))
        if issue is None:
            return None
        now = self._clock.now()
        times = self._writes.setdefault(str(issue.id), deque(maxlen=ISSUE_WINDOWS[-1][1]))
        for seconds, most in ISSUE_WINDOWS:
            recent = [at for at in times if (now - at).total_seconds() < seconds]
            if len(recent) >= most:
                free = recent[-most] + timedelta(seconds=seconds)
                return self._refusal(limits, "jira-per-issue-on-write", free, {})
        times.append(now)
        return None

    def _refusal(self, limits: Limits, reason: str, free: datetime, headers: dict[str, str]) -> Reply:
        headers = {**headers, "ratelimit-reason": reason}
        if limits.retry_after == "seconds":
            headers["retry-after"] = str(self._wait(free))
        elif limits.retry_after == "date":
            late = self._clock.now() + timedelta(seconds=self._wait(free))
            headers["retry-after"] = format_datetime(late, usegmt=True)
        return Reply({"errorMessages": ["Rate limit exceeded"], "errors": {}}, 429, headers=headers)


def _cost(method: str, body: Any) -> int:
    """1, and 1 for each object that a read returns."""
    if method != "GET" and not isinstance(body, dict):
        return 1
    if isinstance(body, list):
        return 1 + len(body)
    if not isinstance(body, dict):
        return 1
    rows = next((body[name] for name in _LISTS if isinstance(body.get(name), list)), None)
    if rows is not None:
        return 1 + len(rows)
    return 2 if method == "GET" else 1
