"""What vendors say about their quota in response headers."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["RateState", "http_date", "parse_rate_headers"]

_PREFIXES: Final = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
_EPOCH_MS_FROM: Final = 1e11
_EPOCH_S_FROM: Final = 1e8
_LONGEST_S: Final = 366 * 86400.0
_ITEM: Final = re.compile(r"(?:^|[;,\s])(q|r|t|w|limit|remaining|reset)\s*=\s*([0-9]{1,12})")


@dataclasses.dataclass(frozen=True, slots=True)
class RateState:
    """A vendor's quota as one answer told it.

    Attributes:
        limit: requests per window; `None` when not told.
        remaining: requests left in the window; `None` when not told.
        reset_s: seconds until the window starts anew; `None` when not told.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left of the window."""
        return self.remaining == 0


def parse_rate_headers(headers: Mapping[str, str], wall_now: float) -> RateState | None:
    """Read the common forms of quota headers; malformed ones count as absent.

    Understood are `X-RateLimit-*`, `RateLimit-*`, `X-Rate-Limit-*` with `Limit`, `Remaining` and
    `Reset` (seconds from now, seconds or milliseconds since 1970, or an ISO 8601 instant), and the
    IETF fields `RateLimit` and `RateLimit-Policy` in both draft forms. Of several IETF policies the
    one with the least left counts.

    Instants are relative to the answer's own `Date`, so that a wrong clock on either side does not matter.

    Args:
        headers: response headers, look-up ignoring case.
        wall_now: seconds since 1970, for answers without a `Date`.

    Returns:
        `None` when there is no usable quota header.
    """
    told = http_date(headers.get("date", ""))
    wall_now = wall_now if told is None else told
    for prefix in _PREFIXES:
        state = RateState(
            limit=_count(headers.get(f"{prefix}limit")),
            remaining=_count(headers.get(f"{prefix}remaining")),
            reset_s=_reset(headers.get(f"{prefix}reset"), wall_now),
        )
        if state != RateState():
            return state
    return _ietf(headers)


def http_date(value: str) -> float | None:
    """Seconds since 1970 of a date as headers have it; `None` where it is none."""
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _count(value: str | None) -> int | None:
    head = re.match(r"\s*([0-9]{1,12})\s*(?:$|[;,])", value or "")
    return int(head[1]) if head else None


def _reset(value: str | None, wall_now: float) -> float | None:
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        number = float(text)
        if number >= _EPOCH_MS_FROM:
            return _bounded(number / 1000 - wall_now)
        return _bounded(number - wall_now if number >= _EPOCH_S_FROM else number)
    return _iso_reset(text, wall_now)


def _iso_reset(text: str, wall_now: float) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _bounded(moment.timestamp() - wall_now)
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) and seconds < _LONGEST_S else None


def _ietf(headers: Mapping[str, str]) -> RateState | None:
    value = headers.get("ratelimit", "")
    # The older draft has one policy with commas between its items, the newer one per comma.
    parts = [value] if "remaining" in value.lower() else value.split(",")
    states = [_ietf_item(part) for part in parts]
    known = [state for state in states if state.remaining is not None]
    policy = _ietf_item(headers.get("ratelimit-policy", ""))
    if not known:
        return RateState(limit=policy.limit) if policy.limit is not None else None
    least = min(known, key=lambda state: (state.remaining or 0, -(state.reset_s or 0.0)))
    one_policy = len(known) == 1 and least.limit is None
    return dataclasses.replace(least, limit=policy.limit) if one_policy else least


def _ietf_item(text: str) -> RateState:
    found = {name: int(number) for name, number in reversed(_ITEM.findall(text.lower()))}
    reset = found.get("t", found.get("reset"))
    return RateState(
        limit=found.get("q", found.get("limit")),
        remaining=found.get("r", found.get("remaining")),
        reset_s=None if reset is None else _bounded(float(reset)),
    )
