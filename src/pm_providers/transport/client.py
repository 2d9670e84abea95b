"""The HTTP client that every provider uses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2
import msgspec

from pm_providers.effects import may_write, note_write
from pm_providers.errors import PMError, TransportError
from pm_providers.transport import redact
from pm_providers.transport.answer import Answer
from pm_providers.transport.auth import Auth
from pm_providers.transport.download import Download
from pm_providers.transport.errors import EXCEPTION_RULES, AttemptFailedError, Where, from_exception
from pm_providers.transport.exchange import Call, FilePart, encode_json, read_bounded, refuse
from pm_providers.transport.policy import MIB, Timing, TransportPolicy
from pm_providers.transport.pool import Pool, user_agent
from pm_providers.transport.ratelimit import Governor
from pm_providers.transport.redirects import (
    after_see_other,
    check_download,
    is_redirect,
    next_download_url,
    next_hop,
)
from pm_providers.transport.retry import Budget, run_with_retries
from pm_providers.transport.urls import Params, join_url, refuse_other_origin, same_origin
from pm_providers.transport.verdict import ErrorParser, Verdict

__all__ = ["HttpClient"]

T = TypeVar("T")

_log: Final = logging.getLogger("pm_providers.transport")
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED: Final = 400
_ERROR_BODY: Final = MIB
_MAX_PATH: Final = 300


class HttpClient:
    """One connection pool, one credential, one server.

    Safe to share between coroutines. The pool is made at the first request, within the running
    event loop. Use it as an async context manager, or call `aclose`.

    Args:
        base_url: as from `parse_base_url`.
        provider: registered provider name, for errors and logs.
        auth: credential; sent to the origin of `base_url` only.
        policy: bounds.
        governor: rate governor of the credential; by default one of its own without a quota.
        error_parser: reads the vendor's error answers.
        headers: sent with every request to the server.
        transport: replaces the network, for tests and in-process servers; closed with the client.
        verify: TLS verification: on, off, or a context of your own.
        timing: clock, sleep and chance.
        url_setting: name of the setting that holds the address, for hints in errors.
    """

    def __init__(
        self,
        base_url: str,
        *,
        provider: str,
        auth: Auth | None = None,
        policy: TransportPolicy | None = None,
        governor: Governor | None = None,
        error_parser: ErrorParser | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        verify: bool | ssl.SSLContext = True,
        timing: Timing | None = None,
        url_setting: str = "the base URL",
    ) -> None:
        self.base_url = base_url
        self.provider = provider
        self.policy = policy or TransportPolicy()
        self._timing = timing or Timing()
        self.governor = governor or Governor(provider=provider, timing=self._timing)
        self._auth = auth
        self._base = httpx2.URL(base_url)
        self._headers = httpx2.Headers({"User-Agent": user_agent(), "Accept": "application/json"})
        self._headers.update(headers or {})
        self._verdict = Verdict(
            governor=self.governor,
            policy=self.policy,
            timing=self._timing,
            error_parser=error_parser,
            hint=f"; is {url_setting} the right address?",
        )
        self._pool = Pool(
            self._base.host,
            provider=provider,
            policy=self.policy,
            transport=transport,
            verify=verify,
        )
        redact.install()
        if auth is not None:
            redact.protect(auth)
        if verify is False:
            _log.warning("%s: TLS certificates are not verified", provider)

    async def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        params: Params | None = None,
        json: Any = msgspec.UNSET,
        content: bytes | None = None,
        files: Sequence[FilePart] = (),
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        reads: bool = False,
        expect: Collection[int] = (),
        max_bytes: int | None = None,
        cost: float = 1.0,
    ) -> Answer:
        """Send a request and return the answer, read to its end.

        Args:
            method: HTTP method.
            path: below the base URL (`"projects"`), below its host (`"/api/v3/projects"`), or an
                absolute URL of the same origin.
            operation: public method on whose behalf this happens, for errors and logs.
            params: query parameters, see `Params`.
            json: body as JSON; `None` sends `null`.
            content: body as it is.
            files: body as a multipart form.
            headers: for this request only.
            safe: whether carrying it out twice has the same effect as once; by default True for
                GET, HEAD and OPTIONS only, and for what `reads`.
            reads: whether it changes nothing although its method could: a search, a form.
            expect: statuses that are a success, by default 200-299. A redirect status that is
                expected is returned, not followed.
            max_bytes: bound of the answer, by default that of the policy.
            cost: requests that each attempt counts as.

        Raises:
            PMError: see `pm_providers.errors`. `maybe_applied` tells whether a failed write may
                have taken effect.
        """
        self._pool.check_open()
        if (json is not msgspec.UNSET) + (content is not None) + bool(files) > 1:
            raise ValueError("a request has one body: json, content or files")
        merged = httpx2.Headers(dict(headers or {}))
        if json is not msgspec.UNSET:
            content = encode_json(json)
            merged.setdefault("Content-Type", "application/json")
        method = method.upper()
        call = Call(
            method=method,
            url=self._url(path, params, operation, own=True),
            headers=merged,
            content=content,
            files=tuple(files),
            operation=operation,
            safe=reads or method in _READS if safe is None else safe,
            reads=reads,
            expect=expect,
            max_bytes=max_bytes or self.policy.max_bytes,
            cost=cost,
        )
        return await self._run(call, lambda number, left: self._attempt(call, number, left))

    @contextlib.asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        operation: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> AsyncIterator[Download]:
        """Open a download; iterate over the result for its bytes.

        Redirects to other hosts are followed, and absolute URLs of other hosts accepted
        (attachments live in object storage), always without the credential and our headers.
        Opening is retried like any read, the body is not.

        Args:
            path: see `request`; may be an absolute URL of another host.
            operation: see `request`.
            params: see `request`.
            headers: see `request`; not sent to other hosts.
            max_bytes: bound of the download, by default that of the policy.

        Raises:
            PMError: see `request`; also while iterating.
        """
        self._pool.check_open()
        call = Call(
            method="GET",
            url=self._url(path, params, operation, own=False),
            headers=httpx2.Headers({"Accept": "*/*", **(headers or {})}),
            content=None,
            files=(),
            operation=operation,
            safe=True,
            expect=(),
            max_bytes=max_bytes or self.policy.max_download_bytes,
        )
        response, where = await self._run(call, lambda number, left: self._open(call, number, left))
        try:
            yield Download(
                response,
                where,
                max_bytes=call.max_bytes,
                timeout_s=self.policy.download_timeout_s,
            )
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the connection pool; the client cannot be used afterwards."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        self._pool.check_open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"HttpClient({self.base_url!r}, provider={self.provider!r}, auth={self._auth!r})"

    def clean(self, text: str) -> str:
        """`text` without the secrets of this client."""
        return redact.redact(text, self._auth.secrets() if self._auth else ())

    async def _run(self, call: Call, attempt: Callable[[int, Budget], Awaitable[T]]) -> T:
        return await run_with_retries(
            attempt,
            safe=call.safe,
            replayable=call.replayable,
            policy=self.policy,
            timing=self._timing,
        )

    async def _attempt(self, call: Call, number: int, budget: Budget) -> Answer:
        method, url = call.method, call.url
        try:
            for _ in range(self.policy.max_redirects + 1):
                where = self._where(call, method, url)
                response, content = await self._exchange(call, where, url, number, budget)
                if call.expected(response.status_code) or not is_redirect(response):
                    ok = call.expected(response.status_code)
                    if ok and call.changes and response.status_code < _REFUSED:
                        note_write()
                    return await self._verdict.accept(response, content, where, ok=ok)
                method, url = next_hop(response, url, where)
        except (AttemptFailedError, PMError) as exc:
            raise after_see_other(exc, call, method) from exc.__cause__
        raise refuse(where, f"more than {self.policy.max_redirects} redirects")

    async def _exchange(
        self, call: Call, where: Where, url: httpx2.URL, number: int, budget: Budget
    ) -> tuple[httpx2.Response, bytes]:
        async with self._slot(call, budget):
            if call.changes:
                await may_write()
            limit = self._time_left(where, budget)
            started = time.perf_counter()
            try:
                async with asyncio.timeout(limit):
                    response = await self._send(call, where, url)
                    try:
                        content = await read_bounded(response, call.max_bytes, where)
                    finally:
                        await response.aclose()
            except tuple(EXCEPTION_RULES) as exc:
                raise self._logged(from_exception(exc, where), where, number) from exc
            self._log_answer(where, response.status_code, started, number)
            return response, content

    async def _open(self, call: Call, number: int, budget: Budget) -> tuple[httpx2.Response, Where]:
        url, trusted = call.url, True
        check_download(url, self._base, self._where(call, "GET", url))
        for _ in range(self.policy.max_redirects + 1):
            where = self._where(call, "GET", url)
            # Whoever was sent to another host once gets no credential later on either.
            trusted = trusted and same_origin(url, self._base)
            response = await self._open_one(call, where, url, number, budget, trusted)
            if call.expected(response.status_code):
                return response, where
            try:
                if not is_redirect(response):
                    content = await self._read_error(response, where, budget)
                    raise await self._verdict.failure(response, content, where, trusted=trusted)
                url = next_download_url(response, url, where)
            finally:
                await response.aclose()
        raise refuse(where, f"more than {self.policy.max_redirects} redirects")

    async def _open_one(
        self,
        call: Call,
        where: Where,
        url: httpx2.URL,
        number: int,
        budget: Budget,
        trusted: bool,
    ) -> httpx2.Response:
        """Send; the slot is given back with the first byte, as a reader may take its time."""
        async with self._slot(call, budget) if trusted else contextlib.nullcontext():
            limit = self._time_left(where, budget)
            started = time.perf_counter()
            try:
                async with asyncio.timeout(limit):
                    response = await self._send(call, where, url, trusted=trusted)
            except tuple(EXCEPTION_RULES) as exc:
                raise self._logged(from_exception(exc, where), where, number) from exc
        self._log_answer(where, response.status_code, started, number)
        return response

    async def _read_error(self, response: httpx2.Response, where: Where, budget: Budget) -> bytes:
        try:
            async with asyncio.timeout(self._time_left(where, budget)):
                return await read_bounded(response, _ERROR_BODY, where)
        except tuple(EXCEPTION_RULES) as exc:
            raise from_exception(exc, where) from exc

    async def _send(
        self, call: Call, where: Where, url: httpx2.URL, *, trusted: bool = True
    ) -> httpx2.Response:
        if not trusted:
            headers = httpx2.Headers({"User-Agent": user_agent(), "Accept": "*/*"})
            return await self._pool.send(call, where.method, url, headers)
        headers = self._headers.copy()
        headers.update(call.headers)
        headers.update(self._auth.headers() if self._auth else {})
        return await self._pool.send(call, where.method, url, headers)

    def _slot(self, call: Call, budget: Budget) -> contextlib.AbstractAsyncContextManager[None]:
        return self.governor.slot(
            max_wait_s=min(budget.left(), self.policy.max_wait_s), operation=call.operation, cost=call.cost
        )

    def _time_left(self, where: Where, budget: Budget) -> float:
        left = budget.left()
        if left > 0:
            return min(left, self.policy.attempt_timeout_s)
        error = TransportError(
            f"{where}: not sent, the time of the call is used up",
            provider=self.provider,
            operation=where.operation,
        )
        raise AttemptFailedError(error, executed=False, transient=False)

    def _url(self, path: str, params: Params | None, operation: str, *, own: bool) -> httpx2.URL:
        try:
            url = join_url(self.base_url, path, params)
            if own:
                refuse_other_origin(url, self._base)
        except PMError as exc:
            exc.provider, exc.operation = self.provider, operation
            raise
        return url

    def _where(self, call: Call, method: str, url: httpx2.URL) -> Where:
        path = url.raw_path.split(b"?", maxsplit=1)[0].decode("ascii", "replace")
        path = self.clean(path)[:_MAX_PATH]
        return Where(self.provider, call.operation, method, path, self.clean, call.reads)

    def _logged(self, failure: AttemptFailedError, where: Where, number: int) -> AttemptFailedError:
        _log.info("%s %s: %s (attempt %d)", self.provider, where.operation, failure.error.message, number)
        return failure

    def _log_answer(self, where: Where, status: int, started: float, number: int) -> None:
        ms = round((time.perf_counter() - started) * 1000)
        _log.debug("%s %s -> %d in %d ms (attempt %d)", self.provider, where, status, ms, number)
