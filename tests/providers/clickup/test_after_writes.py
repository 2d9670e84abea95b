"""What was written, and cannot be read back: callers must not take it for not written, and write it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from pm_providers import (
    PMAttachment,
    PMComment,
    PMError,
    PMLabel,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
)
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import LIST, SPACE, TEAM, Scripted, Site, answer, connected, fault, task

DAY = date(2026, 3, 5)
BROKEN = fault("Something broke", "X_001", 400)
FOLDER = {"id": "50", "name": "Sprints", "hidden": False, "lists": []}

Write = Callable[[ClickUpProvider], Awaitable[Any]]

CREATIONS: dict[str, tuple[str, Any, str, Write]] = {
    "task": (
        f"POST list/{LIST}/task",
        task(description="plain"),
        "GET task/86abc",
        lambda one: one.create_task(PMTask(title="a", project_id=SPACE, description="**b**")),
    ),
    "sprint": (
        "POST folder/50/list",
        {"id": "55", "name": "S"},
        "GET list/55",
        lambda one: one.create_sprint(PMSprint(name="S", project_id=SPACE)),
    ),
    "comment": (
        "POST task/86abc/comment",
        {"id": 1, "hist_id": "x", "date": 1},
        "GET task/86abc/comment",
        lambda one: one.create_comment(PMComment(body="b", task_id="86abc")),
    ),
    "label": (
        f"POST space/{SPACE}/tag",
        {},
        f"GET space/{SPACE}/tag",
        lambda one: one.create_label(PMLabel(name="new", project_id=SPACE)),
    ),
    "relation": (
        "POST task/86abd/dependency",
        {},
        "GET task/86abd",
        lambda one: one.create_relation(PMRelation(from_task_id="86abc", to_task_id="86abd", type="blocks")),
    ),
    "time entry": (
        f"POST team/{TEAM}/time_entries",
        {"data": {"id": "77"}},
        f"GET team/{TEAM}/time_entries/77",
        lambda one: one.create_time_entry(PMTimeEntry(task_id="86abc", hours=1.0, spent_on=DAY)),
    ),
    "attachment": (
        "POST task/86abc/attachment",
        {"id": "f.txt"},
        "GET task/86abc",
        lambda one: one.create_attachment(PMAttachment(task_id="86abc", file_name="f.txt"), b"x"),
    ),
}


@pytest.mark.parametrize("kind", CREATIONS)
async def test_what_was_created_and_cannot_be_read_may_be_applied(kind: str):
    post, made, read, write = CREATIONS[kind]
    server = Scripted(
        {
            "GET task/86abc": task(),
            "GET task/86abd": task("86abd"),
            f"GET space/{SPACE}/folder": {"folders": [FOLDER]},
        }
    )

    def written(_request: Any) -> Any:
        server.set(read, BROKEN)
        return answer(made)

    server.set(post, written)
    provider = await connected(server)
    with pytest.raises(PMError) as caught:
        await write(provider)
    assert server.calls.count(post) == 1
    assert caught.value.maybe_applied


async def test_a_folder_that_was_created_and_cannot_be_read_may_be_applied():
    server = Scripted({f"POST space/{SPACE}/folder": {"id": "51"}, "GET folder/51": BROKEN})
    provider = await connected(server, project_level="folder", space_id=SPACE)
    with pytest.raises(PMError) as caught:
        await provider.create_project(PMProject(name="P"))
    assert caught.value.maybe_applied


async def test_what_was_refused_is_not_applied():
    server = Scripted({f"POST list/{LIST}/task": BROKEN})
    provider = await connected(server)
    with pytest.raises(PMError) as caught:
        await provider.create_task(PMTask(title="a", project_id=SPACE))
    assert not caught.value.maybe_applied


async def test_a_sprint_in_the_trash_takes_no_tasks(site: Site, provider: ClickUpProvider):
    """The vendor shows a list that was deleted, with a mark (recorded)."""
    sprint = await provider.create_sprint(PMSprint(name="S", project_id=site.space))
    kept = await provider.create_task(PMTask(title="a", project_id=site.space))
    await provider.request("DELETE", f"list/{sprint.id}")
    for write in (
        provider.create_task(PMTask(title="b", project_id=site.space, sprint_id=sprint.id)),
        provider.update_task(kept.id, {"title": "c", "sprint_id": sprint.id}),
    ):
        with pytest.raises(ValidationError) as caught:
            await write
        assert "sprint_id" in caught.value.fields
    assert [one.title for one in await provider.list_tasks(site.space)] == ["a"]


async def test_a_list_in_the_trash_is_no_project(site: Site):
    async with site.provider(project_level="list", space_id=site.space) as provider:
        made = await provider.create_project(PMProject(name="P"))
        await provider.request("DELETE", f"list/{made.id}")
        with pytest.raises(NotFoundError):
            await provider.list_labels(made.id)
        with pytest.raises(NotFoundError):
            await provider.changes(made.id)
        with pytest.raises(ValidationError):
            await provider.create_task(PMTask(title="a", project_id=made.id))
