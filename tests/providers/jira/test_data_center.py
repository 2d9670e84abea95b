"""Data Center: v2 of the API, wiki markup, logins instead of account ids, pages by number."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from pm_providers import PMProject, PMTask, PMUser, ProviderError, UnsupportedError, ValidationError
from pm_providers.model import Entity
from tests.providers.jira.site import Scripted, answer, scripted

API = "/rest/api/2"
GH = "com.pyxis.greenhopper.jira:"
FIELDS: list[dict[str, Any]] = [
    {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string", "system": "summary"}},
    {"id": "customfield_1", "name": "Epic Link", "custom": True, "schema": {"custom": f"{GH}gh-epic-link"}},
    {"id": "customfield_2", "name": "Sprint", "custom": True, "schema": {"custom": f"{GH}gh-sprint"}},
    {"id": "customfield_3", "name": "Epic Name", "custom": True,
     "schema": {"type": "string", "custom": f"{GH}gh-epic-label"}},
    {"id": "customfield_4", "name": "Reviewer", "custom": True, "schema": {"type": "user", "custom": "x:userpicker"}},
]  # fmt: skip
TYPES = [
    {"id": "1", "name": "Epic", "subtask": False},
    {"id": "2", "name": "Task", "subtask": False},
    {"id": "3", "name": "Sub-task", "subtask": True},
]
KNOWN: dict[str, Any] = {str(one["id"]): one["schema"] for one in FIELDS}
SCREEN = ("summary", "description", "assignee", "customfield_1", "customfield_3", "customfield_4", "priority")
LEGACY = (
    "com.atlassian.greenhopper.service.sprint.Sprint@1f[id={id},rapidViewId=5,state={state},name=Sprint, of all,"
    "startDate=2026-01-01T00:00:00.000Z,endDate=<null>,sequence=1]"
)


def _issue(number: int, kind: str = "2", **fields: Any) -> dict[str, Any]:
    found = next(one for one in TYPES if one["id"] == kind)
    return {
        "id": str(number),
        "key": f"DC-{number}",
        "fields": {"summary": f"t{number}", "project": {"id": "5"}, "issuetype": found, **fields},
    }


class _Server(Scripted):
    """Issues by id; what is created or changed is kept as it was sent."""

    def __init__(self, issues: dict[str, dict[str, Any]], **more: Any) -> None:
        super().__init__(
            {
                f"GET {API}/field": FIELDS,
                f"GET {API}/project/5": {"id": "5", "key": "DC", "name": "n", "issueTypes": TYPES},
                f"GET {API}/project/DC": {"id": "5", "key": "DC", "name": "n", "issueTypes": TYPES},
                f"GET {API}/search": self._search,
                f"POST {API}/search": self._search,
                f"POST {API}/issue": self._create,
                f"GET {API}/priority": [{"id": "1", "name": "High"}, {"id": "2", "name": "Low"}],
                **{
                    f"GET {API}/issue/createmeta/5/issuetypes/{one['id']}": {
                        "values": [
                            {
                                "fieldId": name,
                                "name": name,
                                "required": False,
                                "schema": KNOWN.get(name, {"type": "string"}),
                                "operations": ["set"],
                            }
                            for name in SCREEN
                        ],
                        "total": len(SCREEN),
                    }
                    for one in TYPES
                },
                **more,
            },
            cloud=False,
        )
        self.issues = issues
        self.searches: list[dict[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.removeprefix(f"{API}/issue/")
        known = {**self.issues, **{one["key"]: one for one in self.issues.values()}}
        if request.method == "GET" and name in known:
            self.requests.append(request)
            return answer(known[name])
        return super().__call__(request)

    def _search(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else dict(request.url.params)
        self.searches.append(body)
        start, size = int(body["startAt"]), int(body["maxResults"])
        found = list(self.issues.values())
        return answer(
            {"issues": found[start : start + size], "total": len(found), "startAt": start, "maxResults": size}
        )

    def _create(self, request: httpx2.Request) -> httpx2.Response:
        fields = json.loads(request.content)["fields"]
        number = len(self.issues) + 1
        kind = next(one for one in TYPES if one["id"] == fields["issuetype"]["id"])
        self.issues[str(number)] = {
            "id": str(number),
            "key": f"DC-{number}",
            "fields": {**fields, "issuetype": kind},
        }
        return answer({"id": str(number), "key": f"DC-{number}"}, 201)


def _server(count: int = 0, **more: Any) -> _Server:
    return _Server({str(one): _issue(one) for one in range(1, count + 1)}, **more)


async def test_the_deployment_is_found_out_and_narrows_what_can_be_done() -> None:
    server = _server()
    async with scripted(server, api_token="pat", username="") as provider:
        report = await provider.check_health()
        assert (report.version, report.details["deployment"]) == ("9.12.2", "server")
        assert provider.capabilities.text_format == "wiki"
        assert provider.capabilities.field(Entity.USER, "username").is_supported
        assert not provider.capabilities.field(Entity.TASK, "story_points").is_supported
        assert await provider.get_current_user() == PMUser(
            id="mia",
            name="mia",
            email="mia@example.com",
            username="mia",
            url="https://site.example.com/secure/ViewProfile.jspa?name=mia",
        )
    assert server.requests[-1].headers["authorization"] == "Bearer pat"
    assert server.asked("/rest/api/3/serverInfo") == 1


async def test_a_deployment_that_is_told_is_not_guessed() -> None:
    server = _server()
    async with scripted(server, deployment="server"):
        pass
    assert server.asked("/rest/api/3/serverInfo") == 0


async def test_pages_are_fetched_by_number() -> None:
    server = _server(250)
    async with scripted(server) as provider:
        assert [one.id for one in await provider.list_tasks("DC")] == [str(one) for one in range(1, 251)]
    assert [one["startAt"] for one in server.searches] == ["0", "100", "200"]


async def test_pages_that_are_cut_are_asked_for_in_the_size_that_the_server_gives() -> None:
    def search(request: httpx2.Request) -> httpx2.Response:
        start, size = int(request.url.params["startAt"]), min(50, int(request.url.params["maxResults"]))
        found = [_issue(one) for one in range(1, 121)][start : start + size]
        return answer({"issues": found, "total": 120, "startAt": start, "maxResults": size})

    server = _server(120, **{f"GET {API}/search": search})
    async with scripted(server) as provider:
        for requests in (4, 3):
            server.requests.clear()
            found = await provider.list_tasks("DC")
            assert [one.id for one in found] == [str(one) for one in range(1, 121)]
            assert server.asked(f"{API}/search") == requests


async def test_pages_that_are_cut_differently_each_time_are_an_error_and_no_hole() -> None:
    sizes = [50, 40, 30]

    def search(_request: httpx2.Request) -> httpx2.Response:
        return answer({"issues": [_issue(1)], "total": 250, "startAt": 0, "maxResults": sizes.pop(0)})

    async with scripted(_server(250, **{f"GET {API}/search": search})) as provider:
        with pytest.raises(ProviderError, match="pages of 40"):
            await provider.list_tasks("DC")


async def test_projects_are_made_by_a_template_that_data_center_has() -> None:
    made = {"id": "9", "key": "NEW", "name": "New"}
    server = _server(**{f"POST {API}/project": answer(made, 201), f"GET {API}/project/9": made})
    async with scripted(server) as provider:
        await provider.create_project(PMProject(name="New", key="NEW"))
    (body,) = server.bodies(f"{API}/project")
    assert body["projectTemplateKey"] == "com.pyxis.greenhopper.jira:gh-scrum-template"


async def test_times_in_queries_are_in_the_zone_of_the_profile() -> None:
    server = _server()
    async with scripted(server) as provider:
        await provider.list_tasks("DC", updated_since=datetime(2026, 2, 6, 9, 30, 49, tzinfo=UTC))
    assert 'updated >= "2026-02-06 10:30"' in server.searches[0]["jql"]


async def test_epics_are_linked_by_key_and_read_by_id() -> None:
    server = _Server({"1": _issue(1, "1"), "2": _issue(2)})
    async with scripted(server) as provider:
        made = await provider.create_task(PMTask(title="below", project_id="DC", parent_task_id="1"))
        assert (made.type, made.parent_task_id) == ("Task", "1")
        child = await provider.create_task(PMTask(title="below", project_id="DC", parent_task_id="DC-2"))
        assert (child.type, child.parent_task_id) == ("Sub-task", "2")
    task, sub = server.bodies(f"{API}/issue")
    assert task["fields"]["customfield_1"] == "DC-1"
    assert "parent" not in task["fields"]
    assert sub["fields"]["parent"] == {"id": "2"}


async def test_an_epic_is_named_and_people_are_logins() -> None:
    server = _server()
    async with scripted(server) as provider:
        made = await provider.create_task(
            PMTask(
                title="Big",
                project_id="DC",
                type="Epic",
                assignee_id="mia",
                custom_fields={"Reviewer": "ben"},
            )
        )
    (body,) = server.bodies(f"{API}/issue")
    assert body["fields"]["customfield_3"] == "Big"
    assert body["fields"]["assignee"] == {"name": "mia"}
    assert body["fields"]["customfield_4"] == {"name": "ben"}
    assert (made.assignee_id, made.custom_fields["Reviewer"], made.warnings) == ("mia", "ben", ())


@pytest.mark.parametrize(
    ("states", "done", "expected"),
    [
        (["CLOSED", "ACTIVE"], False, "2"),
        (["CLOSED", "CLOSED"], False, None),
        (["CLOSED", "CLOSED"], True, "2"),
        (["FUTURE", "CLOSED"], True, "1"),
        ([], True, None),
    ],
)
async def test_sprints_that_are_told_as_texts(states: list[str], done: bool, expected: str | None) -> None:
    status = {"id": "1", "name": "x", "statusCategory": {"key": "done" if done else "new"}}
    texts = [LEGACY.format(id=place + 1, state=state) for place, state in enumerate(states)]
    server = _Server({"1": _issue(1, status=status, customfield_2=texts or None)})
    async with scripted(server) as provider:
        found = await provider.get_task("DC-1")
    assert found is not None
    assert found.sprint_id == expected


async def test_texts_are_wiki_markup() -> None:
    server = _server()
    async with scripted(server) as provider:
        made = await provider.create_task(
            PMTask(title="x", project_id="DC", description="## Why\n\n**because**")
        )
    assert server.bodies(f"{API}/issue")[0]["fields"]["description"].split() == ["h2.", "Why", "*because*"]
    assert (made.description, made.warnings) == ("## Why\n\n**because**", ())


async def test_many_are_written_one_by_one_without_the_calls_of_cloud() -> None:
    server = _server(25)
    changed = {f"PUT {API}/issue/{one}": answer(None, 204) for one in range(1, 26)}
    gone = {f"DELETE {API}/issue/{one}": answer(None, 204) for one in range(1, 26)}
    server = _server(25, **changed, **gone)
    async with scripted(server) as provider:
        assert (
            len(
                (
                    await provider.update_tasks([(str(one), {"title": f"t{one}"}) for one in range(1, 26)])
                ).items
            )
            == 25
        )
        assert (await provider.delete_tasks([str(one) for one in range(1, 26)])).ok
    paths = {one.url.path for one in server.requests}
    assert not any("/bulk" in one or "/search/jql" in one for one in paths)


async def test_a_move_to_another_project_is_refused_with_the_reason() -> None:
    async with scripted(_server(1, **{f"GET {API}/project/6": {"id": "6", "issueTypes": TYPES}})) as provider:
        with pytest.raises(UnsupportedError, match="Data Center"):
            await provider.update_task("1", {"project_id": "6", "type": "Task"})


async def test_changes_by_numbered_pages() -> None:
    times = {"updated": "2026-02-06T10:30:49.000+0100"}
    server = _Server({str(one): _issue(one, **times) for one in range(1, 4)})
    async with scripted(server) as provider:
        page = await provider.changes("DC")
        assert [one.id for one in page.upserts] == ["1", "2", "3"]
        assert not page.has_more
        again = await provider.changes("DC", page.cursor)
        assert (again.upserts, again.deleted_ids) == ([], [])
        del server.issues["2"]
        assert (await provider.changes("DC", again.cursor)).deleted_ids == ["2"]


async def test_users_by_login_and_by_address() -> None:
    people = [
        {"name": "mia", "key": "k1", "displayName": "Mia", "emailAddress": "mia@example.com", "active": True},
        {"name": "gone", "key": "k2", "displayName": "Gone", "active": False},
    ]

    def user(request: httpx2.Request) -> httpx2.Response:
        found = [one for one in people if one["name"] == request.url.params.get("username")]
        return answer(found[0]) if found else answer({}, 404)

    server = _server(
        **{
            f"GET {API}/user": user,
            f"GET {API}/user/search": people,
            f"GET {API}/user/assignable/search": people,
        }
    )
    async with scripted(server) as provider:
        assert [one.id for one in await provider.list_users()] == ["mia"]
        assert [one.id for one in await provider.list_users("DC")] == ["mia"]
        found = await provider.get_user("MIA@example.com")
        assert found is not None
        assert found.id == "mia"
        assert await provider.get_user("nobody@example.com") is None
        with pytest.raises(ValidationError, match="no user"):
            await provider.update_task("1", {"assignee_id": "nobody@example.com"})


async def test_queries_that_are_too_long_for_an_address_are_posted() -> None:
    server = _server(1)
    async with scripted(server) as provider:
        await provider.search_jql(f"key in ({', '.join(['A-1'] * 500)})")
    assert [one.method for one in server.requests if one.url.path.endswith("/search")] == ["POST"]
