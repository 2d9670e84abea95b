"""Users, groups, placeholders and `PMUser`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMUser
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, read_custom_fields
from pm_providers.providers.openproject.mapping.hal import identifier, instant, optional_text, resource
from pm_providers.toolkit.documents import split_name

__all__ = ["from_user", "is_anonymous", "to_user"]

_KINDS = {"Group": "group", "PlaceholderUser": "placeholder"}
_PAGES = {"group": "groups", "placeholder": "placeholder_users"}
_INACTIVE = frozenset({"locked", "registered"})


def to_user(
    value: Any, *, fields: Sequence[CustomField] = (), base_url: str = "", keep_raw: bool = True
) -> PMUser:
    """A principal as a user. E-mail, login and status are missing where these credentials may not see them.

    Raises:
        ProviderError: no principal, or a value of the wrong kind.
    """
    found = resource(value, "user")
    one = identifier(found, "user")
    kind = _KINDS.get(str(found.get("_type")), "user")
    admin = found.get("admin")
    return PMUser(
        id=one,
        name=optional_text(found, "name") or "",
        email=optional_text(found, "email"),
        username=optional_text(found, "login"),
        avatar_url=optional_text(found, "avatar"),
        raw_data=dict(found) if keep_raw else None,
        kind=kind,
        is_active=found.get("status") not in _INACTIVE,
        is_admin=admin if isinstance(admin, bool) else None,
        url=f"{base_url}/{_PAGES.get(kind, 'users')}/{one}",
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
        custom_fields=read_custom_fields(found, fields),
    )


def is_anonymous(value: Any) -> bool:
    """Whether `/users/me` is nobody.

    Without a usable credential the vendor answers as the user "Anonymous", whose login is empty (recorded
    01-…: steps 6, 8); everybody sees their own login.
    """
    found = resource(value, "user")
    return found.get("login") == "" or (found.get("name") == "Anonymous" and not found.get("login"))


def from_user(
    fields: Mapping[str, Any], *, custom: Sequence[CustomField] = (), invite: bool = False
) -> dict[str, Any]:
    """Body that writes checked user fields.

    The vendor holds a first and a last name: the last word is the last name.

    Args:
        fields: model field -> value; `None` clears.
        custom: descriptions of the custom fields that are written.
        invite: create as invited, which needs an e-mail address and no password (recorded 05-users: step 2).

    Raises:
        ValidationError: a name of one word, or no e-mail address for an invitation.
    """
    body: dict[str, Any] = {}
    links: dict[str, Any] = {}
    if "name" in fields:
        body["firstName"], body["lastName"] = split_name(fields["name"], "OpenProject")
    for name, key in (("email", "email"), ("username", "login")):
        if name in fields:
            body[key] = fields[name]
    if invite:
        if not fields.get("email"):
            raise ValidationError(fields={"email": "is required: new users are invited by e-mail"})
        body["status"] = "invited"
    by_name = {field.name: field for field in custom}
    for name, value in (fields.get("custom_fields") or {}).items():
        field = by_name[name]
        (links if field.linked else body)[field.key] = field.write(value)
    return {**body, "_links": links} if links else body
