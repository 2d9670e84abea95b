"""Creating, editing and deleting issues; single requests and bulk operations both come here."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import ApiError, bad_request, forbidden, unauthenticated
from pm_providers.sandbox.jira.issue_actions import run_actions
from pm_providers.sandbox.jira.issue_changes import apply_changes, set_sprint
from pm_providers.sandbox.jira.issue_draft import Draft, find_type
from pm_providers.sandbox.jira.properties import read_properties
from pm_providers.sandbox.jira.records import Issue, Layout, Project
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.web import Session

__all__ = ["apply_changes", "create_issue", "delete_issue", "edit_issue", "set_sprint"]

MAX_PROPERTIES = 10


def create_issue(session: Session, body: Any) -> Issue:
    """Create an issue of `{fields, update, properties, transition}`.

    Raises:
        ApiError: 400 with all that is wrong; 401 for the anonymous user.
    """
    if session.user is None:
        raise unauthenticated()
    if not isinstance(body, dict):
        raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
    fields = body.get("fields") or {}
    if not isinstance(fields, dict):
        raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
    project, type_id = _place(session, fields)
    layout = session.state.layout(project, type_id)
    draft = Draft(session, project, type_id, screen=frozenset(layout.create), dropped=layout.dropped)
    draft.read({k: v for k, v in fields.items() if k not in {"project", "issuetype"}}, body.get("update"))
    _check_required(draft, layout)
    draft.check()
    properties = read_properties(body.get("properties"), MAX_PROPERTIES)
    issue = _store(draft, properties)
    run_actions(session, issue, draft.actions)
    return session.state.issues[issue.id]


def _place(session: Session, fields: dict[str, Any]) -> tuple[Project, int]:
    """Project and type of a new issue; both are needed before anything else can be judged."""
    wanted = fields.get("project")
    name = wanted.get("id", wanted.get("key")) if isinstance(wanted, dict) else None
    if name is None:
        raise ApiError(400, fields={"project": "Specify a valid project ID or key"})
    project = session.state.project(str(name))
    if project is None or not rights.may_use(session, "BROWSE_PROJECTS", project):
        raise ApiError(400, fields={"project": "valid project is required"})
    if not rights.may_use(session, "CREATE_ISSUES", project):
        raise ApiError(
            400, fields={"project": "You do not have permission to create issues in this project."}
        )
    if not fields.get("issuetype"):
        raise ApiError(400, fields={"issuetype": "Specify an issue type"})
    type_id = find_type(session, project, fields["issuetype"])
    if type_id is None:
        raise ApiError(400, fields={"issuetype": "Specify a valid issue type"})
    return project, type_id


def _check_required(draft: Draft, layout: Layout) -> None:
    state = draft.session.state
    if "summary" not in draft.errors and not draft.has_value("summary"):
        draft.errors["summary"] = "You must specify a summary of the issue."
    level = state.types[draft.type_id].level
    if level < 0 and "parent" not in draft.errors and not draft.has_value("parent"):
        draft.errors["parent"] = "Issue type is a sub-task but parent issue key or id not specified."
    for name in sorted(layout.required - {"summary", "issuetype", "project", "reporter"} - draft.dropped):
        if name not in draft.errors and name in layout.create and not draft.has_value(name):
            draft.errors[name] = f"{state.fields[name].name} is required."
    if not state.settings["unassigned_issues"] and not draft.has_value("assignee"):
        draft.changes["assignee"] = draft.project.lead


def _store(draft: Draft, properties: dict[str, Any]) -> Issue:
    session, state = draft.session, draft.session.state
    project, moment, me = state.projects[draft.project.id], state.now(), session.account_id
    number = project.last_number + 1
    state.projects.change(project, last_number=number)
    values = dict(draft.changes)
    values.setdefault("reporter", me)
    if "assignee" not in values and project.assignee_type == "PROJECT_LEAD":
        values["assignee"] = project.lead
    parent = state.issues.get(values.get("parent_id"))
    if parent is not None and state.types[draft.type_id].level < 0:
        values["sprint_ids"] = parent.sprint_ids
    layout = state.layout(project, draft.type_id)
    values.setdefault("priority_id", 3 if "priority" in layout.create else None)
    issue = state.issues.put(
        Issue(
            id=state.issues.next_id(),
            key=f"{project.key}-{number}",
            project_id=project.id,
            type_id=draft.type_id,
            status_id=state.workflow(project, draft.type_id).initial,
            created=moment,
            updated=moment,
            status_changed=moment,
            creator=me,
            rank=state.next_rank(),
            watchers=(me,),
            custom={name: value for name, value in draft.custom.items() if value is not None},
            properties=properties,
            **values,
        )
    )
    state.emit(Event("jira:issue_created", moment, me, "issue_created", issue=issue))
    return issue


def edit_issue(
    session: Session, issue: Issue, body: dict[str, Any], *, screen: frozenset[str] | None = None
) -> Issue:
    """Edit an issue with `{fields, update, properties}`; the screen is not checked unless one is given.

    Raises:
        ApiError: 400, 401 or 403.
    """
    project = session.state.projects[issue.project_id]
    if not rights.may_use(session, "EDIT_ISSUES", project):
        _ = session.account_id
        raise forbidden("You do not have permission to edit issues in this project.")
    if issue.status_id in session.state.workflow(project, issue.type_id).closed:
        raise bad_request(
            "You are not allowed to edit this issue due to the current status of issue in the workflow."
        )
    layout = session.state.layout(project, issue.type_id)
    draft = Draft(session, project, issue.type_id, issue=issue, screen=screen, dropped=layout.dropped)
    draft.read(body.get("fields"), body.get("update"))
    if "resolution_id" in draft.changes and screen is None:
        draft.errors["resolution"] = (
            "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown."
        )
    _check_kept(draft, layout)
    draft.check()
    properties = read_properties(body.get("properties"), MAX_PROPERTIES)
    return store_draft(draft, properties)


def _check_kept(draft: Draft, layout: Layout) -> None:
    """Required fields may not be emptied."""
    for name in sorted(layout.required - {"issuetype", "project"}):
        touched = name in draft.custom or name in {
            "reporter",
            "summary",
            "description",
            "assignee",
            "priority",
        }
        if touched and name not in draft.errors and not draft.has_value(name):
            if draft.issue is not None and name not in draft.custom and not _was_set(draft, name):
                continue
            draft.errors[name] = f"{draft.session.state.fields[name].name} is required."


def _was_set(draft: Draft, name: str) -> bool:
    from pm_providers.sandbox.jira.issue_draft import ATTRIBUTES

    return ATTRIBUTES.get(name) in draft.changes


def store_draft(draft: Draft, properties: dict[str, Any], **more: Any) -> Issue:
    """Store what a draft changes on its issue, with more attributes, then do its actions."""
    issue, session = draft.issue, draft.session
    if issue is None:
        raise ValueError("a draft without an issue is stored by create_issue")
    changes = {**draft.changes, **more}
    if draft.custom:
        merged = {**issue.custom, **draft.custom}
        changes["custom"] = {name: value for name, value in merged.items() if value is not None}
    after = apply_changes(session, issue, kind="issue_generic" if more else "issue_updated", **changes)
    if properties:
        after = session.state.issues.change(after, properties={**after.properties, **properties})
    run_actions(session, after, draft.actions)
    return session.state.issues[issue.id]


def delete_issue(session: Session, issue: Issue, *, with_subtasks: bool = False) -> None:
    """Delete an issue with all that hangs on it.

    Raises:
        ApiError: 403 without the right; 400 when it has sub-tasks and they shall stay.
    """
    state = session.state
    project = state.projects[issue.project_id]
    if not rights.may_use(session, "DELETE_ISSUES", project):
        raise forbidden("You do not have permission to delete issues in this project.")
    subtasks = state.subtasks(issue.id)
    if subtasks and not with_subtasks:
        raise bad_request(
            f"The issue '{issue.key}' has subtasks.  You must specify the 'deleteSubtasks' parameter "
            "to delete this issue and all its subtasks."
        )
    for row in subtasks:
        _remove(session, row)
    _remove(session, issue)


def _remove(session: Session, issue: Issue) -> None:
    state = session.state
    for row in state.children(issue.id):
        state.issues.change(row, parent_id=None)
    for link in [*state.links.where("source_id", issue.id), *state.links.where("target_id", issue.id)]:
        state.links.remove(link.id)
    tables: tuple[Any, ...] = (state.comments, state.attachments, state.remote_links, state.changes)
    for table in tables:
        for row in table.where("issue_id", issue.id):
            table.remove(row.id)
    for worklog in state.worklogs.where("issue_id", issue.id):
        if worklog.removed is None:
            state.worklogs.change(worklog, removed=state.now())
    state.issues.remove(issue.id)
    for key in [name for name, owner in state.former_keys.items() if owner == issue.id]:
        del state.former_keys[key]
    state.emit(Event("jira:issue_deleted", state.now(), session.account_id, "issue_deleted", issue=issue))
