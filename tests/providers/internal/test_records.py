"""Projects, users, labels, relations, time entries, attachments, discovery, settings."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from pm_providers import (
    ConfigurationError,
    ConflictError,
    InternalProvider,
    NotFoundError,
    PMAttachment,
    PMComment,
    PMLabel,
    PMProject,
    PMProviderConfig,
    PMRelation,
    PMTask,
    PMTimeEntry,
    PMUser,
    UnsupportedError,
    ValidationError,
)
from pm_providers.database import database_for
from pm_providers.providers.internal.config import options_of
from pm_providers.providers.internal.mapping import decode_custom, encode_custom, merge_custom
from tests.support.databases import provider_on


@pytest.fixture
async def two(provider: InternalProvider, project: PMProject) -> tuple[str, str]:
    """Two tasks."""
    made = await provider.create_tasks(PMTask(title=title, project_id=project.id) for title in "ab")
    return made.items[0].id, made.items[1].id


# projects and users


async def test_keys_are_made_and_unique(provider: InternalProvider) -> None:
    """A project without a key gets one of its name; keys do not differ by case alone."""
    made = [(await provider.create_project(PMProject(name=name))).key for name in
            ("Mond Basis", "mond  basis!", "Ärger_2", "???", "x" * 100)]  # fmt: skip
    assert made == ["mond-basis", "mond-basis-2", "ärger-2", "project", "x" * 40]
    with pytest.raises(ValidationError, match="taken"):
        await provider.create_project(PMProject(name="n", key="MOND-BASIS"))
    with pytest.raises(ValidationError) as caught:
        await provider.create_project(PMProject(name="n", key="0" * 32))
    assert list(caught.value.fields) == ["key"]
    same = await provider.update_project("mond-basis", {"key": "Mond-Basis"})
    assert same.key == "Mond-Basis"


async def test_keys_made_at_once_differ(provider: InternalProvider) -> None:
    """Projects of the same name, created together, all succeed."""
    made = await asyncio.gather(*(provider.create_project(PMProject(name="Same")) for _ in range(6)))
    assert len({one.key for one in made}) == 6


async def test_user_names_are_unique(provider: InternalProvider) -> None:
    """A login name is taken once, in any case, and stands for the id on reading."""
    user = await provider.create_user(PMUser(name="Grace", username="Grace"))
    with pytest.raises(ValidationError, match="taken"):
        await provider.create_user(PMUser(name="Other", username="GRACE"))
    assert await provider.get_user("gRaCe") == user
    assert (await provider.update_user(user.id, {"username": None})).username is None
    assert await provider.get_user("grace") is None


async def test_deleted_user_leaves_work_behind(
    provider: InternalProvider, project: PMProject, two: tuple[str, str]
) -> None:
    """Comments, entries and projects stay, without a user."""
    me = await provider.get_current_user()
    await provider.update_project(project.id, {"owner_id": me.id})
    await provider.create_comment(PMComment(task_id=two[0], body="b"))
    await provider.create_time_entry(PMTimeEntry(task_id=two[0], hours=1, spent_on=date(2026, 3, 2)))
    assert await provider.delete_user(me.id) is True
    assert [one.author_id for one in await provider.list_comments(two[0])] == [None]
    assert [one.user_id for one in await provider.list_time_entries(two[0])] == [None]
    owned = await provider.get_project(project.id)
    assert owned is not None
    assert owned.owner_id is None
    assert (await provider.get_current_user()).id != me.id


async def test_current_user(engine: Engine) -> None:
    """By configured id, else by login name: made on demand, once."""
    provider = provider_on(engine)
    found = await asyncio.gather(*(provider.get_current_user() for _ in range(5)))
    assert len({one.id for one in found}) == 1
    assert found[0].username == "ada"
    by_id = provider_on(engine, user_id=found[0].id)
    assert await by_id.get_current_user() == found[0]
    unknown = provider_on(engine, user_id="0" * 32)
    with pytest.raises(ConfigurationError, match="no user"):
        await unknown.get_current_user()
    assert (await unknown.check_health()).ok is False
    report = await provider.check_health()
    assert (report.ok, report.details["database"]) == (True, engine.dialect.name)
    for one in (provider, by_id, unknown):
        await one.aclose()


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's login name is the default; the address of the database shows nowhere."""
    monkeypatch.setenv("LOGNAME", "grace")
    assert options_of(PMProviderConfig("internal")).username == "grace"
    secret = PMProviderConfig("internal", additional_config={"database_url": "postgresql://u:s3cret@h/d"})
    provider = InternalProvider.from_config(secret)
    assert "s3cret" not in f"{provider!r}{secret!r}{options_of(secret)!r}"
    for size in (0, -1, True, "many", 1.5):
        with pytest.raises(ConfigurationError, match="page_size"):
            options_of(PMProviderConfig("internal", additional_config={"page_size": size}))


async def test_it_is_no_http_api(provider: InternalProvider) -> None:
    """The escape hatch is refused with the reason."""
    with pytest.raises(UnsupportedError, match="database"):
        await provider.request("GET", "/")


# labels


async def test_labels_of_a_project_and_of_all(provider: InternalProvider, project: PMProject) -> None:
    """A project offers its own labels and the general ones; names are unique within each, without case."""
    other = await provider.create_project(PMProject(name="Mars"))
    own = await provider.create_label(PMLabel(name="Bug", project_id="MOON"))
    general = await provider.create_label(PMLabel(name="Bug"))
    await provider.create_label(PMLabel(name="Bug", project_id=other.id))
    assert own.project_id == project.id
    assert own.warnings == ()
    assert await provider.list_labels(project.id) == [own, general]
    assert len(await provider.list_labels()) == 3
    with pytest.raises(ValidationError, match="already"):
        await provider.create_label(PMLabel(name="BUG", project_id=project.id))
    with pytest.raises(ValidationError):
        await provider.create_label(PMLabel(name="x", project_id="nowhere"))
    second = await provider.create_label(PMLabel(name="Second", project_id=project.id))
    with pytest.raises(ValidationError):
        await provider.update_label(second.id, {"name": "bug"})
    assert (await provider.update_label(own.id, {"name": "BUG"})).name == "BUG"


# relations


async def test_relations_are_checked(provider: InternalProvider, two: tuple[str, str]) -> None:
    """No loops, no doubles in either reading, no lag without order."""
    a, b = two
    with pytest.raises(ValidationError, match="itself"):
        await provider.create_relation(PMRelation(from_task_id=a, to_task_id=a))
    with pytest.raises(ValidationError) as caught:
        await provider.create_relation(PMRelation(from_task_id=a, to_task_id="0" * 32))
    assert list(caught.value.fields) == ["to_task_id"]
    await provider.create_relation(PMRelation(from_task_id=a, to_task_id=b, type="relates"))
    for ends in ((a, b), (b, a)):
        with pytest.raises(ConflictError):
            await provider.create_relation(PMRelation(from_task_id=ends[0], to_task_id=ends[1]))
    with pytest.raises(ValidationError, match="lag"):
        await provider.create_relation(PMRelation(from_task_id=a, to_task_id=b, type="blocks", lag_days=1))
    follows = await provider.create_relation(
        PMRelation(from_task_id=a, to_task_id=b, type="follows", lag_days=-2)
    )
    assert (follows.from_task_id, follows.to_task_id, follows.lag_days) == (b, a, -2)
    assert len(await provider.list_relations(a)) == 2
    with pytest.raises(ValidationError, match="lag"):
        await provider.update_relation(follows.id, {"type": "blocks"})
    changed = await provider.update_relation(follows.id, {"type": "blocks", "lag_days": None})
    assert changed.type == "blocks"
    with pytest.raises(ConflictError):
        await provider.update_relation(follows.id, {"type": "relates"})


@pytest.mark.parametrize("kind", ["blocks", "precedes"])
async def test_circles_of_relations_are_refused(
    provider: InternalProvider, project: PMProject, two: tuple[str, str], kind: str
) -> None:
    """A blocks B blocks C blocks A is nobody's plan; other kinds may run in circles."""
    a, b = two
    c = (await provider.create_task(PMTask(title="c", project_id=project.id))).id
    await provider.create_relation(PMRelation(from_task_id=a, to_task_id=b, type=kind))
    await provider.create_relation(PMRelation(from_task_id=b, to_task_id=c, type=kind))
    for end in (a, b):
        with pytest.raises(ValidationError, match="circle"):
            await provider.create_relation(PMRelation(from_task_id=c, to_task_id=end, type=kind))
    loose = await provider.create_relation(PMRelation(from_task_id=c, to_task_id=a, type="requires"))
    with pytest.raises(ValidationError, match="circle"):
        await provider.update_relation(loose.id, {"type": kind})


# time entries


async def test_hours_are_those_of_the_entries(provider: InternalProvider, two: tuple[str, str]) -> None:
    """Without entries the written value holds; with some, their sum, and writing warns."""
    a, b = two
    assert (await provider.update_task(a, {"actual_hours": 5})).actual_hours == 5.0
    entries = [
        await provider.create_time_entry(PMTimeEntry(task_id=a, hours=hours, spent_on=date(2026, 3, day)))
        for hours, day in ((0.1, 3), (0.2, 2))
    ]

    async def hours(task_id: str) -> float | None:
        found = await provider.get_task(task_id)
        assert found is not None
        return found.actual_hours

    assert await hours(a) == 0.3
    assert [one.id for one in await provider.list_time_entries(a)] == [entries[1].id, entries[0].id]
    written = await provider.update_task(a, {"actual_hours": 9})
    assert (written.actual_hours, [one.field for one in written.warnings]) == (0.3, ["actual_hours"])
    await provider.update_time_entry(entries[0].id, {"task_id": b, "hours": 4})
    assert (await hours(a), await hours(b)) == (0.2, 4.0)
    await provider.delete_time_entry(entries[1].id)
    assert await hours(a) == 9.0
    assert await provider.delete_time_entry(entries[1].id) is False
    with pytest.raises(ValidationError):
        await provider.update_time_entry(entries[0].id, {"task_id": "0" * 32})


async def test_entries_by_day_over_pages(engine: Engine) -> None:
    """Oldest day first, across pages, by task, by project and in all."""
    provider = provider_on(engine, page_size=2)
    project = await provider.create_project(PMProject(name="Moon"))
    task = await provider.create_task(PMTask(title="t", project_id=project.id))
    for day in (5, 1, 3, 3, 4, 1, 2):
        await provider.create_time_entry(PMTimeEntry(task_id=task.id, hours=1, spent_on=date(2026, 3, day)))
    for arguments in ({"task_id": task.id}, {"project_id": "moon"}, {}):
        found = [one async for one in provider.iter_time_entries(**arguments)]
        assert [one.spent_on.day for one in found if one.spent_on] == [1, 1, 2, 3, 3, 4, 5]
        assert len({one.id for one in found}) == 7
    with pytest.raises(NotFoundError):
        await provider.list_time_entries("0" * 32)
    await provider.aclose()


# attachments


async def test_attachments_keep_their_bytes(provider: InternalProvider, two: tuple[str, str]) -> None:
    """Any content, even none; lists come without it."""
    content = bytes(range(256)) * 1000
    made = await provider.create_attachment(PMAttachment(task_id=two[0], file_name="ü.bin"), content)
    empty = await provider.create_attachment(PMAttachment(task_id=two[0], file_name="empty"), b"")
    assert (made.size_bytes, empty.size_bytes) == (256_000, 0)
    assert made.raw_data is not None
    assert "content" not in made.raw_data
    assert await provider.download_attachment(made.id) == content
    assert await provider.download_attachment(empty.id) == b""
    assert await provider.list_attachments(two[0]) == [made, empty]
    with pytest.raises(NotFoundError):
        await provider.download_attachment("0" * 32)


# discovery


async def test_discovery(provider: InternalProvider, project: PMProject) -> None:
    """All other statuses are transitions; types and custom fields are those in use."""
    task = await provider.create_task(PMTask(
        title="t", project_id=project.id, type="Spike", status="blocked",
        custom_fields={"flag": True, "n": 1, "x": 1.5, "d": date(2026, 1, 1), "t": "a"},
    ))  # fmt: skip
    assert [one.id for one in await provider.list_transitions(task.id)] == [
        "todo", "in_progress", "completed", "cancelled"]  # fmt: skip
    assert [one.name for one in await provider.list_types("moon")] == [
        "Task",
        "Bug",
        "Feature",
        "Milestone",
        "Spike",
    ]
    custom = {one.name: one.type for one in await provider.list_fields(project.id) if one.is_custom}
    assert custom == {"d": "date", "flag": "flag", "n": "integer", "t": "text", "x": "number"}
    assert [one.id for one in await provider.list_priorities()] == [
        "lowest",
        "low",
        "medium",
        "high",
        "highest",
    ]
    with pytest.raises(NotFoundError):
        await provider.list_transitions("0" * 32)
    for unknown in (provider.list_types, provider.list_fields, provider.list_statuses):
        with pytest.raises(NotFoundError):
            await unknown("nowhere")


# mapping

_plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.dates() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("$date"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text() | st.sampled_from(["$date", "$dict", "$instant"]), _plain, max_size=4))
def test_custom_fields_read_back_equal(fields: dict[str, Any]) -> None:
    """Whatever JSON can hold, and dates, come back as they were: names that look like our tags too."""
    assert decode_custom(encode_custom(fields)) == fields


@given(
    st.dictionaries(st.text(), _plain, min_size=1, max_size=4), st.dictionaries(st.text(), _plain, max_size=4)
)
def test_custom_fields_merge_like_dicts(updates: dict[str, Any], stored: dict[str, Any]) -> None:
    """A merge is a dict update in which `None` removes."""
    kept = {name: value for name, value in stored.items() if value is not None}
    expected = {name: value for name, value in {**kept, **updates}.items() if value is not None}
    assert decode_custom(merge_custom(encode_custom(kept), updates)) == expected


async def test_instants_are_utc_on_any_connection(engine: Engine) -> None:
    """A host's connection in another time zone changes nothing."""
    provider = provider_on(engine)
    before = datetime.now(UTC)
    project = await provider.create_project(PMProject(name="Moon"))
    task = await provider.create_task(PMTask(title="t", project_id=project.id, status="completed"))
    if engine.dialect.name == "postgresql":
        from sqlalchemy import create_engine

        elsewhere = create_engine(engine.url, connect_args={"options": "-c timezone=Asia/Tokyo"})
        (found,) = await provider_on(elsewhere).list_tasks()
        held = await provider_on(elsewhere).get_project(project.id)
        elsewhere.dispose()
        assert (found, held) == (task, project)
        assert {one and one.utcoffset() for one in (found.created_at, found.completed_at)} == {timedelta(0)}
    assert task.created_at is not None
    assert before <= task.created_at <= datetime.now(UTC)
    assert database_for(engine).commits
    await provider.aclose()
