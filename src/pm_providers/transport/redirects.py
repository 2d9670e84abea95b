"""Redirects, decided by us: a credential never follows one to another host."""

from __future__ import annotations

from typing import Final

import httpx2

from pm_providers.errors import PMError, ProviderError
from pm_providers.transport.errors import AttemptFailedError, Where
from pm_providers.transport.exchange import REDIRECTS, Call, refuse
from pm_providers.transport.urls import is_inner_host, join_url, origin_of, same_origin

__all__ = ["after_see_other", "check_download", "is_redirect", "next_download_url", "next_hop"]

_SEE_OTHER: Final = 303
_KEEP_METHOD: Final = frozenset({307, 308})


def is_redirect(response: httpx2.Response) -> bool:
    """Whether the answer sends us elsewhere."""
    return response.status_code in REDIRECTS and "location" in response.headers


def next_hop(response: httpx2.Response, url: httpx2.URL, where: Where) -> tuple[str, httpx2.URL]:
    """Method and address of the request that an API redirect leads to.

    Reads follow any redirect within their origin. A write follows 307 and 308 with its method and
    body, and 303 ("see other") with GET; 301 and 302 would turn it into a read that does nothing.

    Raises:
        AttemptFailedError: the redirect leads to another origin, or would change a write.
    """
    target = _target(response, url, where)
    if not same_origin(target, url):
        raise refuse(where, _foreign_text(target, url), response)
    if not where.writes or response.status_code in _KEEP_METHOD:
        return where.method, target
    if response.status_code == _SEE_OTHER:
        return "GET", target
    raise refuse(where, f"a redirect ({response.status_code}) would lose the request", response)


def next_download_url(response: httpx2.Response, url: httpx2.URL, where: Where) -> httpx2.URL:
    """Address that a download is redirected to; another host is fine, a weaker one is not.

    Raises:
        AttemptFailedError: it leads from https to http, or from elsewhere into this machine.
    """
    target = _target(response, url, where)
    check_download(target, url, where)
    return target


def check_download(target: httpx2.URL, source: httpx2.URL, where: Where) -> None:
    """Refuse a download address that is weaker than where it came from."""
    if source.scheme == "https" and target.scheme != "https":
        raise refuse(where, f"{target.host} offers the file over unencrypted http only")
    if is_inner_host(target.host) and not is_inner_host(source.host):
        raise refuse(where, f"a download from {source.host} must not lead to {target.host}")


def _target(response: httpx2.Response, url: httpx2.URL, where: Where) -> httpx2.URL:
    location = response.headers["location"]
    try:
        relative = location if _rooted(location) else str(url.join(location))
        return join_url(origin_of(url), relative)
    except (ProviderError, httpx2.InvalidURL, ValueError) as exc:
        failure: AttemptFailedError = refuse(where, "it redirects to a malformed address", response)
        raise failure from exc


def _rooted(location: str) -> bool:
    return "://" in location.split("?", maxsplit=1)[0] or location.startswith("/")


def _foreign_text(target: httpx2.URL, url: httpx2.URL) -> str:
    if target.host == url.host and target.scheme != url.scheme:
        return f"it redirects to {origin_of(target)}; if that is right, set the address to it"
    return f"it redirects to another host, {origin_of(target)}; the credential stays here"


def after_see_other(
    exc: AttemptFailedError | PMError, call: Call, method: str
) -> AttemptFailedError | PMError:
    """A write that answered "see other" was carried out, whatever happens to the look-up after."""
    if method != call.method:
        error = exc.error if isinstance(exc, AttemptFailedError) else exc
        error.maybe_applied = True
        if isinstance(exc, AttemptFailedError):
            exc.executed = True
    return exc
