"""What the site offers to choose from."""

from __future__ import annotations

import pytest

from pm_providers import NotFoundError, PMTask
from pm_providers.providers.jira.provider import JiraProvider
from tests.providers.jira.site import Scripted, Site, scripted

API = "/rest/api/3"


async def test_transitions_name_what_they_require(site: Site, provider: JiraProvider) -> None:
    task = await provider.create_task(PMTask(title="t", project_id=site.ed))
    found = {one.name: one for one in await provider.list_transitions(task.key or "")}
    assert found["Start work"].to_status.status == "in_progress"
    assert found["Start work"].required_fields == ()
    assert "Resolution" in {name for one in found.values() for name in one.required_fields}
    for missing in ("999999", "../x"):
        with pytest.raises(NotFoundError):
            await provider.list_transitions(missing)


async def test_statuses_and_types_differ_by_project(site: Site, provider: JiraProvider) -> None:
    here = {one.id for one in await provider.list_statuses(site.ed)}
    everywhere = {one.id for one in await provider.list_statuses()}
    assert here < everywhere
    types = await provider.list_types("ED")
    assert [one.name for one in types if one.is_default] == ["Task"]
    assert {one.id for one in types} <= {one.id for one in await provider.list_types()}


async def test_fields_of_a_project_tell_their_values(site: Site, provider: JiraProvider) -> None:
    """System fields first, then custom ones; screens tell what is required and what may be chosen."""
    fields = await provider.list_fields(site.ed)
    flags = [one.is_custom for one in fields]
    assert flags == sorted(flags)
    known = {one.id: one for one in fields}
    assert known["summary"].is_required
    assert known["priority"].allowed_values
    assert not known["created"].is_writable
    severity = next(one for one in fields if one.name == "Severity")
    assert (severity.type, severity.is_writable, len(severity.allowed_values) > 1) == ("choice", True, True)
    assert {one.type for one in fields if one.name == "Sprint"} == {"sprint"}
    bare = {one.id: one for one in await provider.list_fields()}
    assert set(known) <= set(bare)
    assert bare[severity.id].allowed_values == ()


async def test_what_does_not_exist_has_nothing_to_choose_from(provider: JiraProvider) -> None:
    for operation in (provider.list_statuses, provider.list_types, provider.list_fields):
        with pytest.raises(NotFoundError):
            await operation("999999")


async def test_fields_of_one_name_are_told_apart() -> None:
    def field(one: str, **more: object) -> dict[str, object]:
        return {"id": one, "name": "Team", "schema": {"type": "string", "custom": "x:text"}, **more}

    other = {"scope": {"type": "PROJECT", "project": {"id": "6"}}}
    server = Scripted({
        f"GET {API}/field": [field("customfield_1"), field("customfield_2"), field("customfield_3", **other)],
        f"GET {API}/project/5": {"id": "5", "key": "ED", "name": "n"},
        f"GET {API}/issuetype/project": [],
    })  # fmt: skip
    async with scripted(server) as provider:
        found = await provider.list_fields("5")
    assert [(one.id, one.name) for one in found if one.is_custom] == [
        ("customfield_1", "Team"),
        ("customfield_2", "Team (customfield_2)"),
    ]
