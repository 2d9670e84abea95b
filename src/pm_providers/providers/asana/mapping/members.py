"""Members of projects. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMMembership
from pm_providers.providers.asana.mapping.values import document, gid, ref_gid
from pm_providers.toolkit.documents import broken, optional_text

__all__ = ["LEVELS", "MEMBERSHIP_FIELDS", "level_of", "to_membership"]

MEMBERSHIP_FIELDS = ("access_level", "member.name", "parent")
"""`opt_fields` of members of a project."""

LEVELS = ("admin", "editor", "commenter", "viewer")
"""Roles in a project, the strongest first; a member has one ([spec] ProjectMembershipCompact)."""


def to_membership(value: Any, project_id: str | None = None, *, keep_raw: bool = True) -> PMMembership:
    """A user or a team that has access to a project.

    Args:
        value: the membership.
        project_id: its project; the vendor tells it only when it is asked for.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no membership, or one of nobody.
    """
    found = document(value, "membership")
    member, project = ref_gid(found, "member"), ref_gid(found, "parent") or project_id
    if member is None or project is None:
        raise broken("a membership without its member or project")
    level = optional_text(found, "access_level")
    return PMMembership(
        id=gid(found, "membership"),
        project_id=project,
        user_id=member,
        roles=[] if level is None else [level],
        raw_data=dict(found) if keep_raw else None,
    )


def level_of(roles: Iterable[str]) -> tuple[str, list[str]]:
    """Level to write, and the names of all roles that were asked for. Of several the strongest holds.

    Raises:
        ValidationError: unknown; lists those that there are.
    """
    names = [one.strip().casefold() for one in roles]
    for asked, name in zip(roles, names, strict=True):
        if name not in LEVELS:
            known = ", ".join(LEVELS)
            raise ValidationError(fields={"roles": f"{asked!r:.60} is unknown; there is: {known}"})
    return min(names, key=LEVELS.index), list(dict.fromkeys(names))
