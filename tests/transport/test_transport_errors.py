"""From HTTP to our errors; texts are short, clean and without secrets."""

from __future__ import annotations

import inspect
import socket
import ssl

import httpx2
import pytest
from transport_support import SECRET, Server, status

from pm_providers import errors
from pm_providers.errors import (
    ConflictError,
    PMError,
    ProviderError,
    TransportError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.transport import TransportPolicy, VendorFault
from pm_providers.transport.errors import EXCEPTION_RULES, Where, clean_text, from_exception

ONCE = TransportPolicy(max_attempts=1)

STATUSES = {
    400: errors.ValidationError,
    401: errors.AuthenticationError,
    402: errors.ProviderError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    405: errors.ProviderError,
    406: errors.ProviderError,
    408: errors.ProviderError,
    409: errors.ConflictError,
    410: errors.NotFoundError,
    412: errors.ConflictError,
    413: errors.ValidationError,
    415: errors.ValidationError,
    418: errors.ProviderError,
    422: errors.ValidationError,
    429: errors.RateLimitedError,
    451: errors.ProviderError,
    500: errors.ProviderError,
    502: errors.ProviderError,
    503: errors.ProviderError,
    504: errors.ProviderError,
    529: errors.ProviderError,
    599: errors.ProviderError,
    304: errors.ProviderError,
    300: errors.ProviderError,
}


@pytest.mark.parametrize(("code", "kind"), STATUSES.items())
async def test_status_to_class(code, kind):
    server = Server(status(code, x_request_id="abc-1"))
    with pytest.raises(PMError) as caught:
        await server.client(policy=ONCE).request("GET", "tasks/7", operation="get_task")
    error = caught.value
    assert type(error) is kind
    assert error.status == code
    assert error.provider == "vendor"
    assert error.operation == "get_task"
    assert error.request_id == "abc-1"
    assert error.retryable is (code in {429, 502, 503, 504})
    assert str(error).startswith(f"vendor get_task: GET /base/tasks/7 was answered with HTTP {code}")


def test_every_exception_of_the_http_library_has_its_own_rule():
    public = {
        value
        for name, value in vars(httpx2).items()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and not issubclass(value, Warning)
        and name in httpx2.__all__
    }
    assert public - set(EXCEPTION_RULES) == set()
    assert {cls for cls in EXCEPTION_RULES if cls.__module__.startswith("httpx2")} == public


@pytest.mark.parametrize("cls", [cls for cls in EXCEPTION_RULES if issubclass(cls, httpx2.HTTPError)])
async def test_exceptions_are_chained_and_named_in_our_words(cls):
    if cls is httpx2.HTTPStatusError:
        exc = cls(f"boom {SECRET}", request=None, response=None)
    elif cls is httpx2.SSEError:
        exc = cls(f"boom {SECRET}")
    else:
        exc = cls(f"boom {SECRET}")
    server = Server(exc)
    with pytest.raises((TransportError, ProviderError)) as caught:
        await server.client(policy=ONCE).request("GET", "x", operation="get")
    assert caught.value.__cause__ is exc
    assert "boom" not in str(caught.value)
    assert cls.__name__ in str(caught.value)


async def test_an_untrusted_certificate_is_not_worth_a_retry():
    exc = httpx2.ConnectError("x")
    exc.__cause__ = ssl.SSLCertVerificationError("self-signed")
    server = Server(exc)
    with pytest.raises(TransportError, match="certificate") as caught:
        await server.client().request("GET", "x", operation="get")
    assert len(server.requests) == 1
    assert not caught.value.retryable


async def test_a_vendor_fault_becomes_message_and_fields():
    server = Server(httpx2.Response(422, json={"message": "Subject can't be blank."}))

    def parse(answer):
        return VendorFault(answer.json_object()["message"], {"title": "must be set"}, "urn:x:Blank")

    with pytest.raises(ValidationError) as caught:
        await server.client(error_parser=parse).request("POST", "x", operation="create", json={})
    assert caught.value.fields == {"title": "must be set"}
    assert caught.value.message == "Subject can't be blank. (HTTP 422, urn:x:Blank)"


async def test_a_vendor_fault_may_name_the_conflicting_fields_or_another_class():
    server = Server(status(409), status(500))
    server.answers = [httpx2.Response(409, json={}), httpx2.Response(500, json={})]
    faults = iter([VendorFault("old", {"title": "changed"}), VendorFault("pay first", kind=UnsupportedError)])
    client = server.client(error_parser=lambda _answer: next(faults))
    with pytest.raises(ConflictError) as conflict:
        await client.request("PATCH", "x", operation="update", json={})
    assert conflict.value.fields == ("title",)
    with pytest.raises(UnsupportedError) as unsupported:
        await client.request("POST", "x", operation="create", json={})
    assert unsupported.value.status == 500
    assert not unsupported.value.maybe_applied


@pytest.mark.parametrize(
    "parser",
    [
        lambda answer: VendorFault(answer.json_object()["message"]),
        lambda answer: VendorFault(answer.json()["a"]["b"]),
        lambda answer: VendorFault(answer.json_list()[9]),
        lambda answer: None,
    ],
)
@pytest.mark.parametrize("body", [b"<html>oops</html>", b"null", b"[]", b'{"a":null}', b"{", b""])
async def test_a_parser_that_stumbles_does_not_hide_the_status(parser, body):
    server = Server(httpx2.Response(404, content=body))
    with pytest.raises(errors.NotFoundError, match="HTTP 404 Not Found"):
        await server.client(error_parser=parser).request("GET", "x", operation="get")


async def test_vendor_text_is_bounded_clean_and_masked():
    nasty = "\x1b[31mred\r\nX-Evil: 1\u202e " + "a" * 240 + f" {SECRET} " + "b" * 10_000
    server = Server(httpx2.Response(400, json={}))
    client = server.client(
        error_parser=lambda _answer: VendorFault(nasty, {f"f{i}\n": nasty for i in range(500)}, nasty)
    )
    with pytest.raises(ValidationError) as caught:
        await client.request("POST", "x", operation="create", json={})
    error = caught.value
    for text in (error.message, *error.fields, *error.fields.values()):
        assert SECRET not in text
        assert SECRET[:8] not in text
        assert text.isprintable()
        assert len(text) < 500
    assert len(error.fields) == 50


@pytest.mark.parametrize("offset", range(280, 305))
async def test_no_cut_leaves_half_a_secret(offset):
    server = Server(httpx2.Response(400, json={}))
    client = server.client(error_parser=lambda _answer: VendorFault("x" * offset + SECRET))
    with pytest.raises(ValidationError) as caught:
        await client.request("POST", "x", operation="create", json={})
    assert "s3" not in caught.value.message


@pytest.mark.parametrize(
    "value", ["x" * 129, "a b", "<script>", "a\tb", "", "sécret"], ids=lambda v: v[:8] or "empty"
)
async def test_a_malformed_request_id_is_dropped(value):
    server = Server(httpx2.Response(404, headers=[("X-Request-Id", value.encode())]))
    with pytest.raises(PMError) as caught:
        await server.client().request("GET", "x", operation="get")
    assert caught.value.request_id is None


def test_clean_text():
    assert clean_text(" a\x00b\n c ") == "a b c"
    assert clean_text("é" * 400) == "é" * 299 + "…"
    assert clean_text("") == ""


async def test_errors_never_show_the_query():
    server = Server(status(500))
    with pytest.raises(ProviderError) as caught:
        await server.client().request("GET", "x?token=abc", operation="get", params={"q": "hidden"})
    assert "hidden" not in str(caught.value)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "there is no host of that name"),
        (ConnectionRefusedError(111, "x"), "nothing accepts connections at that address"),
        (OSError("x"), "ConnectError"),
    ],
)
def test_why_a_connection_could_not_be_made(cause, said):
    """The reason that the system gives stands in the message, in words."""
    error = httpx2.ConnectError("All connection attempts failed")
    error.__cause__ = cause
    where = Where("demo", "get_task", "GET", "/x", str)
    assert from_exception(error, where).error.message.endswith(f"the connection could not be made ({said})")
