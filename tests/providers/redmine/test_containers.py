"""Projects, users and groups, as administrator and as somebody with fewer rights."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import (
    NotFoundError,
    PermissionDeniedError,
    PMProject,
    PMTask,
    UnsupportedError,
    ValidationError,
)
from tests.providers.redmine.office import REPORTER, Faulty, Office

pytestmark = pytest.mark.redmine


def refused(*ends: str, method: str = "PUT", status: int = 403, body: object = None):
    """Answers requests whose address ends so with an error, and counts none of them as done."""

    def answer(request: httpx2.Request) -> httpx2.Response | None:
        path = request.url.path.removesuffix(".json")
        if request.method != method or not path.endswith(ends):
            return None
        return httpx2.Response(status, json=body) if body is not None else httpx2.Response(status)

    return answer


async def test_a_closed_project_is_opened_before_it_is_changed(office, provider, project):
    """Nothing can be changed in a closed one, 403: opening it in the same call comes first."""
    office.call("PUT", f"projects/{project}/close", {})
    opened = await provider.update_project(project, {"name": "Opened", "status": "active"})
    assert (opened.name, opened.status, opened.warnings) == ("Opened", "active", ())


async def test_a_project_whose_status_is_refused_is_told_not_made_twice(office):
    """It is there when the right to close it turns out to be missing: no error that asks for another try."""
    network = Faulty(answer=refused("/close"))
    async with office.provider(transport=network) as provider:
        made = await provider.create_project(PMProject(name="Half", status="completed"))
        assert made.status == "active"
        assert [(one.field, "created" in one.reason) for one in made.warnings] == [("status", True)]
        assert await provider.get_project(made.id) is not None
    async with office.provider(transport=network, strict_writes=True) as strict:
        with pytest.raises(ValidationError) as caught:
            await strict.create_project(PMProject(name="Half", status="completed"))
        assert caught.value.maybe_applied


@pytest.mark.parametrize("sign", ["_", "-"])
async def test_keys_may_begin_with_a_sign(office, provider, sign):
    """Identifiers hold letters, digits, dashes and underscores in any place."""
    project = office.project()
    key = f"{sign}x{project}"
    made = await provider.create_project(PMProject(name="Signs", key=key))
    found = await provider.get_project(key)
    assert found is not None
    assert (found.id, found.key) == (made.id, key)


@pytest.mark.parametrize("key", ["WEB", "123", "new", "a b"])
async def test_keys_of_other_systems_are_refused_by_name(office, key):
    """The server's refusal names no field where the account's language is another one."""
    async with office.provider(office.person(admin=True, language="de")) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.create_project(PMProject(name="Other key", key=key))
    assert set(caught.value.fields) == {"key"}


async def test_what_is_no_key_is_not_sent(office):
    """`x?y` would open another project than the one that was named."""
    network = Faulty()
    async with office.provider(transport=network) as provider:
        before = len(network.sent)
        for one in ("x?y", "x/y", "x#y", "../users/1"):
            with pytest.raises(NotFoundError):
                await provider.update_project(one, {"status": "active"})
        assert len(network.sent) == before


async def test_groups_are_neither_absent_nor_changed(office, provider):
    """They are read as users; to say that there is none would be a lie."""
    group = office.group()
    with pytest.raises(UnsupportedError):
        await provider.delete_user(group)
    with pytest.raises(UnsupportedError):
        await provider.update_user(group, {"name": "Ada Byron"})
    assert await provider.get_user(group) is not None
    assert await provider.delete_user("999999") is False


@pytest.mark.parametrize("admin", [True, False])
async def test_locked_members_are_left_out_for_everybody(office: Office, project, admin):
    """Only administrators are told that an account is locked; others do not find it."""
    reporter, locked = office.person(project, REPORTER), office.person(project)
    office.member(project, group := office.group(), REPORTER)
    office.call("PUT", f"users/{locked.id}", {"user": {"status": 3}})
    async with office.provider(None if admin else reporter) as provider:
        members = {one.id: one.is_active for one in await provider.list_users(project)}
    assert members == {reporter.id: True, group: True}


async def test_logins_of_locked_accounts_are_found(office, provider, project):
    """The list of users holds active ones unless told otherwise; their tasks would be missed."""
    person = office.person(project)
    task = office.task(project, assigned_to_id=int(person.id))
    office.call("PUT", f"users/{person.id}", {"user": {"status": 3}})
    found = await provider.get_user(person.login)
    assert found is not None
    assert (found.id, found.is_active) == (person.id, False)
    assert [one.id for one in await provider.list_tasks(assignee_id=person.login)] == [task]
    assert await provider.get_user("nobody-has-this-login") is None


async def test_a_project_without_trackers_takes_no_tasks(office, provider):
    """500 otherwise."""
    with pytest.raises(ValidationError) as caught:
        await provider.create_task(PMTask(title="x", project_id=office.project(tracker_ids=[])))
    assert "trackers" in caught.value.fields["project_id"]


async def test_logins_that_may_not_be_looked_up_are_no_absent_users(office, project):
    """An empty list would say that nobody works on anything. One's own login is known."""
    person, other = office.person(project), office.person(project)
    task = office.task(project, assigned_to_id=int(person.id))
    async with office.provider(person) as provider:
        assert [one.id for one in await provider.list_tasks(assignee_id=person.login.upper())] == [task]
        with pytest.raises(PermissionDeniedError):
            await provider.list_tasks(assignee_id=other.login)
        with pytest.raises(PermissionDeniedError):
            await provider.delete_user(other.login)
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(task, {"assignee_id": other.login})
        assert "administrators" in caught.value.fields["assignee_id"]
        assert await provider.get_user(other.login) is None
