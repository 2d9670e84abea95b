"""Which statuses a user may set."""

from __future__ import annotations

from pm_providers.sandbox.openproject.access import roles_in
from pm_providers.sandbox.openproject.records import Principal, Project, Status, Type, WorkPackage
from pm_providers.sandbox.openproject.state import State

__all__ = ["allowed_statuses"]


def allowed_statuses(
    state: State, user: Principal, project: Project, kind: Type, current: WorkPackage | None
) -> list[Status]:
    """Statuses reachable from the stored one (for a new work package: from the default).

    Administrators have the transitions of all roles. A work package in a closed version cannot be
    reopened (recorded 18-work-packages-update-2: step 24); one that an open one blocks cannot be closed
    ([code] `new_statuses_allowed_from`).
    """
    granted = set(kind.status_ids)
    if not user.admin:
        roles = roles_in(state, user, project)
        granted = {s for role in roles for s in granted - role.forbidden_status_ids}
    rows = [s for s in state.statuses if s.id in granted]
    if current is not None:
        stored = state.statuses[current.status_id]
        version = state.versions.get(current.version_id)
        if stored.closed and version is not None and version.status == "closed":
            rows = [s for s in rows if s.closed]
        if stored not in rows:
            rows.append(stored)
        if _blocked(state, current):
            rows = [s for s in rows if not s.closed]
    return sorted(rows, key=lambda s: s.position)


def _blocked(state: State, row: WorkPackage) -> bool:
    found = (relation for relation in state.relations.where("to_id", row.id) if relation.kind == "blocks")
    ends = (state.work_packages[relation.from_id] for relation in found)
    return any(not state.statuses[end.status_id].closed for end in ends)
