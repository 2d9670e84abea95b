"""Stores work packages with all that follows from it: parents, followers, activities, events."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.errors import raise_faults, violation
from pm_providers.sandbox.openproject.journals import add_journal, changes_between
from pm_providers.sandbox.openproject.records import WorkPackage
from pm_providers.sandbox.openproject.rollup import roll_up
from pm_providers.sandbox.openproject.schedule import earliest_start, propagate
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.web import Call
from pm_providers.sandbox.openproject.wp_corrections import subject_of
from pm_providers.sandbox.openproject.wp_draft import Draft, is_backlog_task

# a change of anything else leaves the parents alone, recorded 18-…: step 23
ROLLED_UP = frozenset(
    {"start", "due", "estimated_hours", "remaining_hours", "done", "parent_id", "manual", "story_points"}
)

__all__ = ["delete_work_package", "store_work_package"]


def store_work_package(call: Call, draft: Draft, current: WorkPackage | None) -> WorkPackage:
    """Write a draft without faults; a draft without changes writes nothing."""
    state = call.state
    changes: dict[str, Any] = {}
    if current is None:
        draft.values["position"] = _position(state, draft.values)
        row = WorkPackage(
            **{**draft.values, "id": state.work_packages.next_id(), "lock": 1, **state.stamps()}
        )
        state.work_packages.put(row)
    else:
        changes = {k: v for k, v in draft.values.items() if getattr(current, k) != v}
        if not changes:
            return current
        _check_subtree(call, draft, current)
        row = state.work_packages.change(current, **changes, lock=current.lock + 1, updated=state.now())
        _move_subtree(state, row, current)
    if (subject := subject_of(state, row)) != row.subject:
        row = state.work_packages.change(row, subject=subject)
    row = _push_to_limit(state, row)
    add_journal(state, call.user, row.id, changes_between(current, row))
    _release_parent(state, row, current)
    if "manual" in changes and not row.manual:
        roll_up(state, row.id)
    if current is None or _rolls_up(state, row, changes):
        propagate(state, row.id)
    if current is not None and current.parent_id not in {None, row.parent_id}:
        roll_up(state, current.parent_id)
    state.emit("work_package:updated" if current else "work_package:created", row.id, call.user.id)
    return state.work_packages[row.id]


def delete_work_package(call: Call, row: WorkPackage) -> None:
    """Remove it, all below it, and what hangs on them."""
    state = call.state
    for gone in (*reversed(state.descendants(row.id)), row):
        for relation in (
            *state.relations.where("from_id", gone.id),
            *state.relations.where("to_id", gone.id),
        ):
            state.relations.remove(relation.id)
        for entry in state.time_entries.where("work_package_id", gone.id):
            state.time_entries.remove(entry.id)
        for journal in state.journals.where("work_package_id", gone.id):
            state.journals.remove(journal.id)
        for attachment in state.attachments.where("container", ("work_packages", gone.id)):
            state.attachments.remove(attachment.id)
        state.work_packages.remove(gone.id)
    roll_up(state, row.parent_id)


def _release_parent(state: State, row: WorkPackage, before: WorkPackage | None) -> None:
    """From 15.4 a first child makes its parent automatic, whose dates are then computed.

    [code] `create_service.rb`, which updates the ancestors before it reschedules for that reason.
    """
    parent = state.work_packages.get(row.parent_id)
    joined = before is None or before.parent_id != row.parent_id
    if not state.features.exact_schedule or parent is None or not joined or not parent.manual:
        return
    if len(state.children(parent.id)) == 1:
        state.work_packages.change(parent, manual=False, lock=parent.lock + 1, updated=state.now())


def _position(state: State, values: dict[str, Any]) -> int | None:
    """Place of a new story at the end of its backlog; None for other types."""
    if values["type_id"] not in state.settings["story_types"]:
        return None
    taken = [
        row.position or 0
        for row in state.work_packages.where("project_id", values["project_id"])
        if row.version_id == values["version_id"]
    ]
    return max(taken, default=0) + 1


def _rolls_up(state: State, row: WorkPackage, changes: dict[str, Any]) -> bool:
    """Whether parents and followers hear of a change.

    In 12.x a change of the version hides all others from them (the backlogs module saves twice),
    recorded 11-…: steps 11 to 16 and 49.
    """
    backlogs = "backlogs" in state.projects[row.project_id].modules
    if "version_id" in changes and backlogs and state.features.number < (13, 0):
        return False
    return bool(set(changes) & ROLLED_UP)


def _push_to_limit(state: State, row: WorkPackage) -> WorkPackage:
    """A new child of an automatically scheduled parent starts when the parent may start.

    Recorded 18-work-packages-update-2: step 15.
    """
    if row.manual or row.start or row.due or row.parent_id is None:
        return row
    soonest = earliest_start(state, row)
    return row if soonest is None else state.work_packages.change(row, start=soonest)


def _check_subtree(call: Call, draft: Draft, current: WorkPackage) -> None:
    """Backlog tasks stay in the project of their story, recorded 11-…: step 46."""
    if draft.values["project_id"] == current.project_id:
        return
    state = call.state
    below = state.descendants(current.id)
    tied = [
        row
        for row in below
        if is_backlog_task(call, {"type_id": row.type_id}, state.work_packages[row.parent_id or 0])
    ]
    raise_faults(
        violation(
            "base",
            f"Error attempting to alter dependent object: Work package #{row.id} - {row.subject}: "
            f"Parent is invalid because the work package '{row.subject}' is a backlog task and "
            "therefore cannot have a parent outside of the current project.",
        )
        for row in tied
    )


def _move_subtree(state: State, row: WorkPackage, before: WorkPackage) -> None:
    if row.project_id == before.project_id:
        return
    for child in state.descendants(row.id):
        state.work_packages.change(
            child,
            project_id=row.project_id,
            category_id=None,
            version_id=None,
            lock=child.lock + 1,
            updated=state.now(),
        )
