"""Sequences of steps by which the state machine found a fault once: each is played again.

A failure of `test_vendor_machine` prints its steps in this form.
"""

from __future__ import annotations

from tests.sync.replaying import Steps

_LEFT, _RIGHT = {"side": "left"}, {"side": "right"}
_BEGIN = {"conflicts": "left", "skew": 0, "late": False, "comments": False}

_NEW, _SAME = {"below": False, "pick": 0}, {"pick": 0, "onto": 1, "number": 0}

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
    # Its own type kept Jira from choosing one that can stand there, so that it stood at the top.
    "a_new_subtask_keeps_its_type_and_loses_its_place": (
        "jira-clickup",
        [
            ("begin", {**_BEGIN, "conflicts": "newest"}),
            ("create", {**_LEFT, "below": False, "pick": 7}),
            ("run", {}),
            ("create", {**_RIGHT, "below": True, "pick": 0}),
        ],
    ),
    # A full run tried its type once more, which took it from its place.
    "a_type_takes_a_subtask_from_its_place": (
        "jira-clickup",
        [
            ("begin", _BEGIN),
            ("create", {**_RIGHT, "below": False, "pick": 6}),
            ("create", {**_RIGHT, "below": True, "pick": 6}),
            ("run", {}),
            ("run_full", {}),
        ],
    ),
    # Chance seldom finds these together: what merges, what is there twice, and what goes.
    "around_a_task_that_both_sides_have": (
        "internal-clickup",
        [
            ("begin", {**_BEGIN, "around": ["checklists", "labels", "people", "relations", "sprints"]}),
            ("create", {**_LEFT, **_NEW}),
            ("create", {**_RIGHT, **_NEW}),
            ("new_sprint", _LEFT),
            ("run", {}),
            *(("both", {**_SAME, "kind": kind}) for kind in ("labels", "people", "relations", "checklists")),
            ("into_sprint", {**_RIGHT, "pick": 0, "number": 0}),
            ("run_full", {}),
            ("label", {**_LEFT, "pick": 0, "number": 0, "how": "remove"}),
            ("assign", {**_RIGHT, "pick": 0, "number": 1, "how": "remove"}),
            ("unrelate", {**_LEFT, "pick": 0, "number": 0}),
            ("check", {**_RIGHT, "pick": 0, "number": 0, "how": "remove"}),
            ("rename_sprint", {**_LEFT, "number": 0}),
            ("into_sprint", {**_LEFT, "pick": 0, "number": 1}),
        ],
    ),
    # Its write came too late, and from then on it waited for people, whatever the rule.
    "a_conflict_that_a_rule_decides_too_late": (
        "memory",
        [
            ("begin", {"skew": 0, "lossy": False, "versions": False, "late": False, "conflicts": "right"}),
            ("create", {**_LEFT, "below": False, "pick": 0}),
            ("run", {}),
            ("edit_both", {**_LEFT, "pick": 0, "name": "title"}),
            ("run_while_people_work", {**_LEFT, "calls": 2, "pick": 0, "name": "title", "what": "edit"}),
        ],
    ),
    # Jira's labels are texts: one that no issue wore yet was taken for one that it does not have.
    "a_label_that_nobody_wears_yet": (
        "internal-jira",
        [("begin", {**_BEGIN, "around": ["labels"]}), ("create", {**_LEFT, "below": False, "pick": 3})],
    ),
    # Only a label that the other side does not know was left: the one that it knows stayed there.
    "a_label_is_taken_away_beside_one_that_is_unknown_across": (
        "internal-openproject",
        [
            ("begin", {**_BEGIN, "around": ["labels"]}),
            ("create", {**_LEFT, **_NEW}),
            ("run", {}),
            ("label", {**_LEFT, "pick": 0, "number": 0, "how": "replace"}),
            ("run", {}),
            ("label", {**_LEFT, "pick": 0, "number": 2, "how": "replace"}),
        ],
    ),
    # What waits was stored after the task that it waits for was made again, and nobody woke it.
    "a_move_below_a_task_that_is_made_again_in_the_same_round": (
        "memory",
        [
            ("begin", {"skew": 0, "lossy": False, "versions": False, "late": False, "conflicts": "right"}),
            ("create", {**_RIGHT, "below": True, "pick": 3}),
            ("create", {**_LEFT, "below": False, "pick": 7}),
            ("create", {**_RIGHT, "below": True, "pick": 3}),
            ("create", {**_LEFT, "below": True, "pick": 6}),
            ("run_without_an_answer", {"number": 14}),
            ("delete", {**_LEFT, "pick": 2}),
            ("move", {**_RIGHT, "onto": 6, "pick": 5}),
        ],
    ),
}
