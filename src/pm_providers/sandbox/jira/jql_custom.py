"""Custom fields in JQL, searched as their kind allows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from pm_providers.sandbox.jira.adf import plain_text
from pm_providers.sandbox.jira.jql_catalog import start_of_day
from pm_providers.sandbox.jira.jql_fields import Scope, Searchable, Values, folded, one, text_only
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.records import Field, Issue

__all__ = ["custom"]


def custom(s: Scope, row: Field, name: str) -> Searchable:
    """A custom field, searched as its kind allows.

    Raises:
        JqlError: its kind cannot be searched.
    """
    maker = _CUSTOM.get(row.kind)
    if maker is None:
        raise JqlError(f"Field '{name}' is not searchable, it is only sortable.")
    return maker(s, row, name)


def _plain(row: Field) -> Callable[[Issue], Values]:
    return lambda i: one(i.custom.get(row.id))


def _several(row: Field) -> Callable[[Issue], Values]:
    def read(issue: Issue) -> Values:
        value = issue.custom.get(row.id)
        if isinstance(value, tuple | list):
            return tuple(part for part in value if part is not None)
        return one(value)

    return read


def _custom_text(_s: Scope, row: Field, name: str) -> Searchable:
    def read(issue: Issue) -> Values:
        value = issue.custom.get(row.id)
        return () if value is None else (plain_text(value) if isinstance(value, dict) else str(value),)

    return Searchable(name, "text", read, partial(text_only, name), sort=lambda i: (read(i) or (None,))[0])


def _custom_number(s: Scope, row: Field, name: str) -> Searchable:
    return Searchable(
        name, "order", _plain(row), partial(s.number, name), sort=lambda i: i.custom.get(row.id)
    )


def _custom_date(s: Scope, row: Field, name: str) -> Searchable:
    def read(issue: Issue) -> Values:
        value = issue.custom.get(row.id)
        return one(value if isinstance(value, datetime) else _day_or_moment(s, value))

    return Searchable(
        name,
        "order",
        read,
        partial(s.date, name),
        sort=lambda i: (read(i) or (None,))[0],
        dates=True,
    )


def _day_or_moment(s: Scope, value: str | None) -> datetime | None:
    if value is None or len(value) == len("2026-02-06"):
        return start_of_day(s, value)
    return datetime.fromisoformat(value).astimezone(UTC)


def _custom_option(s: Scope, row: Field, name: str) -> Searchable:
    return Searchable(
        name,
        "set",
        _several(row),
        partial(s.options, row.id, name),
        functions={"cascadeoption": partial(s.cascade, row.id, name)} if row.kind == "cascading" else {},
        sort=lambda i: _several(row)(i) or None,
        history=row.id,
    )


def _custom_user(s: Scope, row: Field, name: str) -> Searchable:
    return Searchable(name, "set", _several(row), partial(s.person, name), functions=s.people())


def _custom_group(s: Scope, row: Field, name: str) -> Searchable:
    return Searchable(name, "set", _several(row), partial(s.named, name, list(s.state.groups)))


def _custom_version(s: Scope, row: Field, name: str) -> Searchable:
    rows = s.in_projects(s.state.versions)
    return Searchable(
        name, "set", _several(row), partial(s.named, name, rows), functions=s.version_functions()
    )


def _custom_labels(_s: Scope, row: Field, name: str) -> Searchable:
    return Searchable(name, "set", lambda i: tuple(x.casefold() for x in _several(row)(i)), folded)


def _sprint(s: Scope, row: Field, name: str) -> Searchable:
    return Searchable(
        name,
        "set",
        lambda i: i.sprint_ids,
        partial(s.sprint, name),
        functions={
            "opensprints": partial(s.sprints_in, "active"),
            "closedsprints": partial(s.sprints_in, "closed"),
            "futuresprints": partial(s.sprints_in, "future"),
        },
        sort=lambda i: i.sprint_ids[-1] if i.sprint_ids else None,
        history=row.id,
    )


def _epic_link(s: Scope, _row: Field, name: str) -> Searchable:
    def read(issue: Issue) -> Values:
        parent = s.state.issues.get(issue.parent_id)
        return (parent.id,) if parent is not None and s.state.types[parent.type_id].level == 1 else ()

    return Searchable(name, "set", read, partial(s.issue, name), sort=lambda i: (read(i) or (None,))[0])


def _rank(_s: Scope, _row: Field, name: str) -> Searchable:
    return Searchable(
        name, "none", lambda i: (i.rank,), partial(text_only, name), sort=lambda i: (i.rank, i.id)
    )


_CUSTOM: dict[str, Callable[[Scope, Field, str], Searchable]] = {
    "string": _custom_text,
    "rich": _custom_text,
    "url": _custom_text,
    "number": _custom_number,
    "date": _custom_date,
    "datetime": _custom_date,
    "option": _custom_option,
    "options": _custom_option,
    "cascading": _custom_option,
    "user": _custom_user,
    "users": _custom_user,
    "group": _custom_group,
    "groups": _custom_group,
    "version": _custom_version,
    "versions": _custom_version,
    "labels": _custom_labels,
    "sprint": _sprint,
    "epic-link": _epic_link,
    "rank": _rank,
}
