"""What background jobs do; `State.later` queues them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.project_write import ProjectDraft, store_project
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.web import Call

__all__ = ["copy_contents", "remove_project"]


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
