"""An httpx2 transport that talks to a sandbox in the same process."""

from __future__ import annotations

import asyncio

import httpx2
from starlette.types import ASGIApp

from pm_providers.sandbox.kit.middleware import (
    READ_TIMEOUT,
    ConnectionDroppedError,
    SlowerThanClientError,
)

__all__ = ["SandboxTransport"]


class SandboxTransport(httpx2.AsyncBaseTransport):
    """`httpx2.ASGITransport` with the failures of a real network.

    A dropped connection becomes `httpx2.RemoteProtocolError`; an answer slower than the request's
    read timeout becomes `httpx2.ReadTimeout`, without waiting for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx2.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request to the sandbox."""
        limit = request.extensions.get("timeout", {}).get("read")
        token = READ_TIMEOUT.set(limit)
        try:
            async with asyncio.timeout(limit):
                return await self._inner.handle_async_request(request)
        except ConnectionDroppedError:
            raise httpx2.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from None
        except (SlowerThanClientError, TimeoutError):
            raise httpx2.ReadTimeout("The read operation timed out.", request=request) from None
        finally:
            READ_TIMEOUT.reset(token)
