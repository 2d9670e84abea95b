"""Settings: what is missing or malformed is refused by name, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers import PMProviderConfig
from pm_providers.errors import ConfigurationError, UnsupportedError
from pm_providers.model import Entity
from pm_providers.providers.asana.config import SETTINGS, read_options
from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.site import WORKSPACE, Scripted, Site, config, scripted


def test_least_that_is_needed() -> None:
    options = read_options(PMProviderConfig("asana", api_token="secret", workspace_id="42"))
    assert options.base_url == "https://app.asana.com"
    assert (options.workspace, options.page_size, options.requests_per_minute) == ("42", 100, 1500)
    assert (options.status_source, options.sprint_mode, options.priority_field) == (
        "section",
        "project",
        "Priority",
    )


@pytest.mark.parametrize(
    "url", ["https://x.example.com", "https://x.example.com/api/1.0/", "https://x.example.com/"]
)
def test_address_with_and_without_the_root(url: str) -> None:
    assert read_options(config(base_url=url)).base_url == "https://x.example.com"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"api_token": ""}, "ASANA_ACCESS_TOKEN"),
        ({"workspace_id": " "}, "ASANA_WORKSPACE_ID"),
        ({"workspace_id": "my team"}, "ASANA_WORKSPACE_ID"),
        ({"team_id": "x"}, "ASANA_TEAM_ID"),
        ({"page_size": 101}, "page_size"),
        ({"concurrency": 0}, "concurrency"),
        ({"requests_per_minute": "many"}, "requests_per_minute"),
        ({"status_source": "custom_field:"}, "status_source"),
        ({"status_source": "label"}, "status_source"),
        ({"sprint_mode": "portfolio"}, "sprint_mode"),
        ({"sprint_portfolio": "x"}, "sprint_portfolio"),
        ({"new_sections": "To do"}, "new_sections"),
        ({"new_sections": [""]}, "new_sections"),
        ({"attach_fields": "yes"}, "attach_fields"),
        ({"status_map": {"a": 1}}, "status_map"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        read_options(config(**given))
    assert failed.value.setting == named
    assert failed.value.example
    assert "secret" not in str(failed.value)


def test_settings_hide_only_the_token() -> None:
    assert [one.env for one in SETTINGS if one.secret] == ["ASANA_ACCESS_TOKEN"]
    assert [one.env for one in SETTINGS if one.required] == ["ASANA_ACCESS_TOKEN", "ASANA_WORKSPACE_ID"]
    provider = AsanaProvider(config(api_token="hidden-token"))
    assert "hidden-token" not in repr(provider)
    assert WORKSPACE in repr(provider)


async def test_a_workspace_that_is_not_ours_is_refused() -> None:
    me = {
        "data": {
            "gid": "9",
            "name": "Ada",
            "email": "a@example.com",
            "workspaces": [{"gid": "7"}, {"gid": "8"}],
        }
    }
    with pytest.raises(ConfigurationError, match="7, 8") as failed:
        await scripted(Scripted({"GET /users/me": me})).connect()
    assert failed.value.setting == "ASANA_WORKSPACE_ID"


async def test_no_api_at_the_address() -> None:
    with pytest.raises(ConfigurationError) as failed:
        await scripted(Scripted({})).connect()
    assert failed.value.setting == "ASANA_URL"


async def test_sprints_can_be_switched_off() -> None:
    site = Site()
    async with site.provider(sprint_mode="none") as provider:
        with pytest.raises(UnsupportedError, match="switched off"):
            await provider.list_sprints()
        assert not provider.capabilities.field(Entity.TASK, "sprint_id").is_supported
        assert "sprints" not in provider.capabilities.conventions


async def test_fields_of_conventions_can_be_switched_off() -> None:
    provider = AsanaProvider(config(priority_field="", points_field=""))
    assert not provider.capabilities.field(Entity.TASK, "priority").is_supported
    assert not provider.capabilities.field(Entity.TASK, "story_points").is_supported
    assert provider.capabilities.field(Entity.TASK, "estimated_hours").is_writable


async def test_health_tells_who_and_where() -> None:
    site = Site()
    async with site.provider() as provider:
        health = await provider.check_health()
    assert health.ok
    assert health.user is not None
    assert health.user.id == site.me
    assert health.details["workspace"] == site.workspace
