"""The state machine over systems in memory."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sync.machine import SyncMachine


def test_both_sides_agree_whatever_happens(sync_db):
    SyncMachine.db = sync_db
    with asyncio.Runner() as SyncMachine.loop:
        run_state_machine_as_test(
            SyncMachine,
            settings=settings(
                max_examples=60, stateful_step_count=25, deadline=None,
                suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
