"""Search: ten results unless asked for more ([obs] sarumont/py-trello#252), from an index that lags."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pm_providers.sandbox.trello.access import board_role, membership_of
from pm_providers.sandbox.trello.action_view import action_body
from pm_providers.sandbox.trello.board_view import BOARD
from pm_providers.sandbox.trello.errors import invalid
from pm_providers.sandbox.trello.ids import is_id
from pm_providers.sandbox.trello.listing import CardShape
from pm_providers.sandbox.trello.people_view import MEMBER, ORG
from pm_providers.sandbox.trello.records import Board, Card
from pm_providers.sandbox.trello.search_query import Query, parse
from pm_providers.sandbox.trello.web import Call, family

__all__ = ["routes"]

routes = family()
MODELS = ("actions", "boards", "cards", "members", "organizations")
FOUND_MEMBER = ("id", "avatarHash", "fullName", "initials", "username", "confirmed")


def _models(call: Call) -> tuple[str, ...]:
    words = call.words("modelTypes", "all")
    if "all" in words:
        return MODELS
    if not set(words) <= set(MODELS):
        raise invalid("modelTypes")
    return words


def _boards(call: Call) -> list[Board]:
    """Boards to search, as far as the caller sees them: of `idBoards` (default `mine`), `idOrganizations`.

    Raises:
        ApiError: 400 for short names and the like: both are ids ([spec] GET /search).
    """
    wanted = call.words("idBoards", "mine")
    orgs = call.words("idOrganizations")
    for name, values in (("idBoards", wanted), ("idOrganizations", orgs)):
        if not all(is_id(value) or (name, value) == ("idBoards", "mine") for value in values):
            raise invalid(name)
    own = call.session.member_id
    found = []
    for board in call.state.boards:
        named = board.id in wanted or ("mine" in wanted and membership_of(board, own) is not None)
        if orgs and board.org_id not in orgs:
            continue
        if (named or orgs) and board_role(call.session, board) is not None:
            found.append(board)
    return found


def _indexed(call: Call) -> list[Card]:
    """Cards as the index knows them: as they were some seconds ago."""
    state = call.state
    if call.stale:
        return state.cards.as_of(call.stale)
    lag = state.settings.search_lag_s
    return state.cards.at(state.clock.now() - timedelta(seconds=lag)) if lag else list(state.cards)


def _cards(call: Call, query: Query, boards: list[Board]) -> Any:
    limit = call.number("cards_limit", 10, least=1, most=1000)
    page = call.number("cards_page", 0, most=100)
    partial = call.flag("partial")
    inside = {board.id for board in boards if not board.closed}
    only = set(call.words("idCards"))
    names = {board.id: board.name for board in boards}
    state = call.state
    rows = [
        card
        for card in _indexed(call)
        if card.board_id in inside
        and card.list_id in state.lists
        and (not only or card.id in only)
        and query.matches(f"{card.name} {card.desc} {names[card.board_id]}", partial=partial)
        and query.allows(call.session, card)
    ]
    rows.sort(key=lambda card: (card.last_activity, card.id), reverse=True)
    current = (state.cards.get(card.id) for card in rows[page * limit : (page + 1) * limit])
    shape = CardShape(call, "card_")
    return shape.show_all([card for card in current if card is not None])


@routes("GET", "/search")
def search(call: Call) -> Any:
    """Find cards, boards, workspaces, members and actions by words and operators."""
    text = call.text("query", least=1)
    models, query = _models(call), parse(call.session, text)
    boards = _boards(call)
    partial = call.flag("partial")
    options: dict[str, Any] = {
        "terms": [{"text": term, **({"negated": True} if minus else {})} for term, minus in query.terms],
        "modifiers": list(query.modifiers),
        "modelTypes": list(models),
        "partial": partial,
    }
    found: dict[str, Any] = {"options": options}
    if "boards" in models:
        found["boards"] = _found_boards(call, query, boards, partial=partial)
    if "cards" in models:
        found["cards"] = _cards(call, query, boards)
    if "organizations" in models:
        found["organizations"] = _found_orgs(call, query, partial=partial)
    if "members" in models:
        rows = _people(call, text, call.number("members_limit", 10, most=1000))
        found["members"] = [
            MEMBER.show(call.session, row, MEMBER.names(call, "member_fields", FOUND_MEMBER)) for row in rows
        ]
    if "actions" in models:
        found["actions"] = _found_actions(call, query, boards, partial=partial)
    return found


def _found_boards(call: Call, query: Query, boards: list[Board], *, partial: bool) -> Any:
    names = BOARD.names(call, "board_fields", ("id", "name", "idOrganization"))
    rows = [board for board in boards if query.terms and query.matches(board.name, partial=partial)]
    return [BOARD.show(call.session, row, names) for row in rows[: call.number("boards_limit", 10)]]


def _found_orgs(call: Call, query: Query, *, partial: bool) -> Any:
    names = ORG.names(call, "organization_fields", ("id", "name", "displayName"))
    own = [org for org in call.state.orgs if membership_of(org, call.session.member_id) is not None]
    rows = [org for org in own if query.terms and query.matches(org.display_name, partial=partial)]
    return [ORG.show(call.session, row, names) for row in rows[: call.number("organizations_limit", 10)]]


def _found_actions(call: Call, query: Query, boards: list[Board], *, partial: bool) -> Any:
    inside = {board.id for board in boards}
    rows = [
        row
        for row in call.state.actions
        if row.type == "commentCard"
        and row.board_id in inside
        and query.terms
        and query.matches(str(row.data.get("text", "")), partial=partial)
    ]
    return [action_body(call.session, row) for row in rows[-10:]]


def _people(call: Call, text: str, limit: int) -> list[Any]:
    """Members whose name, user name or full e-mail address fits, and who share something with the caller."""
    wanted = text.strip().lower().removeprefix("@")
    found = []
    for row in call.state.members:
        words = row.full_name.lower().split()
        fits = any(word.startswith(wanted) for word in words) or row.full_name.lower().startswith(wanted)
        if not row.deleted and (fits or row.username.startswith(wanted) or row.email.lower() == wanted):
            found.append(row)
    return found[:limit]


@routes("GET", "/search/members")
def people(call: Call) -> Any:
    """Find members by the beginning of a name; 8 unless asked for up to 20."""
    text = call.text("query", least=1)
    rows = _people(call, text, 10_000)
    board_id, org_id = call.plain("idBoard"), call.plain("idOrganization")
    board, org = call.state.boards.get(board_id), call.state.orgs.get(org_id)
    if board is not None and call.flag("onlyOrgMembers"):
        org = call.state.orgs.get(board.org_id)
    if org is not None:
        rows = [row for row in rows if membership_of(org, row.id) is not None]
    limit = call.number("limit", 8, least=1, most=20)
    names = (
        "id",
        "username",
        "activityBlocked",
        "avatarHash",
        "avatarUrl",
        "fullName",
        "initials",
        "idMemberReferrer",
        "confirmed",
        "nonPublic",
        "nonPublicAvailable",
    )
    return [
        {
            **MEMBER.show(call.session, row, names),
            "similarity": 1.0,
            "active": row.confirmed,
            "joined": board is not None and membership_of(board, row.id) is not None,
        }
        for row in rows[:limit]
    ]
