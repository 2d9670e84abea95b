"""What Asana can do at best, as data, and what the conventions of a connection narrow it to."""

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
from pm_providers.providers.asana.config import (
    SECTION_SOURCE,
    SPRINT_FIELD_MODE,
    SPRINT_PROJECT_MODE,
    Options,
)

__all__ = ["CAPABILITIES", "narrow"]

_BATCH = mapped("ten actions a request; each counts for the quota as if it came alone")
_NO_VERSION = "the API has no versions of records; only what is given is written"
_NO_CHECKLISTS = unsupported("there are none: subtasks stand for them")
_PAID = "paid plans"

CAPABILITIES = Capabilities(
    operations=declare_operations(
        checklists=_NO_CHECKLISTS,
        create_tasks=_BATCH,
        update_tasks=_BATCH,
        delete_tasks=_BATCH,
        search_tasks=Capability(
            Support.NATIVE,
            "by the vendor's search on paid plans (its index follows within a minute); on others the tasks "
            "are read and looked through here",
        ),
        create_user=mapped("an invitation to the workspace by e-mail"),
        update_user=Capability(Support.NATIVE, "one's own name only"),
        delete_user=mapped("removed from the workspace; the account stays"),
        list_sprints=mapped("see the convention 'sprints'"),
        get_sprint=mapped("see the convention 'sprints'"),
        create_sprint=mapped("a project of its own, with the dates of the sprint"),
        update_sprint=mapped("the project that stands for the sprint is changed"),
        delete_sprint=mapped("the project that stands for the sprint is deleted; its tasks stay in theirs"),
        list_statuses=mapped("see the convention 'statuses'"),
        list_priorities=mapped("options of the enum custom field 'Priority'"),
        list_transitions=mapped("there is no workflow: every other status of the project"),
        update_relation=unsupported("dependencies cannot be changed; delete and create anew"),
        update_attachment=unsupported("attachments cannot be changed; delete and upload anew"),
        list_comments=mapped("those stories of a task that people wrote"),
        list_time_entries=Capability(Support.NATIVE, _PAID + "; of a project: those attributable to it"),
        create_time_entry=Capability(Support.NATIVE, _PAID),
        update_time_entry=Capability(Support.NATIVE, _PAID),
        delete_time_entry=Capability(Support.NATIVE, _PAID),
        changes=mapped(
            "the project's event feed and a filter on the time of change; ids are compared when the feed has "
            "a gap, and once a day"
        ),
    ),
    fields={
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native="name description owner_id status_name is_archived url created_at updated_at",
            status=mapped("active or archived; completed is read, and cannot be set by the API"),
            start_date=mapped("needs an end date that is a later day"),
            end_date=mapped("the due date; it cannot be cleared while there is a start"),
            is_public=mapped("open to the workspace; otherwise private to its members"),
            custom_fields=mapped("by name: fields of the portfolios that hold the project"),
            key=unsupported("projects have no key"),
            status_note=unsupported("status updates are posts of their own"),
            priority=unsupported("projects have no priority; portfolios may have a custom field"),
            parent_project_id=unsupported("projects are not nested; portfolios group them"),
            version=unsupported(_NO_VERSION),
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native=(
                "title description parent_task_id assignee_id due_date status_name priority_name "
                "author_id url created_at updated_at completed_at"
            ),
            project_id=mapped("the first project that is no sprint; a subtask has its parent's"),
            status=mapped("see the convention 'statuses'; status_map overrides meanings"),
            priority=mapped("the enum custom field 'Priority'; priority_map overrides meanings"),
            type=mapped("task, milestone, approval, or a custom type of the project"),
            start_date=mapped("needs a due date; paid plans"),
            sprint_id=mapped("see the convention 'sprints'"),
            assignee_ids=mapped("a task has one assignee"),
            label_ids=mapped("tags"),
            key=read_only("the ID field of the project, where it has one"),
            estimated_hours=mapped("the number custom field 'Estimated time'; durations are in minutes"),
            story_points=mapped("the number custom field 'Story points'"),
            actual_hours=read_only("sum of the time entries, kept by the system; write time entries instead"),
            custom_fields=mapped("by name: those of the task's projects"),
            progress=unsupported("tasks have no per cent done; use a custom field"),
            remaining_hours=unsupported("tasks have no remaining work; use a custom field"),
            is_archived=unsupported("tasks are not archived; deleted ones cannot be read"),
            version=unsupported(_NO_VERSION),
        ),
        Entity.SPRINT: declare_fields(
            Entity.SPRINT,
            native="url status_name created_at updated_at",
            name=mapped("the project's name without that of the project it belongs to"),
            project_id=mapped("a marker line in the notes: pm:sprint-of=<gid>"),
            start_date=mapped("the project's start; needs an end date that is a later day"),
            end_date=mapped("the project's due date"),
            status=mapped("archived is closed; otherwise the dates say planned or active"),
            goal=mapped("the project's notes, without the marker line"),
            capacity_hours=unsupported("projects have no capacity"),
            planned_hours=unsupported("projects have no planned hours"),
            version=unsupported(_NO_VERSION),
            custom_fields=unsupported("custom fields of sprints are those of portfolios"),
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            email=mapped("the address that is invited; people change it themselves later"),
            name=mapped("people choose their own name: an invitation cannot set it"),
            avatar_url=read_only("the photo; people choose it themselves"),
            kind=read_only("all are users"),
            is_active=read_only("who left the workspace is in no list"),
            username=unsupported("people log in by e-mail"),
            is_admin=unsupported("told with the memberships of the workspace only"),
            url=unsupported("the API tells no address of a profile"),
            created_at=unsupported("the API does not tell it"),
            updated_at=unsupported("the API does not tell it"),
            custom_fields=unsupported("custom fields of people are for administrators"),
        ),
        Entity.COMMENT: declare_fields(
            Entity.COMMENT,
            native="task_id author_id author_name created_at",
            body=mapped("rich text without headings: they become bold lines"),
            is_internal=unsupported("comments are seen by all who see the task"),
            updated_at=unsupported("the API tells that a comment was edited, not when"),
            url=unsupported("the API tells no address of a comment"),
        ),
        Entity.LABEL: declare_fields(
            Entity.LABEL,
            native="name",
            project_id=unsupported("tags belong to the workspace"),
            color=mapped("the nearest of the vendor's eighteen colours, which have names only"),
        ),
        Entity.RELATION: declare_fields(
            Entity.RELATION,
            native="from_task_id to_task_id",
            type=mapped("dependencies: blocks"),
            lag_days=unsupported("dependencies have no lag"),
            description=unsupported("dependencies have no description"),
        ),
        Entity.ATTACHMENT: declare_fields(
            Entity.ATTACHMENT,
            native="file_name created_at url",
            task_id=mapped("attachments of projects are none"),
            size_bytes=read_only("counted by the system; links have none"),
            content_type=mapped("told by the file name"),
            description=unsupported("attachments have no description"),
            author_id=unsupported("the API does not tell who attached a file"),
        ),
        Entity.TIME_ENTRY: declare_fields(
            Entity.TIME_ENTRY,
            native="spent_on comment created_at",
            task_id=mapped("fixed after creation"),
            hours=mapped("in whole minutes, one at least"),
            user_id=mapped("always the caller"),
            project_id=read_only(
                "the project that the time is attributable to: that of the task at the time"
            ),
            activity=mapped("the entry's time tracking category, by name; categories are made in Asana"),
            updated_at=unsupported("the API does not tell it"),
        ),
        Entity.MEMBERSHIP: declare_fields(
            Entity.MEMBERSHIP,
            native="project_id",
            user_id=mapped("a user or a team"),
            roles=mapped("one of admin, editor, commenter, viewer: the strongest that is asked for"),
            is_inherited=unsupported("the API does not tell it"),
            created_at=unsupported("the API does not tell it"),
            updated_at=unsupported("the API does not tell it"),
        ),
        Entity.CHECKLIST: declare_fields(Entity.CHECKLIST, rest=_NO_CHECKLISTS),
        Entity.CHECKLIST_ITEM: declare_fields(Entity.CHECKLIST_ITEM, rest=_NO_CHECKLISTS),
    },
    limits=Limits(
        page_size=100,
        batch_size=10,
        concurrency=10,
        assignees=1,
        attachment_bytes=100 * 1024 * 1024,
        relation_types=("blocks",),
        quota="1,500 requests a minute on paid plans, 150 on the free one; rejected ones count too",
    ),
    changes=ChangeDetection(
        upserts="log",
        deletes="log",
        precision_s=0.001,
        webhooks=(
            "task",
            "project",
            "story",
            "attachment",
            "tag",
            "time_tracking_entry",
            "project_membership",
            "user",
        ),
    ),
    text_format="html",
    conventions={
        "statuses": (
            "the sections of a project are its statuses, by name; a task is done if it is completed, "
            "whatever its section; a subtask joins its project when a status is written that only a section "
            "can hold. status_source changes this: custom_field:NAME, custom_type, completed"
        ),
        "sprints": (
            "a sprint is a project '<Project> – Sprint' with dates, and a line 'pm:sprint-of=<gid>' in its "  # noqa: RUF001
            "notes; tasks are in both. sprint_mode changes this: custom_field, none"
        ),
        "priorities": "the enum custom field 'Priority' (priority_field)",
        "estimates": (
            "the number custom fields 'Estimated time' and 'Story points' (estimate_field, points_field)"
        ),
        "new projects": (
            "get the sections To do, In progress and Done (new_sections), and the workspace's fields of "
            "these conventions (attach_fields)"
        ),
        "subtasks": "listed with their project, at one action of a batch for each task that has some",
        "several projects": "a task in several projects is listed in each; alone, its first one counts",
        "texts": "rich text of the vendor, converted to and from Markdown",
    },
)
"""At best; a connection may narrow it."""

_SPRINT_OPERATIONS = ("list_sprints", "get_sprint", "create_sprint", "update_sprint", "delete_sprint")


def narrow(found: Capabilities, options: Options) -> Capabilities:
    """What the conventions of a connection leave. Asks nothing."""
    limits = replace(found.limits, page_size=options.page_size, concurrency=options.concurrency)
    found = found.narrowed(limits=limits, conventions=_conventions(found, options))
    fields: dict[tuple[Entity, str], Capability] = {}
    for name, field in (
        ("priority", options.priority_field),
        ("estimated_hours", options.estimate_field),
        ("story_points", options.points_field),
    ):
        if not field:
            fields[Entity.TASK, name] = unsupported("switched off for this connection")
            if name == "priority":
                fields[Entity.TASK, "priority_name"] = unsupported("switched off for this connection")
    found = found.narrowed(fields=fields)
    if options.sprint_mode == SPRINT_PROJECT_MODE:
        return found
    return (
        _with_sprint_options(found) if options.sprint_mode == SPRINT_FIELD_MODE else _without_sprints(found)
    )


def _conventions(found: Capabilities, options: Options) -> dict[str, str]:
    conventions = dict(found.conventions)
    if options.status_source != SECTION_SOURCE:
        conventions["statuses"] = f"status_source is {options.status_source!r}; completed tasks are done"
    if options.sprint_mode == SPRINT_FIELD_MODE:
        conventions["sprints"] = f"a sprint is an option of the enum custom field {options.sprint_field!r}"
    elif options.sprint_mode != SPRINT_PROJECT_MODE:
        conventions.pop("sprints")
    return conventions


def _without_sprints(found: Capabilities) -> Capabilities:
    none = unsupported("Asana has no sprints, and the convention for them is switched off")
    fields = {(Entity.SPRINT, name): none for name in found.fields[Entity.SPRINT]}
    return found.narrowed(
        operations=dict.fromkeys(_SPRINT_OPERATIONS, none),
        fields={**fields, (Entity.TASK, "sprint_id"): none},
    )


def _with_sprint_options(found: Capabilities) -> Capabilities:
    """An option has a name, and can be disabled."""
    none = unsupported("options of a custom field have a name only")
    kept = {
        "name": Capability(Support.NATIVE),
        "project_id": mapped("on creation, a project that has the field; the option names none"),
        "status": mapped("active, or closed when the option is disabled"),
        "status_name": mapped("enabled or disabled"),
    }
    fields = {(Entity.SPRINT, name): kept.get(name, none) for name in found.fields[Entity.SPRINT]}
    gone = unsupported("options of a custom field cannot be deleted; close the sprint, which disables it")
    return found.narrowed(operations={"delete_sprint": gone}, fields=fields)
