"""What every vendor's sandbox shares: settings, an app, faults, a log, and two ways to be reached."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Generator, Iterable
from typing import ClassVar, Self, TextIO

import uvicorn
from starlette.types import ASGIApp

from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.faults import Fault, FaultPlan
from pm_providers.sandbox.kit.log import RequestLog
from pm_providers.sandbox.kit.middleware import FaultMiddleware, VendorFaults
from pm_providers.sandbox.kit.quota import Quota
from pm_providers.sandbox.kit.transport import SandboxTransport

__all__ = ["Sandbox", "require_known"]


def require_known(kind: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that is none of those there are.

    Raises:
        ValueError: it is not known.
    """
    if name not in known:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(known)}")


class Sandbox(ABC):
    """A vendor's API in this process.

    In-process: `async with SomeSandbox() as box:` and give `box.transport()` and `box.settings` to a
    client. On a real socket: `async with box.serve() as url:`.

    Args:
        faults: injected from the start, see `Fault`; more by `box.faults.add(...)`.
        quota: limit of requests; None has none.
        latency_ms: waiting time before each request is handled.
        clock: read for all timestamps.
        seed: of everything random.
    """

    name: ClassVar[str]
    secret_params: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        *,
        faults: Iterable[Fault | str] = (),
        quota: Quota | None = None,
        latency_ms: float = 0,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        self.faults = FaultPlan(faults, seed=seed)
        self.quota = quota
        self.latency_ms = latency_ms
        self.clock = clock if clock is not None else Clock()
        self.log = RequestLog(self.secret_params)
        self.base_url = f"http://{self.name}.sandbox"
        self._app: ASGIApp | None = None

    @property
    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Environment variables for a provider that shall use this sandbox, by name."""

    @property
    @abstractmethod
    def vendor_faults(self) -> VendorFaults:
        """The vendor's wording of errors and lists, for injected faults."""

    @abstractmethod
    def build_app(self) -> ASGIApp:
        """The vendor's API as an ASGI app."""

    @property
    def app(self) -> ASGIApp:
        """The API with log, latency, quota and faults around it."""
        if self._app is None:
            self._app = FaultMiddleware(self.build_app(), self)
        return self._app

    def transport(self) -> SandboxTransport:
        """For `httpx2.AsyncClient(transport=...)`; any host reaches this sandbox."""
        return SandboxTransport(self.app)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        return None

    @contextlib.asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve on a socket while the context is open; yields the base URL.

        `settings` and `base_url` name that URL from then on. Port 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        listener = socket.create_server((host, port), family=_family(host))
        # Connections take it over. Without it every answer on a kept connection waits 40 ms for the client's
        # acknowledgement; asyncio sets it only where the socket names its protocol, and this one does not.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = _server(self.app)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        before = self.base_url
        try:
            while not server.started:
                if task.done():
                    await task
                    raise OSError(f"cannot serve on {host}:{port}")
                await asyncio.sleep(0.005)
            bound = listener.getsockname()[1]
            self.base_url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"
            yield self.base_url
        finally:
            server.should_exit = True
            server.force_exit = True
            await task
            self.base_url = before

    def run(self, host: str = "127.0.0.1", port: int = 0, out: TextIO | None = None) -> None:
        """Serve until SIGINT or SIGTERM; prints the settings as `NAME=value` lines first."""
        asyncio.run(self._run(host, port, out if out is not None else sys.stdout))

    async def _run(self, host: str, port: int, out: TextIO) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, stop.set)
            except NotImplementedError:  # event loops on Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        async with self.serve(host, port):
            out.writelines(f"{name}={value}\n" for name, value in self.settings.items())
            out.flush()
            await stop.wait()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # The process belongs to the caller; its signal handlers stay as they are.
        yield


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _server(app: ASGIApp) -> _Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        timeout_graceful_shutdown=1,
    )
    return _Server(config)
