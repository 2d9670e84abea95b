"""Checklists with their items, as a request wants to see them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.parts_view import CHECK_ITEM, CHECKLIST
from pm_providers.sandbox.trello.records import Checklist
from pm_providers.sandbox.trello.web import Call

__all__ = ["CheckShape"]


class CheckShape:
    """What a request wants to see of checklists.

    Args:
        prefix: of the parameter `fields`.
        items: name of the parameter for the items (plus an `s`), and prefix of `_fields`.
    """

    def __init__(self, call: Call, prefix: str = "", items: str = "checkItem") -> None:
        self._call = call
        self._names = CHECKLIST.names(call, f"{prefix}fields")
        self._items = call.plain(f"{items}s", "all") not in {"none", "false"}
        self._item_names = CHECK_ITEM.names(call, f"{items}_fields")

    def show(self, row: Checklist) -> dict[str, Any]:
        """A checklist so."""
        found = CHECKLIST.show(self._call.session, row, self._names)
        if self._items:
            rows = self._call.state.items_of(row.id)
            found["checkItems"] = [
                CHECK_ITEM.show(self._call.session, item, self._item_names) for item in rows
            ]
        return found
