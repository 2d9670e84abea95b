"""Answers: JSON or not, and bounds of size and depth."""

from __future__ import annotations

import gzip
import json
import zlib

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transport_support import Pieces, Server, status

from pm_providers.errors import (
    ProviderError,
)
from pm_providers.transport import (
    MIB,
    TransportPolicy,
)
from pm_providers.transport.answer import depth_exceeds, surely_shallow


def ok(*_):
    return httpx2.Response(200, json={"ok": True})


async def get(server, path="x", **options):
    return await server.client(**options).request("GET", path, operation="get")


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


TEXTS = st.text(alphabet='[]{}"\\a,: ', max_size=8)
VALUES = st.recursive(
    st.none() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=25,
)


@given(VALUES, st.integers(0, 6))
def test_what_is_called_shallow_is(value, limit):
    content = json.dumps(value).encode()
    assert not (surely_shallow(content, limit) and depth_exceeds(value, limit))


@given(VALUES, st.integers(1, 3))
def test_what_is_called_shallow_is_where_kinds_of_brackets_alternate(value, repeats):
    for _ in range(repeats):
        value = [{"a": value, 'say "[': "\\"}]
    assert not surely_shallow(json.dumps(value).encode(), 2 * repeats - 1)


def test_ordinary_answers_need_no_walk():
    page = {
        "issues": [{"id": "1", "fields": {"summary": 'say "hi" \\', "labels": ["a", ""], "parent": None}}]
        * 50
    }
    assert surely_shallow(json.dumps(page).encode(), 5)
    assert not surely_shallow(json.dumps(page).encode(), 3)
    assert surely_shallow(b"", 0)


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
