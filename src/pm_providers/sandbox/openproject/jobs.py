"""Background jobs, run when a test or the server asks for it."""

from __future__ import annotations

from pm_providers.sandbox.openproject.state import State

__all__ = ["run_jobs"]


def run_jobs(state: State) -> None:
    """Remove projects whose deletion was accepted, with everything in them."""
    for project in [p for p in state.projects if p.deleting]:
        _remove_project(state, project.id)


def _remove_project(state: State, key: int) -> None:
    for row in state.work_packages.where("project_id", key):
        for table in (state.journals, state.time_entries):
            for item in table.where("work_package_id", row.id):
                table.remove(item.id)
        for relation in (
            *state.relations.where("from_id", row.id),
            *state.relations.where("to_id", row.id),
        ):
            state.relations.remove(relation.id)
        state.work_packages.remove(row.id)
    for table in (state.versions, state.categories, state.memberships, state.time_entries):
        for item in table.where("project_id", key):
            table.remove(item.id)
    state.projects.remove(key)
