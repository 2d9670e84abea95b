"""Bounds, redirects, addresses, JSON, life cycle of the client."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from datetime import UTC, datetime, timedelta

import httpx2
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from transport_support import BASE, SECRET, FakeTime, Server, raw_server, read_request, status

from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitedError,
    TransportError,
    ValidationError,
)
from pm_providers.transport import (
    MIB,
    BasicAuth,
    FilePart,
    Governor,
    HttpClient,
    Quota,
    TransportPolicy,
)
from pm_providers.transport.answer import depth_exceeds

ONCE = TransportPolicy(max_attempts=1)


def ok(*_):
    return httpx2.Response(200, json={"ok": True})


async def get(server, path="x", **options):
    return await server.client(**options).request("GET", path, operation="get")


# --- requests as they leave ---------------------------------------------------------------------


async def test_a_request_as_it_leaves():
    server = Server(ok)
    client = server.client(headers={"X-Own": "1", "accept": "application/hal+json"})
    await client.request("post", "tasks", operation="create", json={"ä": None}, headers={"x-this": "2"})
    (request,) = server.requests
    assert request.method == "POST"
    assert str(request.url) == f"{BASE}/tasks"
    assert request.content == '{"ä":null}'.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers.get_list("accept") == ["application/hal+json"]
    assert request.headers["user-agent"].startswith("pm-providers")
    assert (request.headers["x-own"], request.headers["x-this"]) == ("1", "2")


async def test_json_null_is_a_body_and_no_json_is_none():
    server = Server(ok)
    client = server.client()
    await client.request("POST", "x", operation="o", json=None)
    await client.request("POST", "x", operation="o")
    assert [request.content for request in server.requests] == [b"null", b""]


async def test_a_content_type_of_the_caller_stays():
    server = Server(ok)
    headers = {"content-type": "application/merge-patch+json"}
    await server.client().request("PATCH", "x", operation="o", json={}, headers=headers)
    assert server.requests[0].headers.get_list("content-type") == ["application/merge-patch+json"]


@pytest.mark.parametrize("value", [{"a": "\ud800"}, object(), {"a": {1, object()}}])
async def test_what_json_cannot_hold_is_refused_before_sending(value):
    server = Server(ok)
    with pytest.raises(ValidationError):
        await server.client().request("POST", "x", operation="o", json=value)
    assert server.requests == []


async def test_only_one_body():
    with pytest.raises(ValueError, match="one body"):
        await Server(ok).client().request("POST", "x", operation="o", json={}, content=b"")


async def test_a_multipart_form():
    server = Server(ok)
    files = [
        FilePart("metadata", b'{"a":1}', content_type="application/json"),
        FilePart("file", b"data", 'a"b.txt', "text/plain"),
    ]
    await server.client().request("POST", "x", operation="upload", files=files)
    body = server.requests[0].content
    assert b'name="metadata"\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n' in body
    assert b'filename="a%22b.txt"' in body
    assert server.requests[0].headers["content-type"].startswith("multipart/form-data; boundary=")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("tasks/1", f"{BASE}/tasks/1"),
        ("", BASE),
        ("?a=1", f"{BASE}?a=1&p=1"),
        ("/api/v3/x", "https://pm.example.com/api/v3/x"),
        ("https://pm.example.com/other?a=b%20c", "https://pm.example.com/other?a=b+c&p=1"),
        ("https://PM.example.com:443/other", "https://pm.example.com/other"),
        ("tasks/a%2Fb", f"{BASE}/tasks/a%2Fb"),
        ("x#frag", f"{BASE}/x"),
    ],
)
async def test_paths(path, url):
    server = Server(ok)
    params = {"p": 1, "gone": None} if "?" in path else {"gone": None}
    await server.client().request("GET", path, operation="o", params=params)
    assert str(server.requests[0].url) == url


async def test_params_of_every_kind():
    server = Server(ok)
    params = {"a": [1, "x y"], "b": True, "c": 1.5, "d": "&=?", "e": None}
    await server.client().request("GET", "x", operation="o", params=params)
    assert list(server.requests[0].url.params.multi_items()) == [
        ("a", "1"), ("a", "x y"), ("b", "true"), ("c", "1.5"), ("d", "&=?"),
    ]  # fmt: skip


async def test_a_next_link_keeps_its_query_untouched():
    server = Server(ok)
    link = "/api/v3/x?filters=%5B%7B%22a%22%3A1%7D%5D&offset=2"
    await server.client().request("GET", link, operation="o")
    assert server.requests[0].url.raw_path.decode() == link


@pytest.mark.parametrize(
    "path",
    [
        "../admin", "a/../../b", "a/%2e%2e/b", "a/.", "/..", "a\nb", "a\\b", "x" * 9000,
        "https://user:pw@pm.example.com/x", "https://", "https://pm.example.com:99999/x",
        "file:///etc/passwd", "ftp://pm.example.com/", "//[bad/x", "https://pm..example.com/\x00",
    ],
)  # fmt: skip
async def test_malformed_addresses_are_refused(path):
    server = Server(ok)
    with pytest.raises(ProviderError) as caught:
        await server.client().request("GET", path, operation="o")
    assert server.requests == []
    assert (caught.value.provider, caught.value.operation) == ("vendor", "o")


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example.com/x", "//evil.example.com/x", "http://pm.example.com/x",
        "https://pm.example.com:8443/x", "https://pm.example.com.evil.org/x",
    ],
)  # fmt: skip
async def test_addresses_of_other_origins_are_refused(path):
    server = Server(ok)
    with pytest.raises(ProviderError, match="origin"):
        await server.client().request("GET", path, operation="o")
    assert server.requests == []


async def test_cookies_are_not_kept():
    server = Server(lambda _r: httpx2.Response(200, headers={"Set-Cookie": "sid=1"}, json={}))
    client = server.client()
    for _ in range(2):
        await client.request("GET", "x", operation="o")
    assert "cookie" not in server.requests[1].headers


# --- redirects ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/api/new?a=1", f"{BASE}/../api/new?a=1", "../api/new?a=1"])
async def test_a_read_follows_within_its_origin(code, location):
    server = Server(status(code, location=location.replace("/base/..", "")), ok())
    answer = await get(server, "x")
    assert str(server.requests[1].url) == "https://pm.example.com/api/new?a=1"
    assert "authorization" in server.requests[1].headers
    assert answer.url_path == "/api/new"


@pytest.mark.parametrize("code", [307, 308])
async def test_a_write_keeps_method_and_body(code):
    server = Server(status(code, location="/new"), ok())
    await server.client().request("POST", "x", operation="o", json={"a": 1})
    assert (server.requests[1].method, server.requests[1].content) == ("POST", b'{"a":1}')


async def test_a_write_looks_at_the_result_after_see_other():
    server = Server(status(303, location="/jobs/1"), ok())
    await server.client().request("POST", "x", operation="o", json={"a": 1})
    assert (server.requests[1].method, server.requests[1].content) == ("GET", b"")


@pytest.mark.parametrize("then", [status(503, retry_after="1"), httpx2.ConnectError, status(404)])
async def test_a_write_is_not_repeated_when_the_look_at_its_result_fails(then):
    server = Server(status(303, location="/jobs/1"), then, ok())
    with pytest.raises((ProviderError, TransportError, NotFoundError)) as caught:
        await server.client().request("POST", "x", operation="o", json={"a": 1})
    assert [request.method for request in server.requests] == ["POST", "GET"]
    assert caught.value.maybe_applied


@pytest.mark.parametrize("code", [301, 302])
async def test_a_write_is_never_turned_into_a_read(code):
    server = Server(status(code, location="/new"), ok())
    with pytest.raises(ProviderError, match="lose the request"):
        await server.client().request("POST", "x", operation="o", json={"a": 1})
    assert len(server.requests) == 1


async def test_an_expected_redirect_is_returned():
    server = Server(status(302, location="https://elsewhere.example/job"))
    answer = await server.client().request("POST", "x", operation="copy", expect={302})
    assert answer.headers["LOCATION"] == "https://elsewhere.example/job"
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example.org/steal", "//evil.example.org/steal",
        "https://evil.example.org:443", "http://evil.example.org/",
    ],
)  # fmt: skip
async def test_no_redirect_leaves_the_host(code, method, location):
    server = Server(status(code, location=location), ok())
    with pytest.raises(ProviderError, match=r"evil\.example\.org") as caught:
        await server.client().request(method, "x", operation="o")
    assert len(server.requests) == 1
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("base", "location", "names"),
    [
        ("https://pm.example.com", "http://pm.example.com/x", "http://pm.example.com"),
        ("http://pm.example.com", "https://pm.example.com/x", "https://pm.example.com"),
    ],
)
async def test_another_scheme_is_another_origin(base, location, names):
    server = Server(status(301, location=location), ok())
    with pytest.raises(ProviderError, match=names):
        await get(server, base_url=base)
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["", "http://[", "\x00", "ht!tp://x", "javascript:alert(1)"])
async def test_a_malformed_redirect_is_an_error(location):
    server = Server(status(302, location=location), status(302, location=location))
    with pytest.raises((ProviderError, TransportError)):
        await get(server, policy=TransportPolicy(max_attempts=1, max_redirects=2))


async def test_a_redirect_without_a_location_is_an_error():
    with pytest.raises(ProviderError, match="HTTP 302"):
        await get(Server(status(302)))


async def test_redirects_end():
    server = Server(lambda _r: status(302, location="/again"))
    with pytest.raises(ProviderError, match="more than 5 redirects"):
        await get(server)
    assert len(server.requests) == 6


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<html>Sign in</html>", "text/html; charset=utf-8", "text/html.*VENDOR_URL"),
        (b'{"a": [1, 2', "application/json", "malformed or cut off"),
        (b"", "application/json", "empty.*VENDOR_URL"),
        (b"  \n", "application/json", "empty"),
        (b"\xff\xfe", "application/hal+json", "malformed"),
        (b"{}garbage", "application/json", "malformed"),
        (b"1" * 5000, "application/json", "malformed"),
        (b"NaN", "application/json", "malformed"),
        (b"plain", "", "no content type came"),
    ],
)
async def test_no_json(body, kind, says):
    server = Server(httpx2.Response(200, content=body, headers={"content-type": kind}))
    answer = await get(server)
    with pytest.raises(ProviderError, match=says) as caught:
        answer.json()
    assert "Sign in" not in str(caught.value)
    assert not caught.value.maybe_applied


async def test_a_write_with_a_broken_answer_may_have_been_applied():
    server = Server(httpx2.Response(201, content=b"<html>"))
    answer = await server.client().request("POST", "x", operation="o")
    with pytest.raises(ProviderError) as caught:
        answer.json()
    assert caught.value.maybe_applied


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("null", "null"), ("[]", "an array"), ("{}", "an object"), ('"x"', "a string"),
        ("true", "a boolean"), ("1", "a number"), ("1.5", "a number"),
    ],
)  # fmt: skip
async def test_json_of_the_wrong_kind(body, kind):
    answer = await get(Server(httpx2.Response(200, text=body)))
    if kind != "an object":
        with pytest.raises(ProviderError, match=f"object was expected, {kind} came"):
            answer.json_object()
    if kind != "an array":
        with pytest.raises(ProviderError, match=f"array was expected, {kind} came"):
            answer.json_list()


async def test_json_is_decoded_once():
    answer = await get(Server(ok()))
    assert answer.json() is answer.json_object()
    assert (await get(Server(httpx2.Response(200, text="null")))).json() is None
    assert (await get(Server(httpx2.Response(200, text="[1]")))).json_list() == [1]


@pytest.mark.parametrize("opening", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth", [200, 201, 100_000])
async def test_deep_json(opening, depth):
    body = opening[0] * depth + b"1" + opening[1] * depth
    answer = await get(Server(httpx2.Response(200, content=body)))
    if depth == 200:
        assert answer.json()
    else:
        with pytest.raises(ProviderError, match="nested more than 200"):
            answer.json()


def test_depth():
    assert not depth_exceeds(1, 0)
    assert depth_exceeds([], 0)
    assert not depth_exceeds([{"a": 1}, [[]]], 3)
    assert depth_exceeds([{"a": 1}, [[]]], 2)


async def test_brackets_in_text_are_not_depth():
    text = "[" * 1000
    answer = await get(Server(httpx2.Response(200, content=msgspec.json.encode({"a": text}))))
    assert answer.json() == {"a": text}


def packed(kind):
    raw = b" " * (4 * MIB)
    return gzip.compress(raw) if kind == "gzip" else zlib.compress(raw)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
async def test_a_size_bomb_stops_at_the_limit(kind):
    response = httpx2.Response(
        200, headers={"content-encoding": kind}, stream=httpx2.ByteStream(packed(kind))
    )
    server = Server(response)
    with pytest.raises(ProviderError, match=f"limit of {MIB} bytes"):
        await get(server, policy=TransportPolicy(max_bytes=MIB))
    assert len(server.requests) == 1


async def test_a_compressed_answer_below_the_limit():
    body = gzip.compress(b'{"a":1}')
    server = Server(
        httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(body))
    )
    assert (await get(server)).json() == {"a": 1}


@pytest.mark.parametrize("encoding", ["gzip, gzip", "compress", "gzip,deflate,gzip"])
async def test_compression_within_compression_is_refused(encoding):
    server = Server(
        httpx2.Response(200, headers={"content-encoding": encoding}, stream=httpx2.ByteStream(b"x"))
    )
    with pytest.raises(ProviderError, match="compressed in a way"):
        await get(server)


async def test_damaged_compression():
    server = Server(
        httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(b"not gzip"))
    )
    with pytest.raises(ProviderError, match="damaged"):
        await get(server)


class Pieces(httpx2.AsyncByteStream):
    """An endless body that counts what was taken."""

    def __init__(self) -> None:
        self.taken = 0
        self.closed = False

    async def __aiter__(self):
        while True:
            self.taken += 1
            yield b"x" * 65536

    async def aclose(self) -> None:
        self.closed = True


async def test_an_endless_answer_is_cut_and_closed():
    body = Pieces()
    with pytest.raises(ProviderError, match="limit"):
        await get(Server(httpx2.Response(200, stream=body)), policy=TransportPolicy(max_bytes=MIB))
    assert body.taken == 17
    assert body.closed


async def test_an_announced_size_above_the_limit_is_not_read():
    body = Pieces()
    response = httpx2.Response(200, stream=body, headers={"content-length": str(50 * MIB)})
    with pytest.raises(ProviderError, match="limit"):
        await get(Server(response))
    assert body.taken == 0


async def test_the_limit_of_one_call():
    server = Server(httpx2.Response(200, content=b"x" * 100))
    client = server.client()
    assert (await client.request("GET", "x", operation="o", max_bytes=100)).content == b"x" * 100
    with pytest.raises(ProviderError):
        await client.request("GET", "x", operation="o", max_bytes=99)


async def test_expected_statuses():
    server = Server(status(404))
    answer = await server.client().request("GET", "x", operation="o", expect={200, 404})
    assert answer.status == 404
    with pytest.raises(ProviderError, match="HTTP 204"):
        await Server(status(204)).client().request("GET", "x", operation="o", expect={200})


# --- downloads ----------------------------------------------------------------------------------


async def download(server, path="/files/1", **options):
    limit = options.pop("max_bytes", None)
    client = server.client(**options)
    async with client.stream(path, operation="download", max_bytes=limit) as file:
        return file, await file.read()


async def test_a_download():
    response = httpx2.Response(200, content=b"data", headers={"content-type": "image/png"})
    server = Server(response)
    file, data = await download(server)
    assert (data, file.size, file.content_type, file.status) == (b"data", 4, "image/png", 200)
    assert "authorization" in server.requests[0].headers


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_download_follows_to_storage_without_the_credential(code):
    server = Server(
        status(code, location="https://s3.example.net/f?X-Amz-Signature=1"),
        httpx2.Response(200, content=b"data"),
    )
    _, data = await download(server, headers={"X-Own": "1"})
    assert data == b"data"
    assert "authorization" in server.requests[0].headers
    assert "authorization" not in server.requests[1].headers
    assert "x-own" not in server.requests[1].headers


async def test_a_way_back_from_another_host_brings_no_credential():
    server = Server(
        status(302, location="https://evil.example.org/"),
        status(302, location=f"{BASE}/admin"),
        httpx2.Response(200, content=b"x"),
    )
    await download(server)
    assert "authorization" not in server.requests[2].headers


async def test_a_download_from_an_absolute_address_elsewhere_brings_no_credential():
    server = Server(httpx2.Response(200, content=b"x"))
    await download(server, "https://files.example.net/1")
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("http://s3.example.net/f", "unencrypted"),
        ("http://pm.example.com/f", "unencrypted"),
        ("https://127.0.0.1/f", "must not lead"),
        ("https://localhost/f", "must not lead"),
        ("https://169.254.169.254/latest/meta-data", "must not lead"),
        ("https://[::1]/f", "must not lead"),
        ("file:///etc/passwd", "malformed"),
    ],
)
async def test_downloads_do_not_go_anywhere(location, says):
    server = Server(status(302, location=location), httpx2.Response(200))
    with pytest.raises(ProviderError, match=says):
        await download(server)
    if "://" in location and not location.startswith("file"):
        with pytest.raises(ProviderError, match=says):
            await download(server, location)
    assert len(server.requests) == 1


async def test_a_download_is_bounded_and_closed():
    body = Pieces()
    with pytest.raises(ProviderError, match="limit"):
        await download(Server(httpx2.Response(200, stream=body)), max_bytes=MIB)
    assert body.closed


async def test_a_download_left_early_is_closed():
    body = Pieces()
    client = Server(httpx2.Response(200, stream=body)).client()
    async with client.stream("/f", operation="download") as file:
        async for chunk in file:
            assert chunk
            break
    assert body.closed


async def test_opening_a_download_is_repeated_and_fails_like_a_read():
    server = Server(status(503), httpx2.ReadError, httpx2.Response(200, content=b"x"))
    assert (await download(server))[1] == b"x"
    with pytest.raises(PermissionDeniedError, match="HTTP 403"):
        await download(Server(status(302, location="https://s3.example.net/"), status(403)))


async def test_an_error_answer_of_a_download_that_breaks_off():
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nabc")
        await writer.drain()

    async with raw_server(talk) as url:
        async with HttpClient(url, provider="vendor", policy=ONCE) as client:
            with pytest.raises(TransportError, match="broke off"):
                async with client.stream("/f", operation="download"):
                    pass


async def test_endless_redirects_of_a_download():
    with pytest.raises(ProviderError, match="more than 5"):
        await download(Server(lambda _r: status(302, location="https://s3.example.net/")))


async def test_a_download_that_breaks_is_a_transport_error():
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await writer.drain()

    async with raw_server(talk) as url, HttpClient(url, provider="vendor") as client:
        with pytest.raises(TransportError, match="broke off"):
            async with client.stream("/f", operation="download") as file:
                await file.read()


async def test_a_download_that_takes_too_long():
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await reader.read()

    policy = TransportPolicy(download_timeout_s=0.05)
    async with raw_server(talk) as url, HttpClient(url, provider="v", policy=policy) as client:
        with pytest.raises(TransportError, match="in time"):
            async with client.stream("/f", operation="download") as file:
                await file.read()


# --- life cycle and sharing ---------------------------------------------------------------------


async def test_a_closed_client_refuses():
    client = Server(ok()).client()
    async with client:
        await client.request("GET", "x", operation="o")
    await client.aclose()
    with pytest.raises(TransportError, match="closed") as caught:
        await client.request("GET", "x", operation="o")
    assert not caught.value.retryable
    with pytest.raises(TransportError, match="closed"):
        async with client.stream("x", operation="o"):
            pass
    with pytest.raises(TransportError, match="closed"):
        await client.__aenter__()


async def test_many_coroutines_share_one_client():
    server = Server(lambda request: httpx2.Response(200, json=request.url.params["n"]))
    async with server.client() as client:
        answers = await asyncio.gather(
            *(client.request("GET", "x", operation="o", params={"n": n}) for n in range(50))
        )
    assert [answer.json() for answer in answers] == [str(n) for n in range(50)]


def test_one_client_in_two_event_loops():
    server = Server(ok)
    client = server.client()
    for _ in range(2):
        asyncio.run(client.request("GET", "x", operation="o"))
    asyncio.run(client.aclose())
    assert len(server.requests) == 2


async def test_a_real_connection_is_kept_alive():
    connections = 0

    async def talk(reader, writer):
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()

    async with raw_server(talk) as url, HttpClient(url, provider="vendor") as client:
        for _ in range(3):
            await client.request("GET", "x", operation="o")
    assert connections == 1


async def test_a_cancelled_call_gives_its_slot_back():
    entered = asyncio.Event()

    async def hang(_request):
        entered.set()
        await asyncio.Event().wait()

    governor = Governor(provider="vendor", quota=Quota(concurrency=1))
    slow = HttpClient(BASE, provider="vendor", governor=governor, transport=httpx2.MockTransport(hang))
    task = asyncio.create_task(slow.request("GET", "x", operation="o"))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    quick = Server(ok()).client(governor=governor, policy=TransportPolicy(max_wait_s=0.0))
    with pytest.raises(RateLimitedError):
        # No wait allowed and a slot that is held: this is what a leaked slot would look like.
        async with governor.slot(max_wait_s=1.0):
            await quick.request("GET", "x", operation="o")
    again = Server(ok()).client(governor=governor)
    assert (await again.request("GET", "x", operation="o")).status == 200


async def test_a_reader_of_a_download_holds_no_slot():
    governor = Governor(provider="vendor", quota=Quota(concurrency=1))
    client = Server(ok).client(governor=governor, policy=TransportPolicy(max_wait_s=1.0))
    async with client.stream("/f", operation="download"):
        assert (await client.request("GET", "x", operation="o")).status == 200


async def test_time_used_up_while_waiting_for_a_slot_means_not_sent():
    clock = FakeTime()
    server = Server(ok())

    class Late(Governor):
        def slot(self, **options):
            clock.now += 1000.0
            return super().slot(**options)

    client = server.client(clock, governor=Late(provider="vendor", timing=clock.timing()))
    with pytest.raises(TransportError, match="not sent") as caught:
        await client.request("POST", "x", operation="o", json={})
    assert not caught.value.maybe_applied
    assert server.requests == []


async def test_an_asgi_application_instead_of_a_network():
    async def app(scope, receive, send):
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event["body"]
            if not event["more_body"]:
                break
        text = scope["path"].encode() + b" " + scope["query_string"] + b" " + body
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text})

    transport = httpx2.ASGITransport(app)
    async with HttpClient("http://localhost", provider="v", transport=transport) as client:
        answer = await client.request("POST", "/a/b", operation="o", params={"q": 1}, json=[1])
    assert answer.content == b"/a/b q=1 [1]"


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, encoding = folder / "pem", serialization.Encoding.PEM
    pem.write_bytes(
        certificate.public_bytes(encoding)
        + key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem


async def test_certificates_are_verified(tmp_path):
    pem = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    clock = FakeTime()

    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    async with raw_server(talk, tls=tls) as url:
        async with HttpClient(url, provider="v", timing=clock.timing()) as client:
            with pytest.raises(TransportError, match="certificate") as caught:
                await client.request("POST", "x", operation="o", json={})
        assert not caught.value.retryable
        assert not caught.value.maybe_applied
        assert clock.sleeps == []
        trusting = ssl.create_default_context(cafile=pem)
        async with HttpClient(url, provider="v", verify=trusting) as client:
            assert (await client.request("GET", "x", operation="o")).json() == {}


def test_the_repr_shows_no_secret():
    client = Server(ok()).client(auth=BasicAuth("apikey", SECRET))
    assert SECRET not in repr(client)


def test_policies_are_checked():
    for bad in ({"max_attempts": 0}, {"total_timeout_s": -1.0}, {"max_bytes": 0}):
        with pytest.raises(ValueError, match="must be positive"):
            TransportPolicy(**bad)
    TransportPolicy(max_wait_s=0, max_redirects=0, backoff_base_s=0)
