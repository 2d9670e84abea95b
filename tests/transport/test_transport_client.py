"""Requests as they leave, addresses and redirects."""

from __future__ import annotations

import httpx2
import pytest
from transport_support import BASE, SECRET, Server, status

from pm_providers.errors import (
    NotFoundError,
    ProviderError,
    TransportError,
    ValidationError,
)
from pm_providers.transport import (
    FilePart,
    TransportPolicy,
)


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
