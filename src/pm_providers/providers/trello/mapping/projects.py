"""Boards and `PMProject`; members and `PMUser`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMProject, PMUser, ProjectStatus
from pm_providers.providers.trello.mapping.values import created_at, read_text
from pm_providers.toolkit.documents import identifier, instant, optional_text

__all__ = ["from_project", "to_project", "to_user"]


def to_project(board: Mapping[str, Any], *, keep_raw: bool = True) -> PMProject:
    """A board as a project.

    Raises:
        ProviderError: no board, or a value of the wrong kind.
    """
    one = identifier(board, "board")
    closed = board.get("closed") is True
    address = optional_text(board, "shortUrl") or optional_text(board, "url")
    level = _level(board)
    return PMProject(
        id=one,
        name=optional_text(board, "name") or "",
        description=read_text(board.get("desc")),
        status=(ProjectStatus.ARCHIVED if closed else ProjectStatus.ACTIVE).value,
        raw_data=dict(board) if keep_raw else None,
        key=_key(board, address),
        is_public=None if level is None else level == "public",
        is_archived=closed,
        url=address,
        created_at=created_at(one),
        updated_at=instant(board.get("dateLastActivity")),
    )


def _level(board: Mapping[str, Any]) -> str | None:
    prefs = board.get("prefs")
    return optional_text(prefs, "permissionLevel") if isinstance(prefs, Mapping) else None


def _key(board: Mapping[str, Any], address: str | None) -> str | None:
    """`https://trello.com/b/AbCd1234/name`: the short link stands behind `/b/`."""
    told = optional_text(board, "shortLink")
    return told or (address or "").partition("/b/")[2].partition("/")[0] or None


def from_project(fields: Mapping[str, Any], board: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Body that writes checked project fields, of an update where `board` is given.

    A board that is not public any more is for its members alone; one that is not public anyway keeps who may
    see it. Names of preferences differ between creation and update ([spec] POST /boards/, PUT /boards/{id}).

    Raises:
        ValidationError: a state that boards do not have.
    """
    body: dict[str, Any] = {}
    if "name" in fields:
        body["name"] = fields["name"]
    if "description" in fields:
        body["desc"] = fields["description"] or ""
    if fields.get("is_public") is not None:
        was = "private" if board is None else _level(board)
        if fields["is_public"] != (was == "public"):
            name = "prefs_permissionLevel" if board is None else "prefs/permissionLevel"
            body[name] = "public" if fields["is_public"] else "private"
    if fields.get("status"):
        closed = _closed(fields["status"])
        if board is None or closed != (board.get("closed") is True):
            body["closed"] = closed
    return body


def _closed(value: str) -> bool:
    folded = value.strip().casefold()
    if folded not in {ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED}:
        raise ValidationError(fields={"status": f"{value!r:.60} is unknown; boards are: active, archived"})
    return folded == ProjectStatus.ARCHIVED


def to_user(member: Mapping[str, Any], *, keep_raw: bool = True) -> PMUser:
    """A member as a user. E-mail addresses are told of oneself only.

    Raises:
        ProviderError: no member.
    """
    one = identifier(member, "member")
    username = optional_text(member, "username")
    avatar = optional_text(member, "avatarUrl")
    return PMUser(
        id=one,
        name=optional_text(member, "fullName") or username or one,
        email=optional_text(member, "email"),
        username=username,
        avatar_url=f"{avatar}/50.png" if avatar else None,
        raw_data=dict(member) if keep_raw else None,
        is_active=member.get("deactivated") is not True and member.get("memberType") != "ghost",
        url=f"https://trello.com/{username}" if username else None,
        created_at=created_at(one),
    )
