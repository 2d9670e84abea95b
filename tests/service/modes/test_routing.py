"""Different systems for different projects behind one interface."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pm_providers import (
    BatchOutcome,
    BatchResult,
    ConfigurationError,
    Entity,
    NotFoundError,
    OpenProjectProvider,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMProject,
    PMRelation,
    PMTask,
    PMTimeEntry,
    PMUser,
    Support,
    TransportError,
    UnsupportedError,
    ValidationError,
    WriteWarning,
)
from pm_providers.contract import unsupported
from pm_providers.providers.internal import InternalProvider
from pm_providers.service.modes import RoutingProvider, open_routing
from pm_providers.service.modes.uniting import united


@pytest.fixture
async def both(database):
    async with RoutingProvider({"home": database("home"), "shop": database("shop")}) as provider:
        yield provider


@pytest.fixture
async def projects(both):
    """A project in each system."""
    there = both.with_default("shop")
    return (
        await both.create_project(PMProject(name="Garden")),
        await there.create_project(PMProject(name="Webshop")),
    )


async def test_ids_name_their_system_everywhere(both, projects):
    garden, shop = projects
    assert (garden.id.split(":")[0], shop.id.split(":")[0]) == ("home", "shop")
    grace = await both.with_default("shop").create_user(PMUser(name="Grace"))
    label = await both.create_label(PMLabel(name="urgent", project_id=shop.id))
    draft = PMTask(title="Pay", project_id=shop.id, assignee_id=grace.id, label_ids=[label.id])
    task = await both.create_task(draft)
    ids = [task.id, task.project_id, task.assignee_id, *task.assignee_ids, *task.label_ids, task.author_id]
    assert all(one.startswith("shop:") for one in ids)
    assert task.warnings == ()
    assert await both.get_task(task.id) == task
    comment = await both.create_comment(PMComment(task_id=task.id, body="Soon"))
    assert (comment.task_id, comment.id[:5]) == (task.id, "shop:")
    system, own = both.system_of(task.id)
    assert system is both.systems["shop"]
    assert (await system.get_task(own)).title == "Pay"
    assert await both.systems["home"].list_tasks() == []


async def test_calls_without_a_project_are_those_of_all_systems(both, projects):
    garden, shop = projects
    for project in projects:
        for title in ("One", "Two"):
            await both.create_task(PMTask(title=f"{title} {project.name}", project_id=project.id))
    assert [one.name for one in await both.list_projects()] == ["Garden", "Webshop"]
    expected = ["One Garden", "Two Garden", "One Webshop", "Two Webshop"]
    assert [one.title for one in await both.list_tasks()] == expected
    assert [one.title for one in await both.list_tasks(limit=3)] == expected[:3]
    assert [one.title async for one in both.iter_tasks(shop.id)] == expected[2:]
    assert [one.title for one in await both.search_tasks("one")] == ["One Garden", "One Webshop"]
    assert {one.id.split(":")[0] for one in await both.list_users()} == {"home", "shop"}
    assert [one.status for one in await both.list_statuses()] == [
        one.status for one in await both.list_statuses(garden.id)
    ]
    assert [one.priority for one in await both.list_priorities()] == [
        one.priority for one in await both.systems["home"].list_priorities()
    ]


async def test_time_entries_of_all_systems_come_by_day(both, projects):
    for place, project in enumerate(projects):
        task = await both.create_task(PMTask(title="Work", project_id=project.id))
        for day in (1 + place, 5 - place, 7 + place):
            await both.create_time_entry(PMTimeEntry(task_id=task.id, hours=1.0, spent_on=date(2026, 3, day)))
    found = await both.list_time_entries()
    assert [one.spent_on.day for one in found] == [1, 2, 4, 5, 7, 8]
    assert [one.id[:4] for one in found] == ["home", "shop", "shop", "home", "home", "shop"]


async def test_bare_ids_belong_to_the_default_system(both, projects):
    garden, shop = projects
    own = garden.id.partition(":")[2]
    assert (await both.get_project(own)).id == garden.id
    assert (await both.create_task(PMTask(title="Dig", project_id=garden.key))).project_id == garden.id
    assert await both.get_project(shop.id.partition(":")[2]) is None
    assert (await both.with_default("shop").get_project(shop.key)).id == shop.id
    assert await both.get_task("nowhere:1") is None


async def test_what_refers_to_another_system_is_refused_by_name(both, projects):
    garden, shop = projects
    here = await both.create_task(PMTask(title="Here", project_id=garden.id))
    there = await both.create_task(PMTask(title="There", project_id=shop.id))
    for name, call in {
        "parent_task_id": both.update_task(here.id, {"parent_task_id": there.id}),
        "project_id": both.update_task(here.id, {"project_id": shop.id}),
        "assignee_id": both.create_task(PMTask(title="x", project_id=shop.id, assignee_id="1")),
        "to_task_id": both.create_relation(
            PMRelation(from_task_id=here.id, to_task_id=there.id, type="blocks")
        ),
        "task_id": both.delete_comment("home:1", task_id=there.id),
        "sprint_id": both.list_tasks(garden.id, sprint_id="shop:1"),
    }.items():
        with pytest.raises(ValidationError) as caught:
            await call
        assert name in caught.value.fields
        assert caught.value.provider == "routing"
        assert "home" in str(caught.value)
        assert "shop" in str(caught.value)
    assert len(await both.list_tasks()) == 2


async def test_errors_name_the_system(both, projects):
    with pytest.raises(NotFoundError) as caught:
        await both.update_task("shop:1", {"title": "x"})
    assert str(caught.value).startswith("routing update_task: shop (internal): ")
    assert repr(caught.value).count("shop (internal)") == 1
    batch = await both.update_tasks({"shop:1": {"title": "x"}, "home:1": {"title": "x"}, "": {"title": "x"}})
    assert [str(one.error).split(": ")[:2] for one in batch][:2] == [
        ["routing update_tasks", "shop (internal)"],
        ["routing update_tasks", "home (internal)"],
    ]
    assert isinstance(batch.outcomes[2].error, ValidationError)


async def test_batches_are_spread_and_stay_in_order(both, projects):
    garden, shop = projects
    seen = []
    drafts = [PMTask(title=f"T{n}", project_id=(garden, shop)[n % 2].id) for n in range(6)]
    drafts.insert(2, PMTask(title="", project_id=shop.id))
    drafts.append(PMTask(title="lost", project_id="shop:1"))
    made = await both.create_tasks(drafts, on_progress=lambda done, total: seen.append((done, total)))
    assert [one.index for one in made] == list(range(8))
    assert [one.item.title if one.ok else type(one.error).__name__ for one in made] == [
        "T0", "T1", "ValidationError", "T2", "T3", "T4", "T5", "ValidationError",
    ]  # fmt: skip
    assert [one.item.project_id for one in made if one.ok] == [garden.id, shop.id] * 3
    assert sorted(seen) == [(n, 8) for n in range(1, 9)]
    ids = [one.id for one in made.items]
    changed = await both.update_tasks([(one, {"title": one[-3:]}) for one in ids])
    assert [one.title for one in changed.items] == [one[-3:] for one in ids]
    gone = await both.delete_tasks([*ids, ids[0]])
    assert [one.item for one in gone][:6] == [True] * 6
    assert await both.list_tasks() == []


async def test_one_system_that_is_down_spoils_only_its_part_of_a_batch(both, projects, monkeypatch):
    async def down(*_args, **_options):
        raise TransportError("no answer", maybe_applied=True)

    monkeypatch.setattr(both.systems["shop"], "create_tasks", down)
    made = await both.create_tasks([PMTask(title="x", project_id=one.id) for one in projects])
    assert [one.ok for one in made] == [True, False]
    assert made.outcomes[1].error.maybe_applied
    assert "shop (internal): no answer" in str(made.outcomes[1].error)


async def test_changes_go_on_with_the_cursor_of_their_system(both, projects):
    garden, shop = projects
    task = await both.create_task(PMTask(title="One", project_id=shop.id))
    page = await both.changes(shop.id)
    assert page.upserts == [task]
    await both.delete_task(task.id)
    assert (await both.changes(shop.id, page.cursor)).deleted_ids == [task.id]
    with pytest.raises(ValidationError) as caught:
        await both.changes(garden.id, page.cursor)
    assert "cursor" in caught.value.fields


async def test_checklists_keep_their_items_and_the_places_of_errors(both, projects):
    task = await both.create_task(PMTask(title="One", project_id=projects[1].id))
    items = [PMChecklistItem(id="a", title="top"), PMChecklistItem(id="c", title="last"),
             PMChecklistItem(title="below", parent_id="a")]  # fmt: skip
    made = await both.create_checklist(PMChecklist(name="Steps", task_id=task.id, items=items))
    assert [one.title for one in made.items] == ["top", "below", "last"]
    assert made.items[1].parent_id == made.items[0].id
    assert all(one.checklist_id == made.id and one.id.startswith("shop:") for one in made.items)
    assert made.warnings == ()
    assert await both.list_checklists(task.id) == [made]
    wrong = [PMChecklistItem(title="ok"), PMChecklistItem(title="no", assignee_id="shop:nobody")]
    with pytest.raises(ValidationError) as caught:
        await both.create_checklist(PMChecklist(name="Steps", task_id=task.id, items=wrong))
    assert list(caught.value.fields) == ["items[1].assignee_id"]


async def test_warnings_of_a_system_arrive_with_callers_ids(both, projects, monkeypatch):
    system = both.systems["shop"]
    task = await both.create_task(PMTask(title="One", project_id=projects[1].id))
    original = type(system)._update_task

    async def warned(self, *args):
        told = (WriteWarning("assignee_id", "7", None), WriteWarning("title", "a", "b"))
        return replace(await original(self, *args), warnings=told)

    monkeypatch.setattr(type(system), "_update_task", warned)
    changed = await both.update_task(task.id, {"description": "x"})
    assert [(one.field, one.asked, one.got) for one in changed.warnings] == [
        ("assignee_id", "shop:7", None),
        ("title", "a", "b"),
    ]
    both.config.additional_config["strict_writes"] = True
    with pytest.raises(ValidationError) as caught:
        await both.update_task(task.id, {"description": "y"})
    assert caught.value.maybe_applied

    async def bulk(_updates, **_options):
        return BatchResult(
            (BatchOutcome(0, replace(task, id="1", warnings=(WriteWarning("title", "a", "b"),))),)
        )

    monkeypatch.setattr(system, "update_tasks", bulk)
    [outcome] = await both.update_tasks({task.id: {"description": "z"}})
    assert outcome.error.maybe_applied
    assert (outcome.error.provider, outcome.error.operation) == ("routing", "update_tasks")


async def test_statuses_that_only_some_systems_know_filter_the_others_out(both, projects, monkeypatch):
    task = await both.create_task(PMTask(title="One", project_id=projects[1].id))
    system = both.systems["home"]

    async def unknown(_query):
        raise ValidationError(fields={"status": "unknown"})
        yield

    monkeypatch.setattr(system, "_iter_tasks", unknown)
    assert [one.id for one in await both.list_tasks(status="todo")] == [task.id]
    monkeypatch.setattr(both.systems["shop"], "_iter_tasks", unknown)
    with pytest.raises(ValidationError, match="home"):
        await both.list_tasks(status="nonsense")


async def test_health_is_good_if_all_are(both, monkeypatch):
    report = await both.check_health()
    assert report.ok
    assert report.user.id.startswith("home:")
    assert report.details == {"home": "ok", "shop": "ok"}

    async def down():
        raise TransportError("no answer")

    monkeypatch.setattr(both.systems["shop"], "_get_current_user", down)
    report = await both.check_health()
    assert not report.ok
    assert str(report.error) == "routing check_health: shop (internal): no answer"
    assert report.details["home"] == "ok"


def test_capabilities_are_what_all_have():
    ours, theirs = InternalProvider.CAPABILITIES, OpenProjectProvider.CAPABILITIES
    found = united([("home", ours), ("op", theirs)])
    for operation in ours.operations:
        both_can = ours.supports(operation) and theirs.supports(operation) and operation != "request"
        assert found.supports(operation) == both_can, operation
    for entity in Entity:
        for name, one in found.fields[entity].items():
            pair = (ours.field(entity, name), theirs.field(entity, name))
            assert one.is_writable == all(each.is_writable for each in pair), f"{entity}.{name}"
            assert one.is_supported == all(each.is_supported for each in pair), f"{entity}.{name}"
            assert one.support is Support.NATIVE or one.note
    assert found.operation("delete_comment").note.startswith("op: ")
    assert found.changes.deletes == "sweep"
    assert found.limits.page_size == min(ours.limits.page_size, theirs.limits.page_size)
    assert set(found.limits.relation_types) <= set(theirs.limits.relation_types)
    assert united([("op", theirs)]).fields == theirs.fields
    assert united([("a", ours), ("b", replace(ours, text_format="adf"))]).text_format == "mixed"


async def test_a_system_that_learns_what_it_lacks_narrows_all(both, projects):
    assert both.capabilities.supports("create_comment")
    system = both.systems["shop"]
    off = unsupported("the module is off")
    system._capabilities = system.capabilities.narrowed(operations={"create_comment": off})
    assert both.capabilities.operation("create_comment").note == "shop: the module is off"
    with pytest.raises(UnsupportedError, match="shop: the module is off"):
        await both.create_comment(PMComment(task_id="home:1", body="x"))
    assert both.capabilities_of(projects[0].id).supports("create_comment")
    assert not both.capabilities_of(projects[1].id).supports("create_comment")


async def test_refused_set_ups(database):
    for systems, default in (({}, None), ({"a:b": database("a")}, None), ({"a": database("b")}, "c")):
        with pytest.raises(ConfigurationError):
            RoutingProvider(systems, default)
        for one in systems.values():
            await one.aclose()


async def test_views_close_nothing_and_all_are_closed(database):
    closed = []
    systems = {name: database(name) for name in ("a", "b")}

    def noting(name, original):
        async def aclose():
            closed.append(name)
            await original()
            if name == "b":
                raise TransportError("closed badly")

        return aclose

    for name, one in systems.items():
        one.aclose = noting(name, one.aclose)
    provider = RoutingProvider(systems)
    await provider.with_default("b").aclose()
    assert closed == []
    with pytest.raises(TransportError):
        await provider.aclose()
    assert sorted(closed) == ["a", "b"]


async def test_stored_connections_as_one_provider(mapped):
    async with await open_routing(mapped.db, ["internal", "there"], default="there") as provider:
        names = {one.id.split(":")[0]: one.name for one in await provider.list_projects()}
        assert names == {"internal": "Webshop", "there": "Webshop"}
        assert (await provider.create_project(PMProject(name="New"))).id.startswith("there:")
    with pytest.raises(NotFoundError, match="connections list"):
        await open_routing(mapped.db, ["internal", "nowhere"])
