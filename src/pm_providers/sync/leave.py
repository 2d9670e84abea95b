"""A run's leave to write: its lease, looked at again right before writes leave the machine.

The fence keeps a run that was frozen, and wakes up after another took over, from changing our database. It
cannot keep a request from a vendor. So no write is sent unless the run held its lease a moment ago; and what
it was about to send counts as new from then on, so that nobody takes it for never sent while it may still be
on its way.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from pm_providers.database import Database
from pm_providers.effects import Permit, permitted
from pm_providers.store.sync_history import stamp_intents
from pm_providers.store.sync_state import write_fenced

__all__ = ["WITHIN_S", "leave_to_write"]

WITHIN_S = 20.0
"""Seconds for which a look at the lease is good, at most: others wait longer for a run that went silent."""

_LEAST_S = 0.05


def leave_to_write(
    db: Database,
    mapping_id: str,
    fence: int,
    *,
    since: tuple[float, ...],
    within_s: float = WITHIN_S,
    settle_s: float = 0.0,
) -> AbstractContextManager[None]:
    """Block in which the run of a fence may write.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        since: clocks (`effects.elapsed`) before the lease was taken.
        within_s: see `WITHIN_S`.
        settle_s: after so long others take a creation that they cannot find for never sent; 0 for no wait.
    """

    async def renew() -> None:
        await write_fenced(db, mapping_id, fence, lambda conn: stamp_intents(conn, mapping_id, fence))

    bound = min(within_s, settle_s / 2) if settle_s else within_s
    return permitted(Permit(max(_LEAST_S, bound), renew, since=since))
