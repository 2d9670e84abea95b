"""Changes of cards, their archive and their end."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import need_board, need_card
from pm_providers.sandbox.trello.card_create import check_labels, check_members, listed
from pm_providers.sandbox.trello.card_moves import move_card
from pm_providers.sandbox.trello.card_view import CARD
from pm_providers.sandbox.trello.errors import ApiError, invalid, invalid_object
from pm_providers.sandbox.trello.ids import is_id
from pm_providers.sandbox.trello.journal import card_part, happened
from pm_providers.sandbox.trello.positions import place
from pm_providers.sandbox.trello.records import Card, TList
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["change_card", "routes"]

routes = family()
FIELDS = frozenset(
    {
        "address",
        "closed",
        "coordinates",
        "cover",
        "desc",
        "due",
        "dueComplete",
        "dueReminder",
        "idAttachmentCover",
        "idBoard",
        "idLabels",
        "idList",
        "idMembers",
        "isTemplate",
        "locationName",
        "name",
        "pos",
        "start",
        "subscribed",
    }
)
# attributes whose change is an action of its own, and how the action names them
TOLD = {
    "name": "name",
    "desc": "desc",
    "due": "due",
    "start": "start",
    "due_complete": "dueComplete",
    "closed": "closed",
    "pos": "pos",
    "cover_attachment": "idAttachmentCover",
}

# parameter, attribute, and the moment that goes with it
_SWITCHES = (("dueComplete", "due_complete", "date_completed"), ("closed", "closed", "date_closed"))


def change_card(session: Session, card: Card, changes: dict[str, Any]) -> Card:
    """Store changes and tell of each: one action a member, as the vendor does."""
    state = session.state
    new = state.cards.change(state.cards[card.id], **changes)
    row = state.lists[new.list_id]
    for attribute, name in TOLD.items():
        old = getattr(card, attribute)
        if attribute in changes and old != getattr(new, attribute):
            part = card_part(new, **{name: getattr(new, attribute)})
            happened(session, "updateCard", {"card": part, "old": {name: old}}, card=new, row=row)
    for key in new.member_ids:
        if key not in card.member_ids:
            happened(session, "addMemberToCard", _member(session, key), card=new, subject=key)
    for key in card.member_ids:
        if key not in new.member_ids:
            happened(session, "removeMemberFromCard", _member(session, key), card=new, subject=key)
    _tell_labels(session, card, new)
    return state.cards[new.id]


def _member(session: Session, key: str) -> dict[str, Any]:
    member = session.state.members[key]
    return {"idMember": key, "member": {"id": key, "name": member.full_name}, "deactivated": False}


def _tell_labels(session: Session, card: Card, new: Card) -> None:
    for kind, one, other in (
        ("addLabelToCard", new.label_ids, card.label_ids),
        ("removeLabelFromCard", card.label_ids, new.label_ids),
    ):
        for key in one:
            label = session.state.labels.get(key)
            if key not in other and label is not None:
                part = {"id": label.id, "name": label.name, "color": label.color}
                happened(session, kind, {"label": part, "text": label.name}, card=new)


@routes("PUT", "/cards/{id}")
def update(call: Call) -> Any:
    """Change a card. `idMembers` and `idLabels` replace what is there; the last writer wins."""
    card = need_card(call.session, call.params["id"], "write")
    changes = _changes(call, card)  # refused before anything moves
    target = _target(call, card)
    if target is not None and target.id != card.list_id:
        card = move_card(call.session, card, target)
        if not call.has("pos"):
            changes["pos"] = place("bottom", call.state.cards, _others(call, card))
    changes |= _sets(call, card)
    if call.has("pos"):
        changes["pos"] = place(call.args["pos"], call.state.cards, _others(call, card))
    return CARD.show(call.session, change_card(call.session, call.state.cards[card.id], changes))


def _others(call: Call, card: Card) -> list[Card]:
    return [row for row in call.state.cards.where("list_id", card.list_id) if row.id != card.id]


def _target(call: Call, card: Card) -> TList | None:
    """The list to go to: the one named, or the first of a board that was named alone."""
    board = call.state.boards[card.board_id]
    if call.has("idBoard"):
        text = call.plain("idBoard")
        if not is_id(text):
            raise invalid("idBoard")
        board = need_board(call.session, text, "write")
    if call.has("idList"):
        row = listed(call)
        if call.has("idBoard") and row.board_id != board.id:
            raise invalid("idList")
        if row.board_id != board.id:
            raise ApiError(400, "List is not on the same board as the card")
        return row
    if board.id == card.board_id:
        return None
    rows = [row for row in call.state.lists_of(board.id) if not row.closed]
    if not rows:
        raise invalid("idBoard")
    return rows[0]


def _changes(call: Call, card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if call.has("name"):
        found["name"] = call.text("name", least=1)
    if call.has("desc"):
        found["desc"] = "" if call.args["desc"] is None else call.text("desc")
    for name in ("due", "start"):
        if call.has(name):
            found[name] = call.moment(name)
    for name, attribute, moment in _SWITCHES:
        if call.has(name):
            found[attribute] = call.flag(name)
            if found[attribute] is not getattr(card, attribute):
                found[moment] = call.state.now() if found[attribute] else None
    if call.has("dueReminder"):
        found["due_reminder"] = call.number("dueReminder", -1, least=-1, most=100_000)
    if call.has("isTemplate"):
        found["template"] = call.flag("isTemplate")
    return found | _look(call, card)


def _look(call: Call, card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if call.has("subscribed"):
        rest = tuple(key for key in card.subscribed_by if key != call.session.member_id)
        found["subscribed_by"] = (*rest, call.session.member_id) if call.flag("subscribed") else rest
    if call.has("idAttachmentCover"):
        text = call.plain("idAttachmentCover")
        file = call.state.attachments.get(text)
        if text not in {"", "null"} and (file is None or file.card_id != card.id):
            raise invalid("idAttachmentCover")
        found["cover_attachment"] = text if text not in {"", "null"} else None
        found["manual_cover"] = file is not None
    if call.has("cover"):
        value = call.args["cover"]
        if value is not None and not isinstance(value, dict) and value != "":
            raise invalid("cover")
        known = {"color", "size", "brightness", "idUploadedBackground", "yPosition"}
        found["cover"] = {k: v for k, v in value.items() if k in known} if isinstance(value, dict) else {}
    for name, attribute in (
        ("address", "address"),
        ("locationName", "location"),
        ("coordinates", "coordinates"),
    ):
        if call.has(name):
            found[attribute] = call.plain(name) or None
    return found


def _sets(call: Call, card: Card) -> dict[str, Any]:
    """Members and labels, checked against the board on which the card is by now."""
    board = call.state.boards[card.board_id]
    found: dict[str, Any] = {}
    if call.has("idMembers"):
        found["member_ids"] = call.ids("idMembers")
        check_members(board, found["member_ids"])
    if call.has("idLabels"):
        found["label_ids"] = call.ids("idLabels")
        check_labels(call, board, found["label_ids"])
    return found


@routes("PUT", "/cards/{id}/idLabels")
@routes("PUT", "/cards/{id}/idMembers")
@routes("PUT", "/cards/{id}/{field}")
def update_field(call: Call) -> Any:
    """Change one member, sent as `value`."""
    field = call.params.get("field") or call.path.rstrip("/").rpartition("/")[2]
    if field not in FIELDS:
        raise ApiError(404, f"Cannot PUT {call.path}")
    if not call.has("value"):
        raise invalid("value")
    return update(call.renamed(value=field))


@routes("DELETE", "/cards/{id}")
def delete(call: Call) -> Any:
    """Delete a card for good; there is no trash, and its earlier actions go with it."""
    card = need_card(call.session, call.params["id"], "write")
    state = call.state
    row = state.lists[card.list_id]
    for table in (state.actions, state.attachments, state.checklists, state.check_items):
        for part in table.where("card_id", card.id):
            table.remove(part.id)
    state.cards.remove(card.id)
    gone = {"id": card.id, "idShort": card.id_short, "shortLink": card.short_link}
    happened(call.session, "deleteCard", {"card": gone}, card=card, row=row)
    return {"limits": {}}


def _value_id(call: Call) -> str:
    value = call.args.get("value")
    if not isinstance(value, str) or not value:
        raise invalid("value")
    if not is_id(value):
        raise invalid_object()
    return value.lower()


def _members(call: Call, card: Card) -> list[str]:
    return list(call.state.cards[card.id].member_ids)


@routes("POST", "/cards/{id}/members")  # [lib] py-trello, not in the document
@routes("POST", "/cards/{id}/idMembers")
def add_member(call: Call) -> Any:
    """Put a member on a card; one who is there already is refused, so that this can claim a card."""
    card = need_card(call.session, call.params["id"], "write")
    key = _value_id(call)
    if key in card.member_ids:
        raise ApiError(400, "member is already on the card")
    check_members(call.state.boards[card.board_id], [key])
    change_card(call.session, card, {"member_ids": (*card.member_ids, key)})
    return [{"id": one, **_names(call, one)} for one in _members(call, card)]


def _names(call: Call, key: str) -> dict[str, Any]:
    member = call.state.members[key]
    return {
        "avatarHash": None,
        "fullName": member.full_name,
        "initials": member.initials,
        "username": member.username,
    }


@routes("DELETE", "/cards/{id}/idMembers/{idMember}")
def remove_member(call: Call) -> Any:
    """Take a member off a card; one who is not there is refused."""
    card = need_card(call.session, call.params["id"], "write")
    key = call.params["idMember"].lower()
    if key not in card.member_ids:
        raise ApiError(400, "member is not on the card")
    change_card(call.session, card, {"member_ids": tuple(one for one in card.member_ids if one != key)})
    return [{"id": one, **_names(call, one)} for one in _members(call, card)]


@routes("POST", "/cards/{id}/idLabels")
def add_label(call: Call) -> Any:
    """Put a label on a card; answers all ids."""
    card = need_card(call.session, call.params["id"], "write")
    key = _value_id(call)
    if key in card.label_ids:
        raise ApiError(400, "that label is already on the card")
    check_labels(call, call.state.boards[card.board_id], [key])
    return list(change_card(call.session, card, {"label_ids": (*card.label_ids, key)}).label_ids)


@routes("DELETE", "/cards/{id}/idLabels/{idLabel}")
def remove_label(call: Call) -> Any:
    """Take a label off a card; one that is not there is refused."""
    card = need_card(call.session, call.params["id"], "write")
    key = call.params["idLabel"].lower()
    if key not in card.label_ids:
        raise ApiError(400, "that label is not on the card")
    change_card(call.session, card, {"label_ids": tuple(one for one in card.label_ids if one != key)})
    return {"_value": None}


@routes("POST", "/cards/{id}/labels")
def make_label(call: Call) -> Any:
    """Put a label of this name and colour on a card, made on the board if there is none."""
    from pm_providers.sandbox.trello.labels import add_label as make
    from pm_providers.sandbox.trello.labels import read_color

    card = need_card(call.session, call.params["id"], "write")
    board = call.state.boards[card.board_id]
    color, name = read_color(call), call.text("name", "")
    known = call.state.labels.where("board_id", board.id)
    label = next((row for row in known if (row.name, row.color) == (name, color)), None)
    if label is None:
        label = make(call.session, board, name, color)
    if label.id in card.label_ids:
        raise ApiError(400, "that label is already on the card")
    change_card(call.session, card, {"label_ids": (*card.label_ids, label.id)})
    return {"id": label.id, "idBoard": label.board_id, "name": label.name, "color": label.color}
