"""Custom fields: definitions where they were made, values of tasks, and making fields as people do in the UI.

There is no way to make a field by the API (an undocumented one is not part of the sandbox).
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import folder, space, task, task_list, team
from pm_providers.sandbox.clickup.checks import MISSING, read
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.field_values import accepted
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import FieldDefinition, Task
from pm_providers.sandbox.clickup.render import field_form
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.task_view import fields_of
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["FieldMaker", "routes", "set_values"]

routes = v2_routes()
_TASK_TYPE = 19


class FieldMaker:
    """Makes custom fields as a person does in the UI."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(
        self, place: str, name: str, kind: str, *, options: tuple[str, ...] = (), **more: Any
    ) -> FieldDefinition:
        """Add a field.

        Args:
            place: `list:ID`, `folder:ID`, `space:ID` or `team:ID`.
            name: as people see it.
            kind: the type, for example `drop_down`.
            options: names of the options of drop-downs and labels.
            more: further members of `type_config`; `required`, `applied` and `hide_from_guests` of the field.
        """
        own = {key: more.pop(key) for key in ("required", "applied", "hide_from_guests") if key in more}
        config: dict[str, Any] = dict(more)
        if options:
            config["options"] = [self._option(kind, index, text) for index, text in enumerate(options)]
        if kind == "drop_down":
            config = {"default": 0, "placeholder": None, **config}
        row = FieldDefinition(
            id=self._state.uuid(),
            place=place,
            name=name,
            type=kind,
            type_config=config,
            created=self._state.now(),
            **own,
        )
        return self._state.fields.put(row)

    def _option(self, kind: str, index: int, text: str) -> dict[str, Any]:
        name = "label" if kind == "labels" else "name"
        return {"id": self._state.uuid(), name: text, "color": None, "orderindex": index}


def _listed(call: Call, rows: list[FieldDefinition]) -> Reply:
    applied = call.flag("include_applied_objects")
    return Reply({"fields": [field_form(row, applied=applied) for row in rows]})


@routes("GET", "/list/{list_id}/field")
def list_fields(call: Call) -> Reply:
    """Fields that tasks of the list have, those of its folder, Space and Workspace included."""
    return _listed(call, fields_of(call.state, task_list(call).id))


@routes("GET", "/folder/{folder_id}/field")
def folder_fields(call: Call) -> Reply:
    """Fields made at the folder, no others."""
    return _listed(call, call.state.fields.where("place", f"folder:{folder(call).id}"))


@routes("GET", "/space/{space_id}/field")
def space_fields(call: Call) -> Reply:
    """Fields made at the Space, no others."""
    return _listed(call, call.state.fields.where("place", f"space:{space(call).id}"))


@routes("GET", "/team/{team_id}/field")
def team_fields(call: Call) -> Reply:
    """Fields made at the Workspace, no others."""
    return _listed(call, call.state.fields.where("place", f"team:{team(call).id}"))


@routes("POST", "/task/{task_id}/field/{field_id}")
def set_field(call: Call) -> Reply:
    """Write one value; each write counts against the plan."""
    row = task(call, write=True)
    field = _field(call, row, call.params["field_id"])
    fields = read(call, "value", "value_options")
    value = fields.raw("value")
    if value is MISSING:
        raise bad_input("Value is required", "FIELD_010")
    if value is None:
        raise bad_input("Value cannot be null", "FIELD_010")
    stored = accepted(call, field, value, fields.raw("value_options", None), row.values.get(field.id))
    _use(call, row)
    _put(call, row, field, {**row.values, field.id: stored})
    return Reply({})


@routes("DELETE", "/task/{task_id}/field/{field_id}")
def clear_field(call: Call) -> Reply:
    """Take the value away; the field has no `value` after it."""
    row = task(call, write=True)
    field = _field(call, row, call.params["field_id"])
    _put(call, row, field, {key: value for key, value in row.values.items() if key != field.id})
    return Reply({})


def set_values(call: Call, row: Task, given: Any) -> dict[str, Any]:
    """Values of the `custom_fields` of a new task; null says nothing.

    Raises:
        ApiError: 400 for another shape, unknown fields and bad values.
    """
    if given is MISSING or given is None:
        return {}
    if not isinstance(given, list):
        raise bad_input("custom_fields must be an array", "INPUT_005")
    found: dict[str, Any] = {}
    for part in given:
        if not isinstance(part, dict) or not isinstance(part.get("id"), str) or "value" not in part:
            raise bad_input("custom_fields must have id and value", "INPUT_005")
        field = _field(call, row, part["id"])
        if part["value"] is not None:
            found[field.id] = accepted(
                call, field, part["value"], part.get("value_options"), found.get(field.id)
            )
            _use(call, row)
    return found


def _field(call: Call, row: Task, field_id: str) -> FieldDefinition:
    found = next((each for each in fields_of(call.state, row.list_id) if each.id == field_id), None)
    if found is None:
        raise bad_input("Custom field does not exist in the task location hierarchy", "FIELD_115")
    types = [key for kind, key in found.applied if kind == _TASK_TYPE]
    if types and row.custom_item_id not in types:
        raise bad_input("Custom field is not applicable to the task type", "FIELD_116")
    return found


def _use(call: Call, row: Task) -> None:
    """Count a use, which a plan may limit for ever."""
    found = call.state.teams[row.team_id]
    most = PLANS[found.plan].field_uses
    if most is not None and found.field_uses >= most:
        raise bad_input("Custom field usages exceeded for your plan", "FIELD_033")
    call.state.teams.change(found, field_uses=found.field_uses + 1)


def _put(call: Call, row: Task, field: FieldDefinition, values: dict[str, Any]) -> None:
    state = call.state
    if values == row.values:
        return
    new = state.tasks.change(row, values=values, updated=max(state.now(), row.updated))
    # A webhook tells the option's uuid, not the index that a read gives.
    before, after = row.values.get(field.id), values.get(field.id)
    shown = {key: value for key, value in field_form(field).items() if key != "required"}
    data: dict[str, Any] = {"custom_field": shown}
    history.told(state, new, call.user, "custom_field", before, after, **data)
