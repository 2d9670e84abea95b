"""Fakes for the transport tests: time without waiting, a server made of a function, raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2

from pm_providers.transport import BasicAuth, HttpClient, Timing, TransportPolicy

SECRET = "s3cr3t-/key+93ba"
BASE = "https://pm.example.com/base"


class FakeTime:
    """A clock that only `sleep` moves."""

    def __init__(self, *, monotonic: float = 1000.0, wall: float = 1_800_000_000.0) -> None:
        self.now = 0.0
        self._monotonic = monotonic
        self._wall = wall
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        return Timing(
            monotonic=lambda: self._monotonic + self.now,
            wall=lambda: self._wall + self.now,
            sleep=self.sleep,
            jitter=lambda _low, high: high,
        )


class Server:
    """A vendor made of a list of answers (or one function); remembers the requests."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer) and not isinstance(answer, type):
            answer = answer(request)
        if isinstance(answer, type):
            raise answer("made to fail")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, clock: FakeTime | None = None, **options: Any) -> HttpClient:
        options.setdefault("auth", BasicAuth("apikey", SECRET))
        options.setdefault("policy", TransportPolicy())
        return HttpClient(
            options.pop("base_url", BASE),
            provider="vendor",
            transport=httpx2.MockTransport(self.handle),
            timing=(clock or FakeTime()).timing(),
            url_setting="VENDOR_URL",
            **options,
        )


def status(code: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(code, headers={k.replace("_", "-"): v for k, v in headers.items()})


class Pieces(httpx2.AsyncByteStream):
    """An endless body that counts what was taken."""

    def __init__(self) -> None:
        self.taken = 0
        self.closed = False

    async def __aiter__(self):
        while True:
            self.taken += 1
            yield b"x" * 65536

    async def aclose(self) -> None:
        self.closed = True


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def raw_server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A TCP server on loopback that does whatever `talk` does; yields its base URL."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head
