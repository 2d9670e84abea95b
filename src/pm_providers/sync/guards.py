"""What stops a run before it writes: a plan that nobody approved, or more losses than one run may make."""

from __future__ import annotations

from pm_providers.sync.planning import Summary
from pm_providers.sync.policy import Policy
from pm_providers.sync.report import RunOptions, RunReport

__all__ = ["is_refused"]


def is_refused(
    report: RunReport, options: RunOptions, policy: Policy, summary: Summary, linked: int, number: int
) -> bool:
    """Whether a run may not write (more); the report then says why, and what to do about it.

    Args:
        report: of the run so far.
        options: that people asked for.
        policy: of the mapping.
        summary: what the round would do.
        linked: pairs of items.
        number: of the round, from 0.
    """
    if number == 0 and not options.dry and options.plan_id not in {None, summary.id}:
        now = f"now it would be {summary.id}" if summary.id else "now there is nothing to do"
        report.reason = f"the plan {options.plan_id} is stale: {now}"
        report.next_step = "look at the new plan, then approve that"
        report.state, report.stale = "refused", True
        return True
    if options.allow_deletes:
        return False
    lost = summary.deletes + report.counts["delete"] + report.counts["close"]
    bound = max(policy.fuse_least, int(policy.fuse_share * linked))
    changed = summary.overwrites
    most = max(policy.fuse_overwrite_least, int(policy.fuse_overwrite_share * linked))
    if lost <= bound and changed <= most:
        return False
    what = (lost, "deleted", bound) if lost > bound else (changed, "overwritten", most)
    if not options.dry:
        report.state = "partial" if report.run_id else "refused"
    report.reason = f"{what[0]} of {linked} items would be {what[1]}; without permission {what[2]} may be"
    report.next_step = "look at the plan; if it is meant, run it with the deletes allowed"
    return True
