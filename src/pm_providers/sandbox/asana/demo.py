"""Fills the sandbox: the demo story in Asana's terms.

Status is the section (and `completed`), priority and platforms are custom fields, a sprint is a dated
project in a portfolio that tasks are added to as well, labels are tags, an estimate is a number field, an
epic is a parent task.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from pm_providers.sandbox.asana.records import (
    Attachment,
    Field,
    Membership,
    Portfolio,
    Project,
    Story,
    Tag,
    Task,
    TimeEntry,
)
from pm_providers.sandbox.asana.setup import (
    add_field,
    add_member,
    add_project,
    add_setting,
    add_team,
    add_user,
    add_workspace,
)
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.asana.story_text import story_html
from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS, StoryProject, StorySprint, StoryTask

__all__ = ["ME", "ME_TOKEN", "STATUSES", "seed_demo", "seed_site", "token_of"]

ME = "admin@example.com"
ME_TOKEN = "1/1210000000000001:sandbox00000000000000000000000000"  # noqa: S105  # opens nothing but a sandbox
STATUSES = {
    "new": "To do",
    "doing": "In progress",
    "testing": "In review",
    "hold": "On hold",
    "done": "Done",
    "rejected": "Rejected",
}
_CLOSED = frozenset({"done", "rejected"})
_PRIORITIES = (
    ("low", "Low", "aqua"),
    ("normal", "Normal", "blue"),
    ("high", "High", "orange"),
    ("immediate", "Immediate", "red"),
)
_PLATFORMS = (("Web", "green"), ("iOS", "blue"), ("Android", "yellow-green"))
_COLORS = ("light-red", "light-blue", "light-green", "light-orange")


def token_of(login: str) -> str:
    """Access token of a person of the story."""
    return f"1/{login}:sandbox00000000000000000000000000"


def seed_site(state: State) -> str:
    """An organization with an administrator and a team; its id."""
    place = add_workspace(state, "Example", domain="example.com")
    admin = add_user(state, "Ada Admin", ME, token=ME_TOKEN)
    add_member(state, place.id, admin.id, is_admin=True)
    add_team(state, place.id, "Product", admin.id)
    return place.id


def seed_demo(state: State, workspace: str) -> None:
    """Add the people and projects of the story."""
    team = state.teams.where("workspace", workspace)[0]
    users: dict[str, str] = {}
    for person in PEOPLE:
        name = f"{person.first} {person.last}"
        row = add_user(state, name, person.email, token=token_of(person.login), time_zone="Europe/Berlin")
        add_member(state, workspace, row.id, is_guest=False)
        users[person.login] = row.id
    fields = _Fields(state, workspace)
    for story in PROJECTS:
        _Teller(state, workspace, team.id, users, fields, story).tell()


class _Fields:
    """The custom fields of the story; their options by name."""

    def __init__(self, state: State, workspace: str) -> None:
        choices = tuple((name, color) for _, name, color in _PRIORITIES)
        self.priority = add_field(
            state, workspace, "Priority", "enum", options=choices, asana_created="priority"
        )
        self.estimate = add_field(
            state, workspace, "Estimated time", "number", format="duration", asana_created="estimated_time"
        )
        self.points = add_field(state, workspace, "Story points", "number")
        self.platforms = add_field(state, workspace, "Platforms", "multi_enum", options=_PLATFORMS)
        self.reference = add_field(state, workspace, "Reference", "text")
        self.all = (self.priority, self.estimate, self.points, self.platforms, self.reference)

    @staticmethod
    def option(field: Field, name: str) -> str:
        """Id of an option."""
        return next(option.id for option in field.options if option.name == name)


class _Teller:
    """Turns one project of the story into records."""

    def __init__(
        self,
        state: State,
        workspace: str,
        team: str,
        users: dict[str, str],
        fields: _Fields,
        story: StoryProject,
    ) -> None:
        self.state, self.workspace, self.team = state, workspace, team
        self.users, self.fields, self.story = users, fields, story
        self.now = state.now()
        self.owner = users[story.members[0]]
        self.tags: dict[str, str] = {}
        self.sprints: dict[str, Project] = {}
        self.tasks: dict[str, str] = {}

    def tell(self) -> None:
        """Store the project and everything in it."""
        project = self._project()
        for number, name in enumerate(self.story.labels):
            self._tag(name, _COLORS[number % len(_COLORS)])
        if self.story.sprints:
            self._sprints(project)
        for number, task in enumerate(self.story.tasks):
            self._task(project, task, self._ago(40 - number))
        for task in self.story.tasks:
            self._around(task)

    def _project(self) -> Project:
        story = self.story
        row = add_project(
            self.state,
            self.workspace,
            story.name,
            self.owner,
            team=self.team,
            sections=tuple(STATUSES.values()),
            members=self._members(),
            html_notes=story_html(story.text),
            default_view="board",
            icon="board",
            color="light-blue",
            created=self._ago(45),
        )
        for field in self.fields.all:
            add_setting(self.state, row.id, field.id, important=field is self.fields.priority)
        return row

    def _members(self) -> dict[str, str]:
        """Readers may comment, the others edit."""
        roles = {person.login: "commenter" if person.role == "reader" else "editor" for person in PEOPLE}
        return {self.users[login]: roles[login] for login in self.story.members}

    def _sprints(self, project: Project) -> None:
        items = []
        for sprint in self.story.sprints:
            row = self._sprint(project, sprint)
            self.sprints[sprint.key] = row
            items.append(row.id)
        state = self.state
        folder = state.portfolios.put(
            Portfolio(
                id=state.gid(),
                workspace=self.workspace,
                name=f"{project.name} sprints",
                owner=self.owner,
                created=self._ago(30),
                public=True,
                items=tuple(items),
            )
        )
        state.members.put(
            Membership(
                id=state.gid(),
                parent=folder.id,
                parent_kind="portfolio",
                member=self.owner,
                access_level="admin",
            )
        )

    def _sprint(self, project: Project, sprint: StorySprint) -> Project:
        notes = "\n\n".join(part for part in (sprint.goal, f"pm:sprint-of={project.id}") if part)
        return add_project(
            self.state,
            self.workspace,
            f"{project.name} \N{EN DASH} {sprint.name}",
            self.owner,
            team=self.team,
            members=self._members(),
            html_notes=story_html(notes),
            start_on=self._day(sprint.start),
            due_on=self._day(sprint.end),
            archived=sprint.state == "done",
            created=self._ago(30),
            color="light-green",
        )

    def _ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def _day(self, offset: int | None) -> str | None:
        return None if offset is None else (self.now.date() + timedelta(days=offset)).isoformat()

    def _tag(self, name: str, color: str) -> None:
        state = self.state
        row = Tag(id=state.gid(), workspace=self.workspace, name=name, created=self._ago(41), color=color)
        self.tags[name] = state.tags.put(row).id

    def _task(self, project: Project, task: StoryTask, made: datetime) -> None:
        state = self.state
        closed = task.status in _CLOSED
        moved = self._ago(3) if task.status != "new" else made
        milestone = task.kind == "milestone"
        assignee = self.users.get(task.assignee)
        due = self._day(task.due)
        gid = state.gid()
        places = self._places(project, task)
        row = Task(
            id=gid,
            workspace=self.workspace,
            name=task.title,
            created=made,
            modified=moved,
            created_by=self.owner,
            subtype="milestone" if milestone else "default_task",
            html_notes=story_html(task.text),
            assignee=assignee,
            assignee_section=self._inbox(assignee),
            completed_at=moved if closed else None,
            completed_by=(assignee or self.owner) if closed else None,
            due_on=due,
            start_on=None if milestone or due is None else self._day(task.start),
            parent=self.tasks.get(task.parent),
            memberships=places,
            tags=(self.tags[task.label],) if task.label else (),
            followers=tuple(dict.fromkeys([self.owner, *([assignee] if assignee else ())])),
            custom=self._custom(task),
        )
        state.tasks.put(row)
        self.tasks[task.key] = gid
        for _, section in places:
            state.placed[section].append(gid)
        if row.parent is not None:
            state.children.setdefault(row.parent, []).append(gid)

    def _places(self, project: Project, task: StoryTask) -> tuple[tuple[str, str], ...]:
        """The project, by status; and the sprint's project."""
        sections = {row.name: row.id for row in self.state.sections_of(project.id)}
        found = [(project.id, sections[STATUSES[task.status]])]
        sprint = self.sprints.get(task.sprint)
        if sprint is not None:
            found.append((sprint.id, self.state.section_order[sprint.id][0]))
        return tuple(found)

    def _inbox(self, user: str | None) -> str | None:
        mine = self.state.task_list(user, self.workspace) if user else None
        return self.state.section_order[mine.id][0] if mine is not None else None

    def _custom(self, task: StoryTask) -> dict[str, Any]:
        fields = self.fields
        names = {key: name for key, name, _ in _PRIORITIES}
        found: dict[str, Any] = {
            fields.priority.id: fields.option(fields.priority, names[task.priority]),
            fields.reference.id: f"DEMO-{task.key}",
        }
        if task.hours is not None:
            found[fields.estimate.id] = int(task.hours * 60)
        if task.points is not None:
            found[fields.points.id] = task.points
        if task.platforms:
            wanted = set(task.platforms)
            found[fields.platforms.id] = tuple(
                one.id for one in fields.platforms.options if one.name in wanted
            )
        return found

    def _around(self, task: StoryTask) -> None:
        gid = self.tasks[task.key]
        self._added(gid, task)
        for number, (login, text) in enumerate(task.comments):
            self._comment(gid, self.users[login], text, self._ago(3) + timedelta(minutes=number))
        for other in task.blocks:
            self._wait(self.tasks[other], gid)
        for other in task.after:
            self._wait(gid, self.tasks[other])
        for login, hours, offset in task.spent:
            self._spend(gid, self.users[login], hours, offset)
        for name, text in task.files:
            self._attach(gid, name, text.encode())

    def _added(self, gid: str, task: StoryTask) -> None:
        project = self.state.tasks[gid].memberships[0][0]
        name = self.state.users[self.owner].name
        text = f"{name} added this task to {self.story.name}"
        made = self.state.tasks[gid].created
        self._story(
            gid, self.owner, "added_to_project", text, made, details={"project": ("project", project)}
        )
        if task.status in _CLOSED:
            row = self.state.tasks[gid]
            who = row.completed_by or self.owner
            text = f"{self.state.users[who].name} completed this task"
            self._story(gid, who, "marked_complete", text, row.modified)

    def _story(self, gid: str, who: str, subtype: str, text: str, moment: datetime, **more: Any) -> None:
        rows = self.state.stories
        rows.put(
            Story(
                **{
                    "id": self.state.gid(),
                    "task": gid,
                    "author": who,
                    "subtype": subtype,
                    "text": text,
                    "html_text": text,
                    "created": moment,
                    **more,
                }
            )
        )

    def _comment(self, gid: str, who: str, text: str, moment: datetime) -> None:
        plain = text.replace("*", "")
        self._story(gid, who, "comment_added", plain, moment, kind="comment", html_text=story_html(text))

    def _wait(self, waiting: str, first: str) -> None:
        rows = self.state.tasks
        rows.change(rows[waiting], dependencies=(*rows[waiting].dependencies, first))
        rows.change(rows[first], dependents=(*rows[first].dependents, waiting))

    def _spend(self, gid: str, who: str, hours: float, offset: int) -> None:
        state, minutes = self.state, int(hours * 60)
        moment = datetime.combine(self.now.date() + timedelta(days=offset), time(16), UTC)
        state.entries.put(
            TimeEntry(
                id=state.gid(),
                task=gid,
                author=who,
                minutes=minutes,
                entered_on=moment.date().isoformat(),
                created=moment,
                attributable_to=state.tasks[gid].memberships[0][0],
            )
        )
        row = state.tasks[gid]
        state.tasks.change(row, minutes=row.minutes + minutes)

    def _attach(self, gid: str, name: str, content: bytes) -> None:
        rows = self.state.attachments
        rows.put(
            Attachment(
                id=self.state.gid(),
                parent=gid,
                parent_kind="task",
                name=name,
                created=self._ago(5),
                author=self.owner,
                content=content,
                mime="text/plain",
            )
        )
