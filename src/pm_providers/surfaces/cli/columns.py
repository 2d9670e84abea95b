"""Which columns each kind of record has in tables, and how their cells look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from rich.text import Text

from pm_providers.model import Entity
from pm_providers.surfaces.cli.text import done_of, line, ticked

__all__ = ["COLUMNS", "LONG", "STYLES", "Column", "Names", "short", "status_text"]

STYLES = {
    "in_progress": "yellow", "active": "green", "blocked": "red", "completed": "green", "closed": "dim",
    "cancelled": "dim", "on_hold": "red", "archived": "dim", "planning": "cyan", "planned": "cyan",
    "todo": "cyan", "highest": "bold red", "high": "red", "low": "dim", "lowest": "dim",
}  # fmt: skip
LONG = 60
"""Characters of a value that stands in a line."""


@dataclass(slots=True)
class Names:
    """Names of records that others point to by id; an id without a name is shown as it is."""

    users: Mapping[str, str] = field(default_factory=dict)
    sprints: Mapping[str, str] = field(default_factory=dict)
    projects: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
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
        return Text(line(text).replace("_", " "), style=STYLES.get(value or "", "")) if text else None

    return show


def status_text(record: Any) -> Text:
    """The vendor's own name of a status, coloured by the unified one."""
    return _choice("status")(record, Names()) or Text()


_ID = Column("id", _attribute("id"), always=True)
COLUMNS: dict[Entity, tuple[Column, ...]] = {
    Entity.PROJECT: (
        _ID,
        Column("key", _attribute("key")),
        Column("name", _attribute("name"), flexible=True, always=True),
        Column("status", _choice("status")),
        Column("start", _attribute("start_date")),
        Column("end", _attribute("end_date")),
        Column("owner", _named("owner_id", "users"), flexible=True),
        Column("public", _attribute("is_public")),
    ),
    Entity.TASK: (
        _ID,
        Column("key", _attribute("key")),
        Column("title", _attribute("title"), flexible=True, always=True),
        Column("type", _attribute("type")),
        Column("status", _choice("status"), always=True),
        Column("priority", _choice("priority")),
        Column("assignee", _named("assignee_id", "users"), flexible=True),
        Column("due", _attribute("due_date")),
        Column("est.", _attribute("estimated_hours"), right=True),
        Column("sprint", _named("sprint_id", "sprints"), flexible=True),
    ),
    Entity.SPRINT: (
        _ID,
        Column("name", _attribute("name"), flexible=True, always=True),
        Column("status", _choice("status")),
        Column("start", _attribute("start_date")),
        Column("end", _attribute("end_date")),
        Column("capacity", _attribute("capacity_hours"), right=True),
        Column("planned", _attribute("planned_hours"), right=True),
        Column("project", _named("project_id", "projects"), flexible=True),
    ),
    Entity.USER: (
        _ID,
        Column("name", _attribute("name"), flexible=True, always=True),
        Column("user name", _attribute("username"), flexible=True),
        Column("e-mail", _attribute("email"), flexible=True),
        Column("kind", _attribute("kind")),
        Column("admin", _attribute("is_admin")),
    ),
    Entity.COMMENT: (
        _ID,
        Column("written", _attribute("created_at")),
        Column("author", lambda one, names: one.author_name or _named("author_id", "users")(one, names)),
        Column("text", _attribute("body"), flexible=True, always=True),
    ),
    Entity.CHECKLIST: (
        _ID,
        Column("name", _attribute("name"), flexible=True, always=True),
        Column("done", lambda one, _: done_of(one), right=True),
        Column("items", lambda one, _: ", ".join(map(ticked, one.items)), flexible=True),
    ),
    Entity.CHECKLIST_ITEM: (
        _ID,
        Column("item", lambda one, _: ticked(one), flexible=True, always=True),
        Column("assignee", _named("assignee_id", "users"), flexible=True),
        Column("due", _attribute("due_date")),
        Column("below", _attribute("parent_id")),
        Column("checklist", _attribute("checklist_id")),
    ),
    Entity.LABEL: (
        _ID,
        Column("name", _attribute("name"), flexible=True, always=True),
        Column("colour", _attribute("color")),
        Column("project", _named("project_id", "projects"), flexible=True),
    ),
    Entity.MEMBERSHIP: (
        _ID,
        Column("user", _named("user_id", "users"), flexible=True, always=True),
        Column("roles", lambda one, _: ", ".join(one.roles), flexible=True, always=True),
        Column("inherited", lambda one, _: "yes" if one.is_inherited else None),
        Column("project", _named("project_id", "projects"), flexible=True),
    ),
    Entity.RELATION: (
        _ID,
        Column("from", _attribute("from_task_id"), always=True),
        Column("type", _attribute("type"), always=True),
        Column("to", _attribute("to_task_id"), always=True),
        Column("lag (days)", _attribute("lag_days"), right=True),
        Column("description", _attribute("description"), flexible=True),
    ),
    Entity.TIME_ENTRY: (
        _ID,
        Column("day", _attribute("spent_on")),
        Column("hours", _attribute("hours"), right=True, always=True),
        Column("user", _named("user_id", "users"), flexible=True),
        Column("task", _attribute("task_id")),
        Column("activity", _attribute("activity")),
        Column("comment", _attribute("comment"), flexible=True),
    ),
    Entity.ATTACHMENT: (
        _ID,
        Column("file", _attribute("file_name"), flexible=True, always=True),
        Column("type", _attribute("content_type")),
        Column("bytes", _attribute("size_bytes"), right=True),
        Column("uploaded", _attribute("created_at")),
        Column("description", _attribute("description"), flexible=True),
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
    return text if len(text) <= 4 * LONG else f"{text[: 4 * LONG]}…"
