"""The change stream: complete, in order, committed only."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from pm_providers import (
    InternalProvider,
    NotFoundError,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
    ValidationError,
)
from pm_providers.contract import ChangePage, encode_cursor
from pm_providers.database import upgrade
from tests.support.databases import provider_on


async def _all(provider: InternalProvider, project_id: str, cursor: str | None, limit: int = 3) -> ChangePage:
    """All pages from a cursor, as one."""
    upserts, deleted = [], []
    while True:
        page = await provider.changes(project_id, cursor, limit=limit)
        upserts += page.upserts
        deleted += page.deleted_ids
        assert len(page.upserts) + len(page.deleted_ids) <= limit
        cursor = page.cursor
        if not page.has_more:
            return ChangePage(upserts, deleted, cursor)


def _titles(page: ChangePage) -> list[str]:
    return [one.title for one in page.upserts]


async def test_upserts_and_deletes_in_order(provider: InternalProvider, project: PMProject) -> None:
    """Everything once, in the order of the last change; then nothing; then what happened since."""
    made = (await provider.create_tasks(PMTask(title=f"{n}", project_id=project.id) for n in range(10))).items
    await provider.update_task(made[2].id, {"title": "2b"})
    first = await _all(provider, project.id, None)
    assert _titles(first) == [*"01", *"3456789", "2b"]
    idle = await provider.changes(project.id, first.cursor)
    assert (idle.upserts, idle.deleted_ids, idle.has_more) == ([], [], False)
    await provider.delete_task(made[0].id)
    await provider.update_task(made[1].id, {"title": "1b"})
    second = await _all(provider, project.id, idle.cursor)
    assert (_titles(second), second.deleted_ids) == (["1b"], [made[0].id])


async def test_pages_do_not_cut_an_operation_short(provider: InternalProvider, project: PMProject) -> None:
    """All tasks of one batch carry the same number: pages of any size still give each of them once."""
    await provider.create_tasks(PMTask(title=f"{n:02}", project_id=project.id) for n in range(25))
    for limit in (1, 7, 25, 100):
        found = await _all(provider, project.id, None, limit)
        assert _titles(found) == [f"{n:02}" for n in range(25)]


async def test_a_change_without_effect_is_no_change(provider: InternalProvider, project: PMProject) -> None:
    """Writing what is there moves neither version nor stream."""
    user = await provider.create_user(PMUser(name="Ada"))
    task = await provider.create_task(PMTask(title="x", project_id=project.id, assignee_id=user.id))
    cursor = (await provider.changes(project.id)).cursor
    same = {"title": "x", "assignee_ids": [user.id], "description": None, "custom_fields": {"none": None}}
    after = await provider.update_task(task.id, same)
    assert (after.version, after.updated_at) == (task.version, task.updated_at)
    assert (await provider.changes(project.id, cursor)).upserts == []


async def test_moves_leave_and_return(provider: InternalProvider, project: PMProject) -> None:
    """A task that moves away is deleted here and new there, its subtasks too; coming back, it is an upsert."""
    other = await provider.create_project(PMProject(name="Mars"))
    task = await provider.create_task(PMTask(title="task", project_id=project.id))
    below = await provider.create_task(PMTask(title="below", project_id=project.id, parent_task_id=task.id))
    here = (await provider.changes(project.id)).cursor
    there = (await provider.changes(other.id)).cursor
    await provider.update_task(task.id, {"project_id": other.id})
    left, came = await provider.changes(project.id, here), await provider.changes(other.id, there)
    assert (left.upserts, sorted(left.deleted_ids)) == ([], sorted([task.id, below.id]))
    assert (sorted(_titles(came)), came.deleted_ids) == (["below", "task"], [])
    await provider.update_task(task.id, {"project_id": project.id})
    back = await provider.changes(project.id, here)
    assert (sorted(_titles(back)), back.deleted_ids) == (["below", "task"], [])
    gone = await provider.changes(other.id, came.cursor)
    assert (gone.upserts, sorted(gone.deleted_ids)) == ([], sorted([task.id, below.id]))


async def test_changes_through_other_records(provider: InternalProvider, project: PMProject) -> None:
    """A task changes when its sprint, label, assignee or time entries do so."""
    user = await provider.create_user(PMUser(name="Ada"))
    sprint = await provider.create_sprint(PMSprint(name="s", project_id=project.id))
    label = await provider.create_label(PMLabel(name="l", project_id=project.id))
    task = await provider.create_task(
        PMTask(
            title="t", project_id=project.id, sprint_id=sprint.id, label_ids=[label.id], assignee_id=user.id
        )
    )
    version, cursor = int(task.version or 0), (await provider.changes(project.id)).cursor
    entry = PMTimeEntry(task_id=task.id, hours=2, spent_on="2026-03-02")  # type: ignore[arg-type]
    for act in (
        lambda: provider.delete_sprint(sprint.id),
        lambda: provider.delete_label(label.id),
        lambda: provider.delete_user(user.id),
        lambda: provider.create_time_entry(entry),
    ):
        await act()
        version += 1
        page = await provider.changes(project.id, cursor)
        assert [(one.id, one.version) for one in page.upserts] == [(task.id, str(version))]
        cursor = page.cursor
    final = page.upserts[0]
    assert (final.sprint_id, final.label_ids, final.assignee_ids, final.actual_hours) == (None, [], [], 2.0)


@pytest.mark.postgres
async def test_a_slow_transaction_is_not_skipped(postgres_url: str) -> None:
    """A transaction that began first and commits last: readers in between must not pass it.

    With numbers of a sequence its change would come to light behind the cursor, and be lost.
    """
    provider = provider_on(postgres_url)
    project = await provider.create_project(PMProject(name="Moon"))
    engine = create_engine(postgres_url)
    with Session(engine) as slow:
        await provider_on(slow).create_task(PMTask(title="slow", project_id=project.id))
        await provider.create_task(PMTask(title="quick", project_id=project.id))
        meanwhile = await provider.changes(project.id)
        assert _titles(meanwhile) == []  # later, not never
        slow.commit()
    after = await provider.changes(project.id, meanwhile.cursor)
    assert _titles(after) == ["slow", "quick"]
    engine.dispose()
    await provider.aclose()


@pytest.mark.postgres
async def test_interleaved_transactions_lose_nothing(postgres_url: str) -> None:
    """Many overlapping transactions, committed and rolled back in another order than begun, read all along."""
    provider = provider_on(postgres_url)
    project = await provider.create_project(PMProject(name="Moon"))
    engine = create_engine(postgres_url)
    sessions = [Session(engine) for _ in range(4)]
    cursor: str | None = None
    seen: list[str] = []

    async def read() -> None:
        nonlocal cursor
        page = await _all(provider, project.id, cursor, limit=2)
        cursor = page.cursor
        seen.extend(_titles(page))

    for number in (0, 1, 2, 3):
        await provider_on(sessions[number]).create_task(PMTask(title=f"{number}", project_id=project.id))
        await read()
    for number, end in ((3, "commit"), (1, "rollback"), (0, "commit"), (2, "commit")):
        getattr(sessions[number], end)()
        await provider.create_task(PMTask(title=f"after {number}", project_id=project.id))
        await read()
    for session in sessions:
        session.close()
    await read()
    assert sorted(seen) == sorted(["0", "2", "3", "after 0", "after 1", "after 2", "after 3"])
    engine.dispose()
    await provider.aclose()


async def test_own_open_changes_come_but_do_not_move_the_stream(engine: Engine, project: PMProject) -> None:
    """A host sees what it wrote before it commits; others and later cursors see it once it is committed."""
    await provider_on(engine).create_task(PMTask(title="before", project_id=project.id))
    with Session(engine) as session:
        provider = provider_on(session)
        for title in ("one", "two", "three"):
            await provider.create_task(PMTask(title=title, project_id=project.id))
        first = await provider.changes(project.id, limit=2)
        rest = await provider.changes(project.id, first.cursor, limit=2)
        assert (_titles(first), first.has_more) == (["before", "one"], True)
        assert (_titles(rest), rest.has_more) == (["two", "three"], False)
        assert _titles(await provider.changes(project.id, rest.cursor)) == []
        assert _titles(await provider_on(engine).changes(project.id, rest.cursor)) == ["before"]
        session.commit()
        again = await provider.changes(project.id, rest.cursor)
        assert _titles(again) == ["before", "one", "two", "three"]
        await provider.create_task(PMTask(title="four", project_id=project.id))
        assert _titles(await provider.changes(project.id, again.cursor)) == ["four"]


async def test_a_rolled_back_change_comes_as_it_was(engine: Engine, project: PMProject) -> None:
    """An open change hides the committed one below it: a cursor that passed that would lose it for good."""
    task = await provider_on(engine).create_task(PMTask(title="first", project_id=project.id))
    start = (await provider_on(engine).changes(project.id)).cursor
    await provider_on(engine).update_task(task.id, {"title": "committed"})
    await provider_on(engine).create_task(PMTask(title="later", project_id=project.id))
    with Session(engine) as session:
        provider = provider_on(session)
        await provider.update_task(task.id, {"title": "undone"})
        page = await provider.changes(project.id, start)
        assert _titles(page) == ["later", "undone"]
        session.rollback()
        assert _titles(await provider.changes(project.id, page.cursor)) == ["committed", "later"]


async def test_what_is_rolled_back_does_not_move_the_stream(engine: Engine, project: PMProject) -> None:
    """A cursor that read open changes loses nothing when they are undone and others take their numbers."""
    with Session(engine) as session:
        provider = provider_on(session)
        await provider.create_task(PMTask(title="undone", project_id=project.id))
        page = await provider.changes(project.id)
        assert _titles(page) == ["undone"]
        session.rollback()
        await provider.create_task(PMTask(title="kept", project_id=project.id))
        open_page = await provider.changes(project.id, page.cursor)
        assert _titles(open_page) == ["kept"]
        session.commit()
        assert _titles(await provider.changes(project.id, open_page.cursor)) == ["kept"]


async def test_cursors_of_others_are_refused(provider: InternalProvider, project: PMProject) -> None:
    """A cursor belongs to one project of one provider."""
    other = await provider.create_project(PMProject(name="Mars"))
    cursor = (await provider.changes(other.id)).cursor
    state = {"p": project.id, "at": [2**70, 1, ""]}
    for bad in (cursor, "nonsense", encode_cursor("internal", {}), encode_cursor("internal", state)):
        with pytest.raises(ValidationError) as caught:
            await provider.changes(project.id, bad)
        assert list(caught.value.fields) == ["cursor"]
    with pytest.raises(NotFoundError):
        await provider.changes("0" * 32)


@pytest.mark.postgres
async def test_cursor_of_a_restored_database_starts_anew(postgres_url: str) -> None:
    """After a restore into a younger server old cursors lie in the future: all is reported again."""
    provider = provider_on(postgres_url)
    project = await provider.create_project(PMProject(name="Moon"))
    await provider.create_task(PMTask(title="t", project_id=project.id))
    future = encode_cursor("internal", {"p": project.id, "at": [4_000_000_000_000, 1, ""]})
    upgrade(postgres_url)
    assert _titles(await provider.changes(project.id, future)) == ["t"]
    await provider.aclose()


async def test_key_of_the_project_is_taken(provider: InternalProvider, project: PMProject) -> None:
    """Cursors by key and by id are the same."""
    by_key = await provider.changes("MOON")
    assert (await provider.changes(project.id, by_key.cursor)).upserts == []


async def test_deleting_a_project_ends_its_stream(provider: InternalProvider, engine: Engine) -> None:
    """No tombstones stay behind."""
    project = await provider.create_project(PMProject(name="Mars"))
    task = await provider.create_task(PMTask(title="t", project_id=project.id))
    await provider.delete_task(task.id)
    await provider.delete_project(project.id)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pm_tombstones")).scalar() == 0


async def test_what_changes_around_a_task_is_a_change_of_it(
    provider: InternalProvider, project: PMProject
) -> None:
    """Made, altered and deleted; the version stays, so that nobody's edit of the task is in the way."""
    one, two = (
        await provider.create_tasks(PMTask(title=name, project_id=project.id) for name in ("one", "two"))
    ).items
    cursor = (await _all(provider, project.id, None)).cursor

    async def told(*expected: PMTask) -> None:
        nonlocal cursor
        page = await _all(provider, project.id, cursor)
        cursor = page.cursor
        assert {task.id: task.version for task in page.upserts} == {
            task.id: task.version for task in expected
        }

    comment = await provider.create_comment(PMComment(body="words", task_id=one.id))
    await told(one)
    await provider.update_comment(comment.id, {"body": "others"})
    await told(one)
    await provider.delete_comment(comment.id)
    await told(one)
    relation = await provider.create_relation(
        PMRelation(from_task_id=two.id, to_task_id=one.id, type="blocks")
    )
    await told(one, two)
    await provider.delete_relation(relation.id)
    await told(one, two)
    file = await provider.create_attachment(PMAttachment(file_name="notes.txt", task_id=two.id), b"notes")
    await told(two)
    await provider.delete_attachment(file.id)
    await told(two)
    made = await provider.create_checklist(PMChecklist(name="Steps", task_id=one.id))
    await told(one)
    item = await provider.create_checklist_item(PMChecklistItem(title="First", checklist_id=made.id))
    await told(one)
    await provider.update_checklist_item(item.id, {"is_done": True})
    await told(one)
    await provider.delete_checklist_item(item.id)
    await told(one)
    await provider.update_checklist(made.id, {"name": "Ways"})
    await told(one)
    await provider.delete_checklist(made.id)
    await told(one)
    await told()
