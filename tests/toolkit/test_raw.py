"""The raw call: refused headers, hidden ones, bodies that are no JSON."""

from __future__ import annotations

import pytest

from pm_providers.errors import ValidationError
from pm_providers.toolkit.raw import allowed_headers, raw_response
from pm_providers.transport import Answer
from pm_providers.transport.errors import Where


def answer(content, **headers):
    where = Where(provider="acme", operation="request", method="GET", path="/x")
    return Answer(
        200, {name.replace("_", "-"): value for name, value in headers.items()}, content, where=where
    )


@pytest.mark.parametrize("name", ["Authorization", "cookie", "HOST", "Content-Length", "X-Acme-Key"])
def test_headers_of_the_client_are_refused_by_name(name):
    with pytest.raises(ValidationError) as caught:
        allowed_headers({name: "s3cret", "Accept": "*/*"}, refused={"x-acme-key"})
    assert name in caught.value.fields["headers"]
    assert "s3cret" not in str(caught.value)


def test_other_headers_pass():
    assert allowed_headers(None) == {}
    assert allowed_headers({"X-Acme-Key": "1"}) == {"X-Acme-Key": "1"}


def test_credentials_of_the_answer_are_hidden():
    found = raw_response(answer(b"{}", Set_Cookie="a=b", ETag="1", Content_Type="application/json"))
    assert found.headers == {"etag": "1", "content-type": "application/json"}
    assert found.data == {}


@pytest.mark.parametrize(
    ("content", "kind", "value"),
    [
        (b'{"a": [1]}', "application/hal+json; charset=utf-8", {"a": [1]}),
        (b"{broken", "application/json", None),
        (b" ", "application/json", None),
        (b"<p>{}</p>", "text/html", None),
    ],
)
def test_json_is_decoded_where_there_is_some(content, kind, value):
    found = raw_response(answer(content, Content_Type=kind))
    assert (found.data, found.content) == (value, content)
