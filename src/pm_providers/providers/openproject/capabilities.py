"""What OpenProject can do, as data. Sources of the facts stand beside the code that uses them."""

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

__all__ = ["CAPABILITIES", "NATIVE_SPRINTS_READ_ONLY", "NO_STORY_POINTS"]

_CATEGORIES = (
    "labels are categories; the API reads them, only people create and change them, in the web interface"
)
_SUM = "sum of the time entries, kept by the system; write time entries instead"
_NO_DATES = "projects have no dates, priority or owner of their own; use custom fields"
_ONE_BY_ONE = mapped("there is no bulk call: single calls, several at a time, those in one tree one by one")

NATIVE_SPRINTS_READ_ONLY = unsupported(
    "the API has no call that creates, changes or deletes native sprints (17.3+); it has them for versions, "
    "which are sprints too unless sprint_source is 'sprint'"
)
"""Writing native sprints."""

_VERSIONS_ONLY = Capability(
    Support.NATIVE,
    "versions; native sprints (17.3+) are listed, read and assigned: the API cannot write them",
)

NO_STORY_POINTS = "needs the backlogs module, enabled in the project and for the type"
"""Condition of story points."""

_NO_CHECKLISTS = unsupported(
    "there are none: tasks below a task, or a task list in its description, stand for them"
)

CAPABILITIES = Capabilities(
    operations=declare_operations(
        checklists=_NO_CHECKLISTS,
        create_tasks=_ONE_BY_ONE,
        update_tasks=_ONE_BY_ONE,
        delete_tasks=_ONE_BY_ONE,
        delete_comment=unsupported("the API has no call that deletes a comment"),
        create_label=unsupported(_CATEGORIES),
        update_label=unsupported(_CATEGORIES),
        delete_label=unsupported(_CATEGORIES),
        update_attachment=unsupported("attachments cannot be changed; delete and upload anew"),
        create_sprint=_VERSIONS_ONLY,
        update_sprint=_VERSIONS_ONLY,
        delete_sprint=_VERSIONS_ONLY,
        add_watcher=Capability(
            Support.NATIVE,
            "the system may tell the new watcher, by its own settings; the call has no parameter against it",
        ),
        list_transitions=mapped("the statuses that the form of the task offers"),
        changes=mapped("filter on the time of change for upserts, comparing ids for deletes"),
    ),
    fields={
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native=(
                "name description key status_name status_note parent_project_id is_public is_archived url "
                "created_at updated_at custom_fields"
            ),
            status=mapped(
                "not_started reads as planning; on_track, at_risk, off_track as active; finished as "
                "completed; discontinued as on_hold; archived is a flag of its own, over all of them"
            ),
            priority=unsupported(_NO_DATES),
            start_date=unsupported(_NO_DATES),
            end_date=unsupported(_NO_DATES),
            owner_id=unsupported(_NO_DATES),
            version=unsupported("projects have no lock version"),
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native=(
                "title description project_id parent_task_id assignee_id estimated_hours due_date key "
                "status_name priority_name type start_date author_id progress remaining_hours url created_at "
                "updated_at version custom_fields"
            ),
            status=mapped("by isClosed, then by name; status_map overrides"),
            priority=mapped("by name, then by position; priority_map overrides"),
            actual_hours=read_only(_SUM),
            sprint_id=mapped("the native sprint of the work package if it is in one, else its version"),
            assignee_ids=mapped("a work package has one assignee"),
            label_ids=mapped("the category of the work package; it has one at most"),
            story_points=mapped(NO_STORY_POINTS),
            is_archived=unsupported(
                "work packages are not archived; those of an archived project are hidden"
            ),
            completed_at=unsupported("the API does not tell when a work package was closed"),
        ),
        Entity.SPRINT: declare_fields(
            Entity.SPRINT,
            native=(
                "name project_id start_date end_date status_name url created_at updated_at custom_fields"
            ),
            status=mapped(
                "versions are open, locked or closed: open before its start date is planned, open is active, "
                "locked and closed are closed; planned and active are both written as open"
            ),
            goal=mapped("the description of the version; native sprints have none"),
            capacity_hours=unsupported("versions have no capacity"),
            planned_hours=unsupported("versions have no planned hours"),
            version=unsupported("versions have no lock version"),
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            native=("email username kind is_active is_admin url created_at updated_at custom_fields"),
            name=mapped("first and last name, divided at the last space"),
            avatar_url=read_only("the picture is chosen by the user, in the web interface"),
        ),
        Entity.COMMENT: declare_fields(
            Entity.COMMENT,
            native="task_id body author_id author_name created_at updated_at url",
            is_internal=mapped("internal comments need 16.1+ and the enterprise edition; dropped otherwise"),
        ),
        Entity.LABEL: declare_fields(
            Entity.LABEL,
            name=read_only(_CATEGORIES),
            project_id=read_only(_CATEGORIES),
            color=unsupported("categories have no colour"),
        ),
        Entity.RELATION: declare_fields(
            Entity.RELATION,
            native="from_task_id to_task_id type description",
            lag_days=mapped("lag (14+) or delay (before) of precedes; other types have none"),
        ),
        Entity.ATTACHMENT: declare_fields(
            Entity.ATTACHMENT,
            native="task_id size_bytes description author_id url created_at",
            file_name=mapped("sanitised by the system: blanks, quotes and emoji become underscores"),
            content_type=mapped("determined by the system from the content; what is sent may be overruled"),
        ),
        Entity.TIME_ENTRY: declare_fields(
            Entity.TIME_ENTRY,
            native="task_id hours spent_on comment activity project_id created_at updated_at",
            user_id=mapped("others than the caller need the right to log time for others (13+)"),
        ),
        Entity.MEMBERSHIP: declare_fields(
            Entity.MEMBERSHIP,
            native="project_id user_id roles created_at updated_at",
            is_inherited=unsupported("the API does not tell which memberships come from a group"),
        ),
        Entity.CHECKLIST: declare_fields(Entity.CHECKLIST, rest=_NO_CHECKLISTS),
        Entity.CHECKLIST_ITEM: declare_fields(Entity.CHECKLIST_ITEM, rest=_NO_CHECKLISTS),
    },
    limits=Limits(
        page_size=200,
        batch_size=1,
        concurrency=6,
        assignees=1,
        labels=1,
        attachment_bytes=None,
        lengths={
            "task.title": 255,
            "project.name": 255,
            "project.key": 100,
            "sprint.name": 255,
            "time_entry.comment": 255,
        },
        quota="none by default; an administrator may throttle forms to 6 in 3 seconds",
    ),
    changes=ChangeDetection(
        upserts="timestamp",
        deletes="sweep",
        precision_s=0.001,
        webhooks=("work_package", "work_package_comment", "project", "time_entry", "attachment"),
    ),
    text_format="markdown",
    conventions={
        "sprints": (
            "sprint_source='auto': versions (id '7') are sprints, and so are native ones (17.3+, id "
            "'sprints/12'), which are read and assigned; of a task that has both, the native one counts; "
            "'version' or 'sprint': only the one kind"
        ),
        "labels": "the categories of a project are its labels; a task has one at most",
        "quiet writes": "nobody is notified of writes unless the option notify is True",
    },
)
"""At best; a connection may narrow it."""
