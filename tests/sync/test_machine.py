"""The state machine over systems in memory. On failure Hypothesis prints the steps and a blob to repeat them."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.sync.exploring import number_of
from tests.sync.machine import SyncMachine


def test_both_sides_agree_whatever_happens(sync_db: Engine) -> None:
    """Random edits, faults and deaths; see `SyncMachine`."""
    SyncMachine.db = sync_db
    with asyncio.Runner() as SyncMachine.loop:
        run_state_machine_as_test(
            SyncMachine,
            settings=settings(
                max_examples=number_of(25),
                stateful_step_count=18,
                deadline=None,
                phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
