"""Every field of tasks between an internal database and each sandbox: carried both ways, or named in the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete

from pm_providers.database.runner import database_for
from pm_providers.database.schema_sync import sync_links, sync_states
from pm_providers.model import Entity, PMLabel, PMSprint, PMTask, PMUser
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from pm_providers.testing.samples import sample_values
from pm_providers.text import parse_markdown
from tests.conformance import harnesses
from tests.conformance.redmine_harness import RedmineHarness
from tests.sync.parts_world import internal
from tests.sync.world import World

PLAIN = (
    "description", "status", "priority", "type", "start_date", "due_date", "estimated_hours", "remaining_hours",
    "story_points", "progress",
)  # fmt: skip
REFERENCES = ("label_ids", "assignee_ids", "sprint_id", "parent_task_id")
SYSTEMS = ("OpenProject", "Jira", "ClickUp", "Asana", "Trello")


class Both:
    """An internal database and a system, with all fields filled on both."""

    def __init__(self, world: World, harness: Any) -> None:
        self.world = world
        self.harness = harness
        self.left, self.right = world.sides[LEFT], world.sides[RIGHT]
        self.values: dict[str, Any] = {}
        self.asked: dict[tuple[str, str], list[Any]] = {}

    async def people(self) -> None:
        """Users of the system are known in the database, by e-mail or user name."""
        ids = [one for value in self.values["assignee_ids"] for one in value]
        for one in [await self.right.get_user(user_id) for user_id in dict.fromkeys(ids)]:
            if one is not None:
                made = PMUser(name=one.name, email=one.email, username=one.username)
                await self.left.create_user(made)

    def writable(self, name: str) -> bool:
        held = self.right.capabilities.field(Entity.TASK, name)
        odd = {**self.harness.never_created, **self.harness.not_as_asked}
        return held.is_writable and f"task.{name}" not in odd

    async def fill_right(self) -> None:
        """A task of the system for each of its fields."""
        for name in (*PLAIN, *REFERENCES):
            if self.writable(name):
                self.values[name] = await sample_values(self.harness, Entity.TASK, name)
                more = dict(self.harness.companions.get(f"task.{name}", {}))
                await self.world.add(RIGHT, f"their {name}", **{**more, name: self.values[name][0]})
        for name, pair in self.harness.custom_fields.get(Entity.TASK, {}).items():
            self.values[f"custom {name}"] = pair
            await self.world.add(RIGHT, f"their custom {name}", custom_fields={name: pair[0]})

    async def edit(self, side: str) -> None:
        """Every field has another value: what can be said on both sides is edited on this one."""
        tasks = await self.world.tasks(side)
        for name, pair in self.values.items():
            value = pair[1] if side == RIGHT else pair[0]
            if name in REFERENCES and side == LEFT:
                continue  # ids are of the system
            fields = {name: value}
            if name.startswith("custom "):
                fields = {"custom_fields": {name.removeprefix("custom "): value}}
            elif f"task.{name}" in self.harness.never_changed:
                continue
            await self.world.sides[side].update_task(tasks[f"their {name}"].id, fields)

    async def settled(self) -> None:
        for _ in range(3):
            await self.harness.settle()
            await self.world.run()
        await self.harness.settle()
        assert (await self.world.run()).writes == 0

    async def named(self, side: str) -> dict[str, set[str]]:
        """Title -> fields of which a plan says that they are not carried, or not as they are."""
        plan = await self.world.run(RunOptions(dry=True))
        found: defaultdict[str, set[str]] = defaultdict(set)
        for one in plan.decisions:
            if one.entity == "task" and one.side == side:
                found[one.title] |= {*one.held, *(step.field for step in one.steps if step.note)}
        return found

    async def said(self, side: str, task: PMTask, name: str) -> Any:
        """A field in terms that both sides have."""
        provider = self.world.sides[side]
        if name.startswith("custom "):
            found = task.custom_fields.get(name.removeprefix("custom "))
            return found.isoformat() if isinstance(found, date) else found
        value = getattr(task, name)
        if name == "description":
            return parse_markdown(value or "")
        if name == "sprint_id" and value:
            sprints = await self.offered(side, "list_sprints")
            return next(one.name for one in sprints if one.id == value)
        if name == "parent_task_id" and value:
            return (await provider.get_task(value)).title
        if name == "label_ids":
            labels = {one.id: one.name for one in await self.offered(side, "list_labels")}
            return sorted(labels.get(one, one).casefold() for one in value)
        if name == "assignee_ids":
            ids = value or ([task.assignee_id] if task.assignee_id else [])
            users = {one.id: one for one in await self.offered(side, "list_users")}
            return sorted((users[one].email or users[one].username or "").casefold() for one in ids)
        return value

    async def offered(self, side: str, what: str) -> list[Any]:
        """What a side has of a kind; asked once for each look at all fields."""
        if (side, what) not in self.asked:
            project = [] if what == "list_users" else [self.world.projects[side]]
            self.asked[side, what] = await getattr(self.world.sides[side], what)(*project)
        return self.asked[side, what]

    async def differing(self, prefix: str) -> dict[str, tuple[Any, Any]]:
        """Fields that both sides say differently: left and right."""
        self.asked.clear()
        left, right = await self.world.tasks(LEFT), await self.world.tasks(RIGHT)
        found = {}
        for title in sorted(left):
            if title.startswith(prefix):
                name = title.removeprefix(prefix)
                ours, theirs = (
                    await self.said(LEFT, left[title], name),
                    await self.said(RIGHT, right[title], name),
                )
                if ours != theirs:
                    found[name] = (ours, theirs)
        return found


@pytest.fixture(params=[*SYSTEMS, pytest.param("Redmine", marks=pytest.mark.redmine)])
async def both(request: pytest.FixtureRequest, sync_db: Engine, tmp_path: Path) -> AsyncIterator[Both]:
    kind = RedmineHarness if request.param == "Redmine" else getattr(harnesses, f"{request.param}Harness")
    async with AsyncExitStack() as stack:
        left = await stack.enter_async_context(internal(tmp_path, LEFT))
        harness = await stack.enter_async_context(kind(tmp_path))
        ours = (await left.create_project(harnesses.PMProject(name="Ours"))).id
        theirs = (await harness.project()).id
        world = World(sync_db, (left, harness.provider), Policy(settle_s=0))
        yield Both(await world.open((ours, theirs)), harness)


async def test_fields_of_the_system(both: Both) -> None:
    """Read into the database, then edited on both sides: all that both can hold, whatever it is written in."""
    await both.fill_right()
    await both.people()
    await both.harness.settle()
    named = await both.named(LEFT)
    assert {title: fields for title, fields in named.items() if fields} == {}
    await both.settled()
    assert await both.differing("their ") == {}
    await both.edit(RIGHT)
    await both.settled()
    assert await both.differing("their ") == {}
    await both.edit(LEFT)
    await both.settled()
    assert await both.differing("their ") == {}


async def test_what_the_system_cannot_hold(both: Both) -> None:
    """It is named in the plan, stays where it is, and survives edits of the rest."""
    project = both.world.projects[LEFT]
    label = await both.left.create_label(PMLabel(name="ours"))
    user = await both.left.create_user(PMUser(name="Nobody there", email="nobody@nowhere.example"))
    full: dict[str, Any] = {
        "description": "Some *text*", "start_date": date(2026, 3, 2), "due_date": date(2026, 3, 20),
        "estimated_hours": 10.0, "remaining_hours": 7.0, "story_points": 5.0, "progress": 30, "priority": "high",
        "label_ids": [label.id], "assignee_ids": [user.id], "custom_fields": {"Nowhere else": "kept"},
    }  # fmt: skip
    sprint = await both.left.create_sprint(PMSprint(name="Ours", project_id=project))
    made = await both.world.add(LEFT, "Full", sprint_id=sprint.id, **full)
    before = await both.left.get_task(made.id)
    cannot = {name for name in full if not both.right.capabilities.field(Entity.TASK, name).is_writable}
    held = {"label_ids": "labels", "assignee_ids": "assignees", "custom_fields": "custom:Nowhere else"}
    named = (await both.named(RIGHT))["Full"]
    assert {held.get(name, name) for name in cannot} | {"custom:Nowhere else", "assignees"} <= named
    await both.settled()
    (there,) = [one for one in await both.world.listed(RIGHT) if one.title == "Full"]
    await both.right.update_task(there.id, {"title": "Full, renamed", "description": "Other *text*"})
    await both.settled()
    after = await both.left.get_task(made.id)
    assert (after.title, after.description) == ("Full, renamed", "Other *text*")
    kept = {name: getattr(before, name) for name in [*full, "sprint_id"] if name != "description"}
    assert {name: getattr(after, name) for name in kept} == kept


async def test_the_project_itself(both: Both) -> None:
    """Where it is asked for: what both can hold goes both ways, and the rest is named."""
    world = both.world
    world.policy = Policy(settle_s=0, parts=Policy().parts | {"project"})
    table = both.right.capabilities.fields[Entity.PROJECT]
    ours = {"description": "ours", "end_date": date(2026, 4, 1), "status_note": "note", "priority": "high"}
    await both.left.update_project(world.projects[LEFT], ours)
    report = await world.run(RunOptions(dry=True))
    assert [one.side for one in report.decisions if one.entity == "project"], report.held
    await both.settled()
    right = await both.right.get_project(world.projects[RIGHT])
    left = await both.left.get_project(world.projects[LEFT])
    assert right is not None
    assert left is not None
    assert left.name == right.name
    for name, value in ours.items():
        assert getattr(left, name) == value
        assert getattr(right, name) == (value if table[name].is_writable else None), name
        assert table[name].is_writable or f"{name}: " in report.held["project"]
    await both.right.update_project(right.id, {"name": "Theirs"})
    await both.settled()
    left = await both.left.get_project(world.projects[LEFT])
    assert left is not None
    assert (left.name, left.priority, left.description) == ("Theirs", "high", "ours")


async def test_references_in_a_field_of_the_system(both: Both) -> None:
    """Written with the task, read back as they are: lost links are found again, whatever the titles are."""
    world = both.world
    facts = await (await world.engine().sides())[RIGHT].facts()
    lines = [one for one in both.harness.custom_fields[Entity.TASK] if one in facts.texts]
    if not lines:
        pytest.skip(f"{both.right.title}: no custom field of the sandbox holds any text")
    name = lines[0]
    world.policy = Policy(settle_s=0, provenance=f"field:{name}")
    for number in range(2):
        await world.add(LEFT, "Same", description=f"number {number}")
    await both.settled()
    ids = {one.id for one in await world.listed(LEFT)}
    found = {one.custom_fields.get(name) for one in await world.listed(RIGHT)}
    assert found == {f"internal:/{one}" for one in ids}

    def lose(conn: Any) -> None:
        for table in (sync_links, sync_states):
            conn.execute(delete(table).where(table.c.mapping_id == world.mapping_id))

    await database_for(world.db).write(lose)
    report = await world.run()
    assert (report.counts["create"], report.doubtful) == (0, {})
    assert len(await world.listed(LEFT)) == len(await world.listed(RIGHT)) == len(ids)
