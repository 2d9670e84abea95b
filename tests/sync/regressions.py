"""Sequences of steps by which the state machine found a fault once: each is played again.

A failure of `test_vendor_machine` prints its steps in this form.
"""

from __future__ import annotations

from tests.sync.replaying import Steps

FOUND: dict[str, tuple[str, Steps]] = {}
"""What was wrong -> systems (`memory`, or left and right), and the steps."""
