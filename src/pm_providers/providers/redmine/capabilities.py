"""What Redmine can do, as data. Sources of the facts stand beside the code that uses them."""

from __future__ import annotations

from pm_providers.contract import (
    Capabilities,
    Capability,
    ChangeDetection,
    Limits,
    Support,
    declare_fields,
    declare_operations,
    mapped,
    read_only,
    unsupported,
)
from pm_providers.model import Entity
from pm_providers.providers.redmine.mapping.parts import RELATION_TYPES

__all__ = ["CAPABILITIES"]

_ONE_BY_ONE = mapped("there is no bulk call: single calls, several at a time, those in one tree one by one")
_SUM = "sum of the time entries, kept by the system; write time entries instead"
_NO_DATES = "projects have no dates, priority or owner of their own; use custom fields"
_NO_VERSION = "the API has no lock version"
_TOLD_NOWHERE = "the API does not tell it"

_NO_CHECKLISTS = unsupported("there are none without a plugin: tasks below a task stand for them")

CAPABILITIES = Capabilities(
    operations=declare_operations(
        checklists=_NO_CHECKLISTS,
        create_tasks=_ONE_BY_ONE,
        update_tasks=_ONE_BY_ONE,
        delete_tasks=_ONE_BY_ONE,
        update_relation=unsupported("relations cannot be changed; delete and create anew"),
        delete_comment=mapped("the text of the journal entry is emptied; changes in the same entry stay"),
        create_user=Capability(Support.NATIVE, "administrators only; with a password that nobody knows"),
        update_user=Capability(Support.NATIVE, "administrators only"),
        delete_user=Capability(Support.NATIVE, "administrators only"),
        list_users=Capability(
            Support.NATIVE, "without a project, administrators only; groups of users are listed as users"
        ),
        list_transitions=mapped("the statuses that the issue allows these credentials next"),
        changes=mapped("filter on the time of change for upserts, comparing ids for deletes"),
    ),
    fields={
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native="name description status_name parent_project_id is_public url created_at updated_at",
            key=mapped("the identifier; made from the name when none is given, and fixed once created"),
            custom_fields=mapped("by name; values of accounts that are no administrators are texts"),
            status=mapped(
                "active, closed as completed, archived; an archived project can be brought back, but neither "
                "be read nor listed"
            ),
            is_archived=unsupported("archived projects cannot be read or listed"),
            status_note=unsupported("projects have no note on their status"),
            priority=unsupported(_NO_DATES),
            start_date=unsupported(_NO_DATES),
            end_date=unsupported(_NO_DATES),
            owner_id=unsupported(_NO_DATES),
            version=unsupported(_NO_VERSION),
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native=(
                "title description project_id parent_task_id assignee_id estimated_hours due_date "
                "status_name priority_name type start_date author_id url created_at updated_at completed_at"
            ),
            status=mapped("by is_closed, then by name; status_map overrides"),
            priority=mapped("by name, then by position; priority_map overrides"),
            progress=mapped("per cent done; never empty, 0 when cleared"),
            custom_fields=mapped("by name; values of accounts that are no administrators are texts"),
            actual_hours=read_only(_SUM),
            sprint_id=mapped("the target version"),
            assignee_ids=mapped("an issue has one assignee"),
            label_ids=mapped("the category of the issue; it has one at most"),
            key=unsupported("issues are known by their number"),
            remaining_hours=unsupported("issues have no remaining work"),
            story_points=unsupported("issues have no story points; use a custom field"),
            is_archived=unsupported("issues are not archived; those of an archived project are hidden"),
            version=unsupported(_NO_VERSION),
        ),
        Entity.SPRINT: declare_fields(
            Entity.SPRINT,
            native="name project_id end_date status_name url created_at updated_at",
            status=mapped(
                "versions are open, locked or closed: open reads as active, locked and closed as closed; "
                "planned and active are both written as open"
            ),
            goal=mapped("the description of the version: plain text, 255 characters at most"),
            custom_fields=mapped("by name; values of accounts that are no administrators are texts"),
            start_date=unsupported("versions have an end, but no start"),
            capacity_hours=unsupported("versions have no capacity"),
            planned_hours=unsupported("told for a single version only, in its raw record"),
            version=unsupported(_NO_VERSION),
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            native="email username kind is_active is_admin url created_at updated_at",
            name=mapped("first and last name, divided at the last space"),
            avatar_url=read_only("the address of the Gravatar, where the installation uses them"),
            custom_fields=mapped("by name; values of accounts that are no administrators are texts"),
        ),
        Entity.COMMENT: declare_fields(
            Entity.COMMENT,
            native="task_id body author_id author_name is_internal created_at url",
            updated_at=read_only("told from 5.1 on"),
        ),
        Entity.LABEL: declare_fields(
            Entity.LABEL,
            native="name project_id",
            color=unsupported("categories have no colour"),
        ),
        Entity.RELATION: declare_fields(
            Entity.RELATION,
            native="from_task_id to_task_id",
            type=mapped(
                "copied_to reads as relates; the ends of relates are stored in the order of their numbers"
            ),
            lag_days=mapped("the delay of precedes; other types have none"),
            description=unsupported("relations have no description"),
        ),
        Entity.ATTACHMENT: declare_fields(
            Entity.ATTACHMENT,
            native="task_id size_bytes description author_id url created_at",
            file_name=mapped("characters that file systems forbid become underscores"),
            content_type=mapped("kept as sent, else told by the file name"),
        ),
        Entity.TIME_ENTRY: declare_fields(
            Entity.TIME_ENTRY,
            native="task_id spent_on comment project_id created_at updated_at",
            activity=mapped("without one, the default kind of work, else the project's first"),
            hours=mapped("rounded to hundredths of an hour"),
            user_id=mapped("others than the caller need the right to log time for others"),
        ),
        Entity.MEMBERSHIP: declare_fields(
            Entity.MEMBERSHIP,
            native="project_id user_id roles is_inherited",
            created_at=unsupported(_TOLD_NOWHERE),
            updated_at=unsupported(_TOLD_NOWHERE),
        ),
        Entity.CHECKLIST: declare_fields(Entity.CHECKLIST, rest=_NO_CHECKLISTS),
        Entity.CHECKLIST_ITEM: declare_fields(Entity.CHECKLIST_ITEM, rest=_NO_CHECKLISTS),
    },
    limits=Limits(
        page_size=100,
        batch_size=1,
        concurrency=4,
        assignees=1,
        labels=1,
        attachment_bytes=None,
        lengths={
            "task.title": 255,
            "project.name": 255,
            "project.key": 100,
            "sprint.name": 60,
            "sprint.goal": 255,
            "label.name": 60,
            "time_entry.comment": 1024,
            "attachment.description": 255,
            "user.username": 60,
        },
        relation_types=RELATION_TYPES,
        quota="none",
    ),
    changes=ChangeDetection(upserts="timestamp", deletes="sweep", precision_s=1.0),
    text_format="textile",
    conventions={
        "sprints": "the versions of a project, and those that others share with it; a task has one at most",
        "labels": "the categories of a project's issues; a task has one at most",
        "texts": (
            "Textile or Markdown, as the installation is set; converted to and from Markdown. It is found "
            "out from the editor's toolbar on a page of the web interface; text_format says it outright"
        ),
        "administrators": "only they are told the formats of custom fields, and can list all users",
    },
)
"""At best; a connection may narrow it."""
