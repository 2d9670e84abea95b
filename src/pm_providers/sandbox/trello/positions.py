"""Where a new or moved thing comes to stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pm_providers.sandbox.kit.tables import Table
from pm_providers.sandbox.trello.errors import invalid

__all__ = ["FIRST", "STEP", "place"]

STEP = 16_384
FIRST = 140_737_488_355_328
GAP = 0.01


def place(
    wanted: Any, table: Table[Any], others: Sequence[Any], *, default: str = "bottom", first: float = FIRST
) -> float:
    """The position for `top`, `bottom` or a positive number; None is the default.

    Neighbours that come too close are spread again, so that their positions change without being edited.

    `others` are the rows of the table beside which it stands, itself excluded; `first` is the position in an
    empty list.

    Raises:
        ApiError: 400 for anything else.
    """
    value = default if wanted is None or wanted == "" else wanted
    if value == "bottom":
        return max((row.pos for row in others), default=first - STEP) + STEP
    rows = sorted(others, key=lambda row: (row.pos, row.id))
    top = rows[0].pos / 2 if rows else first
    found = top if value == "top" else _number(value)
    if any(abs(row.pos - found) < GAP for row in rows):
        return _spread(table, rows, found)
    return found


def _number(value: Any) -> float:
    try:
        found = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        raise invalid("pos") from None
    if not 0 <= found < 1e18:
        raise invalid("pos")
    return found


def _spread(table: Table[Any], rows: list[Any], wanted: float) -> float:
    before = [row for row in rows if row.pos < wanted]
    after = [row for row in rows if row.pos >= wanted]
    place_at = STEP * (len(before) + 1)
    for number, row in enumerate([*before, None, *after], 1):
        if row is not None:
            table.change(table[row.id], pos=STEP * number)
    return place_at
