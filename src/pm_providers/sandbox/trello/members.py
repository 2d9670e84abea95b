"""Members: oneself, others, and what is theirs."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import board_role, membership_of, need_board, need_id
from pm_providers.sandbox.trello.action_view import ActionShape
from pm_providers.sandbox.trello.board_view import BOARD
from pm_providers.sandbox.trello.boards import shown_lists
from pm_providers.sandbox.trello.errors import ApiError, invalid, unauthorized
from pm_providers.sandbox.trello.listing import CardShape, actions, filtered_cards, window
from pm_providers.sandbox.trello.parts_view import TOKEN, WEBHOOK
from pm_providers.sandbox.trello.people_view import MEMBER, ORG, ORG_SHORT
from pm_providers.sandbox.trello.positions import STEP, place
from pm_providers.sandbox.trello.records import Board, Member, Organization, Star
from pm_providers.sandbox.trello.web import Call, family

__all__ = ["routes"]

routes = family()
PUBLIC = (
    "id",
    "aaId",
    "activityBlocked",
    "avatarHash",
    "avatarUrl",
    "bio",
    "bioData",
    "confirmed",
    "fullName",
    "idEnterprise",
    "idEnterprisesDeactivated",
    "idMemberReferrer",
    "idPremOrgsAdmin",
    "initials",
    "memberType",
    "nonPublic",
    "nonPublicAvailable",
    "products",
    "url",
    "username",
    "status",
)


def _member(call: Call) -> Member:
    """The member of the path: `me`, an id or a user name."""
    name = call.params["id"]
    if name == "me":
        if call.session.member is None:
            raise unauthorized("member")
        return call.session.member
    row = call.state.member(name)
    if row is None:
        raise ApiError(404, "model not found")
    return row


def _own(call: Call) -> Member:
    row = _member(call)
    if row.id != call.session.member_id:
        raise unauthorized("member")
    return row


def _boards(call: Call, row: Member, name: str) -> list[Board]:
    """Boards of a filter; those of somebody else only where the caller sees them."""
    own = [board for board in call.state.boards if membership_of(board, row.id) is not None]
    seen = [board for board in own if board_role(call.session, board) is not None]
    starred = {star.board_id for star in call.state.stars.where("member_id", row.id)}
    tests: dict[str, Any] = {
        "all": lambda _b: True,
        "closed": lambda b: b.closed,
        "members": lambda b: b.prefs.get("permissionLevel", "private") == "private",
        "none": lambda _b: False,
        "open": lambda b: not b.closed,
        "organization": lambda b: b.prefs.get("permissionLevel") == "org",
        "pinned": lambda _b: False,
        "public": lambda b: b.prefs.get("permissionLevel") == "public",
        "starred": lambda b: b.id in starred,
        "unpinned": lambda _b: True,
    }
    words = [word.strip() for word in name.split(",")]
    if not all(word in tests for word in words):
        raise invalid("filter")
    return [board for board in seen if any(tests[word](board) for word in words)]


def _orgs(call: Call, row: Member, name: str) -> list[Organization]:
    if name not in {"all", "members", "none", "public", "true"}:
        raise invalid("filter")
    own = [org for org in call.state.orgs if membership_of(org, row.id) is not None]
    seen = [org for org in own if membership_of(org, call.session.member_id) is not None]
    if name in {"none", "public"}:
        return [org for org in seen if name == "public" and org.permission == "public"]
    return seen


@routes("GET", "/members/{id}")
def one(call: Call) -> Any:
    """A member; much of it only for oneself."""
    row = _member(call)
    own = row.id == call.session.member_id
    found = MEMBER.show(call.session, row, MEMBER.names(call, "fields", None if own else PUBLIC))
    boards = call.plain("boards", "none")
    if boards not in {"none", "", "false"}:
        names = BOARD.names(call, "board_fields")
        rows = _boards(call, row, "all" if boards == "true" else boards)
        found["boards"] = [BOARD.show(call.session, board, names) for board in rows]
    orgs = call.plain("organizations", "none")
    if orgs not in {"none", "", "false"}:
        names = ORG.names(call, "organization_fields")
        found["organizations"] = [ORG.show(call.session, org, names) for org in _orgs(call, row, orgs)]
    if call.plain("cards", "none") not in {"none", "", "false"}:
        found["cards"] = CardShape(call, "card_").show_all(_cards(call, row, call.plain("cards")))
    if own and call.plain("tokens", "none") not in {"none", "", "false"}:
        found["tokens"] = [TOKEN.show(call.session, t) for t in call.state.tokens.where("member_id", row.id)]
    return found


@routes("GET", "/members/{id}/{field}")
def member(call: Call) -> Any:
    """One member of a member."""
    row = _member(call)
    value = MEMBER.one(call.session, row, call.params["field"])
    return value if isinstance(value, dict | list) else {"_value": value}


@routes("PUT", "/members/{id}")
def update(call: Call) -> Any:
    """Change one's own name, initials or bio."""
    row = _own(call)
    changes: dict[str, Any] = {}
    for name, attribute, least in (
        ("fullName", "full_name", 1),
        ("initials", "initials", 1),
        ("bio", "bio", 0),
    ):
        if call.has(name):
            changes[attribute] = call.text(name, least=least)
    if call.has("username"):
        changes["username"] = _free_name(call, row)
    return MEMBER.show(call.session, call.state.members.change(row, **changes))


def _free_name(call: Call, row: Member) -> str:
    name = call.text("username", least=3).lower()
    taken = [other for other in call.state.members.where("username", name) if other.id != row.id]
    if taken:
        raise ApiError(400, "Username is taken")
    return name


@routes("GET", "/members/{id}/boards")
def boards(call: Call) -> Any:
    """Boards of a member, closed ones too unless `filter` says otherwise; never in pages."""
    row = _member(call)
    names = BOARD.names(call, "fields")
    lists = call.plain("lists", "none")
    found = []
    for board in _boards(call, row, call.plain("filter", "all")):
        entry = BOARD.show(call.session, board, names)
        if lists not in {"none", "", "false"}:
            entry["lists"] = shown_lists(call, board, lists, "list_")
        if call.flag("organization"):
            org = call.state.orgs.get(board.org_id)
            shown = ORG.names(call, "organization_fields", ORG_SHORT)
            entry["organization"] = ORG.show(call.session, org, shown) if org is not None else None
        found.append(entry)
    return found


@routes("GET", "/members/{id}/boards/{filter}")
def boards_of(call: Call) -> Any:
    """Boards of a filter."""
    call.args["filter"] = call.params["filter"]
    return boards(call)


@routes("GET", "/members/{id}/boardsInvited")
def invited(call: Call) -> Any:
    """Boards with an open invitation; members here have none."""
    _own(call)
    return []


@routes("GET", "/members/{id}/organizations")
def organizations(call: Call) -> Any:
    """Workspaces of a member."""
    row = _member(call)
    names = ORG.names(call, "fields")
    return [ORG.show(call.session, org, names) for org in _orgs(call, row, call.plain("filter", "all"))]


@routes("GET", "/members/{id}/organizationsInvited")
def organizations_invited(call: Call) -> Any:
    """Workspaces with an open invitation; members here have none."""
    _own(call)
    return []


def _cards(call: Call, row: Member, name: str) -> Any:
    rows = [
        card
        for card in call.state.cards
        if row.id in card.member_ids
        and board_role(call.session, call.state.boards[card.board_id]) is not None
        and (name in {"all", "closed"} or not call.state.boards[card.board_id].closed)
    ]
    return filtered_cards(call, rows, name)


@routes("GET", "/members/{id}/cards")
def cards(call: Call) -> Any:
    """Cards that a member is on, the visible ones by default."""
    return _shown_cards(call, call.plain("filter", "visible"))


@routes("GET", "/members/{id}/cards/{filter}")
def cards_of(call: Call) -> Any:
    """Cards of a filter."""
    return _shown_cards(call, call.params["filter"])


def _shown_cards(call: Call, name: str) -> Any:
    rows = _cards(call, _member(call), name)
    return CardShape(call).show_all(window(call, rows, cap=call.state.settings.card_cap))


@routes("GET", "/members/{id}/actions")
def history(call: Call) -> Any:
    """What a member did, where the caller sees it."""
    row = _member(call)
    boards_seen = {b.id for b in call.state.boards if board_role(call.session, b) is not None}
    rows = [
        one
        for one in call.state.actions
        if one.creator == row.id and (one.board_id in boards_seen or one.board_id is None)
    ]
    return actions(call, rows, ActionShape(call))


@routes("GET", "/members/{id}/tokens")
def tokens(call: Call) -> Any:
    """One's own tokens, without their secrets."""
    found = []
    for token in call.state.tokens.where("member_id", _own(call).id):
        entry = TOKEN.show(call.session, token)
        if call.flag("webhooks"):
            rows = call.state.webhooks.where("token_id", token.id)
            entry["webhooks"] = [WEBHOOK.show(call.session, row) for row in rows]
        found.append(entry)
    return found


@routes("GET", "/members/{id}/notifications")
def notifications(call: Call) -> Any:
    """Notifications; this stand-in sends none."""
    _own(call)
    return []


def _star(row: Star) -> dict[str, Any]:
    return {"id": row.id, "idBoard": row.board_id, "pos": int(row.pos)}


@routes("GET", "/members/{id}/boardStars")
def stars(call: Call) -> Any:
    """Boards that a member has starred."""
    return [_star(row) for row in call.state.stars.where("member_id", _own(call).id)]


@routes("POST", "/members/{id}/boardStars")
def star(call: Call) -> Any:
    """Star a board."""
    own = _own(call)
    board = need_board(call.session, call.text("idBoard"))
    rows = call.state.stars.where("member_id", own.id)
    if any(row.board_id == board.id for row in rows):
        raise ApiError(400, "board is already starred")
    where = place(call.args.get("pos"), call.state.stars, rows, first=STEP)
    row = call.state.stars.put(Star(id=call.state.new_id(), member_id=own.id, board_id=board.id, pos=where))
    return [_star(row)]


def _one_star(call: Call) -> Star:
    row = call.state.stars.get(need_id(call.params["idStar"]))
    if row is None or row.member_id != _own(call).id:
        raise ApiError(404, "model not found")
    return row


@routes("GET", "/members/{id}/boardStars/{idStar}")
def star_of(call: Call) -> Any:
    """One star."""
    return _star(_one_star(call))


@routes("DELETE", "/members/{id}/boardStars/{idStar}")
def unstar(call: Call) -> Any:
    """Take a star off."""
    call.state.stars.remove(_one_star(call).id)
    return {"_value": None}
