"""Memberships, which are roles in projects, and watchers."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMMembership,
    PMTask,
    ValidationError,
)
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.jira.setup import add_user, make_project
from tests.providers.jira.site import ADMIN, MIA, FakeTime, Scripted, Site, answer, scripted

BEN = "712020:1b2c3d4e-0000-4000-8000-00000000be17"
API = "/rest/api/3"
ROLE = f"{API}/project/5/role"


@pytest.fixture
def ben(site: Site) -> str:
    add_user(site.box.state, BEN, "Ben Stone", "ben@example.com", token="ben-token")
    return BEN


async def test_members_come_change_and_go(site: Site, provider: JiraProvider, ben: str) -> None:
    before = await provider.list_memberships("SC")
    made = await provider.create_membership(PMMembership("", site.sc, "ben@example.com", [" MEMBER "]))
    assert (made.id, made.user_id, made.roles, made.warnings) == (f"{site.sc}:{ben}", ben, ["Member"], ())
    assert made in await provider.list_memberships(site.sc)
    changed = await provider.update_membership(made.id, {"roles": ["viewer", "Administrator"]})
    assert set(changed.roles) == {"Administrator", "Viewer"}
    with pytest.raises(ConflictError):
        await provider.create_membership(PMMembership("", site.sc, ben, ["Viewer"]))
    assert await provider.delete_membership(made.id) is True
    assert await provider.delete_membership(made.id) is False
    assert await provider.list_memberships(site.sc) == before


async def test_groups_are_members_too(site: Site, provider: JiraProvider) -> None:
    group = next(one for one in await provider.list_memberships(site.sc) if one.user_id.startswith("group:"))
    assert await provider.delete_membership(group.id) is True
    again = await provider.create_membership(PMMembership("", site.sc, group.user_id, group.roles))
    assert (again.id, again.user_id, again.roles) == (group.id, group.user_id, group.roles)


async def test_what_is_refused(site: Site, provider: JiraProvider, ben: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await provider.create_membership(PMMembership("", site.sc, ben, ["Member", "King"]))
    assert "there is: Administrator, Member, Viewer" in caught.value.fields["roles"]
    for user in ("nobody", "group:nobody"):
        with pytest.raises(ValidationError) as caught:
            await provider.create_membership(PMMembership("", site.sc, user, ["Member"]))
        assert "user_id" in caught.value.fields
    with pytest.raises(ValidationError) as caught:
        await provider.create_membership(PMMembership("", "999999", ben, ["Member"]))
    assert "project_id" in caught.value.fields
    for missing in ("x", f"{site.sc}:{ben}", f"999999:{ben}"):
        with pytest.raises(NotFoundError):
            await provider.update_membership(missing, {"roles": ["Member"]})
        assert await provider.delete_membership(missing) is False


async def test_only_administrators_see_members(site: Site, ben: str) -> None:
    async with site.provider(username="ben@example.com", api_token="ben-token") as bens:
        with pytest.raises(PermissionDeniedError, match="administer"):
            await bens.list_memberships(site.sc)


@pytest.mark.parametrize("status", [401, 404])
async def test_members_that_are_hidden_are_no_missing_project(status: int) -> None:
    """The document allows both answers for those who do not administer the project."""
    project = {"id": "5", "key": "ED", "name": "n"}
    refusal = answer({"errorMessages": ["no"]}, status)
    server = Scripted({f"GET {ROLE}": refusal, f"GET {API}/project/5": project})
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError, match="do not administer"):
            await provider.list_memberships("5")


async def test_who_administers_another_project_only_is_told_so(site: Site, ben: str) -> None:
    """Roles are listed for them, their members are not ([spec]): nothing is missing or deleted because of it."""
    foreign = str(make_project(site.box.state, "FO", "Foreign", ADMIN).id)
    async with site.mias() as mias:
        with pytest.raises(PermissionDeniedError, match="administer"):
            await mias.list_memberships(foreign)
        with pytest.raises(PermissionDeniedError):
            await mias.delete_membership(f"{foreign}:{ADMIN}")
        with pytest.raises(PermissionDeniedError):
            await mias.create_membership(PMMembership("", foreign, ben, ["Member"]))


async def test_a_role_that_a_lost_answer_gave_is_given() -> None:
    """The vendor refuses to give it twice; the repeated call must not say that there is no such user."""
    actors: list[dict[str, Any]] = []

    def give(_: httpx2.Request) -> httpx2.Response:
        if actors:
            return answer({"errorMessages": ["is already a member of the project role"]}, 400)
        actors.append({"type": "atlassian-user-role-actor", "actorUser": {"accountId": "a"}})
        return answer({"errorMessages": []}, 503)

    server = Scripted({
        f"GET {ROLE}": {"Dev": f"https://j{ROLE}/1"},
        f"GET {ROLE}/1": lambda _: answer({"actors": actors}),
        f"GET {API}/user": {"accountId": "a"},
        f"POST {ROLE}/1": give,
    })  # fmt: skip
    async with scripted(server, timing=FakeTime().timing()) as provider:
        made = await provider.create_membership(PMMembership("", "5", "a", ["Dev"]))
    assert made.roles == ["Dev"]
    assert server.asked(f"{ROLE}/1") == 5


async def test_a_role_that_cannot_be_taken_after_another_was_given_is_told() -> None:
    actor = {"type": "atlassian-user-role-actor", "actorUser": {"accountId": "a"}}
    server = Scripted({
        f"GET {ROLE}": {"Dev": f"https://j{ROLE}/1", "Lead": f"https://j{ROLE}/2"},
        f"GET {ROLE}/1": {"actors": [actor]},
        f"GET {ROLE}/2": {"actors": []},
        f"POST {ROLE}/2": {},
        f"DELETE {ROLE}/1": answer({"errorMessages": ["no"]}, 400),
    })  # fmt: skip
    async with scripted(server) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.update_membership("5:a", {"roles": ["Lead"]})
    assert caught.value.maybe_applied


async def test_nobody_is_left_without_roles_on_the_way() -> None:
    """New roles are given before old ones are taken."""
    actors = {"1": [{"type": "user", "actorUser": {"accountId": "a"}}], "2": []}
    server = Scripted({
        f"GET {ROLE}": {"Dev": f"https://j{ROLE}/1", "Lead": f"https://j{ROLE}/2"},
        f"GET {ROLE}/1": lambda _: answer({"actors": actors["1"]}),
        f"GET {ROLE}/2": lambda _: answer({"actors": actors["2"]}),
        f"POST {ROLE}/2": lambda _: answer(actors.__setitem__("2", actors["1"]) or {}),
        f"DELETE {ROLE}/1": lambda _: answer(actors.__setitem__("1", []), 204),
    })  # fmt: skip
    async with scripted(server) as provider:
        found = await provider.update_membership("5:a", {"roles": ["Lead"]})
    assert found.roles == ["Lead"]
    assert [one.method for one in server.requests if one.method in {"POST", "DELETE"}] == ["POST", "DELETE"]
    assert server.requests[-4].url.params["user"] == "a"


async def test_a_failure_between_two_roles_says_that_something_was_done() -> None:
    server = Scripted({
        f"GET {ROLE}": {"Dev": f"https://j{ROLE}/1", "Lead": f"https://j{ROLE}/2"},
        f"GET {ROLE}/1": {"actors": []},
        f"GET {ROLE}/2": {"actors": []},
        f"GET {API}/user": {"accountId": "a"},
        f"POST {ROLE}/1": {},
        f"POST {ROLE}/2": answer({"errorMessages": ["no"]}, 403),
    })  # fmt: skip
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError) as caught:
            await provider.create_membership(PMMembership("", "5", "a", ["Dev", "Lead"]))
    assert caught.value.maybe_applied


async def test_groups_of_data_center_are_known_by_name() -> None:
    role = "/rest/api/2/project/5/role"
    actor = {"type": "atlassian-group-role-actor", "name": "devs", "displayName": "devs"}
    server = Scripted({
        f"GET {role}": {"Dev": f"https://j{role}/1"},
        f"GET {role}/1": {"actors": [actor]},
        f"DELETE {role}/1": answer(None, 204),
    }, cloud=False)  # fmt: skip
    async with scripted(server) as provider:
        [found] = await provider.list_memberships("5")
        assert found.user_id == "group:devs"
        assert await provider.delete_membership(found.id) is True
    assert dict(server.requests[-1].url.params) == {"group": "devs"}


# watchers


@pytest.fixture
async def task(site: Site, provider: JiraProvider) -> PMTask:
    return await provider.create_task(PMTask(title="Watch me", project_id=site.sc))


async def test_watchers_come_and_go(provider: JiraProvider, task: PMTask) -> None:
    before = {one.id for one in await provider.list_watchers(task.id)}
    assert [await provider.add_watcher(task.id, one) for one in (MIA, "mia@example.com")] == [True, False]
    assert {one.id for one in await provider.list_watchers(task.key or "")} == before | {MIA}
    assert [await provider.remove_watcher(task.id, MIA) for _ in range(2)] == [True, False]
    assert {one.id for one in await provider.list_watchers(task.id)} == before


async def test_who_cannot_watch(site: Site, provider: JiraProvider, task: PMTask) -> None:
    add_user(site.box.state, "gone", "Otto Gone", "otto@example.com", active=False)
    for user in ("nobody", "gone", "nobody@example.com"):
        with pytest.raises(ValidationError) as caught:
            await provider.add_watcher(task.id, user)
        assert "user_id" in caught.value.fields
        assert await provider.remove_watcher(task.id, user) is False
    for missing in ("999999", "../x"):
        with pytest.raises(NotFoundError):
            await provider.list_watchers(missing)


async def test_watchers_that_may_not_be_seen_are_no_empty_list() -> None:
    hidden: dict[str, Any] = {"watchCount": 3, "isWatching": True, "watchers": [{"accountId": MIA}]}
    server = Scripted({f"GET {API}/issue/7/watchers": hidden})
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError, match="may not see who watches"):
            await provider.list_watchers("7")
        hidden["watchCount"] = 1
        assert [one.id for one in await provider.list_watchers("7")] == [MIA]


async def test_who_may_not_see_watchers_may_watch() -> None:
    """The list tells everybody whether they watch themselves."""
    path, state = f"{API}/issue/7/watchers", {"isWatching": False, "watchCount": 3, "watchers": []}
    server = Scripted({
        f"GET {path}": lambda _: answer(state),
        f"POST {path}": lambda _: answer(state.update(isWatching=True), 204),
        f"DELETE {path}": lambda _: answer(state.update(isWatching=False), 204),
    })  # fmt: skip
    async with scripted(server) as provider:
        assert [await provider.add_watcher("7", MIA) for _ in range(2)] == [True, False]
        assert [await provider.remove_watcher("7", MIA) for _ in range(2)] == [True, False]
        with pytest.raises(PermissionDeniedError):
            await provider.add_watcher("7", BEN)


async def test_watchers_of_data_center_are_logins() -> None:
    path = "/rest/api/2/issue/7/watchers"
    watching = [{"name": "ada", "displayName": "Ada"}]
    server = Scripted({
        f"GET {path}": lambda _: answer({"watchCount": len(watching), "watchers": watching}),
        f"POST {path}": lambda _: answer(watching.append({"name": "bob"}), 204),
        f"DELETE {path}": lambda _: answer(watching.pop() and None, 204),
    }, cloud=False)  # fmt: skip
    async with scripted(server) as provider:
        assert await provider.add_watcher("7", "bob") is True
        assert await provider.remove_watcher("7", "bob") is True
    assert server.bodies(path) == ["bob"]
    assert [dict(one.url.params) for one in server.requests if one.method == "DELETE"] == [
        {"username": "bob"}
    ]
