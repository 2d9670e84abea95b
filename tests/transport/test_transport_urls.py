"""Base URLs and ids in paths."""

from __future__ import annotations

import pytest

from pm_providers.errors import ConfigurationError, ValidationError
from pm_providers.transport import parse_base_url, path_segment
from pm_providers.transport.urls import is_inner_host, is_loopback


def parse(value):
    return parse_base_url(value, setting="VENDOR_URL", example="https://pm.example.com")


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://pm.example.com", "https://pm.example.com"),
        (" https://PM.Example.com/ \n", "https://pm.example.com"),
        ("HTTPS://pm.example.com:443/Base/", "https://pm.example.com/Base"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80//", "http://127.0.0.1"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("https://müller.example/ä", "https://xn--mller-kva.example/%C3%A4"),
    ],
)
def test_good_base_urls(value, url):
    assert parse(value) == url
    assert parse(url) == url


@pytest.mark.parametrize(
    "value",
    [
        "", "   ", "pm.example.com", "pm.example.com:8080", "localhost:8080", "ftp://pm.example.com",
        "https://", "https:///x", "https:pm.example.com", "https://user:hunter22@pm.example.com",
        "https://hunter22@pm.example.com", "https://pm.example.com?key=hunter22",
        "https://pm.example.com/#x", "https://pm.example.com:0", "https://pm.example.com:99999",
        "https://pm.example.com:port", "https://pm example.com", "https://pm.example.com/a b",
        "https://pm.example.com/\x00", "https://pm\\evil.com",
        "https://pm.example.com/../x", "https://pm..example.com", "https://.example.com",
        "https://" + "a" * 3000, "https://[::1", "https://pm.ex\u2028ample.com", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_bad_base_urls(value):
    with pytest.raises(ConfigurationError) as caught:
        parse(value)
    error = caught.value
    assert error.message.startswith("VENDOR_URL ")
    assert error.message.endswith("example: VENDOR_URL=https://pm.example.com")
    assert (error.setting, error.example) == ("VENDOR_URL", "https://pm.example.com")
    assert "hunter22" not in str(error)


def test_plain_http_is_warned_about_once(caplog):
    for _ in range(2):
        parse("http://intranet.example:8080")
        parse("http://localhost:8080")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "intranet.example" in caplog.text


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("1", "1"), ("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("ä ", "%C3%A4%20"), ("%2e", "%252e"),
        ("...", "..."), ("../x", "..%2Fx"),
    ],
)  # fmt: skip
def test_ids_stay_one_part_of_the_path(value, segment):
    assert path_segment(value) == segment


@pytest.mark.parametrize("value", ["", ".", "..", "a\nb", "a\x00", "\ud800", "x" * 501])
def test_what_cannot_be_an_id(value):
    with pytest.raises(ValidationError) as caught:
        path_segment(value)
    assert set(caught.value.fields) == {"id"}
    assert str(caught.value).isprintable()


def test_hosts():
    for host in ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"):
        assert is_loopback(host)
        assert is_inner_host(host)
    for host in ("169.254.169.254", "fe80::1", "0.0.0.0"):
        assert not is_loopback(host)
        assert is_inner_host(host)
    for host in ("example.com", "10.0.0.1", "localhost.example.com", "128.0.0.1", ""):
        assert not is_inner_host(host)
