"""Downloads: to other hosts without the credential, bounded, closed."""

from __future__ import annotations

import httpx2
import pytest
from transport_support import BASE, FakeTime, Pieces, Server, raw_server, read_request, status

from pm_providers.errors import (
    PermissionDeniedError,
    ProviderError,
    TransportError,
)
from pm_providers.transport import (
    MIB,
    HttpClient,
    TransportPolicy,
)

ONCE = TransportPolicy(max_attempts=1)


def ok(*_):
    return httpx2.Response(200, json={"ok": True})


async def get(server, path="x", **options):
    return await server.client(**options).request("GET", path, operation="get")


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


async def test_storage_that_asks_to_wait_is_obeyed_in_full():
    clock = FakeTime()
    server = Server(
        status(302, location="https://s3.example.net/"),
        status(503, retry_after="45"),
        httpx2.Response(200, content=b"x"),
    )
    client = server.client(clock)
    async with client.stream("/f", operation="download") as file:
        assert await file.read() == b"x"
    assert clock.sleeps == [45.0]


async def test_an_error_answer_of_a_download_that_breaks_off():
    async def talk(reader, writer):
        await read_request(reader)
        writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nabc")
        await writer.drain()

    async with raw_server(talk) as url, HttpClient(url, provider="vendor", policy=ONCE) as client:
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
