"""Routes of Spaces."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import may_see_space, space, team, writer
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.containers import make_space, trash_folder
from pm_providers.sandbox.clickup.errors import ApiError, bad_input
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import Space
from pm_providers.sandbox.clickup.render import space_form
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()
_SWITCHES = frozenset({"due_dates", "time_tracking", "tags", "time_estimates", "checklists"})
_ALWAYS = ("due_dates", "time_tracking", "tags")  # shown even when they are off


@routes("GET", "/team/{team_id}/space")
def team_spaces(call: Call) -> Reply:
    """Spaces that the caller may see; `archived=true` gives only the archived ones."""
    found, archived = team(call), call.flag("archived")
    rows = call.state.spaces.where("team_id", found.id)
    shown = [space_form(row) for row in rows if row.archived == archived and may_see_space(call, row)]
    return Reply({"spaces": shown})


@routes("POST", "/team/{team_id}/space")
def create_space(call: Call) -> Reply:
    """A new Space, with two statuses; a plan may limit their number."""
    found = team(call)
    writer(call, found.id)
    fields = read(call, "name", "multiple_assignees", "features")
    name = fields.name("Space name invalid", "PROJECT_010")
    rows = [row for row in call.state.spaces.where("team_id", found.id) if not row.deleted]
    most = PLANS[found.plan].spaces
    if most is not None and len(rows) >= most:
        raise bad_input("Space limit reached", "PROJECT_050")
    _unused(rows, name, "")
    row = make_space(
        call.state,
        found.id,
        name,
        features=_features(fields),
        multiple_assignees=fields.flag("multiple_assignees", True),
    )
    history.place_event(call.state, "space", "Created", row)
    return Reply(space_form(row))


@routes("GET", "/space/{space_id}")
def read_space(call: Call) -> Reply:
    """One Space."""
    return Reply(space_form(space(call)))


@routes("PUT", "/space/{space_id}")
def update_space(call: Call) -> Reply:
    """Change a Space; `features` replace what was there: what is not sent is off.

    Without `multiple_assignees` there may be one assignee only after it (recorded: a body with just a name).
    """
    old = space(call)
    writer(call, old.team_id)
    fields = read(
        call, "name", "color", "private", "admin_can_manage", "multiple_assignees", "features", "archived"
    )
    changes: dict[str, Any] = {}
    name = fields.name("Space name invalid", "PROJECT_010", required=False)
    if name is not MISSING:
        _unused(call.state.spaces.where("team_id", old.team_id), name, old.id)
        changes["name"] = name
    changes["multiple_assignees"] = fields.flag("multiple_assignees", False)
    for key in ("private", "admin_can_manage", "archived"):
        if key in fields:
            changes[key] = fields.flag(key)
    if "color" in fields:
        changes["color"] = fields.text("color", null=True)
    if changes.get("private"):
        changes["members"] = tuple(dict.fromkeys((*old.members, call.user.id)))
    if "features" in fields:
        kept = {key: value for key, value in old.features.items() if key not in _SWITCHES}
        off = {key: {**old.features[key], "enabled": False} for key in _ALWAYS if key in old.features}
        changes["features"] = {**kept, **off, **_features(fields)}
    new = call.state.spaces.change(old, **changes)
    history.place_event(call.state, "space", "Updated", new)
    return Reply(space_form(new))


@routes("DELETE", "/space/{space_id}")
def delete_space(call: Call) -> Reply:
    """Into the trash, with all that is in it; for owners and admins."""
    row = space(call)
    if call.state.role_of(call.user.id, row.team_id) > 2:
        raise ApiError(403, "You do not have permission to perform this action", "ACCESS_083")
    for folder in call.state.folders.where("space_id", row.id):
        if not folder.deleted:
            trash_folder(call.state, folder)
    call.state.spaces.change(row, deleted=True)
    history.place_event(call.state, "space", "Deleted", row)
    return Reply({})


def _unused(rows: list[Space], name: str, own: str) -> None:
    if any(row.name == name and row.id != own and not row.deleted for row in rows):
        raise bad_input("Space with this name already exists", "PROJECT_020")


def _features(fields: Fields) -> dict[str, Any]:
    """The features as sent: each an object that says whether it is enabled."""
    value = fields.raw("features")
    if value is MISSING:
        return {}
    if not isinstance(value, dict):
        raise bad_input("features must be of type object", "INPUT_005")
    for name, part in value.items():
        if isinstance(part, dict) and not isinstance(part.get("enabled", True), bool):
            raise bad_input(f"features.{name}.enabled must be of type boolean", "INPUT_005")
    return value
