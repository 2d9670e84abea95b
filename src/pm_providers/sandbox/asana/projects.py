"""Projects: one by one, lists of them, and who is in them."""

from __future__ import annotations

from pm_providers.sandbox.asana.errors import bad, missing
from pm_providers.sandbox.asana.happenings import project_event
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.project_write import change_project, create_project, trash_project
from pm_providers.sandbox.asana.records import Membership, Project
from pm_providers.sandbox.asana.rights import (
    can_see_project,
    find_project,
    find_row,
    find_user,
    find_workspace,
    need_project_editor,
)
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("projects")
TEAM_CHANGE = 'name=project_team;info="https://forum.asana.com/t/project-sharing";affected=true'
COUNTS = (
    "num_tasks",
    "num_incomplete_tasks",
    "num_completed_tasks",
    "num_milestones",
    "num_incomplete_milestones",
    "num_completed_milestones",
)


def _project(call: Call) -> Project:
    return find_project(call.session, call.params["project"])


def _editable(call: Call) -> Project:
    project = _project(call)
    need_project_editor(call.session, project)
    return project


def _listed(call: Call, rows: list[Project]) -> Reply:
    archived = call.flag("archived")
    rows = [row for row in rows if can_see_project(call.session, row.id)]
    if archived is not None:
        rows = [row for row in rows if row.archived == archived]
    return listing(call, "project", rows)


@on("GET", "/projects")
def many(call: Call) -> Reply:
    """Projects of a workspace, a team, or of all workspaces; archived ones too, unless `archived` says no."""
    workspace, team = call.gid("workspace"), call.gid("team")
    if team is not None:
        found = find_row("team", team, call.state.teams)
        find_workspace(call.session, found.workspace, "team")
        reply = _listed(call, [row for row in call.state.projects if row.team == team])
        reply.headers["asana-change"] = TEAM_CHANGE
        return reply
    if workspace is not None:
        return _listed(
            call, call.state.projects.where("workspace", find_workspace(call.session, workspace).id)
        )
    return _listed(call, list(call.state.projects))


@on("GET", "/workspaces/{workspace}/projects")
def of_workspace(call: Call) -> Reply:
    """Projects of a workspace."""
    place = find_workspace(call.session, call.params["workspace"])
    return _listed(call, call.state.projects.where("workspace", place.id))


@on("GET", "/teams/{team}/projects")
def of_team(call: Call) -> Reply:
    """Projects of a team."""
    team = find_row("team", call.params["team"], call.state.teams)
    find_workspace(call.session, team.workspace, "team")
    return _listed(call, [row for row in call.state.projects if row.team == team.id])


def _created(call: Call, workspace: str | None = None, team: str | None = None) -> Reply:
    data = call.data()
    row = create_project(call.session, data, workspace, team)
    headers = {"location": f"{call.session.api}/projects/{row.id}"}
    if "team" in data or data.raw("privacy_setting") == "private_to_team":
        headers["asana-change"] = TEAM_CHANGE
    return record(call, "project", row, 201, **headers)


@on("POST", "/projects")
def create(call: Call) -> Reply:
    """Create a project."""
    return _created(call)


@on("POST", "/workspaces/{workspace}/projects")
def create_in_workspace(call: Call) -> Reply:
    """Create a project in a workspace."""
    return _created(call, find_workspace(call.session, call.params["workspace"]).id)


@on("POST", "/teams/{team}/projects")
def create_in_team(call: Call) -> Reply:
    """Create a project for a team."""
    return _created(call, team=find_row("team", call.params["team"], call.state.teams).id)


@on("GET", "/projects/{project}")
def one(call: Call) -> Reply:
    """A project, full unless fields are asked for."""
    return record(call, "project", _project(call))


@on("PUT", "/projects/{project}")
def change(call: Call) -> Reply:
    """Change the members that are sent."""
    return record(call, "project", change_project(call.session, _editable(call), call.data()))


@on("DELETE", "/projects/{project}")
def delete(call: Call) -> Reply:
    """Put a project into the trash, with the tasks that are in no other project."""
    trash_project(call.session, _editable(call))
    return done()


@on("GET", "/projects/{project}/task_counts")
def counts(call: Call) -> Reply:
    """Numbers of tasks; none without `opt_fields` [spec]."""
    rows = [row for row in call.state.project_tasks(_project(call).id) if not row.separator]
    stones = [row for row in rows if row.subtype == "milestone"]
    done_tasks, done_stones = sum(row.completed for row in rows), sum(row.completed for row in stones)
    numbers = (
        len(rows),
        len(rows) - done_tasks,
        done_tasks,
        len(stones),
        len(stones) - done_stones,
        done_stones,
    )
    call.session.cost += len(rows) * 10
    wanted = {name for name, _ in call.fields() or ()}
    found = dict(zip(COUNTS, numbers, strict=True))
    return Reply({"data": {name: value for name, value in found.items() if name in wanted}})


def _people(call: Call, name: str) -> list[str]:
    data = call.data()
    if name not in data:
        raise missing(name)
    found = [find_user(call.session, text, name).id for text in data.names(name)]
    if not found:
        raise missing(name)
    return found


@on("POST", "/projects/{project}/addMembers")
def add_members(call: Call) -> Reply:
    """Give people access."""
    project = _editable(call)
    for gid in _people(call, "members"):
        if call.state.member_of(project.id, gid) is None:
            row = Membership(id=call.state.gid(), parent=project.id, parent_kind="project", member=gid)
            call.state.members.put(row)
            project_event(call.session, "changed", project, {"field": "members", "action": "added"})
    return record(call, "project", project)


@on("POST", "/projects/{project}/removeMembers")
def remove_members(call: Call) -> Reply:
    """Take access away."""
    project = _editable(call)
    for gid in _people(call, "members"):
        row = call.state.member_of(project.id, gid)
        if row is not None:
            call.state.members.remove(row.id)
            project_event(call.session, "changed", project, {"field": "members", "action": "removed"})
    return record(call, "project", project)


@on("POST", "/projects/{project}/addFollowers")
def add_followers(call: Call) -> Reply:
    """Let people hear of new tasks; they become members too."""
    project = _editable(call)
    found = _people(call, "followers")
    for gid in found:
        if call.state.member_of(project.id, gid) is None:
            row = Membership(id=call.state.gid(), parent=project.id, parent_kind="project", member=gid)
            call.state.members.put(row)
    followers = tuple(dict.fromkeys((*project.followers, *found)))
    return record(call, "project", call.state.projects.change(project, followers=followers))


@on("POST", "/projects/{project}/removeFollowers")
def remove_followers(call: Call) -> Reply:
    """Let people hear no longer of new tasks."""
    project, gone = _editable(call), set(_people(call, "followers"))
    followers = tuple(gid for gid in project.followers if gid not in gone)
    return record(call, "project", call.state.projects.change(project, followers=followers))


@on("GET", "/workspaces/{workspace}/projects/search")
def search(call: Call) -> Reply:
    """Projects by text, owner and state (paid plans); one page, sorted by change."""
    call.session.needs("starter", "Search")
    place = find_workspace(call.session, call.params["workspace"])
    text, completed = (call.one("text") or "").lower(), call.flag("completed")
    owners = (call.one("owner.any") or "").split(",") if call.one("owner.any") else []
    rows = [
        row
        for row in call.state.projects.where("workspace", place.id)
        if text in row.name.lower()
        and (completed is None or completed == (row.completed_at is not None))
        and (not owners or row.owner in owners)
    ]
    if call.one("offset"):
        raise bad("offset: Search results cannot be paged")
    rows.sort(key=lambda row: row.modified, reverse=True)
    return _listed(call, rows[:100])
