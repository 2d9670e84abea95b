"""What is repeated, what is not, and how long is waited."""

from __future__ import annotations

import asyncio
import io

import httpx2
import pytest
from transport_support import FakeTime, Server, raw_server, read_request, status

from pm_providers.errors import (
    ConflictError,
    NotFoundError,
    PMError,
    ProviderError,
    RateLimitedError,
    TransportError,
)
from pm_providers.transport import FilePart, HttpClient, TransportPolicy, VendorFault
from pm_providers.transport.errors import AttemptFailedError
from pm_providers.transport.retry import may_repeat, retry_after_s

OK = httpx2.Response(200, json={"ok": True})
NEVER_ARRIVED = [httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError]
AMBIGUOUS = [
    httpx2.ReadTimeout,
    httpx2.WriteTimeout,
    httpx2.ReadError,
    httpx2.WriteError,
    httpx2.RemoteProtocolError,
    ConnectionResetError,
]


def ok() -> httpx2.Response:
    return httpx2.Response(200, json={"ok": True})


@pytest.mark.parametrize("failure", [*NEVER_ARRIVED, *AMBIGUOUS, 429, 502, 503, 504])
async def test_a_read_is_repeated(failure):
    server = Server(status(failure) if isinstance(failure, int) else failure, ok())
    answer = await server.client().request("GET", "x", operation="get")
    assert answer.json_object() == {"ok": True}
    assert len(server.requests) == 2


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 418, 422, 500, 501, 520])
async def test_a_read_is_not_repeated_when_that_cannot_help(code):
    server = Server(status(code), ok())
    with pytest.raises(PMError):
        await server.client().request("GET", "x", operation="get")
    assert len(server.requests) == 1


@pytest.mark.parametrize("failure", NEVER_ARRIVED)
async def test_a_write_that_never_arrived_is_repeated(failure):
    server = Server(failure, ok())
    await server.client().request("POST", "x", operation="create", json={"a": 1})
    assert [request.content for request in server.requests] == [b'{"a":1}'] * 2


@pytest.mark.parametrize("failure", AMBIGUOUS)
async def test_a_write_that_may_have_arrived_is_not_repeated(failure):
    server = Server(failure, ok())
    with pytest.raises(TransportError) as caught:
        await server.client().request("POST", "x", operation="create", json={})
    assert len(server.requests) == 1
    assert caught.value.maybe_applied
    assert caught.value.retryable


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_write_that_the_server_failed_on_is_ambiguous(code):
    server = Server(status(code), ok())
    with pytest.raises(ProviderError) as caught:
        await server.client().request("PATCH", "x", operation="update", json={})
    assert len(server.requests) == 1
    assert caught.value.maybe_applied
    assert caught.value.retryable is (code != 500)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422])
async def test_a_write_that_was_turned_away_is_not_ambiguous(code):
    server = Server(status(code))
    with pytest.raises(PMError) as caught:
        await server.client().request("POST", "x", operation="create", json={})
    assert not caught.value.maybe_applied


@pytest.mark.parametrize("refusal", [status(429, retry_after="2"), status(503, retry_after="2")])
async def test_a_write_that_was_put_off_is_repeated_after_the_wait(refusal):
    clock = FakeTime()
    server = Server(refusal, ok())
    await server.client(clock).request("POST", "x", operation="create", json={})
    assert len(server.requests) == 2
    assert sum(clock.sleeps) == 2.0


async def test_retry_after_zero_on_503_also_means_not_executed():
    server = Server(status(503, retry_after="0"), ok())
    await server.client().request("POST", "x", operation="create", json={})
    assert len(server.requests) == 2


async def test_a_wait_that_was_asked_for_and_fits_is_kept_though_the_usual_one_would_not_fit():
    clock = FakeTime()
    policy = TransportPolicy(total_timeout_s=5.0, backoff_base_s=20.0)
    server = Server(status(429, retry_after="1"), ok())
    await server.client(clock, policy=policy).request("GET", "x", operation="get")
    assert clock.sleeps == [1.0]


@pytest.mark.parametrize("asked", ["0", "0.5", "Fri, 15 Jan 2027 07:00:00 GMT"])
async def test_who_asks_for_no_wait_again_and_again_is_asked_less_often_all_the_same(asked):
    clock = FakeTime()
    server = Server(status(429, retry_after=asked))
    policy = TransportPolicy(max_attempts=4, backoff_base_s=1.0)
    with pytest.raises(RateLimitedError):
        await server.client(clock, policy=policy).request("GET", "x", operation="get")
    assert clock.sleeps == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("failure", [httpx2.ReadTimeout, httpx2.RemoteProtocolError, 502, 504])
async def test_a_safe_write_is_repeated(failure):
    server = Server(status(failure) if isinstance(failure, int) else failure, ok())
    await server.client().request("PATCH", "x", operation="update", json={}, safe=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("code", "kind"), [(404, NotFoundError), (409, ConflictError)])
async def test_a_repeated_write_whose_first_attempt_is_open_says_so(code, kind):
    server = Server(httpx2.ReadError, status(code))
    with pytest.raises(kind) as caught:
        await server.client().request("DELETE", "x", operation="delete", safe=True)
    assert caught.value.maybe_applied


async def test_attempts_end_and_the_waits_are_full_jitter():
    clock = FakeTime()
    server = Server(status(503))
    policy = TransportPolicy(max_attempts=5, backoff_base_s=1.0, backoff_max_s=3.0)
    with pytest.raises(ProviderError) as caught:
        await server.client(clock, policy=policy).request("GET", "x", operation="get")
    assert len(server.requests) == 5
    assert clock.sleeps == [1.0, 2.0, 3.0, 3.0]
    assert caught.value.status == 503
    assert caught.value.retryable


async def test_the_total_time_ends_the_attempts_before_a_wait_that_does_not_fit():
    clock = FakeTime()
    server = Server(httpx2.ConnectError)
    policy = TransportPolicy(max_attempts=50, backoff_base_s=4.0, backoff_max_s=4.0, total_timeout_s=10.0)
    with pytest.raises(TransportError):
        await server.client(clock, policy=policy).request("GET", "x", operation="get")
    assert clock.sleeps == [4.0, 4.0]


@pytest.mark.parametrize("code", [429, 503])
async def test_a_retry_after_beyond_the_budget_is_refused_at_once(code):
    clock = FakeTime()
    server = Server(status(code, retry_after="300", x_request_id="req-7"))
    with pytest.raises(RateLimitedError) as caught:
        await server.client(clock).request("GET", "x", operation="list_tasks")
    error = caught.value
    assert error.retry_after_s == 300.0
    assert "300 s" in str(error)
    assert "60 s" in str(error)
    assert (error.status, error.operation, error.request_id) == (code, "list_tasks", "req-7")
    assert clock.sleeps == []
    assert len(server.requests) == 1


async def test_a_retry_after_within_the_limit_but_beyond_the_total_is_refused():
    server = Server(status(429, retry_after="50"))
    policy = TransportPolicy(total_timeout_s=40.0)
    with pytest.raises(RateLimitedError, match=r"wait 50 s, more than the 40 s"):
        await server.client(policy=policy).request("GET", "x", operation="get")


async def test_retry_after_is_obeyed_in_full_not_jittered():
    clock = FakeTime()
    server = Server(status(429, retry_after="45"), ok())
    await server.client(clock).request("GET", "x", operation="get")
    assert clock.sleeps == [45.0]


async def test_the_reset_header_counts_when_there_is_no_retry_after():
    clock = FakeTime()
    limited = status(429, x_ratelimit_remaining="0", x_ratelimit_reset="1800000007")
    server = Server(limited, ok())
    await server.client(clock).request("GET", "x", operation="get")
    assert sum(clock.sleeps) == 7.0


async def test_retry_after_goes_before_the_reset_header():
    clock = FakeTime()
    limited = status(429, retry_after="1", x_ratelimit_remaining="0", x_ratelimit_reset="55")
    server = Server(limited, ok())
    await server.client(clock).request("GET", "x", operation="get")
    assert sum(clock.sleeps) == 1.0


async def test_the_reset_of_a_quota_that_is_not_used_up_is_no_wait():
    clock = FakeTime()
    limited = status(429, x_ratelimit_remaining="17", x_ratelimit_reset="55")
    server = Server(limited, ok())
    await server.client(clock).request("GET", "x", operation="get")
    assert sum(clock.sleeps) == 0.5


async def test_a_vendor_may_say_rate_limit_with_another_status():
    server = Server(httpx2.Response(403, json={"m": "slow down"}), ok())
    client = server.client(error_parser=lambda _answer: VendorFault("slow", kind=RateLimitedError))
    await client.request("POST", "x", operation="create", json={})
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", None, 120.0),
        ("0", None, 0.0),
        ("1.5", None, 1.5),
        (" 7 ", None, 7.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", None, 60.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", "Fri, 15 Jan 2027 08:00:50 GMT", 10.0),
        ("Friday, 15-Jan-27 08:01:00 GMT", None, 60.0),
        ("Fri Jan 15 08:01:00 2027", None, 60.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", None, 0.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", "nonsense", 60.0),
        ("-5", None, None),
        ("", None, None),
        ("soon", None, None),
        ("inf", None, None),
        ("1e9", None, None),
        ("99999999999999999999", None, None),
        ("Fri, 99 Jan 2027 08:01:00 GMT", None, None),
    ],
)
def test_retry_after_forms(value, date, seconds):
    headers = httpx2.Headers({"Retry-After": value} | ({"Date": date} if date else {}))
    assert retry_after_s(headers, 1_800_000_000.0) == seconds


def test_retry_after_absent():
    assert retry_after_s(httpx2.Headers(), 0.0) is None


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("transient", [True, False])
@pytest.mark.parametrize("safe", [True, False])
def test_the_rule(executed, transient, safe):
    failure = AttemptFailedError(PMError("x"), executed=executed, transient=transient)
    assert may_repeat(failure, safe=safe) == (transient and (safe or not executed))


async def test_a_file_is_sent_from_its_start_again():
    file = io.BytesIO(b"content")
    file.read()
    server = Server(httpx2.ConnectError, ok())
    parts = [FilePart("file", file, "a.txt", "text/plain")]
    await server.client().request("POST", "x", operation="upload", files=parts)
    first, second = (request.content for request in server.requests)
    assert b"\r\n\r\ncontent\r\n" in second
    assert b"\r\n\r\ncontent\r\n" in first


class OneWay(io.BytesIO):
    def seekable(self):
        return False


async def test_a_file_that_cannot_be_rewound_is_sent_once():
    server = Server(httpx2.ConnectError, ok())
    with pytest.raises(TransportError):
        await server.client().request(
            "POST", "x", operation="upload", files=[FilePart("file", OneWay(b"x"), "a")]
        )
    assert len(server.requests) == 1


async def test_a_post_dropped_after_it_was_sent_is_not_sent_again():
    seen: list[bytes] = []

    async def talk(reader, writer):
        seen.append(await read_request(reader))

    async with raw_server(talk) as url, HttpClient(url, provider="vendor") as client:
        with pytest.raises(TransportError) as caught:
            await client.request("POST", "/tasks", operation="create_task", json={"n": 1})
    assert len(seen) == 1
    assert seen[0].endswith(b'{"n":1}')
    assert caught.value.maybe_applied
    assert isinstance(caught.value.__cause__, httpx2.RemoteProtocolError)


async def test_a_get_dropped_after_it_was_sent_is_sent_again():
    seen: list[bytes] = []

    async def talk(reader, writer):
        seen.append(await read_request(reader))
        if len(seen) > 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()

    clock = FakeTime()
    async with (
        raw_server(talk) as url,
        HttpClient(url, provider="vendor", timing=clock.timing()) as client,
    ):
        answer = await client.request("GET", "/tasks", operation="list_tasks")
    assert answer.json_object() == {}
    assert len(seen) == 2


async def test_nobody_listens():
    async with raw_server(lambda _reader, _writer: asyncio.sleep(0)) as url:
        pass
    clock = FakeTime()
    async with HttpClient(url, provider="vendor", timing=clock.timing()) as client:
        with pytest.raises(TransportError) as caught:
            await client.request("POST", "/tasks", operation="create_task", json={})
    assert not caught.value.maybe_applied
    assert len(clock.sleeps) == 3


async def test_a_body_that_is_cut_off_is_a_dropped_connection():
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":')
        await writer.drain()

    async with raw_server(talk) as url, HttpClient(url, provider="vendor") as client:
        with pytest.raises(TransportError) as caught:
            await client.request("POST", "/x", operation="create_task", json={})
    assert caught.value.maybe_applied


@pytest.mark.parametrize("drip", [False, True])
async def test_silence_and_slow_drips_end_with_the_attempt(drip):
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while drip:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.001)
        await reader.read()

    policy = TransportPolicy(attempt_timeout_s=0.05, max_attempts=1)
    async with raw_server(talk) as url, HttpClient(url, provider="v", policy=policy) as client:
        with pytest.raises(TransportError, match="in time") as caught:
            await client.request("POST", "/x", operation="create_task", json={})
    assert caught.value.maybe_applied
