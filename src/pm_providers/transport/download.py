"""A download under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

import httpx2

from pm_providers.transport.errors import EXCEPTION_RULES, AttemptFailedError, Where, from_exception
from pm_providers.transport.exchange import iter_bounded

__all__ = ["Download"]


class Download:
    """An open download; iterate over it once for its bytes.

    Attributes:
        status: HTTP status.
        headers: response headers; look-up ignores case.
        content_type: media type, `None` when the server did not tell.
        size: bytes to come, `None` when the server did not tell or sends them compressed.
    """

    def __init__(self, response: httpx2.Response, where: Where, *, max_bytes: int, timeout_s: float) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.content_type = response.headers.get("content-type")
        self.size = _size(response.headers)
        self._response = response
        self._where = where
        self._max_bytes = max_bytes
        self._end = asyncio.get_running_loop().time() + timeout_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces of the server's choice.

        Raises:
            TransportError: the connection broke, or the download took too long.
            ProviderError: it is larger than its bound, or damaged.
        """
        chunks = iter_bounded(self._response, self._max_bytes, self._where)
        async with aclosing(chunks):
            while True:
                try:
                    async with asyncio.timeout_at(self._end):
                        chunk = await anext(chunks, None)
                except AttemptFailedError as failure:
                    raise failure.error from failure.error.__cause__
                except tuple(EXCEPTION_RULES) as exc:
                    raise from_exception(exc, self._where).error from exc
                if chunk is None:
                    return
                yield chunk

    async def read(self) -> bytes:
        """The whole file; for small ones."""
        return b"".join([chunk async for chunk in self])


def _size(headers: Mapping[str, str]) -> int | None:
    length = headers.get("content-length", "")
    if headers.get("content-encoding") or not (length.isascii() and length.isdigit()):
        return None
    return int(length) if len(length) < 19 else None  # noqa: PLR2004
