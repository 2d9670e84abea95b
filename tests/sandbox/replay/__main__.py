"""Prints how many steps match per file, and the first differences.

Usage: `python -m tests.sandbox.replay [--all] [FILE_NUMBER...]`; `--all` shows known differences too.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

from tests.sandbox.replay.known import KNOWN_DIFFERENCES
from tests.sandbox.replay.runner import Outcome, Replay
from tests.shared_material import shared_path

SHOWN = 6


def main() -> None:
    """Run and report."""
    wanted = {arg for arg in sys.argv[1:] if not arg.startswith("--")}
    show_known = "--all" in sys.argv
    outcomes = asyncio.run(Replay(shared_path("corpus", "openproject-live")).run())
    total: Counter[str] = Counter()
    matched: Counter[str] = Counter()
    for outcome in outcomes:
        file = outcome.step.file
        total[file] += 1
        matched[file] += not outcome.differences
        if file[:2] in wanted or outcome.step.key in wanted:
            _show(outcome, show_known=show_known)
    for file in total:
        _say(f"{file:50} {matched[file]:4} / {total[file]:4}")
    share = 100 * matched.total() / total.total()
    _say(f"{'all':50} {matched.total():4} / {total.total():4}  {share:.1f} %")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _show(outcome: Outcome, *, show_known: bool) -> None:
    key = outcome.step.key
    found = [
        d
        for d in outcome.differences
        if show_known or not any(known.excuses(key, d) for known in KNOWN_DIFFERENCES)
    ]
    if found:
        _say(f"{key} {outcome.step.method} {outcome.step.path} [{outcome.step.name}]")
        for difference in found[:SHOWN]:
            _say(f"      {difference}")
        if len(found) > SHOWN:
            _say(f"      ... {len(found) - SHOWN} more")


if __name__ == "__main__":
    main()
