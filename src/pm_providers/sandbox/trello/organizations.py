"""Workspaces and their members."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pm_providers.sandbox.trello.access import board_role, membership_of, need_id, need_org
from pm_providers.sandbox.trello.action_view import ActionShape
from pm_providers.sandbox.trello.board_view import BOARD
from pm_providers.sandbox.trello.boards import shown_lists, shown_memberships
from pm_providers.sandbox.trello.errors import ApiError, forbidden, invalid, not_found, unauthorized
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.listing import actions
from pm_providers.sandbox.trello.people_view import MEMBER, MEMBER_SHORT, ORG, ORG_SHORT, membership
from pm_providers.sandbox.trello.records import Member, Membership, Organization
from pm_providers.sandbox.trello.web import Call, family

__all__ = ["routes"]

routes = family()


@routes("GET", "/organizations/{id}")
def one(call: Call) -> Any:
    """A workspace, by id or name."""
    row = need_org(call.session, call.params["id"])
    found = ORG.show(call.session, row, ORG.names(call, "fields", ORG_SHORT))
    if call.plain("members", "none") not in {"none", "", "false"}:
        found["members"] = _people(call, row, "member_")
    if call.plain("boards", "none") not in {"none", "", "false"}:
        found["boards"] = _boards(call, row, call.plain("boards"), "board_")
    if call.plain("memberships", "none") not in {"none", "", "false"}:
        found["memberships"] = [membership(entry) for entry in row.memberships]
    return found


@routes("GET", "/organizations/{id}/{field}")
def member(call: Call) -> Any:
    """One member of a workspace."""
    row = need_org(call.session, call.params["id"])
    value = ORG.one(call.session, row, call.params["field"])
    return value if isinstance(value, dict | list) else {"_value": value}


@routes("POST", "/organizations")
def create(call: Call) -> Any:
    """Make a workspace, on the free plan."""
    shown = call.text("displayName", least=1)
    name = call.text("name", "").lower() or re.sub(r"[^a-z0-9_]", "", shown.lower())
    name = name if len(name) >= 3 else f"{name}workspace"
    if not re.fullmatch(r"[a-z0-9_]{3,100}", name):
        raise invalid("name")
    state = call.state
    taken = state.orgs.where("name", name)
    key = state.new_id()
    entry = Membership(id=state.new_id(), member_id=call.session.member_id, type="admin")
    row = state.orgs.put(
        Organization(
            id=key,
            name=f"{name}{len(state.orgs)}" if taken else name,
            display_name=shown,
            desc=call.text("desc", ""),
            website=call.text("website", "") or None,
            creator=call.session.member_id,
            last_activity=state.now(),
            memberships=(entry,),
        )
    )
    happened(call.session, "createOrganization", {"organization": {"id": key, "name": shown}}, org=row)
    return {**ORG.show(call.session, row, ORG_SHORT), "limits": {}}


@routes("PUT", "/organizations/{id}")
def update(call: Call) -> Any:
    """Change a workspace, as its administrator."""
    row = need_org(call.session, call.params["id"], "admin")
    changes: dict[str, Any] = {}
    for name, attribute, least in (
        ("displayName", "display_name", 1),
        ("desc", "desc", 0),
        ("website", "website", 0),
    ):
        if call.has(name):
            changes[attribute] = (
                call.text(name, least=least) or None
                if attribute == "website"
                else call.text(name, least=least)
            )
    if call.has("name"):
        changes["name"] = call.text("name", least=3).lower()
        if any(other.id != row.id for other in call.state.orgs.where("name", changes["name"])):
            raise ApiError(400, "organization short name is taken")
    if call.has("prefs/permissionLevel"):
        changes["permission"] = call.text("prefs/permissionLevel")
        if changes["permission"] not in {"private", "public"}:
            raise invalid("prefs/permissionLevel")
    return ORG.show(call.session, call.state.orgs.change(row, **changes), ORG_SHORT)


@routes("DELETE", "/organizations/{id}")
def delete(call: Call) -> Any:
    """Delete a workspace; its boards stay, outside of any."""
    row = need_org(call.session, call.params["id"], "admin")
    for board in call.state.boards.where("org_id", row.id):
        call.state.boards.change(board, org_id=None)
    call.state.orgs.remove(row.id)
    return {"_value": None}


def _boards(call: Call, row: Organization, name: str, prefix: str = "") -> list[dict[str, Any]]:
    tests: dict[str, Any] = {
        "all": lambda _b: True,
        "open": lambda b: not b.closed,
        "closed": lambda b: b.closed,
        "members": lambda b: membership_of(b, call.session.member_id) is not None,
        "organization": lambda b: b.prefs.get("permissionLevel") == "org",
        "public": lambda b: b.prefs.get("permissionLevel") == "public",
    }
    if name not in tests:
        raise invalid("filter")
    names = BOARD.names(call, f"{prefix}fields")
    lists = call.plain("lists", "none") if not prefix else "none"
    found = []
    for board in call.state.boards.where("org_id", row.id):
        if board_role(call.session, board) is None or not tests[name](board):
            continue
        entry = BOARD.show(call.session, board, names)
        if lists not in {"none", "", "false"}:
            entry["lists"] = shown_lists(call, board, lists, "list_")
        found.append(entry)
    return found


@routes("GET", "/organizations/{id}/boards")
def boards(call: Call) -> Any:
    """Boards of a workspace that the caller sees, closed ones too unless `filter` says otherwise."""
    return _boards(call, need_org(call.session, call.params["id"]), call.plain("filter", "all"))


@routes("GET", "/organizations/{id}/boards/{filter}")
def boards_of(call: Call) -> Any:
    """Boards of a filter."""
    return _boards(call, need_org(call.session, call.params["id"]), call.params["filter"])


def _people(call: Call, row: Organization, prefix: str = "") -> list[dict[str, Any]]:
    names = MEMBER.names(call, f"{prefix}fields", MEMBER_SHORT)
    rows = (call.state.members.get(entry.member_id) for entry in row.memberships if not entry.deactivated)
    return [MEMBER.show(call.session, member_row, names) for member_row in rows if member_row is not None]


@routes("GET", "/organizations/{id}/members")
def members(call: Call) -> Any:
    """Members of a workspace."""
    return _people(call, need_org(call.session, call.params["id"]))


@routes("GET", "/organizations/{id}/memberships")
def memberships(call: Call) -> Any:
    """Members with what they are in the workspace."""
    row = need_org(call.session, call.params["id"])
    return shown_memberships(call, row.memberships, call.plain("filter", "all"))


@routes("GET", "/organizations/{id}/memberships/{idMembership}")
def membership_one(call: Call) -> Any:
    """One membership."""
    row = need_org(call.session, call.params["id"])
    found = next((m for m in row.memberships if m.id == call.params["idMembership"]), None)
    if found is None:
        raise not_found()
    return membership(found)


@routes("GET", "/organizations/{id}/actions")
def history(call: Call) -> Any:
    """What happened in a workspace, where the caller sees it."""
    row = need_org(call.session, call.params["id"])
    boards_seen = {b.id for b in call.state.boards if board_role(call.session, b) is not None}
    rows = [one for one in call.state.actions.where("org_id", row.id) if one.board_id in {None, *boards_seen}]
    return actions(call, rows, ActionShape(call))


@routes("GET", "/organizations/{id}/tags")
def tags(call: Call) -> Any:
    """Collections; this stand-in has none."""
    need_org(call.session, call.params["id"])
    return []


@routes("GET", "/organizations/{id}/pluginData")
def plugin_data(call: Call) -> Any:
    """Data of Power-Ups, which cannot be written over this interface."""
    need_org(call.session, call.params["id"])
    return []


def _put(call: Call, row: Organization, person: Member) -> Any:
    role = call.text("type", "normal")
    if role not in {"admin", "normal"}:
        raise invalid("type")
    state = call.state
    known = membership_of(row, person.id)
    if known is None and row.plan == "free" and len(row.memberships) >= 10:
        raise forbidden("Limit exceeded: orgs.usersPerFreeOrg")
    new = Membership(id=known.id if known else state.new_id(), member_id=person.id, type=role)
    rest = tuple(m for m in row.memberships if m.member_id != person.id)
    row = state.orgs.change(row, memberships=(*rest, new), last_activity=state.now())
    if known is None:
        happened(call.session, "addMemberToOrganization", {"idMember": person.id}, org=row, subject=person.id)
    return ORG.show(call.session, row, (*ORG_SHORT, "memberships"))


@routes("PUT", "/organizations/{id}/members")
def invite(call: Call) -> Any:
    """Invite by e-mail address and full name."""
    row = need_org(call.session, call.params["id"], "admin")
    if call.plain("idMember"):
        call.params["idMember"] = call.plain("idMember")
        return put_member(call)
    email = call.text("email", least=3).lower()
    shown = call.text("fullName", email.partition("@")[0], least=1)
    state = call.state
    person = state.members.find(lambda one: one.email.lower() == email and not one.deleted)
    if person is None:
        key = state.new_id()
        person = state.members.put(
            Member(
                id=key,
                username=f"user{key[-8:]}",
                full_name=shown,
                email=email,
                initials=shown[:1].upper(),
                confirmed=False,
            )
        )
    return _put(call, row, person)


@routes("PUT", "/organizations/{id}/members/{idMember}")
def put_member(call: Call) -> Any:
    """Add a member, or change what he is."""
    row = need_org(call.session, call.params["id"], "admin")
    person = call.state.member(need_id(call.params["idMember"]))
    if person is None:
        raise not_found()
    return _put(call, row, person)


def _remove(call: Call, *, boards_too: bool) -> Any:
    key = need_id(call.params["idMember"])
    row = need_org(call.session, call.params["id"], "read" if key == call.session.member_id else "admin")
    if membership_of(row, key) is None:
        raise not_found()
    rest = tuple(m for m in row.memberships if m.member_id != key)
    if not any(m.type == "admin" for m in rest):
        raise forbidden("Must have at least one admin")
    state = call.state
    row = state.orgs.change(row, memberships=rest)
    happened(call.session, "removeMemberFromOrganization", {"idMember": key}, org=row, subject=key)
    for board in state.boards.where("org_id", row.id) if boards_too else []:
        state.boards.change(board, memberships=tuple(m for m in board.memberships if m.member_id != key))
    return {"_value": None}


@routes("DELETE", "/organizations/{id}/members/{idMember}")
def remove_member(call: Call) -> Any:
    """Take a member out of a workspace; his places on boards stay."""
    return _remove(call, boards_too=False)


@routes("DELETE", "/organizations/{id}/members/{idMember}/all")
def remove_everywhere(call: Call) -> Any:
    """Take a member out of a workspace and off its boards."""
    return _remove(call, boards_too=True)


@routes("PUT", "/organizations/{id}/members/{idMember}/deactivated")
def deactivate(call: Call) -> Any:
    """Deactivate a member, or take that back; a premium feature."""
    row = need_org(call.session, call.params["id"], "admin")
    if row.plan != "premium":
        raise forbidden("Deactivating members needs Trello Premium")
    key, value = need_id(call.params["idMember"]), call.flag("value")
    if membership_of(row, key) is None or key == call.session.member_id:
        raise unauthorized("organization")
    state = call.state

    def changed(rows: tuple[Membership, ...]) -> tuple[Membership, ...]:
        return tuple(msgspec.structs.replace(m, deactivated=value) if m.member_id == key else m for m in rows)

    row = state.orgs.change(row, memberships=changed(row.memberships))
    for board in state.boards.where("org_id", row.id):
        state.boards.change(board, memberships=changed(board.memberships))
    return [membership(entry) for entry in row.memberships]
