"""Members of a copied project: matched users, roles of the same name, tasks that stay assigned."""

from __future__ import annotations

from contextlib import asynccontextmanager

import msgspec
import pytest

from pm_providers import PMMembership, PMProject, PMTask
from pm_providers.errors import AuthenticationError, PermissionDeniedError, ProviderError
from pm_providers.model import Entity
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.service import copy_project
from tests.providers.openproject.support import World, connected


@pytest.fixture
def left():
    return World()


@pytest.fixture
def right():
    return World()


@asynccontextmanager
async def both(left, right):
    async with connected(left.box) as source, connected(right.box) as target:
        yield source, target


def role(world, name):
    state = world.box.state
    member = next(one for one in state.roles if one.name == "Member")
    state.roles.put(msgspec.structs.replace(member, id=state.roles.next_id(), name=name))


def notes(found):
    return [(note.field, note.reason) for note in found if note.entity is Entity.MEMBERSHIP]


async def test_assignees_come_along(left, right):
    """Without a membership the target takes nobody as assignee."""
    async with both(left, right) as (source, target):
        task = await source.create_task(PMTask(title="T", project_id=left.main, assignee_id=left.ann))
        report = await copy_project(source, target, left.main)
        made = await target.get_task(report.ids[Entity.TASK][task.id])
        assert made is not None
        assert made.assignee_id == right.ann
        members = await target.list_memberships(report.target_project_id)
        assert {right.ann: ["Member"], right.ben: ["Member"]} == {one.user_id: one.roles for one in members}
        assert report.created[Entity.MEMBERSHIP] == 2
        assert report.read[Entity.MEMBERSHIP] == 2
        assert report.ok


async def test_watchers_are_said_to_stay_behind(left, right):
    async with both(left, right) as (source, target):
        report = await copy_project(source, target, left.main)
    [note] = [note for note in report.left_out if note.field == "watchers"]
    assert (note.entity, note.count, note.is_routine) == (Entity.TASK, None, False)


async def test_who_is_not_known_or_a_group_stays_out(left, right):
    state = left.box.state
    group = state.principals.put(
        Principal(id=state.principals.next_id(), kind="Group", last="Crew", **state.stamps())
    )
    right.box.state.principals.change(right.box.state.principals[int(right.ben)], email="other@example.com",
                                      login="other")  # fmt: skip
    async with both(left, right) as (source, target):
        await source.create_membership(
            PMMembership(project_id=left.main, user_id=str(group.id), roles=["Member"])
        )
        report = await copy_project(source, target, left.main)
        members = await target.list_memberships(report.target_project_id)
        assert [one.user_id for one in members] == [right.ann]
        reasons = [reason for _, reason in notes(report.left_out)]
        assert "it is a group: not copied" in reasons
        assert "no user of the target is known to be this one" in reasons
        assert [one.user.id for one in report.unmatched_users] == [left.ben]


async def test_roles_that_the_target_does_not_have(left, right):
    """Those that it has are given; who would have none does not become a member."""
    role(left, "Boss")
    async with both(left, right) as (source, target):
        ann, ben = await source.list_memberships(left.main)
        await source.update_membership(ann.id, {"roles": ["Boss", "Member", "Reader"]})
        await source.update_membership(ben.id, {"roles": ["Boss"]})
        report = await copy_project(source, target, left.main)
        members = await target.list_memberships(report.target_project_id)
        assert [(one.user_id, sorted(one.roles)) for one in members] == [(right.ann, ["Member", "Reader"])]
        left_out = dict(notes(report.left_out))
        assert "'Boss' is unknown" in left_out["roles"]
        assert left_out[None] == "the target has no role of that name"
        assert report.ok


async def test_members_that_are_there_keep_their_roles(left, right):
    async with both(left, right) as (source, target):
        into = await target.create_project(PMProject(name="Into"))
        await target.create_membership(PMMembership(project_id=into.id, user_id=right.ann, roles=["Reader"]))
        report = await copy_project(source, target, left.main, into=into.id)
        members = {one.user_id: one.roles for one in await target.list_memberships(into.id)}
        assert members == {right.ann: ["Reader"], right.ben: ["Member"]}
        assert (report.matched[Entity.MEMBERSHIP], report.created[Entity.MEMBERSHIP]) == (1, 1)


async def test_missing_users_are_made_members_when_they_are_created(left, right):
    right.box.state.principals.change(right.box.state.principals[int(right.ben)], email="other@example.com",
                                      login="other")  # fmt: skip
    async with both(left, right) as (source, target):
        report = await copy_project(source, target, left.main, create_users=True)
        assert report.created[Entity.USER] == 1
        assert len(await target.list_memberships(report.target_project_id)) == 2


@pytest.mark.parametrize("side", ["source", "target"])
async def test_members_that_are_not_shown(left, right, side, monkeypatch):
    async with both(left, right) as (source, target):

        async def refused(*args, **options):
            raise PermissionDeniedError("no")

        monkeypatch.setattr({"source": source, "target": target}[side], "list_memberships", refused)
        report = await copy_project(source, target, left.main)
        assert notes(report.left_out) == [(None, f"the {side} does not show its members: no")]
        assert report.ok


@pytest.mark.parametrize("error", [ProviderError("broken"), AuthenticationError("who?")])
async def test_failures(left, right, error, monkeypatch):
    """A single failure is noted; one that every call would meet ends the copy."""
    async with both(left, right) as (source, target):

        async def fails(*args, **options):
            raise error

        monkeypatch.setattr(target, "create_membership", fails)
        if isinstance(error, AuthenticationError):
            with pytest.raises(AuthenticationError):
                await copy_project(source, target, left.main)
            return
        report = await copy_project(source, target, left.main)
        assert [(one.entity, one.error) for one in report.failed] == [(Entity.MEMBERSHIP, error)] * 2


async def test_a_target_without_members_says_so(left, target):
    async with connected(left.box) as source:
        report = await copy_project(source, target, left.main)
        assert notes(report.left_out) == [(None, "everybody may work on every project")]


async def test_a_source_without_members_has_none(source, right):
    project = await source.create_project(PMProject(name="Alone"))
    async with connected(right.box) as target:
        report = await copy_project(source, target, project.id)
        assert notes(report.left_out) == []
        assert report.read[Entity.MEMBERSHIP] == 0
