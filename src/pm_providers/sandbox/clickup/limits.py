"""The rate limit of a token with the vendor's headers: requests a minute, by plan [doc].

Off unless a test or the command line switches it on; no `Retry-After`, the vendor documents none.
"""

from __future__ import annotations

from pm_providers.sandbox.clickup.web import Reply
from pm_providers.sandbox.kit import Clock, Quota, QuotaState

__all__ = ["LimitGate"]


class LimitGate:
    """Counts requests of each token apart.

    Args:
        clock: of the sandbox.
        quota: its size and window hold for all tokens; None counts nothing.
    """

    def __init__(self, clock: Clock, quota: Quota | None) -> None:
        self._clock = clock
        self._quotas: dict[str, Quota] = {}
        self.quota = quota

    def take(self, token: str, method: str, path: str) -> QuotaState | None:
        """Count a request; None where nothing is limited."""
        if self.quota is None:
            return None
        found = self._quotas.get(token)
        if found is None or (found.limit, found.window_s) != (self.quota.limit, self.quota.window_s):
            found = self._quotas[token] = Quota(self.quota.limit, window_s=self.quota.window_s)
        return found.take(method, path, self._clock)

    @staticmethod
    def refused() -> Reply:
        """The 429 as quoted from live answers."""
        return Reply({"err": "Rate limit reached", "ECODE": "APP_002"}, 429)

    @staticmethod
    def headers(state: QuotaState) -> dict[str, str]:
        """The headers of each counted answer."""
        return {
            "x-ratelimit-limit": str(state.limit),
            "x-ratelimit-remaining": str(state.remaining),
            "x-ratelimit-reset": str(state.reset_epoch),
        }
