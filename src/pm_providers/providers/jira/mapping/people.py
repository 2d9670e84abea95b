"""Users and `PMUser`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pm_providers.model import PMUser
from pm_providers.providers.jira.mapping.values import document, person_id
from pm_providers.toolkit.documents import broken, optional_text

__all__ = ["to_user"]

_KINDS = {"app": "bot"}


def to_user(value: Any, *, base_url: str = "", keep_raw: bool = True) -> PMUser:
    """A user: whole, or as other objects refer to one.

    The account id is the only thing that Cloud always tells; e-mail addresses are shown as the person chose.
    Data Center knows people by login, which is the id here, as writes want it.

    Raises:
        ProviderError: no user.
    """
    found = document(value, "user")
    one = person_id(found)
    if one is None:
        raise broken("a user without id")
    avatars = found.get("avatarUrls")
    cloud = "accountId" in found
    return PMUser(
        id=one,
        name=optional_text(found, "displayName") or one,
        email=optional_text(found, "emailAddress"),
        username=None if cloud else optional_text(found, "name"),
        avatar_url=optional_text(avatars, "48x48") if isinstance(avatars, dict) else None,
        raw_data=dict(found) if keep_raw else None,
        kind=_KINDS.get(str(found.get("accountType")), "user"),
        is_active=found.get("active") is not False,
        url=_url(base_url, one, cloud=cloud),
    )


def _url(base_url: str, one: str, *, cloud: bool) -> str:
    if cloud:
        return f"{base_url}/jira/people/{quote(one, safe=':')}"
    return f"{base_url}/secure/ViewProfile.jspa?name={quote(one, safe='')}"
