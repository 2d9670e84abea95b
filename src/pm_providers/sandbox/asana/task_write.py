"""Creating, changing and deleting tasks."""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.asana.data import Data, is_gid, shown
from pm_providers.sandbox.asana.errors import ApiError, bad, not_an_id
from pm_providers.sandbox.asana.field_input import read_values
from pm_providers.sandbox.asana.happenings import task_event, task_scopes
from pm_providers.sandbox.asana.mentions import read_text
from pm_providers.sandbox.asana.narrate import narrate
from pm_providers.sandbox.asana.placing import (
    add_to_project,
    first_section,
    section_in,
    set_parent,
    writable_project,
)
from pm_providers.sandbox.asana.records import Project, Section, Tag, Task
from pm_providers.sandbox.asana.rights import find_row, find_task, find_user, find_workspace
from pm_providers.sandbox.asana.task_dates import read_dates
from pm_providers.sandbox.asana.web import Session

__all__ = ["CREATE_ONLY", "READ_ONLY", "change_task", "create_task", "restore_task", "trash_task"]

SUBTYPES = ("default_task", "milestone", "approval", "custom")
APPROVALS = ("pending", "approved", "rejected", "changes_requested")
ASSIGNEE_STATUSES = ("today", "upcoming", "later", "new", "inbox")
READ_ONLY = (
    "gid",
    "resource_type",
    "created_at",
    "created_by",
    "modified_at",
    "completed_at",
    "completed_by",
    "assigned_by",
    "dependencies",
    "dependents",
    "hearted",
    "hearts",
    "likes",
    "num_hearts",
    "num_likes",
    "num_subtasks",
    "is_rendered_as_separator",
    "actual_time_minutes",
    "permalink_url",
)
CREATE_ONLY = ("projects", "tags", "followers", "memberships", "workspace", "parent")
MAX_NAME = 1_024
MAX_EXTERNAL_GID, MAX_EXTERNAL_DATA = 1_024, 32_768


def create_task(session: Session, data: Data, parent: Task | None = None) -> Task:
    """A new task in the workspace, projects or below the parent that the body names."""
    data.refuse(READ_ONLY)
    state, user = session.state, session.user
    if parent is None and data.raw("parent") is not None:
        parent = find_task(session, data.need_gid("parent"), "parent")
    places = _places(session, data)
    workspace = _workspace(session, data, parent, places)
    tags = [_tag(session, gid, workspace) for gid in data.gids("tags")]
    named = [find_user(session, name, "followers").id for name in data.names("followers")]
    now = state.now()
    task = Task(id=state.gid(), workspace=workspace, name="", created=now, modified=now, created_by=user.id)
    projects = [project.id for project, _ in places]
    changes = _changes(session, data, task, projects)
    followers = dict.fromkeys([user.id, *([changes["assignee"]] if changes.get("assignee") else ()), *named])
    changes |= {"tags": tuple(tag.id for tag in tags), "followers": tuple(followers)}
    task = state.tasks.put(msgspec.structs.replace(task, **changes))
    _claim(session, task)
    if parent is not None:
        task = set_parent(session, task, parent)
    for project, section in places:
        task = add_to_project(session, task, project, section)
    return task


def _places(session: Session, data: Data) -> list[tuple[Project, Section]]:
    found: dict[str, tuple[Project, Section]] = {}
    for number, entry in enumerate(data.items("memberships")):
        where = f"memberships: [{number}]"
        if not isinstance(entry, dict):
            raise bad(f"{where}: Value is not a JSON object: {shown(entry)}")
        if not is_gid(entry.get("project")):
            raise bad(f"{where}: project: Missing required field")
        project = writable_project(session, entry["project"], f"{where}: project")
        named = Data(entry, where=f"{where}: ").gid("section")
        section = first_section(session, project) if named is None else section_in(session, project, named)
        found[project.id] = (project, section)
    for number, gid in enumerate(data.gids("projects")):
        project = writable_project(session, gid, f"projects: [{number}]")
        found.setdefault(project.id, (project, first_section(session, project)))
    return list(found.values())


def _workspace(
    session: Session, data: Data, parent: Task | None, places: list[tuple[Project, Section]]
) -> str:
    named = data.gid("workspace")
    found = {project.workspace for project, _ in places}
    if named is not None:
        found.add(find_workspace(session, named).id)
    if parent is not None:
        found.add(parent.workspace)
    if not found:
        raise bad("You should specify one of workspace, parent, projects")
    if len(found) > 1:
        raise bad("All projects, the parent and the workspace must be in the same workspace")
    return found.pop()


def _tag(session: Session, gid: str, workspace: str) -> Tag:
    row: Tag = find_row("tags", gid, session.state.tags)
    if row.workspace != workspace:
        raise bad(f"tags: {gid} belongs to another workspace")
    return row


def change_task(session: Session, task: Task, data: Data) -> Task:
    """Apply the members that were sent; nothing happens when they say what is so already."""
    data.refuse((*READ_ONLY, *CREATE_ONLY))
    changes = _changes(session, data, task, [project for project, _ in task.memberships])
    changes = {name: value for name, value in changes.items() if getattr(task, name) != value}
    if not changes:
        return task
    if changes.get("assignee") and changes["assignee"] not in task.followers:
        changes["followers"] = (*task.followers, changes["assignee"])
    after = session.state.tasks.change(task, **changes, modified=session.state.now())
    _claim(session, after)
    narrate(session, task, after)
    return session.state.tasks[task.id]


def _changes(session: Session, data: Data, task: Task, projects: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in data:
        found["name"] = data.text("name", null=False, limit=MAX_NAME) or ""
    notes = read_text(session, data, "notes", "html_notes")
    if notes is not None:
        found["html_notes"] = notes
    subtype = data.choice("resource_subtype", SUBTYPES) or task.subtype
    found["subtype"] = subtype
    found |= _assigned(session, data, task)
    found |= read_dates(session, data, task, subtype)
    found |= _custom_type(session, data, task, projects, found)
    found |= _completion(session, data, task, found)
    found["custom"] = read_values(session, data.object("custom_fields"), projects, task.custom)
    if "external" in data:
        found["external"] = _external(session, data, task)
    liked = data.flag("liked")
    if liked is not None:
        others = tuple(gid for gid in task.likes if gid != session.user.id)
        found["likes"] = (*others, session.user.id) if liked else others
    return found


def _assigned(session: Session, data: Data, task: Task) -> dict[str, Any]:
    found: dict[str, Any] = {}
    assignee = task.assignee
    if "assignee" in data:
        name = data.text("assignee")
        assignee = None if name is None else find_user(session, name, "assignee").id
        if (
            assignee is not None
            and session.state.in_workspace(assignee, task.workspace) is None
            and task.workspace
        ):
            raise not_an_id("assignee", shown(name))
        found["assignee"] = assignee
        found["assigned_by"] = None if assignee is None else session.user.id
        found["assignee_section"] = _inbox(session, assignee, task.workspace)
    status = data.choice("assignee_status", ASSIGNEE_STATUSES)
    if status is not None:
        if assignee is None:
            raise bad("assignee_status: Can only be set if the task has an assignee")
        found["assignee_status"] = status
    section = data.gid("assignee_section")
    if section is not None:
        row = session.state.sections.get(section)
        mine = session.state.task_list(assignee, task.workspace) if assignee else None
        if row is None or mine is None or row.project != mine.id:
            raise not_an_id("assignee_section", section)
        found["assignee_section"] = section
    return found


def _inbox(session: Session, assignee: str | None, workspace: str) -> str | None:
    mine = session.state.task_list(assignee, workspace) if assignee else None
    return session.state.section_order[mine.id][0] if mine is not None else None


def _completion(session: Session, data: Data, task: Task, found: dict[str, Any]) -> dict[str, Any]:
    """`completed` and `approval_status` are kept in sync; completing an approval approves it [spec]."""
    completed = data.flag("completed")
    approval = data.choice("approval_status", APPROVALS)
    subtype = found["subtype"]
    if approval is not None and subtype != "approval":
        raise bad("approval_status: Can only be set on tasks with the resource_subtype approval")
    if subtype == "approval" and approval is None:
        approval = task.approval or "pending"
        if completed is not None and completed != (approval != "pending"):
            approval = "approved" if completed else "pending"
    elif subtype != "approval":
        approval = None
    if approval is not None:
        completed = approval != "pending"
    if completed is None:
        completed = found.get("completed", task.completed)
    found.pop("completed", None)
    if completed == task.completed:
        return {"approval": approval}
    now = session.state.now() if completed else None
    return {"approval": approval, "completed_at": now, "completed_by": session.user.id if completed else None}


def _custom_type(
    session: Session, data: Data, task: Task, projects: list[str], found: dict[str, Any]
) -> dict[str, Any]:
    """Members of changes only, and of tasks of the subtype `custom` only ([spec] TaskUpdateRequest)."""
    if task.id not in session.state.tasks:
        return {}  # ignored in creations, as all members that are not known
    kind = data.gid("custom_type") if "custom_type" in data else task.custom_type
    option = data.gid("custom_type_status_option")
    if found["subtype"] != "custom":
        for name in ("custom_type", "custom_type_status_option"):
            if data.gid(name) is not None:
                raise bad(f"{name}: Can only be set on tasks with the resource_subtype custom")
        kind = None
    if kind is None:
        if option is not None:
            raise bad("custom_type_status_option: The task has no custom type")
        return {"custom_type": None, "status_option": None}
    row = session.state.custom_types.get(kind)
    if row is None or not set(row.projects) & set(projects):
        raise not_an_id("custom_type", kind)
    known = {one.id: one for one in row.options}
    if option is not None and option not in known:
        raise not_an_id("custom_type_status_option", option)
    chosen = known.get(option or task.status_option or "") or row.options[0]
    completed = data.flag("completed")
    if option is None and completed is not None and completed != (chosen.completion == "complete"):
        wanted = "complete" if completed else "incomplete"
        chosen = next((one for one in row.options if one.completion == wanted), chosen)
    found["completed"] = chosen.completion == "complete"
    return {"custom_type": kind, "status_option": chosen.id}


def _external(session: Session, data: Data, task: Task) -> dict[str, tuple[str, str | None]]:
    """Data of an app on a task: apps only, and an id of theirs names one task [spec; the errors are ours]."""
    app = session.token.app
    if not app:
        raise bad("external: Custom external data can only be written by an OAuth application")
    sent = data.object("external")
    if sent is None:
        return {key: value for key, value in task.external.items() if key != app}
    fields = Data(sent, where="external: ")
    gid = fields.text("gid", limit=MAX_EXTERNAL_GID) or ""
    holder = session.state.uniques.get((app, gid))
    if gid and holder not in {None, task.id}:
        raise bad(f"external: gid: {shown(gid)} is already in use by another task")
    return {**task.external, app: (gid, fields.text("data", limit=MAX_EXTERNAL_DATA))}


def _claim(session: Session, task: Task) -> None:
    app = session.token.app
    if not app:
        return
    known = session.state.uniques
    for key in [key for key, gid in known.items() if gid == task.id and key[0] == app]:
        del known[key]
    gid = task.external.get(app, ("", None))[0]
    if gid:
        known[app, gid] = task.id


def trash_task(session: Session, task: Task) -> None:
    """Put a task and its subtasks into the trash, out of which the UI can bring them back for 30 days."""
    state = session.state
    if state.tasks[task.id].trashed is not None:
        return
    scopes = task_scopes(state, task)
    for child in state.subtasks(task.id):
        trash_task(session, child)
    now = state.now()
    row = state.tasks.change(state.tasks[task.id], trashed=now, modified=now)
    for _, section in row.memberships:
        state.placed[section].remove(row.id)
    if row.parent is not None:
        state.children[row.parent].remove(row.id)
    task_event(session, "deleted", row, scopes=scopes)


def restore_task(session: Session, gid: str) -> Task:
    """Bring a task back from the trash, as a person does in the UI.

    Raises:
        ApiError: 404 for a task that is not in the trash.
    """
    task = session.state.tasks.get(gid)
    if task is None or task.trashed is None:
        raise ApiError(404, f"task: Not a recognized ID: {gid}")
    state = session.state
    row = state.tasks.change(task, trashed=None, modified=state.now())
    pairs = [(project, section) for project, section in row.memberships if section in state.placed]
    for _, section in pairs:
        state.placed[section].append(row.id)
    if row.parent is not None:
        state.children.setdefault(row.parent, []).append(row.id)
    row = state.tasks.change(row, memberships=tuple(pairs))
    task_event(session, "undeleted", row)
    return row
