"""What Trello can do, as data. Sources of the facts stand beside the code that uses them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
from pm_providers.providers.trello.config import Conventions, Options

__all__ = ["CAPABILITIES", "narrowed"]

_ONE_BY_ONE = mapped("writes have no bulk call: single calls, several at a time; reads in batches of ten")
_ARCHIVED = mapped(
    "the card is archived and can be brought back; with delete_mode=permanent it is gone for good, as there "
    "is no trash"
)
_ACCOUNTS = unsupported("accounts belong to people; invite them to a board instead: create_membership")
_OWN_ACCOUNT = read_only("people manage their own accounts")
_NO_VERSION = unsupported("the last writer wins: there is no version")
_NO_DATES = unsupported("boards have no dates, priority, owner or fields of their own")
_NO_TIME = unsupported("cards have no time tracking")
_NO_RELATIONS = unsupported("cards have no relations but links; attach the address of the other card")
_FROM_ID = "the time in the id"

_HOURS = unsupported("cards have no estimate; name a number custom field in hours_field")
_POINTS = unsupported("cards have no points; name a number custom field in points_field")
_TOLD_LATE = unsupported("told of newer cards only, and not by lists")

_SPRINTS = {
    "label": "a label 'Sprint: <name> [<first day>..<last day>]', with '(closed)' at the end once closed",
    "custom_field": "an option of a list-type custom field, '<name> [<first day>..<last day>]'",
    "none": "no sprints: sprint_mode is none",
}
_PRIORITIES = {
    "label": "a label 'Priority: High', made when it is first needed; P1 (highest) to P5 are read, too",
    "custom_field": "an option of a list-type custom field",
    "none": "no priorities: priority_mode is none",
}
_STATUS = {
    "either": "the list; a card that is ticked off, or in a list of completed cards, is completed",
    "list": "the list alone",
    "complete": "the list; a card that is ticked off is completed, and no other",
}
_SPRINT = mapped(_SPRINTS["label"])
_SPRINT_OPERATIONS = ("list_sprints", "get_sprint", "create_sprint", "update_sprint", "delete_sprint")

CAPABILITIES = Capabilities(
    operations=declare_operations(
        list_sprints=_SPRINT,
        get_sprint=_SPRINT,
        create_sprint=_SPRINT,
        update_sprint=_SPRINT,
        delete_sprint=_SPRINT,
        create_tasks=_ONE_BY_ONE,
        update_tasks=_ONE_BY_ONE,
        delete_tasks=_ONE_BY_ONE,
        delete_task=_ARCHIVED,
        delete_project=mapped(
            "the board is closed and can be reopened; with delete_mode=permanent it is gone"
        ),
        create_user=_ACCOUNTS,
        update_user=_ACCOUNTS,
        delete_user=_ACCOUNTS,
        list_users=mapped("members of the board, of the workspace, or of all boards of the account"),
        list_statuses=mapped("the open lists of a board, or of all boards"),
        list_priorities=mapped(_PRIORITIES["label"]),
        list_types=unsupported("cards have no types"),
        list_transitions=mapped("any other open list of the board"),
        search_tasks=Capability(Support.NATIVE, "the index follows writes by about ten seconds"),
        create_relation=_NO_RELATIONS,
        list_relations=_NO_RELATIONS,
        update_relation=_NO_RELATIONS,
        delete_relation=_NO_RELATIONS,
        list_labels=mapped("labels of boards but those that stand for sprints and priorities"),
        download_attachment=mapped("files; links to something elsewhere are listed, and have no content"),
        update_attachment=unsupported("attachments cannot be changed; delete and upload anew"),
        list_time_entries=_NO_TIME,
        create_time_entry=_NO_TIME,
        update_time_entry=_NO_TIME,
        delete_time_entry=_NO_TIME,
        list_watchers=mapped("whether the account of the token itself watches; of others nothing is told"),
        add_watcher=mapped("the account of the token alone"),
        remove_watcher=mapped("the account of the token alone"),
        changes=mapped("the cards of the board compared with what the cursor remembers of them"),
    ),
    fields={
        Entity.PROJECT: declare_fields(
            Entity.PROJECT,
            native="name description is_archived url",
            key=read_only("the short link in the address of the board"),
            status=mapped("active, or archived for a closed board"),
            status_name=unsupported("boards are open or closed"),
            is_public=mapped("visible to everybody; otherwise to members or the workspace"),
            created_at=read_only(_FROM_ID),
            updated_at=read_only("the last activity on the board, that on its cards included"),
            parent_project_id=unsupported("boards stand in workspaces, not in boards"),
            status_note=_NO_DATES,
            priority=_NO_DATES,
            start_date=_NO_DATES,
            end_date=_NO_DATES,
            owner_id=_NO_DATES,
            custom_fields=_NO_DATES,
            version=_NO_VERSION,
        ),
        Entity.TASK: declare_fields(
            Entity.TASK,
            native="title description assignee_id assignee_ids is_archived url",
            status=mapped(_STATUS["either"]),
            status_name=read_only("the name of the list"),
            priority=mapped(_PRIORITIES["label"]),
            priority_name=read_only("what stands behind 'Priority:', or the whole name of the label"),
            project_id=mapped(
                "the board; labels, members and custom fields that the new board lacks are lost"
            ),
            key=read_only("the short link in the address of the card"),
            due_date=mapped("an instant: noon of the day in the option timezone"),
            start_date=mapped("an instant: noon of the day in the option timezone"),
            sprint_id=mapped(_SPRINTS["label"]),
            label_ids=mapped("labels but those that stand for sprints and priorities"),
            custom_fields=mapped(
                "by name; days are noon in the option timezone; a tick that is off is no value"
            ),
            created_at=read_only(_FROM_ID),
            updated_at=read_only("the last activity: changes, moves, comments"),
            parent_task_id=unsupported("cards have no subtasks; their checklists are checklists here, too"),
            type=unsupported("cards have no types"),
            author_id=_TOLD_LATE,
            completed_at=_TOLD_LATE,
            progress=unsupported("cards have no progress; tick items of a checklist"),
            estimated_hours=mapped("the number custom field that hours_field names; without it unsupported"),
            story_points=mapped("the number custom field that points_field names; without it unsupported"),
            actual_hours=_NO_TIME,
            remaining_hours=_NO_TIME,
            version=_NO_VERSION,
        ),
        Entity.SPRINT: declare_fields(
            Entity.SPRINT,
            native="name project_id",
            start_date=mapped("in the name of the label"),
            end_date=mapped("in the name of the label"),
            status=mapped(
                "by the dates; a mark at the end of the name, '(closed)', where they say something else"
            ),
            created_at=read_only(_FROM_ID),
            rest=unsupported("a label has a name and a colour"),
        ),
        Entity.USER: declare_fields(
            Entity.USER,
            name=_OWN_ACCOUNT,
            username=_OWN_ACCOUNT,
            avatar_url=_OWN_ACCOUNT,
            kind=_OWN_ACCOUNT,
            is_active=read_only("accounts that were deactivated say so"),
            email=read_only("told of the account of the token, if it has the scope"),
            url=_OWN_ACCOUNT,
            created_at=read_only(_FROM_ID),
            rest=unsupported("not told of members"),
        ),
        Entity.COMMENT: declare_fields(
            Entity.COMMENT,
            native="task_id body author_id author_name created_at",
            updated_at=read_only("the last edit, or when it was written"),
            is_internal=unsupported("all comments are seen by all who see the card"),
            url=unsupported("comments have no address of their own"),
        ),
        Entity.LABEL: declare_fields(
            Entity.LABEL,
            native="name project_id",
            color=mapped("the nearest of the vendor's thirty colours"),
        ),
        Entity.RELATION: declare_fields(Entity.RELATION, rest=_NO_RELATIONS),
        Entity.ATTACHMENT: declare_fields(
            Entity.ATTACHMENT,
            native="task_id file_name content_type size_bytes author_id url created_at",
            description=unsupported("attachments have no description"),
        ),
        Entity.TIME_ENTRY: declare_fields(Entity.TIME_ENTRY, rest=_NO_TIME),
        Entity.MEMBERSHIP: declare_fields(
            Entity.MEMBERSHIP,
            native="project_id user_id",
            roles=mapped("one of admin, normal, observer; of several the strongest"),
            is_inherited=unsupported("members of a board are its own"),
            created_at=unsupported("not told"),
            updated_at=unsupported("not told"),
        ),
        Entity.CHECKLIST: declare_fields(
            Entity.CHECKLIST, native="name task_id items", position=mapped("by pos")
        ),
        Entity.CHECKLIST_ITEM: declare_fields(
            Entity.CHECKLIST_ITEM,
            native="title checklist_id is_done",
            position=mapped(
                "by pos; after some twenty moves to the same place no number is left between two"
            ),
            assignee_id=mapped("needs a paid plan, which the system does not say"),
            due_date=mapped("noon of the day; needs a paid plan, which the system does not say"),
            parent_id=unsupported("items are not nested"),
        ),
    },
    limits=Limits(
        custom_fields="apart",
        page_size=1000,
        batch_size=1,
        concurrency=5,
        attachment_bytes=250 * 1024 * 1024,
        lengths={
            "project.name": 16384,
            "project.description": 16384,
            "task.title": 16384,
            "task.description": 16384,
            "comment.body": 16384,
            "label.name": 16384,
            "sprint.name": 16300,
            "checklist.name": 16384,
            "checklist_item.title": 16384,
        },
        relation_types=(),
        quota="100 requests in 10 s for a token, 300 for an API key, 100 in 15 min for data of members",
    ),
    changes=ChangeDetection(
        upserts="timestamp",
        deletes="sweep",
        precision_s=0.001,
        webhooks=("card", "comment", "checklist", "attachment", "list", "label", "board", "member"),
    ),
    text_format="markdown",
    conventions={
        "tasks": "cards; templates, separators, mirrors and cards that are only links are none",
        "statuses": _STATUS["either"],
        "sprints": _SPRINTS["label"],
        "priorities": _PRIORITIES["label"],
        "deleting": "archives; delete_mode=permanent deletes for good",
        "days": "noon in the option timezone (UTC)",
        "new boards": "have the vendor's three lists; board_lists names others",
    },
)
"""At best; a connection may narrow it."""


def narrowed(options: Options) -> Capabilities:
    """The capabilities under the conventions of a connection."""
    rules = options.conventions
    operations: dict[str, Capability] = {
        name: _mode(rules.sprint_mode, _SPRINTS) for name in _SPRINT_OPERATIONS
    }
    if rules.sprint_mode == "custom_field":
        operations["update_sprint"] = unsupported("options of a custom field cannot be renamed by the API")
    operations["list_priorities"] = _mode(rules.priority_mode, _PRIORITIES)
    if rules.delete_mode == "permanent":
        operations["delete_task"] = operations["delete_project"] = mapped("gone for good: there is no trash")
    return CAPABILITIES.narrowed(
        operations=operations,
        fields=_fields(rules),
        limits=replace(CAPABILITIES.limits, page_size=options.page_size, concurrency=options.concurrency),
        conventions=_conventions(rules),
    )


def _mode(mode: str, words: dict[str, str]) -> Capability:
    return unsupported(words[mode]) if mode == "none" else mapped(words[mode])


def _fields(rules: Conventions) -> dict[tuple[Entity, str], Capability]:
    priority = _mode(rules.priority_mode, _PRIORITIES)
    found: dict[tuple[Entity, str], Any] = {
        (Entity.TASK, "sprint_id"): _mode(rules.sprint_mode, _SPRINTS),
        (Entity.TASK, "priority"): priority,
        (Entity.TASK, "status"): mapped(_STATUS[rules.done_mode]),
    }
    if rules.sprint_mode == "none":
        none = _mode("none", _SPRINTS)
        found |= {(Entity.SPRINT, name): none for name in CAPABILITIES.fields[Entity.SPRINT]}
    if rules.priority_mode == "none":
        found[Entity.TASK, "priority_name"] = priority
    for name, field, without in (
        ("estimated_hours", rules.hours_field, _HOURS),
        ("story_points", rules.points_field, _POINTS),
    ):
        found[Entity.TASK, name] = mapped(f"the custom field {field!r}") if field else without
    return found


def _conventions(rules: Conventions) -> dict[str, str]:
    return {
        **CAPABILITIES.conventions,
        "statuses": _STATUS[rules.done_mode],
        "sprints": _SPRINTS[rules.sprint_mode],
        "priorities": _PRIORITIES[rules.priority_mode],
        "days": f"noon in the option timezone ({rules.timezone.key})",
    }
