"""Goals of a Workspace and their targets."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import member, team
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import Goal, KeyResult
from pm_providers.sandbox.clickup.render import ms, person
from pm_providers.sandbox.clickup.state import Event
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()
_KINDS = frozenset({"number", "currency", "boolean", "percentage", "automatic"})


@routes("GET", "/team/{team_id}/goal")
def goals(call: Call) -> Reply:
    """Goals of a Workspace; completed ones only where asked."""
    found = team(call)
    rows = call.state.goals.where("team_id", found.id)
    done = call.one("include_completed", "true") != "false"
    shown = [_row(call, row) for row in rows if done or _percent(call, row) < 100]
    return Reply({"goals": shown, "folders": []})


@routes("POST", "/team/{team_id}/goal")
def create_goal(call: Call) -> Reply:
    """A new goal."""
    found = team(call)
    fields = read(call, "name", "due_date", "description", "multiple_owners", "owners", "color")
    name = fields.name("Goal name invalid", "GOAL_001")
    owners = fields.whole_list("owners")
    now = call.state.now()
    row = Goal(
        id=call.state.uuid(),
        team_id=found.id,
        number=call.state.serial(f"goal {found.id}"),
        name=name,
        creator=call.user.id,
        created=now,
        updated=now,
        owners=() if owners is MISSING else tuple(member(call, key, found.id).id for key in owners),
        multiple_owners=bool(fields.flag("multiple_owners", False)),
        **_values(fields),
    )
    call.state.goals.put(row)
    _tell(call, "goalCreated", row)
    return Reply({"goal": _form(call, row)})


@routes("GET", "/goal/{goal_id}")
def read_goal(call: Call) -> Reply:
    """One goal with its targets."""
    return Reply({"goal": _form(call, _goal(call))})


@routes("PUT", "/goal/{goal_id}")
def update_goal(call: Call) -> Reply:
    """Change a goal; owners by what is added and removed."""
    row = _goal(call)
    fields = read(call, "name", "due_date", "description", "rem_owners", "add_owners", "color")
    changes = _values(fields)
    name = fields.name("Goal name invalid", "GOAL_001", required=False)
    if name is not MISSING:
        changes["name"] = name
    add, rem = fields.whole_list("add_owners"), fields.whole_list("rem_owners")
    added = [] if add is MISSING else [member(call, key, row.team_id).id for key in add]
    removed = [] if rem is MISSING else rem
    kept = dict.fromkeys((*row.owners, *added))
    changes["owners"] = tuple(key for key in kept if key not in removed)
    new = call.state.goals.change(row, **changes, updated=call.state.now())
    _tell(call, "goalUpdated", new)
    return Reply({"goal": _form(call, new)})


@routes("DELETE", "/goal/{goal_id}")
def delete_goal(call: Call) -> Reply:
    """Remove a goal with its targets."""
    row = _goal(call)
    for target in call.state.key_results.where("goal_id", row.id):
        call.state.key_results.remove(target.id)
    call.state.goals.remove(row.id)
    _tell(call, "goalDeleted", row)
    return Reply({})


@routes("POST", "/goal/{goal_id}/key_result")
def create_target(call: Call) -> Reply:
    """A new target."""
    home = _goal(call)
    names = ("name", "owners", "type", "steps_start", "steps_end", "unit", "task_ids", "list_ids")
    fields = read(call, *names)
    kind = fields.text("type")
    if kind not in _KINDS:
        raise bad_input("Key result type invalid", "GOAL_020")
    tasks, lists = fields.text_list("task_ids"), fields.text_list("list_ids")
    owners = fields.whole_list("owners")
    row = KeyResult(
        id=call.state.uuid(),
        goal_id=home.id,
        name=fields.name("Key result name invalid", "GOAL_021"),
        type=kind,
        unit=str(fields.raw("unit", "") or ""),
        creator=call.user.id,
        created=call.state.now(),
        steps_start=_steps(fields, "steps_start"),
        steps_end=_steps(fields, "steps_end"),
        owners=() if owners is MISSING else tuple(member(call, key, home.team_id).id for key in owners),
        task_ids=() if tasks is MISSING else tuple(tasks),
        list_ids=() if lists is MISSING else tuple(lists),
    )
    call.state.key_results.put(row)
    _tell(call, "keyResultCreated", home)
    return Reply({"key_result": _target(call, row)})


@routes("PUT", "/key_result/{key_result_id}")
def update_target(call: Call) -> Reply:
    """Say how far a target is."""
    row, home = _key_result(call)
    fields = read(call, "steps_current", "note", "name")
    changes: dict[str, Any] = {}
    if "steps_current" in fields:
        changes["steps_current"] = fields.number("steps_current")
    if "note" in fields:
        changes["note"] = fields.text("note")
    new = call.state.key_results.change(row, **changes)
    _tell(call, "keyResultUpdated", home)
    return Reply({"key_result": _target(call, new)})


@routes("DELETE", "/key_result/{key_result_id}")
def delete_target(call: Call) -> Reply:
    """Remove a target."""
    row, home = _key_result(call)
    call.state.key_results.remove(row.id)
    _tell(call, "keyResultDeleted", home)
    return Reply({})


def _steps(fields: Fields, name: str) -> float:
    value = fields.raw(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0


def _values(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    due = fields.moment("due_date", null=True)
    if due is not MISSING:
        found["due"] = due
    for name in ("description", "color"):
        text = fields.text(name, null=name == "color")
        if text is not MISSING:
            found[name] = text
    return found


def _goal(call: Call) -> Goal:
    row = call.state.goals.get(call.params["goal_id"])
    if row is None:
        raise not_authorized()
    team(call, row.team_id)
    return row


def _key_result(call: Call) -> tuple[KeyResult, Goal]:
    row = call.state.key_results.get(call.params["key_result_id"])
    if row is None:
        raise not_authorized()
    home = call.state.goals[row.goal_id]
    team(call, home.team_id)
    return row, home


def _percent(call: Call, row: Goal) -> int:
    rows = call.state.key_results.where("goal_id", row.id)
    shares = [_share(each) for each in rows]
    return round(sum(shares) / len(shares) * 100) if shares else 0


def _share(row: KeyResult) -> float:
    current = row.steps_current if row.steps_current is not None else row.steps_start
    whole = row.steps_end - row.steps_start
    return (current - row.steps_start) / whole if whole else 0.0


def _base(call: Call, row: Goal) -> dict[str, Any]:
    return {
        "id": row.id,
        "pretty_id": str(row.number),
        "name": row.name,
        "team_id": row.team_id,
        "creator": row.creator,
        "color": row.color,
        "date_created": str(row.created),
        "start_date": None,
        "due_date": ms(row.due),
        "description": row.description,
        "private": False,
        "archived": False,
        "multiple_owners": row.multiple_owners,
        "editor_token": "sandbox",
        "date_updated": str(row.updated),
        "folder_id": None,
        "role_subtype": 0,
        "members": [],
        "group_members": [],
        "owners": [person(call.state.users[key]) for key in row.owners],
        "key_result_count": len(call.state.key_results.where("goal_id", row.id)),
        "percent_completed": _percent(call, row),
    }


def _row(call: Call, row: Goal) -> dict[str, Any]:
    return {**_base(call, row), "owner": None, "last_update": str(row.updated), "pinned": False}


def _form(call: Call, row: Goal) -> dict[str, Any]:
    targets = call.state.key_results.where("goal_id", row.id)
    return {
        **_base(call, row),
        "folder_name": None,
        "key_results": [_target(call, each) for each in targets],
        "history": [],
        "pretty_url": f"https://app.clickup.com/{row.team_id}/goals/{row.number}",
    }


def _target(call: Call, row: KeyResult) -> dict[str, Any]:
    home = call.state.goals[row.goal_id]
    share = _share(row)
    return {
        "id": row.id,
        "goal_id": row.goal_id,
        "name": row.name,
        "type": row.type,
        "unit": row.unit,
        "creator": row.creator,
        "date_created": str(row.created),
        "goal_pretty_id": str(home.number),
        "percent_completed": round(share, 4) if row.steps_current is not None else None,
        "completed": share >= 1,
        "task_ids": list(row.task_ids),
        "subcategory_ids": list(row.list_ids),
        "owners": [person(call.state.users[key]) for key in row.owners if key in call.state.users],
        "last_action": {
            "id": row.id,
            "key_result_id": row.id,
            "userid": row.creator,
            "date_modified": str(row.created),
            "steps_taken": None,
            "note": row.note,
            "steps_before": None,
            "steps_current": None if row.steps_current is None else f"{row.steps_current:.15g}",
            "steps_before_float": int(row.steps_start),
            "steps_taken_float": int((row.steps_current or row.steps_start) - row.steps_start),
            "steps_current_float": None if row.steps_current is None else f"{row.steps_current:.15g}",
        },
    }


def _tell(call: Call, name: str, row: Goal) -> None:
    call.state.emit(Event((name,), "goal", row.id, row.team_id, frozenset()))
