"""Settings, credentials, errors, quotas and lost answers."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import PMTask
from pm_providers.contract import config_from_settings
from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    RateLimitedError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.clickup import ClickUpProvider
from pm_providers.providers.clickup.config import SETTINGS, read_options
from tests.providers.clickup.site import (
    HIDES,
    LIST,
    SPACE,
    TEAM,
    TOKEN,
    FakeTime,
    Scripted,
    answer,
    config,
    connected,
    fault,
    scripted,
    task,
)

CREATE = f"POST list/{LIST}/task"


# settings


def test_the_environment_of_the_issue_is_enough():
    made = config_from_settings("clickup", SETTINGS, {"CLICKUP_API_KEY": TOKEN, "CLICKUP_TEAM_ID": TEAM})
    options = read_options(made)
    assert (options.base_url, options.team_id, options.project_level) == (
        "https://api.clickup.com",
        TEAM,
        "space",
    )
    assert options.auth.headers() == {"Authorization": TOKEN}


@pytest.mark.parametrize("missing", ["CLICKUP_API_KEY", "CLICKUP_TEAM_ID"])
def test_a_missing_setting_is_named_with_an_example(missing):
    given = {"CLICKUP_API_KEY": TOKEN, "CLICKUP_TEAM_ID": TEAM}
    del given[missing]
    with pytest.raises(ConfigurationError, match=missing) as caught:
        config_from_settings("clickup", SETTINGS, given)
    assert caught.value.example


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("project_level", "team"),
        ("auth", "basic"),
        ("space_id", "Mars"),
        ("default_list", ""),
        ("default_list_ids", {"790": "Backlog"}),
        ("sprint_folder_ids", ["Sprints"]),
        ("sprint_folder_ids", "1"),
        ("sprint_folder", "Iterations"),
        ("sprint_membership", "both"),
        ("sprint_day_first", "yes"),
        ("concurrency", 0),
        ("workspace_id", "my team"),
        ("status_map", {"x": 1}),
    ],
)
def test_a_malformed_option_is_refused_before_anything_is_sent(option, value):
    with pytest.raises(ConfigurationError) as caught:
        ClickUpProvider(config(**{option: value}))
    assert caught.value.setting
    assert TOKEN not in str(caught.value)


def test_a_map_to_what_is_not_unified_is_refused():
    with pytest.raises(ConfigurationError, match="priority_map"):
        ClickUpProvider(config(priority_map={"urgent": "asap"}))


@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/v2", "/api/v3/"])
def test_an_address_may_end_where_the_api_begins(suffix):
    assert read_options(config(f"https://box.example/x{suffix}")).base_url == "https://box.example/x"


@pytest.mark.parametrize(
    ("token", "kind", "header"),
    [
        ("pk_1_A", "auto", "pk_1_A"),
        ("1_abc", "auto", "Bearer 1_abc"),
        ("1_abc", "personal", "1_abc"),
        ("pk_1_A", "oauth", "Bearer pk_1_A"),
    ],
)
async def test_personal_tokens_go_raw_and_others_as_bearers(token, kind, header):
    server = Scripted({})
    async with scripted(server, api_key=token, auth=kind) as provider:
        await provider.get_current_user()
    assert {one.headers["authorization"] for one in server.requests} == {header}
    assert all(token not in str(one.url) for one in server.requests)


async def test_the_secret_is_in_no_text():
    server = Scripted({"GET team": fault(f"token {TOKEN} is bad", "OAUTH_019", 401)})
    provider = scripted(server)
    with pytest.raises(AuthenticationError) as caught:
        await provider.connect()
    for text in (str(caught.value), repr(provider), repr(provider.config), repr(read_options(config()))):
        assert TOKEN not in text


# what connecting finds out


async def test_a_workspace_out_of_reach_is_a_setting_to_correct():
    server = Scripted({"GET team": {"teams": [{"id": "1", "name": "x", "members": []}]}})
    with pytest.raises(ConfigurationError, match="CLICKUP_TEAM_ID") as caught:
        await scripted(server).connect()
    assert caught.value.setting == "CLICKUP_TEAM_ID"


async def test_no_api_at_the_address_is_a_setting_to_correct():
    server = Scripted({"GET user": httpx2.Response(404, text="<html>nothing</html>")})
    with pytest.raises(ConfigurationError, match="CLICKUP_URL"):
        await scripted(server).connect()


async def test_connecting_takes_three_small_requests_and_every_call_says_it_is_json():
    server = Scripted({})
    async with scripted(server) as provider:
        assert server.calls == ["GET user", "GET team", f"GET team/{TEAM}/custom_item"]
        await provider.delete_task("86gone")
    assert {one.headers["content-type"] for one in server.requests} == {"application/json"}


# errors


async def test_401_of_a_missing_task_is_not_a_rejected_credential():
    server = Scripted({})
    provider = await connected(server)
    assert await provider.get_task("86gone") is None
    assert await provider.delete_task("86gone") is False
    with pytest.raises(NotFoundError):
        await provider.update_task("86gone", {"title": "x"})


async def test_401_of_a_revoked_credential_is_one():
    time, server = FakeTime(), Scripted({})
    provider = await connected(server, timing=time.timing())
    server.set("GET user", fault("Oauth token not found", "OAUTH_018", 401))
    server.set("GET task/86abc", fault(*HIDES))
    time.now += 61
    with pytest.raises(AuthenticationError):
        await provider.get_task("86abc")
    assert server.calls == ["GET task/86abc", "GET user"]


async def test_the_second_look_at_the_credential_is_taken_once_a_minute():
    time, server = FakeTime(), Scripted({})
    provider = await connected(server, timing=time.timing())
    time.now += 61
    for _ in range(3):
        assert await provider.get_task("86gone") is None
    assert server.calls.count("GET user") == 1


@pytest.mark.parametrize(
    ("said", "kind", "field"),
    [
        (("Status does not exist", "ITEM_114", 400), ValidationError, "status"),
        (("Parent not child of list", "ITEM_137", 400), ValidationError, "parent_task_id"),
        (("Value must be an option index or uuid", "FIELD_011", 400), ValidationError, "custom_fields"),
        (("Task not found, deleted", "ITEM_013", 404), NotFoundError, None),
        (("Task not found, deleted", "ITEM_013", 400), NotFoundError, None),
        (("Team must be on enterprise plan", "TEAM_110", 403), UnsupportedError, None),
        (("You have reached the limit of your plan", "PAYWALL_1", 401), UnsupportedError, None),
        (("No access", "ACCESS_083", 403), PermissionDeniedError, None),
        (("Webhook configuration already exists", "OAUTH_171", 400), ConflictError, None),
        (("Internal", "ITEM_500", 500), ProviderError, None),
    ],
)
async def test_error_answers_mean_what_they_say(said, kind, field):
    server = Scripted({"PUT task/86abc": fault(*said)})
    provider = await connected(server)
    with pytest.raises(PMError) as caught:
        await provider.update_task("86abc", {"title": "x"})
    assert type(caught.value).__mro__.index(kind) <= 1
    assert caught.value.operation == "update_task"
    if field:
        assert list(caught.value.fields) == [field]
    else:
        assert said[0] in str(caught.value) or kind is NotFoundError


async def test_a_page_of_html_from_the_edge_is_an_error_of_the_provider():
    html = httpx2.Response(200, text="<html>hello</html>", headers={"content-type": "text/html"})
    server = Scripted({"GET task/86abc": html})
    provider = await connected(server)
    with pytest.raises(ProviderError):
        await provider.get_task("86abc")


@pytest.mark.parametrize("body", [{"tasks": None}, {"tasks": ["x"]}, {}, []])
async def test_a_list_that_is_none_breaks_the_contract(body):
    server = Scripted({f"GET team/{TEAM}/task": answer(body)})
    provider = await connected(server)
    with pytest.raises(ProviderError):
        await provider.list_tasks(SPACE)


# lost answers


async def test_a_creation_whose_answer_got_lost_is_never_repeated():
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("gone", request=request)

    server = Scripted({CREATE: lost})
    provider = await connected(server)
    with pytest.raises(PMError) as caught:
        await provider.create_task(PMTask(title="x", project_id=SPACE))
    assert caught.value.maybe_applied
    assert server.calls.count(CREATE) == 1


async def test_a_change_whose_answer_got_lost_is_repeated_and_a_500_is_not():
    time, tries = FakeTime(), []

    def flaky(request: httpx2.Request) -> httpx2.Response:
        tries.append(request)
        if len(tries) == 1:
            raise httpx2.ReadError("gone", request=request)
        return answer(task(name="y"))

    server = Scripted({"PUT task/86abc": flaky, "GET task/86abc": task(name="y")})
    provider = await connected(server, timing=time.timing())
    assert (await provider.update_task("86abc", {"title": "y"})).title == "y"
    assert len(tries) == 2
    server.set("PUT task/86abc", fault("Internal", "X", 500))
    server.requests.clear()
    with pytest.raises(ProviderError):
        await provider.update_task("86abc", {"title": "y"})
    assert server.calls == ["PUT task/86abc"]


@pytest.mark.parametrize("gone", [True, False])
async def test_a_delete_whose_answer_got_lost_is_looked_up(gone):
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("gone", request=request)

    server = Scripted({"DELETE task/86abc": lost} | ({} if gone else {"GET task/86abc": task()}))
    provider = await connected(server, timing=FakeTime().timing())
    if gone:
        assert await provider.delete_task("86abc") is True
    else:
        with pytest.raises(PMError) as caught:
            await provider.delete_task("86abc")
        assert caught.value.maybe_applied
    assert server.calls == ["DELETE task/86abc", "GET task/86abc"]


# quotas


def limited(remaining: int, reset_in: float, time: FakeTime) -> dict[str, str]:
    wall = 1_790_000_000.0 + time.now + reset_in
    return {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(int(wall)),
    }


async def test_429_waits_until_the_window_begins_anew():
    time, tries = FakeTime(), []

    def full(_request: httpx2.Request) -> httpx2.Response:
        tries.append(time.now)
        if len(tries) == 1:
            return answer({"err": "Rate limit reached", "ECODE": "APP_002"}, 429, **limited(0, 37, time))
        return answer(task())

    server = Scripted({"GET task/86abc": full})
    provider = await connected(server, timing=time.timing())
    assert await provider.get_task("86abc") is not None
    assert 36 <= tries[1] - tries[0] <= 40


async def test_a_creation_that_was_turned_away_is_sent_again():
    time, tries = FakeTime(), []

    def full(_request: httpx2.Request) -> httpx2.Response:
        tries.append(time.now)
        if len(tries) == 1:
            return answer({"err": "Rate limit reached", "ECODE": "APP_002"}, 429, **limited(0, 5, time))
        return answer(task())

    server = Scripted({CREATE: full})
    provider = await connected(server, timing=time.timing())
    assert (await provider.create_task(PMTask(title="x", project_id=SPACE))).id == "86abc"
    assert len(tries) == 2


async def test_a_window_that_is_used_up_is_not_run_into():
    time, at = FakeTime(), []

    def told(_request: httpx2.Request) -> httpx2.Response:
        at.append(time.now)
        return answer(task(), **limited(0 if len(at) == 1 else 99, 20, time))

    server = Scripted({"GET task/86abc": told})
    provider = await connected(server, timing=time.timing())
    await provider.get_task("86abc")
    await provider.get_task("86abc")
    assert at[1] - at[0] >= 19
    report = await provider.check_health()
    assert (report.quota_limit, report.quota_remaining) == (100, 99)


async def test_a_wait_that_is_too_long_is_refused_at_once():
    time = FakeTime()
    full = answer({"err": "Rate limit reached", "ECODE": "APP_002"}, 429, **limited(0, 50, time))
    server = Scripted({"GET task/86abc": full})
    provider = await connected(server, timing=time.timing(), max_wait_s=10.0)
    with pytest.raises(RateLimitedError) as caught:
        await provider.get_task("86abc")
    assert 45 <= (caught.value.retry_after_s or 0) <= 51
    assert server.calls == ["GET task/86abc"]


# the raw call


async def test_the_raw_call_is_below_v2_and_sends_no_credential_of_the_caller():
    server = Scripted(
        {"GET team/9015/plan": {"plan_id": 3}, "GET /api/v3/workspaces/9015/docs": {"docs": []}}
    )
    provider = await connected(server)
    found = await provider.request("GET", f"team/{TEAM}/plan")
    assert found.data == {"plan_id": 3}
    assert (await provider.request("GET", f"api/v3/workspaces/{TEAM}/docs")).status == 200
    with pytest.raises(ValidationError):
        await provider.request("GET", "user", headers={"Authorization": "x"})
