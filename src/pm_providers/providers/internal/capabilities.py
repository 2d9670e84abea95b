"""What the internal provider can do, as data."""

from __future__ import annotations

from pm_providers.contract import (
    Capabilities,
    Capability,
    ChangeDetection,
    Limits,
    Support,
    declare_fields,
    declare_operations,
    unsupported,
)
from pm_providers.model import Entity

__all__ = ["CAPABILITIES"]

_NO_PAGE = unsupported("the database has no pages for people")
_EVERYBODY = unsupported("everybody may work on every project")
_QUIET = unsupported("the database notifies nobody")
_ATTACHMENT_BYTES = 256 * 1024 * 1024


def _native(note: str) -> Capability:
    return Capability(Support.NATIVE, note)


CAPABILITIES = Capabilities(
    operations=declare_operations(
        request=unsupported("it is a database, not an HTTP API"),
        list_memberships=_EVERYBODY,
        create_membership=_EVERYBODY,
        update_membership=_EVERYBODY,
        delete_membership=_EVERYBODY,
        list_watchers=_QUIET,
        add_watcher=_QUIET,
        remove_watcher=_QUIET,
    ),
    fields={
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native="name description priority start_date end_date owner_id status_name status_note "
            "parent_project_id is_public is_archived created_at updated_at version custom_fields",
            key=_native("made of the name when missing; compared without case"),
            status=_native("always set: `active` when missing or cleared"),
            url=_NO_PAGE,
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native="title description priority project_id parent_task_id assignee_id estimated_hours "
            "due_date status_name priority_name type start_date sprint_id assignee_ids label_ids author_id "
            "progress remaining_hours story_points created_at updated_at completed_at version custom_fields",
            status=_native("always set: `todo` when missing or cleared"),
            actual_hours=_native("the sum of the task's time entries as soon as it has some"),
            key=unsupported("a task has no name but its id"),
            is_archived=unsupported("a task is archived with its project"),
            url=_NO_PAGE,
        ),
        Entity.SPRINT: declare_fields(
            Entity.SPRINT,
            native="name project_id start_date end_date capacity_hours planned_hours goal status_name "
            "created_at updated_at version custom_fields",
            status=_native("always set: `planned` when missing or cleared"),
            url=_NO_PAGE,
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            native="name email username avatar_url kind is_active created_at updated_at custom_fields",
            is_admin=unsupported("the database knows no roles"),
            url=_NO_PAGE,
        ),
        Entity.COMMENT: declare_fields(
            Entity.COMMENT,
            native="task_id body author_id author_name is_internal created_at updated_at",
            url=_NO_PAGE,
        ),
        Entity.LABEL: declare_fields(Entity.LABEL, native="name project_id color"),
        Entity.RELATION: declare_fields(
            Entity.RELATION,
            native="from_task_id to_task_id type description",
            lag_days=_native("with `precedes` only"),
        ),
        Entity.ATTACHMENT: declare_fields(
            Entity.ATTACHMENT,
            native="task_id file_name content_type size_bytes description author_id created_at",
            url=unsupported("the content lives in the database: use download_attachment"),
        ),
        Entity.TIME_ENTRY: declare_fields(
            Entity.TIME_ENTRY,
            native="task_id hours spent_on user_id comment activity project_id created_at updated_at",
        ),
        Entity.MEMBERSHIP: declare_fields(Entity.MEMBERSHIP, rest=_EVERYBODY),
        Entity.CHECKLIST: declare_fields(Entity.CHECKLIST, native="name task_id items position"),
        Entity.CHECKLIST_ITEM: declare_fields(
            Entity.CHECKLIST_ITEM,
            native="title checklist_id is_done assignee_id due_date parent_id position",
        ),
    },
    limits=Limits(
        custom_fields="free",
        any_type=True,
        page_size=1000, batch_size=1000, concurrency=4, attachment_bytes=_ATTACHMENT_BYTES, lengths={
            "project.key": 100, "label.color": 40, "task.type": 200, "user.username": 200,
        }
    ),
    changes=ChangeDetection(upserts="log", deletes="log", precision_s=0.0),
    text_format="markdown",
    conventions={
        "moving": "A task that moves to another project takes its subtasks along, and leaves its parent, its "
        "sprint and the labels of the old project behind; the write says so.",
        "deleting": "A task is deleted with its subtasks and all that stands on them. A deleted sprint, "
        "label or user is taken off its tasks. Subprojects of a deleted project move up to its parent.",
        "committed changes": "The cursor of changes() passes committed changes only. A session that a "
        "host gave sees its own open changes too; they come again after the commit.",
    },
)  # fmt: skip
