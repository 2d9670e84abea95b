"""Sprints through boards."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import NotFoundError, PMSprint, PMTask, ValidationError
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.jira.setup import make_project
from tests.providers.jira.site import MIA, Scripted, Site, answer, scripted

AGILE = "/rest/agile/1.0"
DAYS = {"start_date": date(2026, 3, 2), "end_date": date(2026, 3, 13)}


def _draft(project: str, name: str = "Sprint 1", **fields: Any) -> PMSprint:
    return PMSprint(name=name, project_id=project, **fields)


_BASE = "com.pyxis.greenhopper.jira:gh-simplified-"


async def test_a_sprint_from_plan_to_close(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_sprint(_draft(site.sc, goal="Ship", **DAYS))
    assert (made.status, made.project_id, made.goal, made.warnings) == ("planned", site.sc, "Ship", ())
    started = await provider.update_sprint(made.id, {"status": "active"})
    closed = await provider.update_sprint(made.id, {"status": "closed", "goal": "Shipped"})
    assert (started.status, started.goal, closed.status, closed.goal) == (
        "active",
        "Ship",
        "closed",
        "Shipped",
    )
    assert (closed.start_date, closed.end_date) == (DAYS["start_date"], DAYS["end_date"])
    assert await provider.get_sprint(made.id) == closed
    with pytest.raises(ValidationError) as caught:
        await provider.update_sprint(made.id, {"status": "active"})
    assert "cannot become active again" in caught.value.fields["status"]


async def test_a_new_sprint_may_be_active_or_closed(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_sprint(_draft(site.sc, status="active", **DAYS))
    done = await provider.create_sprint(_draft(site.cl, status="closed", **DAYS))
    assert (made.status, made.warnings, done.status, done.warnings) == ("active", (), "closed", ())


async def test_a_sprint_without_dates_is_not_started(site: Site, provider: JiraProvider) -> None:
    """The missing ones are named, and nothing is sent."""
    made = await provider.create_sprint(_draft(site.sc, start_date=DAYS["start_date"]))
    before = site.count("POST")
    with pytest.raises(ValidationError) as caught:
        await provider.update_sprint(made.id, {"status": "active"})
    assert list(caught.value.fields) == ["end_date"]
    with pytest.raises(ValidationError) as caught:
        await provider.create_sprint(_draft(site.sc, status="active"))
    assert list(caught.value.fields) == ["start_date", "end_date"]
    assert site.count("POST") == before


async def test_a_sprint_that_cannot_be_started_is_there_all_the_same(
    site: Site, provider: JiraProvider
) -> None:
    """Without parallel sprints a second one is not started: whoever creates it again would make two."""
    await provider.create_sprint(_draft(site.sc, status="active", **DAYS))
    with pytest.raises(ValidationError) as caught:
        await provider.create_sprint(_draft(site.sc, "Second", status="active", **DAYS))
    assert "status" in caught.value.fields
    assert caught.value.maybe_applied
    second = (await provider.list_sprints(site.sc))[-1]
    assert (second.name, second.status) == ("Second", "planned")
    with pytest.raises(ValidationError) as caught:
        await provider.update_sprint(second.id, {"status": "active"})
    assert not caught.value.maybe_applied
    with pytest.raises(ValidationError) as caught:
        await provider.update_sprint(second.id, {"status": "active", "goal": "Ship"})
    assert caught.value.maybe_applied


async def test_an_update_never_nulls_what_it_does_not_name(site: Site, provider: JiraProvider) -> None:
    """The trap: a replacing write nulls what it does not hold, so changes are partial writes."""
    made = await provider.create_sprint(_draft(site.sc, goal="Ship", **DAYS))
    before = site.count("PUT")
    renamed = await provider.update_sprint(made.id, {"name": "Other"})
    assert site.count("PUT") == before
    assert (renamed.name, renamed.goal, renamed.start_date, renamed.end_date) == (
        "Other", "Ship", *DAYS.values()
    )  # fmt: skip
    cleared = await provider.update_sprint(made.id, {"end_date": None})
    assert (cleared.name, cleared.goal, cleared.start_date, cleared.end_date) == (
        "Other", "Ship", DAYS["start_date"], None
    )  # fmt: skip
    bare = await provider.update_sprint(made.id, {"goal": None, "start_date": None, "name": "Bare"})
    assert (bare.name, bare.goal, bare.start_date, bare.warnings) == ("Bare", None, None, ())


async def test_dates_of_a_closed_sprint_are_dropped_with_a_warning(
    site: Site, provider: JiraProvider
) -> None:
    """The vendor ignores them without a word."""
    made = await provider.create_sprint(_draft(site.sc, status="closed", **DAYS))
    found = await provider.update_sprint(made.id, {"end_date": date(2026, 4, 1), "name": "Late"})
    assert (found.name, found.end_date) == ("Late", DAYS["end_date"])
    assert [one.field for one in found.warnings] == ["end_date"]


async def test_issues_go_in_and_out(site: Site, provider: JiraProvider) -> None:
    sprint = await provider.create_sprint(_draft(site.sc, **DAYS))
    task = await provider.create_task(PMTask(title="In", project_id=site.sc))
    inside = await provider.update_task(task.id, {"sprint_id": sprint.id})
    outside = await provider.update_task(task.id, {"sprint_id": None})
    assert (inside.sprint_id, outside.sprint_id) == (sprint.id, None)
    await provider.update_task(task.id, {"sprint_id": sprint.id})
    assert await provider.delete_sprint(sprint.id) is True
    left = await provider.get_task(task.id)
    assert left is not None
    assert left.sprint_id is None
    assert await provider.delete_sprint(sprint.id) is False


async def test_lists_by_project_and_status(site: Site, provider: JiraProvider) -> None:
    first = await provider.create_sprint(_draft(site.sc, "One", status="active", **DAYS))
    second = await provider.create_sprint(_draft(site.sc, "Two"))
    other = await provider.create_sprint(_draft(site.ed, "Three"))
    assert await provider.list_sprints("SC") == [first, second]
    assert await provider.list_sprints() == [first, second, other]
    assert await provider.list_sprints(site.sc, status="active") == [first]
    assert await provider.list_sprints(site.sc, status="future") == [second]
    assert await provider.list_sprints(site.sc, status="sleeping") == []


async def test_only_the_boards_of_the_connection_count(site: Site, provider: JiraProvider) -> None:
    mine = await provider.create_sprint(_draft(site.sc))
    await provider.create_sprint(_draft(site.ed))
    board = (mine.raw_data or {})["originBoardId"]
    async with site.provider(board_ids=[board]) as narrow:
        assert [one.id for one in await narrow.list_sprints()] == [mine.id]
        assert await narrow.list_sprints(site.ed) == []


@pytest.mark.parametrize("template", ["kanban-classic", "basic", "agility-kanban"])
async def test_a_project_without_a_scrum_board_says_so(
    site: Site, provider: JiraProvider, template: str
) -> None:
    """A kanban board, none, or one of a team-managed project whose sprints are off."""
    project = str(make_project(site.box.state, "KB", "Kanban", MIA, template=_BASE + template).id)
    assert await provider.list_sprints(project) == []
    with pytest.raises(ValidationError) as caught:
        await provider.create_sprint(_draft(project))
    assert "no board with sprints" in caught.value.fields["project_id"]


async def test_projects_that_do_not_exist(provider: JiraProvider) -> None:
    with pytest.raises(NotFoundError):
        await provider.list_sprints("999999")
    with pytest.raises(ValidationError) as caught:
        await provider.create_sprint(_draft("999999"))
    assert "project_id" in caught.value.fields


async def test_sprints_that_do_not_exist(site: Site, provider: JiraProvider) -> None:
    """Texts that can be no id are not sent."""
    before = site.count("GET", "/sprint/")
    assert await provider.get_sprint("1; drop") is None
    assert await provider.delete_sprint("1/issue") is False
    assert site.count("GET", "/sprint/") == before
    assert await provider.get_sprint("999") is None
    with pytest.raises(NotFoundError):
        await provider.update_sprint("999", {"name": "x"})


# what the sandbox does not do


def _board(one: int, kind: str = "scrum", project: int | None = 5) -> dict[str, Any]:
    return {"id": one, "type": kind, **({"location": {"projectId": project}} if project else {})}


def _shown(one: int, board: int, **more: Any) -> dict[str, Any]:
    return {"id": one, "state": "future", "name": f"S{one}", "originBoardId": board, **more}


async def test_boards_show_sprints_of_each_other() -> None:
    """Each sprint comes once, with the project of the board that it was made on; kanban boards have none."""
    server = Scripted({
        f"GET {AGILE}/board": {"values": [_board(1), _board(2, project=6), _board(3, "kanban"), _board(4, "simple")]},
        f"GET {AGILE}/board/1/sprint": {"values": [_shown(10, 1), _shown(20, 2)], "isLast": True},
        f"GET {AGILE}/board/2/sprint": {"values": [_shown(20, 2), _shown(9, 77)], "isLast": True},
        f"GET {AGILE}/board/4/sprint": answer({"errorMessages": ["The board does not support sprints"]}, 400),
    })  # fmt: skip
    async with scripted(server) as provider:
        found = await provider.list_sprints()
    assert [(one.id, one.project_id) for one in found] == [("9", None), ("10", "5"), ("20", "6")]
    assert server.asked(f"{AGILE}/board/3/sprint") == 0


async def test_pages_go_on_where_the_last_one_ended() -> None:
    """The server gives less than asked for."""

    def page(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.params["startAt"])
        return answer({"values": [_shown(start + 1, 1)], "isLast": start == 2, "maxResults": 1})

    server = Scripted({f"GET {AGILE}/board": {"values": [_board(1)]}, f"GET {AGILE}/board/1/sprint": page})
    async with scripted(server) as provider:
        assert [one.id for one in await provider.list_sprints()] == ["1", "2", "3"]


async def test_new_sprints_go_to_the_projects_own_scrum_board() -> None:
    boards = [_board(2, "simple"), _board(3, project=9), _board(7), _board(8)]
    server = Scripted({
        f"GET {AGILE}/board": {"values": boards, "isLast": True},
        f"POST {AGILE}/sprint": lambda request: answer(_shown(1, 7), 201),
    })  # fmt: skip
    async with scripted(server) as provider:
        made = await provider.create_sprint(_draft("5", **DAYS))
    [body] = server.bodies(f"{AGILE}/sprint")
    assert body["originBoardId"] == 7
    assert body["startDate"] == "2026-03-02T08:00:00.000+00:00"  # nine o'clock in Berlin
    assert made.project_id == "5"


async def test_team_managed_boards_may_have_no_sprints() -> None:
    server = Scripted({
        f"GET {AGILE}/board": {"values": [_board(2, "simple"), _board(4, "simple")], "isLast": True},
        f"GET {AGILE}/board/2/sprint": answer({"errorMessages": ["The board does not support sprints"]}, 400),
        f"GET {AGILE}/board/4/sprint": {"values": [], "isLast": True},
        f"POST {AGILE}/sprint": lambda request: answer(_shown(1, 4), 201),
    })  # fmt: skip
    async with scripted(server) as provider:
        await provider.create_sprint(_draft("5"))
    assert server.bodies(f"{AGILE}/sprint") == [{"name": "Sprint 1", "originBoardId": 4}]


async def test_a_site_without_boards_has_no_sprints() -> None:
    """Data Center without Jira Software answers 404, with a page for people."""
    html = httpx2.Response(404, content=b"<html>", headers={"content-type": "text/html"})
    server = Scripted({
        f"GET {AGILE}/board": html,
        "GET /rest/api/2/project/DC": {"id": "5", "key": "DC", "name": "n"},
    }, cloud=False)  # fmt: skip
    async with scripted(server) as provider:
        assert await provider.list_sprints("DC") == []
        assert await provider.list_sprints() == []


async def test_boards_of_data_center_have_no_location() -> None:
    """A board that shows a single project belongs to it."""
    server = Scripted({
        f"GET {AGILE}/board": {"values": [_board(1, project=None), _board(2, project=None)], "isLast": True},
        f"GET {AGILE}/board/1": _board(1, project=None),
        f"GET {AGILE}/board/2": _board(2, project=None),
        f"GET {AGILE}/board/1/project": {"values": [{"id": "5"}], "isLast": True},
        f"GET {AGILE}/board/2/project": {"values": [{"id": "5"}, {"id": "6"}], "isLast": True},
        f"GET {AGILE}/board/1/sprint": {"values": [_shown(1, 1)], "isLast": True},
        f"GET {AGILE}/board/2/sprint": {"values": [_shown(2, 2)], "isLast": True},
    }, cloud=False)  # fmt: skip
    async with scripted(server) as provider:
        found = await provider.list_sprints()
    assert [(one.id, one.project_id) for one in found] == [("1", "5"), ("2", None)]
