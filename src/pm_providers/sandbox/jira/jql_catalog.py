"""The fields of JQL by name: the system fields, and custom fields by their kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pm_providers.sandbox.jira.adf import plain_text
from pm_providers.sandbox.jira.jql_fields import (
    Found,
    Scope,
    Searchable,
    Values,
    folded,
    missing_value,
    number_of,
    one,
    text_only,
)
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.view import CATEGORIES

__all__ = ["SYSTEM", "start_of_day"]

Maker = Callable[[Scope], Searchable]


def _project(s: Scope) -> Searchable:
    return Searchable(
        "project",
        "set",
        lambda i: (i.project_id,),
        partial(s.project, "project"),
        sort=lambda i: s.state.projects[i.project_id].key,
        empty=False,
    )


def _type(s: Scope) -> Searchable:
    return Searchable(
        "issuetype",
        "set",
        lambda i: (i.type_id,),
        partial(s.named, "issuetype", s.in_projects(s.state.types)),
        functions={
            "standardissuetypes": partial(s.types, lambda level: level >= 0),
            "subtaskissuetypes": partial(s.types, lambda level: level < 0),
        },
        sort=lambda i: s.state.types[i.type_id].name.lower(),
        empty=False,
        history="issuetype",
    )


def _status(s: Scope) -> Searchable:
    return Searchable(
        "status",
        "set",
        lambda i: (i.status_id,),
        partial(s.named, "status", s.in_projects(s.state.statuses)),
        sort=lambda i: i.status_id,
        empty=False,
        history="status",
    )


def _category(s: Scope) -> Searchable:
    def resolve(text: str, _quoted: bool) -> Found:
        for key, (number, _, name) in CATEGORIES.items():
            if text.lower() in {key, str(number), name.lower()}:
                return frozenset({key})
        raise missing_value(text, "statusCategory")

    def read(issue: Issue) -> Values:
        return (s.state.statuses[issue.status_id].category,)

    order = {key: n for n, key in enumerate(("undefined", "new", "indeterminate", "done"))}
    return Searchable("statusCategory", "set", read, resolve, sort=lambda i: order[read(i)[0]], empty=False)


def _priority(s: Scope) -> Searchable:
    return Searchable(
        "priority",
        "ranked",
        lambda i: one(i.priority_id),
        partial(s.named, "priority", list(s.state.priorities)),
        rank=lambda key: (0, -key),
        sort=lambda i: None if i.priority_id is None else -i.priority_id,
        history="priority",
    )


def _resolution(s: Scope) -> Searchable:
    def resolve(text: str, quoted: bool) -> Found:
        if text.lower() == "unresolved":
            return frozenset({None})
        return s.named("resolution", s.state.resolutions, text, quoted)

    return Searchable(
        "resolution",
        "set",
        lambda i: one(i.resolution_id),
        resolve,
        sort=lambda i: i.resolution_id,
        history="resolution",
    )


def _labels(_s: Scope) -> Searchable:
    return Searchable(
        "labels",
        "set",
        lambda i: tuple(label.casefold() for label in i.labels),
        folded,
        sort=lambda i: tuple(sorted(i.labels)) or None,
    )


def _parts(name: str, attribute: str, table: str, *, versions: bool) -> Maker:
    def make(s: Scope) -> Searchable:
        rows = s.in_projects(getattr(s.state, table))
        return Searchable(
            name,
            "set",
            lambda i: getattr(i, attribute),
            partial(s.named, name, rows),
            functions=s.version_functions() if versions else {},
            sort=lambda i: tuple(getattr(s.state, table)[k].name for k in getattr(i, attribute)) or None,
            history={"fix_version_ids": "fixVersions", "version_ids": "versions"}.get(
                attribute, "components"
            ),
        )

    return make


def _person(name: str, attribute: str) -> Maker:
    def make(s: Scope) -> Searchable:
        def sort(issue: Issue) -> Any:
            user = s.state.users.get(getattr(issue, attribute))
            return user.name.lower() if user else None

        history = attribute if attribute in {"assignee", "reporter"} else ""
        return Searchable(
            name,
            "set",
            lambda i: one(getattr(i, attribute)),
            partial(s.person, name),
            functions=s.people(),
            sort=sort,
            history=history,
        )

    return make


def _crowd(name: str, attribute: str) -> Maker:
    return lambda s: Searchable(
        name, "set", lambda i: getattr(i, attribute), partial(s.person, name), functions=s.people()
    )


def _key(name: str) -> Maker:
    def make(s: Scope) -> Searchable:
        def rank(key: int) -> tuple[Any, Any]:
            row = s.state.issues.get(key)
            return (0, 0) if row is None else (row.project_id, number_of(row.key))

        def sort(issue: Issue) -> Any:
            return (issue.key.rpartition("-")[0], number_of(issue.key))

        return Searchable(
            name,
            "ranked",
            lambda i: (i.id,),
            partial(s.issue, name),
            functions={
                "linkedissues": s.linked,
                "watchedissues": partial(s.marked, "watchers"),
                "votedissues": partial(s.marked, "voters"),
            },
            rank=rank,
            sort=sort,
            empty=False,
        )

    return make


def _parent(s: Scope) -> Searchable:
    return Searchable(
        "parent",
        "set",
        lambda i: one(i.parent_id),
        partial(s.issue, "parent"),
        functions={"linkedissues": s.linked},
        sort=lambda i: i.parent_id,
    )


def _links(s: Scope) -> Searchable:
    def read(issue: Issue) -> Values:
        out = s.state.links.where("source_id", issue.id)
        into = s.state.links.where("target_id", issue.id)
        return (*(link.target_id for link in out), *(link.source_id for link in into))

    return Searchable("issueLink", "set", read, partial(s.issue, "issueLink"))


def _link_types(s: Scope) -> Searchable:
    def read(issue: Issue) -> Values:
        out = s.state.links.where("source_id", issue.id)
        into = s.state.links.where("target_id", issue.id)
        types = s.state.link_types
        return (*(types[k.type_id].outward for k in out), *(types[k.type_id].inward for k in into))

    def resolve(text: str, _quoted: bool) -> Found:
        found: set[str] = set()
        for row in s.state.link_types:
            sides = {row.inward, row.outward}
            same = row.name.lower() == text.lower()
            found |= sides if same else {side for side in sides if side.lower() == text.lower()}
        if not found:
            raise missing_value(text, "issueLinkType")
        return frozenset(found)

    return Searchable("issueLinkType", "set", read, resolve)


def _moment(name: str, attribute: str) -> Maker:
    return lambda s: Searchable(
        name,
        "order",
        lambda i: one(getattr(i, attribute)),
        partial(s.date, name),
        sort=lambda i: getattr(i, attribute),
        dates=True,
    )


def start_of_day(s: Scope, text: str | None) -> datetime | None:
    """A date as the first instant of the day in the caller's zone."""
    if not text:
        return None
    day = datetime.fromisoformat(text).date()
    return datetime.combine(day, time(), ZoneInfo(s.zone)).astimezone(UTC)


def _due(s: Scope) -> Searchable:
    return Searchable(
        "due",
        "order",
        lambda i: one(start_of_day(s, i.due)),
        partial(s.date, "due"),
        sort=lambda i: i.due,
        dates=True,
    )


def _number(name: str, read: Callable[[Scope, Issue], Any]) -> Maker:
    return lambda s: Searchable(
        name, "order", lambda i: one(read(s, i)), partial(s.number, name), sort=lambda i: read(s, i)
    )


def _seconds(name: str, attribute: str) -> Maker:
    return lambda s: Searchable(
        name,
        "order",
        lambda i: one(getattr(i, attribute)),
        partial(s.duration, name),
        sort=lambda i: getattr(i, attribute),
    )


def _comments(s: Scope, issue: Issue) -> Values:
    return tuple(plain_text(row.body) for row in s.state.comments.where("issue_id", issue.id))


def _rich(attribute: str) -> Callable[[Scope, Issue], Values]:
    def read(_s: Scope, issue: Issue) -> Values:
        document = getattr(issue, attribute)
        return () if document is None else (plain_text(document),)

    return read


def _everything(s: Scope, issue: Issue) -> Values:
    texts: list[str] = [issue.summary, *_rich("description")(s, issue), *_rich("environment")(s, issue)]
    texts += _comments(s, issue)
    for value in issue.custom.values():
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            texts.append(plain_text(value))
    return tuple(texts)


def _texts(name: str, read: Callable[[Scope, Issue], Values], *, sort: bool = False) -> Maker:
    return lambda s: Searchable(
        name,
        "text",
        partial(read, s),
        partial(text_only, name),
        sort=(lambda i: i.summary.lower()) if sort else None,
        empty=name not in {"summary", "text"},
    )


def _worklogs(name: str, read: Callable[[Any], Any], shape: str) -> Maker:
    def make(s: Scope) -> Searchable:
        def values(issue: Issue) -> Values:
            rows = [row for row in s.state.worklogs.where("issue_id", issue.id) if row.removed is None]
            return tuple(value for value in (read(row) for row in rows) if value is not None)

        resolve: Any = {"set": s.person, "order": s.date, "text": text_only}[shape]
        functions = s.people() if shape == "set" else {}
        return Searchable(
            name, shape, values, partial(resolve, name), functions=functions, dates=shape == "order"
        )

    return make


def _attachments(s: Scope) -> Searchable:
    return Searchable(
        "attachments",
        "set",
        lambda i: tuple(row.id for row in s.state.attachments.where("issue_id", i.id)),
        partial(text_only, "attachments"),
    )


def _project_type(s: Scope) -> Searchable:
    return Searchable(
        "projectType",
        "set",
        lambda i: (s.state.projects[i.project_id].type_key,),
        lambda text, _quoted: frozenset({text.lower()}),
        empty=False,
    )


def _work_ratio(_s: Scope, issue: Issue) -> Any:
    return (issue.spent_s or 0) * 100 // issue.original_s if issue.original_s else None


_MAKERS: tuple[tuple[str, Maker], ...] = (
    ("project space", _project),
    ("issuetype type worktype", _type),
    ("status", _status),
    ("statuscategory", _category),
    ("priority", _priority),
    ("resolution", _resolution),
    ("labels", _labels),
    ("component", _parts("component", "component_ids", "components", versions=False)),
    ("fixversion", _parts("fixVersion", "fix_version_ids", "versions", versions=True)),
    ("affectedversion", _parts("affectedVersion", "version_ids", "versions", versions=True)),
    ("assignee", _person("assignee", "assignee")),
    ("reporter", _person("reporter", "reporter")),
    ("creator", _person("creator", "creator")),
    ("watcher", _crowd("watcher", "watchers")),
    ("voter", _crowd("voter", "voters")),
    ("key issuekey issue workitem workitemkey", _key("key")),
    ("id", _key("id")),
    ("parent", _parent),
    ("issuelink workitemlink", _links),
    ("issuelinktype workitemlinktype", _link_types),
    ("created createddate", _moment("created", "created")),
    ("updated updateddate", _moment("updated", "updated")),
    ("resolved resolutiondate", _moment("resolved", "resolved")),
    ("statuscategorychangeddate", _moment("statusCategoryChangedDate", "status_changed")),
    ("due duedate", _due),
    ("summary", _texts("summary", lambda _s, i: (i.summary,), sort=True)),
    ("description", _texts("description", _rich("description"))),
    ("environment", _texts("environment", _rich("environment"))),
    ("comment", _texts("comment", _comments)),
    ("text textfields", _texts("text", _everything)),
    ("votes", _number("votes", lambda _s, i: len(i.voters))),
    ("watchers", _number("watchers", lambda _s, i: len(i.watchers))),
    ("workratio", _number("workratio", _work_ratio)),
    ("hierarchylevel", _number("hierarchyLevel", lambda s, i: s.state.types[i.type_id].level)),
    ("timespent", _seconds("timespent", "spent_s")),
    ("originalestimate timeoriginalestimate", _seconds("originalEstimate", "original_s")),
    ("remainingestimate timeestimate", _seconds("remainingEstimate", "remaining_s")),
    ("worklogauthor", _worklogs("worklogAuthor", lambda row: row.author, "set")),
    ("worklogdate", _worklogs("worklogDate", lambda row: row.started, "order")),
    (
        "worklogcomment",
        _worklogs("worklogComment", lambda row: plain_text(row.comment) if row.comment else None, "text"),
    ),
    ("attachments", _attachments),
    ("projecttype", _project_type),
)
SYSTEM: dict[str, Maker] = {name: maker for names, maker in _MAKERS for name in names.split()}
