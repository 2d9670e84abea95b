"""Fills the sandbox: the demo story in Jira's terms, and any number of issues for load."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.adf import document
from pm_providers.sandbox.jira.agile_records import Sprint
from pm_providers.sandbox.jira.defaults import ADMIN_ACCOUNT, DELIVERY, DONE, IN_PROGRESS, TODO
from pm_providers.sandbox.jira.records import (
    Attachment,
    Change,
    ChangeItem,
    Comment,
    Component,
    Issue,
    Link,
    Project,
    Worklog,
)
from pm_providers.sandbox.jira.setup import SCRUM, TEMPLATES, add_user, make_project
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.story_text import story_document
from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS, StoryProject, StorySprint, StoryTask

__all__ = ["account_of", "seed_demo", "seed_scale", "token_of"]

_KEYS = {"webshop-relaunch": "SHOP", "office-move": "OFFICE"}
_KANBAN = next(name for name in TEMPLATES if name.endswith("gh-simplified-kanban-classic"))
EPIC, STORY, TASK, SUBTASK, BUG = 10000, 10001, 10002, 10003, 10004
_KINDS = {
    "epic": EPIC,
    "phase": EPIC,
    "feature": STORY,
    "story": STORY,
    "bug": BUG,
    "task": TASK,
    "milestone": TASK,
}
# a path through the delivery workflow, without its first status
_PATHS = {
    "new": (),
    "doing": (3,),
    "testing": (3, 10004),
    "done": (3, 10004, 10001),
    "hold": (10005,),
    "rejected": (10006,),
}
_RESOLUTIONS = {"done": 10000, "rejected": 10001}
_PRIORITIES = {"low": 4, "normal": 3, "high": 2, "immediate": 1}
_SPRINT_STATES = {"done": "closed", "active": "active", "planned": "future"}
BLOCKS = 10000
START_DATE, POINTS = "customfield_10015", "customfield_10026"
PLATFORMS, REFERENCE = "customfield_10031", "customfield_10034"


def account_of(login: str) -> str:
    """Account id of a person of the story."""
    return "5b10a284" + hashlib.sha256(login.encode()).hexdigest()[:16]


def token_of(login: str) -> str:
    """API token of a person of the story."""
    return f"sandbox-{login}-token-00000000000000000000"


def seed_demo(state: State) -> None:
    """Add the people and projects of the story."""
    for person in PEOPLE:
        add_user(
            state,
            account_of(person.login),
            f"{person.first} {person.last}",
            person.email,
            token=token_of(person.login),
            time_zone="Europe/Berlin",
        )
    for story in PROJECTS:
        _Teller(state, story).tell()


class _Teller:
    """Turns one project of the story into records."""

    def __init__(self, state: State, story: StoryProject) -> None:
        self.state, self.story = state, story
        self.now = state.now()
        self.sprints: dict[str, int] = {}
        self.issues: dict[str, int] = {}
        self.numbers = 0

    def tell(self) -> None:
        """Store the project and everything in it."""
        project = self._project()
        for name in self.story.labels:
            row = Component(id=self.state.components.next_id(), project_id=project.id, name=name)
            self.state.components.put(row)
        for sprint in self.story.sprints:
            self._sprint(project, sprint)
        for number, task in enumerate(self.story.tasks):
            self._issue(project, task, self._ago(40 - number))
        for task in self.story.tasks:
            self._around(task)
        self.state.projects.change(self.state.projects[project.id], last_number=self.numbers)

    def _project(self) -> Project:
        story = self.story
        roles: dict[int, list[str]] = {rights.MEMBER_ROLE: [], rights.VIEWER_ROLE: []}
        for login in story.members:
            person = next(p for p in PEOPLE if p.login == login)
            role = rights.VIEWER_ROLE if person.role == "reader" else rights.MEMBER_ROLE
            roles[role].append(account_of(login))
        project = make_project(
            self.state,
            _KEYS[story.key],
            story.name,
            account_of(story.members[0]),
            template=SCRUM if story.sprints else _KANBAN,
            description=story.text,
            access="private",
            workflow_ids={0: DELIVERY},
        )
        return self.state.projects.change(
            project, roles=project.roles | {key: tuple(names) for key, names in roles.items()}
        )

    def _ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def _day(self, offset: int | None) -> str | None:
        return None if offset is None else (self.now.date() + timedelta(days=offset)).isoformat()

    def _at(self, offset: int, hour: int) -> datetime:
        return datetime.combine(self.now.date() + timedelta(days=offset), time(hour), UTC)

    def _sprint(self, project: Project, sprint: StorySprint) -> None:
        state = self.state
        board = state.boards.where("project_id", project.id)[0]
        row = Sprint(
            id=state.sprints.next_id(),
            board_id=board.id,
            name=sprint.name,
            created=self._ago(30),
            state=_SPRINT_STATES[sprint.state],
            goal=sprint.goal,
            start=self._at(sprint.start, 8),
            end=self._at(sprint.end, 16),
            activated=None if sprint.state == "planned" else self._at(sprint.start, 8),
            completed=self._at(sprint.end, 17) if sprint.state == "done" else None,
        )
        self.sprints[sprint.key] = state.sprints.put(row).id

    def _issue(self, project: Project, task: StoryTask, made: datetime) -> None:
        state = self.state
        self.numbers += 1
        parent = state.issues.get(self.issues.get(task.parent))
        kind = _KINDS[task.kind]
        if parent is not None and state.types[parent.type_id].level == 0:
            kind = SUBTASK
        path = _PATHS[task.status]
        creator = account_of(self.story.members[0])
        seconds = None if task.hours is None else int(task.hours * 3600)
        spent = sum(int(hours * 3600) for _, hours, _ in task.spent) or None
        resolution = _RESOLUTIONS.get(task.status)
        moved = self._ago(3) if path else made
        row = Issue(
            id=state.issues.next_id(),
            key=f"{project.key}-{self.numbers}",
            project_id=project.id,
            type_id=kind,
            status_id=path[-1] if path else TODO,
            summary=task.title,
            description=story_document(task.text),
            created=made,
            updated=moved,
            status_changed=moved,
            creator=creator,
            reporter=creator,
            assignee=account_of(task.assignee) if task.assignee else None,
            priority_id=_PRIORITIES[task.priority],
            resolution_id=resolution,
            resolved=moved if resolution else None,
            labels=tuple(name for name in (task.label, "milestone" * (task.kind == "milestone")) if name),
            due=self._day(task.due),
            parent_id=parent.id if parent is not None else None,
            original_s=seconds,
            remaining_s=None if seconds is None else max(0, seconds - (spent or 0)),
            spent_s=spent,
            sprint_ids=(self.sprints[task.sprint],) if task.sprint else (),
            rank=state.next_rank(),
            watchers=(creator,),
            custom=self._custom(task, kind),
        )
        state.issues.put(row)
        self.issues[task.key] = row.id
        self._history(row, (TODO, *path), made)

    def _custom(self, task: StoryTask, kind: int) -> dict[str, Any]:
        found: dict[str, Any] = {REFERENCE: f"DEMO-{task.key}"}
        start = self._day(task.start if task.kind != "milestone" else task.due)
        if start is not None:
            found[START_DATE] = start
        if task.points is not None:
            found[POINTS] = float(task.points)
        if kind == EPIC:
            found["customfield_10011"] = task.title[:60]
        options = {row.value: row.id for row in self.state.field_options(PLATFORMS)}
        if task.platforms:
            found[PLATFORMS] = tuple(options[name] for name in task.platforms)
        return found

    def _history(self, row: Issue, path: tuple[int, ...], made: datetime) -> None:
        """One entry for each step through the workflow."""
        state = self.state
        author = row.assignee or row.reporter or ADMIN_ACCOUNT
        steps = list(pairwise(path))
        for number, (old, new) in enumerate(steps, 1):
            moment = made + (row.updated - made) * number / len(steps)
            item = ChangeItem(
                field="status",
                field_id="status",
                old=str(old),
                old_text=state.statuses[old].name,
                new=str(new),
                new_text=state.statuses[new].name,
            )
            state.changes.put(
                Change(
                    id=state.changes.next_id(),
                    issue_id=row.id,
                    author=author,
                    created=moment.replace(microsecond=0),
                    items=(item,),
                )
            )

    def _around(self, task: StoryTask) -> None:
        state, key = self.state, self.issues[task.key]
        for number, (login, text) in enumerate(task.comments):
            who, moment = account_of(login), self._ago(3) + timedelta(minutes=number)
            body = story_document(text) or document()
            state.comments.put(
                Comment(
                    id=state.comments.next_id(),
                    issue_id=key,
                    author=who,
                    update_author=who,
                    body=body,
                    created=moment,
                    updated=moment,
                )
            )
        for other in task.blocks:
            self._link(key, self.issues[other])
        for other in task.after:
            self._link(self.issues[other], key)
        for login, hours, offset in task.spent:
            self._spend(key, account_of(login), hours, offset)
        for name, text in task.files:
            self._attach(key, name, text.encode())

    def _link(self, source: int, target: int) -> None:
        rows = self.state.links
        rows.put(Link(id=rows.next_id(), type_id=BLOCKS, source_id=source, target_id=target))

    def _spend(self, key: int, who: str, hours: float, offset: int) -> None:
        rows, moment = self.state.worklogs, self._at(offset, 9)
        rows.put(
            Worklog(
                id=rows.next_id(),
                issue_id=key,
                author=who,
                update_author=who,
                started=moment,
                seconds=int(hours * 3600),
                created=moment,
                updated=moment,
            )
        )

    def _attach(self, key: int, name: str, content: bytes) -> None:
        rows = self.state.attachments
        number = rows.next_id()
        rows.put(
            Attachment(
                id=number,
                issue_id=key,
                filename=name,
                author=ADMIN_ACCOUNT,
                created=self._ago(5),
                content=content,
                mime="text/plain",
                token=hashlib.sha256(f"file {number}".encode()).hexdigest()[:32],
            )
        )


def seed_scale(state: State, count: int, seed: int = 0) -> None:
    """Add `count` issues in a project SCALE, changed one millisecond after the other."""
    rng = random.Random(seed)
    project = make_project(state, "SCALE", "Scale", ADMIN_ACCOUNT)
    moment = state.now() - timedelta(hours=1)
    today = moment.date()
    for number in range(1, count + 1):
        due = today + timedelta(days=rng.randrange(-100, 100))
        at = moment + timedelta(milliseconds=number)
        status = rng.choice((TODO, TODO, IN_PROGRESS, DONE))
        state.issues.put(
            Issue(
                id=state.issues.next_id(),
                key=f"SCALE-{number}",
                project_id=project.id,
                type_id=TASK,
                status_id=status,
                summary=f"Task {number:06d}",
                description=document(f"Row {number}, made for load."),
                created=at,
                updated=at,
                status_changed=at,
                creator=ADMIN_ACCOUNT,
                reporter=ADMIN_ACCOUNT,
                priority_id=rng.choice((2, 3, 3, 4)),
                resolution_id=10000 if status == DONE else None,
                resolved=at if status == DONE else None,
                labels=(rng.choice(("red", "green", "blue")),),
                due=due.isoformat(),
                rank=state.next_rank(),
            )
        )
    state.projects.change(state.projects[project.id], last_number=count)
