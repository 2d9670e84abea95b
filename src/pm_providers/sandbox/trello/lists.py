"""Lists: read, made, changed, archived. There is no way to delete one."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import need_board, need_list
from pm_providers.sandbox.trello.action_view import ActionShape
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT, LIST, LIST_ONE
from pm_providers.sandbox.trello.card_moves import move_card
from pm_providers.sandbox.trello.errors import ApiError, invalid
from pm_providers.sandbox.trello.ids import is_id, is_short_link
from pm_providers.sandbox.trello.journal import happened, list_part
from pm_providers.sandbox.trello.limit_view import check_limit
from pm_providers.sandbox.trello.listing import CardShape, actions, filtered_cards, window
from pm_providers.sandbox.trello.positions import STEP, place
from pm_providers.sandbox.trello.records import Board, TList
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_list", "routes"]

routes = family()
_FIELDS = ("closed", "idBoard", "name", "pos", "softLimit", "subscribed", "color")


def add_list(session: Session, board: Board, name: str, pos: Any = None) -> TList:
    """Make a list; it stands left of all others unless `pos` says otherwise."""
    state = session.state
    rows = state.lists.where("board_id", board.id)
    check_limit(state, "lists.openPerBoard", sum(not row.closed for row in rows))
    check_limit(state, "lists.totalPerBoard", len(rows))
    where = place(pos, state.lists, rows, default="top", first=STEP)
    row = state.lists.put(TList(id=state.new_id(), board_id=board.id, name=name, pos=where))
    happened(session, "createList", {}, board=board, row=row)
    return row


def _create(call: Call, board: Board) -> Any:
    source = call.plain("idListSource")
    row = add_list(call.session, board, call.text("name", least=1), call.args.get("pos"))
    if source:
        _copy_cards(call, need_list(call.session, source), row)
    return {**LIST.show(call.session, row), "limits": {}}


def _copy_cards(call: Call, source: TList, row: TList) -> None:
    from pm_providers.sandbox.trello.card_create import copy_card

    inside = sorted(call.state.cards.where("list_id", source.id), key=lambda card: card.pos)
    for card in inside:
        if not card.closed:
            copy_card(call.session, card, row, keep=("all",))


@routes("POST", "/lists")
def create(call: Call) -> Any:
    """Make a list on a board."""
    text = call.text("idBoard", label="idBoard")
    if not is_id(text) and not is_short_link(text):
        raise invalid("idBoard")
    return _create(call, need_board(call.session, text, "write"))


@routes("POST", "/boards/{id}/lists")
def create_on_board(call: Call) -> Any:
    """Make a list on this board."""
    return _create(call, need_board(call.session, call.params["id"], "write"))


@routes("GET", "/lists/{id}")
def one(call: Call) -> Any:
    """A list."""
    row = need_list(call.session, call.params["id"])
    return LIST.show(call.session, row, LIST.names(call, "fields", LIST_ONE))


@routes("GET", "/lists/{id}/{field}")
def member(call: Call) -> Any:
    """One member of a list."""
    row = need_list(call.session, call.params["id"])
    return {"_value": LIST.one(call.session, row, call.params["field"])}


@routes("PUT", "/lists/{id}")
def update(call: Call) -> Any:
    """Rename, archive, move; archiving says nothing about the cards, which stay as they are."""
    row = need_list(call.session, call.params["id"], "write")
    changes: dict[str, Any] = {}
    if call.has("name"):
        changes["name"] = call.text("name", least=1)
    if call.has("closed"):
        changes["closed"] = call.flag("closed")
    if call.has("color"):
        changes["color"] = call.plain("color") or None
    if call.has("softLimit"):
        changes["soft_limit"] = call.number("softLimit", 0, most=5000) or None
    if call.has("subscribed"):
        rest = tuple(key for key in row.subscribed_by if key != call.session.member_id)
        changes["subscribed_by"] = (*rest, call.session.member_id) if call.flag("subscribed") else rest
    if call.has("pos"):
        others = [one for one in call.state.lists.where("board_id", row.board_id) if one.id != row.id]
        changes["pos"] = place(call.args["pos"], call.state.lists, others, first=STEP)
    if call.has("idBoard") and call.plain("idBoard") != row.board_id:
        row = _to_board(call, row, need_board(call.session, call.plain("idBoard"), "write"))
    new = call.state.lists.change(row, **changes)
    _tell(call, row, new)
    return LIST.show(call.session, new, LIST_ONE)


def _tell(call: Call, old: TList, new: TList) -> None:
    for name in ("name", "closed", "pos"):
        if getattr(old, name) != getattr(new, name):
            part = {"list": list_part(new, **{name: getattr(new, name)}), "old": {name: getattr(old, name)}}
            happened(call.session, "updateList", part, board=call.state.boards[new.board_id], row=new)


def _to_board(call: Call, row: TList, board: Board) -> TList:
    state = call.state
    before = state.boards[row.board_id]
    others = state.lists.where("board_id", board.id)
    where = place("bottom", state.lists, others, first=STEP)
    moved = state.lists.change(row, board_id=board.id, pos=where)
    for card in state.cards.where("list_id", row.id):
        move_card(call.session, card, moved, tell=False)
    happened(call.session, "moveListFromBoard", {"boardTarget": {"id": board.id}}, board=before, row=moved)
    happened(call.session, "moveListToBoard", {"boardSource": {"id": before.id}}, board=board, row=moved)
    return moved


@routes("PUT", "/lists/{id}/{field}")
def update_field(call: Call) -> Any:
    """Change one member, sent as `value`."""
    if call.params["field"] not in _FIELDS:
        raise ApiError(404, f"Cannot PUT {call.path}")
    if not call.has("value"):
        raise invalid("value")
    return update(call.renamed(value=call.params["field"]))


@routes("GET", "/lists/{id}/cards")
def cards(call: Call) -> Any:
    """Cards of a list, the open ones by default, top to bottom."""
    row = need_list(call.session, call.params["id"])
    return _cards(call, row, call.plain("filter", "open"))


@routes("GET", "/lists/{id}/cards/{filter}")
def cards_of(call: Call) -> Any:
    """Cards of a filter."""
    return _cards(call, need_list(call.session, call.params["id"]), call.params["filter"])


def _cards(call: Call, row: TList, name: str) -> Any:
    inside = sorted(call.state.cards.where("list_id", row.id), key=lambda card: (card.pos, card.id))
    shape = CardShape(call)
    return shape.show_all(window(call, filtered_cards(call, inside, name), cap=call.state.settings.card_cap))


@routes("GET", "/lists/{id}/board")
def board_of(call: Call) -> Any:
    """The board of a list."""
    board = call.state.boards[need_list(call.session, call.params["id"]).board_id]
    return BOARD.show(call.session, board, BOARD.names(call, "fields", BOARD_SHORT))


@routes("GET", "/lists/{id}/actions")
def history(call: Call) -> Any:
    """What happened on a list."""
    row = need_list(call.session, call.params["id"])
    rows = [one for one in call.state.actions.where("board_id", row.board_id) if one.list_id == row.id]
    return actions(call, rows, ActionShape(call))


@routes("POST", "/lists/{id}/archiveAllCards")
def archive_cards(call: Call) -> Any:
    """Archive all cards of a list; the answer does not name them."""
    from pm_providers.sandbox.trello.card_write import change_card

    row = need_list(call.session, call.params["id"], "write")
    for card in call.state.cards.where("list_id", row.id):
        if not card.closed:
            change_card(call.session, card, {"closed": True, "date_closed": call.state.now()})
    return {}


@routes("POST", "/lists/{id}/moveAllCards")
def move_cards(call: Call) -> Any:
    """Move all open cards to another list; the answer does not name them."""
    row = need_list(call.session, call.params["id"], "write")
    board = need_board(call.session, call.text("idBoard"), "write")
    target = need_list(call.session, call.text("idList"), "write")
    if target.board_id != board.id:
        raise invalid("idList")
    inside = sorted(call.state.cards.where("list_id", row.id), key=lambda card: card.pos)
    for card in inside:
        if not card.closed:
            others = call.state.cards.where("list_id", target.id)
            moved = move_card(call.session, card, target)
            call.state.cards.change(moved, pos=place("bottom", call.state.cards, others))
    return []
