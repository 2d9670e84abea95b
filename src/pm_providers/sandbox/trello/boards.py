"""Reads of boards, alone and with all that is nested in them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import membership_of, need_board
from pm_providers.sandbox.trello.action_view import ActionShape
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT, LABEL, LIST
from pm_providers.sandbox.trello.checklist_view import CheckShape
from pm_providers.sandbox.trello.errors import forbidden, invalid
from pm_providers.sandbox.trello.listing import CardShape, actions, filtered_cards, window, windowed
from pm_providers.sandbox.trello.parts_view import custom_field
from pm_providers.sandbox.trello.people_view import MEMBER, MEMBER_SHORT, ORG, ORG_SHORT, membership
from pm_providers.sandbox.trello.records import Board, Card, Label, Membership
from pm_providers.sandbox.trello.web import Call, family

__all__ = ["routes", "shown_board", "shown_fields", "shown_lists", "shown_members"]

routes = family()
_OFF = frozenset({"", "none", "false"})


def _on(call: Call, name: str) -> bool:
    return call.plain(name, "none").lower() not in _OFF


def shown_lists(call: Call, board: Board, name: str, prefix: str = "") -> list[dict[str, Any]]:
    """Lists of a filter (all, closed, open, none), with cards where they are asked for."""
    if name not in {"all", "closed", "none", "open", "true"}:
        raise invalid("filter")
    names = LIST.names(call, f"{prefix}fields")
    rows = [
        row
        for row in call.state.lists_of(board.id)
        if name in {"all", "true"} or (name != "none" and row.closed is (name == "closed"))
    ]
    cards = "none" if prefix else call.plain("cards", "none").lower()
    shape = CardShape(call, "card_") if cards not in _OFF else None
    found = []
    for row in rows:
        entry = LIST.show(call.session, row, names)
        if shape is not None:
            inside = sorted(call.state.cards.where("list_id", row.id), key=lambda card: (card.pos, card.id))
            entry["cards"] = shape.show_all(
                filtered_cards(call, inside, cards)[: call.state.settings.card_cap]
            )
        found.append(entry)
    return found


def shown_labels(call: Call, board: Board, prefix: str = "", limit: str = "limit") -> list[dict[str, Any]]:
    """Labels by colour and then name; 50 of them unless asked for more."""
    names = LABEL.names(call, f"{prefix}fields")
    rows = sorted(call.state.labels.where("board_id", board.id), key=_label_key)
    most = call.number(limit, 50, least=0, most=1000)
    return [LABEL.show(call.session, row, names) for row in rows[:most]]


def _label_key(row: Label) -> tuple[str, str, str]:
    return (row.color or "~", row.name, row.id)


def shown_members(call: Call, board: Board, prefix: str = "", name: str = "all") -> list[dict[str, Any]]:
    """Members of a board: `all`, `admins`, `normal`, `none`, `owners`."""
    tests = {"all": None, "true": None, "admins": "admin", "owners": "admin", "normal": "normal", "none": "-"}
    wanted = tests.get(name, "?")
    if wanted == "?":
        raise invalid("filter")
    names = MEMBER.names(call, f"{prefix}fields", MEMBER_SHORT)
    state = call.state
    kept = [m for m in board.memberships if not m.deactivated and (wanted is None or m.type == wanted)]
    rows = (state.members.get(entry.member_id) for entry in kept)
    return [MEMBER.show(call.session, row, names) for row in rows if row is not None]


def shown_memberships(call: Call, rows: tuple[Membership, ...], name: str) -> list[dict[str, Any]]:
    """Memberships of a filter (all, active, admin, deactivated, me, normal), with members if asked for."""
    tests: dict[str, Any] = {
        "all": lambda _m: True,
        "true": lambda _m: True,
        "active": lambda m: not m.deactivated,
        "admin": lambda m: m.type == "admin",
        "deactivated": lambda m: m.deactivated,
        "me": lambda m: m.member_id == call.session.member_id,
        "normal": lambda m: m.type == "normal",
        "none": lambda _m: False,
    }
    if name not in tests:
        raise invalid("filter")
    nested = call.flag("member")
    names = MEMBER.names(call, "member_fields", MEMBER_SHORT)
    found = []
    for entry in rows:
        if not tests[name](entry):
            continue
        body: dict[str, Any] = membership(entry)
        member = call.state.members.get(entry.member_id)
        if nested and member is not None:
            body["member"] = MEMBER.show(call.session, member, names)
        found.append(body)
    return found


def shown_fields(call: Call, board: Board) -> list[dict[str, Any]]:
    """Custom fields of a board; none on the free plan, whatever was made before."""
    if call.state.plan_of(board) == "free":
        return []
    return [custom_field(call.state, row) for row in call.state.fields_of(board.id)]


def cards_of_board(call: Call, board: Board, prefix: str = "") -> list[Card]:
    """Cards of a board, list by list; a window of them is sorted by id later, so that this one is not."""
    if windowed(call, prefix):
        return call.state.cards.where("board_id", board.id)
    return call.state.cards_of(board.id)


def shown_board(call: Call, board: Board, default: tuple[str, ...] | None = BOARD_SHORT) -> dict[str, Any]:
    """A board with what is nested in it.

    The document gives `actions` and `lists` defaults that would nest them unasked; recorded answers do not.
    """
    found = BOARD.show(call.session, board, BOARD.names(call, "fields", default))
    state = call.state
    if _on(call, "actions"):
        shape = ActionShape(call, "action_")
        found["actions"] = actions(call, state.actions.where("board_id", board.id), shape, "action")
    if _on(call, "cards"):
        rows = filtered_cards(call, cards_of_board(call, board, "cards_"), call.plain("cards").lower())
        found["cards"] = CardShape(call, "card_").show_all(
            window(call, rows, "cards_", cap=state.settings.card_cap)
        )
    if _on(call, "lists"):
        found["lists"] = shown_lists(call, board, call.plain("lists").lower(), "list_")
    if _on(call, "labels"):
        found["labels"] = shown_labels(call, board, "label_", "labels_limit")
    if _on(call, "checklists"):
        found["checklists"] = _checklists(call, board, "checklist_")
    return _people(call, board, found)


def _people(call: Call, board: Board, found: dict[str, Any]) -> dict[str, Any]:
    if _on(call, "members"):
        found["members"] = shown_members(call, board, "member_", call.plain("members").lower())
    if _on(call, "memberships"):
        found["memberships"] = shown_memberships(call, board.memberships, call.plain("memberships").lower())
    if call.flag("customFields"):
        found["customFields"] = shown_fields(call, board)
    org = call.state.orgs.get(board.org_id)
    if call.flag("organization"):
        names = ORG.names(call, "organization_fields", ORG_SHORT)
        found["organization"] = ORG.show(call.session, org, names) if org is not None else None
    if _on(call, "boardStars"):
        found["boardStars"] = [
            {"id": star.id, "idBoard": star.board_id, "pos": star.pos}
            for star in call.state.stars.where("board_id", board.id)
            if star.member_id == call.session.member_id
        ]
    for name in ("pluginData", "tags"):
        if call.flag(name):
            found[name] = []
    if call.flag("myPrefs"):
        found["myPrefs"] = dict(board.my_prefs.get(call.session.member_id, {}))
    return found


def _checklists(call: Call, board: Board, prefix: str = "") -> list[dict[str, Any]]:
    rows = call.state.checklists.where("board_id", board.id)
    if len(rows) > call.state.settings.checklist_budget:
        raise forbidden("Too many checklists")
    shape = CheckShape(call, prefix)
    return [shape.show(row) for row in rows]


@routes("GET", "/boards/{id}")
def one(call: Call) -> Any:
    """A board."""
    return shown_board(call, need_board(call.session, call.params["id"]))


@routes("GET", "/boards/{id}/{field}")
def member(call: Call) -> Any:
    """One member of a board; texts and numbers come as `_value`."""
    board = need_board(call.session, call.params["id"])
    value = BOARD.one(call.session, board, call.params["field"])
    return value if isinstance(value, dict | list) else {"_value": value}


@routes("GET", "/boards/{id}/lists")
def lists(call: Call) -> Any:
    """Lists of a board, the open ones by default."""
    return shown_lists(call, need_board(call.session, call.params["id"]), call.plain("filter", "open"))


@routes("GET", "/boards/{id}/lists/{filter}")
def lists_of(call: Call) -> Any:
    """Lists of a filter."""
    return shown_lists(call, need_board(call.session, call.params["id"]), call.params["filter"])


@routes("GET", "/boards/{id}/labels")
def labels(call: Call) -> Any:
    """Labels of a board; 50 unless `limit` says more."""
    return shown_labels(call, need_board(call.session, call.params["id"]))


def _cards(call: Call, name: str) -> Any:
    board = need_board(call.session, call.params["id"])
    shape = CardShape(call)
    rows = filtered_cards(call, cards_of_board(call, board), name)
    return shape.show_all(window(call, rows, cap=call.state.settings.card_cap))


@routes("GET", "/boards/{id}/cards")
def cards(call: Call) -> Any:
    """Cards of a board, the visible ones by default."""
    return _cards(call, call.plain("filter", "visible"))


@routes("GET", "/boards/{id}/cards/{filter}")
def cards_of(call: Call) -> Any:
    """Cards of a filter; with an id instead, that card."""
    name = call.params["filter"]
    board = need_board(call.session, call.params["id"])
    card = call.state.cards.get(name)
    if card is not None and card.board_id == board.id:
        return CardShape(call).show(card)
    return _cards(call, name)


@routes("GET", "/boards/{id}/checklists")
def checklists(call: Call) -> Any:
    """Checklists of all cards of a board."""
    return _checklists(call, need_board(call.session, call.params["id"]))


@routes("GET", "/boards/{id}/customFields")
def fields(call: Call) -> Any:
    """Custom fields of a board."""
    return shown_fields(call, need_board(call.session, call.params["id"]))


@routes("GET", "/boards/{id}/members")
def members(call: Call) -> Any:
    """Members of a board."""
    return shown_members(call, need_board(call.session, call.params["id"]), "", call.plain("filter", "all"))


@routes("GET", "/boards/{id}/members/{idMember}")
def members_of(call: Call) -> Any:
    """Members of a filter."""
    return shown_members(call, need_board(call.session, call.params["id"]), "", call.params["idMember"])


@routes("GET", "/boards/{id}/memberships")
def memberships(call: Call) -> Any:
    """Members with what they are on the board."""
    board = need_board(call.session, call.params["id"])
    return shown_memberships(call, board.memberships, call.plain("filter", "all"))


@routes("GET", "/boards/{id}/actions")
def history(call: Call) -> Any:
    """What happened on a board, but for the types that lists do not show."""
    board = need_board(call.session, call.params["id"])
    return actions(call, call.state.actions.where("board_id", board.id), ActionShape(call))


@routes("GET", "/boards/{id}/boardStars")
def stars(call: Call) -> Any:
    """The caller's star on a board."""
    board = need_board(call.session, call.params["id"])
    rows = call.state.stars.where("board_id", board.id)
    own = [row for row in rows if row.member_id == call.session.member_id]
    return [{"_id": row.id, "idBoard": row.board_id, "pos": row.pos, "id": row.id} for row in own]


@routes("GET", "/boards/{id}/organization")
def organization(call: Call) -> Any:
    """The workspace of a board."""
    board = need_board(call.session, call.params["id"])
    org = call.state.orgs.get(board.org_id)
    if org is None:
        return {"_value": None}
    entry = membership_of(org, call.session.member_id)
    names = ORG.names(call, "fields", ORG_SHORT if entry is not None else ("id", "name", "displayName"))
    return ORG.show(call.session, org, names)
