"""Values to write: minimal drafts of each entity, and two values for each field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.model import (
    MODELS,
    Entity,
    FieldKind,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMMembership,
    PMProject,
    PMRelation,
    PMTask,
    PMTimeEntry,
    Record,
    field_specs,
)
from pm_providers.testing.harness import ProviderHarness, unique

__all__ = ["any_value", "create", "draft", "new_task", "place_of", "role_names", "sample_values"]

_BY_KIND: dict[FieldKind, tuple[Any, Any]] = {
    FieldKind.TEXT: ("First value", "Zweiter Wert äöü"),
    FieldKind.MARKDOWN: ("First *value*\n\n- one\n- two", "# Second\n\nvalue"),
    FieldKind.DATE: (date(2026, 3, 2), date(2026, 3, 4)),
    FieldKind.HOURS: (7.5, 12.25),
    FieldKind.NUMBER: (3.0, 5.0),
    FieldKind.INTEGER: (2, 3),
    FieldKind.FLAG: (True, False),
    FieldKind.ID: ("1", "2"),
    FieldKind.IDS: (["1"], ["1", "2"]),
    FieldKind.ITEMS: ([PMChecklistItem(title="First step")], [PMChecklistItem(title="Second step")]),
    FieldKind.NAMES: (["Member"], ["Reader"]),
    FieldKind.MAP: ({"Any": "value"}, {"Any": "other"}),
    FieldKind.CHOICE: ("high", "low"),
}
_LATER = (date(2026, 3, 20), date(2026, 4, 1))
_FIXED: dict[tuple[Entity, str], tuple[Any, Any]] = {
    (Entity.PROJECT, "end_date"): _LATER,
    (Entity.PROJECT, "status"): ("active", "completed"),
    (Entity.TASK, "due_date"): _LATER,
    (Entity.TASK, "status"): ("in_progress", "completed"),
    (Entity.TASK, "estimated_hours"): (10.0, 12.5),
    (Entity.TASK, "remaining_hours"): (7.0, 5.25),
    (Entity.TASK, "progress"): (30, 80),
    (Entity.SPRINT, "end_date"): _LATER,
    (Entity.SPRINT, "status"): ("active", "closed"),
    (Entity.USER, "avatar_url"): ("https://example.com/a.png", "https://example.com/b.png"),
    (Entity.LABEL, "color"): ("#aa0000", "#00bb00"),
    (Entity.RELATION, "type"): ("blocks", "relates"),
    (Entity.ATTACHMENT, "content_type"): ("text/plain", "text/plain"),
    (Entity.ATTACHMENT, "file_name"): ("notes.txt", "notes-2.txt"),
}


def any_value(entity: Entity, name: str) -> Any:
    """A well-formed value of a field, whose references need not exist."""
    return _FIXED.get((entity, name), _BY_KIND[field_specs(MODELS[entity])[name].kind])[0]


async def new_task(harness: ProviderHarness, **fields: Any) -> PMTask:
    """A new task in the project of the test."""
    project = await harness.project()
    return await harness.provider.create_task(
        PMTask(**({"title": unique("Task"), "project_id": project.id} | fields))
    )


async def draft(harness: ProviderHarness, entity: Entity) -> Record:
    """A new record of an entity with no more than what it needs."""
    if entity is Entity.PROJECT:
        return PMProject(name=unique("Project"))
    if entity is Entity.USER:
        return harness.user_draft()
    project_id = (await harness.project()).id
    if entity is Entity.TASK:
        return PMTask(title=unique("Task"), project_id=project_id)
    if entity is Entity.SPRINT:
        return harness.sprint_draft(project_id)
    if entity is Entity.LABEL:
        return harness.label_draft(project_id)
    if entity is Entity.MEMBERSHIP:
        user = (await harness.outsiders(project_id))[0]
        return PMMembership(project_id=project_id, user_id=user, roles=[role_names(harness)[0]])
    return await _part_draft(harness, entity, (await new_task(harness)).id)


async def _part_draft(harness: ProviderHarness, entity: Entity, task_id: str) -> Record:
    if entity is Entity.COMMENT:
        return PMComment(task_id=task_id, body="A comment")
    if entity is Entity.CHECKLIST:
        return PMChecklist(name=unique("Checklist"), task_id=task_id)
    if entity is Entity.RELATION:
        other = (await new_task(harness)).id
        return PMRelation(from_task_id=task_id, to_task_id=other, type=_directed(harness))
    if entity is Entity.ATTACHMENT:
        return PMAttachment(task_id=task_id, file_name="report.txt", content_type="text/plain")
    return PMTimeEntry(task_id=task_id, hours=1.5, spent_on=date(2026, 3, 2))


def _directed(harness: ProviderHarness) -> str:
    """A type of relations whose ends differ; one that can have a delay, where there is one."""
    known = harness.provider.capabilities.limits.relation_types
    return next(one for one in ("precedes", "blocks", *known) if not known or one in known)


def place_of(record: Record) -> dict[str, str]:
    """Where a part stands, as updates and deletes of it are told: some systems find it no other way."""
    if isinstance(record, PMLabel | PMMembership):
        return {"project_id": record.project_id} if record.project_id else {}
    if isinstance(record, PMRelation):
        return {"task_id": record.from_task_id}
    if isinstance(record, PMComment | PMAttachment | PMTimeEntry | PMChecklist):
        return {"task_id": record.task_id or ""}
    return {}


async def create(provider: BasePMProvider, entity: Entity, record: Record) -> Record:
    """Create a record of any entity."""
    content = (b"content\n",) if entity is Entity.ATTACHMENT else ()
    created = await getattr(provider, f"create_{entity}")(record, *content)
    assert isinstance(created, Record)
    return created


def role_names(harness: ProviderHarness) -> tuple[str, str]:
    """Two roles of the system."""
    found = harness.roles
    assert len(found) == 2, "memberships can be created: the harness must name two roles"
    return found[0], found[1]


async def sample_values(harness: ProviderHarness, entity: Entity, name: str) -> Sequence[Any]:
    """Two different values of a field that the system can hold; references exist."""
    given = harness.samples.get((entity, name))
    if given is not None:
        return given
    maker = _MAKERS.get((entity, name)) or _MAKERS_BY_NAME.get(name)
    if maker is not None:
        return await maker(harness, entity)
    found = _FIXED.get((entity, name)) or _BY_KIND[field_specs(MODELS[entity])[name].kind]
    if field_specs(MODELS[entity])[name].required or name in {"username", "email"}:
        return [_distinct(value, name) for value in found]
    return found


def _distinct(value: Any, name: str) -> Any:
    """Names, logins and addresses may have to be unique."""
    if not isinstance(value, str) or name in {"type", "file_name"}:
        return value
    word = unique("v").replace(" ", "")
    return f"{word}@example.com" if name == "email" else word if name == "username" else f"{value} {word}"


async def _keys(harness: ProviderHarness, entity: Entity) -> list[str]:
    return [unique("k").replace(" ", ""), unique("k").replace(" ", "")]


async def _users(harness: ProviderHarness, entity: Entity) -> list[str]:
    return (await harness.assignees((await harness.project()).id))[:2]


async def _outsiders(harness: ProviderHarness, entity: Entity) -> list[str]:
    return await harness.outsiders((await harness.project()).id)


async def _roles(harness: ProviderHarness, entity: Entity) -> list[list[str]]:
    return [[name] for name in role_names(harness)]


async def _user_lists(harness: ProviderHarness, entity: Entity) -> list[list[str]]:
    first, second = await _users(harness, entity)
    several = (harness.provider.capabilities.limits.assignees or 2) > 1
    return [[first], [second, first] if several else [second]]


async def _label_lists(harness: ProviderHarness, entity: Entity) -> list[list[str]]:
    first, second, *_ = await harness.labels((await harness.project()).id)
    several = (harness.provider.capabilities.limits.labels or 2) > 1
    return [[first], [first, second] if several else [second]]


async def _projects(harness: ProviderHarness, entity: Entity) -> list[str]:
    return [(await harness.project()).id, (await harness.make_project()).id]


async def _new_projects(harness: ProviderHarness, entity: Entity) -> list[str]:
    return [(await harness.make_project()).id, (await harness.make_project()).id]


async def _tasks(harness: ProviderHarness, entity: Entity) -> list[str]:
    return [(await new_task(harness)).id, (await new_task(harness)).id]


async def _parents(harness: ProviderHarness, entity: Entity) -> list[str]:
    return [(await new_task(harness, **harness.top_task)).id for _ in range(2)]


async def _sprints(harness: ProviderHarness, entity: Entity) -> list[str]:
    if not harness.provider.capabilities.supports("create_sprint"):
        return [sprint.id for sprint in await harness.provider.list_sprints((await harness.project()).id)][:2]
    made = [await create(harness.provider, Entity.SPRINT, await draft(harness, Entity.SPRINT)) for _ in "12"]
    return [sprint.id for sprint in made]


async def _types(harness: ProviderHarness, entity: Entity) -> list[str]:
    types = await harness.provider.list_types((await harness.project()).id)
    names = [one.name for one in types if not one.is_milestone]
    return [name for name in names if name not in harness.lower_types][:2]


async def _custom(harness: ProviderHarness, entity: Entity) -> list[dict[str, Any]]:
    given = harness.custom_fields.get(entity)
    assert given, f"custom fields of {entity} are writable: the harness must name one with two values"
    return [{name: pair[0] for name, pair in given.items()}, {name: pair[1] for name, pair in given.items()}]


Maker = Callable[[ProviderHarness, Entity], Awaitable[Sequence[Any]]]
_MAKERS: dict[tuple[Entity, str], Maker] = {
    (Entity.PROJECT, "key"): _keys,
    (Entity.PROJECT, "parent_project_id"): _new_projects,
    (Entity.TASK, "type"): _types,
    (Entity.MEMBERSHIP, "user_id"): _outsiders,
    (Entity.MEMBERSHIP, "roles"): _roles,
}
_MAKERS_BY_NAME: dict[str, Maker] = {
    "owner_id": _users,
    "assignee_id": _users,
    "user_id": _users,
    "assignee_ids": _user_lists,
    "label_ids": _label_lists,
    "project_id": _projects,
    "parent_task_id": _parents,
    "task_id": _tasks,
    "from_task_id": _tasks,
    "to_task_id": _tasks,
    "sprint_id": _sprints,
    "custom_fields": _custom,
}
