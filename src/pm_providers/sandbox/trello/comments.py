"""Actions one by one, and comments, which are actions."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.kit.tables import Table
from pm_providers.sandbox.trello.access import board_role, need_action, need_card
from pm_providers.sandbox.trello.action_view import ActionShape, action_body, reactions_of
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT, LIST, LIST_ONE
from pm_providers.sandbox.trello.card_view import CARD
from pm_providers.sandbox.trello.errors import ApiError, invalid, not_found, unauthorized
from pm_providers.sandbox.trello.journal import happened, touch
from pm_providers.sandbox.trello.people_view import CREATOR, MEMBER, ORG, ORG_SHORT
from pm_providers.sandbox.trello.records import Action, Card
from pm_providers.sandbox.trello.shapes import Shape
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_comment", "routes"]

routes = family()
KINDS = frozenset({"commentCard", "copyCommentCard"})
PARTS = ("id", "idMemberCreator", "data", "type", "date", "limits", "display", "entities", "appCreator")


def add_comment(session: Session, card: Card, text: str) -> Action:
    """Comment on a card."""
    state = session.state
    data = {"idCard": card.id, "idAuthor": session.member_id, "text": text, "textData": {"emoji": {}}}
    state.cards.change(state.cards[card.id], comments=state.cards[card.id].comments + 1)
    return happened(session, "commentCard", data, card=state.cards[card.id], row=state.lists[card.list_id])


@routes("POST", "/cards/{id}/actions/comments")
def create(call: Call) -> Any:
    """Comment on a card; observers may not."""
    card = need_card(call.session, call.params["id"], "comment")
    row = add_comment(call.session, card, call.text("text", least=1))
    return action_body(call.session, row, display=True, entities=True)


def _edit(call: Call, row: Action, text: str) -> Any:
    if row.type not in KINDS:
        raise ApiError(400, "Only comments can be edited")
    if row.creator != call.session.member_id:
        raise unauthorized("action")
    state = call.state
    old = row.data.get("text")
    data = {**row.data, "text": text, "dateLastEdited": state.now()}
    new = state.actions.change(row, data=data)
    card = state.cards[row.card_id]
    touch(call.session, card)
    part = {"action": {"id": row.id, "text": text}, "old": {"text": old}}
    happened(call.session, "updateComment", part, card=state.cards[card.id])
    return action_body(call.session, new, display=True)


def _delete(call: Call, row: Action) -> Any:
    state = call.state
    board = state.boards.get(row.board_id)
    if row.type not in KINDS or board is None:
        raise ApiError(400, "Only comments can be deleted")
    if row.creator != call.session.member_id and board_role(call.session, board) != "admin":
        raise unauthorized("action")
    state.actions.remove(row.id)
    card = state.cards.get(row.card_id)
    if card is not None:
        card = state.cards.change(card, comments=max(0, card.comments - 1))
        happened(call.session, "deleteComment", {"action": {"id": row.id}}, card=card)
    return {"_value": None}


@routes("PUT", "/actions/{id}")
def update(call: Call) -> Any:
    """Edit one's own comment."""
    return _edit(call, need_action(call.session, call.params["id"]), call.text("text", least=1))


@routes("PUT", "/actions/{id}/text")
def update_text(call: Call) -> Any:
    """The same with `value`."""
    return _edit(call, need_action(call.session, call.params["id"]), call.text("value", least=1))


@routes("DELETE", "/actions/{id}")
def delete(call: Call) -> Any:
    """Delete a comment: one's own, or any as an administrator of the board."""
    return _delete(call, need_action(call.session, call.params["id"]))


def _on_card(call: Call) -> Action:
    card = need_card(call.session, call.params["id"])
    row = need_action(call.session, call.params["idAction"])
    if row.card_id != card.id:
        raise not_found()
    return row


@routes("PUT", "/cards/{id}/actions/{idAction}/comments")
def update_on_card(call: Call) -> Any:
    """Edit by way of the card."""
    return _edit(call, _on_card(call), call.text("text", least=1))


@routes("DELETE", "/cards/{id}/actions/{idAction}/comments")
def delete_on_card(call: Call) -> Any:
    """Delete by way of the card."""
    return _delete(call, _on_card(call))


@routes("GET", "/actions/{id}")
def one(call: Call) -> Any:
    """An action with its `display`, unless that is refused."""
    row = need_action(call.session, call.params["id"])
    if not call.has("display"):
        call.args["display"] = True
    return ActionShape(call).show(call.session, row)


@routes("GET", "/actions/{id}/{field}")
def member(call: Call) -> Any:
    """One member of an action."""
    row = need_action(call.session, call.params["id"])
    field = call.params["field"]
    if field not in PARTS:
        raise invalid("field")
    value = action_body(call.session, row, display=True, entities=True)[field]
    return value if isinstance(value, dict | list) else {"_value": value}


@routes("GET", "/actions/{id}/memberCreator")
def creator(call: Call) -> Any:
    """Who did it."""
    return _party(call, call.state.members, "creator", MEMBER, CREATOR)


@routes("GET", "/actions/{id}/member")
def subject(call: Call) -> Any:
    """Whom it was done to."""
    return _party(call, call.state.members, "subject", MEMBER, CREATOR)


@routes("GET", "/actions/{id}/board")
def board_of(call: Call) -> Any:
    """The board on which it happened."""
    return _party(call, call.state.boards, "board_id", BOARD, BOARD_SHORT)


@routes("GET", "/actions/{id}/card")
def card_of(call: Call) -> Any:
    """The card to which it happened."""
    return _party(call, call.state.cards, "card_id", CARD)


@routes("GET", "/actions/{id}/list")
def list_of(call: Call) -> Any:
    """The list on which it happened."""
    return _party(call, call.state.lists, "list_id", LIST, LIST_ONE)


@routes("GET", "/actions/{id}/organization")
def org_of(call: Call) -> Any:
    """The workspace in which it happened."""
    return _party(call, call.state.orgs, "org_id", ORG, ORG_SHORT)


def _party(
    call: Call, rows: Table[Any], member: str, shape: Shape[Any], short: tuple[str, ...] | None = None
) -> Any:
    row = rows.get(getattr(need_action(call.session, call.params["id"]), member))
    if row is None:
        raise not_found()
    return shape.show(call.session, row, shape.names(call, "fields", short))


@routes("GET", "/actions/{id}/reactions")
def reactions(call: Call) -> Any:
    """Reactions to a comment."""
    return reactions_of(call.session, need_action(call.session, call.params["id"]))


@routes("POST", "/actions/{id}/reactions")
def react(call: Call) -> Any:
    """React to a comment with an emoji (`unified` is its code)."""
    row = need_action(call.session, call.params["id"])
    emoji = call.plain("unified") or call.plain("shortName") or call.plain("native")
    if not emoji or row.type not in KINDS:
        raise invalid("emoji")
    own = call.session.member_id
    if any((who, what) == (own, emoji) for _key, who, what in row.reactions):
        raise ApiError(400, "reaction already exists")
    new = call.state.actions.change(row, reactions=(*row.reactions, (call.state.new_id(), own, emoji)))
    return reactions_of(call.session, new)[-1]


@routes("GET", "/actions/{id}/reactions/{idReaction}")
def reaction(call: Call) -> Any:
    """One reaction."""
    rows = reactions_of(call.session, need_action(call.session, call.params["id"]))
    found = next((entry for entry in rows if entry["id"] == call.params["idReaction"]), None)
    if found is None:
        raise not_found()
    return found


@routes("DELETE", "/actions/{id}/reactions/{idReaction}")
def unreact(call: Call) -> Any:
    """Take one's reaction back."""
    row = need_action(call.session, call.params["id"])
    found = next((entry for entry in row.reactions if entry[0] == call.params["idReaction"]), None)
    if found is None:
        raise not_found()
    if found[1] != call.session.member_id:
        raise unauthorized("action")
    call.state.actions.change(row, reactions=tuple(entry for entry in row.reactions if entry is not found))
    return {"_value": None}


@routes("GET", "/actions/{id}/reactionsSummary")
def summary(call: Call) -> Any:
    """Reactions counted by emoji."""
    row = need_action(call.session, call.params["id"])
    counts: dict[str, list[str]] = {}
    for _key, who, emoji in row.reactions:
        counts.setdefault(emoji, []).append(who)
    return [
        {
            "id": f"{row.id}:{emoji}",
            "idModel": row.id,
            "idEmoji": emoji,
            "count": len(who),
            "firstReacted": row.date,
            "emoji": {"unified": emoji},
        }
        for emoji, who in counts.items()
    ]
