"""Settings: one clear error that names what is wrong, and nothing is sent before a call."""

from __future__ import annotations

import base64

import httpx2
import pytest

from pm_providers import (
    AuthenticationError,
    ConfigurationError,
    OpenProjectProvider,
    PMProviderConfig,
    PMTask,
)
from pm_providers.contract import config_from_settings
from pm_providers.providers.openproject.config import SETTINGS, read_options
from tests.providers.openproject.support import KEY, ME, Pause, World, config, connected, recorded


@pytest.mark.parametrize("missing", ["OPENPROJECT_URL", "OPENPROJECT_API_KEY"])
def test_a_missing_variable_is_named_with_an_example(missing):
    variables = {"OPENPROJECT_URL": "https://op.example", "OPENPROJECT_API_KEY": KEY}
    del variables[missing]
    with pytest.raises(ConfigurationError, match=f"{missing}=") as caught:
        config_from_settings("openproject", SETTINGS, variables)
    assert caught.value.setting == missing
    assert caught.value.example


@pytest.mark.parametrize(
    ("made", "setting"),
    [
        (PMProviderConfig(provider_type="openproject", api_key=KEY), "OPENPROJECT_URL"),
        (PMProviderConfig(provider_type="openproject", base_url=" ", api_key=KEY), "OPENPROJECT_URL"),
        (config("op.example.com"), "OPENPROJECT_URL"),
        (config("https://user:pw@op.example.com"), "OPENPROJECT_URL"),
        (config("ftp://op.example.com"), "OPENPROJECT_URL"),
        (PMProviderConfig(provider_type="openproject", base_url="https://x.example"), "OPENPROJECT_API_KEY"),
        (config(key="with\nbreak"), "OPENPROJECT_API_KEY"),
        (config(sprint_source="milestone"), "OPENPROJECT_SPRINT_SOURCE"),
        (config(page_size=0), "page_size"),
        (config(page_size="many"), "page_size"),
        (config(concurrency=True), "concurrency"),
        (config(notify="yes"), "notify"),
        (config(status_map=["x"]), "status_map"),
        (config(auth_scheme="digest"), "auth_scheme"),
        (config(timeout_s=0), "timeout_s"),
    ],
)
def test_malformed_settings(made, setting):
    with pytest.raises(ConfigurationError) as caught:
        OpenProjectProvider(made)
    assert caught.value.setting == setting
    assert caught.value.example
    assert "pw" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://op.example/", "https://op.example"),
        ("https://op.example/api/v3/", "https://op.example"),
        ("https://op.example/projects/op", "https://op.example/projects/op"),
    ],
)
def test_the_api_path_may_be_part_of_the_url(given, used):
    assert read_options(config(given)).base_url == used


def test_constructing_sends_nothing_and_shows_no_secret():
    sent = []
    provider = OpenProjectProvider(config(), transport=httpx2.MockTransport(sent.append))
    assert sent == []
    assert repr(provider) == "OpenProjectProvider(https://openproject.example)"
    assert KEY not in repr(provider.config)


async def test_the_key_travels_as_basic_apikey():
    """Recorded 01-…: the user name is the literal apikey; another one is 401."""
    seen = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["authorization"])
        return httpx2.Response(200, json=recorded("01-", 7)["response"]["body"])

    provider = OpenProjectProvider(config(), transport=httpx2.MockTransport(handle))
    await provider.get_current_user()
    assert set(seen) == {"Basic " + base64.b64encode(f"apikey:{KEY}".encode()).decode()}
    await provider.aclose()


async def test_answers_to_nobody_are_an_authentication_error():
    """The trap: 200 with public data for a credential that is not understood (recorded 01-…: step 6)."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        step = recorded("01-", 6 if request.url.path.endswith("/users/me") else 21)
        return httpx2.Response(200, json=step["response"]["body"])

    provider = OpenProjectProvider(config(), transport=httpx2.MockTransport(handle))
    for call in (provider.list_projects, provider.get_current_user, provider.connect):
        with pytest.raises(AuthenticationError, match="Anonymous"):
            await call()
    assert await provider.health_check() is False
    await provider.aclose()


async def test_a_wrong_key_is_an_authentication_error():
    world = World()
    provider = OpenProjectProvider(config(world.box.base_url, "wrong-key"), transport=world.box.transport())
    with pytest.raises(AuthenticationError) as caught:
        await provider.list_projects()
    assert (caught.value.provider, caught.value.operation) == ("openproject", "list_projects")
    assert "wrong-key" not in str(caught.value)
    await provider.aclose()


async def test_health():
    world = World()
    async with connected(world.box) as provider:
        report = await provider.check_health()
    assert report.ok
    assert report.version.startswith("17.6")
    assert report.user.username == "admin"
    assert report.latency_ms >= 0
    async with connected(world.box, "ann") as provider:
        assert (await provider.check_health()).version is None, "only administrators are told"


@pytest.mark.parametrize("version", ["13.0", "14.0", "15.4", "16.1", "17.0", "17.6"])
async def test_every_version_connects(version):
    world = World(version)
    async with connected(world.box, sprint_source="auto") as provider:
        assert [one.key for one in await provider.list_projects()] == ["main", "other", "child"]
        assert provider.capabilities.limits.attachment_bytes == 5242880
        assert provider.capabilities.supports("create_sprint")


async def test_sprints_are_written_unless_they_are_native_ones_only():
    world = World()
    for source, able in (("auto", True), ("version", True), ("sprint", False)):
        async with connected(world.box, sprint_source=source) as provider:
            for name in ("create_sprint", "update_sprint", "delete_sprint"):
                assert provider.capabilities.supports(name) == able
                found = provider.capabilities.operation(name)
                assert "native sprints (17.3+)" in found.note


async def test_options_reach_the_requests():
    world = World()
    async with connected(world.box, page_size=2, concurrency=3, notify=True, raw_data=False) as provider:
        assert (provider.capabilities.limits.page_size, provider.capabilities.limits.concurrency) == (2, 3)
        projects = await provider.list_projects()
        assert [one.raw_data for one in projects] == [None, None, None]
        world.box.log.clear()
        await provider.create_task(PMTask(title="Loud", project_id=world.main))
        assert "notify" not in world.box.log.select("POST", "/work_packages$")[0].query


async def test_maps_override_what_statuses_and_priorities_mean():
    world = World()
    options = {"status_map": {"Tested": "completed"}, "priority_map": {"immediate": "high"},
               "project_status_map": {"off_track": "on_hold"}}  # fmt: skip
    async with connected(world.box, **options) as provider:
        assert {one.name: one.status for one in await provider.list_statuses()}["Tested"] == "completed"
        assert {one.name: one.priority for one in await provider.list_priorities()}["Immediate"] == "high"
        project = await provider.update_project(world.main, {"status": "off_track"})
        assert (project.status, project.status_name, project.warnings) == ("on_hold", "Off track", ())
    async with connected(world.box, status_map={"New": "nonsense"}) as provider:
        with pytest.raises(ConfigurationError, match="status_map"):
            await provider.list_statuses()


async def test_nobody_else_is_asked_twice_who_we_are():
    calls = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.url.path)
        if request.url.path.endswith("/users/me"):
            return httpx2.Response(200, json=ME)
        return httpx2.Response(
            200, json={"_type": "Collection", "total": 0, "count": 0, "_embedded": {"elements": []}}
        )

    provider = OpenProjectProvider(config(), transport=httpx2.MockTransport(handle), timing=Pause().timing())
    await provider.list_statuses()
    await provider.list_statuses()
    await provider.aclose()
    assert calls.count("/api/v3/users/me") == 1
    assert calls.count("/api/v3/statuses") == 2, "what there is to choose from is asked anew"
