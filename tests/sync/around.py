"""What stands around tasks of two real systems, as people see and change it: labels, people, sprints, and the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pm_providers.model import (
    Entity,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMLabel,
    PMRelation,
    PMSprint,
    PMTask,
)
from pm_providers.sandbox.openproject.records import Category
from pm_providers.sync.policy import SIDES
from tests.sync.marks import State
from tests.sync.oracle import token

LABELS = ("red", "green", "blue")
PEOPLE = 3
_UNKNOWN = LABELS[-1]
"""A label that systems do not have whose labels the API does not make."""

_OPERATIONS = {
    "sprints": ("list_sprints", "create_sprint", "update_sprint"),
    "relations": ("list_relations", "create_relation", "delete_relation"),
    "checklists": ("list_checklists", "create_checklist", "create_checklist_item"),
    "files": ("list_attachments", "create_attachment", "create_comment"),
}
_FIELDS = {"labels": "label_ids", "people": "assignee_ids", "sprints": "sprint_id"}
KINDS = (*_FIELDS, *(one for one in _OPERATIONS if one not in _FIELDS))
PARTS = {"sprints": "sprints", "relations": "relations", "checklists": "checklists", "files": "attachments"}
"""Kind -> how the options of a mapping call it."""

_RELATIONS = ("relates", "blocks", "duplicates")  # others move dates


class Around:
    """Both systems.

    Args:
        ends: sides, open.
        wanted: kinds that are played; of them those that both sides have.

    Attributes:
        kinds: these.
        most: kind -> side -> members that a side can show; missing for no bound.
        lacks: kind -> members that one of the sides cannot show at all.
        pairs: users on the left -> the same person on the right.
    """

    def __init__(self, ends: Mapping[str, Any], wanted: Collection[str]) -> None:
        self.ends = ends
        self.kinds = {one for one in wanted if all(self._has(side, one) for side in SIDES)}
        self.most: dict[str, dict[str, int]] = {"labels": {}, "people": {}}
        self.lacks: dict[str, set[str]] = {}
        self.pairs: dict[str, str] = {}
        self._people: dict[str, dict[str, str]] = {side: {} for side in SIDES}
        self.files: set[str] = set()
        self.inherits = any(end.people.name == "jira" for end in ends.values())
        """Tasks below others are in their sprints."""
        types = [set(self._client(side).capabilities.limits.relation_types) for side in SIDES]
        self.types = [one for one in _RELATIONS if all(one in known for known in types)]
        if not self.types:
            self.kinds.discard("relations")

    def _client(self, side: str) -> Any:
        return self.ends[side].people

    def _has(self, side: str, kind: str) -> bool:
        capabilities = self._client(side).capabilities
        if kind in _FIELDS and not capabilities.field(Entity.TASK, _FIELDS[kind]).is_writable:
            return False
        return all(capabilities.supports(one) for one in _OPERATIONS.get(kind, ()))

    async def open(self) -> None:
        """Make what people begin with."""
        for side in SIDES:
            limits = self._client(side).capabilities.limits
            for kind, most in (("labels", limits.labels), ("people", limits.assignees)):
                if most is not None:
                    self.most[kind][side] = most
        if "labels" in self.kinds:
            for side in SIDES:
                self._seed_labels(side)
        if "people" in self.kinds:
            await self._open_people()

    def _seed_labels(self, side: str) -> None:
        """Labels that only administrators make, but for one."""
        end = self.ends[side]
        if end.people.name != "openproject":
            return
        self.lacks["labels"] = {_UNKNOWN}
        state = end.system.state
        for name in LABELS:
            if name != _UNKNOWN:
                row = Category(
                    id=state.categories.next_id(), name=name, project_id=int(end.project), **state.stamps()
                )
                state.categories.put(row)

    async def _open_people(self) -> None:
        known = {}
        for side, end in self.ends.items():
            known[side] = (await end.harness.assignees(end.project))[-PEOPLE:]
        for number, pair in enumerate(zip(*known.values(), strict=False)):
            self.pairs[pair[0]] = pair[1]
            for side, one in zip(known, pair, strict=True):
                self._people[side][one] = f"person{number}"

    # tasks

    def persons(self, side: str, task: PMTask) -> set[str]:
        """Who it is assigned to."""
        ids = task.assignee_ids or ([task.assignee_id] if task.assignee_id else [])
        return {self._people[side].get(one, one) for one in ids}

    def assignees(self, side: str, names: Iterable[str]) -> dict[str, Any]:
        """Values that assign a task to people."""
        ids = {name: one for one, name in self._people[side].items()}
        found = [ids.get(name, name) for name in sorted(names)]
        if self.most["people"].get(side) == 1:
            return {"assignee_id": found[0] if found else None}
        return {"assignee_ids": found}

    async def label_names(self, side: str) -> dict[str, str]:
        """Id -> name."""
        end = self.ends[side]
        found = await end.people.list_labels(end.project)
        names = [one.name.casefold() for one in found if one.name.casefold() in LABELS]
        assert len(names) == len(set(names)), f"labels are doubled on the {side}: {names}"
        return {one.id: one.name.casefold() for one in found}

    async def wearing(self, side: str, names: Iterable[str]) -> dict[str, Any] | None:
        """Values that put labels on a task; `None` where nobody can."""
        known = {name: one for one, name in (await self.label_names(side)).items()}
        found = []
        for name in sorted(names):
            one = known.get(name) or await self._made(side, name)
            if one is None:
                return None
            found.append(one)
        return {"label_ids": found}

    async def _made(self, side: str, name: str) -> str | None:
        end = self.ends[side]
        capabilities = end.people.capabilities
        if capabilities.supports("create_label"):
            scoped = capabilities.field(Entity.LABEL, "project_id").is_writable
            made = await end.people.create_label(
                PMLabel(name=name, project_id=end.project if scoped else None)
            )
            return str(made.id)
        return name if end.people.name == "jira" else None

    # sprints

    async def sprints(self, side: str) -> dict[str, PMSprint]:
        """Id -> sprint."""
        end = self.ends[side]
        return {one.id: one for one in await end.people.list_sprints(end.project)}

    async def new_sprint(self, side: str, name: str, number: int) -> PMSprint:
        """Make one that is yet to begin: some systems take no tasks into one that has ended."""
        end = self.ends[side]
        start = datetime.now(UTC).date() + timedelta(weeks=8 + 2 * number)
        dates = {"start_date": start, "end_date": start + timedelta(days=11)}
        return await end.people.create_sprint(PMSprint(name=name, project_id=end.project, **dates))

    # relations

    def relation(self, side: str, one: PMTask, two: PMTask) -> PMRelation:
        """The one relation that there may be between two tasks: the older comes first, so that no circles are."""
        first, second = sorted((one, two), key=_age)
        kind = self.types[(_age(first) + _age(second)) % len(self.types)]
        return PMRelation(from_task_id=first.id, to_task_id=second.id, type=kind)

    async def relations(self, side: str, task: PMTask, names: Mapping[str, str]) -> dict[str, list[str]]:
        """What a relation says -> ids of those that say so."""
        found: dict[str, list[str]] = {}
        for one in await self._client(side).list_relations(task.id):
            ends = [names.get(end, "") for end in (one.from_task_id, one.to_task_id)]
            if all(ends):
                ends = sorted(ends) if one.type == "relates" else ends
                found.setdefault(f"{one.type} {ends[0]} {ends[1]}", []).append(one.id)
        return found

    # checklists and files

    async def checklists(self, side: str, task: PMTask) -> list[PMChecklist]:
        found: list[PMChecklist] = await self._client(side).list_checklists(task.id)
        return found

    async def new_checklist(self, side: str, task: PMTask, name: str, item: str) -> None:
        await self._client(side).create_checklist(
            PMChecklist(name=name, task_id=task.id, items=[PMChecklistItem(title=item)])
        )

    async def attach(self, side: str, task: PMTask, name: str) -> None:
        await self._client(side).create_attachment(PMAttachment(task_id=task.id, file_name=name), b"abc")
        self.files.add(name)

    # what stands there

    async def state(self, side: str, kinds: Collection[str] = KINDS) -> State:
        """What people see.

        Raises:
            AssertionError: something is there twice.
        """
        end, found = self.ends[side], State()
        asked = self.kinds & set(kinds)
        tasks = [task async for task in end.people.iter_tasks(end.project)] if asked else []
        if "people" in asked:
            found.sets |= {("people", token(task)): self.persons(side, task) for task in tasks}
        if "labels" in asked:
            names = await self.label_names(side)
            for task in tasks:
                worn = {names.get(one, one).casefold() for one in task.label_ids}
                found.sets["labels", token(task)] = worn
        if "sprints" in asked:
            await self._see_sprints(side, tasks, found)
        if "relations" in asked:
            await self._see_relations(side, tasks, found)
        for task in tasks:
            if "checklists" in asked:
                self._see_checklists(task, await self.checklists(side, task), found)
            if "files" in asked:
                await self._see_files(side, task, found)
        return found

    async def _see_sprints(self, side: str, tasks: list[PMTask], found: State) -> None:
        known = await self.sprints(side)
        names = [sprint_token(one) for one in known.values()]
        assert len(names) == len(set(names)), f"sprints are doubled on the {side}: {sorted(names)}"
        found.sets["sprints", ""] = set(names)
        found.values |= {("name of", sprint_token(one)): one.name.casefold() for one in known.values()}
        for task in tasks:
            if not (self.inherits and task.parent_task_id):
                value = sprint_token(known[task.sprint_id]) if task.sprint_id in known else task.sprint_id
                found.values["sprint of", token(task)] = value

    async def _see_relations(self, side: str, tasks: list[PMTask], found: State) -> None:
        names = {task.id: token(task) for task in tasks}
        there: set[str] = set()
        for task in tasks:
            for said, ids in (await self.relations(side, task, names)).items():
                assert len(ids) == 1, f"{said!r} is {len(ids)} times on the {side}"
                there.add(said)
        found.sets["relations", ""] = there

    @staticmethod
    def _see_checklists(task: PMTask, lists: list[PMChecklist], found: State) -> None:
        lines = [(f"{one.name}/{item.title}", item.is_done) for one in lists for item in one.items]
        names = [*(one.name for one in lists), *(line for line, _ in lines)]
        assert len(names) == len(set(names)), f"doubled on {token(task)}: {names}"
        found.sets["checklists", token(task)] = set(names)
        found.values |= {("done", f"{token(task)} {line}"): is_done for line, is_done in lines}

    async def _see_files(self, side: str, task: PMTask, found: State) -> None:
        client = self._client(side)
        names = [one.file_name for one in await client.list_attachments(task.id)]
        bodies = [one.body for one in await client.list_comments(task.id)]
        names += [name for body in bodies for name in self.files if f"{name}" in body]
        assert len(names) == len(set(names)), f"files are told twice on {token(task)} of the {side}: {names}"
        found.sets["files", token(task)] = set(names)


def sprint_token(one: PMSprint) -> str:
    """Name of a sprint whatever becomes of the rest of its name."""
    return one.name.split()[0].casefold()


def _age(task: PMTask) -> int:
    """Number in the title of a task."""
    return int(token(task)[1:])


def policy_parts(kinds: Collection[str]) -> frozenset[str]:
    """Parts that are in step where kinds are played."""
    return frozenset(PARTS[one] for one in kinds if one in PARTS)
