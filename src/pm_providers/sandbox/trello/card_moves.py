"""Cards that go to another list, and what they lose on the way to another board."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import membership_of
from pm_providers.sandbox.trello.journal import card_part, happened, list_part
from pm_providers.sandbox.trello.records import Board, Card, FieldItem, TList
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Session

__all__ = ["carried", "move_card"]


def _labels(state: State, card: Card, board: Board) -> tuple[str, ...]:
    """Labels of the target with the same name and colour; others are lost."""
    targets = {(row.name, row.color): row.id for row in reversed(state.labels.where("board_id", board.id))}
    found = (state.labels.get(key) for key in card.label_ids)
    return tuple(
        targets[row.name, row.color] for row in found if row is not None and (row.name, row.color) in targets
    )


def _items(state: State, card: Card, board: Board) -> tuple[FieldItem, ...]:
    """Values of fields that the target has with the same name and type; options go by their text."""
    targets = {(row.name, row.type): row for row in state.fields.where("board_id", board.id)}
    found = []
    for item in card.items:
        field = state.fields[item.field_id]
        target = targets.get((field.name, field.type))
        if target is None:
            continue
        option = None
        if item.option_id is not None:
            text = state.options[item.option_id].text
            option = next((o.id for o in state.options_of(target.id) if o.text == text), None)
            if option is None:
                continue
        found.append(FieldItem(id=state.new_id(), field_id=target.id, value=item.value, option_id=option))
    return tuple(found)


def carried(state: State, card: Card, board: Board) -> dict[str, Any]:
    """What a card keeps on another board: matching labels and values, members who are there too."""
    return {
        "label_ids": _labels(state, card, board),
        "items": _items(state, card, board),
        "member_ids": tuple(key for key in card.member_ids if membership_of(board, key) is not None),
    }


def move_card(session: Session, card: Card, target: TList, *, tell: bool = True) -> Card:
    """Put a card on another list of its board or of another one; its position stays as it is."""
    state = session.state
    before, board = state.boards[card.board_id], state.boards[target.board_id]
    source = state.lists[card.list_id]
    if before.id == board.id:
        moved = state.cards.change(card, list_id=target.id)
        if tell:
            _told(session, moved, source, target)
        return state.cards[card.id]
    changes = carried(state, card, board)
    moved = state.cards.change(
        card, board_id=board.id, list_id=target.id, id_short=board.next_short, **changes
    )
    state.boards.change(board, next_short=board.next_short + 1)
    for row in state.checklists.where("card_id", card.id):
        state.checklists.change(row, board_id=board.id)
    if tell:
        _left(session, moved, before, board, target)
    return state.cards[card.id]


def _told(session: Session, card: Card, source: TList, target: TList) -> None:
    data = {
        "listBefore": list_part(source),
        "listAfter": list_part(target),
        "card": card_part(card, idList=target.id),
        "old": {"idList": source.id},
    }
    happened(session, "updateCard", data, card=card)


def _left(session: Session, card: Card, before: Board, board: Board, target: TList) -> None:
    part = card_part(card)
    data = {"card": part, "boardTarget": {"id": board.id}, "list": list_part(target)}
    happened(session, "moveCardFromBoard", data, board=before)
    data = {"card": part, "boardSource": {"id": before.id}}
    happened(session, "moveCardToBoard", data, board=board, card=card, row=target)
