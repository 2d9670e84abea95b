"""Priorities: labels, or options of a list-type custom field. Pure."""

from __future__ import annotations

from pm_providers.contract import ChoiceBook, override
from pm_providers.model import PMPriority, Priority, guess_priority
from pm_providers.providers.trello.config import Conventions
from pm_providers.providers.trello.mapping.custom_fields import CustomField
from pm_providers.providers.trello.mapping.labels import PRIORITY_NAMES
from pm_providers.toolkit.choices import priority_meaning

__all__ = ["PRIORITIES", "option_choices", "option_priority", "priority_choices"]

PRIORITIES: tuple[PMPriority, ...] = tuple(
    PMPriority(id=one.value, name=PRIORITY_NAMES[one.value], priority=one.value) for one in Priority
)
"""Priorities, lowest first: what stands behind `Priority:` in the labels that are made for them."""


def priority_choices(value: str) -> list[PMPriority]:
    """Priorities that a written value may mean.

    Raises:
        ValidationError: nothing fits; lists what exists.
    """
    book = ChoiceBook(PRIORITIES, {one.id: one.priority for one in PRIORITIES}, "priority")
    known = {one.name.casefold() for one in PRIORITIES} | {one.id for one in PRIORITIES}
    guess = None if value.strip().casefold() in known else guess_priority(value)
    return book.candidates(guess.value if guess else value)


def option_choices(field: CustomField, conventions: Conventions) -> tuple[PMPriority, ...]:
    """Options of a custom field as priorities, lowest first: people put the highest first."""
    texts = list(reversed(field.options))
    found = [
        PMPriority(id=one, name=text, priority=_meaning(one, text, place, len(texts), conventions))
        for place, (one, text) in enumerate(texts)
    ]
    ranks = list(Priority)
    return tuple(sorted(found, key=lambda one: ranks.index(Priority(one.priority))))


def _meaning(one: str, text: str, place: int, count: int, conventions: Conventions) -> str:
    told = override(conventions.priority_map, one, text, Priority, option="priority_map")
    return str(told or priority_meaning(text, place, count).value)


def option_priority(field: CustomField, text: object, conventions: Conventions) -> str | None:
    """Unified priority of an option by its text."""
    choices = option_choices(field, conventions)
    return next((one.priority for one in choices if one.name == text), None)
