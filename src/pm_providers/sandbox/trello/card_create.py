"""Cards that come into being: new ones and copies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from pm_providers.sandbox.trello.access import membership_of, need_card
from pm_providers.sandbox.trello.attachments import add_link
from pm_providers.sandbox.trello.card_moves import carried
from pm_providers.sandbox.trello.card_view import CARD
from pm_providers.sandbox.trello.errors import ApiError, invalid
from pm_providers.sandbox.trello.ids import short_link
from pm_providers.sandbox.trello.journal import card_part, happened
from pm_providers.sandbox.trello.limit_view import check_limit, limit_of
from pm_providers.sandbox.trello.listing import shown_attachment
from pm_providers.sandbox.trello.positions import place
from pm_providers.sandbox.trello.records import Board, Card, TList
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_card", "check_labels", "check_members", "copy_card", "listed", "routes"]

routes = family()
ROLES = ("separator", "board", "mirror", "link")
KEEPS = frozenset(
    {
        "all",
        "attachments",
        "checklists",
        "comments",
        "customFields",
        "due",
        "labels",
        "members",
        "start",
        "stickers",
    }
)


def listed(call: Call, name: str = "idList") -> TList:
    """The list that a parameter names, which the caller may write to.

    Raises:
        ApiError: 400 for anything that is no list, 401 for one of a board that is not the caller's.
    """
    from pm_providers.sandbox.trello.access import need_list

    value = call.args.get(name)
    row = call.state.lists.get(value.lower()) if isinstance(value, str) else None
    if row is None:
        raise invalid(name)
    return need_list(call.session, row.id, "write")


def check_members(board: Board, ids: Collection[str]) -> None:
    """Refuse members who are not on the board."""
    if not all(membership_of(board, key) is not None for key in ids):
        raise ApiError(400, "invalid value for idMembers")


def check_labels(call: Call, board: Board, ids: Collection[str]) -> None:
    """Refuse labels that are not the board's."""
    rows = (call.state.labels.get(key) for key in ids)
    if not all(row is not None and row.board_id == board.id for row in rows):
        raise ApiError(400, "invalid value for idLabels")


def add_card(session: Session, row: TList, name: str, pos: Any = None, **values: Any) -> Card:
    """Make a card at the end of a list; an archived list takes it as well."""
    state = session.state
    inside = state.cards.where("list_id", row.id)
    if len(state.cards) >= limit_of(state, "cards.openPerBoard"):
        on_board = state.cards.where("board_id", row.board_id)
        check_limit(state, "cards.openPerBoard", sum(not card.closed for card in on_board))
    where = place(pos, state.cards, inside)
    board = state.boards[row.board_id]
    key = state.new_id()
    card = state.cards.put(
        Card(
            id=key,
            board_id=board.id,
            list_id=row.id,
            name=name,
            short_link=short_link(key),
            id_short=board.next_short,
            pos=where,
            last_activity=state.now(),
            creator=session.member_id,
            **values,
        )
    )
    state.boards.change(board, next_short=board.next_short + 1)
    return card


@routes("POST", "/cards")
def create(call: Call) -> Any:
    """Make a card. `idBoard` is not taken: the list decides. The answer is 200, not 201."""
    row = listed(call)
    source = need_card(call.session, call.plain("idCardSource")) if call.plain("idCardSource") else None
    values = _values(call, row)
    if source is not None:
        keep = call.words("keepFromSource", "all")
        if not KEEPS.issuperset(keep):
            raise invalid("keepFromSource")
        name = call.text("name", source.name)
        card = copy_card(call.session, source, row, keep=keep, name=name, pos=call.args.get("pos"), **values)
    else:
        card = add_card(call.session, row, call.text("name", ""), call.args.get("pos"), **values)
        happened(call.session, "createCard", {}, card=card, row=row)
        for member in card.member_ids:
            part = {"idMember": member, "member": _named(call, member)}
            happened(call.session, "addMemberToCard", part, card=card, subject=member)
    if call.plain("urlSource"):
        add_link(call.session, call.state.cards[card.id], call.text("urlSource"))
    return _answer(call, call.state.cards[card.id])


def _named(call: Call, member_id: str) -> dict[str, str]:
    member = call.state.members[member_id]
    return {"id": member.id, "name": member.full_name}


def _answer(call: Call, card: Card) -> dict[str, Any]:
    files = [shown_attachment(call.session, row) for row in call.state.attachments_of(card.id)]
    return {**CARD.show(call.session, card), "attachments": files, "stickers": [], "limits": {}}


def _values(call: Call, row: TList) -> dict[str, Any]:
    """What a request says about the new card; a copy keeps the rest of its source."""
    board = call.state.boards[row.board_id]
    found: dict[str, Any] = {}
    if call.has("desc") and call.args["desc"] is not None:
        found["desc"] = call.text("desc")
    for name in ("due", "start"):
        if call.has(name):
            found[name] = call.moment(name)
    if call.has("dueComplete"):
        found["due_complete"] = call.flag("dueComplete")
        found["date_completed"] = call.state.now() if found["due_complete"] else None
    if call.has("idMembers"):
        found["member_ids"] = call.ids("idMembers")
        check_members(board, found["member_ids"])
    if call.has("idLabels"):
        found["label_ids"] = call.ids("idLabels")
        check_labels(call, board, found["label_ids"])
    return found | _rare(call)


def _rare(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if call.plain("cardRole"):
        found["role"] = call.text("cardRole")
        if found["role"] not in ROLES:
            raise invalid("cardRole")
    if call.has("dueReminder"):
        found["due_reminder"] = call.number("dueReminder", -1, least=-1, most=100_000)
    if call.has("isTemplate"):
        found["template"] = call.flag("isTemplate")
    for name, attribute in (
        ("address", "address"),
        ("locationName", "location"),
        ("coordinates", "coordinates"),
    ):
        if call.plain(name):
            found[attribute] = call.text(name)
    return found


def copy_card(
    session: Session, source: Card, row: TList, *, keep: Collection[str], pos: Any = None, **values: Any
) -> Card:
    """Copy a card with the parts in `keep`; its comments come along as `copyCommentCard`."""
    state = session.state
    board = state.boards[row.board_id]

    def kept(name: str) -> bool:
        return "all" in keep or name in keep

    same = source.board_id == board.id
    parts = {"label_ids": source.label_ids, "items": source.items, "member_ids": source.member_ids}
    parts = parts if same else carried(state, source, board)
    taken: dict[str, Any] = {"desc": source.desc}
    for attribute, name in (("label_ids", "labels"), ("items", "customFields"), ("member_ids", "members")):
        if kept(name):
            taken[attribute] = parts[attribute]
    for name in ("due", "start"):
        if kept(name):
            taken[name] = getattr(source, name)
    merged = {**taken, **values}
    card = add_card(session, row, merged.pop("name", source.name), pos, **merged)
    happened(session, "copyCard", {"cardSource": card_part(source)}, card=card, row=row)
    _copy_parts(session, source, card, kept)
    return state.cards[card.id]


def _copy_parts(session: Session, source: Card, card: Card, kept: Any) -> None:
    from pm_providers.sandbox.trello.attachments import recount_files
    from pm_providers.sandbox.trello.checklists import copy_checklist

    state = session.state
    if kept("checklists"):
        for row in state.checklists_of(source.id):
            copy_checklist(session, row, state.cards[card.id])
    if kept("attachments"):
        for file in state.attachments_of(source.id):
            state.attachments.put(msgspec.structs.replace(file, id=state.new_id(), card_id=card.id))
        recount_files(state, card.id)
    if kept("comments"):
        for action in state.actions.where("card_id", source.id):
            if action.type in {"commentCard", "copyCommentCard"}:
                happened(session, "copyCommentCard", {"text": action.data["text"]}, card=state.cards[card.id])
                state.cards.change(state.cards[card.id], comments=state.cards[card.id].comments + 1)
