"""Creating, changing and deleting projects."""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad, missing, unwritable
from pm_providers.sandbox.asana.field_input import read_values
from pm_providers.sandbox.asana.happenings import project_event
from pm_providers.sandbox.asana.mentions import read_text
from pm_providers.sandbox.asana.records import Membership, Project, Section
from pm_providers.sandbox.asana.rights import find_row, find_user, find_workspace
from pm_providers.sandbox.asana.task_write import trash_task
from pm_providers.sandbox.asana.view_work import portfolios_of
from pm_providers.sandbox.asana.web import Session

__all__ = ["COLORS", "change_project", "create_project", "make_section", "trash_project"]

TONES = ("pink", "green", "blue", "red", "teal", "brown", "orange", "purple", "warm-gray")
COLORS = (*(f"dark-{tone}" for tone in TONES), *(f"light-{tone}" for tone in TONES), "none")
# `aqua` and `magenta` stand in recorded projects and not in the document
SHOWN_COLORS = (*COLORS, "aqua", "magenta")
ICONS = (
    *(
        "list",
        "board",
        "timeline",
        "calendar",
        "rocket",
        "people",
        "graph",
        "star",
        "bug",
        "light_bulb",
        "globe",
    ),
    *("gear", "notebook", "computer", "check", "target", "html", "megaphone", "chat_bubbles", "briefcase"),
    *("page_layout", "mountain_flag", "puzzle", "presentation", "line_and_symbols", "speed_dial", "ribbon"),
    *("shoe", "shopping_basket", "map", "ticket", "coins"),
)
VIEWS = ("list", "board", "calendar", "timeline")
PRIVACY = ("public_to_workspace", "private_to_team", "private")
LEVELS = ("admin", "editor", "commenter", "viewer")
READ_ONLY = (
    "gid",
    "resource_type",
    "created_at",
    "modified_at",
    "completed",
    "completed_at",
    "completed_by",
    "members",
    "custom_field_settings",
    "permalink_url",
    "project_brief",
    "created_from_template",
)
UNTITLED = "Untitled section"


def make_section(session: Session, project: str, name: str, position: int | None = None) -> Section:
    """Add a section, at the end unless a position is given."""
    state = session.state
    row = state.sections.put(Section(id=state.gid(), project=project, name=name, created=state.now()))
    order = state.section_order.setdefault(project, [])
    order.insert(len(order) if position is None else position, row.id)
    state.placed[row.id] = []
    return row


def create_project(session: Session, data: Data, workspace: str | None, team: str | None) -> Project:
    """A new project with one section; the caller owns, follows and administers it.

    The documents call `team` deprecated, and recorded projects of organizations have none: a workspace is
    enough, unless `State.team_required`.
    """
    data.refuse(READ_ONLY)
    state, now = session.state, session.state.now()
    workspace, team = _place(session, data, workspace, team)
    name = data.need("name")
    followers = [find_user(session, text, "followers").id for text in data.names("followers")]
    user = session.user.id
    row = Project(
        id=state.gid(), workspace=workspace, team=team, name=name, created=now, modified=now, owner=user
    )
    changes = _changes(session, data, row)
    changes |= {"followers": tuple(dict.fromkeys([user, *followers])), "team": team}
    row = state.projects.put(msgspec.structs.replace(row, **changes))
    for gid in row.followers:
        level = "admin" if gid == user else row.default_access_level
        state.members.put(
            Membership(id=state.gid(), parent=row.id, parent_kind="project", member=gid, access_level=level)
        )
    make_section(session, row.id, UNTITLED)
    project_event(session, "added", row)
    return row


def _place(session: Session, data: Data, workspace: str | None, team: str | None) -> tuple[str, str | None]:
    state = session.state
    workspace = workspace or data.gid("workspace")
    team = team or data.gid("team")
    if workspace is None and team is None:
        raise missing("workspace")
    found = find_row("team", team, state.teams) if team is not None else None
    if workspace is None and found is not None:
        workspace = found.workspace
    row = find_workspace(session, workspace or "")
    if found is not None and found.workspace != row.id:
        raise bad("team: The team is not in the given workspace")
    if row.is_organization and found is None and state.team_required:
        raise missing("team")
    if row.is_organization and "public" in data:
        raise unwritable("public")
    return row.id, None if found is None else found.id


def change_project(session: Session, row: Project, data: Data) -> Project:
    """Apply the members that were sent."""
    data.refuse((*READ_ONLY, "workspace", "followers"))
    if "public" in data and session.state.workspaces[row.workspace].is_organization:
        raise unwritable("public")
    changes = _changes(session, data, row)
    changes = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not changes:
        return row
    row = session.state.projects.change(row, **changes, modified=session.state.now())
    for name in changes:
        field = {"html_notes": "notes", "custom": "custom_fields", "privacy": "privacy_setting"}.get(
            name, name
        )
        project_event(session, "changed", row, {"field": field, "action": "changed"})
    session.seen.pop(row.id, None)
    return row


def _changes(session: Session, data: Data, row: Project) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in data:
        found["name"] = data.need("name")
    notes = read_text(session, data, "notes", "html_notes")
    if notes is not None:
        found["html_notes"] = notes
    archived = data.flag("archived")
    if archived is not None:
        found["archived"] = archived
    for name, attribute, known, null in (
        ("color", "color", SHOWN_COLORS, True),
        ("icon", "icon", ICONS, True),
        ("default_view", "default_view", VIEWS, False),
        ("privacy_setting", "privacy", PRIVACY, False),
        ("default_access_level", "default_access_level", LEVELS, False),
        ("minimum_access_level_for_customization", "min_customization", LEVELS[:2], False),
        ("minimum_access_level_for_sharing", "min_sharing", LEVELS[:2], False),
    ):
        if name in data:
            found[attribute] = data.choice(name, known, null=null)
    public = data.flag("public")
    if public is not None:
        found["privacy"] = "public_to_workspace" if public else "private"
    if "owner" in data:
        who = data.text("owner")
        found["owner"] = None if who is None else find_user(session, who, "owner").id
    if "team" in data and row.team is not None:
        found["team"] = data.need_gid("team")
    found |= _dates(data, row)
    found["custom"] = read_values(
        session, data.object("custom_fields"), portfolios_of(session, row.id), row.custom
    )
    return found


def _dates(data: Data, row: Any) -> dict[str, Any]:
    """A start needs `due_on` in the same request, set or unset, and must be before it [spec]."""
    due_name = "due_on" if "due_on" in data else "due_date"
    found: dict[str, Any] = {"due_on": row.due_on, "start_on": row.start_on}
    if due_name in data:
        found["due_on"] = data.date(due_name)
    if "start_on" in data:
        found["start_on"] = data.date("start_on")
        if due_name not in data or (found["start_on"] and not found["due_on"]):
            raise bad(
                "start_on: You must provide due_on in the same request when setting or unsetting start_on"
            )
    if found["due_on"] is None:
        found["start_on"] = None
    if found["start_on"] and found["start_on"] == found["due_on"]:
        raise bad("start_on: start_on and due_on cannot be the same date")
    if found["start_on"] and found["start_on"] > found["due_on"]:
        raise bad("start_on: The start date must be before the due date")
    return found


def trash_project(session: Session, row: Project) -> None:
    """Put a project into the trash; tasks that are in another one stay there, the others go with it [inf]."""
    state = session.state
    for listed in list(state.project_tasks(row.id)):
        task = state.tasks[listed.id]
        if task.trashed is not None:  # with its parent
            continue
        kept = tuple(pair for pair in task.memberships if pair[0] != row.id)
        if kept:
            state.placed[next(pair[1] for pair in task.memberships if pair[0] == row.id)].remove(task.id)
            state.tasks.change(task, memberships=kept)
        else:
            trash_task(session, task)
    row = state.projects.change(row, trashed=state.now())
    session.seen.pop(row.id, None)
    project_event(session, "deleted", row)
