"""What a write of a card is made of: labels that stand for sprints and priorities, and custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.contract import Fields
from pm_providers.effects import uncounted
from pm_providers.errors import ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.trello.mapping.custom_fields import CustomField
from pm_providers.providers.trello.mapping.labels import (
    PRIORITY_COLORS,
    PRIORITY_NAMES,
    PRIORITY_PREFIX,
    LabelKind,
    label_kind,
)
from pm_providers.providers.trello.mapping.places import Place, parts_of
from pm_providers.providers.trello.mapping.priorities import option_choices, priority_choices
from pm_providers.providers.trello.task_reading import TaskReader
from pm_providers.toolkit.custom_fields import checked_custom, fits
from pm_providers.toolkit.documents import identifier, optional_text

__all__ = ["Base", "Plan", "Planning"]


@dataclass(frozen=True, slots=True)
class Base:
    """A card as it was read before it is changed.

    Attributes:
        card: the document.
        task: the same as a record.
    """

    card: Mapping[str, Any]
    task: PMTask

    @property
    def labels(self) -> list[str]:
        """Ids of all its labels, those of sprints and priorities among them."""
        return [str(one) for one in self.card.get("idLabels") or ()]


@dataclass(slots=True)
class Plan:
    """What one write of a card is made of.

    Attributes:
        body: of the card itself.
        added: labels to put on.
        removed: labels to take off.
        items: custom fields, as the vendor wants them.
    """

    body: dict[str, Any] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.body or self.added or self.removed or self.items)


class Planning(TaskReader):
    """Labels and custom fields of a card that is written."""

    # labels

    async def _wanted_labels(self, fields: Fields, place: Place, base: Base | None) -> list[str]:
        """All labels that a card shall have: plain ones, that of its sprint, that of its priority.

        Raises:
            ValidationError: the board has no such label or sprint.
        """
        held = [] if base is None else base.labels
        known = await self._with_labels(fields, place)
        kinds = {**known.kinds, **self._told_kinds(base)}
        of = {one: kinds.get(one, LabelKind()) for one in held}
        plain = [one for one in held if of[one].is_plain]
        if "label_ids" in fields:
            plain = list(fields["label_ids"] or ())
            _check_plain(plain, known)
        sprint = [one for one in held if of[one].sprint is not None]
        if "sprint_id" in fields and self._rules.sprint_mode == "label":
            sprint = [fields["sprint_id"]] if fields["sprint_id"] else []
            _check_sprint(sprint, known)
        priority = [one for one in held if of[one].priority is not None]
        if "priority" in fields and self._rules.priority_mode == "label":
            priority = await self._priority_labels(fields["priority"], known, priority)
        return list(dict.fromkeys([*plain, *sprint, *priority]))

    def _told_kinds(self, base: Base | None) -> dict[str, LabelKind]:
        """What the labels of a card stand for, as the card itself tells."""
        told = [] if base is None else parts_of(base.card, "labels")
        return {identifier(one, "label"): label_kind(one, self._rules) for one in told}

    async def _with_labels(self, fields: Fields, place: Place) -> Place:
        """The board, asked anew when labels are written that it does not seem to have."""
        asked = [*(fields.get("label_ids") or ()), fields.get("sprint_id")]
        if all(one is None or one in place.kinds for one in asked):
            return place
        return await self._catalog.place(place.id, fresh=True)

    async def _priority_labels(self, value: str | None, place: Place, held: list[str]) -> list[str]:
        """The label of a priority; made when the board has none for it.

        Raises:
            ValidationError: no such priority; lists those that exist.
        """
        if not value:
            return []
        folded = value.strip().casefold()
        named = [
            one
            for one, kind in place.kinds.items()
            if kind.priority is not None and (kind.priority_name or "").casefold() == folded
        ]
        if named:
            return named[:1]
        meaning = priority_choices(value)[0].priority
        fitting = [one for one, kind in place.kinds.items() if kind.priority == meaning]
        kept = [one for one in held if one in fitting]
        return kept[:1] or fitting[:1] or [await self._new_priority_label(meaning, place)]

    async def _new_priority_label(self, meaning: str, place: Place) -> str:
        """Make `Priority: High`, unless somebody did meanwhile: names are not unique."""
        async with self._locks.hold(("priority", place.id)):
            there = await self._catalog.place(place.id, fresh=True)
            for one, kind in there.kinds.items():
                if kind.priority == meaning:
                    return one
            name = f"{PRIORITY_PREFIX}{PRIORITY_NAMES[meaning]}"
            body = {"name": name, "color": PRIORITY_COLORS[meaning], "idBoard": place.id}
            with uncounted():  # the next attempt finds it
                made = await self._api.post("labels", body)
            self._catalog.drop(place.id)
            return identifier(made, "label")

    # custom fields

    async def _known_fields(self, fields: Fields, place: Place) -> Place:
        """The board, asked anew when custom fields are written that it does not seem to have."""
        asked = fields.get("custom_fields") or {}
        names = [one for one in self._field_names(fields) if place.field_named(one) is None]
        if (asked and not fits(place.custom_fields, asked)) or names:
            return await self._catalog.place(place.id, fresh=True)
        return place

    def _field_names(self, fields: Fields) -> list[str]:
        """Names of the custom fields that conventions need for what is written."""
        rules = self._rules
        needed = {"estimated_hours": rules.hours_field, "story_points": rules.points_field}
        if rules.sprint_mode == "custom_field":
            needed["sprint_id"] = rules.sprint_field
        if rules.priority_mode == "custom_field":
            needed["priority"] = rules.priority_field
        return [name for ours, name in needed.items() if ours in fields]

    def _items(self, fields: Fields, place: Place) -> list[dict[str, Any]]:
        written = checked_custom(fields, place.custom_fields)
        items = [one.write(fields["custom_fields"][one.name]) for one in written]
        for ours, name in (
            ("estimated_hours", self._rules.hours_field),
            ("story_points", self._rules.points_field),
        ):
            if ours in fields and name:
                found = place.field_named(name)
                if found is None:
                    raise ValidationError(fields={ours: f"the board has no custom field {name!r:.60}"})
                items.append(found.write(_number(found, ours, fields[ours])))
        return [*items, *self._convention_items(fields, place)]

    def _convention_items(self, fields: Fields, place: Place) -> list[dict[str, Any]]:
        """Sprint and priority where they are options of custom fields.

        Raises:
            ValidationError: the board has no such field or option.
        """
        items, rules = [], self._rules
        if "sprint_id" in fields and rules.sprint_mode == "custom_field":
            found = _list_field(place, rules.sprint_field, "sprint_id")
            items.append(found.write(_sprint_option(found, fields["sprint_id"])))
        if "priority" in fields and rules.priority_mode == "custom_field":
            found = _list_field(place, rules.priority_field, "priority")
            items.append(found.write(self._priority_option(found, fields["priority"])))
        return items

    def _priority_option(self, found: CustomField, value: str | None) -> str | None:
        if not value:
            return None
        choices = option_choices(found, self._rules)
        folded = value.strip().casefold()
        named = [one for one in choices if one.id == value or one.name.strip().casefold() == folded]
        meant = named or [one for one in choices if one.priority == value]
        if not meant:
            known = ", ".join(one.name for one in choices) or "none"
            raise ValidationError(
                fields={"priority": f"{value!r:.60} is unknown; the board has: {known:.300}"}
            )
        return meant[0].name


def _number(found: CustomField, ours: str, value: Any) -> Any:
    if found.type != "number":
        raise ValidationError(fields={ours: f"the custom field {found.name!r:.60} holds no numbers"})
    return found.checked(value)


def _list_field(place: Place, name: str, ours: str) -> CustomField:
    found = place.field_named(name)
    if found is None or found.type != "choice":
        raise ValidationError(fields={ours: f"the board has no list-type custom field {name!r:.60}"})
    return found


def _sprint_option(found: CustomField, value: str | None) -> str | None:
    """Text of the option that a sprint id, `<field>.<option>`, names."""
    if not value:
        return None
    owner, _, option = value.partition(".")
    text = dict(found.options).get(option) if owner == found.id else None
    if text is None:
        raise ValidationError(fields={"sprint_id": f"there is no sprint {value!r:.80} on the board"})
    return option


def _check_plain(ids: list[str], place: Place) -> None:
    names = {identifier(one, "label"): optional_text(one, "name") or "" for one in place.labels}
    for one in ids:
        kind = place.kinds.get(one)
        if kind is None:
            raise ValidationError(fields={"label_ids": f"{one!r:.60} is no label of the board"})
        if not kind.is_plain:
            what = "sprint" if kind.sprint is not None else "priority"
            why = f"the label {names[one]!r:.80} stands for a {what}; write that field"
            raise ValidationError(fields={"label_ids": why})


def _check_sprint(ids: list[str], place: Place) -> None:
    for one in ids:
        kind = place.kinds.get(one)
        if kind is None or kind.sprint is None:
            raise ValidationError(fields={"sprint_id": f"there is no sprint {one!r:.80} on the board"})
