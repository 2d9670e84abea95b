"""Records that stand around tasks and projects; the conventions of `pm_providers.model.entities` hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pm_providers.model.entities import Record, WriteWarning
from pm_providers.model.fields import FieldKind as K
from pm_providers.model.fields import Owner, spec
from pm_providers.model.values import RelationType

__all__ = [
    "PMAttachment",
    "PMChecklist",
    "PMChecklistItem",
    "PMComment",
    "PMLabel",
    "PMMembership",
    "PMRelation",
    "PMTimeEntry",
]


@dataclass(slots=True)
class PMComment(Record):
    """A comment on a task. Lists are oldest first.

    Attributes:
        task_id: task it stands on; required on creation, fixed after.
        body: Markdown.
        author_id: user who wrote it.
        raw_data: the vendor's record, untouched.
        author_name: display name of the author, where the vendor sends it along.
        is_internal: hidden from outsiders.
        created_at: instant of creation.
        updated_at: instant of the last change.
        url: address for people.
        warnings: what the last write did not do as asked.
    """

    task_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    body: str = spec(K.MARKDOWN, default="", required=True)
    author_id: str | None = spec(K.ID, default=None, owner=Owner.SERVER)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    author_name: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    is_internal: bool | None = spec(K.FLAG, default=None, owner=Owner.CREATOR)
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    url: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMLabel(Record):
    """A label: tag, category, component.

    Attributes:
        name: one line, unique within its project, compared without case.
        project_id: project it belongs to; missing for labels of the whole system.
        color: `#rrggbb`.
        raw_data: the vendor's record, untouched.
        warnings: what the last write did not do as asked.
    """

    name: str = spec(K.TEXT, default="", required=True)
    project_id: str | None = spec(K.ID, default=None, owner=Owner.CREATOR)
    color: str | None = spec(K.TEXT, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMRelation(Record):
    """A relation between two tasks, read as "from TYPE to".

    Attributes:
        from_task_id: task that blocks, precedes, duplicates, ...
        to_task_id: task that is blocked, follows, is duplicated, ...
        type: unified type. Inverse names (`blocked_by`, `follows`, ...) are taken on creation and stored with
            both ends swapped.
        lag_days: days between the end of `from` and the start of `to`; `precedes` only.
        description: one line.
        raw_data: the vendor's record, untouched.
        warnings: what the last write did not do as asked.
    """

    from_task_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    to_task_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    type: str = spec(K.CHOICE, default="relates", required=True, choices=RelationType)
    lag_days: int | None = spec(K.INTEGER, default=None)
    description: str | None = spec(K.TEXT, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMAttachment(Record):
    """A file on a task.

    Attributes:
        task_id: task it stands on; required on creation, fixed after.
        file_name: as stored; systems sanitise names.
        content_type: media type.
        size_bytes: length of the content.
        description: one line.
        author_id: user who uploaded it.
        url: address of the content; may need the provider's credentials, use `download_attachment`.
        raw_data: the vendor's record, untouched.
        created_at: instant of the upload.
        warnings: what the last write did not do as asked.
    """

    task_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    file_name: str = spec(K.TEXT, default="", required=True)
    content_type: str | None = spec(K.TEXT, default=None, owner=Owner.CREATOR)
    size_bytes: int | None = spec(K.INTEGER, default=None, owner=Owner.SERVER)
    description: str | None = spec(K.TEXT, default=None)
    author_id: str | None = spec(K.ID, default=None, owner=Owner.SERVER)
    url: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMTimeEntry(Record):
    """Work done on a task on a day.

    Attributes:
        task_id: task worked on; required on creation.
        hours: hours worked, above 0.
        spent_on: the day.
        user_id: who worked; the caller when missing on creation.
        comment: one line of text.
        activity: vendor's name of the kind of work ("Development").
        project_id: project of the task.
        raw_data: the vendor's record, untouched.
        created_at: instant of creation.
        updated_at: instant of the last change.
        warnings: what the last write did not do as asked.
    """

    task_id: str | None = spec(K.ID, default=None, required=True)
    hours: float = spec(K.HOURS, default=0.0, required=True)
    spent_on: date | None = spec(K.DATE, default=None, required=True)
    user_id: str | None = spec(K.ID, default=None, owner=Owner.CREATOR)
    comment: str | None = spec(K.TEXT, default=None)
    activity: str | None = spec(K.TEXT, default=None)
    project_id: str | None = spec(K.ID, default=None, owner=Owner.SERVER)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMMembership(Record):
    """What a user, or a group, may do in a project.

    Attributes:
        project_id: project it holds in; required on creation, fixed after.
        user_id: user or group that is a member; required on creation, fixed after.
        roles: the system's names of the roles, without order. Names (case ignored) or ids are taken on
            writing; writing replaces them all.
        raw_data: the vendor's record, untouched.
        is_inherited: all its roles come from a group or from a parent project: it can be neither changed nor
            deleted here.
        created_at: instant of creation.
        updated_at: instant of the last change.
        warnings: what the last write did not do as asked.
    """

    project_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    user_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    roles: list[str] = spec(K.NAMES, factory=list, required=True)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    is_inherited: bool = spec(K.FLAG, default=False, owner=Owner.SERVER)
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMChecklistItem(Record):
    """One line of a checklist, to be ticked off.

    Attributes:
        title: one line.
        checklist_id: checklist it stands in; fixed after creation. Not looked at in the items of a new
            checklist.
        is_done: ticked off.
        assignee_id: user who is to do it.
        due_date: last day.
        parent_id: item of the same checklist that it stands below. In a new checklist: the `id` that an
            earlier item of the list carries (ids are not used otherwise).
        position: place among the items with the same parent, from 0; the write warns of a place beyond
            the end, which is the end. New items come last when missing.
        raw_data: the vendor's record, untouched.
        warnings: what the last write did not do as asked.
    """

    title: str = spec(K.TEXT, default="", required=True)
    checklist_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    is_done: bool = spec(K.FLAG, default=False)
    assignee_id: str | None = spec(K.ID, default=None)
    due_date: date | None = spec(K.DATE, default=None)
    parent_id: str | None = spec(K.ID, default=None)
    position: int | None = spec(K.INTEGER, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMChecklist(Record):
    """A named list of small steps on a task.

    Attributes:
        name: one line.
        task_id: task it stands on; required on creation, fixed after.
        items: all its items in the order that people see: each item is followed by those below it. Given on
            creation they are made in this order (their `position` does not count); changed one by one after.
        position: place among the checklists of the task, from 0, as that of items.
        raw_data: the vendor's record, untouched.
        warnings: what the last write did not do as asked.
    """

    name: str = spec(K.TEXT, default="", required=True)
    task_id: str = spec(K.ID, default="", required=True, owner=Owner.CREATOR)
    items: list[PMChecklistItem] = spec(K.ITEMS, factory=list, owner=Owner.CREATOR)
    position: int | None = spec(K.INTEGER, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)
