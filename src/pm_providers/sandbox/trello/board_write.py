"""Boards: made, changed, closed, deleted; their members and Power-Ups."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pm_providers.sandbox.trello.access import find_board, membership_of, need_board, need_org
from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT
from pm_providers.sandbox.trello.errors import ApiError, invalid, unauthorized
from pm_providers.sandbox.trello.ids import is_id, short_link
from pm_providers.sandbox.trello.journal import board_part, happened
from pm_providers.sandbox.trello.positions import STEP
from pm_providers.sandbox.trello.records import Board, Label, Membership, Organization, TList
from pm_providers.sandbox.trello.web import Call, Session, family

__all__ = ["add_board", "is_admin", "routes"]

routes = family()
LEVELS = ("org", "private", "public")
_CHOICES: dict[str, tuple[str, ...]] = {
    "permissionLevel": LEVELS,
    "voting": ("disabled", "members", "observers", "org", "public"),
    "comments": ("disabled", "members", "observers", "org", "public"),
    "invitations": ("admins", "members"),
    "cardAging": ("pirate", "regular"),
}
_SWITCHES = ("selfJoin", "cardCovers", "hideVotes", "calendarFeedEnabled", "isTemplate", "showCompleteStatus")
DEFAULT_LABELS = ("green", "yellow", "orange", "red", "purple", "blue")
DEFAULT_LISTS = ("To Do", "Doing", "Done")


def add_board(session: Session, name: str, org: Organization | None, **values: Any) -> Board:
    """Make a board of the caller, without lists and labels."""
    state = session.state
    key = state.new_id()
    creator = Membership(id=state.new_id(), member_id=session.member_id, type="admin")
    board = state.boards.put(
        Board(
            id=key,
            name=name,
            short_link=short_link(key),
            creator=session.member_id,
            last_activity=state.now(),
            org_id=org.id if org is not None else None,
            memberships=(creator,),
            **values,
        )
    )
    happened(session, "createBoard", {}, board=board)
    if org is not None:
        part = {"organization": {"id": org.id, "name": org.display_name}}
        happened(session, "addToOrganizationBoard", part, board=board, org=org)
    return state.boards[key]


def _prefs(call: Call, joint: str) -> dict[str, Any]:
    """Settings sent as `prefs_voting` (`joint` is `_`) or `prefs/voting`."""
    found: dict[str, Any] = {}
    for name, allowed in _CHOICES.items():
        sent = f"prefs{joint}{name}"
        if call.has(sent):
            found[name] = call.text(sent)
            if found[name] not in allowed:
                raise invalid(sent)
    for name in _SWITCHES:
        if call.has(f"prefs{joint}{name}"):
            found[name] = call.flag(f"prefs{joint}{name}")
    if call.has(f"prefs{joint}background"):
        found["background"] = call.text(f"prefs{joint}background")
    return found


def _home(call: Call) -> Organization | None:
    """The workspace to make a board in: the one named, else the caller's first."""
    text = call.plain("idOrganization")
    if text:
        if not is_id(text) and not re.fullmatch(r"[a-z0-9_]{3,}", text):
            raise invalid("idOrganization")
        return need_org(call.session, text)
    own = (org for org in call.state.orgs if membership_of(org, call.session.member_id) is not None)
    return next(own, None)


def _check_room(call: Call, org: Organization | None) -> None:
    if org is None or org.plan != "free":
        return
    open_boards = [board for board in call.state.boards.where("org_id", org.id) if not board.closed]
    if len(open_boards) >= call.state.settings.free_boards:
        raise ApiError(400, "Workspace has reached its limit of free boards (freeBoardsPerOrg)")


@routes("POST", "/boards")
def create(call: Call) -> Any:
    """Make a board; three lists and six labels come with it unless they are refused."""
    name = call.text("name", least=1)
    org = _home(call)
    _check_room(call, org)
    source = find_board(call.state, call.plain("idBoardSource")) if call.plain("idBoardSource") else None
    prefs = _prefs(call, "_")
    board = add_board(
        call.session,
        name,
        org,
        desc=call.text("desc", ""),
        prefs=prefs,
        source_id=source.id if source else None,
    )
    if source is not None:
        _copy_lists(call, need_board(call.session, source.id), board)
    else:
        _fill(call, board)
    return {**BOARD.show(call.session, call.state.boards[board.id], BOARD_SHORT), "limits": {}}


def _fill(call: Call, board: Board) -> None:
    state = call.state
    if call.flag("defaultLabels", True):
        for color in DEFAULT_LABELS:
            state.labels.put(Label(id=state.new_id(), board_id=board.id, name="", color=color))
    if call.flag("defaultLists", True):
        for number, name in enumerate(DEFAULT_LISTS, 1):
            state.lists.put(TList(id=state.new_id(), board_id=board.id, name=name, pos=STEP * number))


def _copy_lists(call: Call, source: Board, board: Board) -> None:
    state = call.state
    for row in state.lists_of(source.id):
        if not row.closed:
            state.lists.put(msgspec.structs.replace(row, id=state.new_id(), board_id=board.id))
    for label in state.labels.where("board_id", source.id):
        state.labels.put(msgspec.structs.replace(label, id=state.new_id(), board_id=board.id))


@routes("PUT", "/boards/{id}")
def update(call: Call) -> Any:
    """Change a board; settings have names with a slash."""
    board = need_board(call.session, call.params["id"], "write")
    changes = _changes(call)
    prefs = _prefs(call, "/")
    if (prefs or changes.keys() & {"closed", "org_id"}) and not is_admin(call, board):
        raise unauthorized("board")
    old = {_NAMES[name]: getattr(board, name) for name in changes}
    state = call.state
    if "closed" in changes and changes["closed"] is not board.closed:
        changes["date_closed"] = state.now() if changes["closed"] else None
    if prefs:
        changes["prefs"] = {**board.prefs, **prefs}
    if call.has("subscribed"):
        changes["subscribed_by"] = _toggled(
            board.subscribed_by, call.session.member_id, call.flag("subscribed")
        )
    board = state.boards.change(board, **changes)
    _tell(call, board, old, prefs)
    return BOARD.show(call.session, state.boards[board.id], BOARD_SHORT)


_NAMES = {"name": "name", "desc": "desc", "closed": "closed", "org_id": "idOrganization"}


def _changes(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if call.has("name"):
        found["name"] = call.text("name", least=1)
    if call.has("desc"):
        found["desc"] = "" if call.args["desc"] is None else call.text("desc")
    if call.has("closed"):
        found["closed"] = call.flag("closed")
    if call.has("idOrganization"):
        text = call.plain("idOrganization")
        found["org_id"] = need_org(call.session, text).id if text not in {"", "null"} else None
    return found


def _tell(call: Call, board: Board, old: dict[str, Any], prefs: dict[str, Any]) -> None:
    for name, value in old.items():
        now = {
            "name": board.name,
            "desc": board.desc,
            "closed": board.closed,
            "idOrganization": board.org_id,
        }[name]
        if now != value:
            part = board_part(board, **{name: now})
            happened(call.session, "updateBoard", {"board": part, "old": {name: value}}, board=board)
    if prefs:
        happened(call.session, "updateBoard", {"board": board_part(board), "old": {}}, board=board)


def _toggled(members: tuple[str, ...], key: str, on: bool) -> tuple[str, ...]:
    rest = tuple(one for one in members if one != key)
    return (*rest, key) if on else rest


def is_admin(call: Call, board: Board) -> bool:
    """Whether the caller administers a board or its workspace."""
    entry = membership_of(board, call.session.member_id)
    org = call.state.orgs.get(board.org_id)
    inside = membership_of(org, call.session.member_id) if org is not None else None
    return (entry is not None and entry.type == "admin") or (inside is not None and inside.type == "admin")


@routes("PUT", "/boards/{id}/{field}")
def update_field(call: Call) -> Any:
    """Change one member, sent as `value`."""
    field = call.params["field"]
    if field not in {"name", "desc", "closed", "idOrganization", "subscribed"}:
        raise ApiError(404, f"Cannot PUT {call.path}")
    if not call.has("value"):
        raise invalid("value")
    return update(call.renamed(value=field))


@routes("PUT", "/boards/{id}/prefs/{field}")
def update_pref(call: Call) -> Any:
    """Change one setting, sent as `value`."""
    return update(call.renamed(value=f"prefs/{call.params['field']}"))


@routes("DELETE", "/boards/{id}")
def delete(call: Call) -> Any:
    """Delete a board for good, with all that is on it; its administrators may."""
    board = need_board(call.session, call.params["id"], "admin")
    state = call.state
    cards = {row.id for row in state.cards.where("board_id", board.id)}
    for table in (
        state.cards,
        state.lists,
        state.labels,
        state.checklists,
        state.actions,
        state.fields,
        state.stars,
    ):
        for row in table.where("board_id", board.id):
            table.remove(row.id)
    for item in list(state.check_items):
        if item.card_id in cards:
            state.check_items.remove(item.id)
    for file in list(state.attachments):
        if file.card_id in cards:
            state.attachments.remove(file.id)
    state.boards.remove(board.id)
    return {"_value": None}


@routes("POST", "/boards/{id}/markedAsViewed")
def viewed(call: Call) -> Any:
    """Note that the caller looked at a board."""
    board = need_board(call.session, call.params["id"])
    return {"value": call.state.boards.change(board, last_view=call.state.now()).last_view}
