"""Members of boards, and their Power-Ups."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pm_providers.sandbox.trello.access import membership_of, need_board, need_id
from pm_providers.sandbox.trello.board_write import is_admin
from pm_providers.sandbox.trello.errors import ApiError, forbidden, invalid, not_found, unauthorized
from pm_providers.sandbox.trello.ids import is_id
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.people_view import MEMBER, MEMBER_SHORT, membership
from pm_providers.sandbox.trello.records import Board, Member, Membership
from pm_providers.sandbox.trello.web import Call, family

__all__ = ["CUSTOM_FIELDS", "routes"]

routes = family()
CUSTOM_FIELDS = "56d5e249a98895a9797bebb9"


def _role(call: Call, board: Board, default: str | None = None) -> str:
    role = call.text("type", default)
    if role not in {"admin", "normal", "observer"}:
        raise invalid("type")
    if role == "observer" and call.state.plan_of(board) != "premium":
        raise forbidden("Observers need Trello Premium")
    return role


def _set_member(call: Call, board: Board, member: Member, role: str) -> Board:
    """Put a member on a board, or change what he is there; invites are told as an action."""
    state = call.state
    entry = membership_of(board, member.id)
    if entry is None:
        new = Membership(id=state.new_id(), member_id=member.id, type=role, unconfirmed=not member.confirmed)
        board = state.boards.change(board, memberships=(*board.memberships, new))
        part = {"memberType": role, "idMemberAdded": member.id, "idMember": member.id}
        happened(call.session, "addMemberToBoard", part, board=board, subject=member.id)
        return state.boards[board.id]
    rest = tuple(
        msgspec.structs.replace(one, type=role, deactivated=False) if one is entry else one
        for one in board.memberships
    )
    _keep_admin(rest)
    board = state.boards.change(board, memberships=rest)
    kinds = {
        "admin": "makeAdminOfBoard",
        "normal": "makeNormalMemberOfBoard",
        "observer": "makeObserverOfBoard",
    }
    if entry.type != role:
        happened(call.session, kinds[role], {"idMember": member.id}, board=board, subject=member.id)
    return state.boards[board.id]


def _keep_admin(rest: tuple[Membership, ...]) -> None:
    if not any(one.type == "admin" and not one.deactivated for one in rest):
        raise forbidden("Must have at least one admin")


def _members_of(call: Call, board: Board) -> dict[str, Any]:
    rows = [call.state.members.get(entry.member_id) for entry in board.memberships]
    return {
        "id": board.id,
        "members": [MEMBER.show(call.session, row, MEMBER_SHORT) for row in rows if row is not None],
        "memberships": [membership(entry) for entry in board.memberships],
    }


@routes("PUT", "/boards/{id}/members")
def invite(call: Call) -> Any:
    """Invite by e-mail address; an unknown one becomes an unconfirmed member ("ghost")."""
    board = need_board(call.session, call.params["id"], "write")
    if call.plain("idMember"):
        call.params["idMember"] = call.plain("idMember")
        return put_member(call)
    email = call.text("email", least=3).strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise invalid("email")
    state = call.state
    member = state.members.find(lambda row: row.email.lower() == email and not row.deleted)
    if member is None:
        key = state.new_id()
        name = call.text("fullName", email.partition("@")[0])
        member = state.members.put(
            Member(
                id=key,
                username=f"{name.lower().replace(' ', '')}{key[-6:]}",
                full_name=name,
                email=email,
                initials=name[:1].upper(),
                confirmed=False,
            )
        )
    return _members_of(call, _set_member(call, board, member, _role(call, board, "normal")))


@routes("PUT", "/boards/{id}/members/{idMember}")
def put_member(call: Call) -> Any:
    """Add a member, or change what he is: administrators may change others."""
    board = need_board(call.session, call.params["id"], "write")
    member = call.state.member(need_id(call.params["idMember"]))
    if member is None:
        raise not_found()
    role = _role(call, board)
    known = membership_of(board, member.id)
    if known is not None and known.type != role and not is_admin(call, board):
        raise unauthorized("board")
    return _members_of(call, _set_member(call, board, member, role))


@routes("DELETE", "/boards/{id}/members/{idMember}")
def remove_member(call: Call) -> Any:
    """Take a member off a board; oneself, or anybody as an administrator."""
    board = need_board(call.session, call.params["id"])
    key = need_id(call.params["idMember"])
    entry = membership_of(board, key)
    if key != call.session.member_id and not is_admin(call, board):
        raise unauthorized("board")
    if entry is None:
        raise ApiError(404, "membership not found")
    rest = tuple(one for one in board.memberships if one is not entry)
    _keep_admin(rest)
    board = call.state.boards.change(board, memberships=rest)
    happened(call.session, "removeMemberFromBoard", {"idMember": key}, board=board, subject=key)
    return _members_of(call, call.state.boards[board.id])


@routes("PUT", "/boards/{id}/memberships/{idMembership}")
def update_membership(call: Call) -> Any:
    """Change what a member is, by the id of the membership (or of the member)."""
    board = need_board(call.session, call.params["id"], "admin")
    wanted = need_id(call.params["idMembership"])
    entry = next((m for m in board.memberships if wanted in {m.id, m.member_id}), None)
    if entry is None:
        raise not_found()
    board = _set_member(call, board, call.state.members[entry.member_id], _role(call, board))
    found = membership_of(board, entry.member_id)
    return membership(found) if found is not None else {}


def _plugins(board: Board) -> list[dict[str, Any]]:
    return [{"id": key, "idBoard": board.id, "idPlugin": plugin} for plugin, key in board.plugins.items()]


@routes("GET", "/boards/{id}/boardPlugins")
def plugins(call: Call) -> Any:
    """Power-Ups that are on."""
    return _plugins(need_board(call.session, call.params["id"]))


@routes("GET", "/boards/{id}/plugins")
def available(call: Call) -> Any:
    """Power-Ups by name: the one for custom fields."""
    board = need_board(call.session, call.params["id"])
    rows = [{"id": CUSTOM_FIELDS, "name": "Custom Fields", "public": True, "url": "", "tags": ["core"]}]
    return [row for row in rows if call.plain("filter") != "enabled" or row["id"] in board.plugins]


@routes("POST", "/boards/{id}/boardPlugins")
def enable(call: Call) -> Any:
    """Switch a Power-Up on; custom fields need a paid plan."""
    board = need_board(call.session, call.params["id"], "write")
    plugin = call.text("idPlugin")
    if not is_id(plugin):
        raise invalid("idPlugin")
    if plugin == CUSTOM_FIELDS and call.state.plan_of(board) == "free":
        raise forbidden("Custom Fields needs Trello Standard or Premium")
    if plugin in board.plugins:
        raise ApiError(400, "plugin is already enabled")
    key = call.state.new_id()
    board = call.state.boards.change(board, plugins={**board.plugins, plugin: key})
    happened(call.session, "enablePlugin", {"plugin": {"id": plugin}}, board=board)
    return {"id": key, "idBoard": board.id, "idPlugin": plugin}


@routes("DELETE", "/boards/{id}/boardPlugins/{idPlugin}")
def disable(call: Call) -> Any:
    """Switch a Power-Up off; its data stays."""
    board = need_board(call.session, call.params["id"], "write")
    if call.params["idPlugin"] not in board.plugins:
        raise not_found()
    rest = {plugin: key for plugin, key in board.plugins.items() if plugin != call.params["idPlugin"]}
    call.state.boards.change(board, plugins=rest)
    return {"_value": None}
