"""Users, groups and `PMUser`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMUser
from pm_providers.providers.redmine.mapping.custom_fields import (
    CustomField,
    read_custom_fields,
    write_custom_fields,
)
from pm_providers.providers.redmine.mapping.values import document
from pm_providers.toolkit.documents import identifier, instant, optional_flag, optional_text, split_name

__all__ = ["from_user", "to_group", "to_user"]

_ACTIVE = 1
_SECRET = "api_key"  # noqa: S105 - the name of a property


def to_user(
    value: Any,
    *,
    fields: Mapping[str, CustomField] | None = None,
    base_url: str = "",
    keep_raw: bool = True,
) -> PMUser:
    """A user: whole, or the id and name by which other objects refer to one.

    The API key, which administrators are shown of everybody (recorded, note 33), is left out of the raw
    record. The status is told to administrators about single users only; lists hold active ones.

    Raises:
        ProviderError: no user, or a value of the wrong kind.
    """
    found = document(value, "user")
    one = identifier(found, "user")
    names = [optional_text(found, name) for name in ("firstname", "lastname")]
    status = found.get("status")
    return PMUser(
        id=one,
        name=" ".join(name for name in names if name) or optional_text(found, "name") or "",
        email=optional_text(found, "mail"),
        username=optional_text(found, "login"),
        avatar_url=optional_text(found, "avatar_url"),
        raw_data={key: one for key, one in found.items() if key != _SECRET} if keep_raw else None,
        is_active=status in (None, _ACTIVE),
        is_admin=optional_flag(found, "admin"),
        url=f"{base_url}/users/{one}",
        created_at=instant(found.get("created_on")),
        updated_at=instant(found.get("updated_on")),
        custom_fields=read_custom_fields(found, fields or {}),
    )


def to_group(value: Any, *, base_url: str = "", keep_raw: bool = True) -> PMUser:
    """A group as a user of kind `group`.

    Raises:
        ProviderError: no group, or a value of the wrong kind.
    """
    found = document(value, "group")
    one = identifier(found, "group")
    return PMUser(
        id=one,
        name=optional_text(found, "name") or "",
        raw_data=dict(found) if keep_raw else None,
        kind="group",
        url=f"{base_url}/groups/{one}",
    )


def from_user(
    fields: Mapping[str, Any], *, custom: Sequence[CustomField] = (), create: bool = False
) -> dict[str, Any]:
    """Body that writes checked user fields.

    A new user gets a password that nobody knows, and mails nobody: the vendor has no invitations.

    Raises:
        ValidationError: a name of one word, or no e-mail address or login for a new user.
    """
    body: dict[str, Any] = {}
    if "name" in fields:
        body["firstname"], body["lastname"] = split_name(fields["name"], "Redmine")
    for ours, theirs in (("email", "mail"), ("username", "login")):
        if ours in fields:
            body[theirs] = fields[ours] or ""
    if create:
        missing = {name: "is required by Redmine" for name in ("email", "username") if not fields.get(name)}
        if missing:
            raise ValidationError(fields=missing)
        body["generate_password"] = True
    if fields.get("custom_fields"):
        body["custom_fields"] = write_custom_fields(fields["custom_fields"], custom)
    return body
