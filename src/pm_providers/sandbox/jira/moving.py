"""Moving issues to another project or type: new keys, statuses and what does not come along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.bulk_input import bulk_error
from pm_providers.sandbox.jira.errors import bad_request, forbidden
from pm_providers.sandbox.jira.hierarchy import check_parent
from pm_providers.sandbox.jira.issue_changes import apply_changes
from pm_providers.sandbox.jira.issue_draft import find_type
from pm_providers.sandbox.jira.records import Issue, Project
from pm_providers.sandbox.jira.web import Session

__all__ = ["Move", "read_moves"]


@dataclass(frozen=True, slots=True)
class Move:
    """Where issues go.

    Attributes:
        statuses: source status to target status; others keep their status or get the initial one, where
            `infer` allows that.
    """

    project_id: int
    type_id: int
    parent_id: int | None
    infer: bool
    statuses: dict[int, int] = field(default_factory=dict)

    def carry_out(self, session: Session, issue: Issue) -> None:
        """Move one issue with its sub-tasks.

        Raises:
            ApiError: 400 or 403.
        """
        state = session.state
        source, target = state.projects[issue.project_id], state.projects[self.project_id]
        self._check(session, issue, source, target)
        parent = self.parent_id if self.parent_id is not None else self._kept_parent(session, issue)
        key = issue.key if source.id == target.id else self._new_key(session, issue)
        moved = apply_changes(
            session,
            issue,
            kind="issue_moved",
            project_id=target.id,
            key=key,
            type_id=self.type_id,
            status_id=self._status(session, issue, target, self.type_id),
            parent_id=parent,
            **self._left_behind(session, issue, source, target),
        )
        if source.id != target.id:
            for row in state.subtasks(issue.id):
                self._follow(session, row, moved, target)

    def _check(self, session: Session, issue: Issue, source: Project, target: Project) -> None:
        if not rights.may_use(session, "MOVE_ISSUES", source):
            raise forbidden("You do not have permission to move issues in the source project.")
        if not rights.may_use(session, "CREATE_ISSUES", target):
            raise forbidden("You do not have permission to create issues in the target project.")
        state = session.state
        parent = state.issues.get(self.parent_id)
        level = state.types[self.type_id].level
        if level < 0 or parent is not None:
            problem = check_parent(state, target, self.type_id, parent, issue)
            if problem:
                raise bad_request(problem)
        if level < 0 and state.subtasks(issue.id):
            raise bad_request("An issue with sub-tasks cannot become a sub-task.")

    def _kept_parent(self, session: Session, issue: Issue) -> int | None:
        state = session.state
        parent = state.issues.get(issue.parent_id)
        if parent is None or state.types[self.type_id].level < 0:
            return None
        problem = check_parent(state, state.projects[self.project_id], self.type_id, parent, issue)
        return None if problem else parent.id

    def _new_key(self, session: Session, issue: Issue) -> str:
        state = session.state
        target = state.projects[self.project_id]
        number = target.last_number + 1
        state.projects.change(target, last_number=number)
        state.former_keys[issue.key] = issue.id
        return f"{target.key}-{number}"

    def _status(self, session: Session, issue: Issue, target: Project, type_id: int) -> int:
        workflow = session.state.workflow(target, type_id)
        wanted = self.statuses.get(issue.status_id, issue.status_id)
        if wanted in workflow.status_ids:
            return wanted
        if not self.infer:
            raise bad_request("The status of the issue does not exist in the target workflow.")
        names = {session.state.statuses[key].name.lower(): key for key in workflow.status_ids}
        return names.get(session.state.statuses[issue.status_id].name.lower(), workflow.initial)

    def _left_behind(
        self, session: Session, issue: Issue, source: Project, target: Project
    ) -> dict[str, Any]:
        """What belongs to the old project: components, versions and its sprints."""
        if source.id == target.id:
            return {}
        state = session.state
        layout = state.layout(target, self.type_id)
        shown = set(layout.create) | set(layout.edit)
        custom = {name: value for name, value in issue.custom.items() if name in shown}
        kept = tuple(k for k in issue.sprint_ids if k in state.sprints and state.sprints[k].state == "closed")
        return {
            "component_ids": (),
            "fix_version_ids": (),
            "version_ids": (),
            "custom": custom,
            "sprint_ids": kept,
        }

    def _follow(self, session: Session, row: Issue, parent: Issue, target: Project) -> None:
        state = session.state
        kinds = [kind for kind in state.project_types(target) if kind.level < 0]
        if not kinds:
            raise bad_request("The target project has no sub-task type.")
        same = [kind for kind in kinds if kind.name == state.types[row.type_id].name]
        type_id = (same or kinds)[0].id
        apply_changes(
            session,
            row,
            kind="issue_moved",
            project_id=target.id,
            key=self._new_key(session, row),
            type_id=type_id,
            status_id=self._status(session, row, target, type_id),
            parent_id=parent.id,
            **self._left_behind(session, row, state.projects[row.project_id], target),
        )


def read_moves(session: Session, mapping: Any) -> list[tuple[Move, Any]]:
    """The moves of `targetToSourcesMapping`, each with its issue names.

    Raises:
        ApiError: 400.
    """
    if not isinstance(mapping, dict) or not mapping:
        raise bulk_error("targetToSourcesMapping must not be empty")
    return [(_move(session, key, value), value.get("issueIdsOrKeys")) for key, value in mapping.items()]


def _move(session: Session, key: str, value: Any) -> Move:
    parts = [part.strip() for part in key.split(",")]
    if len(parts) not in {2, 3} or not isinstance(value, dict):
        raise bulk_error(f"The target '{key}' is not valid.")
    project = session.state.project(parts[0])
    if project is None or not rights.may_use(session, "BROWSE_PROJECTS", project):
        raise bulk_error(f"The project '{parts[0]}' does not exist or you do not have permission to see it.")
    type_id = find_type(session, project, {"id": parts[1]})
    if type_id is None:
        raise bulk_error(f"The issue type '{parts[1]}' is not valid for the project '{project.key}'.")
    if value.get("targetMandatoryFields") or value.get("targetClassification"):
        raise bulk_error("The target has no mandatory fields and no classifications.")
    parent = rights.need_issue(session, parts[2]).id if parts[2:] and parts[2] else None
    return Move(
        project_id=project.id,
        type_id=type_id,
        parent_id=parent,
        infer=bool(value.get("inferStatusDefaults")),
        statuses=_statuses(value.get("targetStatus")),
    )


def _statuses(value: Any) -> dict[int, int]:
    found: dict[int, int] = {}
    for entry in value if isinstance(value, list) else ():
        statuses = entry.get("statuses") if isinstance(entry, dict) else None
        if not isinstance(statuses, dict):
            raise bulk_error("targetStatus is not valid.")
        for target, sources in statuses.items():
            for source in sources if isinstance(sources, list) else ("",):
                numbers = f"{target}{source}"
                if not (numbers.isascii() and numbers.isdigit() and target and str(source)):
                    raise bulk_error("targetStatus is not valid.")
                found[int(source)] = int(target)
    return found
