"""Reads `multipart/form-data` bodies: named parts with their bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Part", "read_parts"]

MAX_PARTS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a body."""

    name: str
    content: bytes
    content_type: str = ""
    file_name: str | None = None


def read_parts(body: bytes, content_type: str) -> dict[str, Part]:
    """Parts by name, of equal names the last; empty for a body that cannot be read.

    Args:
        body: as sent.
        content_type: the request's header with its `boundary`.
    """
    match = re.search(r'boundary="?([^";]{1,200})"?', content_type)
    if match is None:
        return {}
    delimiter = b"--" + match.group(1).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter, MAX_PARTS + 1)[1:]
    parts = [_part(piece) for piece in pieces if not piece.startswith(b"--")]
    return {part.name: part for part in parts if part is not None}


def _part(piece: bytes) -> Part | None:
    head, separator, content = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        return None
    headers = head.decode("utf-8", "replace")
    name = re.search(r'(?i)content-disposition:[^\r\n]*?[;\s]name="([^"]*)"', headers)
    if name is None:
        return None
    file_name = re.search(r'(?i)filename="([^"]*)"', headers)
    kind = re.search(r"(?i)content-type:\s*([^\s;]+)", headers)
    return Part(
        name.group(1),
        content,
        kind.group(1) if kind else "",
        file_name.group(1) if file_name else None,
    )
