"""Checklists and their items. Pure.

The vendor keeps places as numbers of any size (`pos`); here they are 0, 1, 2, ... among what stands beside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from pm_providers.model import PMChecklist, PMChecklistItem
from pm_providers.providers.trello.mapping.places import parts_of
from pm_providers.providers.trello.mapping.values import day_of, noon
from pm_providers.toolkit.documents import broken, identifier, optional_text

__all__ = ["card_of", "from_item", "in_order", "items_of", "new_pos", "to_checklist", "to_item"]

_DONE, _OPEN = "complete", "incomplete"


def in_order(documents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Checklists, or items of one, as people see them: by `pos`, those of the same place by age."""
    return sorted(documents, key=lambda one: (_pos(one), str(one.get("id"))))


def _pos(document: Mapping[str, Any]) -> float:
    """A number in answers, a text in the document ([spec] CheckItem)."""
    value = document.get("pos")
    try:
        return math.inf if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise broken("pos is no number") from None


def new_pos(others: Sequence[Mapping[str, Any]], place: int | None) -> str | float:
    """`pos` that makes something the one of a place among others; the last without a place.

    After some twenty moves to the same place there is no number left between two of the vendor's size; then
    it comes to stand beside it, which the write tells.

    Args:
        others: what it stands beside, in order, itself not among them.
        place: from 0.
    """
    if place is None or place >= len(others):
        return "bottom"
    if place <= 0:
        return "top"
    before, after = _pos(others[place - 1]), _pos(others[place])
    return (before + after) / 2 if math.isfinite(after) else "bottom"


def card_of(checklist: Mapping[str, Any]) -> str:
    """Id of the card that a checklist stands on.

    Raises:
        ProviderError: the answer does not tell it.
    """
    found = optional_text(checklist, "idCard")
    if found is None:
        raise broken("a checklist without its card")
    return found


def items_of(checklist: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Items of a checklist, in order."""
    return in_order(parts_of(checklist, "checkItems"))


def to_checklist(
    checklist: Mapping[str, Any], position: int | None, zone: tzinfo, *, keep_raw: bool = True
) -> PMChecklist:
    """A checklist with its items.

    Raises:
        ProviderError: no checklist, or a value of the wrong kind.
    """
    one = identifier(checklist, "checklist")
    return PMChecklist(
        id=one,
        name=optional_text(checklist, "name") or "",
        task_id=card_of(checklist),
        items=[
            to_item(item, one, place, zone, keep_raw=keep_raw)
            for place, item in enumerate(items_of(checklist))
        ],
        position=position,
        raw_data=dict(checklist) if keep_raw else None,
    )


def to_item(
    item: Mapping[str, Any], checklist: str, position: int | None, zone: tzinfo, *, keep_raw: bool = True
) -> PMChecklistItem:
    """An item. Who is to do it and until when is told on paid plans only.

    Raises:
        ProviderError: no item, or a value of the wrong kind.
    """
    return PMChecklistItem(
        id=identifier(item, "check item"),
        title=optional_text(item, "name") or "",
        checklist_id=checklist,
        is_done=item.get("state") == _DONE,
        assignee_id=optional_text(item, "idMember"),
        due_date=day_of(item.get("due"), zone),
        position=position,
        raw_data=dict(item) if keep_raw else None,
    )


def from_item(fields: Mapping[str, Any], zone: tzinfo, *, is_new: bool) -> dict[str, Any]:
    """Body that writes checked fields of an item but its place.

    Args:
        fields: checked fields.
        zone: in which days are noon.
        is_new: creation says `checked`, an update `state` ([spec] POST /checklists/{id}/checkItems, PUT
            /cards/{id}/checkItem/{idCheckItem}).
    """
    body: dict[str, Any] = {}
    if "title" in fields:
        body["name"] = fields["title"]
    if "is_done" in fields:
        name, value = (
            ("checked", fields["is_done"]) if is_new else ("state", _DONE if fields["is_done"] else _OPEN)
        )
        body[name] = value
    if "assignee_id" in fields:
        body["idMember"] = fields["assignee_id"]
    if "due_date" in fields:
        body["due"] = noon(fields["due_date"], zone) if fields["due_date"] else None
    return {name: value for name, value in body.items() if value is not None} if is_new else body
