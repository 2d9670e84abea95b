"""Memberships and `PMMembership`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.errors import ProviderError
from pm_providers.model import PMMembership
from pm_providers.providers.openproject.mapping.hal import (
    identifier,
    instant,
    link_id,
    resource,
    to_href,
)

__all__ = ["from_membership", "to_membership"]

_PROJECTS = ("projects", "workspaces", "programs", "portfolios")
_PRINCIPALS = ("users", "groups", "placeholder_users")
_SILENT = {"sendNotification": False, "sendNotifications": False}
"""The document's schema and example have the one name, its text the other."""


def to_membership(value: Any, *, keep_raw: bool = True) -> PMMembership:
    """A membership; a role whose link has no title is `""`.

    Raises:
        ProviderError: no membership, or one without project or principal.
    """
    found = resource(value, "membership")
    project = link_id(found, "project", *_PROJECTS)
    principal = link_id(found, "principal", *_PRINCIPALS)
    if project is None or principal is None:
        raise ProviderError("the answer breaks the API's contract: a membership of nobody or nowhere")
    return PMMembership(
        id=identifier(found, "membership"),
        project_id=project,
        user_id=principal,
        roles=_roles(found["_links"].get("roles")),
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
    )


def _roles(links: Any) -> list[str]:
    if not isinstance(links, list):
        raise ProviderError("the answer breaks the API's contract: a membership without a list of roles")
    titles = [one.get("title") for one in links if isinstance(one, Mapping)]
    return [title if isinstance(title, str) else "" for title in titles]


def from_membership(
    role_ids: Iterable[str], *, project_id: str = "", user_id: str = "", notify: bool = False
) -> dict[str, Any]:
    """Body that writes roles; project and principal on creation only.

    Any principal may be written as a user: the number alone counts (recorded 04-…: step 17).
    """
    links: dict[str, Any] = {"roles": [to_href("roles", one) for one in role_ids]}
    if project_id:
        links["project"] = to_href("projects", project_id)
        links["principal"] = to_href("users", user_id)
    return {"_links": links} if notify else {"_links": links, "_meta": dict(_SILENT)}
