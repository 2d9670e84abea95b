"""What happened to the recorded instance between two steps, outside the recorded calls.

The recordings do not show these (changes in the administration pages, background jobs, further calls);
each is visible in the answers that follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from pm_providers.sandbox.openproject.records import Category, Version, WorkPackage
from pm_providers.sandbox.openproject.webhook import Webhook

if TYPE_CHECKING:
    from tests.sandbox.replay.runner import Replay

__all__ = ["HAPPENINGS"]

Happening = Callable[["Replay"], None]


def setting(name: str, value: object) -> Happening:
    def change(replay: Replay) -> None:
        replay.state.settings[name] = value

    return change


def jobs(replay: Replay) -> None:
    """Background jobs run."""
    replay.run_jobs()


def categories(replay: Replay) -> None:
    rows = replay.seen("categories", 3, 6)
    for key, body in rows.items():
        owner = body["_links"].get("defaultAssignee", {}).get("href")
        replay.state.categories.put(
            Category(
                id=key,
                name=body["name"],
                project_id=int(body["_links"]["project"]["href"].rpartition("/")[2]),
                assignee_id=int(owner.rpartition("/")[2]) if owner else None,
                **replay.state.stamps(),
            )
        )


def required(*, on: bool) -> Happening:
    def change(replay: Replay) -> None:
        fields = replay.state.custom_fields
        field = msgspec.structs.replace(fields[5], required=on)
        # the database moves a changed row to the end, and forms list the fields in that order
        fields.remove(5)
        fields.put(field)

    return change


def locked(*, on: bool) -> Happening:
    def change(replay: Replay) -> None:
        people = replay.state.principals
        people.change(people[8], status="locked" if on else "active")

    return change


def tasks(*keys: int) -> Happening:
    """Plain tasks made by calls that were not recorded."""

    def create(replay: Replay) -> None:
        for key, body in replay.seen("work_packages", keys[0], keys[-1]).items():
            replay.state.work_packages.put(_task(replay, key, body["subject"]))

    return create


def _task(replay: Replay, key: int, subject: str) -> WorkPackage:
    fixed = {"project_id": 4, "type_id": 1, "status_id": 1, "priority_id": 8, "author_id": 3}
    return WorkPackage(id=key, subject=subject, watcher_ids=(3,), **fixed, **replay.state.stamps())


def unseen(*keys: int) -> Happening:
    """Plain tasks that only totals show."""

    def create(replay: Replay) -> None:
        for key in keys:
            replay.state.work_packages.put(_task(replay, key, f"Unseen {key}"))

    return create


def feature_enabled(replay: Replay) -> None:
    projects = replay.state.projects
    projects.change(projects[4], type_ids=(1, 2, 3, 4))


def version_made(replay: Replay) -> None:
    name = replay.seen("versions", 17, 17)[17]["name"]
    replay.state.versions.put(Version(id=17, name=name, project_id=4, **replay.state.stamps()))


def ids_used(table: str, last: int) -> Happening:
    """Ids that calls outside the recording used up."""

    def skip(replay: Replay) -> None:
        getattr(replay.state, table).skip_to(last)

    return skip


def receiver(secret: str) -> Happening:
    """A webhook with this secret is entered in place of the one before."""

    def enter(replay: Replay) -> None:
        replay.secret = secret
        replay.sandbox.webhooks.clear()
        replay.sandbox.webhooks.add(Webhook("https://receiver.example/hook", secret))

    return enter


# Before which step (short file number and step) what happened.
HAPPENINGS: dict[str, tuple[Happening, ...]] = {
    "01:23": (setting("login_required", True),),
    "02:1": (setting("login_required", False),),
    "02:71": (jobs,),
    "05:42": (setting("users_deletable_by_admins", True),),
    "05:44": (jobs,),
    "05:48": (locked(on=True),),
    "06:1": (locked(on=False),),
    "07:20": (categories,),
    "15:51": (required(on=True),),
    "16:1": (required(on=False), tasks(105, 106, 107, 108, 109)),
    "17:59": (tasks(110),),
    "18:42": (feature_enabled,),
    "19:32": (setting("journal_aggregation_minutes", 0),),
    "20:16": (setting("attachment_max_size_kib", 1),),
    "20:17": (setting("attachment_max_size_kib", 5120),),
    "24:1": (
        unseen(118, 119, 120),
        ids_used("attachments", 12),
        setting("journal_aggregation_minutes", 5),
        receiver("corpus-webhook-secret"),
    ),
    "24:59": (receiver(""),),
    "24:12": (setting("journal_aggregation_minutes", 0),),
    "24:30": (ids_used("time_entries", 18),),
    "24:35": (ids_used("projects", 18),),
    "24:44": (version_made,),
}
