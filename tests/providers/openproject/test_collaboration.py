"""Comments, labels, relations, attachments, time entries and discovery against the sandbox."""

from __future__ import annotations

import json
from datetime import date

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    OpenProjectProvider,
    PMAttachment,
    PMComment,
    PMLabel,
    PMRelation,
    PMTask,
    PMTimeEntry,
    ProviderError,
    UnsupportedError,
    ValidationError,
)
from tests.providers.openproject.support import KEY, World, canned, config, connected


@pytest.fixture
async def task(provider, world):
    return await provider.create_task(PMTask(title="One", project_id=world.main))


@pytest.fixture
async def task2(provider, world):
    return await provider.create_task(PMTask(title="Two", project_id=world.main))


# comments


async def test_comment_life(provider, world, task):
    made = await provider.create_comment(PMComment(task_id=task.id, body="Hello **you** 🚀\n\nmore"))
    assert (made.body, made.author_id, made.warnings) == ("Hello **you** 🚀\n\nmore", "3", ())
    edited = await provider.update_comment(made.id, {"body": "edited ✓"})
    assert (edited.body, edited.warnings) == ("edited ✓", ())
    async with connected(world.box, "ann") as ann:
        await ann.create_comment(PMComment(task_id=task.id, body="second"))
        found = await ann.list_comments(task.id)
    assert [one.body for one in found] == ["edited ✓", "second"]
    assert [one.author_id for one in found] == ["3", world.ann]
    with pytest.raises(UnsupportedError, match="no call that deletes"):
        await provider.delete_comment(made.id)


async def test_changes_alone_are_no_comments(provider, task):
    await provider.update_task(task.id, {"title": "Changed"})
    assert await provider.list_comments(task.id) == []


async def test_comments_on_nothing(provider):
    for call in (
        provider.list_comments("99999"),
        provider.update_comment("99999", {"body": "x"}),
        provider.update_comment("x", {"body": "x"}),
    ):
        with pytest.raises(NotFoundError):
            await call
    with pytest.raises(ValidationError) as caught:
        await provider.create_comment(PMComment(task_id="99999", body="x"))
    assert "task_id" in caught.value.fields


async def test_an_internal_comment_that_is_not_internal_is_reported(task):
    world = World("13.0")
    async with connected(world.box) as provider:
        made = await provider.create_task(PMTask(title="x", project_id=world.main))
        comment = await provider.create_comment(PMComment(task_id=made.id, body="secret", is_internal=True))
    assert [one.field for one in comment.warnings] == ["is_internal"]


# labels


async def test_labels(provider, world):
    assert [(one.id, one.name, one.project_id) for one in await provider.list_labels("main")] == [
        (world.label, "Backend", world.main), (world.label2, "Frontend", world.main),
    ]  # fmt: skip
    assert len(await provider.list_labels()) == 3
    for call in (
        provider.create_label(PMLabel(name="x")),
        provider.update_label("1", {"name": "x"}),
        provider.delete_label("1"),
    ):
        with pytest.raises(UnsupportedError, match="web interface"):
            await call
    with pytest.raises(NotFoundError):
        await provider.list_labels("99999")


# relations


@pytest.mark.parametrize("kind", ["relates", "blocks", "precedes", "duplicates", "includes", "requires"])
@pytest.mark.parametrize("version", ["13.0", "17.6"])
async def test_relations_of_every_type(version, kind):
    world = World(version)
    async with connected(world.box) as provider:
        one, two = [await provider.create_task(PMTask(title=n, project_id=world.main)) for n in "ab"]
        made = await provider.create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type=kind))
        assert (made.from_task_id, made.type, made.to_task_id, made.warnings) == (one.id, kind, two.id, ())
        assert await provider.list_relations(two.id) == await provider.list_relations(one.id) == [made]


@pytest.mark.parametrize(
    ("inverse", "kind"), [("blocked_by", "blocks"), ("follows", "precedes"), ("part_of", "includes")]
)
async def test_inverse_names(provider, task, task2, inverse, kind):
    made = await provider.create_relation(PMRelation(from_task_id=task.id, to_task_id=task2.id, type=inverse))
    assert (made.from_task_id, made.type, made.to_task_id, made.warnings) == (task2.id, kind, task.id, ())


@pytest.mark.parametrize("version", ["13.0", "14.0", "17.6"])
async def test_lag_is_kept(version):
    world = World(version)
    async with connected(world.box) as provider:
        one, two = [await provider.create_task(PMTask(title=n, project_id=world.main)) for n in "ab"]
        made = await provider.create_relation(
            PMRelation(from_task_id=one.id, to_task_id=two.id, type="precedes", lag_days=3, description="why")
        )
        assert (made.lag_days, made.description, made.warnings) == (3, "why", ())
        changed = await provider.update_relation(made.id, {"lag_days": 1, "description": None})
        assert (changed.lag_days, changed.description, changed.warnings) == (1, None, ())


class Bodies(httpx2.AsyncBaseTransport):
    """Notes what is sent about relations: keys of bodies, and the address of the list when that is asked."""

    def __init__(self, world: World) -> None:
        self.inner, self.sent, self.asked = world.box.transport(), [], 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if "relations" in request.url.path:
            self.asked += request.method == "GET"
            if request.content:
                self.sent.append({"lag", "delay"} & json.loads(request.content).keys())
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize(("version", "name"), [("13.0", "delay"), ("14.0", "lag"), ("17.6", "lag")])
@pytest.mark.parametrize("login", ["admin", "ann", "ann before any relation"])
async def test_lag_is_sent_by_the_name_that_the_server_knows(version, name, login):
    """Administrators are told the version; others see it in a relation, if need be in the first answer."""
    world = World(version)
    async with connected(world.box) as admin:
        tasks = [await admin.create_task(PMTask(title=n, project_id=world.main)) for n in "abcd"]
        if login == "ann":
            draft = PMRelation(from_task_id=tasks[2].id, to_task_id=tasks[3].id, type="precedes")
            await admin.create_relation(draft)
    bodies = Bodies(world)
    key = world.box.settings["OPENPROJECT_API_KEY"] if login == "admin" else f"{KEY}-ann"
    async with OpenProjectProvider(config(world.box.base_url, key), transport=bodies) as provider:
        ends = {"from_task_id": tasks[0].id, "to_task_id": tasks[1].id}
        made = await provider.create_relation(PMRelation(**ends, type="precedes", lag_days=3))
        asked, bodies.asked = bodies.asked, 0
        changed = await provider.update_relation(made.id, {"lag_days": 1})
        other = {"from_task_id": tasks[1].id, "to_task_id": tasks[2].id}
        last = await provider.create_relation(PMRelation(**other, type="precedes", lag_days=2))
        await provider.update_relation(last.id, {"description": "x"})
    assert (made.lag_days, changed.lag_days, last.lag_days) == (3, 1, 2)
    first = {"lag", "delay"} if login.endswith("before any relation") else {name}
    assert bodies.sent == [first, {name}, {name}, set()]
    assert (asked, bodies.asked) == (login != "admin", 2), (
        "the list is asked once, then single relations only"
    )


async def test_the_type_changes_and_the_ends_stay(provider, task, task2):
    made = await provider.create_relation(
        PMRelation(from_task_id=task.id, to_task_id=task2.id, type="precedes")
    )
    for kind in ("blocks", "precedes", "duplicates", "relates"):
        found = await provider.update_relation(made.id, {"type": kind})
        assert found.type == kind
        if kind != "relates":
            assert (found.from_task_id, found.to_task_id) == (task.id, task2.id)
    with pytest.raises(ValidationError, match="lag"):
        await provider.update_relation(made.id, {"lag_days": 1})


async def test_relation_faults(provider, world, task, task2):
    draft = PMRelation(from_task_id=task.id, to_task_id=task2.id, type="blocks")
    made = await provider.create_relation(draft)
    with pytest.raises(ConflictError, match=f"relation {made.id}"):
        await provider.create_relation(draft)
    with pytest.raises(ValidationError, match="itself"):
        await provider.create_relation(PMRelation(from_task_id=task.id, to_task_id=task.id, type="blocks"))
    for ends, name in (((task.id, "99999"), "to_task_id"), (("99999", task.id), "from_task_id")):
        with pytest.raises(ValidationError) as caught:
            await provider.create_relation(
                PMRelation(from_task_id=ends[0], to_task_id=ends[1], type="blocks")
            )
        assert name in caught.value.fields
    with pytest.raises(ValidationError, match="lag"):
        await provider.create_relation(
            PMRelation(from_task_id=task.id, to_task_id=task2.id, type="blocks", lag_days=1)
        )
    with pytest.raises(NotFoundError):
        await provider.list_relations("99999")
    with pytest.raises(NotFoundError):
        await provider.update_relation("99999", {"description": "x"})
    assert await provider.delete_relation(made.id) is True
    assert await provider.delete_relation(made.id) is False


async def test_all_relations_come_although_the_first_page_is_short(provider, world, task):
    for n in range(25):
        other = await provider.create_task(PMTask(title=f"T{n}", project_id=world.main))
        await provider.create_relation(PMRelation(from_task_id=task.id, to_task_id=other.id, type="relates"))
    assert len(await provider.list_relations(task.id)) == 25, "20 is the vendor's default page"


# time entries


@pytest.mark.parametrize("version", ["13.0", "16.1", "17.6"])
async def test_time_entry_life(version):
    world = World(version)
    async with connected(world.box) as provider:
        task = await provider.create_task(PMTask(title="x", project_id=world.main))
        made = await provider.create_time_entry(
            PMTimeEntry(
                task_id=task.id,
                hours=25.5,
                spent_on=date(2026, 1, 2),
                comment="Did *it* ✓",
                activity="development",
            )
        )
        assert (made.hours, made.activity, made.project_id, made.warnings) == (
            25.5,
            "Development",
            world.main,
            (),
        )
        assert made.task_id == task.id
        assert (await provider.get_task(task.id)).actual_hours == 25.5
        changed = await provider.update_time_entry(
            made.id, {"hours": 2, "comment": None, "activity": "Testing"}
        )
        assert (changed.hours, changed.comment, changed.activity, changed.warnings) == (
            2.0,
            None,
            "Testing",
            (),
        )
        await provider.create_time_entry(PMTimeEntry(task_id=task.id, hours=1, spent_on=date(2026, 1, 1)))
        assert [one.hours for one in await provider.list_time_entries(task.id)] == [1.0, 2.0], (
            "oldest day first"
        )
        assert len(await provider.list_time_entries(project_id="main")) == 2
        assert len(await provider.list_time_entries()) == 2
        assert await provider.delete_time_entry(made.id) is True
        assert await provider.delete_time_entry(made.id) is False


async def test_time_entry_faults(provider, world, task):
    def draft(**fields):
        values = {"task_id": task.id, "hours": 1, "spent_on": date(2026, 1, 1), **fields}
        return provider.create_time_entry(PMTimeEntry(**values))

    with pytest.raises(ValidationError, match="Management"):
        await draft(activity="Daydreaming")
    with pytest.raises(ValidationError) as caught:
        await draft(task_id="99999")
    assert "task_id" in caught.value.fields
    with pytest.raises(ValidationError, match="255"):
        await draft(comment="c" * 256)
    with pytest.raises(NotFoundError):
        await provider.list_time_entries("99999")
    with pytest.raises(NotFoundError):
        await provider.list_time_entries(project_id="99999")
    with pytest.raises(NotFoundError):
        await provider.update_time_entry("99999", {"hours": 1})
    other = await draft(user_id=world.ann)
    assert other.user_id == world.ann or [one.field for one in other.warnings] == ["user_id"]


# attachments


async def test_attachment_life(provider, task):
    content = bytes(range(256)) * 10
    made = await provider.create_attachment(
        PMAttachment(task_id=task.id, file_name="data.bin", description="why"), content
    )
    assert (made.file_name, made.size_bytes, made.description, made.task_id) == (
        "data.bin",
        2560,
        "why",
        task.id,
    )
    assert await provider.download_attachment(made.id) == content
    odd = await provider.create_attachment(PMAttachment(task_id=task.id, file_name='a "b" 🚀.txt'), b"")
    assert [one.field for one in odd.warnings] == ["file_name"], "names are sanitised (recorded 20-…)"
    assert [one.id for one in await provider.list_attachments(task.id)] == [made.id, odd.id]
    with pytest.raises(UnsupportedError, match="upload anew"):
        await provider.update_attachment(made.id, {"description": "x"})
    assert await provider.delete_attachment(made.id) is True
    assert await provider.delete_attachment(made.id) is False
    with pytest.raises(NotFoundError):
        await provider.download_attachment(made.id)


async def test_attachment_faults(provider, task):
    with pytest.raises(ValidationError, match="at most 5242880"):
        await provider.create_attachment(PMAttachment(task_id=task.id, file_name="big"), b"x" * 5242881)
    with pytest.raises(ValidationError) as caught:
        await provider.create_attachment(PMAttachment(task_id="99999", file_name="x"), b"x")
    assert "task_id" in caught.value.fields
    with pytest.raises(NotFoundError):
        await provider.list_attachments("99999")


async def test_a_download_from_another_host_goes_without_the_key():
    seen = {}

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen[request.url.host] = request.headers.get("authorization")
        if request.url.host == "storage.example":
            return httpx2.Response(200, content=b"bytes")
        return httpx2.Response(302, headers={"location": "https://storage.example/file?sig=1"})

    async with canned(handle, sprint_source="version") as provider:
        assert await provider.download_attachment("5") == b"bytes"
    assert seen["openproject.example"].startswith("Basic ")
    assert seen["storage.example"] is None


# discovery


async def test_discovery(provider, world, task):
    statuses = await provider.list_statuses()
    assert [one.name for one in statuses][:2] == ["New", "In specification"]
    assert statuses == await provider.list_statuses("main")
    assert [one.priority for one in await provider.list_priorities()] == ["low", "medium", "high", "highest"]
    assert [one.name for one in await provider.list_types("main")][:2] == ["Task", "Milestone"]
    fields = {one.name: one for one in await provider.list_fields("main")}
    assert fields["CF list"].allowed_values == ("Red", "Green", "Blue")
    assert (fields["CF list"].type, fields["CF list"].is_custom, fields["CF multi"].is_multiple) == (
        "choice",
        True,
        True,
    )
    assert {fields[f"CF {name}"].type for name in ("text", "int", "float", "bool", "date", "user", "version")} == {
        "markdown", "integer", "number", "flag", "date", "user", "sprint",
    }  # fmt: skip
    everywhere = {one.id for one in await provider.list_fields()}
    assert {one.id for one in fields.values()} <= everywhere
    for call in (
        provider.list_types("nowhere"),
        provider.list_statuses("nowhere"),
        provider.list_fields("nowhere"),
        provider.list_transitions("99999"),
    ):
        with pytest.raises(NotFoundError):
            await call


# escape hatch


async def test_raw_request(provider):
    answer = await provider.request("GET", "statuses", params={"pageSize": "1"})
    assert answer.status == 200
    assert answer.data["_type"] == "Collection"
    assert answer.headers["content-type"].startswith("application/hal+json")
    assert not {"set-cookie", "www-authenticate", "authorization"} & set(answer.headers)
    made = await provider.request("POST", "/api/v3/projects", json={"name": "Raw"})
    assert made.data["identifier"] == "raw"
    gone = await provider.request("DELETE", f"projects/{made.data['id']}")
    assert (gone.status, gone.data) == (204, None)


@pytest.mark.parametrize("header", ["Authorization", "cookie", "Host"])
async def test_raw_requests_keep_their_credential(provider, header):
    with pytest.raises(ValidationError, match=header):
        await provider.request("GET", "statuses", headers={header: "x"})


async def test_raw_requests_stay_on_the_host(provider, world):
    world.box.log.clear()
    with pytest.raises(ProviderError) as caught:
        await provider.request("GET", "https://elsewhere.example/api/v3/statuses")
    assert "elsewhere.example" in str(caught.value)
    assert KEY not in str(caught.value)
    with pytest.raises(NotFoundError):
        await provider.request("GET", "projects/99999")
