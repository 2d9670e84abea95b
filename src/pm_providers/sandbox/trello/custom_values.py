"""Values of custom fields on cards: texts for all types, and options by id."""

from __future__ import annotations

import re
from typing import Any

from pm_providers.sandbox.trello.access import need_card
from pm_providers.sandbox.trello.card_view import field_item
from pm_providers.sandbox.trello.custom_fields import need_fields_on
from pm_providers.sandbox.trello.errors import ApiError, invalid, not_found
from pm_providers.sandbox.trello.ids import read_moment
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.records import Card, CustomField, FieldItem
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["routes", "set_value"]

routes = family()
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_MEMBERS = {"text": "text", "number": "number", "date": "date", "checkbox": "checked"}


def _text(field: CustomField, value: Any) -> dict[str, str] | None:
    """The stored form of a value, None for one that clears the field.

    Raises:
        ApiError: 400 for a value of another type: numbers and truth values must be sent as texts.
    """
    name = _MEMBERS[field.type]
    if not isinstance(value, dict) or set(value) != {name}:
        raise invalid("value")
    text = value[name]
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise invalid("value")
    if field.type == "number" and not _NUMBER.fullmatch(text):
        raise invalid("value")
    if field.type == "checkbox":
        if text not in {"true", "false"}:
            raise invalid("value")
        return {name: text} if text == "true" else None
    if field.type == "date":
        moment = read_moment(text)
        if moment is None:
            raise invalid("value")
        return {name: moment}
    return {name: text}


def _read(call: Call, field: CustomField, args: dict[str, Any]) -> tuple[dict[str, str] | None, str | None]:
    """Value and option id that a request says; both None clear the field."""
    value, option = args.get("value"), args.get("idValue")
    if value in ("", None) and option in ("", None) and ("value" in args or "idValue" in args):
        return None, None
    if field.type == "list":
        row = call.state.options.get(option) if isinstance(option, str) else None
        if row is None or row.field_id != field.id:
            raise invalid("idValue")
        return None, row.id
    if option not in ("", None):
        raise invalid("idValue")
    return _text(field, value), None


def set_value(
    session: Session, card: Card, field: CustomField, value: dict[str, str] | None, option: str | None
) -> FieldItem | None:
    """Store a value; both None take the field off the card."""
    state = session.state
    old = next((item for item in card.items if item.field_id == field.id), None)
    rest = tuple(item for item in card.items if item.field_id != field.id)
    new = None
    if value is not None or option is not None:
        key = old.id if old is not None else state.new_id()
        new = FieldItem(id=key, field_id=field.id, value=value, option_id=option)
        rest = (*rest, new)
    before = (old.value, old.option_id) if old is not None else (None, None)
    if before == (value, option):
        return new
    card = state.cards.change(card, items=rest)
    data = {
        "customField": {"id": field.id, "name": field.name, "type": field.type},
        "customFieldItem": {
            "id": new.id if new else None,
            "value": value,
            "idValue": option,
            "idCustomField": field.id,
            "idModel": card.id,
            "modelType": "card",
        },
        "old": {"value": old.value if old else None, "idValue": old.option_id if old else None},
    }
    happened(session, "updateCustomFieldItem", data, card=card)
    return new


def _field_of(call: Call, card: Card, key: Any) -> CustomField:
    board = call.state.boards[card.board_id]
    need_fields_on(call.session, board)
    field = call.state.fields.get(key.lower()) if isinstance(key, str) else None
    if field is None or field.board_id != board.id:
        raise not_found()
    return field


@routes("PUT", "/cards/{id}/customField/{idCustomField}/item")
def update(call: Call) -> Any:
    """Set or clear one value; the answer to clearing is an empty object."""
    card = need_card(call.session, call.params["id"], "write")
    field = _field_of(call, card, call.params["idCustomField"])
    if not call.has("value") and not call.has("idValue"):
        raise invalid("value")
    item = set_value(call.session, card, field, *_read(call, field, call.args))
    return field_item(item, card.id) if item is not None else {}


@routes("PUT", "/cards/{id}/customFields")
def update_many(call: Call) -> Any:
    """Set several values; nothing is stored when one of them is refused."""
    card = need_card(call.session, call.params["id"], "write")
    entries = call.args.get("customFieldItems")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ApiError(400, "invalid value for customFieldItems")
    pairs = []
    for entry in entries:
        field = _field_of(call, card, entry.get("idCustomField"))
        pairs.append((field, _read(call, field, entry)))
    for field, (value, option) in pairs:
        set_value(call.session, call.state.cards[card.id], field, value, option)
    return [field_item(item, card.id) for item in call.state.cards[card.id].items]
