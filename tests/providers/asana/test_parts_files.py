"""Attachments, time entries, members and followers against the sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMAttachment,
    PMMembership,
    PMTask,
    PMTimeEntry,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.sandbox.asana.setup import add_team
from tests.providers.asana.site import Site

MISSING = "999999999999"
DAY = date(2026, 3, 5)


async def _another(provider: AsanaProvider, site: Site, title: str = "Start") -> PMTask:
    return await provider.create_task(PMTask(title=title, project_id=site.project))


# attachments


@pytest.mark.parametrize("content", [b"plain\r\n", b"", bytes(range(256)) * 30])
async def test_attachments_keep_their_bytes(provider: AsanaProvider, task: PMTask, content: bytes) -> None:
    draft = PMAttachment(task_id=task.id, file_name="report.pdf", content_type="application/pdf")
    made = await provider.create_attachment(draft, content)
    assert (made.task_id, made.file_name, made.size_bytes) == (task.id, "report.pdf", len(content))
    assert (made.content_type, made.warnings) == ("application/pdf", ())
    assert made.url is not None
    assert made.created_at is not None
    assert await provider.list_attachments(task.id) == [made]
    assert await provider.download_attachment(made.id) == content
    assert [await provider.delete_attachment(made.id) for _ in range(2)] == [True, False]
    assert await provider.list_attachments(task.id) == []
    with pytest.raises(NotFoundError):
        await provider.download_attachment(made.id)


@pytest.mark.parametrize(
    "name", ["Übersicht – Q1.txt", "a b (1).txt", 'quo"te.txt', "no-extension", "日本.png"]
)
async def test_odd_file_names(site: Site, provider: AsanaProvider, task: PMTask, name: str) -> None:
    """Others than ASCII go as in an address, as the vendor wants them ([spec] POST /attachments)."""
    made = await provider.create_attachment(PMAttachment(task_id=task.id, file_name=name), b"x")
    assert made.file_name == name or [one.field for one in made.warnings] == ["file_name"]
    (sent,) = site.box.log.select("POST", "/attachments$")
    assert sent.request_body is not None
    head = bytes(sent.request_body) if not isinstance(sent.request_body, str) else sent.request_body.encode()
    assert head.isascii()


async def test_attachments_of_projects_are_none(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    """Tasks and projects share an address: the id of a project must not put a file there, or take one away."""
    for where in (site.project, MISSING):
        with pytest.raises(ValidationError) as caught:
            await provider.create_attachment(PMAttachment(task_id=where, file_name="x"), b"x")
        assert list(caught.value.fields) == ["task_id"]
    assert site.count("POST", "attachments") == 0
    made = await provider.create_attachment(PMAttachment(task_id=task.id, file_name="x"), b"x")
    state = site.box.state
    state.attachments.change(state.attachments[made.id], parent=site.project, parent_kind="project")
    for where in (site.project, MISSING):
        with pytest.raises(NotFoundError):
            await provider.list_attachments(where)
    assert await provider.delete_attachment(made.id) is False
    with pytest.raises(NotFoundError):
        await provider.download_attachment(made.id)
    assert made.id in state.attachments


async def test_links_are_attachments_without_content(provider: AsanaProvider, task: PMTask) -> None:
    body = {
        "parent": task.id,
        "resource_subtype": "external",
        "name": "Spec",
        "url": "https://example.com/spec",
    }
    await provider.request("POST", "attachments", json={"data": body})
    (found,) = await provider.list_attachments(task.id)
    assert (found.file_name, found.url) == ("Spec", "https://example.com/spec")
    assert (found.size_bytes, found.content_type) == (None, None)
    with pytest.raises(UnsupportedError, match="link"):
        await provider.download_attachment(found.id)
    assert await provider.delete_attachment(found.id) is True


# time


async def test_time_entries(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    late = await provider.create_time_entry(PMTimeEntry("", task.id, 1.25, DAY, comment="late"))
    early = await provider.create_time_entry(PMTimeEntry("", task.id, 0.5, date(2026, 3, 2)))
    other = await _another(provider, site)
    assert (late.hours, late.spent_on, late.comment, late.user_id) == (1.25, DAY, "late", site.me)
    assert (late.project_id, late.task_id, late.warnings) == (site.project, task.id, ())
    assert await provider.list_time_entries(task.id) == [early, late]
    assert await provider.list_time_entries(project_id=site.project) == [early, late]
    assert await provider.list_time_entries() == [early, late]
    assert await provider.list_time_entries(task.id, limit=1) == [early]
    assert await provider.list_time_entries(task.id, project_id=site.new_project("Venus")) == []
    assert await provider.list_time_entries(other.id) == []
    changed = await provider.update_time_entry(
        late.id, {"hours": 2.0, "comment": None, "spent_on": date(2026, 3, 1)}
    )
    assert changed == replace(late, hours=2.0, comment=None, spent_on=date(2026, 3, 1))
    assert [await provider.delete_time_entry(late.id) for _ in range(2)] == [True, False]
    assert await provider.list_time_entries(task.id) == [early]


async def test_all_time_is_asked_for_with_a_date(site: Site, provider: AsanaProvider) -> None:
    """A workspace alone is refused ([spec] GET /time_tracking_entries)."""
    await provider.list_time_entries()
    (sent,) = site.box.log.select("GET", "/time_tracking_entries$")
    assert "entered_on_start_date=1970-01-01" in sent.query
    with pytest.raises(ValidationError, match="entered_on_start_date"):
        await provider.request("GET", "time_tracking_entries", params={"workspace": site.workspace})


async def test_time_of_subtasks_counts_for_their_project(
    site: Site, provider: AsanaProvider, task: PMTask
) -> None:
    child = await provider.create_task(PMTask(title="c", project_id=site.project, parent_task_id=task.id))
    made = await provider.create_time_entry(PMTimeEntry("", child.id, 1.0, DAY))
    assert made.project_id == site.project
    assert await provider.list_time_entries(project_id=site.project) == [made]


async def test_time_is_ones_own(
    site: Site, provider: AsanaProvider, mias: AsanaProvider, mia: str, task: PMTask
) -> None:
    before = site.count("POST", "time")
    with pytest.raises(ValidationError) as caught:
        await provider.create_time_entry(PMTimeEntry("", task.id, 1.0, DAY, user_id=mia))
    assert list(caught.value.fields) == ["user_id"]
    assert site.count("POST", "time") == before
    made = await provider.create_time_entry(PMTimeEntry("", task.id, 1.0, DAY, user_id=site.me))
    with pytest.raises(PermissionDeniedError):
        await mias.update_time_entry(made.id, {"hours": 2.0})
    with pytest.raises(PermissionDeniedError):
        await mias.delete_time_entry(made.id)


async def test_wrong_time(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    before = len(site.box.log)
    with pytest.raises(ValidationError) as caught:
        await provider.create_time_entry(PMTimeEntry("", task.id, 0.001, DAY))
    assert list(caught.value.fields) == ["hours"]
    assert len(site.box.log) == before
    with pytest.raises((ValidationError, NotFoundError)):
        await provider.create_time_entry(PMTimeEntry("", MISSING, 1.0, DAY))
    with pytest.raises(NotFoundError):
        await provider.list_time_entries(MISSING)
    with pytest.raises(NotFoundError):
        await provider.list_time_entries(project_id=MISSING)
    with pytest.raises(NotFoundError):
        await provider.update_time_entry(MISSING, {"hours": 1.0})
    with pytest.raises(NotFoundError):
        await provider.update_time_entry("x", {"hours": 1.0})
    assert await provider.delete_time_entry("x") is False


async def test_a_third_of_an_hour_is_said_in_minutes(provider: AsanaProvider, task: PMTask) -> None:
    made = await provider.create_time_entry(PMTimeEntry("", task.id, 0.33, DAY))
    assert made.hours == pytest.approx(20 / 60)
    assert [one.field for one in made.warnings] == ["hours"]


async def test_time_entries_stay_on_their_task(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    made = await provider.create_time_entry(PMTimeEntry("", task.id, 1.0, DAY))
    with pytest.raises(ValidationError, match="another task") as caught:
        await provider.update_time_entry(
            made.id, {"task_id": (await _another(provider, site)).id, "hours": 3.0}
        )
    assert caught.value.fields.keys() == {"task_id"}
    assert await provider.update_time_entry(made.id, {"task_id": task.id}) == made
    same = await provider.update_time_entry(made.id, {"task_id": task.id, "hours": 3.0})
    assert same == replace(made, hours=3.0)


async def test_activities_are_categories(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    for name in ("Development", "Old"):
        body = {"workspace": site.workspace, "name": name}
        await provider.request("POST", "time_tracking_categories", json={"data": body})
    old = next(one for one in site.box.state.categories if one.name == "Old")
    await provider.request("PUT", f"time_tracking_categories/{old.id}", json={"data": {"is_archived": True}})
    made = await provider.create_time_entry(PMTimeEntry("", task.id, 1.0, DAY, activity=" development "))
    assert (made.activity, made.warnings) == ("Development", ())
    assert await provider.list_time_entries(task.id) == [made]
    assert (await provider.update_time_entry(made.id, {"activity": None})).activity is None
    for name in ("Old", "Nothing"):
        with pytest.raises(ValidationError) as caught:
            await provider.update_time_entry(made.id, {"activity": name, "hours": 5.0})
        assert "Development" in caught.value.fields["activity"]
    assert (await provider.list_time_entries(task.id))[0].hours == 1.0


async def test_time_on_the_free_plan() -> None:
    site = Site(plan="free")
    async with site.provider() as provider:
        task = await _another(provider, site)
        with pytest.raises(UnsupportedError):
            await provider.list_time_entries(task.id)


# members


async def test_members(site: Site, provider: AsanaProvider, mia: str) -> None:
    before = await provider.list_memberships(site.project)
    made = await provider.create_membership(PMMembership("", site.project, mia, roles=[" EDITOR ", "editor"]))
    assert (made.project_id, made.user_id, made.roles, made.warnings) == (site.project, mia, ["editor"], ())
    assert await provider.list_memberships(site.project) == [*before, made]
    assert await provider.list_memberships(site.project, limit=1) == before[:1]
    changed = await provider.update_membership(made.id, {"roles": ["commenter"]})
    assert changed == replace(made, roles=["commenter"])
    assert (await provider.list_memberships(site.project))[-1] == changed
    assert [await provider.delete_membership(made.id) for _ in range(2)] == [True, False]
    assert await provider.list_memberships(site.project) == before


async def test_a_member_has_one_role(site: Site, provider: AsanaProvider, mia: str) -> None:
    """Of several the strongest holds, and that is said."""
    made = await provider.create_membership(
        PMMembership("", site.project, "mia@example.com", roles=["viewer", "editor"])
    )
    assert (made.user_id, made.roles) == (mia, ["editor"])
    assert [one.field for one in made.warnings] == ["roles"]


async def test_teams_are_members(site: Site, provider: AsanaProvider) -> None:
    team = add_team(site.box.state, site.workspace, "Pilots", site.me).id
    made = await provider.create_membership(PMMembership("", site.project, team, roles=["commenter"]))
    assert (made.user_id, made.roles) == (team, ["commenter"])


async def test_wrong_members(site: Site, provider: AsanaProvider, mia: str) -> None:
    made = await provider.create_membership(PMMembership("", site.project, mia, roles=["editor"]))
    before = site.count("POST", "memberships")
    with pytest.raises(ConflictError, match=made.id):
        await provider.create_membership(PMMembership("", site.project, mia, roles=["admin"]))
    refused: dict[str, PMMembership] = {
        "user_id": PMMembership("", site.project, MISSING, roles=["editor"]),
        "project_id": PMMembership("", MISSING, mia, roles=["editor"]),
        "roles": PMMembership("", site.project, mia, roles=["editor", "owner"]),
    }
    for name, one in refused.items():
        with pytest.raises(ValidationError) as caught:
            await provider.create_membership(one)
        assert list(caught.value.fields) == [name]
    assert "commenter" in caught.value.fields["roles"]
    assert site.count("POST", "memberships") == before
    assert (await provider.list_memberships(site.project))[-1] == made
    with pytest.raises(NotFoundError):
        await provider.update_membership(MISSING, {"roles": ["editor"]})
    with pytest.raises(NotFoundError):
        await provider.list_memberships(MISSING)
    assert await provider.delete_membership("x") is False


# followers


async def test_watchers(site: Site, provider: AsanaProvider, mia: str, task: PMTask) -> None:
    before = [one.id for one in await provider.list_watchers(task.id)]
    assert mia not in before
    assert [await provider.add_watcher(task.id, mia) for _ in range(2)] == [True, False]
    found = await provider.list_watchers(task.id)
    assert [(one.id, one.name) for one in found if one.id == mia] == [(mia, "Mia Sand")]
    assert await provider.add_watcher(task.id, "mia@example.com") is False
    assert [await provider.remove_watcher(task.id, mia) for _ in range(2)] == [True, False]
    assert [one.id for one in await provider.list_watchers(task.id)] == before
    for nobody in (MISSING, "nobody@example.com"):
        with pytest.raises(ValidationError) as caught:
            await provider.add_watcher(task.id, nobody)
        assert list(caught.value.fields) == ["user_id"]
        assert await provider.remove_watcher(task.id, nobody) is False
    for attempt in (
        provider.list_watchers(MISSING),
        provider.add_watcher(MISSING, mia),
        provider.remove_watcher(MISSING, mia),
    ):
        with pytest.raises(NotFoundError):
            await attempt
