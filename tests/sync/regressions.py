"""Sequences of steps by which the state machine found a fault once: each is played again.

A failure of `test_vendor_machine` prints its steps in this form.
"""

from __future__ import annotations

from tests.sync.replaying import Steps

_LEFT, _RIGHT = {"side": "left"}, {"side": "right"}
_BEGIN = {"conflicts": "left", "skew": 0, "late": False, "comments": False}
_BEGIN_IN_MEMORY = {"conflicts": "left", "skew": 0, "late": False, "lossy": False, "versions": True}

FOUND: dict[str, tuple[str, Steps]] = {
    # It became a conflict that nobody could see as one, and waited for ever.
    "a_move_that_waits_for_another_is_in_conflict_itself": (
        "internal-openproject",
        [
            ("begin", {**_BEGIN, "late": True, "skew": 300}),
            ("create", {**_LEFT, "below": True, "pick": 2}),
            ("create", {**_LEFT, "below": False, "pick": 6}),
            ("create", {**_LEFT, "below": False, "pick": 0}),
            ("create", {**_RIGHT, "below": True, "pick": 4}),
            ("run", {}),
            ("move", {**_RIGHT, "pick": 7, "onto": 0}),
            ("move", {**_LEFT, "pick": 0, "onto": 7}),
            ("move", {**_RIGHT, "pick": 0, "onto": 1}),
        ],
    ),
}
"""What was wrong -> systems (`memory`, or left and right), and the steps."""
