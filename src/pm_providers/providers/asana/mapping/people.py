"""Users and `PMUser`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.model import PMUser
from pm_providers.providers.asana.mapping.values import document, gid
from pm_providers.toolkit.documents import optional_text

__all__ = ["USER_FIELDS", "to_user"]

USER_FIELDS = ("name", "email", "photo.image_128x128")
"""`opt_fields` of users."""


def to_user(value: Any, *, keep_raw: bool = True) -> PMUser:
    """A user of the workspace. The vendor tells no login and no state: who left is in no list.

    Raises:
        ProviderError: no user.
    """
    found = document(value, "user")
    photo = found.get("photo")
    return PMUser(
        id=gid(found, "user"),
        name=optional_text(found, "name") or "",
        email=optional_text(found, "email"),
        avatar_url=optional_text(photo, "image_128x128") if isinstance(photo, Mapping) else None,
        raw_data=dict(found) if keep_raw else None,
    )
