"""What Jira can do at best, as data, and what a connection narrows it to."""

from __future__ import annotations

from dataclasses import replace

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
from pm_providers.providers.jira.mapping.tasks import SpecialFields

__all__ = ["CAPABILITIES", "narrow", "narrow_relations"]

_NO_DATES = "projects have no dates or priority of their own"
_NO_VERSION = "the API has no versions of records: the last writer wins"
_NO_CUSTOM = "custom fields are those of issues"
_PROFILE = "profiles belong to the people (Atlassian accounts) or to the directory of the installation"
_ADMIN = Capability(Support.NATIVE, "administrators only")
_ROLES = Capability(Support.NATIVE, "roles in projects; administrators of the project only")
_GLOBAL = "labels are texts: one exists as long as an issue wears it"

_NO_CHECKLISTS = unsupported(
    "there are none: tasks below a task, or a task list in its description, stand for them"
)

CAPABILITIES = Capabilities(
    operations=declare_operations(
        checklists=_NO_CHECKLISTS,
        create_tasks=Capability(Support.NATIVE, "50 a call; read back 100 a call"),
        update_tasks=Capability(
            Support.NATIVE, "equal changes of many tasks as one bulk operation, others by single calls"
        ),
        delete_tasks=Capability(
            Support.NATIVE, "many as one bulk operation; by single calls without that right"
        ),
        create_project=_ADMIN,
        update_project=Capability(Support.NATIVE, "administrators of the project only"),
        delete_project=Capability(
            Support.NATIVE, "administrators only; Cloud keeps it in the trash for 60 days"
        ),
        create_user=_ADMIN,
        update_user=unsupported(_PROFILE),
        delete_user=_ADMIN,
        create_label=unsupported(_GLOBAL),
        list_memberships=_ROLES,
        create_membership=_ROLES,
        update_membership=_ROLES,
        delete_membership=_ROLES,
        update_label=unsupported(_GLOBAL),
        delete_label=unsupported(_GLOBAL),
        update_relation=unsupported("links cannot be changed; delete and create anew"),
        update_attachment=unsupported("attachments cannot be changed; delete and upload anew"),
        changes=mapped("filter on the time of change for upserts, comparing ids for deletes"),
    ),
    fields={
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native="name status_name is_archived url",
            owner_id=mapped("the lead; a project always has one"),
            description=mapped("plain text, stored as it is"),
            key=mapped("capital letters and digits, 10 at most; made from the name when none is given"),
            status=mapped("active, or archived; to archive needs an administrator and a paid plan"),
            is_public=read_only("told by Cloud; permission schemes decide"),
            status_note=unsupported("projects have no note on their status"),
            priority=unsupported(_NO_DATES),
            start_date=unsupported(_NO_DATES),
            end_date=unsupported(_NO_DATES),
            parent_project_id=unsupported("projects are not nested"),
            created_at=unsupported("the API does not tell when a project was created"),
            updated_at=unsupported("the API does not tell when a project was changed"),
            version=unsupported(_NO_VERSION),
            custom_fields=unsupported(_NO_CUSTOM),
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native=(
                "title description assignee_id due_date key status_name priority_name type author_id url "
                "created_at updated_at"
            ),
            project_id=mapped("moving to another project is a bulk operation of Cloud"),
            parent_task_id=mapped(
                "sub-tasks, epics and all levels above, by the types' places in the hierarchy"
            ),
            status=mapped("by category, then by name; status_map overrides; written by walking transitions"),
            priority=mapped("by name, then by position; priority_map overrides"),
            estimated_hours=mapped("the original estimate, in whole minutes"),
            remaining_hours=mapped("the remaining estimate, in whole minutes"),
            actual_hours=read_only("sum of the worklogs, kept by the system; write time entries instead"),
            start_date=mapped('the custom field "Start date"'),
            sprint_id=mapped("the sprint that is not closed; of done issues the last one"),
            story_points=mapped("the field that boards estimate by; its id differs by site and project"),
            assignee_ids=mapped("an issue has one assignee"),
            label_ids=mapped("labels are their own ids: texts without blanks"),
            completed_at=mapped("the date of resolution, else that of reaching the category Done"),
            custom_fields=mapped(
                "by name; also Components, Fix versions, Affects versions, Environment and Resolution"
            ),
            progress=unsupported("issues have no per cent done; only time tracking computes one"),
            is_archived=unsupported("archived issues can be neither read nor searched"),
            version=unsupported(_NO_VERSION),
        ),
        Entity.SPRINT: declare_fields(
            Entity.SPRINT,
            native="name start_date end_date goal status_name url created_at",
            project_id=mapped("the project of the board that the sprint was made on"),
            status=mapped("future reads as planned; only future to active to closed can be written"),
            capacity_hours=unsupported("sprints have no capacity"),
            planned_hours=unsupported("sprints have no planned hours"),
            updated_at=unsupported("the API does not tell when a sprint was changed"),
            version=unsupported(_NO_VERSION),
            custom_fields=unsupported(_NO_CUSTOM),
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            native="kind is_active url",
            name=mapped("Cloud shows the name of the Atlassian account, whatever the invitation says"),
            avatar_url=read_only(_PROFILE),
            email=mapped("shown as the person chose"),
            username=read_only("the login, told by Data Center"),
            is_admin=unsupported("the API tells rights of the caller only"),
            created_at=unsupported("the API does not tell when an account was made"),
            updated_at=unsupported("the API does not tell when an account was changed"),
            custom_fields=unsupported(_NO_CUSTOM),
        ),
        Entity.COMMENT: declare_fields(
            Entity.COMMENT,
            native="task_id body author_id author_name created_at updated_at url",
            is_internal=mapped(
                "hidden from customers in service projects; elsewhere shown to a role only (option "
                "internal_role)"
            ),
        ),
        Entity.LABEL: declare_fields(
            Entity.LABEL,
            name=read_only(_GLOBAL),
            project_id=unsupported("labels belong to the whole site"),
            color=unsupported("labels have no colour"),
        ),
        Entity.RELATION: declare_fields(
            Entity.RELATION,
            native="from_task_id to_task_id",
            type=mapped(
                "link types by their words (blocks, duplicates, ...); relation_map overrides; those that are "
                "unknown read as relates"
            ),
            lag_days=unsupported("links have no delay"),
            description=unsupported("links have no description"),
        ),
        Entity.ATTACHMENT: declare_fields(
            Entity.ATTACHMENT,
            native="task_id file_name size_bytes author_id url created_at",
            content_type=mapped("as the system sees it"),
            description=unsupported("attachments have no description"),
        ),
        Entity.TIME_ENTRY: declare_fields(
            Entity.TIME_ENTRY,
            native="project_id created_at updated_at",
            task_id=mapped("Data Center cannot move a worklog to another issue"),
            comment=mapped("written and read as plain text"),
            spent_on=mapped("worklogs have an hour, too: noon, when they are written"),
            hours=mapped("in whole minutes, one at least"),
            user_id=read_only("always the caller"),
            activity=unsupported("worklogs have no kind of work"),
        ),
        Entity.MEMBERSHIP: declare_fields(
            Entity.MEMBERSHIP,
            native="project_id user_id roles",
            is_inherited=unsupported("people of groups are told as the group"),
            created_at=unsupported("the API does not tell it"),
            updated_at=unsupported("the API does not tell it"),
        ),
        Entity.CHECKLIST: declare_fields(Entity.CHECKLIST, rest=_NO_CHECKLISTS),
        Entity.CHECKLIST_ITEM: declare_fields(Entity.CHECKLIST_ITEM, rest=_NO_CHECKLISTS),
    },
    limits=Limits(
        page_size=100,
        batch_size=50,
        concurrency=12,
        assignees=1,
        any_label=r"\S{1,255}",
        lengths={
            "task.title": 255,
            "project.name": 80,
            "project.key": 10,
            "sprint.name": 30,
            "task.description": 32_767,
            "comment.body": 32_767,
        },
        quota=(
            "API tokens: 100 reads and 50 to 100 writes a second for each address, 20 writes in 2 s for each "
            "issue; OAuth apps: points by the hour"
        ),
    ),
    changes=ChangeDetection(upserts="timestamp", deletes="sweep", precision_s=60.0),
    text_format="adf",
    conventions={
        "tasks": "issues of all types; parents are epics, and parents of sub-tasks",
        "texts": (
            "Atlassian documents on Cloud, wiki markup on Data Center; an edit keeps what Markdown cannot say"
        ),
        "transitions": (
            "a status is reached by the shortest known way of transitions; fields that a transition requires "
            "are given in custom_fields by name"
        ),
        "labels": "texts of the whole site, their own ids; components are the custom field Components",
        "relations": "the issue that blocks or duplicates is from; links of other types read as relates",
        "memberships": "users and groups (group:ID) with the roles that they have in a project",
        "time entries": "comments are one plain line; days are those of the caller's profile",
        "sprints": "those of the boards of a project; a project without a scrum board has none",
    },
)
"""At best; a connection may narrow it."""


def narrow_relations(found: Capabilities, types: tuple[str, ...] | None) -> Capabilities:
    """What links of a site can say.

    Args:
        found: so far.
        types: unified types that its link types stand for; `None` where linking is off.
    """
    if types is not None:
        return found.narrowed(limits=replace(found.limits, relation_types=types))
    off = unsupported("issue linking is off on this site")
    return found.narrowed(
        operations=dict.fromkeys(("list_relations", "create_relation", "delete_relation"), off),
        fields={(Entity.RELATION, name): off for name in found.fields[Entity.RELATION]},
        limits=replace(found.limits, relation_types=()),
    )


def narrow(found: Capabilities, *, cloud: bool, special: SpecialFields) -> Capabilities:
    """What a site can do.

    Args:
        found: at best.
        cloud: whether it is Cloud.
        special: custom fields that the site has.
    """
    fields: dict[tuple[Entity, str], Capability] = {}
    missing = (
        ("start_date", special.start, 'the site has no custom field "Start date"'),
        ("story_points", special.points, "the site has no field for story points"),
        ("sprint_id", special.sprint, "the site has no boards (Jira Software)"),
    )
    for name, field, why in missing:
        if not field:
            fields[Entity.TASK, name] = unsupported(why)
    if cloud:
        fields[Entity.USER, "username"] = unsupported("Cloud tells no logins")
        return found.narrowed(fields=fields)
    fields[Entity.PROJECT, "is_public"] = unsupported("Data Center does not tell it")
    one_by_one = mapped("there is no bulk call on Data Center: single calls, several at a time")
    operations = {"update_tasks": one_by_one, "delete_tasks": one_by_one}
    return found.narrowed(operations=operations, fields=fields, text_format="wiki")
