"""What background jobs do; `State.later` queues them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.defaults import DELETED_ID
from pm_providers.sandbox.openproject.project_write import ProjectDraft, store_project
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.web import Call

__all__ = ["copy_contents", "remove_principal", "remove_project"]


def remove_project(state: State, key: int) -> None:
    """Remove a project and all below it, with everything in them."""
    for project in reversed(state.project_descendants(key)):
        _remove_one(state, project.id)
    _remove_one(state, key)


def _remove_one(state: State, key: int) -> None:
    for row in state.work_packages.where("project_id", key):
        for journal in state.journals.where("work_package_id", row.id):
            state.journals.remove(journal.id)
        for relation in (
            *state.relations.where("from_id", row.id),
            *state.relations.where("to_id", row.id),
        ):
            state.relations.remove(relation.id)
        for attachment in state.attachments.where("container", ("work_packages", row.id)):
            state.attachments.remove(attachment.id)
        state.work_packages.remove(row.id)
    tables: tuple[Any, ...] = (
        state.versions,
        state.sprints,
        state.categories,
        state.memberships,
        state.time_entries,
    )
    for table in tables:
        for item in table.where("project_id", key):
            table.remove(item.id)
    state.projects.remove(key)


def copy_contents(call: Call, draft: ProjectDraft, source: int) -> None:
    """Make the copy of a project: its members, versions and categories."""
    state = call.state
    target = store_project(call, draft, None)
    tables: tuple[Any, ...] = (state.memberships, state.versions, state.categories)
    for table in tables:
        for item in table.where("project_id", source):
            table.change(item, id=table.next_id(), project_id=target.id, **state.stamps())


def remove_principal(state: State, key: int) -> None:
    """Remove a user or group; what a user wrote stays, under the builtin "Deleted user"."""
    for membership in state.memberships.where("principal_id", key):
        state.memberships.remove(membership.id)
    for group in [p for p in state.principals if key in p.members]:
        state.principals.change(group, members=tuple(m for m in group.members if m != key))
    for row in state.work_packages.as_of(0):
        changes: dict[str, Any] = {
            name: DELETED_ID if name == "author_id" else None
            for name in ("author_id", "assignee_id", "responsible_id")
            if getattr(row, name) == key
        }
        if key in row.watcher_ids:
            changes["watcher_ids"] = tuple(w for w in row.watcher_ids if w != key)
        if changes:
            state.work_packages.change(row, **changes)
    _hand_over(state, key)
    state.principals.remove(key)


def _hand_over(state: State, key: int) -> None:
    owned: tuple[tuple[Any, str], ...] = (
        (state.time_entries, "user_id"),
        (state.journals, "user_id"),
        (state.attachments, "author_id"),
    )
    for table, name in owned:
        for row in [r for r in table if getattr(r, name) == key]:
            table.change(row, **{name: DELETED_ID})
