"""A new Jira Cloud site: an administrator and the configuration that the vendor ships."""

from __future__ import annotations

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.field_table import seed_fields
from pm_providers.sandbox.jira.records import ScreenField, Transition, Workflow
from pm_providers.sandbox.jira.state import State

__all__ = [
    "ADMINS",
    "ADMIN_ACCOUNT",
    "CREATE_FIELDS",
    "DELIVERY",
    "KANBAN",
    "LAYOUT",
    "SETTINGS",
    "SIMPLIFIED",
    "USERS",
    "seed_site",
]

ADMIN_ACCOUNT = "712020:3f0c6f2e-6d0e-4c5c-9a33-000000000001"
ADMINS, USERS = "a4b1c2d3-0000-4000-8000-000000000001", "a4b1c2d3-0000-4000-8000-000000000002"
# workflow ids of a new site
SIMPLIFIED, KANBAN, CLASSIC, DELIVERY = 1, 2, 3, 4
LAYOUT = 1
# status ids
OPEN, IN_PROGRESS, REOPENED, RESOLVED, CLOSED = 1, 3, 4, 5, 6
TODO, DONE, BACKLOG, SELECTED, IN_REVIEW, ON_HOLD, REJECTED = 10000, 10001, 10002, 10003, 10004, 10005, 10006

SETTINGS = {
    "cloud_id": "11223344-a1b2-4b33-8c44-def123456789",
    "title": "Jira",
    "hours_per_day": 8.0,
    "days_per_week": 5.0,
    "time_tracking": True,
    "linking": True,
    "attachments": True,
    "upload_limit": 10_485_760,
    "parallel_sprints": False,
    "comment_limit": 5000,
    "worklog_limit": 10_000,
    "attachment_limit": 2000,
    "link_limit": 2000,
    "unassigned_issues": True,
    "global_permissions": {
        "ADMINISTER": (ADMINS,),
        "SYSTEM_ADMIN": (),
        "BULK_CHANGE": (ADMINS, USERS),
        "USER_PICKER": (ADMINS, USERS),
        "CREATE_SHARED_OBJECTS": (ADMINS, USERS),
        "MANAGE_GROUP_FILTER_SUBSCRIPTIONS": (ADMINS, USERS),
    },
}
CREATE_FIELDS = (
    "summary",
    "issuetype",
    "project",
    "parent",
    "description",
    "reporter",
    "assignee",
    "priority",
    "labels",
    "components",
    "fixVersions",
    "versions",
    "environment",
    "duedate",
    "timetracking",
    "attachment",
    "issuelinks",
    *(f"customfield_{n}" for n in (10011, 10014, 10015, 10017, 10020, 10021, 10026, *range(10030, 10043))),
)
_TYPES = (
    (10000, "Epic", 1, 10307, "A big user story that needs to be broken down."),
    (10001, "Story", 0, 10315, "Functionality or a feature expressed as a user goal."),
    (10002, "Task", 0, 10318, "A small, distinct piece of work."),
    (10003, "Sub-task", -1, 10316, "A small piece of work that's part of a larger task."),
    (10004, "Bug", 0, 10303, "A problem or error."),
    (10005, "Initiative", 2, 10320, "A collection of epics with one goal."),
)
_STATUSES = (
    (OPEN, "Open", "new"),
    (IN_PROGRESS, "In Progress", "indeterminate"),
    (REOPENED, "Reopened", "new"),
    (RESOLVED, "Resolved", "done"),
    (CLOSED, "Closed", "done"),
    (TODO, "To Do", "new"),
    (DONE, "Done", "done"),
    (BACKLOG, "Backlog", "new"),
    (SELECTED, "Selected for Development", "new"),
    (IN_REVIEW, "In Review", "indeterminate"),
    (ON_HOLD, "On Hold", "indeterminate"),
    (REJECTED, "Rejected", "done"),
)
_PRIORITIES = (
    (1, "Highest", "#d04437", "This problem will block progress."),
    (2, "High", "#f15C75", "Serious problem that could block progress."),
    (3, "Medium", "#f79232", "Has the potential to affect progress."),
    (4, "Low", "#707070", "Minor problem or easily worked around."),
    (5, "Lowest", "#999999", "Trivial problem with little or no impact on progress."),
)
_RESOLUTIONS = (
    (10000, "Done", "Work has been completed on this issue."),
    (10001, "Won't Do", "This issue won't be actioned."),
    (10002, "Duplicate", "The problem is a duplicate of an existing issue."),
    (10003, "Cannot Reproduce", "All attempts at reproducing this issue failed."),
)
_LINK_TYPES = (
    (10000, "Blocks", "is blocked by", "blocks"),
    (10001, "Cloners", "is cloned by", "clones"),
    (10002, "Duplicate", "is duplicated by", "duplicates"),
    (10003, "Relates", "relates to", "relates to"),
)


def seed_site(state: State) -> None:
    """Store the configuration and the administrator of a new site."""
    state.settings = {**SETTINGS, "global_permissions": dict(SETTINGS["global_permissions"])}  # type: ignore[call-overload]
    state.users.put(
        records.User(
            id=ADMIN_ACCOUNT, name="Site Administrator", email="admin@example.com", time_zone="Europe/Berlin"
        )
    )
    state.groups.put(records.Group(id=ADMINS, name="site-admins", members=frozenset({ADMIN_ACCOUNT})))
    state.groups.put(records.Group(id=USERS, name="jira-software-users", members=frozenset({ADMIN_ACCOUNT})))
    for role_id, name, given in (
        (rights.ADMIN_ROLE, "Administrator", rights.ADMIN_RIGHTS),
        (rights.MEMBER_ROLE, "Member", rights.MEMBER_RIGHTS),
        (rights.VIEWER_ROLE, "Viewer", rights.VIEWER_RIGHTS),
    ):
        state.roles.put(
            records.Role(id=role_id, name=name, description=f"{name}s of a project.", permissions=given)
        )
    for type_id, name, level, avatar, text in _TYPES:
        state.types.put(
            records.IssueType(id=type_id, name=name, level=level, avatar_id=avatar, description=text)
        )
    for status_id, name, category in _STATUSES:
        state.statuses.put(records.Status(id=status_id, name=name, category=category))
    _seed_lists(state)
    seed_fields(state)
    for workflow in _workflows():
        state.workflows.put(workflow)
    state.layouts.put(
        records.Layout(
            id=LAYOUT,
            name="Default screens",
            create=CREATE_FIELDS,
            edit=tuple(name for name in (*CREATE_FIELDS, "comment") if name != "project"),
        )
    )


def _seed_lists(state: State) -> None:
    for key, name, color, text in _PRIORITIES:
        state.priorities.put(records.Priority(id=key, name=name, color=color, description=text))
    for key, name, text in _RESOLUTIONS:
        state.resolutions.put(records.Resolution(id=key, name=name, description=text))
    for key, name, inward, outward in _LINK_TYPES:
        state.link_types.put(records.LinkType(id=key, name=name, inward=inward, outward=outward))


def everywhere(workflow_id: int, name: str, statuses: tuple[tuple[int, str, bool], ...]) -> Workflow:
    """A workflow in which each status (id, name, whether it is done) can be reached from everywhere."""
    steps = tuple(
        Transition(id=11 + 10 * n, name=text, to=key, resolution_id=10000 if done else 0)
        for n, (key, text, done) in enumerate(statuses)
    )
    ids = tuple(key for key, _, _ in statuses)
    return Workflow(id=workflow_id, name=name, initial=ids[0], status_ids=ids, transitions=steps)


def _workflows() -> tuple[Workflow, ...]:
    todo, doing, done = (TODO, "To Do", False), (IN_PROGRESS, "In Progress", False), (DONE, "Done", True)
    backlog = (BACKLOG, "Backlog", False)
    return (
        everywhere(SIMPLIFIED, "Software Simplified Workflow", (todo, doing, done)),
        everywhere(
            KANBAN,
            "Software Simplified Kanban Workflow",
            (backlog, (SELECTED, "Selected for Development", False), doing, done),
        ),
        _classic(),
        _delivery(),
    )


def _classic() -> Workflow:
    ask = (
        ScreenField(field_id="resolution", required=True),
        ScreenField(field_id="fixVersions"),
        ScreenField(field_id="assignee"),
    )
    return Workflow(
        id=CLASSIC,
        name="jira",
        initial=OPEN,
        status_ids=(OPEN, IN_PROGRESS, RESOLVED, REOPENED, CLOSED),
        closed=frozenset({CLOSED}),
        transitions=(
            Transition(id=4, name="Start Progress", to=IN_PROGRESS, sources=(OPEN, REOPENED)),
            Transition(
                id=5, name="Resolve Issue", to=RESOLVED, sources=(OPEN, IN_PROGRESS, REOPENED), screen=ask
            ),
            Transition(
                id=2,
                name="Close Issue",
                to=CLOSED,
                sources=(OPEN, IN_PROGRESS, REOPENED, RESOLVED),
                screen=ask,
            ),
            Transition(id=3, name="Reopen Issue", to=REOPENED, sources=(RESOLVED, CLOSED), resolution_id=0),
            Transition(id=301, name="Stop Progress", to=OPEN, sources=(IN_PROGRESS,)),
        ),
    )


def _delivery() -> Workflow:
    ask = (ScreenField(field_id="resolution", required=True), ScreenField(field_id="comment"))
    return Workflow(
        id=DELIVERY,
        name="Delivery workflow",
        initial=TODO,
        status_ids=(TODO, IN_PROGRESS, IN_REVIEW, ON_HOLD, DONE, REJECTED),
        transitions=(
            Transition(id=11, name="Start work", to=IN_PROGRESS, sources=(TODO, ON_HOLD)),
            Transition(id=21, name="Ask for review", to=IN_REVIEW, sources=(IN_PROGRESS,)),
            Transition(id=31, name="Send back", to=IN_PROGRESS, sources=(IN_REVIEW,)),
            Transition(id=41, name="Accept", to=DONE, sources=(IN_REVIEW,), resolution_id=10000),
            Transition(id=51, name="Pause", to=ON_HOLD, sources=(TODO, IN_PROGRESS, IN_REVIEW)),
            Transition(id=61, name="Reject", to=REJECTED, sources=(TODO, IN_PROGRESS, ON_HOLD), screen=ask),
            Transition(id=71, name="Reopen", to=TODO, sources=(DONE, REJECTED), resolution_id=0),
            Transition(
                id=81,
                name="Stop work",
                to=TODO,
                sources=(IN_PROGRESS,),
                permission="RESOLVE_ISSUES",
                resolution_id=0,
            ),
        ),
    )
