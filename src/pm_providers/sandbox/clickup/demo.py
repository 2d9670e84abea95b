"""Fills the sandbox: a new Workspace, the demo story in ClickUp's terms, and any number of tasks for load.

A project of the story is a Space; its tasks live in the folderless list "Backlog"; a sprint is a list in the
folder "Sprints" that tasks are in besides.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from pm_providers.sandbox.clickup.containers import make_folder, make_list, make_space
from pm_providers.sandbox.clickup.dates import snapped
from pm_providers.sandbox.clickup.fields import FieldMaker
from pm_providers.sandbox.clickup.part_records import Attachment, Comment, Dependency, Grant, TimeEntry
from pm_providers.sandbox.clickup.people import add_team, add_user, join
from pm_providers.sandbox.clickup.records import Space, Status, Tag, Task, TaskList, User
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.texts import plain
from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS, StoryProject, StorySprint, StoryTask

__all__ = ["OWNER_ID", "TEAM_ID", "seed_demo", "seed_scale", "seed_workspace"]

TEAM_ID = "90152560096"
OWNER_ID = 302438666
ZONE = "Europe/Berlin"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_TEAM_STATUSES = (
    ("to do", "open", "#87909e"),
    ("in progress", "custom", "#1090e0"),
    ("complete", "closed", "#008844"),
)
_STATUSES = (
    ("to do", "open", "#87909e"),
    ("in progress", "custom", "#1090e0"),
    ("testing", "custom", "#b660e0"),
    ("on hold", "custom", "#f8ae00"),
    ("rejected", "done", "#656f7d"),
    ("complete", "closed", "#008844"),
)
_NAMES = {
    "new": "to do",
    "doing": "in progress",
    "testing": "testing",
    "hold": "on hold",
    "rejected": "rejected",
    "done": "complete",
}
_TYPES = {"milestone": 1, "epic": 1001, "feature": 1002, "story": 1003, "bug": 1004, "phase": 1005}
_PLURALS = {"story": "Stories"}
_PRIORITIES = {"low": 4, "normal": 3, "high": 2, "immediate": 1}
_ROLES = {"admin": 2, "member": 3, "reader": 4}
_COLOURS = ("#7C4DFF", "#2ecd6f", "#f9d900", "#FF4081")
_PREFIXES = {"webshop-relaunch": "SHOP", "office-move": "OFFICE"}


def seed_workspace(state: State, token: str, *, plan: str = "business", zone: str = ZONE) -> None:
    """A Workspace with its owner, a Space and a folderless list."""
    add_team(state, TEAM_ID, "Sandbox", plan=plan)
    state.users.skip_to(OWNER_ID - 1)
    owner = add_user(state, "Sandbox Owner", "owner@example.com", zone=zone, token=token)
    join(state, TEAM_ID, owner.id, 1)
    space = make_space(state, TEAM_ID, "Team Space", rows=_TEAM_STATUSES, color="#03A2FD")
    make_list(state, space.id, "Project 1")


def seed_demo(state: State) -> None:
    """Add the people and projects of the story."""
    state.custom_items[TEAM_ID] = [
        {
            "id": number,
            "name": kind.capitalize(),
            "name_plural": _PLURALS.get(kind, f"{kind.capitalize()}s"),
            "description": "",
        }
        for kind, number in _TYPES.items()
        if number != 1
    ]
    people: dict[str, User] = {}
    for person in PEOPLE:
        user = add_user(state, f"{person.first} {person.last}", person.email, zone=ZONE)
        join(state, TEAM_ID, user.id, _ROLES[person.role], invited_by=OWNER_ID)
        people[person.login] = user
    for story in PROJECTS:
        _Teller(state, story, people).tell()


class _Teller:
    """Turns one project of the story into records."""

    def __init__(self, state: State, story: StoryProject, people: dict[str, User]) -> None:
        self.state, self.story, self.people = state, story, people
        self.now = state.now()
        self.sprints: dict[str, TaskList] = {}
        self.tasks: dict[str, str] = {}

    def tell(self) -> None:
        """Store the project and everything in it."""
        features = {"sprints": {"enabled": True}, "points": {"enabled": True}} if self.story.sprints else {}
        space = make_space(self.state, TEAM_ID, self.story.name, rows=_STATUSES, features=features)
        self.state.custom_prefixes[space.id] = _PREFIXES[self.story.key]
        backlog = make_list(self.state, space.id, "Backlog", content=plain(self.story.text))
        if self.story.sprints:
            folder = make_folder(self.state, space.id, "Sprints")
            for sprint in self.story.sprints:
                self.sprints[sprint.key] = make_list(
                    self.state, space.id, self._sprint_name(sprint), folder, **self._sprint(sprint)
                )
        self._labels(space)
        maker = FieldMaker(self.state)
        platforms = maker.add(f"space:{space.id}", "Platforms", "labels", options=("Web", "iOS", "Android"))
        self.options = {option["label"]: option["id"] for option in platforms.type_config["options"]}
        self.platforms = platforms.id
        self.progress = maker.add(f"space:{space.id}", "Progress", "manual_progress", start=0, end=100).id
        maker.add(f"space:{space.id}", "Reference", "short_text")
        for number, task in enumerate(self.story.tasks):
            self._task(space, backlog, task, self.now - (40 - number) * DAY_MS)
        for task in self.story.tasks:
            self._around(task)
        self._guests(backlog)

    def _day(self, days: int) -> datetime:
        return datetime.fromtimestamp(self.now / 1000, UTC) + timedelta(days=days)

    def _date(self, days: int | None) -> int | None:
        return None if days is None else snapped(self.now + days * DAY_MS, ZONE)

    def _sprint_name(self, sprint: StorySprint) -> str:
        first, last = self._day(sprint.start), self._day(sprint.end)
        return f"{sprint.name} ({first.month}/{first.day} - {last.month}/{last.day})"

    def _sprint(self, sprint: StorySprint) -> dict[str, object]:
        return {"start": self._date(sprint.start), "due": self._date(sprint.end), "content": sprint.goal}

    def _labels(self, space: Space) -> None:
        for label, color in zip(self.story.labels, _COLOURS, strict=False):
            name = label.lower()
            self.state.tags.put(
                Tag(
                    id=f"{space.id}:{name}",
                    space_id=space.id,
                    name=name,
                    fg=color,
                    bg=color,
                    creator=OWNER_ID,
                )
            )

    def _task(self, space: Space, backlog: TaskList, task: StoryTask, created: int) -> None:
        status = next(row for row in space.statuses if row.status == _NAMES[task.status])
        key, number = self.state.task_id()
        prefix = self.state.custom_prefixes[space.id]
        assignees = (self.people[task.assignee].id,) if task.assignee else ()
        closed = created + DAY_MS if status.type == "closed" else None
        self.tasks[task.key] = key
        self.state.tasks.put(
            Task(
                id=key,
                number=number,
                custom_id=f"{prefix}-{self.state.serial(f'custom {prefix}')}",
                team_id=TEAM_ID,
                space_id=space.id,
                list_id=backlog.id,
                name=task.title,
                status=status,
                creator=OWNER_ID,
                created=created,
                updated=closed or created,
                closed=closed,
                done=created + DAY_MS if status.type in {"done", "closed"} else None,
                custom_item_id=_TYPES.get(task.kind, 0),
                text=plain(task.text),
                markdown=task.text,
                assignees=assignees,
                watchers=(OWNER_ID, *assignees),
                tags=(task.label.lower(),) if task.label else (),
                parent=self.tasks[task.parent] if task.parent else "",
                priority=_PRIORITIES[task.priority],
                due=self._date(task.due),
                start=self._date(task.start),
                points=task.points,
                estimate=round(task.hours * HOUR_MS) if task.hours is not None else None,
                values=self._values(task),
                locations=(self.sprints[task.sprint].id,) if task.sprint else (),
                status_log=((status, created),),
            )
        )

    def _values(self, task: StoryTask) -> dict[str, object]:
        found: dict[str, object] = {}
        if task.platforms:
            found[self.platforms] = [self.options[name] for name in task.platforms]
        if task.done:
            found[self.progress] = task.done
        return found

    def _around(self, task: StoryTask) -> None:
        state, key = self.state, self.tasks[task.key]
        for other in task.blocks:
            self._depends(self.tasks[other], key)
        for other in task.after:
            self._depends(key, self.tasks[other])
        for number, (login, text) in enumerate(task.comments):
            row = Comment(
                id=state.comments.next_id(),
                place=f"task:{key}",
                team_id=TEAM_ID,
                user_id=self.people[login].id,
                date=self.now - (5 - number) * HOUR_MS,
                blocks=({"text": text},),
            )
            state.comments.put(row)
        for login, hours, days in task.spent:
            start = self.now + days * DAY_MS
            state.times.put(
                TimeEntry(
                    id=state.long_id(),
                    team_id=TEAM_ID,
                    user_id=self.people[login].id,
                    start=start,
                    end=start + round(hours * HOUR_MS),
                    at=start,
                    task_id=key,
                )
            )
        for name, content in task.files:
            self._file(key, name, content.encode())

    def _depends(self, waiting: str, first: str) -> None:
        self.state.dependencies.put(
            Dependency(
                id=f"{waiting}:{first}", task_id=waiting, depends_on=first, user_id=OWNER_ID, date=self.now
            )
        )

    def _file(self, key: str, name: str, content: bytes) -> None:
        row = Attachment(
            id=f"{self.state.uuid()}.txt",
            task_id=key,
            title=name,
            extension="txt",
            mimetype="text/plain",
            date=self.now,
            user_id=OWNER_ID,
            content=content,
        )
        self.state.attachments.put(row)

    def _guests(self, backlog: TaskList) -> None:
        for login in self.story.members:
            user = self.people[login]
            if self.state.role_of(user.id, TEAM_ID) == _ROLES["reader"]:
                for row in (backlog, *self.sprints.values()):
                    place = f"list:{row.id}"
                    self.state.grants.put(Grant(id=f"{user.id}:{place}", user_id=user.id, place=place))


def seed_scale(state: State, count: int, seed: int) -> Space:
    """So many tasks in one list of a Space of their own; every tenth is a subtask, every fifth closed."""
    chance = random.Random(seed)  # made-up content, not a secret
    space = make_space(state, TEAM_ID, "Load", rows=_TEAM_STATUSES)
    home = make_list(state, space.id, "Load")
    field = FieldMaker(state).add(f"list:{home.id}", "Load number", "number").id
    now = state.now()
    above = ""
    for index in range(count):
        status = _scale_status(space, index)
        key, number = state.task_id()
        created = now - (count - index) * 1000
        below = index % 10 == 9 and above
        state.tasks.put(
            Task(
                id=key,
                number=number,
                team_id=TEAM_ID,
                space_id=space.id,
                list_id=home.id,
                name=f"Load task {index + 1}",
                status=status,
                creator=OWNER_ID,
                created=created,
                updated=created,
                closed=created if status.type == "closed" else None,
                done=created if status.type == "closed" else None,
                text="Made for load.",
                markdown="Made for **load**.",
                assignees=(OWNER_ID,) if index % 3 == 0 else (),
                watchers=(OWNER_ID,),
                parent=above if below else "",
                priority=chance.choice((None, 1, 2, 3, 4)),
                due=snapped(now + chance.randrange(-30, 30) * DAY_MS, ZONE) if index % 2 else None,
                values={field: index},
                status_log=((status, created),),
            )
        )
        if not below:
            above = key
    return space


def _scale_status(space: Space, index: int) -> Status:
    return space.statuses[2] if index % 5 == 3 else space.statuses[index % 2]
