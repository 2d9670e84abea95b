"""Trello's rate limits: per key, per token, for `/members/` and for searches, with its headers.

All are off unless a test or the command line switches them on. Numbers: [doc] guides/rest-api/rate-limits;
headers: [obs] trello-archive/api-docs#147; there is no `Retry-After`. That for searches is not published.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.kit import Clock, Quota
from pm_providers.sandbox.trello.errors import ApiError
from pm_providers.sandbox.trello.web import Session

__all__ = ["LimitGate", "Limits"]

_MEMBER_ROUTE = re.compile(r"/1/members?(/|$)")
_SEARCH_ROUTE = re.compile(r"/1/search(/|$)")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Which limits hold; each a pair of requests and seconds, None for no such limit.

    Attributes:
        key, token: for all requests of an API key or token.
        member: for routes that start with `/members`, per token.
        search: for `/search` and below, per token.
        strikes: more refusals than that in a window of the key block the key for the rest of it.
        cards: cards read by a token in ten seconds, for the time that it may cost the database.
    """

    key: tuple[int, int] | None = None
    token: tuple[int, int] | None = None
    member: tuple[int, int] | None = None
    search: tuple[int, int] | None = None
    strikes: int | None = None
    cards: int | None = None

    @classmethod
    def vendor(cls) -> Limits:
        """The vendor's own numbers; the one for searches is a guess."""
        return cls(key=(300, 10), token=(100, 10), member=(100, 900), search=(30, 10), strikes=200)

    @classmethod
    def of_quota(cls, quota: Quota) -> Limits:
        """So many requests of a token in a window."""
        return cls(token=(quota.limit, quota.window_s))


@dataclass(slots=True)
class _Window:
    number: int = -1
    used: int = 0


@dataclass(slots=True)
class _Counts:
    windows: dict[tuple[str, str], _Window] = field(default_factory=dict)

    def add(self, kind: str, who: str, window_s: int, now: float, amount: int = 1) -> int:
        """Count and return what is used in the running window."""
        window = self.windows.setdefault((kind, who), _Window())
        number = int(now // window_s)
        if window.number != number:
            window.number, window.used = number, 0
        window.used += amount
        return window.used


class LimitGate:
    """Counts requests; refused ones count too.

    Args:
        current: gives the limits, which may change while the sandbox runs; None has none.
    """

    def __init__(self, clock: Clock, current: Callable[[], Limits | None]) -> None:
        self._clock, self._current = clock, current
        self._counts = _Counts()

    def count(self, session: Session, path: str) -> dict[str, str]:
        """Count a request; gives the headers of its answer.

        Raises:
            ApiError: 429, with the same headers.
        """
        limits = self._current()
        if limits is None:
            return {}
        key = session.app_id or ""
        token = session.token.id if session.token is not None else key
        headers: dict[str, str] = {}
        refused: dict[str, str] | None = None
        for kind, who, limit, body in self._rules(limits, key, token, path):
            left = limit[0] - self._counts.add(kind, who, limit[1], self._now())
            headers |= _headers(kind, limit, max(0, left))
            if left < 0 and refused is None:
                refused = body
        if refused is None and self._blocked(limits, key):
            refused = {"error": "API_KEY_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}
        if refused is not None:
            self._strike(limits, key)
            raise ApiError(429, refused, headers)
        return headers

    def charge(self, session: Session) -> None:
        """Count what a request read.

        Raises:
            ApiError: 429 `API_TOKEN_DB_LIMIT_EXCEEDED`.
        """
        limits = self._current()
        if limits is None or limits.cards is None or session.token is None:
            return
        if self._counts.add("db", session.token.id, 10, self._now(), session.cards) > limits.cards:
            raise ApiError(429, {"error": "API_TOKEN_DB_LIMIT_EXCEEDED", "message": "Rate limit exceeded"})

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @staticmethod
    def _rules(
        limits: Limits, key: str, token: str, path: str
    ) -> list[tuple[str, str, tuple[int, int], Any]]:
        member = limits.member if _MEMBER_ROUTE.match(path) else None
        search = limits.search if _SEARCH_ROUTE.match(path) else None
        rules = (
            ("api-key", key, limits.key, _body("API_KEY_LIMIT_EXCEEDED")),
            ("api-token", token, limits.token, _body("API_TOKEN_LIMIT_EXCEEDED")),
            ("member", token, member, _body("RATE_LIMIT_EXCEEDED", "Exceeded rate limit to /1/member")),
            ("search", token, search, _body("RATE_LIMIT_EXCEEDED", "Exceeded rate limit to /1/search")),
        )
        return [(kind, who, limit, body) for kind, who, limit, body in rules if limit is not None]

    def _strike(self, limits: Limits, key: str) -> None:
        self._counts.add("strikes", key, limits.key[1] if limits.key else 10, self._now())

    def _blocked(self, limits: Limits, key: str) -> bool:
        used = self._counts.add("strikes", key, limits.key[1] if limits.key else 10, self._now(), 0)
        return limits.strikes is not None and used > limits.strikes


def _body(error: str, message: str = "Rate limit exceeded") -> dict[str, str]:
    return {"error": error, "message": message}


def _headers(kind: str, limit: tuple[int, int], left: int) -> dict[str, str]:
    if kind == "search":
        return {}
    name = f"x-rate-limit-{kind}"
    return {
        f"{name}-interval-ms": str(limit[1] * 1000),
        f"{name}-max": str(limit[0]),
        f"{name}-remaining": str(left),
    }
