"""Checklists and their items."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import membership_of, need_card, need_checklist, need_id
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT
from pm_providers.sandbox.trello.card_view import CARD
from pm_providers.sandbox.trello.checklist_view import CheckShape
from pm_providers.sandbox.trello.errors import ApiError, invalid, not_found
from pm_providers.sandbox.trello.ids import is_id, is_short_link
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.limit_view import check_limit
from pm_providers.sandbox.trello.parts_view import CHECK_ITEM, CHECKLIST
from pm_providers.sandbox.trello.positions import place
from pm_providers.sandbox.trello.records import Card, CheckItem, Checklist
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_checklist", "add_item", "copy_checklist", "recount_items", "routes"]

routes = family()


def recount_items(state: State, card_id: str) -> None:
    """Set the badges that count items, and the order of the checklists."""
    rows = state.check_items.where("card_id", card_id)
    dues = [row.due for row in rows if row.due is not None and not row.done]
    state.cards.change(
        state.cards[card_id],
        checklist_ids=tuple(row.id for row in state.checklists_of(card_id)),
        check_items=len(rows),
        check_done=sum(row.done for row in rows),
        check_due=min(dues, default=None),
    )


def add_checklist(session: Session, card: Card, name: str, pos: Any = None) -> Checklist:
    """Make an empty checklist."""
    state = session.state
    rows = state.checklists.where("card_id", card.id)
    check_limit(state, "checklists.perCard", len(rows))
    where = place(pos, state.checklists, rows)
    row = state.checklists.put(
        Checklist(id=state.new_id(), board_id=card.board_id, card_id=card.id, name=name, pos=where)
    )
    recount_items(state, card.id)
    happened(session, "addChecklistToCard", {"checklist": _part(row)}, card=state.cards[card.id])
    return row


def _part(row: Checklist) -> dict[str, str]:
    return {"id": row.id, "name": row.name}


def _item_part(row: CheckItem) -> dict[str, str]:
    return {"id": row.id, "name": row.name, "state": "complete" if row.done else "incomplete"}


def add_item(session: Session, parent: Checklist, name: str, pos: Any = None, **values: Any) -> CheckItem:
    """Add an item to a checklist."""
    state = session.state
    rows = state.check_items.where("checklist_id", parent.id)
    check_limit(state, "checkItems.perChecklist", len(rows))
    row = state.check_items.put(
        CheckItem(
            id=state.new_id(),
            checklist_id=parent.id,
            card_id=parent.card_id,
            name=name,
            pos=place(pos, state.check_items, rows),
            **values,
        )
    )
    recount_items(state, parent.card_id)
    part = {"checkItem": _item_part(row), "checklist": _part(parent)}
    happened(session, "createCheckItem", part, card=state.cards[parent.card_id])
    return row


def copy_checklist(
    session: Session, source: Checklist, card: Card, name: str = "", pos: Any = None
) -> Checklist:
    """Copy a checklist with its items to a card."""
    row = add_checklist(session, card, name or source.name, pos)
    for item in session.state.items_of(source.id):
        add_item(session, row, item.name, item.pos, done=item.done, due=item.due, member_id=item.member_id)
    part = {"checklist": _part(row), "checklistSource": _part(source)}
    happened(session, "copyChecklist", part, card=session.state.cards[card.id])
    return row


def _create(call: Call, card: Card) -> Any:
    source = call.plain("idChecklistSource")
    if source:
        found = need_checklist(call.session, source)
        row = copy_checklist(call.session, found, card, call.text("name", ""), call.args.get("pos"))
    else:
        row = add_checklist(
            call.session, card, call.text("name", "Checklist") or "Checklist", call.args.get("pos")
        )
    return {**CheckShape(call).show(row), "limits": {}}


@routes("POST", "/checklists")
def create(call: Call) -> Any:
    """Make a checklist, or copy one; without a name it is called "Checklist"."""
    text = call.text("idCard")
    if not is_id(text) and not is_short_link(text):
        raise invalid("idCard")
    return _create(call, need_card(call.session, text, "write"))


@routes("POST", "/cards/{id}/checklists")
def create_on_card(call: Call) -> Any:
    """Make a checklist on this card."""
    return _create(call, need_card(call.session, call.params["id"], "write"))


@routes("GET", "/checklists/{id}")
def one(call: Call) -> Any:
    """A checklist with its items."""
    return CheckShape(call).show(need_checklist(call.session, call.params["id"]))


@routes("GET", "/checklists/{id}/{field}")
def member(call: Call) -> Any:
    """One member of a checklist."""
    row = need_checklist(call.session, call.params["id"])
    return {"_value": CHECKLIST.one(call.session, row, call.params["field"])}


@routes("GET", "/checklists/{id}/board")
def board_of(call: Call) -> Any:
    """The board of a checklist."""
    board = call.state.boards[need_checklist(call.session, call.params["id"]).board_id]
    return BOARD.show(call.session, board, BOARD.names(call, "fields", BOARD_SHORT))


@routes("GET", "/checklists/{id}/cards")
def cards_of(call: Call) -> Any:
    """The card of a checklist, as a list."""
    card = call.state.cards[need_checklist(call.session, call.params["id"]).card_id]
    return [CARD.show(call.session, card, CARD.names(call, "fields"))]


@routes("PUT", "/checklists/{id}")
def update(call: Call) -> Any:
    """Rename or move a checklist."""
    row = need_checklist(call.session, call.params["id"], "write")
    changes: dict[str, Any] = {}
    if call.has("name"):
        changes["name"] = call.text("name", least=1)
    if call.has("pos"):
        others = [
            other for other in call.state.checklists.where("card_id", row.card_id) if other.id != row.id
        ]
        changes["pos"] = place(call.args["pos"], call.state.checklists, others)
    new = call.state.checklists.change(row, **changes)
    recount_items(call.state, row.card_id)
    if new.name != row.name:
        part = {"checklist": {"name": new.name, "id": new.id}, "old": {"name": row.name}}
        happened(call.session, "updateChecklist", part, card=call.state.cards[row.card_id])
    return CheckShape(call).show(new)


@routes("PUT", "/checklists/{id}/{field}")
def update_field(call: Call) -> Any:
    """Change one member, sent as `value`."""
    if call.params["field"] not in {"name", "pos"}:
        raise ApiError(404, f"Cannot PUT {call.path}")
    return update(call.renamed(value=call.params["field"]))


def _delete(call: Call, row: Checklist) -> Any:
    state = call.state
    for item in state.check_items.where("checklist_id", row.id):
        state.check_items.remove(item.id)
    state.checklists.remove(row.id)
    recount_items(state, row.card_id)
    part = {"checklist": _part(row)}
    happened(call.session, "removeChecklistFromCard", part, card=state.cards[row.card_id])
    return {"limits": {}}


@routes("DELETE", "/checklists/{id}")
def delete(call: Call) -> Any:
    """Remove a checklist with its items."""
    return _delete(call, need_checklist(call.session, call.params["id"], "write"))


@routes("DELETE", "/cards/{id}/checklists/{idChecklist}")
def delete_from_card(call: Call) -> Any:
    """The same by way of the card."""
    card = need_card(call.session, call.params["id"], "write")
    row = need_checklist(call.session, call.params["idChecklist"], "write")
    if row.card_id != card.id:
        raise not_found()
    return _delete(call, row)


@routes("GET", "/checklists/{id}/checkItems")
def items(call: Call) -> Any:
    """Items of a checklist."""
    row = need_checklist(call.session, call.params["id"])
    names = CHECK_ITEM.names(call, "fields")
    return [CHECK_ITEM.show(call.session, item, names) for item in call.state.items_of(row.id)]


def _advanced(call: Call, card_id: str) -> dict[str, Any]:
    """Due date and member of an item: without a paid plan they are taken and forgotten, silently."""
    board = call.state.boards[call.state.cards[card_id].board_id]
    found: dict[str, Any] = {}
    if call.has("due"):
        found["due"] = call.moment("due")
    if call.has("dueReminder"):
        found["due_reminder"] = call.number("dueReminder", -1, least=-1, most=100_000)
    if call.has("idMember"):
        text = call.plain("idMember")
        if text not in {"", "null"} and membership_of(board, text.lower()) is None:
            raise invalid("idMember")
        found["member_id"] = text.lower() if text not in {"", "null"} else None
    return found if call.state.plan_of(board) != "free" else {}


@routes("POST", "/checklists/{id}/checkItems")
def create_item(call: Call) -> Any:
    """Add an item."""
    row = need_checklist(call.session, call.params["id"], "write")
    values = {"done": call.flag("checked"), **_advanced(call, row.card_id)}
    item = add_item(call.session, row, call.text("name", least=1), call.args.get("pos"), **values)
    return {**CHECK_ITEM.show(call.session, item), "limits": {}}


def _item(call: Call, key: str, checklist_id: str = "", card_id: str = "") -> CheckItem:
    row = call.state.check_items.get(need_id(key))
    if (
        row is None
        or (checklist_id and row.checklist_id != checklist_id)
        or (card_id and row.card_id != card_id)
    ):
        raise not_found()
    return row


@routes("GET", "/checklists/{id}/checkItems/{idCheckItem}")
def item_of(call: Call) -> Any:
    """An item."""
    parent = need_checklist(call.session, call.params["id"])
    row = _item(call, call.params["idCheckItem"], checklist_id=parent.id)
    return CHECK_ITEM.show(call.session, row, CHECK_ITEM.names(call, "fields"))


@routes("GET", "/cards/{id}/checkItem/{idCheckItem}")
def item_on_card(call: Call) -> Any:
    """The same by way of the card; the path says `checkItem`, without an s."""
    card = need_card(call.session, call.params["id"])
    row = _item(call, call.params["idCheckItem"], card_id=card.id)
    return CHECK_ITEM.show(call.session, row, CHECK_ITEM.names(call, "fields"))


def _delete_item(call: Call, row: CheckItem) -> Any:
    state = call.state
    state.check_items.remove(row.id)
    recount_items(state, row.card_id)
    part = {"checkItem": _item_part(row), "checklist": _part(state.checklists[row.checklist_id])}
    happened(call.session, "deleteCheckItem", part, card=state.cards[row.card_id])
    return {"limits": {}}


@routes("DELETE", "/checklists/{id}/checkItems/{idCheckItem}")
def delete_item(call: Call) -> Any:
    """Remove an item."""
    parent = need_checklist(call.session, call.params["id"], "write")
    return _delete_item(call, _item(call, call.params["idCheckItem"], checklist_id=parent.id))


@routes("DELETE", "/cards/{id}/checkItem/{idCheckItem}")
def delete_item_on_card(call: Call) -> Any:
    """The same by way of the card."""
    card = need_card(call.session, call.params["id"], "write")
    return _delete_item(call, _item(call, call.params["idCheckItem"], card_id=card.id))


@routes("PUT", "/cards/{id}/checkItem/{idCheckItem}")
def update_item(call: Call) -> Any:
    """Change an item: by way of the card only."""
    card = need_card(call.session, call.params["id"], "write")
    return _update_item(call, _item(call, call.params["idCheckItem"], card_id=card.id))


@routes("PUT", "/cards/{id}/checklist/{idChecklist}/checkItem/{idCheckItem}")
def move_item(call: Call) -> Any:
    """The same with the checklist in the path."""
    card = need_card(call.session, call.params["id"], "write")
    parent = need_checklist(call.session, call.params["idChecklist"], "write")
    return _update_item(
        call, _item(call, call.params["idCheckItem"], checklist_id=parent.id, card_id=card.id)
    )


def _update_item(call: Call, row: CheckItem) -> Any:
    state = call.state
    changes: dict[str, Any] = {}
    if call.has("name"):
        changes["name"] = call.text("name", least=1)
    if call.has("state"):
        changes["done"] = _done(call)
    if call.has("idChecklist"):
        target = state.checklists.get(call.plain("idChecklist").lower())
        if target is None or target.card_id != row.card_id:
            raise invalid("idChecklist")
        changes["checklist_id"] = target.id
    if call.has("pos"):
        inside = state.check_items.where("checklist_id", changes.get("checklist_id", row.checklist_id))
        others = [other for other in inside if other.id != row.id]
        changes["pos"] = place(call.args["pos"], state.check_items, others)
    changes |= _advanced(call, row.card_id)
    new = state.check_items.change(row, **changes)
    recount_items(state, row.card_id)
    _tell_item(call, row, new)
    return {**CHECK_ITEM.show(call.session, new), "creationMethod": None}


def _done(call: Call) -> bool:
    value = call.args["state"]
    if value in ("complete", "incomplete"):  # JSON of any kind
        return bool(value == "complete")
    try:
        return call.flag("state")
    except ApiError:
        raise invalid("state") from None


def _tell_item(call: Call, old: CheckItem, new: CheckItem) -> None:
    state = call.state
    part = {"checkItem": _item_part(new), "checklist": _part(state.checklists[new.checklist_id])}
    card = state.cards[new.card_id]
    if new.done is not old.done:
        happened(call.session, "updateCheckItemStateOnCard", part, card=card)
    if (new.name, new.due, new.member_id, new.pos) != (old.name, old.due, old.member_id, old.pos):
        happened(call.session, "updateCheckItem", {**part, "old": {"name": old.name}}, card=card)
