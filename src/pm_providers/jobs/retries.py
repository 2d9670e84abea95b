"""When a run that failed is tried again. Pure."""

from __future__ import annotations

import random

from pm_providers.errors import (
    ConflictError,
    PMError,
    ProviderError,
    RateLimitedError,
    TransportError,
)
from pm_providers.jobs.port import Again, Dead, Done, Outcome
from pm_providers.store.sync_state import TakenOverError
from pm_providers.sync.report import RunReport

__all__ = ["FIRST_S", "LONGEST_S", "after_error", "after_run", "backoff"]

FIRST_S, LONGEST_S = 5.0, 900.0
_PASSING = (TransportError, ProviderError, RateLimitedError, ConflictError)


def backoff(attempt: int, *, least: float = 0.0, chance: float | None = None) -> float:
    """Seconds until the next try: doubled each time, spread so that workers do not come all at once.

    Args:
        attempt: number of the try that failed, from 1.
        least: what the vendor asked for.
        chance: between 0 and 1; drawn when missing.
    """
    drawn = random.random() if chance is None else chance  # noqa: S311 - spreads load, guards nothing
    full = min(LONGEST_S, FIRST_S * 2.0 ** (attempt - 1))
    return max(least, full * (0.5 + drawn / 2))


def after_error(error: PMError, attempt: int) -> Outcome:
    """What becomes of a run that an error ended."""
    if isinstance(error, TakenOverError):
        return Done("another run took over")
    asked = getattr(error, "retry_after_s", None) or 0.0
    if error.retryable or isinstance(error, _PASSING):
        return Again(backoff(attempt, least=float(asked)), str(error))
    return Dead(str(error))


def after_run(report: RunReport, attempt: int) -> Outcome:
    """What becomes of a run that came to its end."""
    if report.state == "refused":
        return Dead(f"{report.reason}; {report.next_step}" if report.next_step else report.reason)
    failed = report.counts["failed"] + report.counts["unsure"]
    if failed:
        return Again(backoff(attempt), f"{failed} writes failed or are unsure")
    return Done(f"{report.writes} writes")
