"""Projects: create, change, trash, restore, archive, remove; their roles."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Task
from pm_providers.sandbox.jira.errors import ApiError, bad_request, missing_project, not_found
from pm_providers.sandbox.jira.projects import key_problem, name_problem
from pm_providers.sandbox.jira.records import Project, Role
from pm_providers.sandbox.jira.setup import SCRUM, TEMPLATES, make_project
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.tasks import task_body
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import BAD_PAYLOAD, Call, Reply, Routes, Session, texts

__all__ = ["purge", "routes"]

routes = Routes()
BUSINESS = "com.atlassian.jira-core-project-templates:jira-core-simplified-process-control"
_TYPES = frozenset({"software", "business", "service_desk"})


@routes("POST", "project")
def create(call: Call) -> Reply:
    """Create a project; answers id (a number here), key and address."""
    rights.need_admin(call.session, "You are not permitted to create projects.")
    body = call.object()
    template = _word(body, "projectTemplateKey", "") or (
        SCRUM if body.get("projectTypeKey") == "software" else BUSINESS
    )
    errors = _problems(call.session, body, template)
    if errors:
        raise ApiError(400, fields=errors)
    project = make_project(
        call.state,
        body["key"],
        body["name"].strip(),
        _lead(body),
        template=template,
        description=_plain(body, "description"),
        url=_plain(body, "url"),
        assignee_type=body.get("assigneeType") or "UNASSIGNED",
    )
    _tell(call.session, "project_created", project)
    address = f"{call.session.api}/project/{project.id}"
    return Reply({"self": address, "id": project.id, "key": project.key}, 201)


def _plain(body: dict[str, Any], name: str) -> str:
    """A member that is a text, empty without one.

    Raises:
        ApiError: 400 for other kinds of JSON.
    """
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise bad_request(BAD_PAYLOAD)
    return value or ""


def _word(body: dict[str, Any], name: str, default: str) -> str:
    """A member that is a text; other kinds of JSON as what they look like, which no rule knows."""
    value = body.get(name)
    return default if value is None else value if isinstance(value, str) else repr(value)


def _lead(body: dict[str, Any]) -> Any:
    return body.get("leadAccountId") or body.get("lead")


def _problems(session: Session, body: dict[str, Any], template: str) -> dict[str, str]:
    found = {
        "projectKey": key_problem(session, body.get("key")),
        "projectName": name_problem(session, body.get("name")),
    }
    errors = {name: text for name, text in found.items() if text}
    if _word(body, "projectTypeKey", "software") not in _TYPES:
        errors["projectType"] = f"The project type '{body['projectTypeKey']}' is not valid."
    plan = TEMPLATES.get(template)
    if plan is None or plan.type_key != body.get("projectTypeKey", plan.type_key):
        errors["projectTemplateKey"] = (
            f"The project template '{template}' does not exist for this project type."
        )
    return errors | _lead_problem(session, _lead(body), body.get("assigneeType"))


def _lead_problem(session: Session, lead: Any, assignee_type: Any) -> dict[str, str]:
    errors = {}
    user = session.state.users.get(lead) if isinstance(lead, str) else None
    if user is None or not user.active:
        errors["projectLead"] = "You must specify a valid project lead."
    if assignee_type not in (None, "PROJECT_LEAD", "UNASSIGNED"):
        errors["assigneeType"] = "You must specify a valid assignee type."
    return errors


@routes("PUT", "project/{id}")
def update(call: Call) -> Reply:
    """Change what is given. With a new key all issues get new keys; the old ones still find them."""
    project = rights.need_project_admin(call.session, call.params["id"])
    body, errors = call.object(), {}
    changes: dict[str, Any] = {}
    if body.get("name") is not None:
        errors["projectName"] = name_problem(call.session, body["name"], project.id)
        changes["name"] = body["name"]
    if _lead(body) is not None:
        errors |= _lead_problem(call.session, _lead(body), None)
        changes["lead"] = _lead(body)
    for name, attribute in (
        ("description", "description"),
        ("url", "url"),
        ("assigneeType", "assignee_type"),
    ):
        if body.get(name) is not None:
            changes[attribute] = _plain(body, name)
    if body.get("assigneeType") not in (None, "PROJECT_LEAD", "UNASSIGNED"):
        errors["assigneeType"] = "You must specify a valid assignee type."
    key = body.get("key")
    if key is not None and key != project.key:
        errors["projectKey"] = key_problem(call.session, key)
    errors = {name: text for name, text in errors.items() if text}
    if errors:
        raise ApiError(400, fields=errors)
    after = call.state.projects.change(project, **changes)
    if key is not None and key != project.key:
        after = _rename(call, after, key)
    _tell(call.session, "project_updated", after)
    return Reply(View(call.session).full_project(after))


def _rename(call: Call, project: Project, key: str) -> Project:
    state = call.state
    state.former_project_keys[project.key] = project.id
    for issue in state.issues.where("project_id", project.id):
        state.former_keys[issue.key] = issue.id
        state.issues.change(issue, key=f"{key}-{issue.key.rpartition('-')[2]}")
    return state.projects.change(project, key=key)


def _tell(session: Session, name: str, project: Project) -> None:
    session.state.emit(Event(name, session.state.now(), session.account_id, subject=project))


def _removable(call: Call) -> Project:
    rights.need_admin(call.session)
    project = call.state.any_project(call.params["id"])
    if project is None:
        raise missing_project(call.params["id"])
    if project.state == "archived":
        raise bad_request("You cannot delete archived projects.")
    return project


@routes("DELETE", "project/{id}")
def delete(call: Call) -> Reply:
    """Put a project into the trash, or remove it at once with `enableUndo=false`."""
    project = _removable(call)
    if call.flag("enableUndo", True):
        if project.state == "deleted":
            raise missing_project(call.params["id"])
        _mark(call, project, "deleted")
        _tell(call.session, "project_soft_deleted", project)
    else:
        purge(call.session, project)
    return Reply(None, 204)


def _mark(call: Call, project: Project, word: str) -> Project:
    me, now = call.session.account_id, call.state.now()
    return call.state.projects.change(project, state=word, state_by=me, state_at=now)


def purge(session: Session, project: Project) -> None:
    """Remove a project with all that belongs to it; single issues are not reported."""
    state = session.state
    for issue in state.issues.where("project_id", project.id):
        _purge_issue(session, issue.id)
    for board in state.boards.where("project_id", project.id):
        for sprint in state.sprints.where("board_id", board.id):
            state.sprints.remove(sprint.id)
        state.boards.remove(board.id)
    tables: tuple[Any, ...] = (state.components, state.versions, state.types, state.statuses)
    for table in tables:
        for row in table.where("project_id", project.id):
            table.remove(row.id)
    state.projects.remove(project.id)
    for key in [name for name, owner in state.former_project_keys.items() if owner == project.id]:
        del state.former_project_keys[key]
    _tell(session, "project_deleted", project)


def _purge_issue(session: Session, issue_id: int) -> None:
    state = session.state
    tables: tuple[Any, ...] = (
        state.comments,
        state.worklogs,
        state.attachments,
        state.remote_links,
        state.changes,
    )
    for table in tables:
        for row in table.where("issue_id", issue_id):
            table.remove(row.id)
    for link in [*state.links.where("source_id", issue_id), *state.links.where("target_id", issue_id)]:
        state.links.remove(link.id)
    for child in state.children(issue_id):
        state.issues.change(child, parent_id=None)
    state.issues.remove(issue_id)


@routes("POST", "project/{id}/delete")
def delete_later(call: Call) -> Reply:
    """Remove a project in the background; 303 to the task."""
    project = _removable(call)
    state, session, now = call.state, call.session, call.state.now()
    task = state.tasks.put(
        Task(
            id=str(state.tasks.next_id()),
            kind="plain",
            submitted_by=session.account_id,
            created=now,
            updated=now,
            total=1,
            description=f"Delete project {project.key}",
        )
    )

    def run() -> None:
        purge(session, project)
        end = state.now()
        state.tasks.change(task, status="COMPLETE", progress=100, started=now, updated=end, finished=end)

    state.later(run)
    return Reply(task_body(session, task), 303, headers={"location": f"{session.api}/task/{task.id}"})


@routes("POST", "project/{id}/restore")
def restore(call: Call) -> Reply:
    """Bring an archived project, or one in the trash, back."""
    rights.need_admin(call.session)
    project = call.state.any_project(call.params["id"])
    if project is None or project.state == "live":
        raise missing_project(call.params["id"])
    name = "project_restored_deleted" if project.state == "deleted" else "project_restored_archived"
    after = call.state.projects.change(project, state="live", state_by="", state_at=None)
    _tell(call.session, name, after)
    return Reply(View(call.session).full_project(after))


@routes("POST", "project/{id}/archive")
def archive(call: Call) -> Reply:
    """Archive a project: it can be read, and nothing in it can be changed."""
    rights.need_admin(call.session)
    project = call.state.project(call.params["id"])
    if project is None:
        raise missing_project(call.params["id"])
    _mark(call, project, "archived")
    _tell(call.session, "project_archived", project)
    return Reply(None, 204)


@routes("GET", "project/{id}/role", login=True)
def roles(call: Call) -> Reply:
    """Addresses of the roles of a project by their names, for who administers any project."""
    project = rights.need_project(call.session, call.params["id"])
    if not any(_administers(call, one) for one in call.state.projects):
        raise missing_project(call.params["id"])
    base = f"{call.session.api}/project/{project.id}/role"
    return Reply({role.name: f"{base}/{role.id}" for role in call.state.roles})


def _administers(call: Call, project: Project) -> bool:
    return rights.is_admin(call.session) or rights.may_use(call.session, "ADMINISTER_PROJECTS", project)


def _role(call: Call) -> tuple[Project, Role]:
    """A project and one of its roles; 404 for who does not administer it ([spec] .../role/{id})."""
    project = rights.need_project(call.session, call.params["id"])
    if not _administers(call, project):
        raise missing_project(call.params["id"])
    text = call.params["role"]
    role = call.state.roles.get(int(text)) if text.isascii() and text.isdigit() else None
    if role is None:
        raise not_found(f"Can not retrieve a role actor for a null project role: {text}")
    return project, role


def _role_body(call: Call, project: Project, role: Role) -> dict[str, Any]:
    actors = []
    for number, name in enumerate(project.roles.get(role.id, ())):
        actors.append({"id": role.id * 100 + number, **_actor(call, name)})
    return {
        "self": f"{call.session.api}/project/{project.id}/role/{role.id}",
        "name": role.name,
        "id": role.id,
        "description": role.description,
        "actors": actors,
    }


def _actor(call: Call, name: str) -> dict[str, Any]:
    if name.startswith("group:"):
        group = call.state.groups[name.removeprefix("group:")]
        shown = {"name": group.name, "displayName": group.name, "groupId": group.id}
        return {
            "displayName": group.name,
            "type": "atlassian-group-role-actor",
            "name": group.name,
            "actorGroup": shown,
        }
    user = call.state.users[name]
    return {"displayName": user.name, "type": "atlassian-user-role-actor", "actorUser": {"accountId": name}}


@routes("GET", "project/{id}/role/{role}", login=True)
def role(call: Call) -> Reply:
    """A role with its members; needs administration of the project."""
    project, row = _role(call)
    return Reply(_role_body(call, project, row))


@routes("POST", "project/{id}/role/{role}")
def add_actors(call: Call) -> Reply:
    """Add people (`user`: account ids) and groups (`groupId`, `group`: names) to a role."""
    project, row = _role(call)
    members = list(project.roles.get(row.id, ()))
    for name in _wanted(call, call.object("user", "group", "groupId")):
        if name in members:
            raise bad_request("The user or group is already a member of the project role.")
        members.append(name)
    after = call.state.projects.change(project, roles={**project.roles, row.id: tuple(members)})
    return Reply(_role_body(call, after, row))


@routes("DELETE", "project/{id}/role/{role}")
def remove_actor(call: Call) -> Reply:
    """Remove the person `user` or the group `groupId` or `group` from a role."""
    project, row = _role(call)
    given = {name: [call.one(name)] for name in ("user", "group", "groupId") if call.one(name)}
    gone = set(_wanted(call, given))
    members = project.roles.get(row.id, ())
    if not gone & set(members):
        raise not_found("The user or group is not a member of the project role.")
    kept = tuple(name for name in members if name not in gone)
    call.state.projects.change(project, roles={**project.roles, row.id: kept})
    return Reply(None, 204)


def _wanted(call: Call, body: dict[str, Any]) -> list[str]:
    """Members as they are stored.

    Raises:
        ApiError: 400 for none, 404 for unknown ones.
    """
    found = []
    for key in texts(body.get("user")):
        if key not in call.state.users:
            raise not_found(f"The user with account id '{key}' does not exist.")
        found.append(key)
    for name in [*texts(body.get("group")), *texts(body.get("groupId"))]:
        group = call.state.groups.find(lambda row, name=name: name in {row.id, row.name})  # type: ignore[misc]
        if group is None:
            raise not_found(f"The group '{name}' does not exist.")
        found.append(f"group:{group.id}")
    if not found:
        raise bad_request("At least one user or group must be given.")
    return found
