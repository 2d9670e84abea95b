"""One request, one answer: building, sending and reading within bounds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import Any, BinaryIO, Final

import httpx2
import msgspec

from pm_providers.errors import ProviderError, ValidationError
from pm_providers.transport.errors import AttemptFailedError, Where

__all__ = [
    "REDIRECTS",
    "Call",
    "FilePart",
    "encode_json",
    "iter_bounded",
    "read_bounded",
    "refuse",
    "too_large",
]

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the client elsewhere."""

_ENCODINGS: Final = frozenset({"", "identity", "gzip", "x-gzip", "deflate", "br", "zstd"})


@dataclasses.dataclass(frozen=True, slots=True)
class FilePart:
    """One part of a multipart form.

    Attributes:
        name: name of the form field.
        content: the bytes, or an open binary file, which is sent whole from its beginning. One that
            cannot be rewound is sent in a single attempt.
        filename: as the server shall see it; `None` for a part that is no file.
        content_type: media type; `None` lets the file name decide.
    """

    name: str
    content: bytes | BinaryIO
    filename: str | None = None
    content_type: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One public call of the client, checked and encoded, the same for all its attempts.

    Attributes:
        method: HTTP method, upper case.
        url: full address.
        headers: those of this call only.
        content: encoded body.
        files: parts of a multipart form.
        operation: public method, for errors.
        safe: whether it may be carried out twice.
        expect: statuses that are a success; empty for 200-299.
        max_bytes: bound of the answer.
        reads: whether it changes nothing, whatever its method.
        cost: requests that an attempt counts as for the quota.
    """

    method: str
    url: httpx2.URL
    headers: Mapping[str, str]
    content: bytes | None
    files: tuple[FilePart, ...]
    operation: str
    safe: bool
    expect: Collection[int]
    max_bytes: int
    reads: bool = False
    cost: float = 1.0

    def expected(self, status: int) -> bool:
        """Whether `status` is a success."""
        return status in self.expect if self.expect else 200 <= status < 300  # noqa: PLR2004

    @property
    def changes(self) -> bool:
        """Whether it can change something on the server."""
        return not self.reads and self.method not in {"GET", "HEAD", "OPTIONS"}

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent a second time."""
        return all(isinstance(part.content, bytes) or part.content.seekable() for part in self.files)

    def parts(self) -> list[tuple[str, tuple[str | None, bytes | BinaryIO, str | None]]] | None:
        """The multipart form as the HTTP library takes it; it rewinds files by itself."""
        return [(part.name, (part.filename, part.content, part.content_type)) for part in self.files] or None


def encode_json(value: Any) -> bytes:
    """Encode a request body.

    Raises:
        ValidationError: a value cannot be written as JSON, for example a lone surrogate in a text.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise ValidationError("a value cannot be sent as JSON") from exc


async def read_bounded(response: httpx2.Response, limit: int, where: Where) -> bytes:
    """Read a whole body, decompressed.

    Raises:
        AttemptFailedError: the body is larger than `limit`, before or after decompression.
    """
    async with aclosing(iter_bounded(response, limit, where)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def iter_bounded(response: httpx2.Response, limit: int, where: Where) -> AsyncGenerator[bytes, None]:
    """Yield a body in pieces; see `read_bounded`."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        # Compression within compression is not asked for, and only useful for an attack.
        raise refuse(where, "the answer is compressed in a way that was not asked for", response)
    length = response.headers.get("content-length", "")
    if where.method != "HEAD" and re.fullmatch(r"[0-9]{1,18}", length) and int(length) > limit:
        raise too_large(where, limit, response)
    size = 0
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            size += len(chunk)
            if max(size, response.num_bytes_downloaded) > limit:
                raise too_large(where, limit, response)
            yield chunk


def too_large(where: Where, limit: int, response: httpx2.Response) -> AttemptFailedError:
    """Failure for a body above its bound."""
    return refuse(where, f"the answer is larger than the limit of {limit} bytes", response)


def refuse(where: Where, text: str, response: httpx2.Response | None = None) -> AttemptFailedError:
    """Failure for an answer that we do not accept; never repeated."""
    error = ProviderError(
        where.clean(f"{where}: {text}"),
        provider=where.provider,
        operation=where.operation,
        status=response.status_code if response else None,
        maybe_applied=where.writes,
    )
    return AttemptFailedError(error, executed=True, transient=False)
