"""Finds what a request names, and refuses what its user may not see or change.

Missing, foreign, hidden and deleted things have one answer: 401 `OAUTH_027` (fact sheet, section 8). Two
exceptions
were recorded: a folder and a list in the trash can still be read by id, and say `deleted: true`.
"""

from __future__ import annotations

import re

from pm_providers.sandbox.clickup.errors import ApiError, V3Error, bad_input, invalid_id, not_authorized
from pm_providers.sandbox.clickup.records import Folder, Space, Task, TaskList, Team, User
from pm_providers.sandbox.clickup.web import Call

__all__ = [
    "GUEST",
    "admin_team",
    "find_task",
    "folder",
    "may_see",
    "may_see_space",
    "member",
    "place",
    "space",
    "task",
    "task_list",
    "team",
    "v3_task",
    "writer",
]

GUEST = 4
WRITE_LEVELS = frozenset({"edit", "create"})
_TASK_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def team(call: Call, team_id: str | None = None) -> Team:
    """The Workspace of the path.

    Raises:
        ApiError: 401 where the user is no member or the app's token was not given it.
    """
    found = call.state.teams.get(team_id if team_id is not None else call.params["team_id"])
    if found is None or not call.state.role_of(call.user.id, found.id):
        raise not_authorized()
    if call.teams is not None and found.id not in call.teams:
        raise not_authorized()
    return found


def admin_team(call: Call) -> Team:
    """The Workspace of the path, for its owner and admins.

    Raises:
        ApiError: 401 as of `team`, 403 for others.
    """
    found = team(call)
    if call.state.role_of(call.user.id, found.id) > 2:
        raise _denied()
    return found


def writer(call: Call, team_id: str) -> None:
    """Refuse guests.

    Raises:
        ApiError: 403.
    """
    if call.state.role_of(call.user.id, team_id) >= GUEST:
        raise _denied()


def may_see_space(call: Call, row: Space) -> bool:
    """Whether a Space shows to the user; guests see none."""
    role = call.state.role_of(call.user.id, row.team_id)
    if row.deleted or not 0 < role < GUEST or (call.teams is not None and row.team_id not in call.teams):
        return False
    return not row.private or call.user.id in row.members


def space(call: Call, space_id: str | None = None) -> Space:
    """The Space of the path.

    Raises:
        ApiError: 400 for what is no id, 401 for what may not be seen.
    """
    wanted = space_id if space_id is not None else call.params["space_id"]
    if not wanted.isdigit():
        raise invalid_id("space")
    found = call.state.spaces.get(wanted)
    if found is None or not may_see_space(call, found):
        raise not_authorized()
    return found


def folder(call: Call, folder_id: str | None = None, *, trash: bool = False, write: bool = False) -> Folder:
    """The folder of the path; `trash` finds deleted ones too.

    Raises:
        ApiError: 400 for what is no id, 401 for what may not be seen, 403 for a write of a guest.
    """
    wanted = folder_id if folder_id is not None else call.params["folder_id"]
    if not wanted.isdigit():
        raise invalid_id("folder")
    found = call.state.folders.get(wanted)
    if found is None or (found.deleted and not trash):
        raise not_authorized()
    _check(call, call.state.spaces[found.space_id], {f"folder:{found.id}"}, write=write)
    return found


def task_list(
    call: Call, list_id: str | None = None, *, trash: bool = False, write: bool = False
) -> TaskList:
    """The list of the path; `trash` finds deleted ones too.

    Raises:
        ApiError: 400 `INPUT_003` for what is no id, 401 for what may not be seen, 403 for a write of a guest.
    """
    wanted = list_id if list_id is not None else call.params["list_id"]
    if not wanted.isdigit():
        raise invalid_id("list")
    found = call.state.lists.get(wanted)
    if found is None or (found.deleted and not trash):
        raise not_authorized()
    places = {f"list:{found.id}", f"folder:{found.folder_id}"}
    _check(call, call.state.spaces[found.space_id], places, write=write)
    return found


def find_task(call: Call, task_id: str, *, write: bool = False) -> Task:
    """A task by id.

    Raises:
        ApiError: 401 (or 404, see `State.missing_status`) for what may not be seen, 403 for a write of a
            guest.
    """
    found = call.state.tasks.get(task_id)
    if found is None or found.deleted:
        raise _missing(call)
    _check(call, call.state.spaces[found.space_id], _places(call, found), write=write)
    return found


def task(call: Call, *, write: bool = False) -> Task:
    """The task of the path; a custom id only with `custom_task_ids=true` and `team_id`.

    Raises:
        ApiError: as of `find_task`; 400 for what is no id or where `team_id` is missing.
    """
    wanted = call.params["task_id"]
    if not _TASK_ID.fullmatch(wanted):
        raise invalid_id("task")
    if not call.flag("custom_task_ids"):
        return find_task(call, wanted, write=write)
    if not call.one("team_id"):
        raise bad_input("team_id is required with custom_task_ids", "INPUT_005")
    owner = team(call, call.one("team_id"))
    rows = call.state.tasks.where("custom_id", wanted.upper())
    found = next((row for row in rows if row.team_id == owner.id), None)
    if found is None:
        raise _missing(call)
    return find_task(call, found.id, write=write)


def v3_task(call: Call, task_id: str, *, write: bool = False) -> Task:
    """A task for v3, which says 404 for what v2 says 401.

    Raises:
        V3Error: 404 for what may not be seen, 403 for a write of a guest.
    """
    try:
        return find_task(call, task_id, write=write)
    except ApiError as error:
        status = 403 if error.status == 403 else 404
        raise V3Error(status, str(error.body["err"]), call.state.now()) from error


def may_see(call: Call, row: Task) -> bool:
    """Whether a task shows to the user."""
    try:
        find_task(call, row.id)
    except ApiError:
        return False
    return True


def member(call: Call, user_id: int, team_id: str) -> User:
    """A member of a Workspace.

    Raises:
        ApiError: 400 for others.
    """
    if not call.state.role_of(user_id, team_id):
        raise bad_input("User not found in this workspace", "USER_003")
    return call.state.users[user_id]


def _places(call: Call, row: Task) -> set[str]:
    found = {f"task:{row.id}", f"list:{row.list_id}", f"folder:{call.state.lists[row.list_id].folder_id}"}
    return found | ({f"task:{row.parent}"} if row.parent else set())


def _check(call: Call, home: Space, places: set[str], *, write: bool) -> None:
    if may_see_space(call, home):
        return
    if call.state.role_of(call.user.id, home.team_id) != GUEST or home.deleted:
        raise not_authorized()
    levels = [
        grant.level for grant in call.state.grants.where("user_id", call.user.id) if grant.place in places
    ]
    if not levels:
        raise not_authorized()
    if write and not WRITE_LEVELS & set(levels):
        raise _denied()


def _missing(call: Call) -> ApiError:
    if call.state.missing_status == 404:
        return ApiError(404, "Task not found", "ITEM_013")
    return not_authorized()


def _denied() -> ApiError:
    return ApiError(403, "You do not have permission to perform this action", "ACCESS_083")


def place(call: Call, kind: str, *, write: bool = False) -> tuple[str, str]:
    """Key of what the path names (`list:4`), and its Workspace.

    Raises:
        ApiError: as of `team`, `space`, `folder`, `task_list` and `task`.
    """
    if kind == "team":
        key = team(call).id
        return f"team:{key}", key
    if kind in {"space", "task"}:
        row = space(call) if kind == "space" else task(call, write=write)
        return f"{kind}:{row.id}", row.team_id
    found = folder(call, write=write) if kind == "folder" else task_list(call, write=write)
    return f"{kind}:{found.id}", call.state.spaces[found.space_id].team_id
