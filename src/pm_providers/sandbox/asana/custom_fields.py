"""Custom fields: definitions, options, and which projects and portfolios have them (paid plans)."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data, shown
from pm_providers.sandbox.asana.errors import bad, forbidden, not_an_id, unwritable
from pm_providers.sandbox.asana.happenings import emit
from pm_providers.sandbox.asana.mentions import read_text
from pm_providers.sandbox.asana.paging import listing, mixed
from pm_providers.sandbox.asana.placing import insertion
from pm_providers.sandbox.asana.records import Field, FieldSetting, Option
from pm_providers.sandbox.asana.rights import (
    find_portfolio,
    find_project,
    find_row,
    find_workspace,
    need_project_editor,
)
from pm_providers.sandbox.asana.view_fields import definition_ref
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("custom_fields")
KINDS = ("text", "enum", "multi_enum", "number", "date", "people", "reference")
FORMATS = ("currency", "identifier", "percentage", "custom", "duration", "none")
OPTION_COLORS = (
    *(
        "none",
        "red",
        "orange",
        "yellow-orange",
        "yellow",
        "yellow-green",
        "green",
        "blue-green",
        "aqua",
        "blue",
    ),
    *("indigo", "purple", "magenta", "hot-pink", "pink", "cool-gray"),
)
MAX_OPTIONS = 500
READ_ONLY = (
    "gid",
    "enabled",
    "representation_type",
    "display_value",
    "is_global_to_workspace",
    "asana_created_field",
    "is_formula_field",
)


def _paid(call: Call) -> None:
    call.session.needs("starter", "Custom Fields")


def _field(call: Call, gid: str | None = None) -> Field:
    _paid(call)
    row: Field = find_row("custom_field", gid or call.params["field"], call.state.fields)
    find_workspace(call.session, row.workspace, "custom_field")
    return row


def _writable(call: Call) -> Field:
    row = _field(call)
    if row.locked and row.created_by != call.session.user.id:
        raise forbidden("Locked custom fields can only be changed by the user who locked them.")
    return row


def _told(call: Call, action: str, row: Field) -> None:
    emit(call.session, action, ("custom_field", row), None, {row.id, row.workspace}, row.workspace)


@on("GET", "/workspaces/{workspace}/custom_fields")
def many(call: Call) -> Reply:
    """Fields of a workspace."""
    _paid(call)
    place = find_workspace(call.session, call.params["workspace"])
    return mixed(call, [definition_ref(row) for row in call.state.fields.where("workspace", place.id)])


@on("GET", "/custom_fields/{field}")
def one(call: Call) -> Reply:
    """A definition."""
    return record(call, "custom_field", definition_ref(_field(call)).row)


@on("POST", "/custom_fields")
def create(call: Call) -> Reply:
    """Create a field for a workspace; names are unique there."""
    _paid(call)
    data = call.data()
    place = find_workspace(call.session, data.need_gid("workspace"))
    row = _create(call, data, place.id)
    return record(call, "custom_field", definition_ref(row).row, 201)


def _create(call: Call, data: Data, workspace: str, *, is_global: bool = True) -> Field:
    data.refuse(READ_ONLY)
    state = call.state
    kind = data.choice("resource_subtype", KINDS) or data.choice("type", KINDS)
    if kind is None:
        raise bad("resource_subtype: Missing input")
    name = data.need("name")
    _check_name(call, name, workspace)
    row = Field(
        id=state.gid(),
        workspace=workspace,
        name=name,
        kind=kind,
        created=state.now(),
        created_by=call.session.user.id,
        is_global=is_global,
    )
    row = state.fields.put(row)
    options = data.items("enum_options")
    if options and kind not in {"enum", "multi_enum"}:
        raise bad("enum_options: Only enum and multi_enum fields can have options")
    made: list[Option] = []
    for number, entry in enumerate(options):
        if not isinstance(entry, dict):
            raise bad(f"enum_options: [{number}]: Value is not a JSON object: {shown(entry)}")
        made.append(_option(call, Data(entry, where=f"enum_options: [{number}]: ")))
    row = state.fields.change(row, **_changes(call, data, row), options=tuple(made))
    _told(call, "added", row)
    return row


def _check_name(call: Call, name: str, workspace: str, gid: str = "") -> None:
    for row in call.state.fields.where("workspace", workspace):
        if row.is_global and row.id != gid and row.name.lower() == name.lower():
            raise bad(f"name: A custom field with the name {shown(name)} already exists in this workspace")


def _changes(call: Call, data: Data, row: Field) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in data:
        found["name"] = data.need("name")
        _check_name(call, found["name"], row.workspace, row.id)
    text = read_text(call.session, data, "description", "html_description")
    if text is not None:
        found["html_description"] = text
    found |= _precision(data, row)
    for name, known in (
        ("format", FORMATS),
        ("custom_label_position", ("prefix", "suffix")),
    ):
        value = data.choice(name, known, null=True)
        if value is not None:
            found[name] = value
    for name in ("currency_code", "custom_label", "id_prefix"):
        if name in data:
            found[name] = data.text(name)
    notifications = data.flag("has_notifications_enabled")
    if notifications is not None:
        found["notifications"] = notifications
    if data.raw("privacy_setting"):
        found["privacy"] = data.choice("privacy_setting", ("public_with_guests", "public", "private"))
    return found


def _precision(data: Data, row: Field) -> dict[str, int]:
    precision = data.integer("precision")
    if precision is None:
        return {}
    if row.kind != "number" or not 0 <= precision <= 6:
        raise bad("precision: Must be between 0 and 6, and only number fields have it")
    return {"precision": precision}


@on("PUT", "/custom_fields/{field}")
def change(call: Call) -> Reply:
    """Change a definition; neither type nor options [spec]."""
    row, data = _writable(call), call.data()
    data.refuse(READ_ONLY)
    if data.raw("workspace") not in {None, row.workspace}:
        raise unwritable("workspace")
    for name in ("type", "resource_subtype"):
        if data.raw(name) not in {None, row.kind}:
            raise unwritable(name)
    data.refuse(("enum_options",))
    row = call.state.fields.change(row, **_changes(call, data, row))
    _told(call, "changed", row)
    return record(call, "custom_field", definition_ref(row).row)


@on("DELETE", "/custom_fields/{field}")
def delete(call: Call) -> Reply:
    """Delete a field, with its values."""
    row, state = _writable(call), call.state
    for setting in state.settings.where("field", row.id):
        state.setting_order[setting.parent].remove(setting.id)
        state.settings.remove(setting.id)
    for task in state.tasks:
        if row.id in task.custom:
            state.tasks.change(
                task, custom={key: value for key, value in task.custom.items() if key != row.id}
            )
    state.fields.remove(row.id)
    _told(call, "deleted", row)
    return done()


def _option(call: Call, data: Data) -> Option:
    color = data.choice("color", OPTION_COLORS, null=True) or "none"
    enabled = data.flag("enabled")
    return Option(id=call.state.gid(), name=data.need("name"), color=color, enabled=enabled is not False)


@on("POST", "/custom_fields/{field}/enum_options")
def add_option(call: Call) -> Reply:
    """Add an option, at the end unless a neighbour is named."""
    row, data = _writable(call), call.data()
    if row.kind not in {"enum", "multi_enum"}:
        raise bad("custom_field: Only enum and multi_enum fields can have options")
    if len(row.options) >= MAX_OPTIONS:
        raise bad(f"A custom field can have at most {MAX_OPTIONS} options")
    made = _option(call, data)
    options = list(row.options)
    options.insert(insertion(data, [option.id for option in options], default=len(options)), made)
    call.state.fields.change(row, options=tuple(options))
    return record(call, "enum_option", made, 201)


@on("POST", "/custom_fields/{field}/enum_options/insert")
def move_option(call: Call) -> Reply:
    """Move an option before or after another."""
    row, data = _writable(call), call.data()
    wanted = data.need_gid("enum_option")
    before, after = data.gid("before_enum_option"), data.gid("after_enum_option")
    if (before is None) == (after is None):
        raise bad("Must specify exactly one of before_enum_option and after_enum_option")
    known = {option.id: option for option in row.options}
    for gid in (wanted, before or after or ""):
        if gid not in known:
            raise not_an_id("enum_option", gid)
    order = [gid for gid in known if gid != wanted]
    order.insert(order.index(before or after or "") + (before is None), wanted)
    call.state.fields.change(row, options=tuple(known[gid] for gid in order))
    return record(call, "enum_option", known[wanted])


@on("PUT", "/enum_options/{option}")
def change_option(call: Call) -> Reply:
    """Rename, recolour or disable an option; there is no way to delete one [spec]."""
    _paid(call)
    wanted, data = call.params["option"], call.data()
    row = call.state.fields.find(lambda one: any(option.id == wanted for option in one.options))
    if row is None:
        raise not_an_id("enum_option", shown(wanted))
    call.params["field"] = row.id
    row = _writable(call)
    option = next(one for one in row.options if one.id == wanted)
    enabled = data.flag("enabled")
    changed = Option(
        id=option.id,
        name=data.need("name") if "name" in data else option.name,
        color=data.choice("color", OPTION_COLORS, null=True) or option.color,
        enabled=option.enabled if enabled is None else enabled,
    )
    options = tuple(changed if one.id == wanted else one for one in row.options)
    call.state.fields.change(row, options=options)
    return record(call, "enum_option", changed)


@on("GET", "/projects/{project}/custom_field_settings", scope="projects")
def of_project(call: Call) -> Reply:
    """Fields of a project."""
    _paid(call)
    project = find_project(call.session, call.params["project"])
    return listing(call, "custom_field_setting", call.state.settings_of(project.id))


@on("GET", "/portfolios/{portfolio}/custom_field_settings", scope="portfolios")
def of_portfolio(call: Call) -> Reply:
    """Fields of a portfolio."""
    _paid(call)
    row = find_portfolio(call.session, call.params["portfolio"])
    return listing(call, "custom_field_setting", call.state.settings_of(row.id))


@on("GET", "/teams/{team}/custom_field_settings", scope="teams")
def of_team(call: Call) -> Reply:
    """Fields of a team: none can be set by the API."""
    find_row("team", call.params["team"], call.state.teams)
    return listing(call, "custom_field_setting", [])


def _add(call: Call, parent: Any, kind: str) -> Reply:
    _paid(call)
    data, state = call.data(), call.state
    if isinstance(data.raw("custom_field"), dict):
        field = _create(call, Data(data.raw("custom_field")), parent.workspace, is_global=False)
    else:
        field = _field(call, data.need_gid("custom_field"))
    if any(row.field == field.id for row in state.settings_of(parent.id)):
        raise bad(f"custom_field: Custom field with ID {field.id} is already on this {kind}")
    row = FieldSetting(
        id=state.gid(),
        parent=parent.id,
        parent_kind=kind,
        field=field.id,
        is_important=data.flag("is_important") or False,
    )
    row = state.settings.put(row)
    order = state.setting_order.setdefault(parent.id, [])
    order.insert(insertion(data, order, default=len(order)), row.id)
    return record(call, "custom_field_setting", row)


def _remove(call: Call, parent: Any, kind: str) -> Reply:
    _paid(call)
    gid, state = call.data().need_gid("custom_field"), call.state
    row = next((one for one in state.settings_of(parent.id) if one.field == gid), None)
    if row is None:
        raise bad(f"custom_field: Custom field with ID {gid} is not on this {kind}")
    state.setting_order[parent.id].remove(row.id)
    state.settings.remove(row.id)
    return done()


@on("POST", "/projects/{project}/addCustomFieldSetting", scope="projects")
def add_to_project(call: Call) -> Reply:
    """Put a field on a project."""
    project = find_project(call.session, call.params["project"])
    need_project_editor(call.session, project)
    return _add(call, project, "project")


@on("POST", "/projects/{project}/removeCustomFieldSetting", scope="projects")
def remove_from_project(call: Call) -> Reply:
    """Take a field off a project."""
    project = find_project(call.session, call.params["project"])
    need_project_editor(call.session, project)
    return _remove(call, project, "project")


@on("POST", "/portfolios/{portfolio}/addCustomFieldSetting", scope="portfolios")
def add_to_portfolio(call: Call) -> Reply:
    """Put a field on a portfolio."""
    return _add(call, find_portfolio(call.session, call.params["portfolio"]), "portfolio")


@on("POST", "/portfolios/{portfolio}/removeCustomFieldSetting", scope="portfolios")
def remove_from_portfolio(call: Call) -> Reply:
    """Take a field off a portfolio."""
    return _remove(call, find_portfolio(call.session, call.params["portfolio"]), "portfolio")
