"""Members of the Workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.model import PMUser
from pm_providers.providers.clickup.mapping.values import moment
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = ["GUEST", "ROLES", "from_user", "role_of", "to_user", "user_name"]

ROLES: Mapping[int, str] = {1: "owner", 2: "admin", 3: "member", 4: "guest"}
"""Numbers of the roles that each Workspace has ([doc] Get Authorized Workspaces)."""

GUEST = 4
_ADMINS = (1, 2)


def role_of(document: Document) -> int | None:
    """Number of the role; `None` where it is not told."""
    found = document.get("role")
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    return int(found) if str(found).isdigit() else None


def user_name(document: Document) -> str:
    """Display name; who was invited and did not answer yet has none but the address ([obs])."""
    return (
        optional_text(document, "username")
        or optional_text(document, "email")
        or identifier(document, "user")
    )


def to_user(document: Document, *, keep_raw: bool = True) -> PMUser:
    """A member, from any of the forms in which people come (whole, or id and name only)."""
    role = role_of(document)
    raw: dict[str, Any] | None = dict(document) if keep_raw else None
    return PMUser(
        id=identifier(document, "user"),
        name=user_name(document),
        email=optional_text(document, "email"),
        username=optional_text(document, "username"),
        avatar_url=optional_text(document, "profilePicture"),
        is_admin=None if role is None else role in _ADMINS,
        is_active=document.get("deleted") is not True,
        created_at=moment(document.get("date_joined")),
        raw_data=raw,
    )


def from_user(fields: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Body of a change: the document asks for name, administrator and role together.

    Args:
        fields: `name`.
        document: the member as it is.
    """
    body: dict[str, Any] = {"username": fields.get("name", user_name(document))}
    role = role_of(document)
    body["admin"] = role in _ADMINS
    custom = document.get("custom_role")
    if isinstance(custom, Mapping) and isinstance(custom.get("id"), int):
        body["custom_role_id"] = custom["id"]
    return body
