"""The client: errors, paging, batches, quota, events, lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from pm_providers.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    RateLimitedError,
    TransportError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.asana.actions import Action, Permits
from pm_providers.providers.asana.client import Api
from pm_providers.providers.asana.config import read_options
from pm_providers.providers.asana.errors import fault_of
from tests.providers.asana.site import FakeTime, Scripted, answer, config, own_token


def _api(server: Any, time: FakeTime | None = None, **given: Any) -> Api:
    timing = time.timing() if time else FakeTime().timing()
    given = {"api_token": own_token(), **given}
    return Api(read_options(config(**given)), transport=httpx2.MockTransport(server), timing=timing)


def _errors(*texts: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": one, "help": "see docs", **more} for one in texts]}


# errors


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, _errors("project: Missing input"), ValidationError),
        (400, _errors("task: Not a recognized ID: 99"), NotFoundError),
        (400, _errors("assignee: Not a recognized ID: 5"), ValidationError),
        (404, _errors("task: Unknown object: 99"), NotFoundError),
        (404, _errors("project: Unknown object: 5"), ValidationError),
        (404, {}, NotFoundError),
        (401, _errors("Not Authorized"), AuthenticationError),
        (402, _errors("Payment required"), UnsupportedError),
        (403, _errors("Forbidden"), PermissionDeniedError),
        (451, _errors("Unavailable for legal reasons"), PermissionDeniedError),
        (500, _errors("Server error", phrase="6 sad squid snuggle softly"), ProviderError),
    ],
)
async def test_errors_by_status_and_text(status: int, body: Any, kind: type[PMError]) -> None:
    api = _api(lambda _request: answer(body, status))
    with pytest.raises(kind) as failed:
        await api.put("tasks/99", {"name": "x"})
    assert failed.value.status == status


async def test_the_phrase_of_a_server_error_is_shown() -> None:
    api = _api(lambda _request: answer(_errors("Oops", phrase="6 sad squid snuggle softly"), 500))
    with pytest.raises(ProviderError, match="6 sad squid snuggle softly"):
        await api.get("tasks/1")


def test_words_before_the_colon_name_our_fields() -> None:
    fault = fault_of(400, _errors("due_on: bad date", "assignee: no", "x"), "/api/1.0/tasks")
    assert fault is not None
    assert dict(fault.fields) == {"due_date": "due_on: bad date", "assignee_id": "assignee: no"}
    there = fault_of(400, _errors("name: too long"), "/api/1.0/projects/5")
    assert there is not None
    assert set(there.fields) == {"name"}


async def test_errors_show_no_token() -> None:
    api = _api(
        lambda _request: answer(_errors("bad token my-secret-token"), 400), api_token="my-secret-token"
    )
    with pytest.raises(ValidationError) as failed:
        await api.get("tasks/1")
    assert "my-secret-token" not in str(failed.value)


# lists


def _chain(count: int, size: int) -> Any:
    def page(params: dict[str, str], _body: Any) -> Any:
        start = int(params.get("offset", "t0").removeprefix("t"))
        assert params["limit"] == str(size)
        items = [{"gid": str(one + 1)} for one in range(start, min(start + size, count))]
        after = {"offset": f"t{start + size}"} if start + size < count else None
        return {"data": items, "next_page": after}

    return page


async def test_a_list_is_read_to_its_end_and_always_with_a_limit() -> None:
    server = Scripted({"GET /tags": _chain(250, 100)})
    found = await _api(server).all("tags", ("name",))
    assert [one["gid"] for one in found] == [str(one) for one in range(1, 251)]
    assert len(server.requests) == 3
    assert "offset" not in server.requests[0].url.params


async def test_no_more_is_asked_than_will_be_taken() -> None:
    server = Scripted({"GET /tags": _chain(250, 7)})
    found = [one async for one in _api(server).items("tags", (), limit=7)][:7]
    assert len(found) == 7
    assert server.requests[0].url.params["limit"] == "7"


async def test_an_expired_token_begins_the_list_anew() -> None:
    lost = iter([True])

    def page(params: dict[str, str], _body: Any) -> Any:
        if params.get("offset") and next(lost, False):
            return answer(_errors("offset: Your pagination token has expired."), 400)
        return _chain(150, 100)(params, None)

    found = await _api(Scripted({"GET /tags": page})).all("tags")
    assert [one["gid"] for one in found] == [str(one) for one in range(1, 151)]


async def test_a_list_that_never_ends_is_an_error() -> None:
    server = Scripted({"GET /tags": {"data": [{"gid": "1"}], "next_page": {"offset": "same"}}})
    with pytest.raises(ProviderError, match="never ends"):
        await _api(server).all("tags")


@pytest.mark.parametrize(
    "body", [{"data": {}}, {"data": ["x"]}, {"next_page": None}, {"data": [], "next_page": {"path": "/x"}}]
)
async def test_a_list_of_another_form_is_an_error(body: Any) -> None:
    with pytest.raises(ProviderError):
        await _api(Scripted({"GET /tags": body})).all("tags")


# batches


async def test_a_batch_has_ten_actions_at_most_in_the_order_asked() -> None:
    server = Scripted({f"GET /tasks/{one}": {"data": {"gid": str(one)}} for one in range(1, 26) if one != 7})
    actions = [Action("GET", f"tasks/{one}", {}, ("name",)) for one in range(1, 26)]
    found = await _api(server).batch(actions)
    assert [one.status for one in found] == [200] * 6 + [404] + [200] * 18
    assert found[6].is_missing
    assert [one.data()["gid"] for one in found if one.error is None] == [
        str(one) for one in range(1, 26) if one != 7
    ]
    sizes = sorted(len(one["data"]["actions"]) for one in server.bodies("POST", "/batch"))
    assert sizes == [5, 10, 10]


async def test_actions_carry_paging_and_fields_as_options() -> None:
    action = Action("GET", "tasks/1/subtasks", {"a": "b"}, ("name",), 100, "t5")
    assert action.wire() == {
        "method": "get",
        "relative_path": "/tasks/1/subtasks",
        "data": {"a": "b"},
        "options": {"fields": ["name"], "limit": 100, "offset": "t5"},
    }
    assert action.params == {"a": "b", "opt_fields": "name", "limit": 100, "offset": "t5"}


async def test_a_batch_that_answers_less_than_asked_is_an_error() -> None:
    api = _api(Scripted({"POST /batch": {"data": [{"status_code": 200, "body": {"data": {}}}]}}))
    with pytest.raises(ProviderError, match="batch of 2"):
        await api.batch([Action("GET", "tasks/1"), Action("GET", "tasks/2")])


async def test_a_refused_batch_ran_nothing_and_is_sent_again() -> None:
    time, refused = FakeTime(), iter([True])
    inner = Scripted({"POST /tasks": lambda _p, body: answer({"data": {"gid": body["data"]["name"]}}, 201)})

    def server(request: httpx2.Request) -> httpx2.Response:
        if next(refused, False):
            return answer(_errors("You have hit a rate limit"), 429, Retry_After="30")
        return inner(request)

    found = await _api(server, time).batch([Action("POST", "tasks", {"name": str(one)}) for one in (1, 2)])
    assert [one.data()["gid"] for one in found] == ["1", "2"]
    assert max(time.slept) >= 30


async def test_a_batch_of_writes_whose_answer_got_lost_is_not_repeated() -> None:
    sent = []

    def server(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        raise httpx2.ReadError("gone", request=request)

    found = await _api(server).batch([Action("POST", "tasks", {"name": str(one)}) for one in (1, 2)])
    assert len(sent) == 1
    assert all(one.error is not None and one.error.maybe_applied for one in found)


async def test_every_action_is_paid_for() -> None:
    time = FakeTime()
    server = Scripted({f"GET /tasks/{one}": {"data": {"gid": str(one)}} for one in range(1, 171)})
    api = _api(server, time, requests_per_minute=150)
    await api.batch([Action("GET", f"tasks/{one}") for one in range(1, 91)])
    assert sum(time.slept) == 0  # most of the quota is sent at once
    await api.batch([Action("GET", f"tasks/{one}") for one in range(91, 171)])
    assert 50 <= sum(time.slept) <= 80  # no 60 seconds hold more than 150
    slow = _api(server, time, requests_per_minute=60, even_pace=True, api_token=own_token())
    time.slept.clear()
    await slow.batch([Action("GET", f"tasks/{one}") for one in range(1, 31)])
    # Ten at once, as they come together, then 54 in the minute: 20 wait.
    assert sum(time.slept) >= 20 * 60 / 54 - 1


async def test_more_than_the_quota_allows_is_refused_before_it_is_sent() -> None:
    server = Scripted({"GET /tasks/1": {"data": {"gid": "1"}}})
    options = config(requests_per_minute=10, even_pace=True, api_token="used-up")
    options.max_wait_s = 1.0
    api = Api(read_options(options), transport=httpx2.MockTransport(server), timing=FakeTime().timing())
    await api.get("tasks/1")
    with pytest.raises(RateLimitedError):
        await api.get("tasks/1")
    assert len(server.requests) == 1


async def test_permits_bound_what_is_in_flight() -> None:
    permits, inside, most = Permits(15), 0, 0

    async def work(count: int) -> None:
        nonlocal inside, most
        async with permits.hold(count):
            inside += count
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= count

    await asyncio.gather(*(work(one) for one in (10, 1, 10, 5, 5, 10, 1)))
    assert inside == 0
    assert most <= 15


async def test_permits_of_a_cancelled_waiter_come_back() -> None:
    permits = Permits(2)
    async with permits.hold(1):
        waiting = asyncio.create_task(_hold(permits, 2))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5):
        await _hold(permits, 2)


async def _hold(permits: Permits, count: int) -> None:
    async with permits.hold(count):
        pass


# gathered calls


async def test_calls_at_the_same_time_are_one_batch() -> None:
    server = Scripted({f"GET /tasks/{one}": {"data": {"gid": str(one)}} for one in range(1, 9)})
    api = _api(server)
    async with api.gathered():
        found = await asyncio.gather(
            *(api.get(f"tasks/{one}") for one in range(1, 9)), return_exceptions=True
        )
        with pytest.raises(NotFoundError):
            await api.get("tasks/99")
    assert [one["gid"] for one in found if isinstance(one, dict)] == [str(one) for one in range(1, 9)]
    assert [one.url.path for one in server.requests] == ["/api/1.0/batch", "/api/1.0/tasks/99"]


async def test_each_gathered_call_gets_an_error_of_its_own() -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("gone", request=request)

    api = _api(server)
    async with api.gathered():
        found = await asyncio.gather(
            *(api.post("tasks", {"name": "x"}) for _ in range(3)), return_exceptions=True
        )
    assert all(isinstance(one, TransportError) and one.maybe_applied for one in found)
    assert len({id(one) for one in found}) == 3


async def test_nothing_goes_on_behind_a_cancelled_block() -> None:
    async def server(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        return answer({})

    api = _api(server)

    async def block() -> None:
        async with api.gathered():
            await asyncio.gather(api.get("tasks/1"), api.get("tasks/2"))

    before = asyncio.all_tasks()
    running = asyncio.create_task(block())
    for _ in range(50):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before


# writes


async def test_a_creation_whose_answer_got_lost_is_not_repeated() -> None:
    sent = []

    def server(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        raise httpx2.ReadError("gone", request=request)

    with pytest.raises(TransportError) as failed:
        await _api(server).post("tasks", {"name": "x"})
    assert failed.value.maybe_applied
    assert len(sent) == 1


async def test_a_change_whose_answer_got_lost_is_sent_again() -> None:
    lost = iter([True])

    def server(request: httpx2.Request) -> httpx2.Response:
        if next(lost, False):
            raise httpx2.ReadError("gone", request=request)
        return answer({"data": {"gid": "1"}})

    assert await _api(server).put("tasks/1", {"name": "x"}) == {"gid": "1"}


@pytest.mark.parametrize(("status", "gone"), [(404, True), (200, False), (403, False)])
async def test_a_delete_whose_answer_got_lost_is_looked_up(status: int, gone: bool) -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            raise httpx2.ReadError("gone", request=request)
        return answer({"data": {"gid": "1"}} if status == 200 else {}, status)

    api = _api(server)
    if gone:
        assert await api.delete("tasks/1") is True
    else:
        with pytest.raises(TransportError):
            await api.delete("tasks/1")


async def test_a_page_instead_of_an_answer_is_no_delete() -> None:
    api = _api(lambda _request: httpx2.Response(200, text="<html>log in</html>"))
    with pytest.raises(ProviderError):
        await api.delete("tasks/1")


# events


async def test_412_is_how_the_feed_begins() -> None:
    def events(params: dict[str, str], _body: Any) -> Any:
        if params.get("sync") != "s1":
            return answer({**_errors("Sync token invalid or too old."), "sync": "s1"}, 412)
        return {"data": [{"action": "changed"}], "sync": "s2", "has_more": True}

    api = _api(Scripted({"GET /events": events}))
    first = await api.events("5", None)
    assert (first.sync, first.was_lost, list(first.events)) == ("s1", True, [])
    second = await api.events("5", first.sync)
    assert (second.sync, second.was_lost, second.has_more, len(second.events)) == ("s2", False, True, 1)


async def test_a_feed_without_token_is_an_error() -> None:
    with pytest.raises(ProviderError, match="sync token"):
        await _api(Scripted({"GET /events": {"data": []}})).events("5", "s")


@pytest.fixture
async def noted(caplog: pytest.LogCaptureFixture) -> AsyncIterator[pytest.LogCaptureFixture]:
    with caplog.at_level("INFO", "pm_providers.asana"):
        yield caplog


async def test_announced_changes_are_logged_once(noted: pytest.LogCaptureFixture) -> None:
    notice = "name=project_team;info=https://x;affected=true"
    api = _api(lambda _request: answer({"data": {"gid": "1"}}, 200, Asana_Change=notice))
    await api.get("tasks/1")
    await api.get("tasks/1")
    assert [one.message for one in noted.records if "project_team" in one.message] == [
        f"asana announces a change: {notice}"
    ]
