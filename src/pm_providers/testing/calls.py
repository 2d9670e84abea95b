"""Every operation as data: a call of it, the hook behind it, and what it does to which entity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from pm_providers.contract import OPERATIONS, BasePMProvider
from pm_providers.model import (
    Entity,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMMembership,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
    Record,
)

__all__ = ["CALLS", "HOOKS", "PLACEHOLDERS", "call"]

Call = Callable[[BasePMProvider], Awaitable[Any]]

PLACEHOLDERS: dict[Entity, Record] = {
    Entity.PROJECT: PMProject(name="Project"),
    Entity.TASK: PMTask(title="Task", project_id="1"),
    Entity.SPRINT: PMSprint(name="Sprint", project_id="1"),
    Entity.USER: PMUser(name="User"),
    Entity.COMMENT: PMComment(task_id="1", body="Comment"),
    Entity.LABEL: PMLabel(name="Label"),
    Entity.RELATION: PMRelation(from_task_id="1", to_task_id="2", type="blocks"),
    Entity.ATTACHMENT: PMAttachment(task_id="1", file_name="file.txt"),
    Entity.TIME_ENTRY: PMTimeEntry(task_id="1", hours=1.0, spent_on=date(2026, 3, 2)),
    Entity.MEMBERSHIP: PMMembership(project_id="1", user_id="1", roles=["Member"]),
    Entity.CHECKLIST: PMChecklist(name="Checklist", task_id="1"),
    Entity.CHECKLIST_ITEM: PMChecklistItem(title="Item", checklist_id="1"),
}
"""Valid records whose references need not exist."""

_FIRST_FIELD = {
    Entity.TASK: "title",
    Entity.COMMENT: "body",
    Entity.RELATION: "type",
    Entity.ATTACHMENT: "description",
    Entity.TIME_ENTRY: "comment",
    Entity.MEMBERSHIP: "roles",
    Entity.CHECKLIST_ITEM: "title",
}
_OTHER_VALUES: dict[str, Any] = {"type": "blocks", "roles": ["Member"]}


def _create(entity: Entity) -> Call:
    extra = (b"content",) if entity is Entity.ATTACHMENT else ()
    return lambda provider: getattr(provider, f"create_{entity}")(PLACEHOLDERS[entity], *extra)


def _update(entity: Entity) -> Call:
    name = _FIRST_FIELD.get(entity, "name")
    value = _OTHER_VALUES.get(name, "changed")
    return lambda provider: getattr(provider, f"update_{entity}")("1", {name: value})


def _with_id(operation: str) -> Call:
    return lambda provider: getattr(provider, operation)("1")


def _alone(operation: str) -> Call:
    return lambda provider: getattr(provider, operation)()


def _call_of(operation: str) -> Call:
    special: dict[str, Call] = {
        "create_tasks": lambda provider: provider.create_tasks([PMTask(title="Task", project_id="1")]),
        "update_tasks": lambda provider: provider.update_tasks({"1": {"title": "changed"}}),
        "delete_tasks": lambda provider: provider.delete_tasks(["1"]),
        "add_watcher": lambda provider: provider.add_watcher("1", "1"),
        "remove_watcher": lambda provider: provider.remove_watcher("1", "1"),
        "request": lambda provider: provider.request("GET", ""),
    }
    if operation in special:
        return special[operation]
    verb, _, rest = operation.partition("_")
    if verb in {"create", "update"}:
        return (_create if verb == "create" else _update)(Entity(rest))
    scoped = {"list_comments", "list_relations", "list_attachments", "list_transitions"}
    scoped |= {"list_memberships", "list_watchers", "list_checklists"}
    if operation in scoped or verb in {"delete", "download", "search", "changes"}:
        return _with_id(operation)
    if verb == "get" and operation != "get_current_user":
        return _with_id(operation)
    return _alone(operation)


def _hook_of(operation: str) -> str:
    listed = {f"list_{entity.plural}" for entity in Entity}
    return f"_iter_{operation[5:]}" if operation in listed else f"_{operation}"


CALLS: dict[str, Call] = {operation: _call_of(operation) for operation in OPERATIONS}
"""Operation -> a call of it with well-formed arguments that need not exist in the system."""

HOOKS: dict[str, str] = {operation: _hook_of(operation) for operation in OPERATIONS}
"""Operation -> name of the hook that a provider writes for it."""


async def call(provider: BasePMProvider, operation: str) -> Any:
    """Call an operation with the arguments of `CALLS`."""
    return await CALLS[operation](provider)
