"""A board as the frame of its cards: lists, labels, custom fields, and what each stands for. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.contract import override
from pm_providers.model import PMStatus, TaskStatus, guess_task_status
from pm_providers.providers.trello.config import Conventions
from pm_providers.providers.trello.mapping.custom_fields import CustomField, to_custom_fields
from pm_providers.providers.trello.mapping.labels import LabelKind, label_kind
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = ["BoardList", "Place", "parts_of", "to_place"]


@dataclass(frozen=True, slots=True)
class BoardList:
    """A list of a board.

    Attributes:
        id: the vendor's id.
        name: what people see.
        closed: archived; its cards are, too, although they do not say so.
        status: what a card gets by being put there; ticked cards are completed in others, too.
    """

    id: str
    name: str
    closed: bool
    status: str

    @property
    def is_done(self) -> bool:
        """Whether it is for what is completed."""
        return self.status == TaskStatus.COMPLETED


@dataclass(frozen=True, slots=True)
class Place:
    """A board with what its cards refer to.

    Attributes:
        id: the vendor's id.
        short_link: short id in addresses.
        document: the board itself.
        lists: open ones first, each part in the order that people see.
        labels: as the vendor describes them.
        kinds: label id -> what it stands for.
        fields: custom fields, in the vendor's order, those of conventions among them.
        members: members as the vendor describes them.
        conventions: what stands for what.
    """

    id: str
    short_link: str
    document: Mapping[str, Any]
    lists: tuple[BoardList, ...]
    labels: tuple[Mapping[str, Any], ...]
    kinds: Mapping[str, LabelKind]
    fields: tuple[CustomField, ...]
    members: tuple[Mapping[str, Any], ...]
    conventions: Conventions

    @property
    def open_lists(self) -> tuple[BoardList, ...]:
        """Lists that are not archived."""
        return tuple(one for one in self.lists if not one.closed)

    @property
    def statuses(self) -> list[PMStatus]:
        """Open lists as statuses, in the order that people see; new cards get the first that means to do."""
        shown = self.open_lists
        default = first_list(shown)
        return [
            PMStatus(
                id=one.id,
                name=one.name,
                status=one.status,
                is_closed=TaskStatus(one.status).is_closed,
                is_default=one is default,
            )
            for one in shown
        ]

    @property
    def custom_fields(self) -> tuple[CustomField, ...]:
        """Custom fields but those that conventions read as something else."""
        reserved = self.conventions.reserved_fields
        return tuple(one for one in self.fields if one.name not in reserved)

    def field_named(self, name: str) -> CustomField | None:
        """The custom field of a name."""
        return next((one for one in self.fields if name and one.name == name), None)

    def knows(self, card: Mapping[str, Any]) -> bool:
        """Whether list, labels and custom fields of a card are known here."""
        if all(card.get("idList") != one.id for one in self.lists):
            return False
        items = card.get("customFieldItems") or ()
        ids = {one.id for one in self.fields}
        return all(one in self.kinds for one in card.get("idLabels") or ()) and all(
            isinstance(one, Mapping) and one.get("idCustomField") in ids for one in items
        )


def first_list(lists: Sequence[BoardList]) -> BoardList | None:
    """The list that new cards get: the first that means to do, else the first."""
    meant = [one for one in lists if one.status == TaskStatus.TODO]
    return next(iter(meant or lists), None)


def to_place(board: Document, conventions: Conventions) -> Place:
    """The frame of a board, of an answer that holds its lists, labels, custom fields and members.

    Raises:
        ProviderError: no board.
        ConfigurationError: `status_map` or `priority_map` holds a value that is not unified.
    """
    labels = parts_of(board, "labels")
    return Place(
        id=identifier(board, "board"),
        short_link=optional_text(board, "shortLink") or _short_link(board),
        document={name: value for name, value in board.items() if name not in _PARTS},
        lists=tuple(_to_lists(parts_of(board, "lists"), conventions)),
        labels=tuple(labels),
        kinds={identifier(one, "label"): label_kind(one, conventions) for one in labels},
        fields=to_custom_fields(parts_of(board, "customFields"), conventions.timezone),
        members=tuple(parts_of(board, "members")),
        conventions=conventions,
    )


_PARTS = frozenset({"lists", "labels", "customFields", "members", "cards", "actions", "checklists"})


def parts_of(document: Document, name: str) -> list[Mapping[str, Any]]:
    """Nested objects of an answer; none where they are missing."""
    found = document.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _short_link(board: Document) -> str:
    """`https://trello.com/b/AbCd1234` tells it where the field is missing."""
    return (optional_text(board, "shortUrl") or "").rstrip("/").rpartition("/")[2]


def _to_lists(values: Sequence[Document], conventions: Conventions) -> list[BoardList]:
    ordered = sorted(values, key=lambda one: (one.get("closed") is True, _place(one.get("pos"))))
    first = next((identifier(one, "list") for one in ordered if one.get("closed") is not True), None)
    return [_to_list(one, conventions, is_first=identifier(one, "list") == first) for one in ordered]


def _place(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.inf


def _to_list(value: Document, conventions: Conventions, *, is_first: bool) -> BoardList:
    one, name = identifier(value, "list"), optional_text(value, "name") or ""
    meaning = _meaning(one, name, conventions, is_first=is_first)
    return BoardList(one, name, value.get("closed") is True, TaskStatus(meaning).value)


def _meaning(one: str, name: str, conventions: Conventions, *, is_first: bool) -> str:
    """Unified status of a list: `status_map`, `done_lists`, its name, else its place."""
    told = override(conventions.status_map, one, name, TaskStatus, option="status_map")
    if told is not None:
        return told
    if conventions.done_lists:
        folded = {entry.casefold() for entry in conventions.done_lists}
        if {one.casefold(), name.strip().casefold()} & folded:
            return TaskStatus.COMPLETED
    guess = guess_task_status(name)
    if guess is TaskStatus.COMPLETED and conventions.done_lists:
        return TaskStatus.IN_PROGRESS
    return guess or (TaskStatus.TODO if is_first else TaskStatus.IN_PROGRESS)
