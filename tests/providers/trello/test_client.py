"""The client: credentials, quotas, errors in all their forms, lost answers, batches."""

from __future__ import annotations

import asyncio
import logging

import httpx2
import pytest

from pm_providers import PMProject, PMTask
from pm_providers.contract import PMProviderConfig
from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    RateLimitedError,
    TransportError,
    ValidationError,
)
from pm_providers.providers.trello import TrelloProvider
from pm_providers.providers.trello.client import route
from pm_providers.providers.trello.config import read_options
from pm_providers.providers.trello.quota import SharedKeyGate, key_gate, read_quota
from pm_providers.transport import LocalGate, Pace, RateState, Timing
from tests.providers.trello.world import BOARD, BUG, KEY, TOKEN, World


class FakeTime:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def timing(self) -> Timing:
        return Timing(monotonic=lambda: self.now, sleep=self._sleep, jitter=lambda low, high: high)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def _answers(world: World, *given: httpx2.Response, path: str = "", method: str = "") -> None:
    left = list(given)

    def answer(verb: str, address: str, _query: dict[str, str]) -> httpx2.Response | None:
        return left.pop(0) if left and path in address and method in ("", verb) else None

    world.override = answer


# credentials


async def test_the_credential_is_in_a_header_and_nowhere_else(
    world: World, provider: TrelloProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await provider.create_task(PMTask(title="x", project_id=BOARD))
    assert {one["authorization"] for one in world.headers} == {
        f'OAuth oauth_consumer_key="{KEY}", oauth_token="{world.token}"'
    }
    assert world.token not in str(world.sent) + str(world.bodies) + caplog.text + repr(provider)
    _answers(world, httpx2.Response(400, text=f"invalid value {world.token}"))
    with pytest.raises(PMError) as caught:
        await provider.get_project(BOARD)
    assert world.token not in str(caught.value)


async def test_bearer_tokens(world: World) -> None:
    async with world.provider(auth="oauth2"):
        assert world.headers[0]["authorization"] == f"Bearer {world.token}"


@pytest.mark.parametrize("text", ["invalid token", "invalid key", "expired token", ""])
async def test_bad_credentials(world: World, text: str) -> None:
    world.override = lambda *_: httpx2.Response(401, text=text)
    provider = world.provider()
    report = await provider.check_health()
    assert isinstance(report.error, AuthenticationError)
    with pytest.raises(AuthenticationError):
        await provider.list_projects()
    await provider.aclose()


async def test_not_every_401_is_a_bad_credential(world: World, provider: TrelloProvider) -> None:
    """A valid token without access to the object is answered 401, too."""
    _answers(world, httpx2.Response(401, text="unauthorized permission requested"), path="cards/")
    assert await provider.get_task(BUG) is None
    assert world.count("GET", "members/me") == 0
    _answers(world, httpx2.Response(401, text="unauthorized card"), path="cards/")
    assert await provider.get_task(BUG) is None
    assert world.count("GET", "members/me") == 1  # words that say nothing are checked, once
    _answers(world, httpx2.Response(401, text="unauthorized permission requested"), path="boards")
    with pytest.raises(NotFoundError):
        await provider.list_tasks(BOARD)


@pytest.mark.parametrize(
    ("change", "setting"),
    [({"api_key": None}, "TRELLO_API_KEY"), ({"api_key": "a b"}, "TRELLO_API_KEY"),
     ({"api_token": " "}, "TRELLO_TOKEN"), ({"api_token": 'a"b'}, "TRELLO_TOKEN"),
     ({"api_token": "ä"}, "TRELLO_TOKEN"), ({"organization_id": "a/b"}, "TRELLO_ORGANIZATION_ID"),
     ({"base_url": "ftp://x"}, "TRELLO_URL"),
     ({"additional_config": {"sprint_mode": "list"}}, "sprint_mode"),
     ({"additional_config": {"timezone": "Mars/Base"}}, "timezone"),
     ({"additional_config": {"timezone": "../etc"}}, "timezone"),
     ({"additional_config": {"priority_field": ""}}, "priority_field"),
     ({"additional_config": {"page_size": 1001}}, "page_size")],
)  # fmt: skip
def test_settings_that_are_wrong_are_named(change: dict[str, object], setting: str) -> None:
    given = {"api_key": KEY, "api_token": TOKEN} | change
    with pytest.raises(ConfigurationError) as caught:
        TrelloProvider(PMProviderConfig("trello", **given))  # type: ignore[arg-type]
    assert caught.value.setting == setting
    assert TOKEN not in str(caught.value)


def test_the_address_has_a_default() -> None:
    config = PMProviderConfig("trello", api_key=KEY, api_token=TOKEN)
    assert read_options(config).base_url == "https://api.trello.com"
    config.base_url = "http://127.0.0.1:1/1"
    assert read_options(config).base_url == "http://127.0.0.1:1"
    assert KEY not in repr(read_options(config).key_auth)


async def test_no_api_at_the_address(world: World) -> None:
    world.override = lambda *_: httpx2.Response(404, text="Cannot GET")
    provider = world.provider()
    with pytest.raises(ConfigurationError, match="TRELLO_URL"):
        await provider.connect()
    await provider.aclose()


# errors


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (httpx2.Response(400, text="invalid value for idList"), ValidationError, "invalid value for idList"),
        (httpx2.Response(400, json={"message": "bad", "error": "ERROR"}), ValidationError, "bad"),
        (httpx2.Response(403, text="the plan does not have it"), PermissionDeniedError, "the plan"),
        (httpx2.Response(404, text="The requested resource was not found."), NotFoundError, "not found"),
        (httpx2.Response(400, text="invalid id"), NotFoundError, "invalid id"),
        (httpx2.Response(500, text="<html><body>oops</body></html>"), ProviderError, "HTTP 500"),
    ],
)
async def test_errors_are_text_or_json(
    world: World, provider: TrelloProvider, answer: httpx2.Response, kind: type[PMError], text: str
) -> None:
    reads = kind is NotFoundError
    _answers(world, answer, method="GET" if reads else "PUT")
    with pytest.raises(kind, match=text) as caught:
        await (provider.list_statuses(BOARD) if reads else provider.update_project(BOARD, {"name": "x"}))
    assert "oops" not in str(caught.value)


async def test_refused_fields_have_our_names(world: World, provider: TrelloProvider) -> None:
    await provider.list_statuses(BOARD)
    _answers(world, httpx2.Response(400, text="invalid value for idList"))
    with pytest.raises(ValidationError) as caught:
        await provider.create_task(PMTask(title="x", project_id=BOARD))
    assert list(caught.value.fields) == ["status"]


# quotas


async def test_a_refusal_without_a_wait_is_waited_out(world: World) -> None:
    """No answer has Retry-After: a window of the quota is 10 seconds."""
    time = FakeTime()
    limit = {"error": "API_TOKEN_LIMIT_EXCEEDED", "message": "Rate limit exceeded"}
    async with world.provider(timing=time.timing()) as provider:
        _answers(world, *[httpx2.Response(429, json=limit) for _ in range(4)])
        assert await provider.get_project(BOARD) is not None
        assert sum(time.slept) >= 10


async def test_the_quota_of_members_is_fifteen_minutes(world: World) -> None:
    time = FakeTime()
    limit = {"error": "RATE_LIMIT_EXCEEDED", "message": "Exceeded rate limit to /1/member"}
    async with world.provider(timing=time.timing()) as provider:
        world.override = lambda *_: httpx2.Response(429, json=limit)
        with pytest.raises(RateLimitedError) as caught:
            await provider.get_user("ada")
        assert caught.value.retry_after_s == 900
        assert sum(time.slept) < 100
        world.override = lambda *_: None
        world.forget()
        with pytest.raises(RateLimitedError):
            await provider.get_user("ada")
        assert world.sent == []  # not even asked
        assert await provider.get_project(BOARD) is not None  # other addresses go on


async def test_too_many_cards_is_not_waited_for(world: World) -> None:
    time = FakeTime()
    body = {"error": "API_TOO_MANY_CARDS_REQUESTED", "message": "too many cards"}
    async with world.provider(timing=time.timing()) as provider:
        world.card()
        _answers(world, httpx2.Response(429, json=body))
        assert len(await provider.list_tasks(BOARD)) == 1
        assert time.slept == []


def test_quota_headers() -> None:
    headers = {
        "x-rate-limit-api-token-interval-ms": "10000",
        "x-rate-limit-api-token-max": "100",
        "x-rate-limit-api-token-remaining": "7",
        "x-rate-limit-api-key-max": "300",
        "x-rate-limit-api-key-remaining": "200",
        "x-rate-limit-api-key-interval-ms": "nonsense",
    }
    assert read_quota(headers, 0) == RateState(100, 7, 10.0)
    assert read_quota({}, 0) is None
    assert read_quota({"x-rate-limit-api-key-remaining": "-1"}, 0) is None


async def test_what_is_sent_stays_below_the_quota(world: World) -> None:
    time = FakeTime()
    async with world.provider(timing=time.timing(), pace="vendor") as provider:
        moments = []
        for _ in range(300):
            await provider.get_project(BOARD)
            moments.append(time.now)
    assert max(sum(1 for one in moments if at <= one < at + 10) for at in moments) <= 96
    assert moments[50] == moments[0]  # the burst
    assert moments[-1] - moments[0] <= 300 / 8.6


async def test_tokens_share_the_quota_of_their_key() -> None:
    time = FakeTime()
    shared = key_gate("https://x", "key", time.timing())
    assert key_gate("https://x", "key", None) is shared
    pace = Pace(0.01, 100)
    one, other = (SharedKeyGate(LocalGate(time.timing()), shared) for _ in range(2))
    waits = [await gate.reserve("t", pace) for _ in range(100) for gate in (one, other)]
    assert waits[59] == 0 < waits[-1]
    assert await one.reserve("t", pace, max_wait_s=0.001) > 0.001
    await one.push("t", pace, 5)
    assert await one.reserve("t", pace) >= 5


# lost answers


async def test_a_creation_whose_answer_got_lost_is_not_repeated(
    world: World, provider: TrelloProvider
) -> None:
    await provider.list_statuses(BOARD)
    world.forget()
    world.lose = lambda method, _path: method == "POST"
    with pytest.raises(TransportError) as caught:
        await provider.create_task(PMTask(title="once", project_id=BOARD))
    assert caught.value.maybe_applied
    assert world.count("POST") == len(world.cards) == 1


async def test_changes_and_archiving_are_repeated(world: World) -> None:
    time = FakeTime()
    one = world.card()
    async with world.provider(timing=time.timing()) as provider:
        lost = iter([True, False, True, False])
        world.lose = lambda method, _path: method == "PUT" and next(lost)
        assert (await provider.update_task(one, {"title": "new"})).title == "new"
        assert await provider.delete_task(one) is True
        assert world.cards[one]["closed"]


async def test_a_delete_whose_answer_got_lost_is_looked_up(world: World) -> None:
    one = world.card()
    async with world.provider(delete_mode="permanent") as provider:
        world.lose = lambda method, _path: method == "DELETE"
        assert await provider.delete_task(one) is True
        assert await provider.delete_task(one) is False
        assert world.count("DELETE") == 1


# batches


async def test_batches_count_for_the_quota_and_hold_errors(world: World, provider: TrelloProvider) -> None:
    one = world.card()
    found = await provider._api.batch([route(f"cards/{one}", {"fields": "id,name"}), route("cards/nope")])
    assert found[0]["id"] == one
    assert isinstance(found[1], NotFoundError)
    assert world.sent[0][2]["urls"] == f"/cards/{one}?fields=id%2Cname,/cards/nope"


@pytest.mark.parametrize("body", [{}, [], [{"200": {}}], "x"])
async def test_batches_that_break_the_contract(world: World, provider: TrelloProvider, body: object) -> None:
    world.override = lambda *_: httpx2.Response(200, json=body)
    with pytest.raises(ProviderError):
        await provider._api.batch([route("cards/a"), route("cards/b")])


async def test_odd_answers_of_a_batch(world: World, provider: TrelloProvider) -> None:
    odd = [
        5,
        {"404": "gone"},
        {"statusCode": 500},
        {"statusCode": "none"},
        {"\u00b2": {}},
        {"statusCode": "404"},
    ]
    world.override = lambda *_: httpx2.Response(200, json=odd)
    found = await provider._api.batch([route(one) for one in "abcdef"])
    assert [type(one) for one in found] == [
        ProviderError, NotFoundError, ProviderError, ProviderError, ProviderError, NotFoundError
    ]  # fmt: skip


# raw calls, boards


async def test_raw_calls(world: World, provider: TrelloProvider) -> None:
    answer = await provider.request("GET", f"boards/{BOARD}")
    assert answer.data["name"] == "Mars"
    with pytest.raises(ValidationError):
        await provider.request("GET", "boards", headers={"Authorization": "x"})


async def test_boards(world: World, provider: TrelloProvider) -> None:
    made = await provider.create_project(PMProject(name="Venus", description="hot", is_public=True))
    assert (made.name, made.description, made.status) == ("Venus", "hot", "active")
    assert [one.name for one in await provider.list_statuses(made.id)] == ["To Do", "Doing", "Done"]
    assert world.bodies[0]["prefs_permissionLevel"] == "public"
    changed = await provider.update_project(made.key or "", {"status": "archived", "is_public": False})
    assert (changed.is_archived, changed.is_public, changed.status) == (True, False, "archived")
    assert made.id not in [one.id for one in await provider.list_projects()]
    assert made.id in [one.id for one in await provider.list_projects(include_archived=True)]
    back = await provider.update_project(made.id, {"status": "active"})
    assert not back.is_archived
    assert await provider.delete_project(made.id) is True
    assert await provider.delete_project(made.id) is False  # closed: brought back by status="active"
    assert world.boards[made.id]["closed"]
    with pytest.raises(ValidationError, match="active, archived"):
        await provider.update_project(BOARD, {"status": "on_hold"})
    async with world.provider(delete_mode="permanent", board_lists="Eins, Zwei") as other:
        second = await other.create_project(PMProject(name="x"))
        assert [one.name for one in await other.list_statuses(second.id)] == ["Eins", "Zwei"]
        assert await other.delete_project(second.id) is True
        assert await other.get_project(second.id) is None


async def test_people(world: World, provider: TrelloProvider) -> None:
    assert [one.username for one in await provider.list_users(BOARD)] == ["mia", "ada", "bob"]
    assert len(await provider.list_users()) == 3
    found = await provider.get_user("ada")
    assert found is not None
    assert (found.name, found.url) == ("Ada", "https://trello.com/ada")
    assert await provider.get_user("a b") is None
    assert (await provider.get_current_user()).username == "mia"
