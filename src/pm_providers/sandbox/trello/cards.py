"""Reads of cards and of what is around them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import need_card
from pm_providers.sandbox.trello.action_view import ActionShape
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT, LIST, LIST_ONE
from pm_providers.sandbox.trello.card_view import CARD, field_item
from pm_providers.sandbox.trello.checklist_view import CheckShape
from pm_providers.sandbox.trello.errors import ApiError
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.listing import CARD_ACTIONS, CARD_MEMBER, CardShape, actions
from pm_providers.sandbox.trello.people_view import MEMBER
from pm_providers.sandbox.trello.web import Call, family

__all__ = ["routes"]

routes = family()
LAST_PAGE = 19


@routes("GET", "/cards/{id}")
def one(call: Call) -> Any:
    """A card with what is asked for around it; actions default to none."""
    card = need_card(call.session, call.params["id"])
    return CardShape(call).show_all([card])[0]


@routes("GET", "/cards/{id}/idLabels")
@routes("GET", "/cards/{id}/idMembers")
@routes("GET", "/cards/{id}/labels")
@routes("GET", "/cards/{id}/{field}")
def member(call: Call) -> Any:
    """One member of a card; texts and numbers come as `_value`."""
    card = need_card(call.session, call.params["id"])
    value = CARD.one(call.session, card, call.params.get("field") or call.path.rstrip("/").rpartition("/")[2])
    return value if isinstance(value, dict | list | tuple) else {"_value": value}


@routes("GET", "/cards/{id}/board")
def board_of(call: Call) -> Any:
    """The board of a card."""
    board = call.state.boards[need_card(call.session, call.params["id"]).board_id]
    return BOARD.show(call.session, board, BOARD.names(call, "fields", BOARD_SHORT))


@routes("GET", "/cards/{id}/list")
def list_of(call: Call) -> Any:
    """The list of a card."""
    row = call.state.lists[need_card(call.session, call.params["id"]).list_id]
    return LIST.show(call.session, row, LIST.names(call, "fields", LIST_ONE))


def _people(call: Call, ids: tuple[str, ...]) -> Any:
    names = MEMBER.names(call, "fields", CARD_MEMBER)
    rows = (call.state.members.get(key) for key in ids)
    return [MEMBER.show(call.session, row, names) for row in rows if row is not None]


@routes("GET", "/cards/{id}/members")
def members(call: Call) -> Any:
    """Members of a card."""
    return _people(call, need_card(call.session, call.params["id"]).member_ids)


@routes("GET", "/cards/{id}/membersVoted")
def voters(call: Call) -> Any:
    """Members who voted for a card."""
    return _people(call, need_card(call.session, call.params["id"]).voted_ids)


@routes("POST", "/cards/{id}/membersVoted")
def vote(call: Call) -> Any:
    """Vote; only for oneself, only once."""
    card = need_card(call.session, call.params["id"], "comment")
    key = call.text("value", call.session.member_id).lower()
    if key != call.session.member_id:
        raise ApiError(401, "unauthorized card permission requested")
    if key in card.voted_ids:
        raise ApiError(400, "member has already voted on the card")
    new = call.state.cards.change(card, voted_ids=(*card.voted_ids, key))
    happened(call.session, "voteOnCard", {"voted": True}, card=new)
    return _people(call, new.voted_ids)


@routes("DELETE", "/cards/{id}/membersVoted/{idMember}")
def unvote(call: Call) -> Any:
    """Take a vote back."""
    card = need_card(call.session, call.params["id"], "comment")
    key = call.params["idMember"].lower()
    if key not in card.voted_ids or key != call.session.member_id:
        raise ApiError(400, "member has not voted on the card")
    call.state.cards.change(card, voted_ids=tuple(one for one in card.voted_ids if one != key))
    return {"_value": None}


@routes("GET", "/cards/{id}/checklists")
def checklists(call: Call) -> Any:
    """Checklists of a card with their items."""
    card = need_card(call.session, call.params["id"])
    shape = CheckShape(call)
    return [shape.show(row) for row in call.state.checklists_of(card.id)]


@routes("GET", "/cards/{id}/customFieldItems")
def values(call: Call) -> Any:
    """Values of custom fields; fields without one are missing."""
    card = need_card(call.session, call.params["id"])
    return [field_item(item, card.id) for item in card.items]


@routes("GET", "/cards/{id}/actions")
def history(call: Call) -> Any:
    """What happened to a card: comments and moves unless `filter` says otherwise; 20 pages at most."""
    card = need_card(call.session, call.params["id"])
    call.number("page", 0, most=LAST_PAGE)
    rows = call.state.actions.where("card_id", card.id)
    return actions(call, rows, ActionShape(call), default=CARD_ACTIONS)


@routes("GET", "/cards/{id}/stickers")
def stickers(call: Call) -> Any:
    """Stickers; this stand-in has none."""
    need_card(call.session, call.params["id"])
    return []


@routes("GET", "/cards/{id}/pluginData")
def plugin_data(call: Call) -> Any:
    """Data of Power-Ups, which cannot be written over this interface."""
    need_card(call.session, call.params["id"])
    return []


@routes("POST", "/cards/{id}/markAssociatedNotificationsRead")
def mark_read(call: Call) -> Any:
    """Nothing to see afterwards: this stand-in sends no notifications."""
    need_card(call.session, call.params["id"])
    return {"_value": None}
