"""What the base does around memberships and watchers, whatever the provider."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers import PMMembership, PMUser, UnsupportedError, ValidationError
from pm_providers.contract import NATIVE, PMProviderConfig, holds
from pm_providers.errors import NotFoundError
from pm_providers.model import Entity
from tests.contract.memory import MemoryProvider

OPERATIONS = (
    "list_memberships", "create_membership", "update_membership", "delete_membership", "list_watchers",
    "add_watcher", "remove_watcher",
)  # fmt: skip


class Crew(MemoryProvider):
    """Remembers what its hooks were asked for."""

    CAPABILITIES = MemoryProvider.CAPABILITIES.narrowed(
        operations=dict.fromkeys(OPERATIONS, NATIVE),
        fields={(Entity.MEMBERSHIP, name): NATIVE for name in ("project_id", "user_id", "roles")},
    )
    asked: Any = None
    answer: Any = True

    async def _iter_memberships(self, query):
        self.asked = query
        for key in ("1", "2", "3"):
            yield PMMembership(key, query.project_id or "", key, ["Reader"])

    async def _create_membership(self, fields):
        self.asked = fields
        return PMMembership("1", **{**fields, "roles": self.answer})

    async def _update_membership(self, membership_id, fields, project_id):
        self.asked = (membership_id, fields, project_id)
        return PMMembership(membership_id, "1", "1", fields["roles"])

    async def _delete_membership(self, membership_id, project_id):
        self.asked = (membership_id, project_id)
        return self.answer

    async def _list_watchers(self, task_id):
        self.asked = task_id
        return [PMUser("1", "Ada")]

    async def _add_watcher(self, task_id, user_id):
        self.asked = (task_id, user_id)
        return self.answer

    async def _remove_watcher(self, task_id, user_id):
        raise NotFoundError(f"no task {task_id}")


def draft(**fields: Any) -> PMMembership:
    return PMMembership(**{"project_id": "1", "user_id": "2", "roles": ["Reader"], **fields})


async def test_lists_go_by_project():
    provider = Crew()
    assert [one.id for one in await provider.list_memberships("7", limit=2)] == ["1", "2"]
    assert (provider.asked.project_id, provider.asked.limit, provider.asked.window) == ("7", 2, 3)
    assert [one.user_id async for one in provider.iter_memberships("7")] == ["1", "2", "3"]
    assert provider.asked.window == 1
    for wrong in (None, "", 7):
        with pytest.raises(ValidationError) as caught:
            await provider.list_memberships(wrong)
        assert caught.value.operation == "list_memberships"
        assert "project_id" in caught.value.fields


async def test_roles_have_neither_order_nor_case():
    provider = Crew()
    provider.answer = ["Reader", "Boss"]
    made = await provider.create_membership(draft(roles=[" boss", "READER", "boss "]))
    assert provider.asked["roles"] == ["boss", "READER"]
    assert made.warnings == ()


async def test_roles_that_were_not_given_are_reported():
    provider = Crew()
    provider.answer = ["Reader"]
    made = await provider.create_membership(draft(roles=["Reader", "Boss"]))
    assert [(one.field, one.asked, one.got) for one in made.warnings] == [
        ("roles", ["Reader", "Boss"], ["Reader"])
    ]
    strict = Crew(PMProviderConfig("memory", additional_config={"strict_writes": True}))
    strict.answer = ["Reader"]
    with pytest.raises(ValidationError, match="written, but not as asked") as caught:
        await strict.create_membership(draft(roles=["Boss"]))
    assert caught.value.maybe_applied


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"roles": []}, "roles"),
        ({"roles": "Reader"}, "roles"),
        ({"roles": ["Reader", ""]}, "roles"),
        ({"roles": ["a\nb"]}, "roles"),
        ({"roles": [4]}, "roles"),
        ({"user_id": ""}, "user_id"),
        ({"project_id": 3}, "project_id"),
    ],
)
async def test_drafts_are_checked(change, field):
    provider = Crew()
    with pytest.raises(ValidationError) as caught:
        await provider.create_membership(draft(**change))
    assert list(caught.value.fields) == [field]
    assert provider.asked is None


@pytest.mark.parametrize(
    ("updates", "field"),
    [
        ({"roles": None}, "roles"),
        ({"user_id": "3"}, "user_id"),
        ({"project_id": "3"}, "project_id"),
        ({"is_inherited": False}, "is_inherited"),
        ({"role": "Reader"}, "role"),
    ],
)
async def test_only_roles_are_updated(updates, field):
    provider = Crew()
    with pytest.raises(ValidationError) as caught:
        await provider.update_membership("1", updates)
    assert list(caught.value.fields) == [field]
    assert provider.asked is None


async def test_the_project_of_a_membership_is_passed_on():
    provider = Crew()
    await provider.update_membership("1", {"roles": ["Boss"]}, project_id="7")
    assert provider.asked == ("1", {"roles": ["Boss"]}, "7")
    assert await provider.delete_membership("1", project_id="7") is True
    assert provider.asked == ("1", "7")
    for call in (
        provider.update_membership("1", {"roles": ["Boss"]}, project_id=""),
        provider.delete_membership("1", project_id=""),
    ):
        with pytest.raises(ValidationError, match=r"memory (update|delete)_membership: project_id"):
            await call


async def test_watchers():
    provider = Crew()
    assert await provider.list_watchers("5") == [PMUser("1", "Ada")]
    assert await provider.add_watcher("5", "2") is True
    assert provider.asked == ("5", "2")
    provider.answer = 0
    assert await provider.add_watcher("5", "2") is False
    with pytest.raises(NotFoundError, match="memory remove_watcher: no task 5"):
        await provider.remove_watcher("5", "2")


@pytest.mark.parametrize("operation", ["add_watcher", "remove_watcher"])
@pytest.mark.parametrize(
    ("arguments", "field"), [(("", "1"), "task_id"), (("1", ""), "user_id"), ((1, "1"), "task_id")]
)
async def test_ids_of_watchers_are_checked(operation, arguments, field):
    provider = Crew()
    with pytest.raises(ValidationError) as caught:
        await getattr(provider, operation)(*arguments)
    assert (list(caught.value.fields), caught.value.operation) == ([field], operation)
    assert provider.asked is None


async def test_without_members_everything_is_refused():
    provider = MemoryProvider()
    for call in (
        provider.list_memberships("1"),
        provider.create_membership(draft()),
        provider.update_membership("1", {"roles": ["Boss"]}),
        provider.delete_membership("1"),
        provider.list_watchers("1"),
        provider.add_watcher("1", "1"),
        provider.remove_watcher("1", "1"),
    ):
        with pytest.raises(UnsupportedError, match="memory does not have it"):
            await call


def test_names_are_compared_as_sets():
    record = draft(roles=["Boss", "Reader"])
    assert holds("roles", ["reader", "BOSS"], record)
    assert not holds("roles", ["reader"], record)
    assert not holds("roles", ["reader", "boss", "guest"], record)
