"""Tables for people: which columns each kind of record has, and how a single record looks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pm_providers.model import Entity, PMChecklist, PMTask, Record, field_specs
from pm_providers.surfaces.cli.text import clean, done_of, line, ticked

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

_STYLES = {
    "in_progress": "yellow", "active": "green", "blocked": "red", "completed": "green", "closed": "dim",
    "cancelled": "dim", "on_hold": "red", "archived": "dim", "planning": "cyan", "planned": "cyan",
    "todo": "cyan", "highest": "bold red", "high": "red", "low": "dim", "lowest": "dim",
}  # fmt: skip
_LONG = 60
_LEAST = {"title": 24, "name": 20}
_GAP = 3
_GIVE_WAY: dict[Entity, tuple[str, ...]] = {
    Entity.TASK: ("est.", "type", "key", "sprint", "priority", "due", "assignee"),
    Entity.PROJECT: ("public", "owner", "start", "end", "key", "status"),
}
"""Heads of columns in the order in which they go where the terminal is narrow; else from the right."""


@dataclass(slots=True)
class Names:
    """Names of records that others point to by id; an id without a name is shown as it is."""

    users: Mapping[str, str] = field(default_factory=dict)
    sprints: Mapping[str, str] = field(default_factory=dict)
    projects: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column. `flexible` ones give way where the terminal is narrow."""

    head: str
    show: Callable[[Any, Names], Text | str | None]
    flexible: bool = False
    right: bool = False
    always: bool = False


def _attribute(name: str) -> Callable[[Any, Names], str | None]:
    return lambda record, _: short(getattr(record, name))


def _named(name: str, kind: str) -> Callable[[Any, Names], str | None]:
    def show(record: Any, names: Names) -> str | None:
        value = getattr(record, name)
        known: Mapping[str, str] = getattr(names, kind)
        if isinstance(value, list):
            return ", ".join(known.get(one, one) for one in value)
        return known.get(value, value) if value else None

    return show


def _choice(name: str) -> Callable[[Any, Names], Text | None]:
    """The vendor's word where it has one, coloured by the unified value."""

    def show(record: Any, _: Names) -> Text | None:
        value = getattr(record, name)
        text = getattr(record, f"{name}_name", None) or value
        return Text(line(text).replace("_", " "), style=_STYLES.get(value or "", "")) if text else None

    return show


def status_text(record: Any) -> Text:
    """The vendor's own name of a status, coloured by the unified one."""
    return _choice("status")(record, Names()) or Text()


_ID = _Column("id", _attribute("id"), always=True)
_COLUMNS: dict[Entity, tuple[_Column, ...]] = {
    Entity.PROJECT: (
        _ID,
        _Column("key", _attribute("key")),
        _Column("name", _attribute("name"), flexible=True, always=True),
        _Column("status", _choice("status")),
        _Column("start", _attribute("start_date")),
        _Column("end", _attribute("end_date")),
        _Column("owner", _named("owner_id", "users"), flexible=True),
        _Column("public", _attribute("is_public")),
    ),
    Entity.TASK: (
        _ID,
        _Column("key", _attribute("key")),
        _Column("title", _attribute("title"), flexible=True, always=True),
        _Column("type", _attribute("type")),
        _Column("status", _choice("status"), always=True),
        _Column("priority", _choice("priority")),
        _Column("assignee", _named("assignee_id", "users"), flexible=True),
        _Column("due", _attribute("due_date")),
        _Column("est.", _attribute("estimated_hours"), right=True),
        _Column("sprint", _named("sprint_id", "sprints"), flexible=True),
    ),
    Entity.SPRINT: (
        _ID,
        _Column("name", _attribute("name"), flexible=True, always=True),
        _Column("status", _choice("status")),
        _Column("start", _attribute("start_date")),
        _Column("end", _attribute("end_date")),
        _Column("capacity", _attribute("capacity_hours"), right=True),
        _Column("planned", _attribute("planned_hours"), right=True),
        _Column("project", _named("project_id", "projects"), flexible=True),
    ),
    Entity.USER: (
        _ID,
        _Column("name", _attribute("name"), flexible=True, always=True),
        _Column("user name", _attribute("username"), flexible=True),
        _Column("e-mail", _attribute("email"), flexible=True),
        _Column("kind", _attribute("kind")),
        _Column("admin", _attribute("is_admin")),
    ),
    Entity.COMMENT: (
        _ID,
        _Column("written", _attribute("created_at")),
        _Column("author", lambda one, names: one.author_name or _named("author_id", "users")(one, names)),
        _Column("text", _attribute("body"), flexible=True, always=True),
    ),
    Entity.CHECKLIST: (
        _ID,
        _Column("name", _attribute("name"), flexible=True, always=True),
        _Column("done", lambda one, _: done_of(one), right=True),
        _Column("items", lambda one, _: ", ".join(map(ticked, one.items)), flexible=True),
    ),
    Entity.CHECKLIST_ITEM: (
        _ID,
        _Column("item", lambda one, _: ticked(one), flexible=True, always=True),
        _Column("assignee", _named("assignee_id", "users"), flexible=True),
        _Column("due", _attribute("due_date")),
        _Column("below", _attribute("parent_id")),
        _Column("checklist", _attribute("checklist_id")),
    ),
    Entity.LABEL: (
        _ID,
        _Column("name", _attribute("name"), flexible=True, always=True),
        _Column("colour", _attribute("color")),
        _Column("project", _named("project_id", "projects"), flexible=True),
    ),
    Entity.MEMBERSHIP: (
        _ID,
        _Column("user", _named("user_id", "users"), flexible=True, always=True),
        _Column("roles", lambda one, _: ", ".join(one.roles), flexible=True, always=True),
        _Column("inherited", lambda one, _: "yes" if one.is_inherited else None),
        _Column("project", _named("project_id", "projects"), flexible=True),
    ),
    Entity.RELATION: (
        _ID,
        _Column("from", _attribute("from_task_id"), always=True),
        _Column("type", _attribute("type"), always=True),
        _Column("to", _attribute("to_task_id"), always=True),
        _Column("lag (days)", _attribute("lag_days"), right=True),
        _Column("description", _attribute("description"), flexible=True),
    ),
    Entity.TIME_ENTRY: (
        _ID,
        _Column("day", _attribute("spent_on")),
        _Column("hours", _attribute("hours"), right=True, always=True),
        _Column("user", _named("user_id", "users"), flexible=True),
        _Column("task", _attribute("task_id")),
        _Column("activity", _attribute("activity")),
        _Column("comment", _attribute("comment"), flexible=True),
    ),
    Entity.ATTACHMENT: (
        _ID,
        _Column("file", _attribute("file_name"), flexible=True, always=True),
        _Column("type", _attribute("content_type")),
        _Column("bytes", _attribute("size_bytes"), right=True),
        _Column("uploaded", _attribute("created_at")),
        _Column("description", _attribute("description"), flexible=True),
    ),
}


def short(value: Any) -> str | None:
    """A value in as few characters as say it; `None` for a missing one."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    text = line(str(value))
    return text if len(text) <= 4 * _LONG else f"{text[: 4 * _LONG]}…"


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
    columns = [one for one in _COLUMNS[entity] if not wanted or one.head in wanted]
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
    entity: Entity, columns: Sequence[_Column], cells: Mapping[int, Sequence[str]], width: int | None
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


def _least(column: _Column, natural: int) -> int:
    return min(natural, _LEAST.get(column.head, 12)) if column.flexible else natural


def _indented(column: _Column, cell: Text | str | None, depth: int) -> Text:
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
        if isinstance(value, str) and ("\n" in value or len(value) > _LONG):
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
    if isinstance(value, str) and value in _STYLES:
        return Text(value.replace("_", " "), style=_STYLES[value])
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
