"""The filters of work package lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.filters import (
    DATES,
    DATETIMES,
    LIST,
    LIST_OPTIONAL,
    NUMBERS,
    SEARCH,
    TEXT,
    FilterSpec,
    Marked,
)
from pm_providers.sandbox.openproject.records import Principal, Project, WorkPackage
from pm_providers.sandbox.openproject.sharing import shared_versions
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import to_bool
from pm_providers.sandbox.openproject.web import Call

__all__ = ["wp_specs"]

CONTAINS = frozenset({"~", "!~"})
_FIELD_OPERATORS = {
    "list": LIST_OPTIONAL,
    "user": LIST_OPTIONAL,
    "version": LIST_OPTIONAL,
    "bool": LIST,
    "int": NUMBERS,
    "float": NUMBERS,
    "date": DATES,
    "text": frozenset({"~", "!~", "*", "!*"}),
    "string": TEXT,
    "link": TEXT,
}
_FIELD_KINDS = {"int": "number", "float": "number", "date": "date", "bool": "bool"}


class _Values:
    """Which values exist for this user; a value outside makes the whole call fail with 400."""

    def __init__(self, call: Call, project: Project | None) -> None:
        self.call, self.project, self.state = call, project, call.state

    def ids(self, table: Any) -> Callable[[], set[str]]:
        return lambda: {str(row.id) for row in table}

    def people(self) -> set[str]:
        """Members of the project, or of any project that the user sees."""
        state, user = self.state, self.call.user
        found = {user.id} if not user.anonymous else set()
        if self.project is not None:
            projects = [self.project, *state.project_descendants(self.project.id)]
        else:
            projects = access.visible_projects(state, user)
        for project in projects:
            found |= {m.principal_id for m in state.memberships.where("project_id", project.id)}
        groups = [p for p in state.principals if p.kind == "Group" and p.id in found]
        return {str(key) for key in found | {m for g in groups for m in g.members}}

    def authors(self) -> set[str]:
        """Everybody who may have written a visible work package."""
        return self.people() | {str(row.author_id) for row in self.state.work_packages}

    def versions(self) -> set[str]:
        """Recorded 13-…: steps 17 and 75: the global list knows versions shared with all only."""
        if self.project is not None:
            return {str(v.id) for v in shared_versions(self.state, self.project)}
        return {str(v.id) for v in self.state.versions if v.sharing == "system"}

    def work_packages(self) -> set[str]:
        """Visible work packages."""
        seen = access.projects_allowing(self.state, self.call.user, "view_work_packages")
        return {str(row.id) for row in self.state.work_packages if row.project_id in seen}

    def projects(self) -> set[str]:
        """Visible active projects."""
        rows = access.visible_projects(self.state, self.call.user)
        return {str(p.id) for p in rows if p.active}

    def categories(self) -> set[str]:
        """Categories of the project."""
        key = self.project.id if self.project else None
        return {str(c.id) for c in self.state.categories.where("project_id", key)}


def wp_specs(call: Call, project: Project | None) -> dict[str, FilterSpec]:
    """All filters by their snake-case name."""
    values = _Values(call, project)
    specs = {
        **_reference_specs(call, values),
        **_date_specs(),
        **_text_specs(call),
        **_relation_specs(call, values),
        **_custom_specs(call),
    }
    if project is not None:
        scope = FilterSpec("Subproject", frozenset({"*", "!*", "=", "!"}), lambda _row: None)
        specs["subproject_id"] = specs["subproject"] = scope
    return specs


def _me(user: Principal) -> Callable[[str], str]:
    return lambda value: str(user.id) if value == "me" else value


def _reference_specs(call: Call, values: _Values) -> dict[str, FilterSpec]:
    state, me = call.state, _me(call.user)
    statuses = frozenset({"=", "!", "o", "c", "*"})
    ids = values.ids

    def reference(human: str, name: str, allowed: Any, operators: Any = LIST_OPTIONAL) -> FilterSpec:
        return FilterSpec(human, operators, lambda row: getattr(row, name), allowed=allowed)

    def people(human: str, name: str, allowed: Any, operators: Any = LIST_OPTIONAL) -> FilterSpec:
        return FilterSpec(human, operators, lambda row: getattr(row, name), "list", allowed, me)

    assignee = people("Assignee", "assignee_id", values.people)
    return {
        "id": reference("Id", "id", values.work_packages, LIST),
        "status": FilterSpec(
            "Status", statuses, lambda row: _status_value(state, row), allowed=ids(state.statuses)
        ),
        "type": reference("Type", "type_id", ids(state.types), LIST),
        "priority": reference("Priority", "priority_id", ids(state.priorities), LIST),
        "project": reference("Project", "project_id", values.projects, LIST),
        "project_id": reference("Project", "project_id", values.projects, LIST),
        "only_subproject": reference("Project", "project_id", values.projects, LIST),
        "category": reference("Category", "category_id", values.categories),
        "version": FilterSpec(
            "Version",
            LIST_OPTIONAL | {"o", "c", "l"},
            lambda row: _version_value(state, row),
            allowed=values.versions,
        ),
        "parent": reference("Parent", "parent_id", values.work_packages, LIST),
        "assignee": assignee,
        "assigned_to": assignee,
        "assignee_or_group": assignee,
        "responsible": people("Accountable", "responsible_id", values.people),
        "author": people("Author", "author_id", values.authors, LIST),
        "watcher": people("Watcher", "watcher_ids", values.people, LIST),
        **(
            {"sprint": reference("Sprint", "sprint_id", ids(state.sprints))} if state.features.sprints else {}
        ),
    }


def _status_value(state: State, row: WorkPackage) -> Marked:
    return Marked(row.status_id, "c" if state.statuses[row.status_id].closed else "o")


def _version_value(state: State, row: WorkPackage) -> Marked | None:
    version = state.versions.get(row.version_id)
    return None if version is None else Marked(version.id, version.status[0])


def _date_specs() -> dict[str, FilterSpec]:
    def day(human: str, value: Callable[[WorkPackage], Any]) -> FilterSpec:
        return FilterSpec(human, DATES, value, "date")

    interval = FilterSpec("Dates interval", frozenset({"<>d"}), lambda row: row, "interval")
    return {
        "created_at": FilterSpec("Created on", DATETIMES, lambda row: row.created, "datetime"),
        "updated_at": FilterSpec("Updated on", DATETIMES, lambda row: row.updated, "datetime"),
        "start_date": day("Start date", lambda row: row.start),
        "due_date": day("Finish date", lambda row: row.due),
        "dates_interval": interval,
        "percentage_done": FilterSpec("Progress (%)", NUMBERS, lambda row: row.done, "number"),
        "done_ratio": FilterSpec("Progress (%)", NUMBERS, lambda row: row.done, "number"),
        "estimated_time": FilterSpec("Estimated time", NUMBERS, lambda row: row.estimated_hours, "number"),
        "story_points": FilterSpec("Story Points", NUMBERS, lambda row: row.story_points, "number"),
        "remaining_time": FilterSpec("Remaining hours", NUMBERS, lambda row: row.remaining_hours, "number"),
    }


def _text_specs(call: Call) -> dict[str, FilterSpec]:
    state = call.state

    def comments(row: WorkPackage) -> str:
        return "\n".join(j.notes for j in state.journals.where("work_package_id", row.id))

    def everything(row: WorkPackage) -> str:
        return f"{row.subject}\n{row.description or ''}\n{comments(row)}"

    def files(row: WorkPackage) -> str:
        rows = state.attachments.where("container", ("work_packages", row.id))
        return "\n".join(f.file_name for f in rows)

    with_id = lambda row: f"{row.id} {row.subject}"  # noqa: E731  # used twice
    return {
        "subject": FilterSpec("Subject", TEXT, lambda row: row.subject, "text"),
        "description": FilterSpec("Description", CONTAINS, lambda row: row.description, "text"),
        "comment": FilterSpec("Comment", CONTAINS, comments, "text"),
        "attachment_file_name": FilterSpec("Attachment file name", CONTAINS, files, "text"),
        "search": FilterSpec("Search", SEARCH, everything, "text"),
        "subject_or_id": FilterSpec("Subject or id", SEARCH, with_id, "text"),
        "typeahead": FilterSpec("Typeahead", SEARCH, with_id, "text"),
    }


_RELATION_FILTERS = {
    "relates": ("relates", "both"),
    "blocks": ("blocks", "from"),
    "blocked": ("blocks", "to"),
    "follows": ("follows", "from"),
    "precedes": ("follows", "to"),
    "duplicates": ("duplicates", "from"),
    "duplicated": ("duplicates", "to"),
    "includes": ("includes", "from"),
    "partof": ("includes", "to"),
    "requires": ("requires", "from"),
    "required": ("requires", "to"),
}


def _relation_specs(call: Call, values: _Values) -> dict[str, FilterSpec]:
    """`{"blocks": ["7"]}` finds what 7 blocks: the other ends of 7's relations."""
    state = call.state

    def others(kind: str, side: str) -> Callable[[WorkPackage], list[int]]:
        def find(row: WorkPackage) -> list[int]:
            found: list[int] = []
            if side in {"from", "both"}:
                rows = state.relations.where("to_id", row.id)
                found += [r.from_id for r in rows if r.kind == kind]
            if side in {"to", "both"}:
                rows = state.relations.where("from_id", row.id)
                found += [r.to_id for r in rows if r.kind == kind]
            return found

        return find

    return {
        name: FilterSpec(
            name.capitalize(), frozenset({"="}), others(kind, side), allowed=values.work_packages
        )
        for name, (kind, side) in _RELATION_FILTERS.items()
    }


def _custom_specs(call: Call) -> dict[str, FilterSpec]:
    specs: dict[str, FilterSpec] = {}
    for field in call.state.custom_fields.where("owner", "WorkPackage"):
        if not field.filterable:
            continue
        kind = _FIELD_KINDS.get(field.format, "text")
        allowed = None
        if field.format in {"list", "user", "version"}:
            kind = "list"
        if field.format == "list":
            allowed = lambda key=field.id: {str(o.id) for o in call.state.options(key)}  # noqa: E731
        value = lambda row, key=field.id: row.custom.get(key)  # noqa: E731
        if field.format == "bool":
            value = lambda row, key=field.id: to_bool(row.custom.get(key))  # noqa: E731
        spec = FilterSpec(field.name, _FIELD_OPERATORS[field.format], value, kind, allowed)
        specs[f"cf_{field.id}"] = specs[f"custom_field{field.id}"] = spec
    return specs
