"""Addresses: what a base URL may look like, and which addresses may see the credential."""

from __future__ import annotations

import ipaddress
import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, unquote

import httpx2

from pm_providers.errors import ConfigurationError, ProviderError, ValidationError

__all__ = [
    "Params",
    "is_inner_host",
    "is_loopback",
    "join_url",
    "origin_of",
    "parse_base_url",
    "path_segment",
    "refuse_other_origin",
    "same_origin",
]

Params = Mapping[str, "str | int | float | bool | Sequence[str | int | float | bool] | None"]
"""Query parameters; `None` leaves a parameter out, a sequence repeats it."""

_log: Final = logging.getLogger("pm_providers.transport")
_warned: Final[set[str]] = set()
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MAX_URL: Final = 8000
_MAX_BASE_URL: Final = 2000
_MAX_SEGMENT: Final = 500
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def parse_base_url(value: str, *, setting: str, example: str) -> str:
    """Check the address of a server and bring it into one form.

    Plain `http` is accepted, because intranets use it; outside of this machine it is warned about,
    once per address.

    Args:
        value: what the user wrote; white space around it is ignored.
        setting: name of the setting, for the error.
        example: a value of the right form, for the error.

    Returns:
        `scheme://host[:port][/path]` in lower case up to the path, without a slash at the end.

    Raises:
        ConfigurationError: names the setting, what is wrong with it, and the example. The value is
            not repeated, as it may hold a password.
    """
    text = value.strip()
    problem = _base_url_problem(text)
    if problem:
        raise ConfigurationError(
            f"{setting} {problem}; example: {setting}={example}", setting=setting, example=example
        )
    url = httpx2.URL(text)
    normal = f"{origin_of(url)}{url.raw_path.decode('ascii').rstrip('/')}"
    if url.scheme == "http" and not is_loopback(url.host) and normal not in _warned:
        _warned.add(normal)
        _log.warning("%s uses plain http: credentials travel unencrypted to %s", setting, url.host)
    return normal


def _base_url_problem(text: str) -> str | None:
    if not text:
        return "is empty"
    if len(text) > _MAX_BASE_URL:
        return "is too long"
    if any(ch.isspace() or not ch.isprintable() or ch == "\\" for ch in text):
        return "holds white space, control characters or backslashes"
    if not text.lower().startswith(("http://", "https://")):
        return "must start with https:// (or http://)"
    if "?" in text or "#" in text:
        return "must not hold a query (?...) or a fragment (#...)"
    if "@" in text.split("://", 1)[1].split("/", 1)[0]:
        return "must not hold a user name or password"
    return _parsed_problem(text)


def _parsed_problem(text: str) -> str | None:
    if _has_dot_segment(text):
        return "must not hold '.' or '..' as a part of the path"
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return "is not a valid address (host or port)"
    if not url.host or url.host.startswith(".") or ".." in url.host:
        return "has no valid host name"
    if url.port is not None and not 0 < url.port < 65536:  # noqa: PLR2004
        return "has a port outside of 1-65535"
    return None


def join_url(base_url: str, path: str, params: Params | None = None) -> httpx2.URL:
    """Address of one request.

    Args:
        base_url: as from `parse_base_url`.
        path: `"projects"` lies below the base URL, `"/api/v3/projects"` below its host, and an
            absolute URL stands for itself. A query in it is kept.
        params: merged into the query.

    Raises:
        ProviderError: the path is malformed, holds `.` or `..` parts, or user information.
    """
    if len(path) > _MAX_URL or not path.isprintable() or "\\" in path or _has_dot_segment(path):
        raise ProviderError("the address of the request is malformed, or holds '.' or '..' parts")
    try:
        url = httpx2.URL(_absolute(base_url, path)).copy_with(fragment=None)
        query = {key: value for key, value in (params or {}).items() if value is not None}
        url = url.copy_merge_params(query) if query else url
    except (httpx2.InvalidURL, UnicodeError, ValueError) as exc:
        raise ProviderError("the address of the request is malformed") from exc
    if url.scheme not in _DEFAULT_PORTS or not url.host or url.userinfo:
        raise ProviderError("the address of the request is not a plain http(s) address")
    return url


def _absolute(base_url: str, path: str) -> str:
    if _SCHEME.match(path):
        return path
    base = httpx2.URL(base_url)
    if path.startswith("//"):
        return f"{base.scheme}:{path}"
    if path.startswith("/"):
        return f"{origin_of(base)}{path}"
    if path.startswith("?") or not path:
        return f"{base_url}{path}"
    return f"{base_url}/{path}"


def path_segment(value: str) -> str:
    """Percent-encode an id for use as one part of a path, so that it stays one part.

    Raises:
        ValidationError: the id is empty, `.`, `..`, too long, or holds control characters.
    """
    bad = not value or value in {".", ".."} or len(value) > _MAX_SEGMENT
    if bad or any(unicodedata.category(ch) in {"Cc", "Cs"} for ch in value):
        raise ValidationError(fields={"id": f"{value[:40]!a} cannot be an id"})
    return quote(value, safe="")


def origin_of(url: httpx2.URL) -> str:
    """`scheme://host[:port]` of an address; the default port is left out."""
    host = url.raw_host.decode("ascii").lower()
    host = f"[{host}]" if ":" in host else host
    port = f":{url.port}" if url.port not in {None, _DEFAULT_PORTS.get(url.scheme)} else ""
    return f"{url.scheme}://{host}{port}"


def same_origin(one: httpx2.URL, other: httpx2.URL) -> bool:
    """Whether both share scheme, host and port, and with them the credential."""
    return origin_of(one) == origin_of(other)


def refuse_other_origin(url: httpx2.URL, base: httpx2.URL) -> None:
    """Raise `ProviderError` if a request with the credential would go to another origin."""
    if not same_origin(url, base):
        raise ProviderError(
            f"a request to {origin_of(url)} is refused: it is another origin than "
            f"{origin_of(base)}, and the credential stays there"
        )


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_inner_host(host: str) -> bool:
    """Whether a host is this machine or a link-local address (cloud metadata services)."""
    if is_loopback(host):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_link_local or address.is_unspecified


def _has_dot_segment(path: str) -> bool:
    bare = re.split(r"[?#]", path, maxsplit=1)[0]
    return any(unquote(part) in {".", ".."} for part in bare.split("/"))
