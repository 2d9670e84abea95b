"""What a real server offers to choose from, as its administrator and as others see it."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import NotFoundError, UnsupportedError
from tests.providers.redmine.office import REPORTER, Faulty

pytestmark = pytest.mark.redmine

MISSING = "99999999"


async def test_statuses_priorities_and_trackers(provider, office, project):
    """The default data, with unified values."""
    statuses = {one.name: one for one in await provider.list_statuses(project)}
    assert (statuses["New"].is_default, statuses["New"].status) == (True, "todo")
    assert (statuses["Rejected"].is_closed, statuses["Rejected"].status) == (True, "cancelled")
    priorities = await provider.list_priorities()
    assert [one.name for one in priorities] == ["Low", "Normal", "High", "Urgent", "Immediate"]
    assert [one.name for one in priorities if one.is_default] == ["Normal"]
    bare = office.project(tracker_ids=[2])
    assert [one.name for one in await provider.list_types(bare)] == ["Feature"]
    assert [one.name for one in await provider.list_types()] == ["Bug", "Feature", "Support"]


async def test_transitions(provider, office, project, task):
    """Those of the workflow, for the role of the asker; the current status is none."""
    everything = [one.name for one in await provider.list_transitions(task)]
    assert "New" not in everything
    assert "In Progress" in everything
    closed = next(one for one in await provider.list_statuses() if one.name == "Closed")
    done = office.task(project)
    office.call("PUT", f"issues/{done}", {"issue": {"status_id": int(closed.id)}})
    async with office.provider(office.person(project, REPORTER)) as limited:
        assert "Closed" not in [one.name for one in await limited.list_transitions(done)]
        found = {one.id: one for one in await limited.list_transitions(task)}
        assert all(one.to_status.id == one.id for one in found.values())
    for wrong in (MISSING, "x"):
        with pytest.raises(NotFoundError):
            await provider.list_transitions(wrong)


async def test_transitions_of_older_versions(office, task):
    """Before 5.0 the issue comes without its next statuses: unsupported, not an empty list."""

    def old(request: httpx2.Request) -> httpx2.Response | None:
        if "/issues/" not in request.url.path:
            return None
        return httpx2.Response(200, json={"issue": office.issue(task)})

    async with office.provider(transport=Faulty(answer=old)) as provider:
        with pytest.raises(UnsupportedError, match=r"from version 5\.0 on"):
            await provider.list_transitions(task)


async def test_fields_as_administrator(provider, office, project):
    """With formats and values to choose from; the same before and after there is an issue."""
    before = {one.name: one for one in await provider.list_fields(project)}
    office.task(project)
    fields = await provider.list_fields(project)
    found = {one.name: one for one in fields}
    assert set(found) == set(before)
    assert [one.is_custom for one in fields] == sorted(one.is_custom for one in fields)
    assert found["Priority"].allowed_values == ("Low", "Normal", "High", "Urgent", "Immediate")
    assert found["Tracker"].allowed_values == ("Bug", "Feature", "Support")
    assert found["Subject"].is_required
    described = {
        one["name"]: one
        for one in office.call("GET", "custom_fields")["custom_fields"]
        if one["customized_type"] == "issue"
    }
    assert {one.name for one in fields if one.is_custom} == set(described)
    for name, one in described.items():
        assert found[name].raw_data == one
        assert found[name].is_multiple == one["multiple"]
    assert (found["Choices"].type, found["Choices"].allowed_values) == (
        "choice",
        ("Linux", "macOS", "Windows"),
    )
    assert (found["Key"].allowed_values, found["Whole number"].type) == (
        ("Small", "Medium", "Large"),
        "integer",
    )
    assert {one.id for one in fields if one.is_custom} == {
        one.id for one in await provider.list_fields() if one.is_custom
    }


async def test_fields_of_a_tracker_without_some(provider, office):
    """Standard fields that no tracker of the project has are not offered."""
    project = office.project(tracker_ids=[1])
    trackers = office.call("GET", "trackers")
    trackers["trackers"][0]["enabled_standard_fields"] = ["start_date"]

    def few(request: httpx2.Request) -> httpx2.Response | None:
        return httpx2.Response(200, json=trackers) if request.url.path.endswith("/trackers.json") else None

    async with office.provider(transport=Faulty(answer=few)) as narrow:
        own = [one.id for one in await narrow.list_fields(project) if not one.is_custom]
    assert own == [
        "project_id",
        "tracker_id",
        "subject",
        "status_id",
        "priority_id",
        "is_private",
        "start_date",
    ]


async def test_fields_as_somebody_else(office, project):
    """Names only: the formats are the administrators'. A category is a value to choose from.

    In a project without tasks, the tasks of others tell which fields there may be.
    """
    office.call("POST", f"projects/{project}/issue_categories", {"issue_category": {"name": "Backend"}})
    async with office.provider(office.person(project)) as limited:
        office.task(office.project())
        assert "Choices" in {one.name for one in await limited.list_fields(project) if one.is_custom}
        office.task(project)
        fields = await limited.list_fields(project)
        custom = [one for one in fields if one.is_custom]
        assert {one.type for one in custom} == {"text"}
        assert "Choices" in {one.name for one in custom}
        assert next(one for one in fields if one.id == "category_id").allowed_values == ("Backend",)
        assert {one.id for one in custom} <= {one.id for one in await limited.list_fields()}


@pytest.mark.parametrize("operation", ["list_statuses", "list_types", "list_fields"])
async def test_projects_that_do_not_exist(provider, operation):
    """An error, not everything."""
    for wrong in (MISSING, "no-such-project", "No Such"):
        with pytest.raises(NotFoundError):
            await getattr(provider, operation)(wrong)
