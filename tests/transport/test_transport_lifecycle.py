"""Life cycle and sharing of the client; TLS."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from transport_support import BASE, SECRET, FakeTime, Server, raw_server, read_request

from pm_providers.errors import (
    RateLimitedError,
    TransportError,
)
from pm_providers.transport import (
    BasicAuth,
    Governor,
    HttpClient,
    Quota,
    TransportPolicy,
)


def ok(*_):
    return httpx2.Response(200, json={"ok": True})


async def get(server, path="x", **options):
    return await server.client(**options).request("GET", path, operation="get")


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
