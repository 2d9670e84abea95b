"""Projects, sprints and users against the sandbox."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import (
    NotFoundError,
    PermissionDeniedError,
    PMProject,
    PMSprint,
    PMTask,
    PMUser,
    UnsupportedError,
    ValidationError,
)
from pm_providers.sandbox.openproject.records import Membership, Principal
from tests.providers.openproject.support import World, connected


async def test_project_life(provider, world):
    made = await provider.create_project(
        PMProject(name="Ünïcode ✓ 🚀", key="uni", description="**plan**", status="active", status_note="*fine*",
                  parent_project_id="main", is_public=True)
    )  # fmt: skip
    assert made.warnings == ()
    async with connected(world.box) as other:
        assert await other.get_project(made.id) == made
        assert await other.get_project("uni") == made
    assert (made.status, made.status_name, made.parent_project_id) == ("active", "On track", world.main)
    cleared = await provider.update_project(
        "uni", {"description": None, "status": None, "parent_project_id": None}
    )
    assert (cleared.description, cleared.status, cleared.parent_project_id, cleared.warnings) == (
        None,
        None,
        None,
        (),
    )
    assert await provider.delete_project("uni") is True
    assert await provider.get_project(made.id) is None
    assert await provider.get_project("uni") is None
    assert await provider.delete_project(made.id) is False


@pytest.mark.parametrize(
    ("written", "status", "name"),
    [
        ("planning", "planning", "Not started"),
        ("active", "active", "On track"),
        ("on_hold", "on_hold", "Discontinued"),
        ("completed", "completed", "Finished"),
        ("at_risk", "active", "At risk"),
        ("Off track", "active", "Off track"),
    ],
)
async def test_project_statuses(provider, world, written, status, name):
    found = await provider.update_project(world.main, {"status": written})
    assert (found.status, found.status_name, found.warnings) == (status, name, ())


async def test_a_project_keeps_its_own_status_of_several_with_one_meaning(provider, world):
    await provider.update_project(world.main, {"status": "at_risk"})
    assert (await provider.update_project(world.main, {"status": "active"})).status_name == "At risk"


async def test_unknown_project_status(provider, world):
    with pytest.raises(ValidationError, match="On track, At risk"):
        await provider.update_project(world.main, {"status": "paused"})


async def test_archiving_takes_the_children_along_and_says_so(provider, world):
    """Recorded 02-…: steps 58 to 62."""
    await provider.update_project(world.main, {"status": "at_risk"})
    archived = await provider.update_project(world.main, {"status": "archived"})
    assert (archived.status, archived.is_archived) == ("archived", True)
    assert "1 subprojects" in archived.warnings[0].reason
    assert [one.key for one in await provider.list_projects()] == ["other"]
    every = {one.key: one.status for one in await provider.list_projects(include_archived=True)}
    assert every == {"main": "archived", "other": None, "child": "archived"}
    with pytest.raises(ValidationError, match="archived ancestor"):
        await provider.update_project(world.child, {"status": "active"})
    back = await provider.update_project(world.main, {"status": "active"})
    assert (back.status, back.is_archived, back.warnings) == ("active", False, ())
    assert (await provider.get_project(world.child)).is_archived, "children are not brought back"
    lonely = await provider.update_project(world.other, {"status": "archived"})
    assert lonely.warnings == ()


async def test_create_archived(provider):
    made = await provider.create_project(PMProject(name="Cold", status="archived"))
    assert made.is_archived
    assert made.warnings == ()


@pytest.mark.parametrize("key", ["Upper", "12345", "a b", "a.b", "new", "main"])
async def test_keys_that_are_not_allowed(provider, key):
    """Recorded 02-…: steps 5 to 14."""
    with pytest.raises(ValidationError) as caught:
        await provider.create_project(PMProject(name="x", key=key))
    assert "key" in caught.value.fields


async def test_what_projects_do_not_have_is_refused_with_a_reason(provider, world):
    for field, value in (("start_date", date(2026, 1, 1)), ("owner_id", world.ann), ("priority", "high")):
        with pytest.raises(UnsupportedError, match="custom fields"):
            await provider.update_project(world.main, {field: value})
    with pytest.raises(UnsupportedError, match="expected_version"):
        await provider.update_project(world.main, {"name": "x"}, expected_version="1")


async def test_deletes_that_take_long_count_as_done(world):
    """The server archives at once and removes later (recorded 02-…: steps 66 to 72)."""
    world.box.state.settings["jobs"] = "manual"
    async with connected(world.box, delete_wait_s=0) as provider:
        assert await provider.delete_project(world.main) is True
        assert await provider.get_project(world.main) is None
        assert await provider.get_project("main") is None
        assert await provider.delete_project("main") is False
        assert world.main not in {one.id for one in await provider.list_projects(include_archived=True)}
        with pytest.raises(NotFoundError):
            await provider.update_project(world.main, {"name": "x"})


async def test_programs_and_portfolios_are_no_projects(provider, world):
    state = world.box.state
    state.projects.change(state.projects[int(world.other)], kind="Portfolio")
    assert [one.key for one in await provider.list_projects()] == ["main", "child"]
    assert await provider.get_project(world.other) is None
    assert await provider.delete_project(world.other) is False


async def test_projects_that_may_not_be_seen(world):
    async with connected(world.box, "zoe") as provider:
        assert await provider.list_projects() == []
        assert await provider.get_project("main") is None
        with pytest.raises(NotFoundError):
            await provider.list_tasks(world.main)
        with pytest.raises(PermissionDeniedError):
            await provider.create_project(PMProject(name="x"))


async def test_custom_fields_of_projects(provider, world):
    world._field("CF centre", "string", owner="Project")
    made = await provider.create_project(PMProject(name="x", custom_fields={"CF centre": "CC-42"}))
    assert (made.custom_fields, made.warnings) == ({"CF centre": "CC-42"}, ())
    with pytest.raises(ValidationError, match="CF centre"):
        await provider.update_project(made.id, {"custom_fields": {"nothing": "x"}})


# sprints


async def test_sprint_life(provider, world):
    made = await provider.create_sprint(
        PMSprint(name="Sprint ✓", project_id="main", start_date=date(2030, 1, 1), end_date=date(2030, 1, 14),
                 goal="Ship **it**", status="planned")
    )  # fmt: skip
    assert (made.status, made.status_name, made.warnings) == ("planned", "open", ())
    async with connected(world.box) as other:
        assert await other.get_sprint(made.id) == made
    closed = await provider.update_sprint(made.id, {"status": "closed", "goal": None})
    assert (closed.status, closed.goal, closed.warnings) == ("closed", None, ())
    again = await provider.update_sprint(made.id, {"start_date": date(2020, 1, 1), "status": "active"})
    assert (again.status, again.warnings) == ("active", ())
    told = await provider.update_sprint(made.id, {"status": "planned"})
    assert [one.field for one in told.warnings] == ["status"], "an open version that began is active"
    assert (await provider.update_sprint(made.id, {"status": "locked"})).status_name == "locked"
    assert (await provider.update_sprint(made.id, {"status": "closed"})).status_name == "locked"
    assert await provider.delete_sprint(made.id) is True
    assert await provider.delete_sprint(made.id) is False
    assert await provider.get_sprint(made.id) is None
    assert await provider.get_sprint("x") is None


async def test_sprint_lists(provider, world):
    names = {one.name for one in await provider.list_sprints("main")}
    assert names == {"Sprint A", "Old"}
    assert {one.name for one in await provider.list_sprints()} == {"Sprint A", "Old", "Foreign"}
    assert [one.name for one in await provider.list_sprints(world.main, status="closed")] == ["Old"]
    assert [one.name for one in await provider.list_sprints(world.main, status="open")] == ["Sprint A"]
    with pytest.raises(NotFoundError):
        await provider.list_sprints("nowhere")


async def test_a_sprint_with_tasks_cannot_be_deleted(provider, world):
    """Recorded 12-…: the server refuses; the tasks would have to leave it first."""
    await provider.create_task(PMTask(title="x", project_id=world.main, sprint_id=world.sprint))
    with pytest.raises(ValidationError):
        await provider.delete_sprint(world.sprint)


async def test_sprint_faults(provider, world):
    with pytest.raises(ValidationError) as caught:
        await provider.create_sprint(PMSprint(name="Sprint A", project_id=world.main))
    assert "name" in caught.value.fields
    with pytest.raises(ValidationError) as caught:
        await provider.create_sprint(PMSprint(name="x", project_id="99999"))
    assert "project_id" in caught.value.fields
    with pytest.raises(ValidationError, match="open, locked, closed"):
        await provider.update_sprint(world.sprint, {"status": "paused"})
    with pytest.raises(NotFoundError):
        await provider.update_sprint("99999", {"name": "x"})


# users


def member(world: World, principal: Principal) -> str:
    state = world.box.state
    state.principals.put(principal)
    state.memberships.put(Membership(id=state.memberships.next_id(), principal_id=principal.id,
                                     project_id=int(world.main), role_ids=(4,), **state.stamps()))  # fmt: skip
    return str(principal.id)


async def test_users_of_a_project_and_all(provider, world):
    state = world.box.state
    group = member(
        world, Principal(id=state.principals.next_id(), kind="Group", last="Team Blue", **state.stamps())
    )
    locked = member(
        world,
        Principal(
            id=state.principals.next_id(),
            login="gone",
            first="G",
            last="One",
            status="locked",
            **state.stamps(),
        ),
    )
    found = {one.id: one for one in await provider.list_users("main")}
    assert set(found) == {world.ann, world.ben, group}
    assert (found[group].kind, found[group].name) == ("group", "Team Blue")
    assert (found[world.ann].email, found[world.ann].username) == ("ann@example.com", "ann")
    everybody = {one.id for one in await provider.list_users()}
    assert {world.ann, world.zoe, group} <= everybody
    assert locked not in everybody
    assert (await provider.get_user(group)).kind == "group"
    assert (await provider.get_user("ann")).id == world.ann
    assert await provider.get_user("99999") is None
    assert await provider.get_user("nobody.here") is None
    with pytest.raises(NotFoundError):
        await provider.list_users("nowhere")


async def test_groups_are_neither_absent_nor_changed(provider, world):
    """They are read as users; to say that there is none would be a lie."""
    state = world.box.state
    group = member(
        world, Principal(id=state.principals.next_id(), kind="Group", last="Team Red", **state.stamps())
    )
    with pytest.raises(UnsupportedError):
        await provider.delete_user(group)
    with pytest.raises(UnsupportedError):
        await provider.update_user(group, {"name": "Team Green"})
    assert await provider.get_user(group) is not None
    assert await provider.delete_user("99999") is False


async def test_members_who_are_no_administrators_see_their_fellows(world):
    async with connected(world.box, "ann") as provider:
        found = {one.id: one for one in await provider.list_users(world.main)}
        assert set(found) == {world.ann, world.ben}
        assert found[world.ben].email is None, "hidden: match users by id"
        assert (await provider.get_current_user()).username == "ann"
        with pytest.raises(PermissionDeniedError):
            await provider.create_user(PMUser(name="A B", email="a@example.com"))


async def test_user_life(provider, world):
    world.box.state.settings["users_deletable_by_admins"] = True
    made = await provider.create_user(PMUser(name="Dave van Dürer", email="dave@example.com"))
    assert (made.name, made.email, made.warnings) == ("Dave van Dürer", "dave@example.com", ())
    changed = await provider.update_user(made.id, {"name": "David Dürer"})
    assert (changed.name, changed.warnings) == ("David Dürer", ())
    assert await provider.delete_user(made.id) is True
    assert await provider.get_user(made.id) is None
    assert await provider.delete_user(made.id) is False
    assert await provider.delete_user("nobody") is False


async def test_deleting_users_is_off_by_default(provider, world):
    """Recorded 05-users: step 40: forbidden by a setting, for administrators too."""
    with pytest.raises(PermissionDeniedError):
        await provider.delete_user(world.zoe)


async def test_user_faults(provider):
    with pytest.raises(ValidationError) as caught:
        await provider.create_user(PMUser(name="Ann Again", email="ann@example.com"))
    assert "email" in caught.value.fields
    with pytest.raises(ValidationError, match="last name"):
        await provider.create_user(PMUser(name="Cher", email="cher@example.com"))
    with pytest.raises(ValidationError, match="e-mail"):
        await provider.create_user(PMUser(name="No Mail"))
    with pytest.raises(NotFoundError):
        await provider.update_user("99999", {"name": "A B"})
