"""The connection pool: made late, without cookies, redirects or a credential of its own."""

from __future__ import annotations

import asyncio
import http.cookiejar
import importlib.metadata
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx2

from pm_providers.effects import is_permit_fresh
from pm_providers.errors import TransportError
from pm_providers.transport.errors import AttemptFailedError
from pm_providers.transport.exchange import Call
from pm_providers.transport.policy import TransportPolicy
from pm_providers.transport.redact import in_call
from pm_providers.transport.urls import is_loopback

__all__ = ["Pool", "user_agent"]

_KEEPALIVE_S: Final = 30.0
_BEFORE_HEAD: Final = "send_request_headers.started"
_BEFORE_BODY: Final = "send_request_body.started"
"""Ends of the names of what the connection tells right before it writes to its socket. A request without a
body is sent whole by then, so that only its head counts."""


def user_agent() -> str:
    """`pm-providers/<version>`."""
    try:
        return f"pm-providers/{importlib.metadata.version('pm-providers')}"
    except importlib.metadata.PackageNotFoundError:
        return "pm-providers"


class Pool:
    """The HTTP library's client, made at the first request within the running event loop.

    When it is used from another event loop later (one `asyncio.run` after the other), it starts
    anew there.

    Args:
        host: of the server; environment proxies are not used for this machine.
        provider: for errors.
        policy: timeouts and size.
        transport: replaces the network; closed with the pool.
        verify: TLS verification.
    """

    def __init__(
        self,
        host: str,
        *,
        provider: str,
        policy: TransportPolicy,
        transport: httpx2.AsyncBaseTransport | None,
        verify: bool | ssl.SSLContext,
    ) -> None:
        self._host = host
        self._provider = provider
        self._policy = policy
        self._transport = transport
        self._verify = verify
        self._http: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def send(
        self, call: Call, method: str, url: httpx2.URL, headers: Mapping[str, str]
    ) -> httpx2.Response:
        """Send one request; the answer's body is not read yet, and the caller closes it.

        A write is given up when its permit (see `effects`) went stale on the way to the connection: the
        process was frozen there, and others may have gone on without it.
        """
        http = self._current()
        body = method == call.method
        has_body = body and bool(call.content or call.files)
        token = in_call.set(True)
        try:
            request = http.build_request(
                method,
                url,
                headers=dict(headers),
                content=call.content if body else None,
                files=call.parts() if body else None,
                extensions={"trace": self._guard(has_body)} if call.changes else None,
            )
            return await http.send(request, stream=True, auth=None, follow_redirects=False)
        finally:
            in_call.reset(token)

    def _guard(self, has_body: bool) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
        last_moments = (_BEFORE_HEAD, _BEFORE_BODY) if has_body else (_BEFORE_HEAD,)

        async def still_in_time(event: str, info: Mapping[str, Any]) -> None:
            del info
            if event.endswith(last_moments) and not is_permit_fresh():
                text = "not sent: the process stood still for so long that others may have gone on without it"
                raise AttemptFailedError(
                    TransportError(text, provider=self._provider), executed=False, transient=True
                )

        return still_in_time

    def check_open(self) -> None:
        """Raise `TransportError` once the pool is closed."""
        if self._closed:
            raise TransportError("the client was closed", provider=self._provider, retryable=False)

    async def aclose(self) -> None:
        """Close all connections; calling it again changes nothing."""
        self._closed = True
        http, self._http = self._http, None
        # A pool of another event loop cannot be closed from here: its sockets died with that loop.
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()
        elif self._transport is not None:
            await self._transport.aclose()

    def _current(self) -> httpx2.AsyncClient:
        self.check_open()
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._http, self._loop = self._open(), loop
        return self._http

    def _open(self) -> httpx2.AsyncClient:
        policy = self._policy
        # Sessions and their cookies are none of our business: every request names its credential.
        no_cookies = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])
        return httpx2.AsyncClient(
            transport=self._transport,
            verify=self._verify,
            cookies=http.cookiejar.CookieJar(policy=no_cookies),
            trust_env=not is_loopback(self._host),
            limits=httpx2.Limits(
                max_connections=policy.max_connections,
                max_keepalive_connections=policy.max_connections,
                keepalive_expiry=_KEEPALIVE_S,
            ),
            timeout=httpx2.Timeout(
                connect=policy.connect_timeout_s,
                read=policy.read_timeout_s,
                write=policy.write_timeout_s,
                pool=policy.pool_timeout_s,
            ),
        )
