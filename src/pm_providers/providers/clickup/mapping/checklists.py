"""Checklists of the API as records: items lie within each other there, and in one list here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pm_providers.model import PMChecklist, PMChecklistItem
from pm_providers.providers.clickup.mapping.values import optional_id, ref_id
from pm_providers.toolkit.documents import Document, broken, identifier

__all__ = ["checklists_of", "is_list_id", "item_of", "items_of", "to_checklist"]

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def is_list_id(value: str) -> bool:
    """Whether a text may be the id of a checklist or of an item."""
    return _ID.fullmatch(value) is not None


def checklists_of(task: Document) -> list[Mapping[str, Any]]:
    """Checklists of a task in the order of the app.

    Raises:
        ProviderError: something else stands there.
    """
    found = task.get("checklists")
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise broken("checklists that are none")
    return _in_order(found)


def to_checklist(
    document: Document, task_id: str, position: int | None, *, keep_raw: bool = True
) -> PMChecklist:
    """A checklist with its items.

    Args:
        document: as sent.
        task_id: its task.
        position: place among the checklists of the task: the vendor's number has gaps, and may be one that
            others have, too.
        keep_raw: fill `raw_data`.
    """
    return PMChecklist(
        id=identifier(document, "checklist"),
        name=str(document.get("name") or ""),
        task_id=task_id,
        items=items_of(document, keep_raw=keep_raw),
        position=position,
        raw_data=dict(document) if keep_raw else None,
    )


def items_of(document: Document, *, keep_raw: bool = True) -> list[PMChecklistItem]:
    """All items of a checklist, each followed by those below it.

    Items below another lie within it ([spec] Create Checklist Item) and say `parent`; those that only say so
    are taken as well, and those whose parent is not there stand at the top.
    """
    checklist = identifier(document, "checklist")
    every = _flat(document.get("items"))
    below: dict[str | None, list[Mapping[str, Any]]] = {}
    for one, (parent, item) in every.items():
        above = parent if parent in every and not _stands_below(parent, one, every) else None
        below.setdefault(above, []).append(item)
    return [
        _to_item(item, checklist, parent, position, keep_raw=keep_raw)
        for item, parent, position in _walk(below)
    ]


_Items = dict[str, tuple[str | None, Mapping[str, Any]]]
"""Id of an item -> the one that it stands below, and the item."""


def _flat(items: Any) -> _Items:
    """All items; those that lie within others come after them."""
    found: _Items = {}
    rest: list[tuple[str | None, Any]] = [(None, items)]
    while rest:
        parent, rows = rest.pop()
        for item in rows if isinstance(rows, list) else ():
            if isinstance(item, Mapping):
                one = identifier(item, "checklist item")
                found.setdefault(one, (optional_id(item.get("parent")) or parent, item))
                rest.append((one, item.get("children")))
    return found


def _stands_below(one: str | None, other: str, every: _Items) -> bool:
    """Whether an item is another one, or stands below it: a circle, which is cut there."""
    seen: set[str] = set()
    while one is not None and one not in seen:
        if one == other:
            return True
        seen.add(one)
        one = every[one][0] if one in every else None
    return False


def _walk(
    below: Mapping[str | None, Sequence[Mapping[str, Any]]],
) -> Iterator[tuple[Mapping[str, Any], str | None, int]]:
    """Items with the one above and their place, each followed by those below it."""
    waiting = _placed(below, None)
    while waiting:
        found = waiting.pop()
        yield found
        waiting += _placed(below, identifier(found[0], "checklist item"))


def _placed(
    below: Mapping[str | None, Sequence[Mapping[str, Any]]], parent: str | None
) -> list[tuple[Mapping[str, Any], str | None, int]]:
    """Items below one, the last first."""
    rows = _in_order(below.get(parent, ()))
    return [(item, parent, place) for place, item in enumerate(rows)][::-1]


def _to_item(
    item: Mapping[str, Any], checklist: str, parent: str | None, position: int, *, keep_raw: bool
) -> PMChecklistItem:
    return PMChecklistItem(
        id=identifier(item, "checklist item"),
        title=str(item.get("name") or ""),
        checklist_id=checklist,
        is_done=item.get("resolved") is True,
        assignee_id=ref_id(item, "assignee"),
        parent_id=parent,
        position=position,
        raw_data=dict(item) if keep_raw else None,
    )


def item_of(items: Iterable[PMChecklistItem], item_id: str) -> PMChecklistItem | None:
    """The item with an id."""
    return next((one for one in items if one.id == item_id), None)


def _in_order(documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(documents, key=_place)


def _place(document: Mapping[str, Any]) -> float:
    """The vendor's number of a place: a number or a text; those without one come last."""
    value = document.get("orderindex")
    try:
        return float(value) if value is not None and not isinstance(value, bool) else float("inf")
    except (TypeError, ValueError):
        return float("inf")
