"""Settings, and the credentials that are made of them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from pm_providers import AuthenticationError, ConfigurationError, PMTask
from pm_providers.contract import config_from_settings
from pm_providers.providers.jira.config import SETTINGS, read_options
from pm_providers.providers.jira.oauth import OAuth, OAuthTokens
from pm_providers.providers.jira.provider import JIRAProvider, JiraProvider
from pm_providers.sandbox.jira.oauth import CLIENT_ID, CLIENT_SECRET
from tests.providers.jira.site import MIA, FakeTime, Scripted, Site, answer, config, scripted

SCOPES = ("read:jira-work", "write:jira-work", "read:jira-user")


# settings


def test_both_spellings_are_one_provider() -> None:
    assert JIRAProvider is JiraProvider


def test_the_environment_makes_a_configuration() -> None:
    environment = {
        "JIRA_URL": "https://site.atlassian.net/",
        "JIRA_USERNAME": "ada@example.com",
        "JIRA_API_TOKEN": "token-1",
        "JIRA_PROJECT_KEY": "MARS",
        "JIRA_CLOUD_ID": "abc-1",
    }
    options = read_options(config_from_settings("jira", SETTINGS, environment))
    assert (options.base_url, options.api_url) == (
        "https://site.atlassian.net",
        "https://api.atlassian.com/ex/jira/abc-1",
    )
    assert (options.project_key, options.deployment) == ("MARS", "cloud")
    assert options.auth.headers()["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("missing", ["JIRA_URL", "JIRA_API_TOKEN"])
def test_what_is_missing_is_named(missing: str) -> None:
    given = {"JIRA_URL": "https://x.example", "JIRA_API_TOKEN": "t"}
    given.pop(missing)
    with pytest.raises(ConfigurationError, match=missing):
        config_from_settings("jira", SETTINGS, given)


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"auth": "magic"}, "auth"),
        ({"deployment": "moon"}, "deployment"),
        ({"cloud_id": "a/b"}, "JIRA_CLOUD_ID"),
        ({"project_key": "a b"}, "JIRA_PROJECT_KEY"),
        ({"board_ids": "1"}, "board_ids"),
        ({"page_size": 101}, "page_size"),
        ({"oauth": {"client_id": "x"}}, "oauth"),
        (
            {"oauth": {"client_id": "x", "client_secret": "y", "refresh_token": "z"}, "on_tokens": 3},
            "on_tokens",
        ),
        ({"auth": "basic", "username": ""}, "JIRA_USERNAME"),
        ({"username": "a:b"}, "JIRA_API_TOKEN"),
        ({"api_token": "tökén", "username": ""}, "JIRA_API_TOKEN"),
        (
            {"oauth": {"client_id": "x", "client_secret": "y", "refresh_token": "z"}, "token_url": "ftp://x"},
            "token_url",
        ),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], setting: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_options(config(**given))
    assert error.value.setting == setting


@pytest.mark.parametrize(
    ("given", "scheme"),
    [
        ({}, "Basic"),
        ({"username": ""}, "Bearer"),
        ({"auth": "bearer"}, "Bearer"),
        ({"auth": "oauth"}, "Bearer"),
    ],
)
def test_the_credential_travels_as_it_should(given: dict[str, Any], scheme: str) -> None:
    assert read_options(config(**given)).auth.headers()["Authorization"].startswith(f"{scheme} ")


def test_nothing_shows_a_secret() -> None:
    app = {"client_id": "id", "client_secret": "hidden-secret", "refresh_token": "hidden-refresh"}
    provider = JiraProvider(config(oauth=app, api_token="hidden-token"))
    shown = f"{provider!r} {provider.config!r} {provider._options.auth!r} {provider._options.auth.client!r}"  # type: ignore[attr-defined]
    assert "hidden" not in shown + repr(OAuthTokens("hidden", "hidden"))


# OAuth 2.0


def _oauth(site: Site, refresh: str, **given: Any) -> JiraProvider:
    url = f"{site.box.base_url}/oauth/token"
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": refresh}
    options = {
        "oauth": app,
        "token_url": url,
        "gateway_url": f"{site.box.base_url}/ex/jira",
        "cloud_id": site.box.state.settings["cloud_id"],
        "api_token": None,
        "username": None,
    }
    return JiraProvider(config(site.box.base_url, **{**options, **given}), transport=site.box.transport())


async def test_tokens_are_renewed_once_for_all_and_kept_before_they_are_used(site: Site) -> None:
    kept: list[OAuthTokens] = []

    async def keep(tokens: OAuthTokens) -> None:
        auth = provider._options.auth
        assert isinstance(auth, OAuth)
        assert auth.token != tokens.access_token
        await asyncio.sleep(0)
        kept.append(tokens)

    provider = _oauth(site, site.box.oauth.consent(MIA, *SCOPES), on_tokens=keep)
    async with provider:
        assert (await provider.get_current_user()).id == MIA
        await provider.create_task(PMTask(title="x", project_id="ED"))
        site.box.state.tokens.pop(kept[0].access_token)
        site.box.log.clear()
        found = await asyncio.gather(*(provider.get_task("ED-1") for _ in range(8)))
    assert all(one is not None and one.title == "x" for one in found)
    assert site.count("POST", "/oauth/token") == 1
    assert len(kept) == 2
    assert kept[0].refresh_token != kept[1].refresh_token


async def test_tokens_are_renewed_before_they_run_out(site: Site) -> None:
    time = FakeTime()
    provider = _oauth(site, site.box.oauth.consent(MIA, *SCOPES))
    provider._api._timing = time.timing()
    async with provider:
        time.now += 3500
        await provider.get_current_user()
        assert site.count("POST", "/oauth/token") == 1
        time.now += 50
        await provider.get_current_user()
        assert site.count("POST", "/oauth/token") == 2


async def test_tokens_that_could_not_be_kept_are_not_lost(site: Site) -> None:
    calls: list[OAuthTokens] = []

    def keep(tokens: OAuthTokens) -> None:
        calls.append(tokens)
        if len(calls) == 1:
            raise OSError("the disk is full")

    provider = _oauth(site, site.box.oauth.consent(MIA, *SCOPES), on_tokens=keep)
    with pytest.raises(OSError, match="full"):
        await provider.get_current_user()
    assert (await provider.get_current_user()).id == MIA
    assert calls[0] is calls[1]
    assert site.count("POST", "/oauth/token") == 1
    await provider.aclose()


async def test_a_dead_refresh_token_says_that_somebody_must_authorise_again(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AuthenticationError, match="renewed"):
        async with _oauth(site, "refresh-that-never-was"):
            pass
    assert "refresh-that-never-was" not in caplog.text
    assert CLIENT_SECRET not in caplog.text


async def test_missing_scopes_do_not_burn_tokens(site: Site) -> None:
    async with _oauth(site, site.box.oauth.consent(MIA, *SCOPES)) as provider:
        with pytest.raises(AuthenticationError, match="scope"):
            await provider._api.get("rest/agile/1.0/board")
    assert site.count("POST", "/oauth/token") == 1


async def test_a_token_without_an_app_is_not_renewed() -> None:
    server = Scripted({"GET /rest/api/3/myself": answer({}, 401)})
    with pytest.raises(AuthenticationError):
        async with scripted(server, auth="oauth"):
            pass
    assert server.asked("/rest/api/3/myself") == 1


async def test_an_answer_without_a_token_is_an_error() -> None:
    app = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
    server = Scripted({"POST /oauth/token": {"token_type": "Bearer"}})
    given = {"oauth": app, "token_url": "https://site.example.com/oauth/token", "api_token": None}
    with pytest.raises(Exception, match="access_token"):
        async with scripted(server, **given):
            pass


def test_the_name_of_a_credential_outlives_its_tokens() -> None:
    options = read_options(config(oauth={"client_id": "a", "client_secret": "b", "refresh_token": "c"}))
    assert isinstance(options.auth, OAuth)
    before = options.auth.fingerprint()
    options.auth._tokens = OAuthTokens("new", "newer")
    assert options.auth.fingerprint() == before
