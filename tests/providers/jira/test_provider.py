"""The parts of the provider fit together."""

from __future__ import annotations

import inspect
from itertools import combinations

import pytest

from pm_providers import PermissionDeniedError, PMProject, PMTask, ValidationError
from pm_providers.contract import OPERATIONS, BasePMProvider
from pm_providers.providers.jira.capabilities import CAPABILITIES
from pm_providers.providers.jira.provider import JiraProvider
from tests.providers.jira.site import Scripted, Site, answer, scripted

_OWN = [one for one in JiraProvider.__mro__ if one.__module__.startswith("pm_providers.providers.jira.")]


def test_no_two_parts_define_the_same_name() -> None:
    for one, other in combinations(_OWN, 2):
        if issubclass(one, other) or issubclass(other, one):
            continue
        shared = {name for name in set(vars(one)) & set(vars(other)) if not name.startswith("__")}
        assert not shared, f"{one.__name__} and {other.__name__} both define {shared}"


def test_what_is_declared_is_written_and_what_is_written_is_declared() -> None:
    for name in OPERATIONS:
        verb, _, kind = name.partition("_")
        paged = verb == "list" and hasattr(BasePMProvider, f"_iter_{kind}")
        hook = f"_iter_{kind}" if paged else f"_{name}"
        if not hasattr(BasePMProvider, hook):
            continue
        written = getattr(JiraProvider, hook) is not getattr(BasePMProvider, hook)
        if name in {"create_tasks", "update_tasks", "delete_tasks"}:
            assert written
        else:
            assert written == CAPABILITIES.supports(name), name


def test_public_methods_of_its_own_are_few_and_described() -> None:
    own = {
        name
        for one in _OWN
        for name, value in vars(one).items()
        if inspect.isfunction(value) and not name.startswith("_") and not hasattr(BasePMProvider, name)
    }
    assert own == {"search_jql"}


async def test_the_raw_call_knows_the_root_of_the_deployment(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_task(PMTask(title="x", project_id="ED"))
    for path in (f"issue/{made.id}", f"rest/api/3/issue/{made.id}", f"/rest/api/2/issue/{made.id}"):
        assert (await provider.request("GET", path, params={"fields": "summary"})).data["id"] == made.id
    with pytest.raises(ValidationError, match="cannot be set"):
        await provider.request("GET", "myself", headers={"Authorization": "Basic x"})


async def test_a_project_that_cannot_be_archived_is_there_all_the_same() -> None:
    """Archiving needs a paid plan: whoever creates it again would make two."""
    refusal = answer({"errorMessages": ["Archiving projects is a paid feature."], "errors": {}}, 403)
    server = Scripted({
        "POST /rest/api/3/project": answer({"id": 5, "key": "ED"}, 201),
        "POST /rest/api/3/project/5/archive": refusal,
    })  # fmt: skip
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError) as caught:
            await provider.create_project(PMProject(name="Old", status="archived"))
    assert caught.value.maybe_applied
    assert not server.requests[-1].content
