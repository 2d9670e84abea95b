"""Memberships and watchers against the sandbox and the recordings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMMembership,
    PMTask,
    ProviderError,
    TransportError,
    ValidationError,
)
from pm_providers.providers.openproject.mapping.members import from_membership, to_membership
from pm_providers.sandbox.openproject.records import Principal
from tests.providers.openproject.support import World, canned, connected, recorded
from tests.shared_material import need, shared_path

RECORDED = "04-memberships-roles-principals.json"


@pytest.fixture
async def task(provider, world):
    return await provider.create_task(PMTask(title="One", project_id=world.main))


def member(project: str, user: str, *roles: str) -> PMMembership:
    return PMMembership(project_id=project, user_id=user, roles=list(roles))


# memberships


async def test_membership_life(provider, world):
    made = await provider.create_membership(member("other", "zoe", "reader"))
    assert (made.project_id, made.user_id, made.roles, made.warnings) == (
        world.other,
        world.zoe,
        ["Reader"],
        (),
    )
    changed = await provider.update_membership(made.id, {"roles": ["4", "Reader", "member"]})
    assert (sorted(changed.roles), changed.warnings) == (["Member", "Reader"], ())
    listed = await provider.list_memberships("other")
    assert [one.user_id for one in listed] == [world.ann, world.zoe]
    assert listed[1] == changed
    assert [await provider.delete_membership(made.id) for _ in "12"] == [True, False]
    assert [await provider.delete_membership(one) for one in ("nope", "form", "0")] == [False] * 3


async def test_a_member_can_be_assigned(provider, world):
    task = await provider.create_task(PMTask(title="T", project_id=world.other))
    with pytest.raises(ValidationError):
        await provider.update_task(task.id, {"assignee_id": world.zoe})
    await provider.create_membership(member(world.other, world.zoe, "Member"))
    assert (await provider.update_task(task.id, {"assignee_id": world.zoe})).assignee_id == world.zoe


async def test_groups_are_members_too(provider, world):
    state = world.box.state
    group = state.principals.put(
        Principal(id=state.principals.next_id(), kind="Group", last="Crew", **state.stamps())
    )
    made = await provider.create_membership(member(world.main, str(group.id), "Member"))
    assert made.user_id == str(group.id)
    assert made in await provider.list_memberships(world.main)


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"roles": ["Boss"]}, "roles", "'Boss' is unknown; there is: Project admin, Member, Reader"),
        ({"roles": ["999"]}, "roles", "'999' is unknown"),
        ({"roles": ["Anonymous"]}, "roles", "'Anonymous' is unknown"),
        ({"user_id": "99999"}, "user_id", "there is no user '99999'"),
        ({"user_id": "nobody"}, "user_id", "there is no user 'nobody'"),
        ({"project_id": "99999"}, "project_id", "there is no project '99999'"),
        ({"project_id": "nowhere"}, "project_id", "there is no project 'nowhere'"),
    ],
)
async def test_what_does_not_exist(provider, world, change, field, text):
    values = {"project_id": world.other, "user_id": world.zoe, "roles": ["Member"], **change}
    with pytest.raises(ValidationError) as caught:
        await provider.create_membership(PMMembership(**values))
    assert text in caught.value.fields[field]
    assert len(await provider.list_memberships(world.other)) == 1


async def test_twice(provider, world):
    with pytest.raises(ConflictError, match="update membership") as caught:
        await provider.create_membership(member(world.main, world.ann, "Reader"))
    assert caught.value.status == 422


async def test_unknown_membership(provider):
    for one in ("99999", "nope"):
        with pytest.raises(NotFoundError):
            await provider.update_membership(one, {"roles": ["Member"]})


async def test_who_may_not_see_members_is_told(provider, world):
    """Their list is empty with status 200; saying that nobody is a member would be wrong."""
    state = world.box.state
    state.projects.change(state.projects[int(world.main)], public=True)
    async with connected(world.box, "zoe") as zoe:
        with pytest.raises(PermissionDeniedError, match="may not see the members"):
            await zoe.list_memberships(world.main)
        with pytest.raises(PermissionDeniedError):
            await zoe.create_membership(member(world.main, world.zoe, "Member"))


async def test_a_new_role_is_found(provider, world):
    """Roles are remembered for a while; an unknown one is looked up anew."""
    made = await provider.create_membership(member(world.other, world.zoe, "Member"))
    state = world.box.state
    reader = next(one for one in state.roles if one.name == "Reader")
    state.roles.change(reader, name="Guest")
    assert (await provider.update_membership(made.id, {"roles": ["guest"]})).roles == ["Guest"]


@pytest.mark.parametrize("notify", [True, False])
async def test_quiet_unless_told_to_notify(world, notify):
    async with connected(world.box, notify=notify) as provider:
        made = await provider.create_membership(member(world.other, world.zoe, "Member"))
        await provider.update_membership(made.id, {"roles": ["Reader"]})
    bodies = [
        json.loads(one.request_body)
        for one in world.box.log
        if one.method in {"POST", "PATCH"} and "/memberships" in one.path
    ]
    silent = {"sendNotification": False, "sendNotifications": False}
    assert [one.get("_meta") for one in bodies] == [None if notify else silent] * 2


def test_recorded_membership():
    need(shared_path("corpus", "openproject-live"))
    group = recorded(RECORDED, 10)["response"]["body"]
    found = to_membership(group)
    assert (found.id, found.project_id, found.user_id, found.roles) == ("7", "4", "9", ["Member"])
    assert found.created_at == datetime(2026, 11, 23, 1, 15, 38, tzinfo=UTC)
    assert found.raw_data == group
    for one in recorded(RECORDED, 22)["response"]["body"]["_embedded"]["elements"]:
        assert to_membership(one, keep_raw=False).project_id == "4"
    sent = recorded(RECORDED, 6)["request"]["body"]
    assert from_membership(["4"], project_id="4", user_id="5", notify=True) == sent


@pytest.mark.parametrize(
    "links",
    [
        {"project": {"href": None}, "principal": {"href": "/api/v3/users/1"}, "roles": []},
        {"project": {"href": "/api/v3/projects/1"}, "principal": {}, "roles": []},
        {"project": {"href": "/api/v3/projects/1"}, "principal": {"href": "/api/v3/users/1"}},
    ],
)
def test_broken_memberships(links):
    with pytest.raises(ProviderError, match="breaks the API's contract"):
        to_membership({"id": 1, "_links": links})


async def test_roles_without_titles_are_looked_up():
    """Titles of links are no promise of the document."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.endswith("/projects/1"):
            return httpx2.Response(200, json={"_type": "Project", "id": 1, "identifier": "p", "name": "P",
                                              "active": True, "_links": {"self": {"href": "/api/v3/projects/1"}}})  # fmt: skip
        if path.endswith("/roles"):
            role = {"_type": "Role", "id": 4, "name": "Member", "_links": {}}
            return httpx2.Response(200, json={"_embedded": {"elements": [role]}})
        links = {
            "project": {"href": "/api/v3/projects/1"},
            "principal": {"href": "/api/v3/users/5"},
            "roles": [{"href": "/api/v3/roles/4"}],
        }
        one = {"_type": "Membership", "id": 1, "_links": links}
        return httpx2.Response(
            200, json={"total": 1, "count": 1, "pageSize": 20, "_embedded": {"elements": [one]}}
        )

    async with canned(answer) as provider:
        assert [one.roles for one in await provider.list_memberships("1")] == [["Member"]]


# watchers


async def test_watchers(provider, world, task):
    before = [one.id for one in await provider.list_watchers(task.id)]
    assert [await provider.add_watcher(task.id, one) for one in (world.ann, "ann", world.ben)] == [
        True,
        False,
        True,
    ]
    found = await provider.list_watchers(task.id)
    assert {one.id for one in found} == {*before, world.ann, world.ben}
    assert "Ann Lee" in {one.name for one in found}
    assert [await provider.remove_watcher(task.id, one) for one in ("ann", world.ann)] == [True, False]
    assert {one.id for one in await provider.list_watchers(task.id)} == {*before, world.ben}


async def test_who_may_not_see_the_task_cannot_watch_it(provider, world, task):
    for user in (world.zoe, "99999", "nobody"):
        with pytest.raises(ValidationError) as caught:
            await provider.add_watcher(task.id, user)
        assert "user_id" in caught.value.fields
        assert await provider.remove_watcher(task.id, user) is False


async def test_watchers_of_nothing(provider, world):
    for one in ("99999", "nope"):
        with pytest.raises(NotFoundError):
            await provider.list_watchers(one)
        for user in (world.ann, "99999", "nobody"):
            with pytest.raises(NotFoundError):
                await provider.add_watcher(one, user)
            with pytest.raises(NotFoundError):
                await provider.remove_watcher(one, user)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_answer_of_a_removal_is_looked_up(world, applied):
    async with connected(world.box) as provider:
        task = await provider.create_task(PMTask(title="One", project_id=world.main))
        await provider.add_watcher(task.id, world.ann)
        if applied:
            world.box.faults.add("drop-after;match=^DELETE;times=1")
            assert await provider.remove_watcher(task.id, world.ann) is True
        else:
            world.box.faults.add("500;match=^DELETE;times=1")
            with pytest.raises((ProviderError, TransportError)):
                await provider.remove_watcher(task.id, world.ann)
        assert (world.ann in {one.id for one in await provider.list_watchers(task.id)}) is not applied


async def test_old_servers():
    world = World("13.0")
    async with connected(world.box) as provider:
        made = await provider.create_membership(member(world.other, world.zoe, "Member"))
        assert made.roles == ["Member"]
