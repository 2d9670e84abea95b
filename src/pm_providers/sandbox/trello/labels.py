"""Labels of boards; none of what happens to them shows in a list of actions."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import need_board, need_label
from pm_providers.sandbox.trello.board_view import COLORS, LABEL
from pm_providers.sandbox.trello.errors import ApiError, invalid
from pm_providers.sandbox.trello.ids import is_id, is_short_link
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.limit_view import check_limit
from pm_providers.sandbox.trello.records import Board, Label
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_label", "read_color", "routes"]

routes = family()


def read_color(call: Call) -> str | None:
    """A colour; null, an empty text and `null` are none.

    Raises:
        ApiError: 400 for another word, and where it was not sent.
    """
    if not call.has("color"):
        raise invalid("color")
    value = call.args["color"]
    if value is None or value in ("", "null"):  # JSON of any kind
        return None
    if value not in COLORS:
        raise invalid("color")
    return str(value)


def add_label(session: Session, board: Board, name: str, color: str | None) -> Label:
    """Make a label; names may repeat."""
    state = session.state
    check_limit(state, "labels.perBoard", len(state.labels.where("board_id", board.id)))
    row = state.labels.put(Label(id=state.new_id(), board_id=board.id, name=name, color=color))
    happened(session, "createLabel", {"label": _part(row)}, board=board)
    return row


def _part(row: Label) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "color": row.color}


def _create(call: Call, board: Board) -> Any:
    if not call.has("name"):
        raise invalid("name")
    row = add_label(call.session, board, call.text("name"), read_color(call))
    return {**LABEL.show(call.session, row), "limits": {}}


@routes("POST", "/labels")
def create(call: Call) -> Any:
    """Make a label; name and colour must be sent, both may be empty."""
    text = call.text("idBoard")
    if not is_id(text) and not is_short_link(text):
        raise invalid("idBoard")
    return _create(call, need_board(call.session, text, "write"))


@routes("POST", "/boards/{id}/labels")
def create_on_board(call: Call) -> Any:
    """Make a label on this board."""
    return _create(call, need_board(call.session, call.params["id"], "write"))


@routes("GET", "/labels/{id}")
def one(call: Call) -> Any:
    """A label."""
    row = need_label(call.session, call.params["id"])
    return LABEL.show(call.session, row, LABEL.names(call, "fields"))


@routes("PUT", "/labels/{id}")
def update(call: Call) -> Any:
    """Rename or recolour; cards show it at once, no card's last activity moves."""
    row = need_label(call.session, call.params["id"], "write")
    changes: dict[str, Any] = {}
    if call.has("name"):
        changes["name"] = call.text("name")
    if call.has("color"):
        changes["color"] = read_color(call)
    new = call.state.labels.change(row, **changes)
    for name in changes:
        if getattr(row, name) != getattr(new, name):
            part = {"label": _part(new), "old": {name: getattr(row, name)}}
            happened(call.session, "updateLabel", part, board=call.state.boards[row.board_id])
    return LABEL.show(call.session, new)


@routes("PUT", "/labels/{id}/{field}")
def update_field(call: Call) -> Any:
    """Change one member, sent as `value`."""
    if call.params["field"] not in {"name", "color"}:
        raise ApiError(404, f"Cannot PUT {call.path}")
    return update(call.renamed(value=call.params["field"]))


@routes("DELETE", "/labels/{id}")
def delete(call: Call) -> Any:
    """Delete a label; it goes from all cards."""
    row = need_label(call.session, call.params["id"], "write")
    return _remove(call, row)


@routes("DELETE", "/boards/{id}/labels/{idLabel}")
def delete_on_board(call: Call) -> Any:
    """The same by way of the board."""
    return _remove(call, need_label(call.session, call.params["idLabel"], "write"))


def _remove(call: Call, row: Label) -> Any:
    state = call.state
    for card in state.cards.where("board_id", row.board_id):
        if row.id in card.label_ids:
            state.cards.change(card, label_ids=tuple(key for key in card.label_ids if key != row.id))
    state.labels.remove(row.id)
    happened(call.session, "deleteLabel", {"label": {"id": row.id}}, board=state.boards[row.board_id])
    return {"limits": {}}
