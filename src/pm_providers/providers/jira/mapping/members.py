"""Actors of project roles and `PMMembership`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.model import PMMembership
from pm_providers.toolkit.documents import Document, broken, is_number, optional_text

__all__ = ["GROUP", "Actor", "Member", "actor_of", "members_of", "membership_id", "role_ids", "split_id"]

GROUP = "group:"
"""Begins the id of a group where an id of a user could stand."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who has a role: a user or a group.

    Attributes:
        id: account id or login; `GROUP` and the group's id, or its name where it tells none.
        name: for people.
    """

    id: str
    name: str = ""

    @property
    def body(self) -> dict[str, list[str]]:
        """Body that gives a role, `{"user": [...]}`, `{"groupId": [...]}` or `{"group": [...]}`."""
        return {name: [value] for name, value in self.params.items()}

    @property
    def params(self) -> dict[str, str]:
        """Query that takes a role away."""
        if not self.id.startswith(GROUP):
            return {"user": self.id}
        one = self.id.removeprefix(GROUP)
        return {"groupId" if _is_uuid(one) else "group": one}


@dataclass(slots=True)
class Member:
    """A member of a project.

    Attributes:
        actor: who.
        roles: role id -> name.
        raw: role name -> actor as it came.
    """

    actor: Actor
    roles: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    def record(self, project: str, *, keep_raw: bool = True) -> PMMembership:
        """The membership in a project. Roles of groups are told as the group's own."""
        return PMMembership(
            id=membership_id(project, self.actor.id),
            project_id=project,
            user_id=self.actor.id,
            roles=list(self.roles.values()),
            raw_data={"roles": dict(self.raw)} if keep_raw else None,
        )


_UUID = (8, 4, 4, 4, 12)


def _is_uuid(value: str) -> bool:
    parts = value.split("-")
    digits = all(letter in "0123456789abcdefABCDEF" for part in parts for letter in part)
    return tuple(len(part) for part in parts) == _UUID and digits


def membership_id(project: str, actor: str) -> str:
    """Id of a membership: the vendor has none."""
    return f"{project}:{actor}"


def split_id(value: str) -> tuple[str, str] | None:
    """Project and actor of a membership; `None` for what is none."""
    project, _, actor = value.partition(":")
    return (project, actor) if is_number(project) and actor else None


def role_ids(value: Document) -> dict[str, str]:
    """Roles that a project may give: id -> name, in the vendor's order.

    Raises:
        ProviderError: no roles with addresses.
    """
    found = {}
    for name, address in value.items():
        one = str(address).rstrip("/").rpartition("/")[2].partition("?")[0]
        if not is_number(one):
            raise broken("a project role without id")
        found[one] = str(name)
    return found


def actor_of(value: Document) -> Actor | None:
    """An actor of a role; `None` for kinds that are neither user nor group."""
    name = optional_text(value, "displayName") or optional_text(value, "name") or ""
    user, group = value.get("actorUser"), value.get("actorGroup")
    kind = optional_text(value, "type") or ""
    if isinstance(group, Mapping) or "group" in kind:
        found = group if isinstance(group, Mapping) else value
        one = optional_text(found, "groupId") or optional_text(found, "name") or optional_text(value, "name")
        return Actor(GROUP + one, name) if one else None
    if isinstance(user, Mapping) or "user" in kind:
        found = user if isinstance(user, Mapping) else {}
        one = optional_text(found, "accountId") or optional_text(value, "name")
        one = one or optional_text(found, "name") or optional_text(found, "key")
        return Actor(one, name) if one else None
    return None


def members_of(roles: Iterable[tuple[str, str, Iterable[Document]]]) -> list[Member]:
    """Members by name, each once.

    Args:
        roles: id, name and actors of each role.
    """
    found: dict[str, Member] = {}
    for one, name, actors in roles:
        for document in actors:
            actor = actor_of(document)
            if actor is not None:
                member = found.setdefault(actor.id, Member(actor))
                member.roles[one] = name
                member.raw[name] = dict(document)
    return sorted(found.values(), key=lambda member: (member.actor.name.casefold(), member.actor.id))
