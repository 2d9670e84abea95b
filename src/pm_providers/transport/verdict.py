"""Success or failure: what an answer means for the caller, the governor and the retry rules."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import httpx2

from pm_providers.errors import PMError, RateLimitedError
from pm_providers.transport.answer import Answer
from pm_providers.transport.errors import (
    AttemptFailedError,
    VendorFault,
    Where,
    from_status,
    kind_for_status,
)
from pm_providers.transport.policy import Timing, TransportPolicy
from pm_providers.transport.ratelimit import Governor
from pm_providers.transport.retry import retry_after_s

__all__ = ["ErrorParser", "Verdict"]

ErrorParser = Callable[[Answer], VendorFault | None]
"""Reads a vendor's error answer; may use `Answer.json` freely, a failure there counts as None."""

_log: Final = logging.getLogger("pm_providers.transport")
# A vendor's error answer may have any form; what its parser trips over must not hide the status.
_PARSER_ERRORS: Final = (PMError, LookupError, TypeError, ValueError, AttributeError)


class Verdict:
    """Turns raw answers into `Answer` or a failure, and lets the governor learn from both.

    Args:
        governor: learns from quota headers and refusals.
        policy: bounds.
        timing: clock for dates in headers.
        error_parser: reads the vendor's error answers.
        hint: appended where something else than JSON came.
    """

    def __init__(
        self,
        *,
        governor: Governor,
        policy: TransportPolicy,
        timing: Timing,
        error_parser: ErrorParser | None,
        hint: str,
    ) -> None:
        self._governor = governor
        self._policy = policy
        self._timing = timing
        self._error_parser = error_parser
        self._hint = hint

    async def accept(self, response: httpx2.Response, content: bytes, where: Where, *, ok: bool) -> Answer:
        """The answer, if it is one that the caller expects.

        Raises:
            AttemptFailedError: it is not.
        """
        if not ok:
            raise await self.failure(response, content, where, trusted=True)
        await self._governor.observe(response.headers)
        return self._answer(response, content, where)

    async def failure(
        self, response: httpx2.Response, content: bytes, where: Where, *, trusted: bool
    ) -> AttemptFailedError:
        """Failure for an answer that the caller does not expect.

        Args:
            response: the answer.
            content: its body.
            where: what was being done.
            trusted: whether the vendor's server speaks, and not another host.
        """
        answer = self._answer(response, content, where)
        fault = self._fault(answer) if trusted else None
        kind = (fault.kind if fault else None) or kind_for_status(answer.status)
        wait = retry_after_s(answer.headers, self._timing.wall())
        if trusted:
            wait = await self._slow_down(answer, wait, limited=issubclass(kind, RateLimitedError))
        return from_status(
            answer.status, where, fault=fault, request_id=answer.request_id, retry_after_s=wait
        )

    async def _slow_down(self, answer: Answer, wait: float | None, *, limited: bool) -> float | None:
        """Tell the governor, and find the wait where `Retry-After` is missing."""
        if not limited and wait is None:
            await self._governor.observe(answer.headers)
            return None
        state = self._governor.read(answer.headers)
        if wait is None and state is not None and not state.remaining:
            wait = state.reset_s
        await self._governor.push(self._policy.backoff_base_s if wait is None else wait)
        return wait

    def _fault(self, answer: Answer) -> VendorFault | None:
        if self._error_parser is None or not answer.content:
            return None
        try:
            return self._error_parser(answer)
        except _PARSER_ERRORS:
            _log.debug("an error answer with HTTP %d has an unknown form", answer.status)
            return None

    def _answer(self, response: httpx2.Response, content: bytes, where: Where) -> Answer:
        return Answer(
            response.status_code,
            response.headers,
            content,
            where=where,
            max_depth=self._policy.max_depth,
            hint=self._hint,
        )
