"""The outermost layer of every sandbox: log, latency, quota and faults around the vendor's app."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pm_providers.sandbox.kit.faults import Fault
from pm_providers.sandbox.kit.log import MAX_BODY, RequestRecord

if TYPE_CHECKING:
    from pm_providers.sandbox.kit.server import Sandbox

__all__ = ["READ_TIMEOUT", "ConnectionDroppedError", "SlowerThanClientError", "VendorFaults"]

# Set by the in-process transport: seconds the client will wait, so that "slow" needs no real waiting.
READ_TIMEOUT: ContextVar[float | None] = ContextVar("read_timeout", default=None)


class ConnectionDroppedError(Exception):
    """In-process stand-in for a closed connection; on a real socket the socket is closed."""


class SlowerThanClientError(Exception):
    """In-process stand-in for an answer that comes after the client's read timeout."""


class VendorFaults(Protocol):
    """How one vendor words its errors and shapes its lists."""

    def error(self, status: int) -> tuple[bytes, str]:
        """Body and content type of the vendor's error answer with this status."""

    def endless(self, body: Any, url: str) -> Any:
        """The same list answer, with a next page that is itself (`url` is the request's)."""


@dataclass(slots=True)
class _Answer:
    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def capture(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message["headers"])
        else:
            self.body += message.get("body", b"")

    def header_list(self, **extra: str) -> list[tuple[bytes, bytes]]:
        added = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in extra.items()]
        names = {name for name, _ in added} | {b"content-length"}
        return [h for h in self.headers if h[0].lower() not in names] + added


class FaultMiddleware:
    """ASGI app around the vendor's app; see `Sandbox`."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scope types go straight through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or scope["path"]
        query = scope.get("query_string", b"").decode("latin-1")
        record = self._sandbox.log.start(
            scope["method"], path, query, at=self._sandbox.clock.now().timestamp()
        )
        try:
            await self._serve(scope, _recording(receive, record), _counting(send, record), record)
        except _DropError:
            record.status = None
            await _drop(receive, send)
        finally:
            self._sandbox.log.finish()

    async def _serve(self, scope: Scope, receive: Receive, send: Send, record: RequestRecord) -> None:
        sandbox = self._sandbox
        if sandbox.latency_ms:
            await _wait(sandbox.latency_ms / 1000)
        fault = sandbox.faults.pick(record.method, record.path)
        if fault is None:
            await self._with_quota(scope, receive, send, record)
            return
        record.fault = fault.kind
        if fault.status is not None:
            await self._status(fault, send)
        elif fault.kind in _BEFORE:
            await _BEFORE[fault.kind](fault, send)
        elif fault.kind == "stale-search":
            scope["stale_writes"] = fault.writes
            await self._with_quota(scope, receive, send, record)
        else:
            answer = _Answer()
            await self._with_quota(scope, receive, answer.capture, record)
            await self._after(fault, answer, scope, send)

    async def _with_quota(self, scope: Scope, receive: Receive, send: Send, record: RequestRecord) -> None:
        quota = self._sandbox.quota
        state = quota.take(record.method, record.path, self._sandbox.clock) if quota else None
        if quota is None or state is None:
            await self._app(scope, receive, send)
            return
        extra = {
            "ratelimit_limit": str(state.limit),
            "ratelimit_remaining": str(state.remaining),
            "ratelimit_reset": str(state.reset_epoch),
        }
        if state.allowed:
            await self._app(scope, receive, _adding(send, extra))
            return
        if quota.retry_after:
            extra["retry_after"] = str(state.reset_in_s)
        body, content_type = self._sandbox.vendor_faults.error(429)
        await _send(send, 429, body, content_type=content_type, **extra)

    async def _status(self, fault: Fault, send: Send) -> None:
        status = fault.status or 500
        body, content_type = self._sandbox.vendor_faults.error(status)
        extra = {"content_type": content_type}
        retry_after = fault.retry_after_header(self._sandbox.clock.now())
        if retry_after:
            extra["retry_after"] = retry_after
        await _send(send, status, body, **extra)

    async def _after(self, fault: Fault, answer: _Answer, scope: Scope, send: Send) -> None:
        if fault.kind == "drop-after":
            raise _DropError
        if fault.kind == "slow":
            await _wait(fault.delay_s)
        body = self._changed(fault, bytes(answer.body), scope)
        await _send_raw(send, answer.status, answer.header_list(content_length=str(len(body))), body)

    def _changed(self, fault: Fault, body: bytes, scope: Scope) -> bytes:
        if fault.kind == "truncated":
            return body[: max(1, len(body) // 2)]
        if fault.kind not in {"garbage-null", "cyclic-next"} or not body:
            return body
        value = msgspec.json.decode(body)
        if fault.kind == "garbage-null":
            return msgspec.json.encode(_nulled(value, fault.at))
        query = scope.get("query_string", b"").decode("latin-1")
        url = scope["path"] + (f"?{query}" if query else "")
        return msgspec.json.encode(self._sandbox.vendor_faults.endless(value, url))


class _DropError(Exception):
    """Unwinds to the place that holds the real `send`."""


async def _html(_fault: Fault, send: Send) -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>"
    await _send(send, 200, page, content_type="text/html; charset=utf-8")


async def _redirect(fault: Fault, send: Send) -> None:
    await _send(send, 302, b"", location=fault.to)


async def _drop_before(_fault: Fault, _send: Send) -> None:
    raise _DropError


async def _deep(fault: Fault, send: Send) -> None:
    body = b'{"a":' * fault.depth + b"1" + b"}" * fault.depth
    await _send(send, 200, body, content_type="application/json")


async def _huge(fault: Fault, send: Send) -> None:
    head, tail, filler = b'{"filler":"', b'"}', b"x" * 65_536
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % fault.size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    left = max(0, fault.size - len(head) - len(tail))
    await send({"type": "http.response.body", "body": head, "more_body": True})
    while left > 0:
        piece = filler if left >= len(filler) else filler[:left]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        left -= len(piece)
    await send({"type": "http.response.body", "body": tail, "more_body": False})


_BEFORE = {
    "html": _html,
    "redirect": _redirect,
    "drop-before": _drop_before,
    "deep": _deep,
    "huge": _huge,
}


async def _wait(seconds: float) -> None:
    limit = READ_TIMEOUT.get()
    if limit is not None and seconds >= limit:
        raise SlowerThanClientError
    await asyncio.sleep(seconds)


async def _drop(receive: Receive, send: Send) -> None:
    # uvicorn hands out a bound method of the cycle that owns the socket; nothing else reaches it.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionDroppedError
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, body: bytes, **headers: str) -> None:
    pairs = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
    await _send_raw(send, status, [*pairs, (b"content-length", b"%d" % len(body))], body)


async def _send_raw(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _adding(send: Send, extra: dict[str, str]) -> Send:
    pairs = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in extra.items()]

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *pairs]
        await send(message)

    return wrapped


def _recording(receive: Receive, record: RequestRecord) -> Receive:
    async def wrapped() -> Message:
        message = await receive()
        body = message.get("body", b"")
        record.request_size += len(body)
        record.request_body += body[: MAX_BODY - len(record.request_body)]
        return message

    return wrapped


def _counting(send: Send, record: RequestRecord) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
        else:
            record.response_size += len(message.get("body", b""))
        await send(message)

    return wrapped


def _nulled(value: Any, at: str) -> Any:
    if not at:
        if isinstance(value, dict):
            return {k: None if isinstance(v, dict) else v for k, v in value.items()}
        return [None for _ in value] if isinstance(value, list) else None
    parent, steps = value, at.split(".")
    for step in steps[:-1]:
        parent = parent[int(step)] if isinstance(parent, list) else parent[step]
    last = steps[-1]
    parent[int(last) if isinstance(parent, list) else last] = None
    return value
