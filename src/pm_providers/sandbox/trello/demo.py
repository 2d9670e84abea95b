"""Fills the sandbox: people, the demo story as boards, and any number of cards for load.

A board is a project, a list a status, a label with dates in its name a sprint; priority, estimate and points
are custom fields; parts of a task are a checklist of addresses of cards, dependencies attached addresses.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS, StoryProject, StorySprint, StoryTask
from pm_providers.sandbox.trello.attachments import add_file, add_link
from pm_providers.sandbox.trello.board_members import CUSTOM_FIELDS
from pm_providers.sandbox.trello.board_write import add_board
from pm_providers.sandbox.trello.card_create import add_card
from pm_providers.sandbox.trello.checklists import add_checklist, add_item
from pm_providers.sandbox.trello.comments import add_comment
from pm_providers.sandbox.trello.custom_fields import add_field, add_option
from pm_providers.sandbox.trello.custom_values import set_value
from pm_providers.sandbox.trello.ids import stamp
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.labels import add_label
from pm_providers.sandbox.trello.lists import add_list
from pm_providers.sandbox.trello.records import (
    Board,
    Card,
    Label,
    Member,
    Membership,
    Organization,
    TList,
    Token,
)
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Session

__all__ = [
    "ADMIN",
    "API_KEY",
    "API_SECRET",
    "ORGANIZATION_ID",
    "add_member",
    "join",
    "login_as",
    "member_id",
    "seed_demo",
    "seed_scale",
    "seed_site",
    "token_of",
]

API_KEY = "5a6d0b4be1cdb32acf1cba3d0f4a5b6c"
API_SECRET = "2f1b8d90c3a4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e"  # noqa: S105  # opens a sandbox
ORGANIZATION_ID = "66a0f1c2e4b0a1b2c3d4e5f6"
ADMIN = "admin"
LISTS = {
    "new": "To do",
    "doing": "Doing",
    "testing": "Testing",
    "hold": "On hold",
    "done": "Done",
    "rejected": "Rejected",
}
_COLORS = {"Backend": "blue", "Frontend": "green", "Operations": "orange", "Search": "purple"}
_PRIORITIES = {"low": "Low", "normal": "Normal", "high": "High", "immediate": "Urgent"}
_ROLES = {"admin": "admin", "member": "normal", "reader": "observer"}


def member_id(login: str) -> str:
    """Id of a person of the story."""
    return "5f10a284" + hashlib.sha256(login.encode()).hexdigest()[:16]


def token_of(login: str) -> str:
    """Token of a person of the story, as sent with requests."""
    return "ATTA" + hashlib.sha256(f"trello token of {login}".encode()).hexdigest() + "5A9C0DE1"


def add_member(state: State, login: str, full_name: str, email: str) -> Member:
    """Add a person with a token for everything."""
    initials = "".join(word[0] for word in full_name.split()[:2]).upper()
    member = state.members.put(
        Member(id=member_id(login), username=login, full_name=full_name, email=email, initials=initials)
    )
    state.tokens.put(
        Token(
            id="6" + hashlib.sha256(f"token {login}".encode()).hexdigest()[:23],
            secret=token_of(login),
            member_id=member.id,
            app_key=API_KEY,
            identifier="pm-providers",
            created=state.now(),
        )
    )
    return member


def login_as(state: State, login: str) -> Session:
    """A session of a person, to prepare content as he would make it."""
    app = state.app(API_KEY)
    member = state.members[member_id(login)]
    token = state.token(token_of(login))
    return Session(state, member=member, token=token, app_id=app.id if app is not None else None)


def join(state: State, org_id: str, login: str, role: str = "normal") -> None:
    """Put a person into a workspace."""
    org = state.orgs[org_id]
    entry = Membership(id=state.new_id(), member_id=member_id(login), type=role)
    state.orgs.change(org, memberships=(*org.memberships, entry))


def seed_site(state: State, plan: str) -> None:
    """The administrator and his workspace."""
    from pm_providers.sandbox.trello.records import App

    state.apps.put(App(id=state.new_id(), key=API_KEY, secret=API_SECRET, name="pm-providers"))
    add_member(state, ADMIN, "Ada Admin", "admin@example.com")
    state.orgs.put(
        Organization(
            id=ORGANIZATION_ID,
            name="sandboxworkspace",
            display_name="Sandbox",
            plan=plan,
            creator=member_id(ADMIN),
            last_activity=state.now(),
        )
    )
    join(state, ORGANIZATION_ID, ADMIN, "admin")


def seed_demo(state: State) -> None:
    """Add the people and projects of the story."""
    for person in PEOPLE:
        add_member(state, person.login, f"{person.first} {person.last}", person.email)
        join(state, ORGANIZATION_ID, person.login)
    for project in PROJECTS:
        _Teller(state, project).tell()


class _Teller:
    """Tells one project."""

    def __init__(self, state: State, project: StoryProject) -> None:
        self._state, self._project = state, project
        self._session = login_as(state, ADMIN)
        self._today = state.clock.now().date()
        self._lists: dict[str, TList] = {}
        self._labels: dict[str, Label] = {}
        self._fields: dict[str, Any] = {}
        self._cards: dict[str, Card] = {}

    def tell(self) -> None:
        """Make the board with all that is on it."""
        project, state = self._project, self._state
        board = add_board(
            self._session,
            project.name,
            state.orgs[ORGANIZATION_ID],
            desc=project.text,
            prefs={"permissionLevel": "private"},
        )
        self._people(board)
        for key, name in LISTS.items():
            self._lists[key] = add_list(self._session, state.boards[board.id], name, "bottom")
        for name in project.labels:
            self._labels[name] = add_label(
                self._session, state.boards[board.id], name, _COLORS.get(name, "sky")
            )
        for sprint in project.sprints:
            name = self._sprint_name(sprint)
            self._labels[sprint.key] = add_label(self._session, state.boards[board.id], name, None)
        if state.plan_of(board) != "free":
            self._define(board)
        for task in project.tasks:
            self._cards[task.key] = self._card(task)
        for task in project.tasks:
            self._around(task)

    def _people(self, board: Board) -> None:
        roles = {person.login: _ROLES[person.role] for person in PEOPLE}
        premium = self._state.plan_of(board) == "premium"
        for login in self._project.members:
            role = roles[login] if premium or roles[login] != "observer" else "normal"
            entry = Membership(id=self._state.new_id(), member_id=member_id(login), type=role)
            board = self._state.boards[board.id]
            board = self._state.boards.change(board, memberships=(*board.memberships, entry))
            part = {"memberType": role, "idMember": entry.member_id}
            happened(self._session, "addMemberToBoard", part, board=board, subject=entry.member_id)

    def _define(self, board: Board) -> None:
        state = self._state
        plugins = {CUSTOM_FIELDS: state.new_id()}
        board = state.boards.change(state.boards[board.id], plugins=plugins)
        for name, kind in (
            ("Priority", "list"),
            ("Estimate (h)", "number"),
            ("Points", "number"),
            ("Platforms", "text"),
            ("Type", "text"),
            ("Reference", "text"),
        ):
            self._fields[name] = add_field(self._session, board, name, kind, "bottom")
        for text in _PRIORITIES.values():
            add_option(self._session, self._fields["Priority"], text)

    def _sprint_name(self, sprint: StorySprint) -> str:
        start, end = (self._today + timedelta(days=days) for days in (sprint.start, sprint.end))
        closed = " (closed)" if sprint.state == "done" else ""
        return f"Sprint: {sprint.name} [{start}..{end}]{closed}"

    def _noon(self, days: int | None) -> str | None:
        if days is None:
            return None
        return stamp(datetime.combine(self._today + timedelta(days=days), time(12), UTC))

    def _card(self, task: StoryTask) -> Card:
        labels = [self._labels[name].id for name in (task.label, task.sprint) if name]
        done = task.status in {"done", "rejected"}
        card = add_card(
            self._session,
            self._lists[task.status],
            task.title,
            desc=task.text,
            due=self._noon(task.due),
            start=self._noon(task.start),
            due_complete=done,
            date_completed=self._state.now() if done else None,
            member_ids=(member_id(task.assignee),) if task.assignee else (),
            label_ids=tuple(labels),
        )
        happened(self._session, "createCard", {}, card=card, row=self._lists[task.status])
        for name, value in self._values(task).items():
            self._set(card, name, value)
        return self._state.cards[card.id]

    def _values(self, task: StoryTask) -> dict[str, str]:
        found = {
            "Priority": _PRIORITIES[task.priority],
            "Estimate (h)": f"{task.hours:g}" if task.hours is not None else "",
            "Points": str(task.points) if task.points is not None else "",
            "Platforms": ", ".join(task.platforms),
            "Type": task.kind.capitalize(),
            "Reference": f"DEMO-{task.key}",
        }
        return {name: value for name, value in found.items() if value and self._fields}

    def _set(self, card: Card, name: str, text: str) -> None:
        field, state = self._fields[name], self._state
        card = state.cards[card.id]
        if field.type == "list":
            option = next(row.id for row in state.options_of(field.id) if row.text == text)
            set_value(self._session, card, field, None, option)
        else:
            set_value(self._session, card, field, {field.type: text}, None)

    def _around(self, task: StoryTask) -> None:
        state, card = self._state, self._cards[task.key]
        for login, text in task.comments:
            add_comment(login_as(state, login), state.cards[card.id], text)
        for name, text in task.files:
            add_file(self._session, state.cards[card.id], name, text.encode(), mime="text/plain")
        parts = [one for one in self._project.tasks if one.parent == task.key]
        if parts:
            row = add_checklist(self._session, state.cards[card.id], "Parts")
            for part in parts:
                address = f"https://trello.com/c/{self._cards[part.key].short_link}"
                add_item(self._session, row, address, done=part.status in {"done", "rejected"})
        for other, kind in [(key, "Blocks") for key in task.blocks] + [(key, "After") for key in task.after]:
            target = self._cards[other]
            address = f"https://trello.com/c/{target.short_link}"
            add_link(self._session, state.cards[card.id], address, f"{kind}: {target.name}")


def seed_scale(state: State, count: int, seed: int) -> None:
    """A board with so many cards, made over the last weeks, on four lists."""
    rng = random.Random(seed)
    session = login_as(state, ADMIN)
    state.settings.limits["cards.openPerBoard"] = max(5000, 2 * count)
    board = add_board(session, "Scale", state.orgs[ORGANIZATION_ID], prefs={"permissionLevel": "private"})
    lists = [add_list(session, board, name, "bottom") for name in ("To do", "Doing", "Review", "Done")]
    labels = [
        add_label(session, board, f"Topic {n}", color).id
        for n, color in enumerate(("red", "blue", "lime"), 1)
    ]
    begin = state.clock.now() - timedelta(days=30)
    number = state.boards[board.id].next_short
    for index in range(count):
        born = begin + timedelta(days=29) * (index / count)
        row = lists[rng.randrange(4)]
        card = _scale_card(state, board, row, index, born, rng)
        state.cards.put(
            msgspec.structs.replace(card, id_short=number + index, label_ids=(labels[index % 3],))
        )
    state.boards.change(state.boards[board.id], next_short=number + count)


def _scale_card(
    state: State, board: Board, row: TList, index: int, born: datetime, rng: random.Random
) -> Card:
    from pm_providers.sandbox.trello.ids import short_link

    key = state.new_id(born)
    done = row.name == "Done"
    due = stamp(born + timedelta(days=rng.randrange(10, 60))) if index % 3 else None
    return Card(
        id=key,
        board_id=board.id,
        list_id=row.id,
        name=f"Card {index + 1}",
        desc=f"Text of card {index + 1}." if index % 2 else "",
        short_link=short_link(key),
        id_short=0,
        pos=16384 * (index + 1),
        last_activity=stamp(born),
        creator=member_id(ADMIN),
        due=due,
        due_complete=done,
        date_completed=stamp(born) if done else None,
        member_ids=(member_id(ADMIN),) if index % 4 == 0 else (),
    )
