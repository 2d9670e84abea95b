"""What people ask of a run, and what it tells them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pm_providers.errors import NotFoundError, PMError
from pm_providers.sync.leave import WITHIN_S
from pm_providers.sync.plan import Decision

__all__ = ["AskedError", "RunOptions", "RunReport", "advice"]


class AskedError(NotFoundError):
    """What a run was narrowed to is not there. Nothing is wrong with the mapping."""


_KEPT, _KEPT_TEXT = 10_000, 16_000_000
"""Decisions that a report holds, and characters of their values; beyond, it only counts."""


_DOUBTS = 1_000
"""Items not paired that a report lists; beyond, it only counts."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What people asked of one run.

    Attributes:
        dry: plan only.
        plan_id: apply only if the plan is still this one.
        budget: writes at most; `None` for that of the policy.
        fields: only these; nothing is created or deleted then.
        only: only items with these ids or keys, of either side.
        allow_deletes: the fuse does not stop this run.
        full: read all of both sides, with the parts of all tasks (several systems do not report a task as
            changed when only a comment was), also to find what was deleted without a word, and decide anew
            about all that was left or held.
        holder: who runs it, for people.
        patient: what failed before waits for its next try, later each time; for runs that nobody asked for.
        within_s: seconds for which a look at the lease is good; before a write is sent later, it looks again.
    """

    dry: bool = False
    plan_id: str | None = None
    budget: int | None = None
    fields: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    allow_deletes: bool = False
    full: bool = False
    holder: str = ""
    patient: bool = False
    within_s: float = WITHIN_S


@dataclass(slots=True)
class RunReport:
    """What a run did, or would do.

    Attributes:
        run_id: run in the history; `""` for a plan.
        plan_id: names the plan of the first round by what it does; `""` where there is nothing to do.
        planned: act -> number of decisions in the first round.
        counts: what was done -> number.
        decisions: of the first round; at most 10,000, with 16 million characters.
        held: kind of parts (`comments`, ...) -> why it, or one of it, is not carried.
        doubtful: link id -> why an item is not paired though there are candidates; at most 1,000.
        more_doubtful: number of those for which there was no room.
        state: `planned`, `done`, `refused` or `partial`.
        stale: it was refused because the plan that people approved is another one now.
        reason: why it was refused, or stopped early; of a plan, what would stop a run of it.
        next_step: what to do about it.
        kept_text: characters of `decisions`, and of those for which there was no room.
    """

    run_id: str = ""
    plan_id: str = ""
    planned: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[Decision] = field(default_factory=list)
    doubtful: dict[str, str] = field(default_factory=dict)
    more_doubtful: int = 0
    held: dict[str, str] = field(default_factory=dict)
    state: str = "planned"
    stale: bool = False
    reason: str = ""
    next_step: str = ""
    kept_text: int = 0

    def keep(self, one: Decision) -> None:
        """Put a decision on the list, while there is room for it."""
        if len(self.decisions) >= _KEPT:
            return
        self.kept_text += sum(len(str(value)) for step in one.steps for value in (step.old, step.new))
        if self.kept_text <= _KEPT_TEXT:
            self.decisions.append(one)

    def doubt(self, link_id: str, why: str) -> None:
        """Put an item on the list of those that are not paired, while there is room for it."""
        if len(self.doubtful) < _DOUBTS:
            self.doubtful[link_id] = why
        else:
            self.more_doubtful += 1

    @property
    def writes(self) -> int:
        """Writes to both sides that were carried out."""
        return sum(self.counts[name] for name in ("create", "update", "delete"))


def advice(error: PMError) -> str:
    """What to do about an error that stopped a run."""
    table = {
        "AuthenticationError": "renew the credentials of the connection",
        "PermissionDeniedError": "give the account of the connection the right, or narrow the mapping",
        "NotFoundError": "restore the project, or `pm-providers mappings remove` and add it anew",
        "ConfigurationError": "mend the settings of the connection",
        "RateLimitedError": "nothing to do: the next run waits for the quota",
        "TransportError": "nothing to do: the next run tries again",
    }
    return table.get(type(error).__name__, "look at the error; the next run tries again")
