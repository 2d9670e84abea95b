"""Tables for people, and how a single record looks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pm_providers.model import Entity, PMChecklist, PMTask, Record, field_specs
from pm_providers.surfaces.cli.columns import COLUMNS, LONG, STYLES, Column, Names, short, status_text
from pm_providers.surfaces.cli.text import clean, line, ticked

__all__ = [
    "Listing",
    "Names",
    "count_line",
    "empty_line",
    "grid",
    "plain_table",
    "record_table",
    "records_table",
    "short",
    "status_text",
    "tree",
]

_LEAST = {"title": 24, "name": 20}
_GAP = 3
_GIVE_WAY: dict[Entity, tuple[str, ...]] = {
    Entity.TASK: ("est.", "type", "key", "sprint", "priority", "due", "assignee"),
    Entity.PROJECT: ("public", "owner", "start", "end", "key", "status"),
}
"""Heads of columns in the order in which they go where the terminal is narrow; else from the right."""


class Listing(NamedTuple):
    """A table, and the heads of the columns that it has no room for."""

    table: Table
    hidden: tuple[str, ...]


def records_table(
    entity: Entity,
    records: Sequence[Record],
    names: Names | None = None,
    *,
    title: str = "",
    only: Iterable[str] = (),
    width: int | None = None,
) -> Listing:
    """Records as a table; columns in which nothing stands are left out. Subtasks stand under their parents.

    Args:
        entity: kind of record.
        records: what a list returned.
        names: names for ids.
        title: above the table.
        only: heads of the columns to show; all when empty.
        width: characters that there are; whole columns give way before words become unreadable. Unbounded
            when missing.
    """
    names = names or Names()
    wanted = set(only)
    columns = [one for one in COLUMNS[entity] if not wanted or one.head in wanted]
    rows, depths = tree(records)
    cells = [[column.show(row, names) for column in columns] for row in rows]
    shown = [at for at, one in enumerate(columns) if one.always or any(row[at] for row in cells)]
    inner = [[_indented(columns[at], cell, depth) for at, cell in enumerate(row)]
             for row, depth in zip(cells, depths, strict=True)]  # fmt: skip
    kept = _fitting(entity, columns, {at: [row[at].plain for row in inner] for at in shown}, width)
    hidden = tuple(columns[at].head for at in shown if at not in kept)
    shown = list(kept)
    table = plain_table(title)
    for at in shown:
        column = columns[at]
        table.add_column(
            column.head,
            justify="right" if column.right else "left",
            no_wrap=not column.flexible,
            overflow="ellipsis",
            width=kept[at],
        )
    for row in inner:
        table.add_row(*(row[at] for at in shown))
    return Listing(table, hidden)


def _fitting(
    entity: Entity, columns: Sequence[Column], cells: Mapping[int, Sequence[str]], width: int | None
) -> dict[int, int | None]:
    """Columns that fit next to each other, in order: place -> characters; `None` where nothing fits."""
    natural = {at: max(map(cell_len, (columns[at].head, *texts))) for at, texts in cells.items()}
    if width is None:
        return dict(natural)
    least = {at: _least(columns[at], size) for at, size in natural.items()}
    order = _GIVE_WAY.get(entity, ())
    going = sorted(
        (at for at in cells if not columns[at].always),
        key=lambda at: order.index(columns[at].head) if columns[at].head in order else len(order) - at,
    )
    while going and _together(least.values()) > width:
        del least[going.pop(0)]
    spare = width - _together(least.values())
    return _grown(least, natural, spare) if spare >= 0 else dict.fromkeys(least)


def _grown(least: Mapping[int, int], natural: Mapping[int, int], spare: int) -> dict[int, int | None]:
    """Shares what room there is: columns that want little are served first, the others evenly."""
    found: dict[int, int | None] = dict(least)
    hungry = sorted(least, key=lambda at: natural[at] - least[at])
    for number, at in enumerate(hungry):
        more = min(natural[at] - least[at], spare // (len(hungry) - number))
        found[at] = least[at] + more
        spare -= more
    return found


def _together(widths: Collection[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _least(column: Column, natural: int) -> int:
    return min(natural, _LEAST.get(column.head, 12)) if column.flexible else natural


def _indented(column: Column, cell: Text | str | None, depth: int) -> Text:
    text = cell if isinstance(cell, Text) else Text(cell or "")
    if column.head == "title" and depth:
        text = Text(f"{'  ' * (depth - 1)}└ ", style="dim") + text
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def tree(records: Sequence[Record]) -> tuple[list[Record], list[int]]:
    """Tasks with each subtask under its parent, and how deep each one is; other records as they come."""
    inside = {record.id for record in records}
    children: dict[str, list[Record]] = {}
    for record in records:
        parent = record.parent_task_id if isinstance(record, PMTask) else None
        children.setdefault(parent if parent in inside and parent else "", []).append(record)
    rows: list[Record] = []
    depths: list[int] = []
    stack = [(record, 0) for record in reversed(children.get("", []))]
    while stack:
        record, depth = stack.pop()
        rows.append(record)
        depths.append(depth)
        if record.id:
            stack += [(child, depth + 1) for child in reversed(children.get(record.id, []))]
    reached = {record.id for record in rows}
    lost = [record for record in records if record.id not in reached]
    return [*rows, *lost], [*depths, *(0 for _ in lost)]


def count_line(count: int, entity: Entity) -> str:
    """`1 task`, `23 time entries`."""
    word = entity.plural.replace("_", " ") if count != 1 else entity.value.replace("_", " ")
    return f"{count} {word}"


def empty_line(entity: Entity) -> str:
    """What stands where a table would be empty."""
    return f"No {entity.plural.replace('_', ' ')} found."


def record_table(record: Record, names: Names | None = None) -> RenderableType:
    """One record: a line for each field that is set, long texts below."""
    names = names or Names()
    facts: list[tuple[str, Text | str]] = []
    texts: list[RenderableType] = []
    for name in field_specs(type(record)):
        value = getattr(record, name)
        if name in {"raw_data", "version"} or value in (None, "", [], {}) or _says_nothing(name, record):
            continue
        if isinstance(value, str) and ("\n" in value or len(value) > LONG):
            texts += [Text(""), Text(name.replace("_", " "), style="bold"), Text(clean(value).strip())]
        elif isinstance(value, dict):
            facts += [(key, text) for key, inner in value.items() if (text := _joined(inner))]
        else:
            facts.append((name.replace("_", " "), _fact(name, record, names)))
    return Group(grid(facts), *texts)


def _joined(value: Any) -> str:
    return ", ".join(short(one) or "" for one in value) if isinstance(value, list) else short(value) or ""


def _says_nothing(name: str, record: Record) -> bool:
    """A vendor's name for a value that is the same word, or a flag that is as nearly always."""
    value = getattr(record, name)
    if name in {"is_archived", "is_inherited"}:
        return not value
    if name == "assignee_ids":
        return bool(value == [getattr(record, "assignee_id", None)])
    unified = getattr(record, name.removesuffix("_name"), None) if name.endswith("_name") else None
    return isinstance(unified, str) and value.casefold() == unified.replace("_", " ")


def _fact(name: str, record: Record, names: Names) -> Text | str:
    value = getattr(record, name)
    if isinstance(value, str) and value in STYLES:
        return Text(value.replace("_", " "), style=STYLES[value])
    kinds = {"sprint_id": "sprints", "project_id": "projects", "label_ids": "labels"}
    users = {"assignee_id", "assignee_ids", "owner_id", "author_id", "user_id"}
    if isinstance(record, PMChecklist) and name == "items":
        return "\n".join(f"{ticked(item)} ({item.id})" for item in record.items)
    kind = "users" if name in users else kinds.get(name)
    if kind is None:
        return _joined(value)
    known: Mapping[str, str] = getattr(names, kind)
    ids = value if isinstance(value, list) else [value]
    return ", ".join(f"{line(known[one])} ({one})" if one in known else line(one) for one in ids)


def plain_table(title: str = "") -> Table:
    """A table with a line under its heads and nothing else."""
    return Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
    )


def grid(facts: Iterable[tuple[str, Text | str]]) -> Table:
    """Names and values in two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(line(name), value if isinstance(value, Text) else clean(value))
    return table
