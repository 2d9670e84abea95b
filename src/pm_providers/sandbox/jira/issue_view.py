"""How an issue looks in answers: its fields, and what `expand` adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pm_providers.sandbox.jira.agile_records import Sprint
from pm_providers.sandbox.jira.durations import spoken
from pm_providers.sandbox.jira.field_sets import FieldSet
from pm_providers.sandbox.jira.html import to_html
from pm_providers.sandbox.jira.records import Field, Issue
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Session

__all__ = ["IssueView", "rank_text", "sprint_stamp"]

EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
EMBEDDED_WORKLOGS = 20
EMBEDDED_CHANGES = 40
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# shown for every issue, whatever is on its screens
_ALWAYS = frozenset({"sprint", "rank"})


class IssueView(View):
    """Builds the JSON of issues as one caller sees them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._visible: dict[tuple[int, int], list[Field]] = {}
        self._wanted: dict[tuple[int, int, FieldSet], list[Field]] = {}

    def issue(
        self, row: Issue, wanted: FieldSet, expand: Iterable[str] = (), properties: Iterable[str] = ()
    ) -> dict[str, Any]:
        """One issue with the wanted fields.

        Args:
            row: the issue.
            wanted: its fields.
            expand: names, schema, renderedFields, transitions, editmeta, operations or changelog.
            properties: keys of entity properties; `*all` for all.
        """
        if wanted.bare and not expand and not properties:
            return {"id": str(row.id), **({"key": row.key} if wanted.key else {})}
        body: dict[str, Any] = {
            "expand": EXPAND,
            "id": str(row.id),
            "self": f"{self.api}/issue/{row.id}",
            "key": row.key,
        }
        fields = self._fields(row, wanted)
        if not wanted.bare:
            body["fields"] = self._values(row, fields)
        body |= self._expanded(row, fields, set(expand))
        keys = list(properties)
        if keys:
            body["properties"] = {
                key: value for key, value in row.properties.items() if "*all" in keys or key in keys
            }
        return body

    def _fields(self, row: Issue, wanted: FieldSet) -> list[Field]:
        slot = (row.project_id, row.type_id, wanted)
        if slot not in self._wanted:
            self._wanted[slot] = [field for field in self.fields_of(row) if wanted.wants(field.id)]
        return self._wanted[slot]

    def fields_of(self, row: Issue) -> list[Field]:
        """Fields that an issue shows: all system fields, and the custom fields of its screens."""
        slot = (row.project_id, row.type_id)
        if slot not in self._visible:
            layout = self.state.layout(self.state.projects[row.project_id], row.type_id)
            shown = set(layout.create) | set(layout.edit)
            self._visible[slot] = [
                field
                for field in self.state.fields
                if field.id not in {"issuekey", "thumbnail"}
                and (not field.number or field.id in shown or field.kind in _ALWAYS)
            ]
        return self._visible[slot]

    def _values(self, row: Issue, fields: list[Field]) -> dict[str, Any]:
        found = {}
        for field in fields:
            value = self.value(row, field)
            if value is None and field.id == "parent":
                continue  # absent without a parent (recorded)
            found[field.id] = value
        return found

    def value(self, row: Issue, field: Field) -> Any:
        """The value of one field."""
        reader = _SYSTEM.get(field.id)
        if reader is not None:
            return reader(self, row)
        return _CUSTOM.get(field.kind, _plain)(self, row, field)

    def _expanded(self, row: Issue, fields: list[Field], expand: set[str]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if "names" in expand:
            body["names"] = {field.id: field.name for field in fields}
        if "schema" in expand:
            body["schema"] = {field.id: field.schema for field in fields if field.schema}
        if "renderedFields" in expand:
            body["renderedFields"] = {field.id: self._rendered(row, field) for field in fields}
        if "operations" in expand:
            body["operations"] = {"linkGroups": []}
        if "changelog" in expand:
            body["changelog"] = self._changelog(row)
        if "transitions" in expand:
            from pm_providers.sandbox.jira.transitions import transitions_of

            body["transitions"] = transitions_of(self.session, row, with_fields=False)
        if "editmeta" in expand:
            from pm_providers.sandbox.jira.meta import edit_meta

            body["editmeta"] = {"fields": edit_meta(self.session, row)}
        return body

    def _rendered(self, row: Issue, field: Field) -> Any:
        if field.kind != "rich":
            return None
        document = row.custom.get(field.id) if field.number else getattr(row, field.id)
        return to_html(document)

    def _changelog(self, row: Issue) -> dict[str, Any]:
        rows = self.state.changes.where("issue_id", row.id)
        newest = rows[::-1][:EMBEDDED_CHANGES]
        return {
            "startAt": 0,
            "maxResults": len(newest),
            "total": len(rows),
            "histories": [self.change(change) for change in newest],
        }

    def brief(self, issue_id: int) -> dict[str, Any]:
        """An issue inside another one: parent, sub-task, link."""
        row = self.state.issues[issue_id]
        return {
            "id": str(row.id),
            "key": row.key,
            "self": f"{self.api}/issue/{row.id}",
            "fields": {
                "summary": row.summary,
                "status": self.status(row.status_id),
                "priority": self.priority(row.priority_id),
                "issuetype": self.issue_type(row.type_id),
            },
        }

    def links(self, row: Issue) -> list[dict[str, Any]]:
        """Links of an issue: the other end as `outwardIssue` where this one is the source."""
        rows = [
            *((link, "outwardIssue", link.target_id) for link in self.state.links.where("source_id", row.id)),
            *((link, "inwardIssue", link.source_id) for link in self.state.links.where("target_id", row.id)),
        ]
        found = []
        for link, side, other in sorted(rows, key=lambda entry: entry[0].id):
            if self.may("BROWSE_PROJECTS", self.state.issues[other].project_id):
                found.append(
                    {
                        "id": str(link.id),
                        "self": f"{self.api}/issueLink/{link.id}",
                        "type": self.link_type(link.type_id),
                        side: self.brief(other),
                    }
                )
        return found

    def sprint(self, row: Sprint) -> dict[str, Any]:
        """A sprint as the sprint field shows it."""
        body: dict[str, Any] = {
            "id": row.id,
            "name": row.name,
            "state": row.state,
            "boardId": row.board_id,
            "goal": row.goal,
        }
        for name, moment in (("startDate", row.start), ("endDate", row.end), ("completeDate", row.completed)):
            if moment is not None:
                body[name] = sprint_stamp(moment)
        return body

    def progress(self, rows: list[Issue]) -> dict[str, Any]:
        """Time spent of time planned."""
        spent = sum(row.spent_s or 0 for row in rows)
        total = spent + sum(row.remaining_s or 0 for row in rows)
        return {"progress": spent, "total": total, **({"percent": spent * 100 // total} if total else {})}

    def family(self, row: Issue) -> list[Issue]:
        """An issue and its sub-tasks."""
        return [row, *self.state.subtasks(row.id)]


def sprint_stamp(moment: Any) -> str:
    """A moment as the agile API writes it: `2026-02-06T09:30:49.157Z`."""
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def rank_text(rank: int) -> str:
    """A rank as text whose order is the order of ranks."""
    digits = ""
    while rank:
        rank, rest = divmod(rank, 36)
        digits = _DIGITS[rest] + digits
    return f"0|{digits.rjust(10, '0')}:"


def _total(rows: list[Issue], name: str) -> int | None:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return sum(values) if values else None


def _time_tracking(view: IssueView, row: Issue) -> dict[str, Any]:
    body: dict[str, Any] = {}
    parts = (
        ("originalEstimate", row.original_s),
        ("remainingEstimate", row.remaining_s),
        ("timeSpent", row.spent_s),
    )
    for name, seconds in parts:
        if seconds is not None:
            body[name] = spoken(seconds, view.state.settings)
    for name, seconds in parts:
        if seconds is not None:
            body[f"{name}Seconds"] = seconds
    return body


def _parent(view: IssueView, row: Issue) -> Any:
    return None if row.parent_id is None else view.brief(row.parent_id)


def _comments(view: IssueView, row: Issue) -> dict[str, Any]:
    from pm_providers.sandbox.jira.comments import visible_comments

    rows = visible_comments(view.session, row)
    return {
        "comments": [view.comment(comment) for comment in rows],
        "self": f"{view.api}/issue/{row.id}/comment",
        "maxResults": len(rows),
        "total": len(rows),
        "startAt": 0,
    }


def _worklogs(view: IssueView, row: Issue) -> dict[str, Any]:
    from pm_providers.sandbox.jira.worklogs import visible_worklogs

    rows = visible_worklogs(view.session, row)
    return {
        "startAt": 0,
        "maxResults": EMBEDDED_WORKLOGS,
        "total": len(rows),
        "worklogs": [view.worklog(worklog) for worklog in rows[:EMBEDDED_WORKLOGS]],
    }


def _watches(view: IssueView, row: Issue) -> dict[str, Any]:
    me = view.session.user
    return {
        "self": f"{view.api}/issue/{row.key}/watchers",
        "watchCount": len(row.watchers),
        "isWatching": me is not None and me.id in row.watchers,
    }


def _votes(view: IssueView, row: Issue) -> dict[str, Any]:
    me = view.session.user
    return {
        "self": f"{view.api}/issue/{row.key}/votes",
        "votes": len(row.voters),
        "hasVoted": me is not None and me.id in row.voters,
    }


def _work_ratio(_view: IssueView, row: Issue) -> int:
    return -1 if not row.original_s else (row.spent_s or 0) * 100 // row.original_s


_SYSTEM: dict[str, Callable[[IssueView, Issue], Any]] = {
    "summary": lambda _v, i: i.summary,
    "description": lambda v, i: v.rich(i.description),
    "environment": lambda v, i: v.rich(i.environment),
    "issuetype": lambda v, i: v.issue_type(i.type_id),
    "project": lambda v, i: v.project_ref(i.project_id),
    "status": lambda v, i: v.status(i.status_id),
    "statusCategory": lambda v, i: v.category(v.state.statuses[i.status_id].category),
    "statuscategorychangedate": lambda v, i: v.stamp(i.status_changed),
    "priority": lambda v, i: v.priority(i.priority_id),
    "resolution": lambda v, i: v.resolution(i.resolution_id),
    "resolutiondate": lambda v, i: v.stamp(i.resolved),
    "created": lambda v, i: v.stamp(i.created),
    "updated": lambda v, i: v.stamp(i.updated),
    "assignee": lambda v, i: v.user(i.assignee),
    "reporter": lambda v, i: v.user(i.reporter),
    "creator": lambda v, i: v.user(i.creator),
    "labels": lambda _v, i: list(i.labels),
    "components": lambda v, i: [v.component_ref(key) for key in i.component_ids],
    "fixVersions": lambda v, i: [v.version_ref(key) for key in i.fix_version_ids],
    "versions": lambda v, i: [v.version_ref(key) for key in i.version_ids],
    "duedate": lambda _v, i: i.due,
    "parent": _parent,
    "subtasks": lambda v, i: [v.brief(row.id) for row in v.state.subtasks(i.id)],
    "issuelinks": lambda v, i: v.links(i),
    "attachment": lambda v, i: [v.attachment(row) for row in v.state.attachments.where("issue_id", i.id)],
    "comment": _comments,
    "worklog": _worklogs,
    "timetracking": _time_tracking,
    "timespent": lambda _v, i: i.spent_s,
    "timeestimate": lambda _v, i: i.remaining_s,
    "timeoriginalestimate": lambda _v, i: i.original_s,
    "aggregatetimespent": lambda v, i: _total(v.family(i), "spent_s"),
    "aggregatetimeestimate": lambda v, i: _total(v.family(i), "remaining_s"),
    "aggregatetimeoriginalestimate": lambda v, i: _total(v.family(i), "original_s"),
    "progress": lambda v, i: v.progress([i]),
    "aggregateprogress": lambda v, i: v.progress(v.family(i)),
    "workratio": _work_ratio,
    "watches": _watches,
    "votes": _votes,
    "security": lambda _v, _i: None,
    "lastViewed": lambda _v, _i: None,
    "issuerestriction": lambda _v, _i: {"issuerestrictions": {}, "shouldDisplay": True},
}


def _plain(_view: IssueView, row: Issue, field: Field) -> Any:
    return row.custom.get(field.id)


def _epic_link(view: IssueView, row: Issue, _field: Field) -> Any:
    parent = view.state.issues.get(row.parent_id)
    return parent.key if parent is not None and view.state.types[parent.type_id].level == 1 else None


def _sprints(view: IssueView, row: Issue, _field: Field) -> Any:
    found = [view.state.sprints.get(key) for key in row.sprint_ids]
    return [view.sprint(sprint) for sprint in found if sprint is not None] or None


def _cascading(view: IssueView, row: Issue, field: Field) -> Any:
    pair = row.custom.get(field.id)
    if pair is None:
        return None
    parent, child = pair
    return {**view.option(parent), **({"child": view.option(child)} if child is not None else {})}


def _each(build: Callable[[IssueView, Any], Any]) -> Callable[[IssueView, Issue, Field], Any]:
    def read(view: IssueView, row: Issue, field: Field) -> Any:
        values = row.custom.get(field.id)
        return None if values is None else [build(view, value) for value in values]

    return read


def _single(build: Callable[[IssueView, Any], Any]) -> Callable[[IssueView, Issue, Field], Any]:
    def read(view: IssueView, row: Issue, field: Field) -> Any:
        value = row.custom.get(field.id)
        return None if value is None else build(view, value)

    return read


def _group(view: IssueView, key: str) -> Any:
    group = view.state.groups.get(key)
    return None if group is None else view.group(group)


def _moment(view: IssueView, value: Any) -> Any:
    return view.stamp(value)


_CUSTOM: dict[str, Callable[[IssueView, Issue, Field], Any]] = {
    "rich": _single(lambda view, value: view.rich(value)),
    "datetime": _single(_moment),
    "option": _single(lambda view, value: view.option(value)),
    "options": _each(lambda view, value: view.option(value)),
    "cascading": _cascading,
    "user": _single(lambda view, value: view.user(value)),
    "users": _each(lambda view, value: view.user(value)),
    "group": _single(_group),
    "groups": _each(_group),
    "version": _single(lambda view, value: view.version_ref(value)),
    "versions": _each(lambda view, value: view.version_ref(value)),
    "labels": _each(lambda _view, value: value),
    "sprint": _sprints,
    "rank": lambda _view, row, _field: rank_text(row.rank),
    "epic-link": _epic_link,
}
