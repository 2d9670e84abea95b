"""Fills the sandbox: the demo story, and any number of work packages for load."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS, StoryProject, StorySprint, StoryTask
from pm_providers.sandbox.openproject.defaults import ADMIN_ID, MEMBER, PROJECT_ADMIN, READER
from pm_providers.sandbox.openproject.journals import changes_between
from pm_providers.sandbox.openproject.records import (
    Attachment,
    Category,
    CustomField,
    CustomOption,
    Journal,
    Membership,
    Principal,
    Project,
    Relation,
    TimeEntry,
    Version,
    WorkPackage,
)
from pm_providers.sandbox.openproject.rollup import roll_up
from pm_providers.sandbox.openproject.state import State

__all__ = ["seed_demo", "seed_scale"]

_KINDS = {
    "task": 1,
    "milestone": 2,
    "phase": 3,
    "feature": 4,
    "epic": 5,
    "story": 6,
    "bug": 7,
}
_STATUSES = {"new": 1, "doing": 7, "testing": 9, "done": 12, "hold": 13, "rejected": 14}
_FOR_TASKS = {"testing": "doing"}
_PRIORITIES = {"low": 7, "normal": 8, "high": 9, "immediate": 10}
_VERSION_STATUS = {"done": "closed", "active": "open", "planned": "open"}
_ROLES = {"admin": PROJECT_ADMIN, "member": MEMBER, "reader": READER}
PLATFORMS = ("Web", "iOS", "Android")
FIELD_REFERENCE, FIELD_PLATFORMS, FIELD_SEVERITY = 1, 2, 3


def seed_demo(state: State) -> dict[str, int]:
    """Add the people, custom fields and projects of the story; returns their API keys."""
    people = {p.login: _person(state, p.login, p.first, p.last, p.email) for p in PEOPLE}
    options = _fields(state)
    for story in PROJECTS:
        _Teller(state, people, options).tell(story)
    return {f"sandbox-{login}-key-00000000000000000000": key for login, key in people.items()}


def _person(state: State, login: str, first: str, last: str, email: str) -> int:
    key = state.principals.next_id()
    state.principals.put(
        Principal(id=key, login=login, first=first, last=last, email=email, **state.stamps())
    )
    return key


def _fields(state: State) -> dict[str, int]:
    """External reference (text), platforms (several of a list), severity (one of a list)."""
    stamps = state.stamps()
    rows: tuple[dict[str, Any], ...] = (
        {"id": FIELD_REFERENCE, "name": "External reference", "max_length": 255},
        {"id": FIELD_PLATFORMS, "name": "Platforms", "format": "list", "multi": True},
        {"id": FIELD_SEVERITY, "name": "Severity", "format": "list", "type_ids": (_KINDS["bug"],)},
    )
    for values in rows:
        state.custom_fields.put(CustomField(**values, **stamps))
    pairs = [(FIELD_PLATFORMS, name) for name in PLATFORMS]
    pairs += [(FIELD_SEVERITY, name) for name in ("Minor", "Major", "Critical")]
    for position, (field_id, value) in enumerate(pairs, 1):
        state.custom_options.put(
            CustomOption(id=position, field_id=field_id, value=value, position=position, **stamps)
        )
    return {value: key for key, (_, value) in enumerate(pairs, 1)}


class _Teller:
    """Turns one project of the story into records."""

    def __init__(self, state: State, people: dict[str, int], options: dict[str, int]) -> None:
        self.state, self.people, self.options = state, people, options
        self.now = state.now()
        self.sprints: dict[str, int] = {}
        self.labels: dict[str, int] = {}
        self.tasks: dict[str, int] = {}

    def tell(self, story: StoryProject) -> None:
        """Store the project and everything in it."""
        state = self.state
        project = Project(
            id=state.projects.next_id(),
            identifier=story.key,
            name=story.name,
            description=story.text,
            status_code="on_track",
            type_ids=tuple(t.id for t in state.types),
            modules=state.settings["default_modules"],
            **self._aged(60),
        )
        state.projects.put(project)
        for login in story.members:
            role = _ROLES[next(p.role for p in PEOPLE if p.login == login)]
            row = Membership(
                id=state.memberships.next_id(),
                principal_id=self.people[login],
                project_id=project.id,
                role_ids=(role,),
                **self._aged(60),
            )
            state.memberships.put(row)
        for name in story.labels:
            self.labels[name] = state.categories.next_id()
            state.categories.put(
                Category(id=self.labels[name], name=name, project_id=project.id, **self._aged(60))
            )
        for sprint in story.sprints:
            self._sprint(project.id, sprint)
        for number, task in enumerate(story.tasks):
            self._task(project.id, task, age_days=40 - number)
        for task in story.tasks:
            self._extras(task)
        for key in self.tasks.values():
            roll_up(state, state.work_packages[key].parent_id)

    def _aged(self, days: float) -> dict[str, Any]:
        moment = self.now - timedelta(days=days)
        return {"created": moment, "updated": moment}

    def _day(self, offset: int | None) -> str | None:
        return None if offset is None else (self.now.date() + timedelta(days=offset)).isoformat()

    def _sprint(self, project_id: int, sprint: StorySprint) -> None:
        """A version: a newcomer can go on from it, while native sprints cannot be made through the API."""
        state = self.state
        version = Version(
            id=state.versions.next_id(),
            name=sprint.name,
            project_id=project_id,
            description=sprint.goal,
            start=self._day(sprint.start),
            end=self._day(sprint.end),
            status=_VERSION_STATUS[sprint.state],
            **self._aged(30),
        )
        state.versions.put(version)
        self.sprints[sprint.key] = version.id

    def _task(self, project_id: int, task: StoryTask, age_days: int) -> None:
        state, kind = self.state, _KINDS[task.kind]
        status = task.status if kind != 1 else _FOR_TASKS.get(task.status, task.status)
        custom: dict[int, Any] = {FIELD_REFERENCE: f"DEMO-{task.key}"}
        if task.platforms:
            custom[FIELD_PLATFORMS] = tuple(self.options[name] for name in task.platforms)
        progress = state.features.progress
        done = task.done if task.done or not progress else (0 if task.hours else None)
        left = task.hours if task.hours is None else round(task.hours * (1 - task.done / 100), 2)
        start = task.start if kind != _KINDS["milestone"] else task.due
        row = WorkPackage(
            id=state.work_packages.next_id(),
            subject=task.title,
            project_id=project_id,
            type_id=kind,
            status_id=_STATUSES[status],
            priority_id=_PRIORITIES[task.priority],
            author_id=ADMIN_ID,
            description=task.text or None,
            start=self._day(start),
            due=self._day(task.due),
            manual=state.features.manual_default,
            estimated_hours=task.hours,
            remaining_hours=left,
            done=done,
            story_points=task.points,
            assignee_id=self.people.get(task.assignee),
            category_id=self.labels.get(task.label),
            version_id=self.sprints.get(task.sprint),
            parent_id=self.tasks.get(task.parent),
            watcher_ids=(ADMIN_ID,),
            custom=custom,
            **self._aged(age_days),
        )
        state.work_packages.put(row)
        self.tasks[task.key] = row.id
        self._journal(row, ADMIN_ID, changes=changes_between(None, row), age_days=age_days)

    def _journal(self, row: WorkPackage, user_id: int, **values: Any) -> None:
        state = self.state
        age = values.pop("age_days")
        number = len(state.journals.where("work_package_id", row.id)) + 1
        state.journals.put(
            Journal(
                id=state.journals.next_id(),
                work_package_id=row.id,
                user_id=user_id,
                number=number,
                **values,
                **self._aged(age),
            )
        )

    def _extras(self, task: StoryTask) -> None:
        state, row = self.state, self.state.work_packages[self.tasks[task.key]]
        for login, text in task.comments:
            self._journal(row, self.people[login], notes=text, age_days=3)
        for kind, keys in (("blocks", task.blocks), ("follows", task.after)):
            for key in keys:
                target = self.tasks[key]
                state.relations.put(
                    Relation(
                        id=state.relations.next_id(),
                        from_id=row.id,
                        to_id=target,
                        kind=kind,
                        **self._aged(20),
                    )
                )
        for login, hours, offset in task.spent:
            state.time_entries.put(
                TimeEntry(
                    id=state.time_entries.next_id(),
                    project_id=row.project_id,
                    work_package_id=row.id,
                    user_id=self.people[login],
                    activity_id=3,
                    hours=hours,
                    spent_on=self._day(offset) or "",
                    **self._aged(-offset),
                )
            )
        for name, text in task.files:
            state.attachments.put(
                Attachment(
                    id=state.attachments.next_id(),
                    author_id=ADMIN_ID,
                    file_name=name,
                    content=text.encode(),
                    content_type="text/plain",
                    container=("work_packages", row.id),
                    **self._aged(5),
                )
            )


def seed_scale(state: State, count: int, seed: int = 0) -> None:
    """Add `count` work packages in one project: tasks of five, each under a parent of ten."""
    rng = random.Random(seed)
    moment = state.now()
    stamps: dict[str, Any] = {"created": moment, "updated": moment}
    project = Project(
        id=state.projects.next_id(),
        identifier="scale",
        name="Scale",
        type_ids=tuple(t.id for t in state.types),
        modules=state.settings["default_modules"],
        **stamps,
    )
    state.projects.put(project)
    parent_id: int | None = None
    today = moment.date()
    for number in range(count):
        is_parent = number % 10 == 0
        start = today + timedelta(days=rng.randrange(-100, 100))
        row = WorkPackage(
            id=state.work_packages.next_id(),
            subject=f"Task {number + 1:06d}",
            project_id=project.id,
            type_id=_KINDS["phase"] if is_parent else _KINDS["task"],
            status_id=rng.choice((1, 1, 7, 12)),
            priority_id=rng.choice((7, 8, 8, 9)),
            author_id=ADMIN_ID,
            description=f"Row {number + 1}, made for *load*.",
            start=start.isoformat(),
            due=(start + timedelta(days=rng.randrange(10))).isoformat(),
            manual=True,
            done=0,
            parent_id=None if is_parent else parent_id,
            created=moment + timedelta(microseconds=1000 * number),
            updated=moment + timedelta(microseconds=1000 * number),
        )
        state.work_packages.put(row)
        if is_parent:
            parent_id = row.id
