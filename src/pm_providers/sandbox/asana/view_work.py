"""How projects, sections, tags and tasks look."""

from __future__ import annotations

from typing import Any, NamedTuple

from pm_providers.sandbox.asana.fields import OMIT, Getter, Ref, define, refs
from pm_providers.sandbox.asana.records import Project, Section, Task
from pm_providers.sandbox.asana.rich_text import to_text
from pm_providers.sandbox.asana.rights import can_see_project
from pm_providers.sandbox.asana.view_fields import settings_refs, values_of
from pm_providers.sandbox.asana.view_people import member_refs, user_ref, user_refs, workspace_ref
from pm_providers.sandbox.asana.web import APP, Session, stamp

__all__ = ["Like", "Place", "portfolios_of"]


class Place(NamedTuple):
    """A task's place in a project."""

    project: Project
    section: Section


class Like(NamedTuple):
    """A heart of somebody."""

    id: str
    user: str


def _project_address(_session: Session, row: Project) -> str:
    return f"{APP}/1/{row.workspace}/project/{row.id}"


def _team(session: Session, row: Project) -> Ref | None:
    return None if row.team is None else Ref("team", session.state.teams[row.team])


def _update(session: Session, row: Any) -> Ref | None:
    found = session.state.status_updates.get(row.current_status) if row.current_status else None
    return None if found is None else Ref("status_update", found)


def _status(session: Session, row: Project) -> Ref | None:
    found = _update(session, row)
    return None if found is None else Ref("current_project_status", found.row)


def portfolios_of(session: Session, gid: str) -> list[str]:
    """Portfolios that a project is in: their fields are the fields of the project itself."""
    return [row.id for row in session.state.portfolios if gid in row.items]


_PROJECT: dict[str, Getter] = {
    "name": lambda _s, row: row.name,
    "archived": lambda _s, row: row.archived,
    "color": lambda _s, row: row.color,
    "icon": lambda _s, row: row.icon,
    "completed": lambda _s, row: row.completed_at is not None,
    "completed_at": lambda _s, row: stamp(row.completed_at),
    "completed_by": lambda s, row: user_ref(s, row.completed_by),
    "created_at": lambda _s, row: stamp(row.created),
    "current_status": _status,
    "current_status_update": _update,
    "custom_fields": lambda s, row: values_of(s, portfolios_of(s, row.id), row.custom),
    "custom_field_settings": lambda s, row: settings_refs(s, row.id),
    "default_access_level": lambda _s, row: row.default_access_level,
    "default_view": lambda _s, row: row.default_view,
    "due_on": lambda _s, row: row.due_on,
    "due_date": lambda _s, row: row.due_on,
    "followers": lambda s, row: user_refs(s, row.followers),
    "html_notes": lambda _s, row: row.html_notes,
    "members": lambda s, row: member_refs(s, row.id),
    "minimum_access_level_for_customization": lambda _s, row: row.min_customization,
    "minimum_access_level_for_sharing": lambda _s, row: row.min_sharing,
    "modified_at": lambda _s, row: stamp(row.modified),
    "notes": lambda _s, row: to_text(row.html_notes),
    "owner": lambda s, row: user_ref(s, row.owner),
    "permalink_url": _project_address,
    "privacy_setting": lambda _s, row: row.privacy,
    "public": lambda _s, row: row.privacy == "public_to_workspace",
    "start_on": lambda _s, row: row.start_on,
    "team": _team,
    "workspace": lambda s, row: workspace_ref(s, row.workspace),
    "project_brief": lambda _s, _row: None,
    "created_from_template": lambda _s, _row: None,
}
_PROJECT_OPT_IN = {"html_notes", "project_brief", "created_from_template"}
define(
    "project", _PROJECT, full=("resource_type", *(name for name in _PROJECT if name not in _PROJECT_OPT_IN))
)


def _section_parent(session: Session, row: Section) -> Any:
    found = session.state.projects.get(row.project)
    return OMIT if found is None else Ref("project", found)


define(
    "section",
    {
        "name": lambda _s, row: row.name,
        "created_at": lambda _s, row: stamp(row.created),
        "project": _section_parent,
        "projects": lambda s, row: refs("project", [s.state.projects[row.project]]),
    },
    full=("resource_type", "name", "created_at", "project"),
)
define(
    "tag",
    {
        "name": lambda _s, row: row.name,
        "color": lambda _s, row: row.color,
        "created_at": lambda _s, row: stamp(row.created),
        "followers": lambda s, row: user_refs(s, row.followers),
        "notes": lambda _s, row: row.notes,
        "permalink_url": lambda _s, row: f"{APP}/0/{row.id}/{row.id}",
        "workspace": lambda s, row: workspace_ref(s, row.workspace),
    },
)
define(
    "task_place",
    {
        "project": lambda _s, row: Ref("project", row.project),
        "section": lambda _s, row: Ref("section", row.section),
    },
    compact=("project", "section"),
    gid=False,
)
define("like", {"user": lambda s, row: user_ref(s, row.user)}, compact=("user",))


def _places(session: Session, row: Task) -> list[Ref]:
    state = session.state
    return [
        Ref("task_place", Place(state.projects[project], state.sections[section]))
        for project, section in row.memberships
        if can_see_project(session, project)
    ]


def _projects(session: Session, row: Task) -> list[Ref]:
    found = (gid for gid, _ in row.memberships if can_see_project(session, gid))
    return [Ref("project", session.state.projects[gid]) for gid in found]


def _tags(session: Session, row: Task) -> list[Ref]:
    return [Ref("tag", session.state.tags[gid]) for gid in row.tags]


def _due_on(session: Session, row: Task) -> str | None:
    """The date of a due time depends on who looks."""
    if row.due_at is not None:
        return row.due_at.astimezone(session.zone).date().isoformat()
    return row.due_on


def _start_on(session: Session, row: Task) -> str | None:
    if row.start_at is not None:
        return row.start_at.astimezone(session.zone).date().isoformat()
    return row.start_on


def _parent(session: Session, row: Task) -> Ref | None:
    return None if row.parent is None else Ref("task", session.state.tasks[row.parent])


def _others(name: str) -> Getter:
    def getter(session: Session, row: Task) -> list[Ref]:
        rows = (session.state.tasks[gid] for gid in getattr(row, name))
        return [Ref("task_reference", other) for other in rows if other.trashed is None]

    return getter


def _likes(_session: Session, row: Task) -> list[Ref]:
    return [Ref("like", Like(f"{row.id}{number}", gid)) for number, gid in enumerate(row.likes)]


def _external(session: Session, row: Task) -> Any:
    found = row.external.get(session.token.app) if session.token.app else None
    return OMIT if found is None else {"gid": found[0], "data": found[1]}


def _custom_type(session: Session, row: Task) -> Any:
    return (
        None if row.custom_type is None else Ref("custom_type", session.state.custom_types[row.custom_type])
    )


def _status_option(session: Session, row: Task) -> Any:
    if row.custom_type is None or row.status_option is None:
        return None
    options = session.state.custom_types[row.custom_type].options
    return Ref("custom_type_status_option", next(one for one in options if one.id == row.status_option))


def _assignee_section(session: Session, row: Task) -> Any:
    found = session.state.sections.get(row.assignee_section) if row.assignee_section else None
    return OMIT if found is None else Ref("section", found)


def _address(_session: Session, row: Task) -> str:
    place = f"project/{row.memberships[0][0]}/" if row.memberships else ""
    return f"{APP}/1/{row.workspace}/{place}task/{row.id}"


_TASK: dict[str, Getter] = {
    "name": lambda _s, row: row.name,
    "resource_subtype": lambda _s, row: row.subtype,
    "actual_time_minutes": lambda s, row: row.minutes if s.state.has("advanced") else None,
    "approval_status": lambda _s, row: OMIT if row.approval is None else row.approval,
    "assignee": lambda s, row: user_ref(s, row.assignee),
    "assignee_status": lambda _s, row: row.assignee_status,
    "assignee_section": _assignee_section,
    "assigned_by": lambda s, row: user_ref(s, row.assigned_by),
    "completed": lambda _s, row: row.completed_at is not None,
    "completed_at": lambda _s, row: stamp(row.completed_at),
    "completed_by": lambda s, row: user_ref(s, row.completed_by),
    "created_at": lambda _s, row: stamp(row.created),
    "created_by": lambda s, row: user_ref(s, row.created_by),
    "custom_fields": lambda s, row: values_of(s, [gid for gid, _ in row.memberships], row.custom),
    "custom_type": _custom_type,
    "custom_type_status_option": _status_option,
    "dependencies": _others("dependencies"),
    "dependents": _others("dependents"),
    "due_at": lambda _s, row: stamp(row.due_at),
    "due_on": _due_on,
    "external": _external,
    "followers": lambda s, row: user_refs(s, row.followers),
    "hearted": lambda s, row: s.user.id in row.likes,
    "hearts": _likes,
    "html_notes": lambda _s, row: row.html_notes,
    "is_rendered_as_separator": lambda _s, row: row.separator,
    "liked": lambda s, row: s.user.id in row.likes,
    "likes": _likes,
    "memberships": _places,
    "modified_at": lambda _s, row: stamp(row.modified),
    "notes": lambda _s, row: to_text(row.html_notes),
    "num_hearts": lambda _s, row: len(row.likes),
    "num_likes": lambda _s, row: len(row.likes),
    "num_subtasks": lambda s, row: len(s.state.subtasks(row.id)),
    "parent": _parent,
    "permalink_url": _address,
    "projects": _projects,
    "start_at": lambda _s, row: stamp(row.start_at),
    "start_on": _start_on,
    "tags": _tags,
    "workspace": lambda s, row: workspace_ref(s, row.workspace),
}
_TASK_OPT_IN = {
    "assigned_by",
    "completed_by",
    "created_by",
    "custom_type",
    "custom_type_status_option",
    "dependencies",
    "dependents",
    "html_notes",
    "is_rendered_as_separator",
    "num_subtasks",
}
_TASK_COMPACT = ("name", "resource_type", "resource_subtype")
_TASK_FULL = ("resource_type", *(name for name in _TASK if name not in _TASK_OPT_IN))
define("task", _TASK, compact=_TASK_COMPACT, full=_TASK_FULL)
# dependencies and dependents: "the objects contain only the gid" [spec], and their type
define("task_reference", _TASK, compact=("resource_type",), full=_TASK_FULL, resource_type="task")
