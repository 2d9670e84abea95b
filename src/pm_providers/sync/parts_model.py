# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""What stands around tasks, in terms that both sides share; plain data, and what a kind of it can do."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from pm_providers.model import Entity
from pm_providers.store.sync_parts import PartLink
from pm_providers.sync.side import Side
from pm_providers.sync.values import CUSTOM
from pm_providers.text import MAX_CHARACTERS, parse_markdown

__all__ = [
    "CONTAINERS",
    "NEW",
    "TEXTS",
    "Container",
    "Item",
    "Kind",
    "PartView",
    "Scope",
    "Values",
    "filled",
    "same_value",
    "same_values",
    "words",
]

Values = dict[str, Any]
"""Field -> JSON value in terms that both sides share; a field that holds nothing is missing."""

TEXTS = frozenset({"body", "goal", "description", "status_note"})
"""Fields that hold Markdown."""

NEW = "new: "
"""Before the title of what is yet to come, where its id would stand."""

CONTAINERS = frozenset({"project", "sprint"})
"""Kinds that belong to the two projects, not to a task."""


@dataclass(frozen=True, slots=True)
class Item:
    """One part as its side tells it.

    Attributes:
        id: as the operations of its side take it.
        values: what is kept in step.
        at: last edit by that side's clock.
        key: token for `expected_version=`, where there is one.
        made_by: what stands above the text of a copy: who wrote it, and where.
        other_end: other task of a relation, on that side.
        title: for people, where its values do not say which one it is.
        record: the record.
    """

    id: str
    values: Values
    at: datetime | None = None
    key: str | None = None
    made_by: str = ""
    other_end: str | None = None
    title: str = ""
    record: Any = None


@dataclass(slots=True)
class Scope:
    """What parts belong to: a task on both sides, or the two projects.

    Attributes:
        owner_id: link of the task; missing for the projects.
        ids: side -> id of the task, or of the project.
        title: for people.
        fresh: side on which the task was made just now: nothing stands there yet.
        cache: what kinds keep while they look at it.
        pairs: kind, side and id there -> link, of parts that are in step.
    """

    owner_id: str | None
    ids: Mapping[str, str]
    title: str = ""
    fresh: str = ""
    cache: dict[Any, Any] = field(default_factory=dict)
    pairs: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def link_of(self, entity: str, side: str, one: str | None) -> str | None:
        """Link of a part in step, by its id on a side."""
        return None if one is None else self.pairs.get((entity, side, one))

    def id_of(self, entity: str, side: str, link_id: str | None) -> str | None:
        """Id on a side of a part in step."""
        found = (
            one
            for (kind, where, one), link in self.pairs.items()
            if kind == entity and where == side and link == link_id
        )
        return next(found, None)


@dataclass(slots=True)
class PartView:
    """One part on both sides, or one that has no counterpart.

    Attributes:
        link_id: of the link, which may have to be written first.
        row: the link as it is stored, if it is.
        items: side -> what is there.
        ids: side -> stored id, of sides on which there is or was one.
        agreed: side -> what it said when both agreed.
        copy: side that the sync wrote; `""` where neither was written by it.
        replaces: link of the counterpart, where it had one of its own; it goes.
        decided: field with an open conflict -> side that people chose, or `""`.
        seen_at: when it was looked at, in seconds since 1970 by the database's clock; of stored links.
    """

    link_id: str
    row: PartLink | None
    items: dict[str, Item]
    ids: dict[str, str]
    agreed: dict[str, Values] = field(default_factory=dict)
    copy: str = ""
    replaces: str = ""
    decided: Mapping[str, str] = field(default_factory=dict)
    seen_at: float = 0.0


class Kind:
    """One kind of parts. Values are in terms that both sides share.

    Attributes:
        entity: name in the links.
        part: name in the options.
        plural: for people.
        fields: kept in step, in order.
        gated: of them those that not every side takes -> the model's field that tells.
        structural: what is deleted on one side is deleted on the other, whoever made it. Of other kinds only
            what the sync itself wrote is deleted.
    """

    entity: ClassVar[str]
    part: ClassVar[str]
    plural: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    gated: ClassVar[Mapping[str, str]] = {}
    structural: ClassVar[bool] = False

    def stored(self, scope_id: str, item_id: str) -> str:
        """Id in the links: some systems number parts within their task only."""
        return f"{scope_id}/{item_id}"

    def unstored(self, scope_id: str, stored: str) -> str | None:
        """The part's own id; `None` where it stood on another task."""
        head = f"{scope_id}/"
        return stored[len(head) :] if stored.startswith(head) else None

    def reads(self, side: Side) -> bool:
        """Whether a side can tell of these parts."""
        raise TypeError(f"{type(self).__name__} does not say what it reads on {side!r}")

    def barred(self, target: Side) -> str:
        """Why these parts cannot be made on a side; `""` where they can."""
        found = target.provider.capabilities.operation(f"create_{self.entity}")
        return "" if found.is_supported else found.note

    def cannot(self, target: Side) -> Mapping[str, str]:
        """Field -> why a side cannot be written there."""
        table = target.provider.capabilities.fields[Entity(self.entity)]
        return {
            ours: table[theirs].note or "it cannot be written there"
            for ours, theirs in self.gated.items()
            if not table[theirs].is_writable
        }

    def held(self, item: Item, target: Side, scope: Scope) -> str:
        """Why this part is not carried to a side; `""` where it is."""
        return ""

    def portable(self, name: str, value: Any) -> str:
        """Why a value is not carried; `""` where it is."""
        return ""

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """All parts of a scope on a side, oldest first."""
        raise TypeError(f"{type(self).__name__} does not read {side!r}")

    async def everything(self, side: Side, scope: Scope) -> list[Item]:
        """As `read`, with what is looked after elsewhere and goes with the task."""
        return await self.read(side, scope)

    def is_placed(self, item: Item, wanted: Mapping[str, Any]) -> bool:
        """Whether a part stands where a write wanted it, as far as its task does not tell."""
        return True

    def key(self, values: Values) -> Hashable | None:
        """What is equal of the same part on both sides; `None` for what cannot be told."""
        raise TypeError(f"{type(self).__name__} has no key of {sorted(values)}")

    def title(self, values: Values) -> str:
        """For people."""
        return str(next((values[name] for name in self.fields if values.get(name)), ""))[:200]

    def names(self, *said: Values) -> tuple[str, ...]:
        """Fields kept in step, of a part that says or said these values."""
        return self.fields

    def holds(self, name: str) -> bool:
        """Whether a name in the history is one of a field; the others say where a part stands."""
        return name in self.fields

    def called(self, item: Item) -> str:
        """What a part is called, for people."""
        return item.title or self.title(item.values)

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Make the counterpart of a part on a side."""
        raise TypeError(f"{type(self).__name__} makes nothing on {side!r}")

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Write fields; `None` clears. Returns the part as the system answered."""
        raise TypeError(f"{type(self).__name__} changes nothing on {side!r}")

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """What it takes to make it again besides its values: it stands in the history when it is deleted."""
        return {}

    async def hindrance(self, side: Side, scope: Scope, again: Values) -> str:
        """Why it cannot be made again; `""` where it can."""
        return ""

    async def remake(self, side: Side, scope: Scope, values: Values, again: Values) -> Item:
        """Make again what was deleted.

        Args:
            side: where it was.
            scope: what it belongs to, as it is now.
            values: what it said.
            again: what `kept` told, with ids as they are now.
        """
        return await self.create(side, scope, Item("", values))

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete a part."""
        raise TypeError(f"{type(self).__name__} deletes nothing on {side!r}")


class Container(Kind):
    """A kind of `CONTAINERS`: links hold the ids themselves, by which tasks name a sprint."""

    dates: ClassVar[tuple[str, ...]] = ("start_date", "end_date")
    """Fields that are days: text in values, a `date` in records."""

    def stored(self, scope_id: str, item_id: str) -> str:
        """Its own id."""
        return item_id

    def unstored(self, scope_id: str, stored: str) -> str | None:
        """Its own id."""
        return stored

    def for_record(self, values: Mapping[str, Any]) -> Values:
        """Values as a record holds them."""
        return {
            name: date.fromisoformat(value) if name in self.dates and value else value
            for name, value in values.items()
        }

    def of_record(self, record: Any) -> Values:
        """Values of the fields of a record."""
        values: Values = {name: getattr(record, name) for name in self.fields}
        return values | {
            name: value.isoformat() for name in self.dates if isinstance(value := values[name], date)
        }


def filled(values: Mapping[str, Any]) -> Values:
    """Without fields that hold nothing."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def same_value(name: str, one: Any, two: Any) -> bool:
    """Whether two values of a field say the same."""
    if one == two or (_is_nothing(name, one) and _is_nothing(name, two)):
        return True
    if not isinstance(one, str) or not isinstance(two, str):
        return False
    if name not in TEXTS:
        return words(one) == words(two)
    if max(len(one), len(two)) > MAX_CHARACTERS:
        return False
    return parse_markdown(one) == parse_markdown(two)


def _is_nothing(name: str, value: Any) -> bool:
    """So is a 0, but in a field that people defined."""
    is_number = not isinstance(value, bool) and value == 0
    return value in (None, "", False) and not (is_number and name.startswith(CUSTOM))


def same_values(names: Iterable[str], one: Values, two: Values) -> bool:
    """Whether two parts say the same in these fields."""
    return all(same_value(name, one.get(name), two.get(name)) for name in names)


def words(text: str) -> str:
    """Without differences of white space."""
    return " ".join(text.split())
