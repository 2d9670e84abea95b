"""The demo story: two projects of a small team, told without any vendor's words.

Every vendor's sandbox seeds the same story, so that a copy between two of them can be compared.
Dates are days relative to the day on which the sandbox starts.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PEOPLE", "PROJECTS", "StoryPerson", "StoryProject", "StorySprint", "StoryTask"]


@dataclass(frozen=True, slots=True)
class StoryPerson:
    """A member of the team; `role` is admin, member or reader."""

    login: str
    first: str
    last: str
    role: str = "member"

    @property
    def email(self) -> str:
        """Made-up address."""
        return f"{self.login}@example.com"


@dataclass(frozen=True, slots=True)
class StorySprint:
    """A sprint from `start` to `end` (days from today); `state` is done, active or planned."""

    key: str
    name: str
    start: int
    end: int
    state: str
    goal: str = ""


@dataclass(frozen=True, slots=True)
class StoryTask:
    """A task.

    Attributes:
        kind: epic, feature, story, task, bug, phase or milestone.
        status: new, doing, testing, done, hold or rejected.
        priority: low, normal, high or immediate.
        start, due: days from today, None for none.
        hours: estimate; `spent` pairs of (login, hours, days from today).
        blocks, after: keys of tasks that this one blocks, or comes after.
        comments: (login, text) in order.
        files: (name, text) of attachments.
    """

    key: str
    title: str
    kind: str = "task"
    status: str = "new"
    priority: str = "normal"
    text: str = ""
    parent: str = ""
    sprint: str = ""
    assignee: str = ""
    label: str = ""
    start: int | None = None
    due: int | None = None
    hours: float | None = None
    done: int = 0
    points: int | None = None
    platforms: tuple[str, ...] = ()
    spent: tuple[tuple[str, float, int], ...] = ()
    blocks: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StoryProject:
    """A project with its members, sprints, labels and tasks (parents before children)."""

    key: str
    name: str
    text: str
    members: tuple[str, ...]
    labels: tuple[str, ...] = ()
    sprints: tuple[StorySprint, ...] = ()
    tasks: tuple[StoryTask, ...] = ()


PEOPLE = (
    StoryPerson("maya", "Maya", "Okafor"),
    StoryPerson("jonas", "Jonas", "Lindqvist"),
    StoryPerson("priya", "Priya", "Raman"),
    StoryPerson("tomas", "Tomás", "Herrera"),
    StoryPerson("wen", "Wen", "Zhao", "reader"),
)

_SHOP_TASKS = (
    StoryTask(
        "checkout",
        "Checkout that does not lose customers",
        "epic",
        "doing",
        "high",
        "Four of ten carts are **abandoned** when it comes to paying.\n\n- one page, not five\n- guests buy",
        start=-28,
        due=21,
    ),
    StoryTask(
        "guest",
        "Guests can buy without an account",
        "story",
        "testing",
        "high",
        "As a guest I want to pay with an e-mail address only.",
        parent="checkout",
        sprint="s2",
        assignee="jonas",
        label="Backend",
        start=-12,
        due=-1,
        hours=16,
        done=80,
        points=5,
        platforms=("Web", "iOS"),
        spent=(("jonas", 6, -9), ("jonas", 4.5, -6)),
        comments=(
            ("jonas", "The address form is shared with the account page now."),
            ("maya", "Great. Please test with a *very* long street name."),
        ),
    ),
    StoryTask(
        "guest-mail",
        "Send the order confirmation to guests",
        parent="guest",
        sprint="s2",
        status="done",
        assignee="priya",
        label="Backend",
        start=-12,
        due=-9,
        hours=6,
        done=100,
        spent=(("priya", 5, -10),),
    ),
    StoryTask(
        "guest-page",
        "Address form on one page",
        parent="guest",
        sprint="s2",
        status="doing",
        assignee="tomas",
        label="Frontend",
        start=-8,
        due=-2,
        hours=10,
        done=60,
        files=(("wireframe.txt", "[ name ] [ street ] [ city ]\n[ pay now ]\n"),),
    ),
    StoryTask(
        "wallet",
        "Pay with a wallet (Apple Pay, Google Pay)",
        "story",
        "doing",
        parent="checkout",
        sprint="s2",
        assignee="tomas",
        label="Frontend",
        start=-4,
        due=5,
        hours=24,
        done=20,
        points=8,
        platforms=("iOS", "Android"),
        spent=(("tomas", 7.25, -2),),
        after=("guest",),
    ),
    StoryTask(
        "vat",
        "VAT is wrong for orders from Switzerland",
        "bug",
        "new",
        "immediate",
        "`19 %` is added although the goods are exported.\n\nSeen with order 10 042.",
        sprint="s2",
        assignee="priya",
        label="Backend",
        due=2,
        hours=4,
        blocks=("go-live",),
        comments=(("wen", "Two more customers wrote to us today."),),
    ),
    StoryTask(
        "search",
        "Search finds products by colour",
        "feature",
        "new",
        "normal",
        "Synonyms as well: *crimson* is red.",
        sprint="s3",
        assignee="priya",
        label="Search",
        start=8,
        due=16,
        hours=20,
        points=5,
        platforms=("Web",),
    ),
    StoryTask(
        "search-index",
        "Build the colour index",
        parent="search",
        sprint="s3",
        assignee="priya",
        label="Search",
        start=8,
        due=12,
        hours=12,
    ),
    StoryTask(
        "search-ui",
        "Colour filter in the result list",
        parent="search",
        sprint="s3",
        assignee="tomas",
        label="Frontend",
        start=13,
        due=16,
        hours=8,
        after=("search-index",),
    ),
    StoryTask(
        "images",
        "Product images are blurry on large screens",
        "bug",
        "done",
        "normal",
        "Serve the 2x files.",
        sprint="s1",
        assignee="tomas",
        label="Frontend",
        start=-24,
        due=-20,
        hours=5,
        done=100,
        spent=(("tomas", 6.5, -21),),
    ),
    StoryTask(
        "cookie",
        "Cookie banner covers the buy button",
        "bug",
        "rejected",
        "low",
        "Cannot be reproduced with the current banner.",
        sprint="s1",
        assignee="jonas",
        done=0,
    ),
    StoryTask(
        "load",
        "Load test with 500 orders a minute",
        status="hold",
        priority="high",
        sprint="s3",
        assignee="jonas",
        label="Operations",
        hours=12,
        blocks=("go-live",),
        comments=(("jonas", "Waiting for the test environment."),),
    ),
    StoryTask("go-live", "Relaunch", "milestone", "new", "high", due=30, after=("search-ui",)),
    StoryTask(
        "unicode",
        "Ünïcode in Produktnamen: 漢字, עברית, 🚀 & <b>",
        text="Names like `Crème brûlée` must survive.\n\n| name | ok |\n|---|---|\n| naïve | yes |",
        assignee="maya",
    ),
)

_OFFICE_TASKS = (
    StoryTask("lease", "Sign the lease", "milestone", "done", due=-15),
    StoryTask(
        "move",
        "Move to the second floor",
        "phase",
        "doing",
        start=3,
        due=10,
    ),
    StoryTask("boxes", "Order 60 boxes", parent="move", assignee="maya", start=3, due=4, hours=1),
    StoryTask(
        "network",
        "Network on the second floor",
        parent="move",
        priority="high",
        assignee="jonas",
        start=5,
        due=8,
        hours=8,
        after=("boxes",),
    ),
    StoryTask("party", "House-warming party", due=20, assignee="maya", priority="low"),
)

PROJECTS = (
    StoryProject(
        "webshop-relaunch",
        "Webshop relaunch",
        "New shop, same products. The goal is **fewer abandoned carts**.",
        ("maya", "jonas", "priya", "tomas", "wen"),
        ("Backend", "Frontend", "Operations", "Search"),
        (
            StorySprint("s1", "Sprint 1", -28, -15, "done", "Old bugs first"),
            StorySprint("s2", "Sprint 2", -14, -1 + 7, "active", "Guests can buy"),
            StorySprint("s3", "Sprint 3", 7, 20, "planned", "Search"),
        ),
        _SHOP_TASKS,
    ),
    StoryProject(
        "office-move",
        "Office move",
        "We need more desks.",
        ("maya", "jonas"),
        (),
        (),
        _OFFICE_TASKS,
    ),
)
