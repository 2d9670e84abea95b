"""Users, groups, principals, memberships and watchers of the OpenProject sandbox."""

from __future__ import annotations

import json

import pytest

from pm_providers.sandbox.openproject import OpenProjectSandbox
from tests.sandbox.openproject_support import Caller, href, identifier


@pytest.fixture
def call() -> Caller:
    return Caller(OpenProjectSandbox(dataset="demo"))


def member(call: Caller) -> str:
    """Login of a person with the role Member."""
    state = call.box.state
    row = next(m for m in state.memberships if 4 in m.role_ids)
    return state.principals[row.principal_id].login


async def test_an_invited_user_is_named_after_his_mail(call) -> None:
    """Only a mail address is needed; login and names come from it."""
    status, body = await call("POST", "/users", {"email": "eve@example.com", "status": "invited"})
    assert status == 201
    assert (body["login"], body["firstName"], body["lastName"]) == ("eve@example.com", "eve", "@example.com")
    assert body["status"] == "invited"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"password": "short"}, "password"),
        ({"password": None}, "password"),
        ({"email": "nomail"}, "email"),
        ({"firstName": ""}, "firstName"),
        ({"login": "ADMIN"}, "login"),
        ({"status": "sleeping"}, "status"),
    ],
)
async def test_users_are_checked(call, change, expected) -> None:
    """One wrong value is one violation of that attribute."""
    body = {
        "login": "new",
        "email": "new@example.com",
        "firstName": "N",
        "lastName": "W",
        "password": "a long password",
        "status": "active",
    }
    status, error = await call("POST", "/users", {**body, **change})
    assert (status, identifier(error)) == (422, ("PropertyConstraintViolation", expected))


async def test_members_cannot_list_or_make_users(call) -> None:
    """Both are 403; the own account can be read and renamed."""
    me = call.as_user(member(call))
    assert (await me("GET", "/users"))[0] == 403
    assert (await me("POST", "/users", {"email": "x@example.com", "status": "invited"}))[0] == 403
    status, body = await me("GET", "/users/me")
    assert status == 200
    status, body = await me("PATCH", f"/users/{body['id']}", {"firstName": "Renamed"})
    assert (status, body["firstName"]) == (200, "Renamed")


async def test_deleting_a_user_needs_the_setting_and_a_job(call) -> None:
    """403 by default; with the setting 202, locked until the job ran, then 404 and its work is kept."""
    login = member(call)
    key = next(p.id for p in call.box.state.principals if p.login == login)
    assert (await call("DELETE", f"/users/{key}"))[0] == 403
    call.box.state.settings["users_deletable_by_admins"] = True
    assert (await call("DELETE", f"/users/{key}"))[0] == 202
    assert (await call("GET", f"/users/{key}"))[1]["status"] == "locked"
    call.box.run_jobs()
    assert (await call("GET", f"/users/{key}"))[0] == 404
    state = call.box.state
    assert not [w for w in state.work_packages if key in {w.assignee_id, w.author_id}]
    assert not [m for m in state.memberships if m.principal_id == key]
    assert (await call("GET", "/work_packages", params={"filters": "[]"}))[0] == 200


async def test_a_locked_user_has_no_access(call) -> None:
    """The key of a locked account is a 401 until it is unlocked."""
    login = member(call)
    me = call.as_user(login)
    key = (await me("GET", "/users/me"))[1]["id"]
    assert (await call("POST", f"/users/{key}/lock", {}))[1]["status"] == "locked"
    assert (await me("GET", "/users/me"))[0] == 401
    assert (await call("DELETE", f"/users/{key}/lock"))[1]["status"] == "active"
    assert (await me("GET", "/users/me"))[0] == 200


async def test_locking_without_content_type_is_406(call) -> None:
    """Every POST needs the header, also one without a body."""
    answer = await call.raw("POST", "/users/5/lock")
    assert (answer.status_code, answer.text) == (406, "Missing content-type header")


async def test_groups_replace_their_members(call) -> None:
    """The list of members is the new list; a name can be used once."""
    people = [p.id for p in call.box.state.principals if p.login][1:4]
    made = {"name": "Team", "_links": {"members": [href("users", people[0])]}}
    status, group = await call("POST", "/groups", made)
    assert status == 201
    assert identifier((await call("POST", "/groups", made))[1])[1] == "name"
    change = {"_links": {"members": [href("users", key) for key in people[1:]]}}
    _, body = await call("PATCH", f"/groups/{group['id']}", change)
    assert [m["href"] for m in body["_links"]["members"]] == [f"/api/v3/users/{key}" for key in people[1:]]


async def test_principals_filter_by_member_and_type(call) -> None:
    """The way to the members of a project without the right to manage users."""
    me = call.as_user(member(call))
    project = next(iter(call.box.state.projects)).id
    filters = [
        {"type": {"operator": "=", "values": ["User"]}},
        {"member": {"operator": "=", "values": [str(project)]}},
        {"status": {"operator": "!", "values": ["3"]}},
    ]
    status, body = await me("GET", "/principals", params={"filters": json.dumps(filters)})
    expected = {m.principal_id for m in call.box.state.memberships if m.project_id == project}
    assert status == 200
    assert {e["id"] for e in body["_embedded"]["elements"]} == expected


async def test_membership_lives_and_ends(call) -> None:
    """Created once, roles changed, project fixed, deleted."""
    state = call.box.state
    project = next(iter(state.projects)).id
    person = state.principals.put(
        type(state.principals[3])(id=state.principals.next_id(), login="late", last="L", **state.stamps())
    )
    links = {
        "project": href("projects", project),
        "principal": href("users", person.id),
        "roles": [href("roles", 5)],
    }
    status, body = await call("POST", "/memberships", {"_links": links})
    assert status == 201
    path = f"/memberships/{body['id']}"
    assert identifier((await call("POST", "/memberships", {"_links": links}))[1])[1] == "user"
    status, changed = await call("PATCH", path, {"_links": {"roles": [href("roles", 4)]}})
    assert [r["title"] for r in changed["_links"]["roles"]] == ["Member"]
    other = next(p.id for p in state.projects if p.id != project)
    status, error = await call("PATCH", path, {"_links": {"project": href("projects", other)}})
    assert (status, identifier(error)) == (422, ("PropertyIsReadOnly", "project"))
    assert (await call("DELETE", path))[0] == 204
    assert (await call("GET", path))[0] == 404


async def test_a_membership_of_no_project_takes_global_roles_only(call) -> None:
    """Recorded 04-memberships-roles-principals: step 20. A project that does not exist is none."""
    before = len(list(call.box.state.memberships))
    links = {"principal": href("users", 3), "roles": [href("roles", 4)]}
    for project in ({}, {"project": href("projects", 99999)}):
        status, error = await call("POST", "/memberships", {"_links": {**links, **project}})
        assert (status, identifier(error)) == (422, ("PropertyConstraintViolation", "roles"))
    assert len(list(call.box.state.memberships)) == before


async def test_watchers_answer_201_then_200(call) -> None:
    """The body is `{"user": {"href"}}`; removing twice is fine; outsiders are refused."""
    state = call.box.state
    row = next(m for m in state.memberships if 4 in m.role_ids)
    _, task = await call("POST", f"/projects/{row.project_id}/work_packages", {"subject": "Watched"})
    path = f"/work_packages/{task['id']}/watchers"
    before = (await call("GET", path))[1]["total"]
    body = {"user": href("users", row.principal_id)}
    assert [(await call("POST", path, body))[0] for _ in range(2)] == [201, 200]
    assert (await call("GET", path))[1]["total"] == before + 1
    assert (await call("POST", path, {"_links": body}))[0] == 404
    assert [(await call("DELETE", f"{path}/{row.principal_id}"))[0] for _ in range(2)] == [204, 204]
    assert (await call("GET", path))[1]["total"] == before
    stranger = await call("POST", "/users", {"email": "eve@example.com", "status": "invited"})
    refused = await call("POST", path, {"user": href("users", stranger[1]["id"])})
    assert (refused[0], identifier(refused[1])) == (422, ("PropertyConstraintViolation", "user"))
