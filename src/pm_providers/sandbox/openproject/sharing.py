"""Which versions and sprints a project may use."""

from __future__ import annotations

from pm_providers.sandbox.openproject.records import Project, Version
from pm_providers.sandbox.openproject.state import State

__all__ = ["shared_versions", "version_projects"]


def shared_versions(state: State, project: Project) -> list[Version]:
    """Versions of the project and those shared with it, by id."""
    return [v for v in state.versions if _shared(state, v, project)]


def version_projects(state: State, version: Version) -> list[Project]:
    """Projects that may use a version, by id."""
    return [p for p in state.projects if _shared(state, version, p)]


def _shared(state: State, version: Version, project: Project) -> bool:
    if version.project_id == project.id or version.sharing == "system":
        return True
    owner = state.projects[version.project_id]
    above = [p.id for p in state.project_ancestors(project)]
    if version.sharing in {"descendants", "hierarchy", "tree"} and owner.id in above:
        return True
    owners_above = [p.id for p in state.project_ancestors(owner)]
    if version.sharing in {"hierarchy", "tree"} and project.id in owners_above:
        return True
    return version.sharing == "tree" and _root(state, project) == _root(state, owner)


def _root(state: State, project: Project) -> int:
    above = state.project_ancestors(project)
    return above[-1].id if above else project.id
