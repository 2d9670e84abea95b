"""Trying examples of a state machine.

By itself it tries other examples each time; with `CI` set, those of `make test`, which are the same each time.

| variable | effect |
|---|---|
| `PM_SYNC_EXAMPLES` | so many examples of each pair of systems |
| `PM_SYNC_SEED` | those of this seed, which a failure names |
"""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.sync.replaying import shortened

SHORTEN_S = 120.0


def number_of(default: int) -> int:
    return int(os.environ.get("PM_SYNC_EXAMPLES", default))


def explored(kind: Any, db: Engine, number: int, steps: int) -> None:
    """Try examples. A failure comes with its seed, and with the steps for `regressions.py`."""
    chosen = os.environ.get("PM_SYNC_SEED")
    started = int(chosen) if chosen else None if os.environ.get("CI") else secrets.randbelow(10**9)
    kind = type(kind.__name__, (kind,), {"found": None})
    if started is not None:
        kind = seed(started)(kind)
    kind.db = db
    with asyncio.Runner() as kind.loop:
        try:
            run_state_machine_as_test(
                kind,
                settings=settings(
                    max_examples=number,
                    stateful_step_count=steps,
                    deadline=None,
                    phases=(Phase.generate,),  # theirs takes hours: see `shortened`
                    suppress_health_check=list(HealthCheck),
                    database=None,
                    report_multiple_bugs=False,
                ),
            )
        except Exception as error:  # noqa: BLE001 - all is raised again; Hypothesis may tell of its second try only
            played, first = kind.found or (kind.steps, error)
            if not os.environ.get("CI"):
                played = shortened(kind, played, SHORTEN_S)
            first.add_note(f"PM_SYNC_SEED={started}; a case for regressions.py:\n{list(played)!r}")
            raise first from None
