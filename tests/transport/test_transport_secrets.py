"""No secret in a repr, a log record, an error, or a URL."""

from __future__ import annotations

import base64
import gc
import logging

import httpx2
import pytest
from transport_support import SECRET, FakeTime, Server, raw_server, read_request, status

from pm_providers.errors import ConfigurationError, PMError
from pm_providers.transport import (
    BasicAuth,
    BearerAuth,
    HeaderAuth,
    HttpClient,
    TransportPolicy,
    VendorFault,
    fingerprint,
    redact,
)
from pm_providers.transport.redact import LogRedactor, install

PAIR = base64.b64encode(f"apikey:{SECRET}".encode()).decode()
QUOTED = "s3cr3t-%2Fkey%2B93ba"
AUTHS = [
    BasicAuth("apikey", SECRET),
    BearerAuth(SECRET),
    HeaderAuth("X-Key", SECRET),
    HeaderAuth("Authorization", f'OAuth token="{SECRET}"', secret_parts=(SECRET,)),
]


def leaks(text):
    return [form for form in (SECRET, PAIR, QUOTED) if form in text]


@pytest.mark.parametrize("auth", AUTHS, ids=lambda auth: type(auth).__name__)
def test_a_credential_shows_nothing(auth):
    assert not leaks(f"{auth!r} {auth} {auth.fingerprint()}")
    assert leaks(" ".join(auth.headers().values()))


def test_headers_of_each_kind():
    assert BasicAuth("apikey", SECRET).headers() == {"Authorization": f"Basic {PAIR}"}
    assert BasicAuth("ü", "ß").headers()["Authorization"] == "Basic w7w6w58="
    assert BearerAuth("t").headers() == {"Authorization": "Bearer t"}
    assert HeaderAuth("X-Key", "k").headers() == {"X-Key": "k"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: BasicAuth("a:b", SECRET),
        lambda: BasicAuth("", SECRET),
        lambda: BasicAuth("a", ""),
        lambda: BasicAuth("a", f"{SECRET}\n"),
        lambda: BearerAuth(""),
        lambda: BearerAuth(f"{SECRET}\r\nX-Evil: 1"),
        lambda: BearerAuth(f"{SECRET}é"),
        lambda: BearerAuth(f" {SECRET}"),
        lambda: HeaderAuth("X Key", SECRET),
        lambda: HeaderAuth("X:", SECRET),
        lambda: HeaderAuth("X-Key", f"{SECRET}\x00"),
    ],
)
def test_malformed_credentials_are_refused_without_being_shown(make):
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert not leaks(str(caught.value))


def test_fingerprints():
    same = BasicAuth("apikey", SECRET).fingerprint()
    assert same == BasicAuth("apikey", SECRET).fingerprint()
    assert len(same) == 32
    assert BearerAuth(SECRET).fingerprint() != same
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("a") != fingerprint("a", key=b"installation")
    assert fingerprint("a", key=b"installation") == fingerprint("a", key=b"installation")


def test_redact():
    assert redact("a secret, secretly", ["secret"]) == "a ***, ***ly"
    assert redact("longsecret", ["long", "longsecret"]) == "***"
    assert redact("abc", ["abc", ""]) == "abc"


async def talk(reader, writer):
    """Redirect once (so that a Location is logged), set a cookie, echo the credential."""
    for _ in range(9):
        request = await read_request(reader)
        first = request.split(b" ")[1]
        head = b"Set-Cookie: sid=c00kie-value\r\nX-Echo: " + SECRET.encode() + b"\r\n"
        if b"again" not in first:
            target = b"/again?signature=presigned-value"
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\n" + head)
            writer.write(b"Content-Length: 0\r\n\r\n")
        else:
            body = b"your key " + SECRET.encode() + b" is bad"
            writer.write(b"HTTP/1.1 403 No\r\n" + head)
            writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()


async def test_everything_at_debug_shows_no_secret(caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)

    def parse(answer):
        return VendorFault(answer.content.decode(), {SECRET: SECRET}, SECRET)

    texts = []
    async with raw_server(talk) as url:
        for auth in AUTHS:
            async with HttpClient(url, provider="vendor", auth=auth, error_parser=parse) as client:
                with pytest.raises(PMError) as caught:
                    await client.request("GET", f"/tokens/{QUOTED}/x", operation="get", params={"q": SECRET})
                texts += [str(caught.value), repr(caught.value), repr(client)]
                with pytest.raises(PMError):
                    async with client.stream(f"/f/{QUOTED}", operation="download"):
                        pass
    logged = "\n".join(record.getMessage() + repr(record.args) for record in caplog.records)
    names = {record.name for record in caplog.records}
    assert {"httpx2", "httpcore2.http11", "pm_providers.transport"} <= names
    assert not leaks(logged)
    assert not leaks("\n".join(texts))
    for hidden in ("presigned-value", "c00kie-value", "q="):
        assert hidden not in logged
    assert "GET /tokens/***/x -> 302" in logged
    assert "/again -> 403" in logged


async def test_failures_are_logged_without_the_query(caplog):
    caplog.set_level(logging.DEBUG, logger="pm_providers.transport")
    server = Server(httpx2.ConnectError, httpx2.Response(200))
    await server.client().request("GET", f"x?a={SECRET}", operation="get_task")
    messages = [record.getMessage() for record in caplog.records]
    assert any("GET /base/x: the connection could not be made" in text for text in messages)
    assert any("GET /base/x -> 200" in text and "attempt 2" in text for text in messages)
    assert not leaks("".join(messages))


def test_logs_of_the_host_are_left_alone(caplog):
    install()
    install()
    logger = logging.getLogger("httpx2")
    assert sum(isinstance(item, LogRedactor) for item in logger.filters) == 1
    caplog.set_level(logging.INFO, logger="httpx2")
    logger.info("HTTP Request: %s", "https://host.example/?page=2")
    assert "page=2" in caplog.text


def test_secrets_are_forgotten_with_their_owner(caplog):
    caplog.set_level(logging.INFO, logger="httpx2")
    client = Server(status(200)).client(auth=BearerAuth("forgettable"))
    logging.getLogger("httpx2").info("forgettable 1")
    assert client.base_url
    del client
    gc.collect()
    logging.getLogger("httpx2").info("forgettable 2")
    assert [record.getMessage() for record in caplog.records] == ["*** 1", "forgettable 2"]


async def test_a_refused_wait_shows_no_secret():
    server = Server(httpx2.Response(429, headers={"Retry-After": "999"}, text=SECRET))
    client = server.client(
        FakeTime(),
        policy=TransportPolicy(max_attempts=2),
        error_parser=lambda answer: VendorFault(answer.content.decode()),
    )
    with pytest.raises(PMError) as caught:
        await client.request("GET", "x", operation="o")
    assert not leaks(str(caught.value))


async def test_turned_off_verification_is_warned_about(caplog):
    client = HttpClient("https://pm.example.com", provider="vendor", verify=False)
    assert "certificates are not verified" in caplog.text
    await client.aclose()
