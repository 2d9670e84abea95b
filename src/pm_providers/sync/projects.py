# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""The two projects themselves: what they are called and say, in step where people asked for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject
from pm_providers.sync.parts_comments import People
from pm_providers.sync.parts_model import Container, Item, Scope, Values, filled
from pm_providers.sync.policy import LEFT, SIDES, Policy, other
from pm_providers.sync.side import Side
from pm_providers.sync.values import CUSTOM, plain

__all__ = ["Projects"]

_NOBODY = ":"
"""After a side and before the id of a user of it who is nobody on the other."""

_MAP = "custom_fields"


class Projects(Container):
    """The projects of a mapping: always a pair, never made and never deleted.

    Whether a project is archived, who may see it and where it stands are for its administrators to say.

    Args:
        people: who is who.
        policy: of the mapping.
    """

    entity: ClassVar = Entity.PROJECT.value
    part: ClassVar = "project"
    plural: ClassVar = "projects"
    fields: ClassVar = (
        "name", "description", "status", "status_note", "priority", "start_date", "end_date", "owner_id",
    )  # fmt: skip

    def __init__(self, people: People, policy: Policy) -> None:
        self._people = people
        self._policy = policy

    def reads(self, side: Side) -> bool:
        """Whether a side tells of its project."""
        return side.provider.capabilities.supports("get_project")

    def barred(self, target: Side) -> str:
        """Why nothing can be written to the project of a side."""
        found = target.provider.capabilities.operation("update_project")
        return "" if found.is_supported else found.note or "projects cannot be changed"

    def names(self, *said: Values) -> tuple[str, ...]:
        """The fields of all projects, and custom fields by their names on the left."""
        return (*self.fields, *sorted({name for one in said for name in one if name.startswith(CUSTOM)}))

    def holds(self, name: str) -> bool:
        """Custom fields are fields as well."""
        return name in self.fields or name.startswith(CUSTOM)

    def cannot(self, target: Side) -> Mapping[str, str]:
        """Field, or `CUSTOM` for all custom ones -> why it cannot be written there."""
        barred = self.barred(target)
        table = target.provider.capabilities.fields[Entity.PROJECT]
        return {
            CUSTOM if name == _MAP else name: barred or table[name].note or "it cannot be written there"
            for name in (*self.fields, _MAP)
            if barred or not table[name].is_writable
        }

    def portable(self, name: str, value: Any) -> str:
        """Archiving, and users whom the other side does not know, are not carried."""
        if name == "status" and value == "archived":
            return "a project is archived by people, on each side"
        if name == "owner_id" and isinstance(value, str) and value.partition(_NOBODY)[0] in SIDES:
            return "nobody there is this user"
        return ""

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """The project.

        Raises:
            NotFoundError: it does not exist any more, or may not be seen.
        """
        found = await side.provider.get_project(scope.ids[side.name])
        if found is None:
            raise NotFoundError(f"there is no project {scope.ids[side.name]!r:.80} any more")
        return [await self._item(side, found)]

    async def _item(self, side: Side, one: PMProject) -> Item:
        values = self.of_record(one)
        if one.owner_id:
            values["owner_id"] = await self._shared(side.name, one.owner_id)
        if one.is_archived:
            values["status"] = "archived"
        values |= self._custom(side.name, one.custom_fields)
        kept = {name: value for name, value in values.items() if self._is_carried(name)}
        return Item(one.id, filled(kept), one.updated_at, key=one.version, record=one)

    def _custom(self, side: str, fields: Mapping[str, Any]) -> Values:
        """Custom fields by their names on the left; the order of what a list holds says nothing."""
        values = {name: plain(value) for name, value in fields.items()}
        return {
            self._shared_name(side, name): sorted(value, key=str) if isinstance(value, list) else value
            for name, value in values.items()
        }

    def _shared_name(self, side: str, name: str) -> str:
        theirs = self._policy.partner(_MAP, name, side) if side != LEFT else None
        return f"{CUSTOM}{theirs or name}"

    def _own_name(self, side: str, name: str) -> str:
        own = name.removeprefix(CUSTOM)
        return own if side == LEFT else self._policy.partner(_MAP, own, LEFT) or own

    def _is_carried(self, name: str) -> bool:
        return any(self._policy.carries(self.entity, name, side) for side in SIDES)

    async def _shared(self, side: str, user_id: str) -> str:
        """A user by the id on the left, which both sides have in common."""
        partner = (await self._people.directory()).partner(side, user_id)
        if partner is None:
            return f"{side}{_NOBODY}{user_id}"
        return user_id if side == LEFT else partner

    def key(self, values: Values) -> Hashable | None:
        """There is one on each side."""
        return self.entity

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Write fields, if nobody changed it meanwhile."""
        named = {name: value for name, value in values.items() if name.startswith(CUSTOM)}
        custom = {self._own_name(side.name, name): value for name, value in named.items()}
        updates = self.for_record({name: value for name, value in values.items() if name not in named})
        updates |= {_MAP: custom} if custom else {}
        if updates.get("owner_id"):
            updates["owner_id"] = await self._own(side.name, str(updates["owner_id"]))
        try:
            made = await side.provider.update_project(item.id, updates, expected_version=item.key)
        except ValidationError as error:
            error.fields = {self._rejected(side.name, name): why for name, why in error.fields.items()}
            raise
        return await self._item(side, made)

    def _rejected(self, side: str, name: str) -> str:
        """The field by its name here, of one that a side rejected."""
        head, _, own = name.partition(".")
        return self._shared_name(side, own) if head == _MAP and own else name

    async def _own(self, side: str, shared: str) -> str:
        """The id on a side of a user whom both have."""
        head, nobody, own = shared.partition(_NOBODY)
        if nobody and head in SIDES:
            return own
        directory = await self._people.directory()
        return shared if side == LEFT else directory.partner(other(side), shared) or shared
