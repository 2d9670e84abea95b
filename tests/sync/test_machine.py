"""The state machine over systems in memory. A failure prints its seed and its steps, see `exploring`."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.sync.exploring import explored, number_of
from tests.sync.machine import SyncMachine


def test_both_sides_agree_whatever_happens(sync_db: Engine) -> None:
    """Random edits, faults and deaths; see `SyncMachine`."""
    explored(SyncMachine, sync_db, number_of(25), 18)
