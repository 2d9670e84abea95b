"""Making projects with their boards, types and workflows, as the vendor's templates do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.agile_records import Board
from pm_providers.sandbox.jira.defaults import ADMINS, CREATE_FIELDS, KANBAN, LAYOUT, SIMPLIFIED, everywhere
from pm_providers.sandbox.jira.records import Project
from pm_providers.sandbox.jira.state import State

__all__ = ["TEMPLATES", "Template", "add_board", "add_user", "make_project"]

_NAMESPACE = uuid.UUID("6f1d7f4e-1d6a-4b62-9d5e-2f0d1c7a9b00")


@dataclass(frozen=True, slots=True)
class Template:
    """What a project template sets up; `board` is scrum, kanban, simple or empty."""

    type_key: str
    board: str
    workflow_id: int
    team: bool = False
    sprints: bool = True


_BASE = "com.pyxis.greenhopper.jira:"
_CORE = "com.atlassian.jira-core-project-templates:"
TEMPLATES: dict[str, Template] = {
    _BASE + "gh-simplified-scrum-classic": Template("software", "scrum", SIMPLIFIED),
    _BASE + "gh-simplified-kanban-classic": Template("software", "kanban", KANBAN),
    _BASE + "gh-simplified-basic": Template("software", "", SIMPLIFIED),
    _BASE + "gh-simplified-agility-scrum": Template("software", "simple", 0, team=True),
    _BASE + "gh-simplified-agility-kanban": Template("software", "simple", 0, team=True, sprints=False),
    _CORE + "jira-core-simplified-process-control": Template("business", "", SIMPLIFIED),
    _CORE + "jira-core-simplified-project-management": Template("business", "", SIMPLIFIED),
    _CORE + "jira-core-simplified-task-tracking": Template("business", "", SIMPLIFIED),
}
SCRUM = _BASE + "gh-simplified-scrum-classic"
_SHARED_TYPES = (10000, 10001, 10002, 10003, 10004)


def make_project(
    state: State, key: str, name: str, lead: str, *, template: str = SCRUM, **more: object
) -> Project:
    """Make a project and what its template brings with it.

    Args:
        state: the site.
        key: in capitals.
        name: as people see it.
        lead: account id; becomes an administrator of the project, as do the site's administrators.
        template: a key of `TEMPLATES`.
        more: other attributes of the `Project`.
    """
    plan = TEMPLATES[template]
    number = state.projects.next_id()
    project = Project(
        id=number,
        key=key,
        name=name,
        uuid=str(uuid.uuid5(_NAMESPACE, f"project {number}")),
        lead=lead,
        type_key=plan.type_key,
        style="next-gen" if plan.team else "classic",
        type_ids=_SHARED_TYPES if plan.type_key == "software" else (10002, 10003),
        roles={rights.ADMIN_ROLE: (lead, f"group:{ADMINS}"), rights.MEMBER_ROLE: (), rights.VIEWER_ROLE: ()},
        workflow_ids={0: plan.workflow_id},
        layout_ids={0: LAYOUT},
    )
    if more:
        project = _with(project, more)
    state.projects.put(project)
    if plan.team:
        project = _make_team_managed(state, project)
    if plan.board:
        add_board(state, project, plan.board, sprints=plan.sprints)
    return project


def _with(project: Project, more: dict[str, object]) -> Project:
    import msgspec

    return msgspec.structs.replace(project, **more)


def _make_team_managed(state: State, project: Project) -> Project:
    """Types, statuses and a workflow of its own, with the names that other projects use as well."""
    types = tuple(
        state.types.put(
            records.IssueType(
                id=state.types.next_id(),
                name=name,
                level=level,
                avatar_id=avatar,
                description="",
                project_id=project.id,
            )
        ).id
        for name, level, avatar in (
            ("Epic", 1, 10307),
            ("Subtask", -1, 10316),
            ("Task", 0, 10318),
            ("Story", 0, 10315),
        )
    )
    steps = tuple(
        (
            state.statuses.put(
                records.Status(
                    id=state.statuses.next_id(), name=name, category=category, project_id=project.id
                )
            ).id,
            name,
            category == "done",
        )
        for name, category in (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done"))
    )
    workflow = state.workflows.put(everywhere(state.workflows.next_id(), f"Workflow of {project.key}", steps))
    fields = tuple(name for name in CREATE_FIELDS if name not in {"customfield_10026", "customfield_10014"})
    layout = state.layouts.put(
        records.Layout(
            id=state.layouts.next_id(),
            name=f"Fields of {project.key}",
            create=(*fields, "customfield_10016"),
            edit=tuple(name for name in (*fields, "customfield_10016", "comment") if name != "project"),
        )
    )
    return state.projects.change(
        project, type_ids=types, workflow_ids={0: workflow.id}, layout_ids={0: layout.id}
    )


def add_board(state: State, project: Project, kind: str, *, name: str = "", sprints: bool = True) -> Board:
    """Make a board with a column for each status category of the project's workflow."""
    workflow = state.workflows[project.workflow_ids[0]]
    columns = []
    for title, category in (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done")):
        columns.append(
            (title, tuple(s for s in workflow.status_ids if state.statuses[s].category == category))
        )
    number = state.boards.next_id()
    return state.boards.put(
        Board(
            id=number,
            name=name or f"{project.key} board",
            kind=kind,
            project_id=project.id,
            filter_id=10000 + number,
            sprints=sprints and kind != "kanban",
            columns=tuple(columns),
            estimation_field={"scrum": "customfield_10026", "simple": "customfield_10016"}.get(kind, ""),
        )
    )


def add_user(
    state: State,
    account_id: str,
    name: str,
    email: str,
    *,
    groups: tuple[str, ...] = (),
    token: str = "",
    **more: object,
) -> records.User:
    """Make a user in the users' group and other groups, with an API token if one is given."""
    from pm_providers.sandbox.jira.defaults import USERS

    user = state.users.put(records.User(id=account_id, name=name, email=email, **more))  # type: ignore[arg-type]
    for key in (USERS, *groups):
        group = state.groups[key]
        state.groups.change(group, members=group.members | {account_id})
    if token:
        state.tokens[token] = records.AppToken(account_id=account_id)
    return user
