"""The JSON forms of people, containers and fields, with the members and types as recorded."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.records import (
    FieldDefinition,
    Folder,
    Member,
    Space,
    Status,
    Tag,
    TaskList,
    Team,
    User,
)
from pm_providers.sandbox.clickup.state import State

__all__ = [
    "PRIORITIES",
    "account",
    "creator",
    "field_form",
    "folder_form",
    "initials",
    "list_form",
    "list_row",
    "member_form",
    "ms",
    "person",
    "space_form",
    "status_form",
    "tag_form",
    "team_form",
]

PRIORITIES = {
    1: {"color": "#f50000", "id": "1", "orderindex": "1", "priority": "urgent"},
    2: {"color": "#f8ae00", "id": "2", "orderindex": "2", "priority": "high"},
    3: {"color": "#6fddff", "id": "3", "orderindex": "3", "priority": "normal"},
    4: {"color": "#d8d8d8", "id": "4", "orderindex": "4", "priority": "low"},
}
_ROLE_KEYS = {1: "owner", 2: "admin", 3: "member", 4: "guest"}


def ms(moment: int | None) -> str | None:
    """A moment as its digits in a text."""
    return None if moment is None else str(moment)


def initials(user: User) -> str:
    """Of the name, or the first letter of the address."""
    words = (user.username or user.email).split()
    return "".join(word[0] for word in words[:2]).upper()


def creator(user: User) -> dict[str, Any]:
    """A person as the creator of a task: without initials."""
    return {
        "id": user.id,
        "username": user.username,
        "color": user.color,
        "email": user.email,
        "profilePicture": user.picture,
    }


def person(user: User) -> dict[str, Any]:
    """A person as assignee, watcher and author."""
    return {
        "id": user.id,
        "username": user.username,
        "color": user.color,
        "initials": initials(user),
        "email": user.email,
        "profilePicture": user.picture,
    }


def account(user: User) -> dict[str, Any]:
    """The caller (recorded: `GET /user`); the spec spells the zone `timezeone`, the server does not."""
    return {
        **person(user),
        "week_start_day": user.week_start_day,
        "global_font_support": False,
        "timezone": user.timezone,
    }


def member_form(state: State, row: Member) -> dict[str, Any]:
    """A member of a Workspace, with who invited him where somebody did."""
    user = state.users[row.user_id]
    found: dict[str, Any] = {
        "user": {
            **person(user),
            "role": row.role,
            "role_subtype": 0,
            "role_key": _ROLE_KEYS[row.role],
            "custom_role": None,
            "last_active": ms(row.active),
            "date_joined": ms(row.joined),
            "date_invited": ms(row.invited),
        }
    }
    if row.invited_by is not None:
        found["invited_by"] = {
            **person(state.users[row.invited_by]),
            "banned_date": None,
            "status": "active" if row.joined is not None else "invited",
        }
    return found


def team_form(state: State, row: Team) -> dict[str, Any]:
    """A Workspace with all members."""
    members = [member_form(state, found) for found in state.members.where("team_id", row.id)]
    return {"id": row.id, "name": row.name, "color": row.color, "avatar": None, "members": members}


def status_form(row: Status) -> dict[str, Any]:
    """A status as of spaces, folders and tasks."""
    return {
        "id": row.id,
        "status": row.status,
        "color": row.color,
        "orderindex": row.orderindex,
        "type": row.type,
    }


def space_form(row: Space) -> dict[str, Any]:
    """A Space; no owner, dates or description: it has none."""
    found = {
        "id": row.id,
        "name": row.name,
        "color": row.color,
        "private": row.private,
        "avatar": None,
        "admin_can_manage": row.admin_can_manage,
        "statuses": [status_form(status) for status in row.statuses],
        "multiple_assignees": row.multiple_assignees,
        "features": _features(row),
        "archived": row.archived,
    }
    return {**found, "members": []} if row.private else found


def _features(row: Space) -> dict[str, Any]:
    if row.multiple_assignees:
        return row.features
    return {key: value for key, value in row.features.items() if key != "multiple_assignees"}


def list_row(state: State, row: TaskList, *, nested: bool = False) -> dict[str, Any]:
    """A list among others; inside a folder (`nested`) with statuses and without its place."""
    found: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "orderindex": row.orderindex,
        "content": row.content,
        "status": _colour(row),
        "priority": _priority(row),
        "assignee": person(state.users[row.assignee]) if row.assignee is not None else None,
        "task_count": _count(state, row),
        "due_date": ms(row.due),
        "start_date": ms(row.start),
    }
    if not nested:
        found |= _place(state, row)
    found |= {"archived": row.archived, "override_statuses": bool(row.statuses)}
    if nested:
        found["statuses"] = list_statuses(state, row)
    return {**found, "permission_level": "create"}


def list_form(state: State, row: TaskList) -> dict[str, Any]:
    """One list; `status` and dates with time flags only where they are set (recorded: neither)."""
    found: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "deleted": row.deleted,
        "orderindex": row.orderindex,
        "content": row.content,
        "priority": _priority(row),
        "assignee": person(state.users[row.assignee]) if row.assignee is not None else None,
        "task_count": _count(state, row),
        "due_date": ms(row.due),
        "start_date": ms(row.start),
        **_place(state, row),
        "inbound_address": f"a.t.{row.id}.u.1@tasks.clickup.com",
        "archived": row.archived,
        "override_statuses": bool(row.statuses),
        "statuses": list_statuses(state, row),
        "permission_level": "create",
    }
    if row.status:
        found["status"] = _colour(row)
    if row.due is not None:
        found["due_date_time"] = row.due_time
    return found


def list_statuses(state: State, row: TaskList) -> list[dict[str, Any]]:
    """Statuses of a list, with the group that says where they come from."""
    folder = state.folders[row.folder_id]
    if row.statuses:
        group = f"subcat_{row.id}"
    else:
        group = f"cat_{folder.id}" if folder.statuses else f"proj_{row.space_id}"
    return [{**status_form(status), "status_group": group} for status in state.statuses_of(row)]


def folder_form(state: State, row: Folder, *, single: bool = True) -> dict[str, Any]:
    """A folder with its lists; a `single` one says whether it is in the trash."""
    space = state.spaces[row.space_id]
    lists = [found for found in state.lists.where("folder_id", row.id) if not found.deleted]
    found: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "orderindex": row.orderindex,
        "override_statuses": bool(row.statuses),
        "hidden": row.hidden,
        "space": {"id": space.id, "name": space.name, **({"access": True} if single else {})},
        "task_count": str(sum(_count(state, each) for each in lists)),
        "archived": row.archived,
        "statuses": [status_form(status) for status in row.statuses],
    }
    if single:
        found["deleted"] = row.deleted
    shown = [list_row(state, each, nested=True) for each in lists if each.archived == row.archived]
    found |= {"lists": shown, "permission_level": "create"}
    if row.parent_id:
        found["parent_folder"] = row.parent_id
    return found


def tag_form(row: Tag) -> dict[str, Any]:
    """A tag as of tasks."""
    return {"name": row.name, "tag_fg": row.fg, "tag_bg": row.bg, "creator": row.creator}


def field_form(row: FieldDefinition, *, applied: bool = False) -> dict[str, Any]:
    """A custom field; with the task types that it is for where asked."""
    found: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "type_config": row.type_config,
        "date_created": str(row.created),
        "hide_from_guests": row.hide_from_guests,
        "required": row.required,
    }
    if applied:
        found["applied_objects"] = [{"object_type": kind, "object_id": key} for kind, key in row.applied]
    return found


def _colour(row: TaskList) -> dict[str, Any] | None:
    return {"status": row.status, "color": row.status, "hide_label": True} if row.status else None


def _priority(row: TaskList) -> dict[str, Any] | None:
    if row.priority is None:
        return None
    found = PRIORITIES[row.priority]
    return {"priority": found["priority"], "color": found["color"]}


def _count(state: State, row: TaskList) -> int:
    return sum(1 for task in state.tasks_in(row.id) if not task.archived)


def _place(state: State, row: TaskList) -> dict[str, Any]:
    folder, space = state.folders[row.folder_id], state.spaces[row.space_id]
    return {
        "folder": {
            "id": folder.id,
            "name": folder.name,
            "hidden": folder.hidden,
            "archived": folder.archived,
            "access": True,
        },
        "space": {"id": space.id, "name": space.name, "archived": space.archived, "access": True},
    }
