"""Custom fields of boards: definitions and options. They need the Power-Up, and that a paid plan."""

from __future__ import annotations

import hashlib
from typing import Any

from pm_providers.sandbox.trello.access import need_board, need_field
from pm_providers.sandbox.trello.board_members import CUSTOM_FIELDS
from pm_providers.sandbox.trello.errors import forbidden, invalid, not_found
from pm_providers.sandbox.trello.ids import is_id
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.limit_view import check_limit
from pm_providers.sandbox.trello.parts_view import custom_field, field_option
from pm_providers.sandbox.trello.positions import STEP, place
from pm_providers.sandbox.trello.records import Board, CustomField, FieldOption
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_field", "add_option", "need_fields_on", "routes"]

routes = family()
TYPES = ("checkbox", "date", "list", "number", "text")
OPTION_COLORS = (
    "none",
    "green",
    "yellow",
    "orange",
    "red",
    "purple",
    "blue",
    "sky",
    "lime",
    "pink",
    "black",
)


def need_fields_on(session: Session, board: Board) -> None:
    """Refuse custom fields where they are not to be had.

    Raises:
        ApiError: 403 without a paid plan, or without the Power-Up on the board.
    """
    if session.state.plan_of(board) == "free":
        raise forbidden("Custom Fields needs Trello Standard or Premium")
    if CUSTOM_FIELDS not in board.plugins:
        raise forbidden("The Custom Fields Power-Up is not enabled on this board")


def add_field(
    session: Session, board: Board, name: str, kind: str, pos: Any = None, **values: Any
) -> CustomField:
    """Define a field."""
    state = session.state
    rows = state.fields.where("board_id", board.id)
    check_limit(state, "customFields.perBoard", len(rows))
    group = hashlib.sha256(f"{board.id}{name}{kind}".encode()).hexdigest()
    where = place(pos, state.fields, rows, first=STEP)
    row = state.fields.put(
        CustomField(
            id=state.new_id(), board_id=board.id, name=name, type=kind, pos=where, group=group, **values
        )
    )
    happened(session, "addCustomField", {"customField": _part(row)}, board=board)
    return row


def _part(row: CustomField) -> dict[str, str]:
    return {"id": row.id, "name": row.name, "type": row.type}


def add_option(
    session: Session, field: CustomField, text: str, color: str = "none", pos: Any = None
) -> FieldOption:
    """Add an option to a list field."""
    state = session.state
    rows = state.options.where("field_id", field.id)
    check_limit(state, "customFieldOptions.perField", len(rows))
    where = place(pos, state.options, rows, first=STEP)
    return state.options.put(
        FieldOption(id=state.new_id(), field_id=field.id, text=text, pos=where, color=color)
    )


@routes("POST", "/customFields")
def create(call: Call) -> Any:
    """Define a field on a board; list fields may come with their options."""
    model = call.text("idModel")
    if not is_id(model):
        raise invalid("idModel")
    if call.text("modelType") != "board":
        raise invalid("modelType")
    kind = call.text("type")
    if kind not in TYPES:
        raise invalid("type")
    name = call.text("name", least=1)
    board = need_board(call.session, model, "write")
    need_fields_on(call.session, board)
    if not call.has("pos"):
        raise invalid("pos")
    options = _options(call) if kind == "list" else []
    front = call.flag("display_cardFront", _front(call))
    row = add_field(call.session, board, name, kind, call.args["pos"], front=front)
    for text, color, pos in options:
        add_option(call.session, row, text, color, pos)
    return {**custom_field(call.state, row), "limits": {}}


def _front(call: Call) -> bool:
    value = call.args.get("display")
    return bool(value.get("cardFront", True)) if isinstance(value, dict) else True


def _options(call: Call) -> list[tuple[str, str, Any]]:
    value = call.args.get("options")
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise invalid("options")
    return [_option(entry) for entry in value]


def _option(entry: Any) -> tuple[str, str, Any]:
    """Text, colour and position of an option: `{"value": {"text": ...}, "color": ..., "pos": ...}`."""
    value = entry.get("value") if isinstance(entry, dict) else None
    text = value.get("text") if isinstance(value, dict) else None
    color = entry.get("color", "none") if isinstance(entry, dict) else "none"
    if not isinstance(text, str) or not text.strip():
        raise invalid("value")
    if (color or "none") not in OPTION_COLORS:
        raise invalid("color")
    return text, color or "none", entry.get("pos")


@routes("GET", "/customFields/{id}")
def one(call: Call) -> Any:
    """A field."""
    return custom_field(call.state, need_field(call.session, call.params["id"]))


@routes("PUT", "/customFields/{id}")
def update(call: Call) -> Any:
    """Rename or move a field; its type stays."""
    row = need_field(call.session, call.params["id"], "write")
    changes: dict[str, Any] = {}
    if call.has("name"):
        changes["name"] = call.text("name", least=1)
    if call.has("pos"):
        others = [other for other in call.state.fields.where("board_id", row.board_id) if other.id != row.id]
        changes["pos"] = place(call.args["pos"], call.state.fields, others, first=STEP)
    if call.has("display/cardFront"):
        changes["front"] = call.flag("display/cardFront")
    elif call.has("display"):
        changes["front"] = _front(call)
    new = call.state.fields.change(row, **changes)
    if new.name != row.name:
        part = {"customField": _part(new), "old": {"name": row.name}}
        happened(call.session, "updateCustomField", part, board=call.state.boards[row.board_id])
    return custom_field(call.state, new)


@routes("DELETE", "/customFields/{id}")
def delete(call: Call) -> Any:
    """Delete a field; its values go from all cards."""
    row = need_field(call.session, call.params["id"], "write")
    state = call.state
    for card in state.cards.where("board_id", row.board_id):
        if any(item.field_id == row.id for item in card.items):
            state.cards.change(card, items=tuple(item for item in card.items if item.field_id != row.id))
    for option in state.options.where("field_id", row.id):
        state.options.remove(option.id)
    state.fields.remove(row.id)
    happened(call.session, "deleteCustomField", {"customField": _part(row)}, board=state.boards[row.board_id])
    return {"_value": None}


def _list_field(call: Call, right: str = "read") -> CustomField:
    row = need_field(call.session, call.params["id"], right)
    if row.type != "list":
        raise invalid("idCustomField")
    return row


@routes("GET", "/customFields/{id}/options")
def options(call: Call) -> Any:
    """Options of a list field."""
    return [field_option(row) for row in call.state.options_of(_list_field(call).id)]


@routes("POST", "/customFields/{id}/options")
def create_option(call: Call) -> Any:
    """Add an option."""
    row = _list_field(call, "write")
    text, color, pos = _option(call.args)
    return field_option(add_option(call.session, row, text, color, pos))


def _one_option(call: Call, right: str = "read") -> FieldOption:
    row = _list_field(call, right)
    option = call.state.options.get(call.params["idOption"].lower())
    if option is None or option.field_id != row.id:
        raise not_found()
    return option


@routes("GET", "/customFields/{id}/options/{idOption}")
def option_of(call: Call) -> Any:
    """One option."""
    return field_option(_one_option(call))


@routes("PUT", "/customFields/{id}/options/{idOption}")
def update_option(call: Call) -> Any:
    """Change an option (used by clients, not in the document)."""
    row = _one_option(call, "write")
    changes: dict[str, Any] = {}
    if call.has("value"):
        changes["text"] = _option({"value": call.args["value"]})[0]
    if call.has("color"):
        changes["color"] = _option({"value": {"text": row.text}, "color": call.args["color"]})[1]
    if call.has("pos"):
        others = [other for other in call.state.options.where("field_id", row.field_id) if other.id != row.id]
        changes["pos"] = place(call.args["pos"], call.state.options, others, first=STEP)
    return field_option(call.state.options.change(row, **changes))


@routes("DELETE", "/customFields/{id}/options/{idOption}")
def delete_option(call: Call) -> Any:
    """Delete an option; cards that had it have no value then."""
    option = _one_option(call, "write")
    state = call.state
    board_id = state.fields[option.field_id].board_id
    for card in state.cards.where("board_id", board_id):
        if any(item.option_id == option.id for item in card.items):
            state.cards.change(card, items=tuple(i for i in card.items if i.option_id != option.id))
    state.options.remove(option.id)
    return {"_value": None}
