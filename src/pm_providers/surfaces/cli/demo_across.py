"""Tables of the demo that put systems side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from pm_providers.model import PMTask
from pm_providers.surfaces.cli.demo_steps import Snapshot
from pm_providers.surfaces.cli.tables import plain_table, status_text, tree
from pm_providers.surfaces.cli.text import line

__all__ = ["counts_across", "tasks_across"]

_LEAST_TITLE = 26
_GAP = 3


def tasks_across(held: Sequence[Snapshot], width: int) -> list[Table]:
    """Tasks of the same title in one row, their status in the words of each system.

    Systems that do not fit into the width beside readable titles stand in a further table.
    """
    rows = _rows(held)
    cells = {one.title: _statuses(one) for one in held}
    widths = {name: max(cell_len(name), *map(_width, found.values())) for name, found in cells.items()}
    tables = []
    for names in _groups(widths, width - _LEAST_TITLE):
        table = plain_table()
        room = width - sum(widths[name] + _GAP for name in names)
        longest = max(cell_len(title) + 2 * depth for title, depth in rows)
        table.add_column("task", no_wrap=True, overflow="ellipsis", width=min(room, longest))
        for name in names:
            table.add_column(name, no_wrap=True, width=widths[name])
        for title, depth in rows:
            table.add_row(_titled(title, depth), *(cells[name].get(title, Text("-")) for name in names))
        tables.append(table)
    return tables


def _groups(widths: dict[str, int], room: int) -> Iterator[list[str]]:
    """Systems that fit next to each other."""
    names: list[str] = []
    left = room
    for name, needed in widths.items():
        if names and needed + _GAP > left:
            yield names
            names, left = [], room
        names.append(name)
        left -= needed + _GAP
    yield names


def _rows(held: Sequence[Snapshot]) -> list[tuple[str, int]]:
    """Titles and how deep each stands, as the first system has them; what only others have comes after."""
    tasks, depths = tree(held[0].tasks)
    rows = {task.title: depth for task, depth in zip(tasks, depths, strict=True) if isinstance(task, PMTask)}
    for one in held[1:]:
        for task in one.tasks:
            rows.setdefault(task.title, 0)
    return list(rows.items())


def _titled(title: str, depth: int) -> Text:
    return Text.assemble((f"{'  ' * (depth - 1)}└ " if depth else "", "dim"), line(title))


def _statuses(one: Snapshot) -> dict[str, Text]:
    return {task.title: status_text(task) for task in one.tasks}


def _width(text: Text) -> int:
    return cell_len(text.plain)


def counts_across(held: Sequence[Snapshot]) -> Table:
    """How many records of each kind; `-` where the system has none of that kind."""
    table = plain_table()
    table.add_column("")
    for one in held:
        table.add_column(one.title, justify="right")
    for name in held[0].counts:
        counts = [one.counts[name] for one in held]
        cells = (Text("-", style="dim") if count is None else Text(str(count)) for count in counts)
        table.add_row(name.replace("_", " "), *cells)
    return table
