"""Projects, sprints, users, and what there is to choose from, against the sandbox."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import PMProject, PMSprint, PMTask, PMUser
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.providers.asana.mapping.projects import SEPARATOR
from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.site import Scripted, Site, answer, scripted

DAY, LATER = date(2026, 3, 5), date(2026, 3, 20)


# projects


async def test_a_project_comes_and_goes(site: Site, provider: AsanaProvider) -> None:
    draft = PMProject(
        name="Venus", description="*hot*", start_date=DAY, end_date=LATER, owner_id=site.me, is_public=True
    )
    made = await provider.create_project(draft)
    assert made.warnings == ()
    assert (made.name, made.description, made.status, made.is_public) == ("Venus", "*hot*", "active", True)
    assert (made.start_date, made.end_date, made.owner_id) == (DAY, LATER, site.me)
    assert await provider.get_project(made.id) == made
    changed = await provider.update_project(
        made.id,
        {"name": "Vesta", "description": None, "start_date": None, "end_date": None, "status": "archived"},
    )
    assert changed.warnings == ()
    assert (changed.name, changed.description, changed.is_archived) == ("Vesta", None, True)
    assert made.id not in {one.id for one in await provider.list_projects()}
    assert made.id in {one.id for one in await provider.list_projects(include_archived=True)}
    assert (await provider.update_project(made.id, {"status": "active"})).status == "active"
    assert await provider.delete_project(made.id) is True
    assert await provider.delete_project(made.id) is False
    with pytest.raises(NotFoundError):
        await provider.update_project(made.id, {"name": "x"})


async def test_new_projects_have_what_the_conventions_need(site: Site, provider: AsanaProvider) -> None:
    made = await provider.create_project(PMProject(name="Venus"))
    assert [one.name for one in await provider.list_statuses(made.id)] == [
        "To do",
        "In progress",
        "Done",
        "Completed",
    ]
    task = await provider.create_task(
        PMTask(
            title="x",
            project_id=made.id,
            priority="low",
            estimated_hours=1.0,
            story_points=2.0,
            status="completed",
        )
    )
    assert (task.status_name, task.priority_name, task.warnings) == ("Done", "Low", ())


async def test_new_projects_may_be_left_alone() -> None:
    site = Site()
    async with site.provider(new_sections=[], attach_fields=False) as provider:
        before = len(site.box.log)
        made = await provider.create_project(PMProject(name="Venus"))
        assert len(site.box.log) - before <= 3
        assert len(await provider.list_statuses(made.id)) == 2


@pytest.mark.parametrize(
    ("draft", "named"),
    [
        (PMProject(name="x", start_date=DAY), "start_date"),
        (PMProject(name="x", start_date=DAY, end_date=DAY), "end_date"),
        (PMProject(name="x", status="completed"), "status"),
        (PMProject(name="x", owner_id="nobody@example.com"), "owner_id"),
        (PMProject(name="x", custom_fields={"a": 1}), "custom_fields"),
    ],
)
async def test_wrong_projects_are_refused_by_name(
    provider: AsanaProvider, draft: PMProject, named: str
) -> None:
    before = len(await provider.list_projects())
    with pytest.raises(ValidationError) as failed:
        await provider.create_project(draft)
    assert set(failed.value.fields) == {named}
    assert len(await provider.list_projects()) == before


async def test_what_projects_do_not_have_is_refused(provider: AsanaProvider) -> None:
    for draft in (PMProject(name="x", key="X"), PMProject(name="x", parent_project_id="1")):
        with pytest.raises(UnsupportedError):
            await provider.create_project(draft)


def _org(teams: int) -> Scripted:
    def create(_params: object, body: object) -> object:
        assert isinstance(body, dict)
        if "team" not in body["data"]:
            return answer({"errors": [{"message": "team: Missing input"}]}, 400)
        return answer({"data": {"gid": "9", **body["data"]}}, 201)

    found = [{"gid": str(one), "name": f"T{one}"} for one in range(1, teams + 1)]
    return Scripted({"POST /projects": create, "GET /users/me/teams": {"data": found, "next_page": None}})


async def test_an_organization_asks_for_a_team() -> None:
    server = _org(1)
    made = await scripted(server, new_sections=[], attach_fields=False).create_project(PMProject(name="x"))
    assert made.raw_data is not None
    assert made.raw_data["team"] == "1"
    with pytest.raises(ValidationError, match="ASANA_TEAM_ID") as failed:
        await scripted(_org(2), new_sections=[]).create_project(PMProject(name="x"))
    assert "T2 (2)" in str(failed.value)
    server = _org(2)
    await scripted(server, team_id="2", new_sections=[], attach_fields=False).create_project(
        PMProject(name="x")
    )
    assert [one["data"]["team"] for one in server.bodies("POST", "/projects")] == ["2"]


# sprints


async def test_a_sprint_comes_and_goes(site: Site, provider: AsanaProvider) -> None:
    days = {"start_date": DAY, "end_date": LATER}
    made = await provider.create_sprint(
        PMSprint(name="Sprint 1", project_id=site.project, goal="**win**", **days)
    )
    assert made.warnings == ()
    assert (made.name, made.project_id, made.goal) == ("Sprint 1", site.project, "**win**")
    stored = (await provider.request("GET", f"projects/{made.id}")).data["data"]
    assert stored["name"] == f"Mars{SEPARATOR}Sprint 1"
    assert f"pm:sprint-of={site.project}" in stored["notes"]
    assert await provider.get_sprint(made.id) == made
    changed = await provider.update_sprint(
        made.id, {"name": "Sprint One", "goal": "more", "end_date": date(2026, 3, 21)}
    )
    assert changed.warnings == ()
    assert (changed.name, changed.goal, changed.start_date) == ("Sprint One", "more", DAY)
    assert [one.id for one in await provider.list_sprints(site.project)] == [made.id]
    assert [one.id for one in await provider.list_sprints()] == [made.id]
    assert await provider.list_sprints(site.new_project("Venus")) == []
    closed = await provider.update_sprint(made.id, {"status": "closed"})
    assert (closed.status, closed.warnings) == ("closed", ())
    assert [one.id for one in await provider.list_sprints(site.project, status="closed")] == [made.id]
    assert await provider.list_sprints(site.project, status="planned") == []
    assert await provider.delete_sprint(made.id) is True
    assert await provider.delete_sprint(made.id) is False


async def test_sprints_are_no_projects(site: Site, provider: AsanaProvider) -> None:
    made = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.project))
    assert {one.id for one in await provider.list_projects(include_archived=True)} == {site.project}
    assert await provider.get_project(made.id) is None
    assert await provider.delete_project(made.id) is False
    assert await provider.get_sprint(site.project) is None
    assert await provider.delete_sprint(site.project) is False
    with pytest.raises(NotFoundError):
        await provider.update_sprint(site.project, {"name": "x"})
    with pytest.raises(NotFoundError):
        await provider.update_project(made.id, {"name": "x"})


async def test_a_project_named_like_a_sprint_is_one(site: Site, provider: AsanaProvider) -> None:
    named = site.new_project(f"Mars{SEPARATOR}Sprint 7")
    site.new_project(f"Mars{SEPARATOR}Landing")
    found = await provider.get_sprint(named)
    assert found is not None
    assert (found.name, found.project_id) == ("Sprint 7", site.project)
    assert {one.name for one in await provider.list_projects()} == {"Mars", f"Mars{SEPARATOR}Landing"}


async def test_no_project_is_written_that_would_be_read_as_a_sprint(
    site: Site, provider: AsanaProvider
) -> None:
    before = site.count("POST", "/projects")
    wrong = {"name": f"Mars{SEPARATOR}Sprint 9", "description": "So:\n\n- *pm:sprint-of=77*\n\nthen"}
    for name, value in wrong.items():
        with pytest.raises(ValidationError) as failed:
            await provider.create_project(PMProject(**{"name": "Venus", name: value}))
        assert set(failed.value.fields) == {name}
    assert site.count("POST", "/projects") == before
    made = await provider.create_project(
        PMProject(name=f"Venus{SEPARATOR}Sprint 9", description="a line pm:sprint-of=77 is a mark")
    )
    for name, value in wrong.items():
        with pytest.raises(ValidationError) as failed:
            await provider.update_project(made.id, {name: value})
        assert set(failed.value.fields) == {name}
    same = await provider.update_project(made.id, {"name": made.name, "description": made.description})
    assert (same.name, same.description, same.warnings) == (made.name, made.description, ())
    assert {one.id for one in await provider.list_projects()} == {site.project, made.id}
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.project, goal="land"))
    with pytest.raises(ValidationError) as failed:
        await provider.update_sprint(sprint.id, {"goal": f"land\n\npm:sprint-of={made.id}"})
    assert set(failed.value.fields) == {"goal"}
    assert await provider.get_sprint(sprint.id) == sprint


async def test_tasks_stay_when_their_sprint_is_deleted(site: Site, provider: AsanaProvider) -> None:
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.project))
    task = await provider.create_task(PMTask(title="x", project_id=site.project, sprint_id=sprint.id))
    raw = {"data": {"name": "only here", "projects": [sprint.id]}}
    alone = (await provider.request("POST", "tasks", json=raw)).data["data"]["gid"]
    assert await provider.delete_sprint(sprint.id) is True
    found = {one.id: (one.project_id, one.sprint_id) for one in await provider.list_tasks(site.project)}
    assert found == {task.id: (site.project, None), alone: (site.project, None)}


async def test_tasks_made_on_the_board_of_a_sprint_are_in_the_list_of_all(
    site: Site, provider: AsanaProvider
) -> None:
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.project))
    both = await provider.create_task(PMTask(title="x", project_id=site.project, sprint_id=sprint.id))
    below = await provider.create_task(
        PMTask(title="y", project_id=site.project, parent_task_id=both.id, sprint_id=sprint.id)
    )
    raw = {"data": {"name": "only here", "projects": [sprint.id]}}
    alone = (await provider.request("POST", "tasks", json=raw)).data["data"]["gid"]
    found = [(one.id, one.project_id, one.sprint_id) for one in await provider.list_tasks()]
    assert sorted(found) == sorted(
        [
            (both.id, site.project, sprint.id),
            (below.id, site.project, sprint.id),
            (alone, None, sprint.id),
        ]
    )
    await provider.update_sprint(sprint.id, {"status": "closed"})
    assert alone not in {one.id for one in await provider.list_tasks()}
    assert alone in {one.id for one in await provider.list_tasks(include_archived=True)}


async def test_a_sprint_of_one_day_is_refused_by_name(site: Site, provider: AsanaProvider) -> None:
    with pytest.raises(ValidationError) as failed:
        await provider.create_sprint(
            PMSprint(name="S", project_id=site.project, start_date=DAY, end_date=DAY)
        )
    assert set(failed.value.fields) == {"end_date"}
    with pytest.raises(ValidationError) as failed:
        await provider.create_sprint(PMSprint(name="S", project_id="999"))
    assert set(failed.value.fields) == {"project_id"}


async def test_sprints_of_a_portfolio() -> None:
    items = {"data": [{"gid": "5", "name": "Iteration A"}], "next_page": None}
    projects = {
        "data": [{"gid": "5", "name": "Iteration A", "archived": True}, {"gid": "6", "name": "Mars"}],
        "next_page": None,
    }
    server = Scripted({"GET /projects": projects, "GET /portfolios/3/items": items})
    provider = scripted(server, sprint_portfolio="3")
    assert [(one.name, one.status) for one in await provider.list_sprints()] == [("Iteration A", "closed")]
    assert [one.name for one in await provider.list_projects()] == ["Mars"]


# users


async def test_users(site: Site, provider: AsanaProvider) -> None:
    me = await provider.get_current_user()
    assert (
        await provider.get_user("me")
        == await provider.get_user(me.email or "")
        == await provider.get_user(me.id)
        == me
    )
    for unknown in ("999", "nobody@example.com", "../teams", "x y"):
        assert await provider.get_user(unknown) is None
    guest = await provider.create_user(PMUser("", "Ben", "ben@example.com"))
    assert guest.email == "ben@example.com"
    assert {guest.id, me.id} <= {one.id for one in await provider.list_users()}
    assert [one.id for one in await provider.list_users(site.project)] == [me.id]
    assert await provider.delete_user(guest.id) is True
    assert await provider.delete_user(guest.id) is False
    assert await provider.delete_user("nobody@example.com") is False
    with pytest.raises(ValidationError):
        await provider.create_user(PMUser("", "Ben"))
    with pytest.raises((ValidationError, UnsupportedError)):
        await provider.update_user(me.id, {"email": "x@example.com"})
    with pytest.raises(NotFoundError):
        await provider.list_users("mars")


# discovery


async def test_what_there_is_to_choose_from(site: Site, provider: AsanaProvider) -> None:
    site.new_project("Venus", "To do", "Testing")
    assert [one.name for one in await provider.list_statuses()] == [
        "To do", "Doing", "Waiting", "Done", "Testing", "Completed",
    ]  # fmt: skip
    assert [(one.name, one.priority) for one in await provider.list_priorities()] == [
        ("Low", "low"), ("Medium", "medium"), ("High", "high"),
    ]  # fmt: skip
    assert [one.name for one in await provider.list_types()] == ["Task", "Milestone", "Approval"]
    fields = {one.name: one for one in await provider.list_fields(site.project) if one.is_custom}
    assert set(fields) == {"Platforms", "Cost", "Note", "Launch", "Reviewers", "Stage"}
    assert fields["Stage"].allowed_values == ("Backlog", "In review", "Closed")
    assert {one.name for one in await provider.list_fields() if one.is_custom} == set(fields)
    for operation in (provider.list_statuses, provider.list_types, provider.list_fields):
        with pytest.raises(NotFoundError):
            await operation("999")
    made = await provider.create_task(PMTask(title="x", project_id=site.project, status="Doing"))
    steps = await provider.list_transitions(made.id)
    assert [one.to_status.name for one in steps] == ["To do", "Waiting", "Done", "Completed"]
    with pytest.raises(NotFoundError):
        await provider.list_transitions("999")


# search


@pytest.mark.parametrize("plan", ["advanced", "free"])
async def test_search_by_plan(plan: str) -> None:
    site = Site(plan=plan)
    async with site.provider() as provider:
        one = await provider.create_task(PMTask(title="Landing gear", project_id=site.project))
        two = await provider.create_task(
            PMTask(title="x", description="the landing", project_id=site.project)
        )
        below = await provider.create_task(
            PMTask(title="landing leg", project_id=site.project, parent_task_id=one.id)
        )
        other = await provider.create_task(PMTask(title="landing", project_id=site.new_project("Venus")))
        found = {task.id for task in await provider.search_tasks("landing", project_id=site.project)}
        assert found == {one.id, two.id, below.id}
        assert {task.id for task in await provider.search_tasks("landing")} == {
            one.id,
            two.id,
            below.id,
            other.id,
        }
        assert await provider.search_tasks("rover") == []
        with pytest.raises(NotFoundError):
            await provider.search_tasks("x", project_id="999")


async def test_a_search_goes_on_behind_its_hundredth_result() -> None:
    tasks = [
        {
            "gid": str(one + 1),
            "name": "x",
            "created_at": f"2026-03-05T10:{one // 2 // 60:02}:{one // 2 % 60:02}.000Z",
        }
        for one in range(250)
    ]

    def found(params: dict[str, str], _body: object) -> object:
        after = params.get("created_at.after", "")
        return {"data": [one for one in tasks if one["created_at"] > after][: int(params["limit"])]}

    server = Scripted({"GET /workspaces/100/tasks/search": found})
    assert len(await scripted(server).search_tasks("x")) == 250


async def test_a_free_plan_has_fields_all_the_same() -> None:
    site = Site(plan="free")
    async with site.provider() as provider:
        found = await provider.list_fields(site.project)
        assert {"Name", "Due date"} <= {one.name for one in found}
        assert not any(one.is_custom for one in found)
        with pytest.raises(UnsupportedError):
            await provider.create_task(PMTask(title="x", project_id=site.project, priority="high"))
