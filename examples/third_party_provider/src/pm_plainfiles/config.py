"""What the provider can do, and the settings that it needs."""

from __future__ import annotations

from pm_providers.contract import (
    Capabilities,
    Limits,
    Setting,
    declare_fields,
    declare_operations,
    mapped,
    read_only,
    unsupported,
)
from pm_providers.model import Entity

SETTINGS = (
    Setting(
        env="PLAINFILES_FOLDER",
        field="folder",
        help="the folder that holds the projects",
        example="/home/ada/projects",
        required=True,
    ),
    Setting(env="PLAINFILES_USER", field="username", help="your name in the notes", example="ada"),
)

_ONE_BY_ONE = mapped("one file after the other")
_ABSENT = unsupported("a folder of notes does not have it")

CAPABILITIES = Capabilities(
    operations=declare_operations(
        default=_ABSENT,
        native="list_projects get_project create_project update_project delete_project "
        "list_tasks get_task create_task update_task delete_task search_tasks "
        "list_users get_user get_current_user list_statuses",
        create_tasks=_ONE_BY_ONE,
        update_tasks=_ONE_BY_ONE,
        delete_tasks=_ONE_BY_ONE,
    ),
    fields={
        **{entity: declare_fields(entity, rest=_ABSENT) for entity in Entity},
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native="name description created_at updated_at",
            key=read_only("made from the name; a folder keeps it"),
            rest=_ABSENT,
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native="title description status status_name project_id estimated_hours due_date "
            "created_at updated_at custom_fields",
            rest=_ABSENT,
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            native="kind is_active",
            name=read_only("the name of the account"),
            username=read_only("the name of the account"),
            rest=_ABSENT,
        ),
    },
    limits=Limits(concurrency=1),
)
