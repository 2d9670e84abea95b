"""What ClickUp can do, as data. Sources of the facts stand beside the code that uses them."""

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

__all__ = ["CAPABILITIES", "at_level"]

_ONE_BY_ONE = mapped("there is no bulk call: single calls, several at a time")
_ENTERPRISE = Capability(Support.NATIVE, "Workspaces on the Enterprise plan only; others are refused")
_NO_VERSION = "the API has no lock version"
_LISTS_ONLY = "with project_level 'list' only: spaces and folders have no more than a name"
_NO_CUSTOM = "the API has custom fields of tasks only"
_NO_TIMES = "the API does not tell it"
_NO_MEMBERS = "the API shares spaces with nobody: people do that in the app"
_FIXED_FILES = "the API neither changes nor deletes attachments"

_OPERATIONS = declare_operations(
    create_tasks=_ONE_BY_ONE,
    update_tasks=_ONE_BY_ONE,
    delete_tasks=_ONE_BY_ONE,
    search_tasks=mapped(
        "no search in the API: tasks are listed, and looked through here by title and description"
    ),
    create_sprint=mapped("a list in a sprint folder; the app's own automation of sprints does not know it"),
    list_transitions=mapped("there is no workflow: any other status of the task's list"),
    list_priorities=Capability(Support.NATIVE, "four that nobody can change"),
    create_user=_ENTERPRISE,
    update_user=_ENTERPRISE,
    delete_user=_ENTERPRISE,
    list_comments=mapped("answers to comments are listed among them, by their time"),
    update_comment=Capability(Support.NATIVE, "with its task, and by who wrote it only"),
    delete_comment=Capability(Support.NATIVE, "one's own; owners and administrators all"),
    list_time_entries=Capability(
        Support.NATIVE,
        "owners and administrators see those of all members, others their own; timers that run are left out",
    ),
    create_time_entry=Capability(Support.NATIVE, "for others by owners and administrators only"),
    update_relation=unsupported("dependencies and links have nothing to change; delete and create anew"),
    update_attachment=unsupported(_FIXED_FILES),
    delete_attachment=unsupported(_FIXED_FILES),
    list_memberships=mapped("members of the Workspace with their role there"),
    create_membership=unsupported(_NO_MEMBERS),
    update_membership=unsupported(_NO_MEMBERS),
    delete_membership=unsupported(_NO_MEMBERS),
    changes=mapped(
        "filter on the time of change for upserts; for deletes, ids are compared when the counts of the "
        "lists differ from what is known, and at times"
    ),
)

_PROJECT = declare_fields(
    Entity.PROJECT,
    native="name",
    is_public=mapped("a space that is not private; spaces only"),
    description=mapped(f"the content of the list, where its Markdown stands as it is; {_LISTS_ONLY}"),
    end_date=mapped(f"the due date of the list; {_LISTS_ONLY}"),
    priority=mapped(f"the priority of the list; {_LISTS_ONLY}"),
    owner_id=mapped(f"the assignee of the list; {_LISTS_ONLY}"),
    start_date=read_only(f"the API does not write the start of a list; {_LISTS_ONLY}"),
    status=read_only("active or archived; the API does not archive"),
    status_name=read_only("active or archived; the API does not archive"),
    is_archived=read_only("the API does not archive"),
    key=unsupported("spaces, folders and lists are known by their number"),
    status_note=unsupported("there is no note on a status"),
    parent_project_id=unsupported("projects are not nested"),
    url=unsupported(_NO_TIMES),
    created_at=unsupported(_NO_TIMES),
    updated_at=unsupported(_NO_TIMES),
    version=unsupported(_NO_VERSION),
    custom_fields=unsupported(_NO_CUSTOM),
)

_TASK = declare_fields(
    Entity.TASK,
    native=(
        "title description priority_name status_name assignee_ids estimated_hours due_date "
        "start_date story_points author_id key url created_at updated_at completed_at is_archived"
    ),
    status=mapped("a status of the task's list, by its type, then by its name; status_map overrides"),
    assignee_id=mapped("the first in the order in which they were assigned"),
    priority=mapped("urgent is highest, normal is medium; lowest is written as low"),
    type=mapped("the custom task type; those that no plan limits are Task and Milestone"),
    project_id=mapped(
        "the task's space (or folder, or home list); moving it moves the task to the default list"
    ),
    parent_task_id=mapped("set or changed, but never cleared: the API does not make a subtask a task"),
    sprint_id=mapped("a list in a sprint folder, as one more list of the task, or as its home list"),
    label_ids=mapped("tags of the space, by their name, in lower case"),
    custom_fields=mapped(
        "by name; options by their name, people and tasks by their ids, days without a time"
    ),
    actual_hours=read_only("sum of the time entries, kept by the system; write time entries instead"),
    progress=unsupported("tasks have no progress; use a custom field"),
    remaining_hours=unsupported("tasks have no remaining work"),
    version=unsupported(_NO_VERSION),
)

_SPRINT = declare_fields(
    Entity.SPRINT,
    native="name project_id",
    end_date=mapped("the due date of the list; where that is missing, the dates in its name"),
    start_date=mapped(
        "in the name, as in `Sprint 1 (2/5 - 2/18)`: the API does not write the start of a list"
    ),
    goal=mapped("the content of the list, where its Markdown stands as it is"),
    status=read_only("made of the dates: planned before, active within, closed after; archived is closed"),
    status_name=read_only(
        "made of the dates: planned before, active within, closed after; archived is closed"
    ),
    capacity_hours=unsupported("lists have no capacity"),
    planned_hours=unsupported("lists do not sum up estimates"),
    url=unsupported(_NO_TIMES),
    created_at=unsupported(_NO_TIMES),
    updated_at=unsupported(_NO_TIMES),
    version=unsupported(_NO_VERSION),
    custom_fields=unsupported(_NO_CUSTOM),
)

_USER = declare_fields(
    Entity.USER,
    native="kind is_active created_at",
    name=mapped("the user name; who was invited gets the address until then"),
    email=mapped("given when somebody is invited, fixed after"),
    is_admin=read_only("owners and administrators of the Workspace"),
    username=read_only("the same as the name"),
    avatar_url=read_only("people choose it themselves"),
    updated_at=unsupported(_NO_TIMES),
    url=unsupported("members have no page"),
    custom_fields=unsupported(_NO_CUSTOM),
)

_PARTS = {
    Entity.COMMENT: declare_fields(
        Entity.COMMENT,
        native="task_id author_id author_name created_at",
        body=mapped(
            "rich text in pieces, converted to and from Markdown; a mention is a link to clickup:user/ and "
            "the id; tables become blocks of code, pictures links"
        ),
        is_internal=unsupported("comments are not hidden from guests one by one"),
        updated_at=unsupported(_NO_TIMES),
        url=unsupported(_NO_TIMES),
    ),
    Entity.LABEL: declare_fields(
        Entity.LABEL,
        native="project_id",
        name=mapped("the tag's name, which is its id, too; the system writes it in lower case"),
        color=mapped("the background of the tag"),
    ),
    Entity.RELATION: declare_fields(
        Entity.RELATION,
        native="from_task_id to_task_id",
        type=mapped("a dependency is blocks, a link is relates"),
        lag_days=unsupported("dependencies have no lag"),
        description=unsupported("relations have no description"),
    ),
    Entity.ATTACHMENT: declare_fields(
        Entity.ATTACHMENT,
        native="task_id file_name size_bytes author_id url created_at",
        content_type=mapped("told by the file name"),
        description=unsupported("attachments have no description"),
    ),
    Entity.TIME_ENTRY: declare_fields(
        Entity.TIME_ENTRY,
        native="task_id user_id updated_at",
        hours=mapped("the duration; a timer that runs is not listed"),
        spent_on=mapped("the day of the start; written as noon"),
        comment=mapped("the description of the entry"),
        project_id=read_only("the space of the task"),
        activity=unsupported("entries have tags instead of a kind of work"),
        created_at=unsupported(_NO_TIMES),
    ),
    Entity.MEMBERSHIP: declare_fields(
        Entity.MEMBERSHIP,
        project_id=read_only(_NO_MEMBERS),
        user_id=read_only(_NO_MEMBERS),
        roles=read_only("the role in the Workspace"),
        is_inherited=read_only("all roles come from the Workspace"),
        created_at=unsupported(_NO_TIMES),
        updated_at=unsupported(_NO_TIMES),
    ),
    Entity.CHECKLIST: declare_fields(Entity.CHECKLIST, native="name task_id items position"),
    Entity.CHECKLIST_ITEM: declare_fields(
        Entity.CHECKLIST_ITEM,
        native="title checklist_id is_done assignee_id parent_id",
        position=read_only("the API does not order the items"),
        due_date=unsupported("items have no date"),
    ),
}

CAPABILITIES = Capabilities(
    operations=_OPERATIONS,
    fields={
        Entity.PROJECT: _PROJECT,
        Entity.TASK: _TASK,
        Entity.SPRINT: _SPRINT,
        Entity.USER: _USER,
        **_PARTS,
    },
    limits=Limits(
        page_size=100,
        batch_size=1,
        concurrency=16,
        assignees=None,
        labels=None,
        attachment_bytes=1024**3,
        relation_types=("blocks", "relates"),
        quota="100 requests a minute and token; Business Plus 1,000, Enterprise 10,000",
    ),
    changes=ChangeDetection(
        upserts="timestamp",
        deletes="sweep",
        precision_s=0.001,
        webhooks=("task", "list", "folder", "space"),
    ),
    text_format="markdown",
    conventions={
        "projects": "spaces; with project_level, folders or lists",
        "default list": "new tasks get into the list named Backlog, which is made when there is none "
        "(default_list, default_list_ids)",
        "sprints": "lists in folders whose name holds 'sprint' (sprint_word, sprint_folder_ids); "
        "where projects are folders, their lists whose name does",
        "sprint membership": "the sprint is one more list of the task; where that ClickApp is off, its home "
        "list (sprint_membership)",
        "days": "days without a time are days in the time zone of the credential's user",
        "labels": "tags, known by their name",
    },
)
"""At best; a connection narrows it by its `project_level`."""

_SPRINTS_AT_LISTS = "with project_level 'list' a sprint would be a project"
_SPRINT_OPERATIONS = ("list_sprints", "get_sprint", "create_sprint", "update_sprint", "delete_sprint")
_LIST_FIELDS = ("description", "end_date", "priority", "owner_id", "start_date")


def at_level(level: str) -> Capabilities:
    """What can be done where a project is a space, a folder or a list.

    Args:
        level: one of `config.PROJECT_LEVELS`.
    """
    if level == "list":
        refused = unsupported(_SPRINTS_AT_LISTS)
        return CAPABILITIES.narrowed(
            operations=dict.fromkeys(_SPRINT_OPERATIONS, refused),
            fields={
                **{(Entity.SPRINT, name): refused for name in CAPABILITIES.fields[Entity.SPRINT]},
                (Entity.PROJECT, "is_public"): unsupported(
                    "lists and folders are not private through the API"
                ),
                (Entity.TASK, "sprint_id"): refused,
            },
        )
    fields = {(Entity.PROJECT, name): unsupported(_LISTS_ONLY) for name in _LIST_FIELDS}
    if level == "folder":
        fields[Entity.PROJECT, "is_public"] = unsupported("lists and folders are not private through the API")
    return CAPABILITIES.narrowed(fields=fields)
