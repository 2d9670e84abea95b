"""Credentials, and who may see and change what.

Three ways to send key and token (query, `Authorization: OAuth`, body), and bearer tokens of OAuth 2.0.
Signatures of OAuth 1.0a requests are not checked: their consumer key and token are taken as they are.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pm_providers.sandbox.kit.tables import Table
from pm_providers.sandbox.trello.errors import ApiError, forbidden, invalid_id, not_found, unauthorized
from pm_providers.sandbox.trello.ids import is_id, is_short_link
from pm_providers.sandbox.trello.records import (
    Action,
    Board,
    Card,
    Checklist,
    CustomField,
    Label,
    Membership,
    Organization,
    TList,
    Token,
)
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Session

P = TypeVar("P", TList, Label, Checklist, CustomField)
"""Part of a board."""

__all__ = [
    "board_role",
    "find_board",
    "login",
    "may",
    "membership_of",
    "need_action",
    "need_board",
    "need_card",
    "need_checklist",
    "need_field",
    "need_id",
    "need_label",
    "need_list",
    "need_org",
    "need_scope",
    "token_is_own",
]

_PAIR = re.compile(r'(oauth_consumer_key|oauth_token)="?([^",\s]*)"?')
_OAUTH2_FAMILIES = {"organizations": "organization", "members": "member", "enterprises": "enterprise"}


def login(state: State, headers: dict[str, str], args: dict[str, Any], base_url: str) -> Session:
    """Who asks. Takes `key` and `token` out of the parameters.

    Raises:
        ApiError: 401 "invalid key", "invalid token" or "expired token".
    """
    key, secret = args.pop("key", None), args.pop("token", None)
    given = headers.get("authorization", "")
    if given.lower().startswith("bearer "):
        return _bearer(state, given[7:].strip(), base_url)
    in_header = given.lower().startswith("oauth ")
    if in_header:
        pairs = dict(_PAIR.findall(given))
        key, secret = pairs.get("oauth_consumer_key"), pairs.get("oauth_token")
    app = state.app(str(key or ""))
    if app is None:
        raise ApiError(401, "invalid key")
    session = Session(state, app_id=app.id, base_url=base_url, in_header=in_header)
    if secret:
        _enter(session, str(secret), oauth2=False)
    return session


def _bearer(state: State, secret: str, base_url: str) -> Session:
    session = Session(state, base_url=base_url, in_header=True)
    _enter(session, secret, oauth2=True)
    return session


def _enter(session: Session, secret: str, *, oauth2: bool) -> None:
    state = session.state
    found = state.tokens.where("secret", secret)
    token = found[0] if found else None
    if token is None or token.oauth2 is not oauth2:
        raise ApiError(401, "invalid token")
    if token.expires is not None and token.expires <= state.now():
        raise ApiError(401, "expired token")
    app = state.app(token.app_key)
    session.token, session.member = token, state.members.get(token.member_id)
    session.app_id = app.id if app is not None else None


def need_scope(session: Session, method: str, path: str) -> None:
    """Refuse what the token's scopes do not cover.

    Raises:
        ApiError: 401; 403 for an OAuth 2.0 token, in the words of its scopes.
    """
    token = session.token
    if token is None:
        if method != "GET":
            raise unauthorized()
        return
    if not token.oauth2:
        if ("read" if method == "GET" else "write") not in token.scopes:
            raise unauthorized()
        return
    family = _OAUTH2_FAMILIES.get(path.strip("/").split("/")[1], "board")
    wanted = f"{'read' if method == 'GET' else 'write'}:{family}:trello"
    if wanted not in token.scopes:
        raise forbidden(f"scope {wanted} is missing")


def need_id(text: str) -> str:
    """An id from a path in small letters.

    Raises:
        ApiError: 400 "invalid id".
    """
    if not is_id(text):
        raise invalid_id()
    return text.lower()


def membership_of(row: Board | Organization, member_id: str) -> Membership | None:
    """A member's place in a board or workspace, None without one."""
    return next((m for m in row.memberships if m.member_id == member_id), None)


def board_role(session: Session, board: Board) -> str | None:
    """What the caller is on a board: admin, normal, observer, `viewer` (sees it only), or None."""
    token = session.token
    if token is not None and token.orgs is not None and board.org_id not in token.orgs:
        return None
    entry = membership_of(board, session.member_id) if session.member is not None else None
    if entry is not None and not entry.deactivated:
        return entry.type
    org = session.state.orgs.get(board.org_id)
    inside = membership_of(org, session.member_id) if org is not None else None
    if inside is not None and inside.type == "admin" and org is not None and org.plan == "premium":
        return "admin"
    level = board.prefs.get("permissionLevel", "private")
    if level == "public":
        return "viewer"
    return "normal" if level == "org" and inside is not None and not inside.deactivated else None


def may(session: Session, board: Board, right: str) -> bool:
    """Whether the caller may `read`, `comment`, `write` or `admin` a board."""
    role = board_role(session, board)
    return (
        role is not None
        and {
            "read": True,
            "comment": role in {"admin", "normal"},
            "write": role in {"admin", "normal"},
            "admin": role == "admin",
        }[right]
    )


def find_board(state: State, text: str) -> Board | None:
    """A board by id or short link."""
    if is_id(text):
        return state.boards.get(text.lower())
    found = state.boards.where("short_link", text)
    return found[0] if found else None


def need_board(session: Session, text: str, right: str = "read") -> Board:
    """A board by id or short link.

    Raises:
        ApiError: 400 for what is neither, 404 for an unknown one, 401 for one that the caller may not use so.
    """
    if not is_id(text) and not is_short_link(text):
        raise invalid_id()
    board = find_board(session.state, text)
    if board is None:
        raise not_found()
    _check(session, board, right, "")
    return board


def _check(session: Session, board: Board, right: str, what: str) -> None:
    token = session.token
    if token is not None and token.orgs is not None and board.org_id not in token.orgs:
        raise forbidden("The app is not allowed in this workspace.")
    if may(session, board, right):
        return
    if session.state.settings.hidden_status == 404 and not may(session, board, "read"):
        raise not_found()
    raise unauthorized(what)


def need_card(session: Session, text: str, right: str = "read") -> Card:
    """A card by id or short link, refused as `need_board` does."""
    state = session.state
    if is_id(text):
        card = state.cards.get(text.lower())
    elif is_short_link(text):
        found = state.cards.where("short_link", text)
        card = found[0] if found else None
    else:
        raise invalid_id()
    if card is None:
        raise not_found()
    _check(session, state.boards[card.board_id], right, "card")
    return card


def need_list(session: Session, text: str, right: str = "read") -> TList:
    """A list by id."""
    return _on_board(session, session.state.lists, text, right, "list")


def need_label(session: Session, text: str, right: str = "read") -> Label:
    """A label by id."""
    return _on_board(session, session.state.labels, text, right, "label")


def need_checklist(session: Session, text: str, right: str = "read") -> Checklist:
    """A checklist by id."""
    return _on_board(session, session.state.checklists, text, right, "checklist")


def need_field(session: Session, text: str, right: str = "read") -> CustomField:
    """A custom field by id."""
    return _on_board(session, session.state.fields, text, right, "")


def _on_board(session: Session, rows: Table[P], text: str, right: str, what: str) -> P:
    row = rows.get(need_id(text))
    if row is None:
        raise not_found()
    _check(session, session.state.boards[row.board_id], right, what)
    return row


def need_org(session: Session, text: str, right: str = "read") -> Organization:
    """A workspace by id or name; `read` is for its members, `admin` for its administrators."""
    state = session.state
    row = state.orgs.get(text.lower())
    if row is None:
        found = state.orgs.where("name", text.lower())
        row = found[0] if found else None
    if row is None:
        raise not_found()
    token = session.token
    if token is not None and token.orgs is not None and row.id not in token.orgs:
        raise forbidden("The app is not allowed in this workspace.")
    entry = membership_of(row, session.member_id)
    if (entry is None and row.permission != "public") or (
        right == "admin" and (entry is None or entry.type != "admin")
    ):
        raise unauthorized("organization")
    return row


def need_action(session: Session, text: str) -> Action:
    """An action that the caller may see."""
    state = session.state
    row = state.actions.get(need_id(text))
    if row is None or row.hidden:
        raise not_found()
    board = state.boards.get(row.board_id)
    if board is None:
        if row.creator != session.member_id:
            raise unauthorized("action")
    else:
        _check(session, board, "read", "action")
    return row


def token_is_own(session: Session, text: str) -> Token:
    """The token named in a path: the caller's own, or another of the same member and app.

    Raises:
        ApiError: 401 "invalid token", also for somebody else's.
    """
    row = session.state.token(text)
    own = session.token
    if row is None or own is None or row.member_id != own.member_id or row.app_key != own.app_key:
        raise ApiError(401, "invalid token")
    return row
