"""Which records the command line offers, under which word, with which filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any

from pm_providers.model import Entity, SprintStatus, TaskStatus
from pm_providers.surfaces.cli.options import option

__all__ = ["RESOURCES", "Resource"]


def _project(help_text: str = "Only of this project (id or key).", *, default: Any = None) -> Parameter:
    return option(
        "project_id", str | None if default is None else str, help_text, "--project-id", "--project",
        metavar="ID", default=default,
    )  # fmt: skip


def _task(*, default: Any = ...) -> Parameter:
    kind = str if default is ... else str | None
    return option(
        "task_id", kind, "Of this task (id or key).", "--task-id", "--task", metavar="ID", default=default
    )


_ARCHIVED = option("include_archived", bool, "Archived ones too.", "--include-archived", default=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """One group of commands.

    Attributes:
        entity: kind of record.
        word: name of the group.
        help: one line.
        filters: options of `list`; names are those of the provider's list method.
        verbs: commands besides `list`.
        arguments: filters -> arguments of the list method, where they are not the same.
        words: names of commands that are called otherwise than their verbs.
        scoped: options that tell updates and deletes where the record stands (its task, its checklist), where
            a vendor needs that.
        creating: the same for new records, beside their fields.
    """

    entity: Entity
    word: str
    help: str
    filters: tuple[Parameter, ...] = ()
    verbs: tuple[str, ...] = ("get", "create", "update", "delete")
    arguments: Callable[[dict[str, Any]], Mapping[str, Any]] = dict
    words: Mapping[str, str] = field(default_factory=dict)
    scoped: tuple[Parameter, ...] = ()
    creating: tuple[Parameter, ...] = ()


_PARTS = ("create", "update", "delete")
_SCOPE = option(
    "task_id", str | None, "Task that it stands on; only some systems need it.", "--task", metavar="ID"
)
_IN_PROJECT = option(
    "project_id", str | None, "Its project; only some systems need it.", "--project", metavar="ID"
)

_IN_CHECKLIST = option(
    "checklist_id", str | None, "Its checklist; only some systems need it.", "--checklist", metavar="ID"
)

RESOURCES: tuple[Resource, ...] = (
    Resource(Entity.PROJECT, "projects", "Projects.", (_ARCHIVED,)),
    Resource(
        Entity.TASK,
        "tasks",
        "Tasks: work packages, issues, cards.",
        (
            _project(),
            option(
                "assignee_id",
                str | None,
                "Only assigned to this user.",
                "--assignee-id",
                "--assignee",
                metavar="ID",
            ),
            option("sprint_id", str | None, "Only of this sprint.", "--sprint-id", "--sprint", metavar="ID"),
            option(
                "status",
                str | None,
                f"Only of this status: {', '.join(TaskStatus)}, or the system's own.",
                metavar="VALUE",
                autocompletion=lambda: list(TaskStatus),
            ),
            option("updated_since", str | None, "Only changed since (ISO 8601).", metavar="WHEN"),
            option("search", str | None, "Only those that the system's search finds.", metavar="TEXT"),
            _ARCHIVED,
        ),
    ),
    Resource(
        Entity.SPRINT,
        "sprints",
        "Sprints: iterations, versions.",
        (
            _project(),
            option(
                "status",
                str | None,
                "Only of this status: planned, active, closed.",
                metavar="VALUE",
                autocompletion=lambda: list(SprintStatus),
            ),
        ),
    ),
    Resource(Entity.USER, "users", "Users.", (_project("Only members of this project (id or key)."),)),
    Resource(Entity.COMMENT, "comments", "Comments of a task.", (_task(),), _PARTS, scoped=(_SCOPE,)),
    Resource(
        Entity.CHECKLIST,
        "checklists",
        "Checklists of a task, with their items.",
        (_task(),),
        _PARTS,
        scoped=(_SCOPE,),
    ),
    Resource(
        Entity.CHECKLIST_ITEM,
        "checklist-items",
        "Items of the checklists of a task.",
        (
            _task(),
            option("checklist_id", str | None, "Only of this checklist.", "--checklist", metavar="ID"),
        ),
        _PARTS,
        scoped=(_IN_CHECKLIST, _SCOPE),
        creating=(_SCOPE,),
    ),
    Resource(
        Entity.LABEL,
        "labels",
        "Labels: tags, categories.",
        (_project(),),
        _PARTS,
        scoped=(_IN_PROJECT,),
    ),
    Resource(Entity.RELATION, "relations", "Relations of a task.", (_task(),), _PARTS, scoped=(_SCOPE,)),
    Resource(
        Entity.MEMBERSHIP,
        "memberships",
        "Members of a project, and their roles.",
        (_project("Of this project (id or key).", default=...),),
        _PARTS,
        words={"create": "add", "delete": "remove"},
        scoped=(_IN_PROJECT,),
    ),
    Resource(
        Entity.TIME_ENTRY,
        "time-entries",
        "Hours worked.",
        (_task(default=None), _project()),
        _PARTS,
        scoped=(_SCOPE,),
    ),
    Resource(
        Entity.ATTACHMENT,
        "attachments",
        "Files of a task.",
        (_task(),),
        ("update", "delete"),
        scoped=(_SCOPE,),
    ),
)
"""All groups, in the order of the help."""
