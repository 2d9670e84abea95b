"""Writes down what happened: actions, and the moments of last activity.

Some types reach webhooks but never a list of actions (vendor staff, trello-archive/api-docs#45 and #74):
label edits, check items, edited and deleted comments, members leaving a board, votes.
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.records import Action, Board, Card, Organization, TList
from pm_providers.sandbox.trello.web import Session

__all__ = ["HIDDEN", "board_part", "card_part", "happened", "list_part", "touch"]

HIDDEN = frozenset(
    {
        "addLabelToCard",
        "removeLabelFromCard",
        "createLabel",
        "updateLabel",
        "deleteLabel",
        "createCheckItem",
        "updateCheckItem",
        "deleteCheckItem",
        "copyChecklist",
        "updateComment",
        "deleteComment",
        "removeMemberFromBoard",
        "voteOnCard",
    }
)


def card_part(card: Card, **changes: Any) -> dict[str, Any]:
    """A card as actions name it; changed members come first."""
    return {
        **changes,
        "id": card.id,
        "name": card.name,
        "idShort": card.id_short,
        "shortLink": card.short_link,
    }


def list_part(row: TList, **changes: Any) -> dict[str, Any]:
    """A list as actions name it."""
    return {**changes, "id": row.id, "name": row.name}


def board_part(board: Board, **changes: Any) -> dict[str, Any]:
    """A board as actions name it."""
    return {**changes, "id": board.id, "name": board.name, "shortLink": board.short_link}


def touch(session: Session, card: Card) -> None:
    """Move the last activity of a card and of its board."""
    state = session.state
    now = state.now()
    if card.id in state.cards:
        state.cards.change(state.cards[card.id], last_activity=now)
    board = state.boards.get(card.board_id)
    if board is not None:
        state.boards.change(board, last_activity=now)


def happened(
    session: Session,
    kind: str,
    data: dict[str, Any],
    *,
    board: Board | None = None,
    card: Card | None = None,
    row: TList | None = None,
    org: Organization | None = None,
    subject: str | None = None,
) -> Action:
    """Store an action and tell the webhooks; `card` and `board` count as active now.

    `board`, `card` and `row` add their parts to `data` unless it has them; `subject` is the id of the member
    that it is about.
    """
    state = session.state
    owner = board if board is not None else state.boards.get(card.board_id) if card is not None else None
    if card is not None:
        data = {**data, "card": data.get("card") or card_part(card)}
        if card.id in state.cards:
            state.cards.change(state.cards[card.id], last_activity=state.now())
    if row is not None:
        data = {**data, "list": data.get("list") or list_part(row)}
    if owner is not None:
        owner = state.boards.change(state.boards[owner.id], last_activity=state.now())
        data = {**data, "board": data.get("board") or board_part(owner)}
    action = Action(
        id=state.new_id(),
        type=kind,
        date=state.now(),
        creator=session.member_id,
        data=data,
        app_id=session.app_id,
        org_id=org.id if org is not None else owner.org_id if owner is not None else None,
        board_id=owner.id if owner is not None else None,
        list_id=row.id if row is not None else card.list_id if card is not None else None,
        card_id=card.id if card is not None else None,
        subject=subject,
        hidden=kind in HIDDEN,
    )
    state.emit(action)
    return action
