"""One run through every public operation of the OpenProject provider, every field and every filter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import fields as columns
from datetime import UTC, date, datetime
from typing import Any

from pm_providers import (
    ConflictError,
    OpenProjectProvider,
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
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import MODELS, Entity, Record
from pm_providers.sandbox.openproject.records import CustomField
from tests.providers.openproject.document_check import Recorder
from tests.providers.openproject.support import Pause, World, config

__all__ = ["Run", "Setup", "recorded"]

_ENTITIES = {model: entity for entity, model in MODELS.items()}
DAY, LATER = date(2026, 3, 2), date(2026, 3, 20)


class Setup:
    """A sandbox with custom fields on everything, and a provider whose requests are recorded."""

    def __init__(self, version: str = "17.6", **options: Any) -> None:
        self.world = World(version)
        state = self.world.box.state
        state.settings["users_deletable_by_admins"] = True
        for owner in ("Project", "Version", "User"):
            key = state.custom_fields.next_id()
            state.custom_fields.put(
                CustomField(id=key, name=f"{owner} note", owner=owner, format="string", **state.stamps())
            )
        self.recorder = Recorder(self.world.box.transport())
        settings = self.world.box.settings
        options = {"sprint_source": "version", "delete_wait_s": 0.0, **options}
        self.provider = OpenProjectProvider(
            config(settings["OPENPROJECT_URL"], settings["OPENPROJECT_API_KEY"], **options),
            transport=self.recorder,
            timing=Pause().timing(),
        )


@asynccontextmanager
async def recorded(version: str = "17.6", **options: Any) -> AsyncIterator[Setup]:
    """A connected setup."""
    setup = Setup(version, **options)
    async with setup.provider:
        yield setup


class Run:
    """Calls each operation and remembers which, and which fields it wrote.

    Attributes:
        called: operations that were called and did what they say.
        refused: operations that said they are unsupported.
        written: (entity, field) of what was created or updated.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup, self.provider, self.world = setup, setup.provider, setup.world
        self.called: set[str] = set()
        self.refused: set[str] = set()
        self.written: set[tuple[Entity, str]] = set()

    @contextmanager
    def during(self, operation: str) -> Iterator[None]:
        """Requests within belong to an operation."""
        self.setup.recorder.operation = operation
        yield
        self.setup.recorder.operation = ""

    async def call(self, operation: str, *args: Any, **options: Any) -> Any:
        """Call an operation that must succeed."""
        with self.during(operation):
            found = await getattr(self.provider, operation)(*args, **options)
        self.called.add(operation)
        return found

    async def refuse(self, operation: str, *args: Any, why: type[Exception] = UnsupportedError) -> None:
        """Call an operation that must fail."""
        with self.during(operation):
            try:
                await getattr(self.provider, operation)(*args)
            except why:
                self.refused |= {operation} if why is UnsupportedError else set()
                return
        raise AssertionError(f"{operation} was not refused")

    async def create(self, record: Record, *args: Any) -> Any:
        """Create a record; what differs from its defaults counts as written."""
        entity, empty = _ENTITIES[type(record)], type(record)()
        names = [one.name for one in columns(record)]
        self.written |= {(entity, one) for one in names if getattr(record, one) != getattr(empty, one)}
        return await self.call(f"create_{entity}", record, *args)

    async def update(self, entity: Entity, one: str, /, **changes: Any) -> Any:
        """Update a record."""
        self.written |= {(entity, name) for name in changes}
        return await self.call(f"update_{entity}", one, changes)

    async def everything(self) -> Run:
        """All of it, in an order in which each finds what it needs."""
        await self.call("request", "GET", "statuses")
        await self.provider.check_health()
        await self.choices()
        await self.projects()
        await self.users()
        await self.members()
        await self.sprints()
        first, second = await self.tasks()
        await self.task_lists(first)
        await self.around_tasks(first, second)
        await self.watchers(first)
        await self.checklists(first)
        await self.time(first)
        await self.stream()
        await self.failures(first, second)
        await self.call("delete_task", second)
        return self

    async def choices(self) -> None:
        for operation in ("list_statuses", "list_types", "list_fields", "list_labels"):
            await self.call(operation)
            await self.call(operation, self.world.main)
        await self.call("list_priorities")
        for operation in ("create_label", "update_label", "delete_label"):
            label = PMLabel(name="Label", project_id=self.world.main)
            args = {"create": (label,), "update": ("1", {"name": "x"}), "delete": ("1",)}
            await self.refuse(operation, *args[operation.partition("_")[0]])

    async def projects(self) -> None:
        made = await self.create(
            PMProject(
                name="Made", description="*text*", status="active", key="made", status_note="why",
                parent_project_id=self.world.main, is_public=True, custom_fields={"Project note": "n"},
            )
        )  # fmt: skip
        below = await self.create(PMProject(name="Below", parent_project_id=made.id))
        await self.call("get_project", "made")
        await self.update(
            Entity.PROJECT, made.id, name="Made 2", description=None, status="completed", key="made-2",
            status_note=None, parent_project_id=None, is_public=False, custom_fields={"Project note": None},
        )  # fmt: skip
        await self.update(Entity.PROJECT, made.id, status="archived")
        await self.update(Entity.PROJECT, made.id, status="active")
        await self.call("list_projects")
        await self.call("list_projects", include_archived=True)
        await self.call("delete_project", below.id)

    async def users(self) -> None:
        made = await self.create(
            PMUser(name="New User", email="new@example.com", username="new", custom_fields={"User note": "n"})
        )
        for operation, args in (("get_user", (made.id,)), ("get_user", ("ann",)), ("get_user", ("99999",))):
            await self.call(operation, *args)
        await self.update(
            Entity.USER, made.id, name="Newer User", email="newer@example.com", username="newer",
            custom_fields={"User note": None},
        )  # fmt: skip
        await self.call("get_current_user")
        await self.call("list_users")
        await self.call("list_users", self.world.main)
        await self.call("delete_user", made.id)

    async def members(self) -> None:
        made = await self.create(
            PMMembership(project_id=self.world.other, user_id=self.world.zoe, roles=["Member"])
        )
        await self.refuse(
            "create_membership", PMMembership(project_id=self.world.other, user_id=self.world.zoe, roles=["4"]),
            why=ConflictError,
        )  # fmt: skip
        await self.update(Entity.MEMBERSHIP, made.id, roles=["Reader", "Member"])
        await self.call("list_memberships", self.world.other)
        await self.call("delete_membership", made.id)

    async def watchers(self, task: str) -> None:
        await self.call("add_watcher", task, self.world.ann)
        await self.call("list_watchers", task)
        await self.call("remove_watcher", task, self.world.ann)

    async def checklists(self, task: str) -> None:
        await self.refuse("list_checklists", task)
        await self.refuse("create_checklist", PMChecklist(name="Steps", task_id=task))
        await self.refuse("create_checklist_item", PMChecklistItem(title="Step", checklist_id="1"))
        for entity, name in ((Entity.CHECKLIST, "name"), (Entity.CHECKLIST_ITEM, "title")):
            await self.refuse(f"update_{entity}", "1", {name: "x"})
            await self.refuse(f"delete_{entity}", "1")

    async def sprints(self) -> None:
        for args in ((), (self.world.main,)):
            await self.call("list_sprints", *args)
        draft = PMSprint(
            name="Made", project_id=self.world.main, start_date=DAY, end_date=LATER, status="active",
            goal="goal", custom_fields={"Version note": "n"},
        )  # fmt: skip
        if not self.provider.capabilities.supports("create_sprint"):
            await self.call("get_sprint", "sprints/1")
            await self.refuse("create_sprint", PMSprint(name="Made", project_id=self.world.main))
            await self.refuse("update_sprint", "sprints/1", {"name": "x"})
            await self.refuse("delete_sprint", "sprints/1")
            return
        made = await self.create(draft)
        await self.call("get_sprint", made.id)
        await self.update(
            Entity.SPRINT, made.id, name="Made 2", start_date=None, end_date=None, status="closed", goal=None,
            custom_fields={"Version note": None},
        )  # fmt: skip
        await self.call("delete_sprint", made.id)

    async def tasks(self) -> tuple[str, str]:
        world = self.world
        native = not self.provider.capabilities.supports("create_sprint")
        sprint = "sprints/1" if native else world.sprint
        values = {
            "CF text": "*long*", "CF string": "short", "CF int": 3, "CF float": 1.5, "CF bool": True,
            "CF date": DAY, "CF user": world.ann, "CF version": world.sprint, "CF link": "https://example.com",
            "CF list": "Red", "CF multi": ["Red", "Blue"],
        }  # fmt: skip
        parent = await self.create(PMTask(title="Parent", project_id=world.main))
        made = await self.create(
            PMTask(
                title="Made", project_id=world.main, description="*text*", status="todo", priority="high",
                parent_task_id=parent.id, assignee_id=world.ann, estimated_hours=10.0, start_date=DAY,
                due_date=LATER, type="Feature", sprint_id=sprint, label_ids=[world.label],
                remaining_hours=10.0, story_points=3.0, custom_fields=values,
            )
        )  # fmt: skip
        await self.call("get_task", made.id)
        await self.update(
            Entity.TASK, made.id, title="Made 2", description=None, status="in_progress", priority="low",
            parent_task_id=None, assignee_ids=[world.ben], start_date=None, due_date=None, type="Bug",
            sprint_id=None, label_ids=[], story_points=None, custom_fields=dict.fromkeys(values),
        )  # fmt: skip
        await self.update(Entity.TASK, made.id, estimated_hours=None, remaining_hours=None, progress=40)
        stone = await self.create(
            PMTask(title="Stone", project_id=world.main, type="Milestone", start_date=DAY, due_date=DAY)
        )
        await self.update(Entity.TASK, stone.id, project_id=world.other, due_date=LATER)
        await self.call("list_transitions", made.id)
        batch = await self.call(
            "create_tasks", [PMTask(title=f"B{n}", project_id=world.main) for n in range(5)]
        )
        made_ids = [one.id for one in batch.items]
        await self.call("update_tasks", {key: {"title": "changed"} for key in made_ids})
        await self.call("delete_tasks", made_ids[2:])
        return made.id, made_ids[0]

    async def task_lists(self, first: str) -> None:
        native = not self.provider.capabilities.supports("create_sprint")
        sprint = "sprints/1" if native else self.world.sprint
        main = self.world.main
        since = datetime(2020, 1, 1, tzinfo=UTC)
        if len(self.world.box.state.sprints):
            await self.update(Entity.TASK, first, sprint_id="sprints/1")
            await self.call("list_tasks", sprint_id="sprints/1")
            await self.call("get_sprint", "sprints/1")
        await self.update(Entity.TASK, first, sprint_id=sprint)
        for options in (
            {}, {"project_id": main}, {"assignee_id": self.world.ben}, {"sprint_id": sprint}, {"status": "todo"},
            {"updated_since": since}, {"project_id": main, "sprint_id": sprint, "updated_since": since},
            {"project_id": main, "assignee_id": self.world.ann, "status": "New"},
        ):  # fmt: skip
            await self.call("list_tasks", **options)
        await self.call("search_tasks", "made")
        await self.call("search_tasks", "made", project_id=main)

    async def around_tasks(self, first: str, second: str) -> None:
        comment = await self.create(PMComment(task_id=first, body="Text", is_internal=False))
        await self.update(Entity.COMMENT, comment.id, body="Other")
        await self.call("list_comments", first)
        await self.refuse("delete_comment", comment.id)
        relation = await self.create(
            PMRelation(from_task_id=first, to_task_id=second, type="precedes", lag_days=2, description="d")
        )
        await self.update(Entity.RELATION, relation.id, lag_days=1, description=None)
        await self.update(Entity.RELATION, relation.id, lag_days=None, type="blocks")
        await self.call("list_relations", first)
        await self.refuse(
            "create_relation", PMRelation(from_task_id=first, to_task_id="99999", type="relates"),
            why=ValidationError,
        )  # fmt: skip
        await self.call("delete_relation", relation.id)
        file = await self.create(
            PMAttachment(task_id=first, file_name="a.txt", content_type="text/plain", description="d"),
            b"text",
        )
        await self.refuse("update_attachment", file.id, {"description": "x"})
        await self.call("list_attachments", first)
        assert await self.call("download_attachment", file.id) == b"text"
        await self.call("delete_attachment", file.id)

    async def time(self, task: str) -> None:
        entry = await self.create(
            PMTimeEntry(
                task_id=task,
                hours=1.5,
                spent_on=DAY,
                user_id=self.world.ann,
                comment="c",
                activity="Development",
            )
        )
        await self.update(
            Entity.TIME_ENTRY,
            entry.id,
            hours=2.0,
            spent_on=LATER,
            comment=None,
            activity="Testing",
            task_id=task,
        )
        for options in ({}, {"task_id": task}, {"project_id": self.world.main}):
            await self.call("list_time_entries", **options)
        await self.call("delete_time_entry", entry.id)

    async def stream(self) -> None:
        page = await self.call("changes", self.world.main)
        while page.has_more:
            page = await self.call("changes", self.world.main, page.cursor)
        spare = await self.call("create_task", PMTask(title="Spare", project_id=self.world.main))
        page = await self.call("changes", self.world.main, page.cursor)
        await self.call("delete_task", spare.id)
        page = await self.call("changes", self.world.main, page.cursor)
        assert page.deleted_ids == [spare.id]

    async def failures(self, first: str, second: str) -> None:
        """What is asked to explain a refusal, and to try again."""
        unknown = PMTask(title="x", project_id=self.world.main, parent_task_id="99999")
        await self.refuse("create_task", unknown, why=ValidationError)
        await self.refuse("update_task", first, {"parent_task_id": "99999"}, why=ValidationError)
        await self.refuse("update_task", first, {"status": "no such"}, why=ValidationError)
        with self.during("update_task"):
            try:
                await self.provider.update_task(second, {"title": "x"}, expected_version="0")
            except ConflictError:
                return
        raise AssertionError("a stale version was accepted")
