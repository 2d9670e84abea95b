"""What can be searched: how JQL names fields, reads their values in an issue and understands literals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.jql_dates import duration, moment
from pm_providers.sandbox.jira.jql_syntax import Name
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.records import Field, Issue
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.web import Session

__all__ = ["Scope", "Searchable", "folded", "missing_value", "number_of", "one", "text_only"]

Values = tuple[Any, ...]
Found = frozenset[Any]
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]+")


@dataclass(frozen=True)
class Searchable:
    """A field as one query sees it.

    Attributes:
        name: as error texts show it.
        shape: `set` (values are compared for equality), `ranked` (a set with an order), `order` (numbers and
            moments) or `text` (words).
        read: values of an issue; none of them is EMPTY.
        resolve: what a literal stands for: ids of a set, one number or moment; (text, quoted) to values.
        functions: lower-case name to what it gives.
        rank: order of ranked values; only values with the same first part can be compared.
        sort: sort key of an issue, None for EMPTY; absent when the field cannot sort.
        empty: whether EMPTY can be searched.
        history: field id in changelogs, for WAS and CHANGED.
        dates: whether date functions are understood.
    """

    name: str
    shape: str
    read: Callable[[Issue], Values]
    resolve: Callable[[str, bool], Found]
    functions: Mapping[str, Callable[[tuple[str, ...]], Found]] = field(default_factory=dict)
    rank: Callable[[Any], tuple[Any, Any]] | None = None
    sort: Callable[[Issue], Any] | None = None
    empty: bool = True
    history: str = ""
    dates: bool = False


def missing_value(text: str, name: str) -> JqlError:
    """A literal that names nothing (recorded)."""
    return JqlError(f"The value '{text}' does not exist for the field '{name}'.")


def number_of(key: str) -> int:
    """The number in an issue key."""
    return int(key.rpartition("-")[2])


def one(value: Any) -> Values:
    """A value that may be missing."""
    return () if value is None else (value,)


def text_only(name: str, text: str, _quoted: bool) -> Found:
    """The literals of fields that know no values."""
    raise missing_value(text, name)


def folded(text: str, _quoted: bool) -> Found:
    """A literal of a field that takes any text, in any case."""
    return frozenset({text.casefold()})


class Scope:
    """What one query can see: the caller, the time and the projects he may browse."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.state: State = session.state
        self.now: datetime = session.state.clock.now()
        self.zone = session.user.time_zone if session.user is not None else "Etc/UTC"
        self.projects = {row.id: row for row in rights.browsable(session)}

    def find(self, name: Name) -> list[Searchable]:
        """The fields of this name; several when custom fields share it.

        Raises:
            JqlError: there is none.
        """
        from pm_providers.sandbox.jira.jql_catalog import SYSTEM
        from pm_providers.sandbox.jira.jql_custom import custom

        text = (name.text + name.prop).lower()
        made = SYSTEM.get(text)
        if made is not None:
            return [_renamed(made(self), name.text)]
        rows = [row for row in self.state.fields if row.number and self._sees(row)]
        found = [row for row in rows if text in {clause.lower() for clause in row.clauses}]
        if not found:
            raise JqlError(f"Field '{name.shown}' does not exist or you do not have permission to view it.")
        return [custom(self, row, name.text) for row in found]

    def _sees(self, row: Field) -> bool:
        return row.project_id is None or row.project_id in self.projects

    # literals

    def project(self, name: str, text: str, _quoted: bool) -> Found:
        """Projects by id, key or name."""
        wanted = text.lower()
        former = self.state.former_project_keys.get(text.upper())
        found = {
            row.id
            for row in self.projects.values()
            if wanted in {row.key.lower(), row.name.lower(), str(row.id)} or row.id == former
        }
        return _some(found, text, name)

    def named(self, name: str, rows: Iterable[Any], text: str, _quoted: bool) -> Found:
        """Rows by id or name; names may be shared."""
        wanted = text.lower()
        found: set[Any] = set()
        for row in rows:
            if row.name.lower() == wanted or str(row.id) == text:
                found.add(row.id)
        return _some(found, text, name)

    def in_projects(self, table: Iterable[Any]) -> list[Any]:
        """Rows of browsable projects, and those of no project."""
        return [row for row in table if row.project_id is None or row.project_id in self.projects]

    def issue(self, name: str, text: str, _quoted: bool) -> Found:
        """An issue by key, former key or id."""
        if not text.isdigit() and not _KEY.fullmatch(text):
            raise JqlError(f"The issue key '{text}' for field '{name}' is invalid.")
        row = self.state.issue(text)
        if row is None or row.project_id not in self.projects:
            if text.isdigit():
                raise JqlError(f"A value with ID '{text}' does not exist for the field '{name}'.")
            raise JqlError(f"An issue with key '{text}' does not exist for field '{name}'.")
        return frozenset({row.id})

    def person(self, name: str, text: str, _quoted: bool) -> Found:
        """An account by id, or by visible address or full name."""
        if text in self.state.users:
            return frozenset({text})
        wanted = text.lower()
        found = {
            row.id
            for row in self.state.users
            if (row.email_visible and row.email.lower() == wanted) or row.name.lower() == wanted
        }
        return _some(found, text, name)

    def date(self, name: str, text: str, quoted: bool) -> Found:
        """An instant."""
        return frozenset({moment(text, name, self.now, self.zone, quoted=quoted)})

    def number(self, name: str, text: str, _quoted: bool) -> Found:
        """A number."""
        try:
            return frozenset({float(text)})
        except ValueError as error:
            raise JqlError(f"Value '{text}' is not a valid number for field '{name}'.") from error

    def duration(self, name: str, text: str, _quoted: bool) -> Found:
        """Seconds."""
        settings = self.state.settings
        return frozenset(
            {duration(text, name, float(settings["hours_per_day"]), float(settings["days_per_week"]))}
        )

    def sprint(self, name: str, text: str, _quoted: bool) -> Found:
        """Sprints by id or name."""
        wanted = text.lower()
        found = {row.id for row in self.state.sprints if str(row.id) == text or row.name.lower() == wanted}
        if not found:
            raise JqlError(
                f"{name.capitalize()} with name '{text}' does not exist or you do not have permission to "
                "view it."
            )
        return frozenset(found)

    # functions

    def current_user(self, _arguments: tuple[str, ...]) -> Found:
        """The caller; nobody for the anonymous one."""
        return frozenset({self.session.user.id}) if self.session.user is not None else frozenset()

    def members_of(self, arguments: tuple[str, ...]) -> Found:
        """People in a group, by its name or id."""
        wanted = arguments[0] if arguments else ""
        group = self.state.groups.find(lambda row: wanted in {row.id, row.name})
        if group is None:
            raise JqlError(
                f"Function 'membersOf' can not generate a list of usernames for group '{wanted}'; the group "
                "does not exist."
            )
        return group.members

    def sprints_in(self, state: str, _arguments: tuple[str, ...]) -> Found:
        """Sprints in a state."""
        return frozenset(row.id for row in self.state.sprints if row.state == state)

    def versions(self, released: bool, arguments: tuple[str, ...]) -> Found:
        """Versions of the given projects, or of all, that are released or not."""
        projects = self._projects_of(arguments)
        return frozenset(
            row.id
            for row in self.state.versions
            if row.project_id in projects and row.released is released and not row.archived
        )

    def edge_version(self, released: bool, arguments: tuple[str, ...]) -> Found:
        """The latest released or the earliest unreleased version of each project."""
        found: dict[int, records.Version] = {}
        rows = [row for row in self.state.versions if row.released is released and not row.archived]
        for row in sorted(rows, key=lambda v: (v.position, v.id), reverse=released):
            found.setdefault(row.project_id, row)
        projects = self._projects_of(arguments)
        return frozenset(row.id for key, row in found.items() if key in projects)

    def _projects_of(self, arguments: tuple[str, ...]) -> Found:
        if not arguments:
            return frozenset(self.projects)
        return frozenset().union(*(self.project("project", text, True) for text in arguments))

    def types(self, test: Callable[[int], bool], _arguments: tuple[str, ...]) -> Found:
        """Issue types by level."""
        return frozenset(row.id for row in self.state.types if test(row.level))

    def linked(self, arguments: tuple[str, ...]) -> Found:
        """Issues linked with one, by all types or those named by their inward or outward text."""
        if not arguments:
            raise JqlError("Function 'linkedIssues' expected '1' or more arguments but received '0'.")
        key = next(iter(self.issue("issue", arguments[0], True)))
        wanted = {text.lower() for text in arguments[1:]}
        found: set[int] = set()
        for link in (*self.state.links.where("source_id", key), *self.state.links.where("target_id", key)):
            kind = self.state.link_types[link.type_id]
            text = kind.outward if link.source_id == key else kind.inward
            if not wanted or text.lower() in wanted:
                found.add(link.target_id if link.source_id == key else link.source_id)
        return frozenset(found)

    def marked(self, attribute: str, _arguments: tuple[str, ...]) -> Found:
        """Issues that the caller watches or voted for."""
        me = self.session.user
        return frozenset(row.id for row in self.state.issues if me and me.id in getattr(row, attribute))

    def people(self) -> dict[str, Callable[[tuple[str, ...]], Found]]:
        """Functions of fields that hold people."""
        return {"currentuser": self.current_user, "membersof": self.members_of}

    def version_functions(self) -> dict[str, Callable[[tuple[str, ...]], Found]]:
        """Functions of fields that hold versions."""
        return {
            "releasedversions": partial(self.versions, True),
            "unreleasedversions": partial(self.versions, False),
            "latestreleasedversion": partial(self.edge_version, True),
            "earliestunreleasedversion": partial(self.edge_version, False),
        }

    def options(self, field_id: str, name: str, text: str, _quoted: bool) -> Found:
        """Options of a select field by id or value."""
        wanted = text.lower()
        rows = self.state.options.where("field_id", field_id)
        found = {row.id for row in rows if str(row.id) == text or row.value.lower() == wanted}
        if not found:
            raise JqlError(f"The option '{text}' for field '{name}' does not exist.")
        return frozenset(found)

    def cascade(self, field_id: str, name: str, arguments: tuple[str, ...]) -> Found:
        """`cascadeOption(parent, child)`."""
        found = frozenset[Any]()
        for depth, text in enumerate(arguments[:2]):
            if text.lower() == "none":
                continue
            ids = self.options(field_id, name, text, True)
            found = frozenset(o for o in ids if (self.state.options[o].parent_id is None) is (depth == 0))
        return found


def _renamed(found: Searchable, name: str) -> Searchable:
    """Texts name a field as the query does."""
    resolve, own = found.resolve, f"field '{found.name}'"

    def resolved(text: str, quoted: bool) -> Found:
        try:
            return resolve(text, quoted)
        except JqlError as error:
            raise JqlError(*(part.replace(own, f"field '{name}'") for part in error.messages)) from error

    return replace(found, name=name, resolve=resolved)


def _some(found: set[Any], text: str, name: str) -> Found:
    if not found:
        raise missing_value(text, name)
    return frozenset(found)
