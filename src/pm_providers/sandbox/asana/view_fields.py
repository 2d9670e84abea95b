"""How custom fields look: their definitions, and their values on a task or project."""

from __future__ import annotations

from typing import Any, NamedTuple

from pm_providers.sandbox.asana.fields import OMIT, Getter, Ref, define, refs
from pm_providers.sandbox.asana.records import Field, FieldSetting
from pm_providers.sandbox.asana.rich_text import to_text
from pm_providers.sandbox.asana.view_people import user_ref
from pm_providers.sandbox.asana.web import Session, stamp

__all__ = ["FieldValue", "definition_ref", "field_values", "settings_refs", "values_of"]

_ENUMS = frozenset({"enum", "multi_enum"})


class FieldValue(NamedTuple):
    """A field, and its value where it stands on a task or project (`valued`)."""

    id: str
    field: Field
    value: Any = None
    valued: bool = True


def definition_ref(row: Field) -> Ref:
    """A definition."""
    return Ref("custom_field", FieldValue(row.id, row, None, valued=False))


def field_values(session: Session, parents: list[str]) -> list[Field]:
    """Fields on some projects, each once, in order."""
    found: dict[str, Field] = {}
    for parent in parents:
        for setting in session.state.settings_of(parent):
            found.setdefault(setting.field, session.state.fields[setting.field])
    return list(found.values())


def values_of(session: Session, parents: list[str], custom: dict[str, Any]) -> Any:
    """Values for the `custom_fields` member of a record; absent on plans without custom fields [recorded]."""
    if not session.state.paid():
        return OMIT
    rows = field_values(session, parents)
    return [Ref("custom_field", FieldValue(row.id, row, custom.get(row.id))) for row in rows]


def settings_refs(session: Session, parent: str) -> Any:
    """The `custom_field_settings` member of a project or portfolio."""
    if not session.state.paid():
        return OMIT
    return refs("custom_field_setting", session.state.settings_of(parent))


def _options(_session: Session, row: FieldValue) -> Any:
    return refs("enum_option", list(row.field.options)) if row.field.kind in _ENUMS else OMIT


def _value(kind: str, show: Any) -> Getter:
    def getter(session: Session, row: FieldValue) -> Any:
        if not row.valued or row.field.kind != kind:
            return OMIT
        return show(session, row)

    return getter


def _option(row: FieldValue, gid: str) -> Ref:
    return Ref("enum_option", next(option for option in row.field.options if option.id == gid))


def _date(_session: Session, row: FieldValue) -> Any:
    if row.value is None:
        return None
    return Ref("date_value", row.value)


def _display(session: Session, row: FieldValue) -> Any:
    if not row.valued:
        return OMIT
    if row.value is None or row.value == ():
        return None
    return _DISPLAY[row.field.kind](session, row)


def _number(_session: Session, row: FieldValue) -> str:
    definition, value = row.field, float(row.value)
    if definition.format == "percentage":
        return f"{value * 100:.{definition.precision}f}%"
    text = f"{value:.{definition.precision}f}"
    if definition.format == "currency":
        return f"{definition.currency_code or ''}{text}"
    if definition.format == "custom" and definition.custom_label:
        label = definition.custom_label
        return f"{label}{text}" if definition.custom_label_position == "prefix" else f"{text}{label}"
    return text


def _date_text(_session: Session, row: FieldValue) -> str:
    return str(row.value["date_time"] or f"{row.value['date']}T00:00:00.000Z")


_DISPLAY: dict[str, Any] = {
    "text": lambda _s, row: row.value,
    "number": _number,
    "enum": lambda _s, row: _option(row, row.value).row.name,
    "multi_enum": lambda _s, row: ", ".join(_option(row, gid).row.name for gid in row.value),
    "date": _date_text,
    "people": lambda s, row: ", ".join(s.state.users[gid].name for gid in row.value),
    "reference": lambda s, row: ", ".join(s.state.tasks[gid].name for gid in row.value),
}


def _only(kind: str, getter: Getter) -> Getter:
    return lambda s, row: getter(s, row) if row.field.kind == kind else OMIT


def _reference(session: Session, row: FieldValue) -> list[Ref]:
    return refs("task", [session.state.tasks[gid] for gid in row.value or ()])


_GETTERS: dict[str, Getter] = {
    "name": lambda _s, row: row.field.name,
    "type": lambda _s, row: row.field.kind,
    "resource_subtype": lambda _s, row: row.field.kind,
    "representation_type": lambda _s, row: row.field.representation or row.field.kind,
    "enabled": lambda _s, _row: True,
    "enum_options": _options,
    "enum_value": _value("enum", lambda _s, row: None if row.value is None else _option(row, row.value)),
    "multi_enum_values": _value("multi_enum", lambda _s, row: [_option(row, gid) for gid in row.value or ()]),
    "number_value": _value("number", lambda _s, row: row.value),
    "text_value": _value("text", lambda _s, row: row.value),
    "html_text_value": _value(
        "text", lambda _s, row: None if row.value is None else f"<body>{row.value}</body>"
    ),
    "date_value": _value("date", _date),
    "people_value": _value("people", lambda s, row: [user_ref(s, gid) for gid in row.value or ()]),
    "reference_value": _value("reference", _reference),
    "display_value": _display,
    "description": lambda _s, row: to_text(row.field.html_description) if row.field.html_description else "",
    "precision": _only("number", lambda _s, row: row.field.precision),
    "format": _only("number", lambda _s, row: row.field.format),
    "currency_code": _only("number", lambda _s, row: row.field.currency_code),
    "custom_label": _only("number", lambda _s, row: row.field.custom_label),
    "custom_label_position": _only("number", lambda _s, row: row.field.custom_label_position),
    "is_formula_field": lambda _s, row: row.field.representation == "formula",
    "is_value_read_only": lambda _s, row: is_read_only(row.field),
    "id_prefix": lambda _s, row: row.field.id_prefix,
    "is_global_to_workspace": lambda _s, row: row.field.is_global,
    "has_notifications_enabled": lambda _s, row: row.field.notifications,
    "asana_created_field": lambda _s, row: row.field.asana_created,
    "created_by": lambda s, row: user_ref(s, row.field.created_by),
    "privacy_setting": lambda _s, row: row.field.privacy,
    "default_access_level": lambda _s, row: row.field.default_access_level,
    "input_restrictions": lambda _s, row: list(row.field.restrictions),
    "created_at": lambda _s, row: stamp(row.field.created),
}
_COMPACT = (
    "name",
    "resource_type",
    "type",
    "resource_subtype",
    "representation_type",
    "enabled",
    "enum_options",
    "enum_value",
    "multi_enum_values",
    "number_value",
    "text_value",
    "date_value",
    "people_value",
    "reference_value",
    "display_value",
    "description",
    "precision",
    "created_by",
    "is_formula_field",
)
_FULL = (
    *_COMPACT,
    "format",
    "currency_code",
    "custom_label",
    "custom_label_position",
    "id_prefix",
    "is_global_to_workspace",
    "has_notifications_enabled",
    "asana_created_field",
    "is_value_read_only",
    "privacy_setting",
    "default_access_level",
)


def is_read_only(row: Field) -> bool:
    """Whether its values cannot be written: formulas, ids, and what an administrator has locked."""
    return row.read_only or row.representation in {"formula", "custom_id"}


define("custom_field", _GETTERS, compact=_COMPACT, full=_FULL)
define(
    "enum_option",
    {
        "name": lambda _s, row: row.name,
        "enabled": lambda _s, row: row.enabled,
        "color": lambda _s, row: row.color,
    },
    compact=("resource_type", "name", "enabled", "color"),
)
define(
    "date_value",
    {"date": lambda _s, row: row["date"], "date_time": lambda _s, row: row["date_time"]},
    compact=("date", "date_time"),
    gid=False,
)


def _setting_field(session: Session, row: FieldSetting) -> Ref:
    return definition_ref(session.state.fields[row.field])


def _setting_parent(session: Session, row: FieldSetting) -> Ref:
    table: Any = session.state.projects if row.parent_kind == "project" else session.state.portfolios
    return Ref(row.parent_kind, table[row.parent])


_SETTING: dict[str, Getter] = {
    "is_important": lambda _s, row: row.is_important,
    "parent": _setting_parent,
    "project": lambda s, row: _setting_parent(s, row) if row.parent_kind == "project" else OMIT,
    "custom_field": _setting_field,
}
define(
    "custom_field_setting",
    _SETTING,
    compact=("resource_type", "is_important", "parent", "project", "custom_field"),
)
