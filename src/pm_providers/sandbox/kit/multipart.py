"""Reads the files of a `multipart/form-data` body, for vendors that take uploads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["FilePart", "read_files", "read_texts"]

MAX_PARTS = 61


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part with a file name."""

    name: str
    file_name: str
    content: bytes
    content_type: str = ""


def read_files(body: bytes, content_type: str) -> list[FilePart]:
    """The parts that are files, in order; empty for a body that cannot be read.

    Args:
        body: as sent.
        content_type: the request's header with its `boundary`.
    """
    parts = [_part(piece) for piece in _pieces(body, content_type)]
    return [part for part in parts if part is not None]


def read_texts(body: bytes, content_type: str) -> dict[str, str]:
    """The parts without a file name, by name; the last of a name counts. Arguments as for `read_files`."""
    found: dict[str, str] = {}
    for piece in _pieces(body, content_type):
        head, separator, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = head.decode("utf-8", "replace")
        name = re.search(r'(?i)[;\s]name="?([^";\r\n]*)"?', headers)
        if separator and name is not None and not re.search(r"(?i)filename\*?=", headers):
            found[name.group(1)] = content.decode("utf-8", "replace")
    return found


def _pieces(body: bytes, content_type: str) -> list[bytes]:
    match = re.search(r'boundary="?([^";]{1,200})"?', content_type)
    if match is None:
        return []
    delimiter = b"\r\n--" + match.group(1).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(delimiter, MAX_PARTS + 1)[1:]
    return [piece for piece in pieces if not piece.startswith(b"--")]


def _part(piece: bytes) -> FilePart | None:
    head, separator, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = head.decode("utf-8", "replace")
    name = re.search(r'(?i)[;\s]name="([^"]*)"', headers)
    plain = re.search(r'(?i)[;\s]filename="((?:[^"\\]|\\.)*)"', headers)
    encoded = re.search(r"(?i)filename\*=utf-8''([^;\r\n]+)", headers)
    if not separator or name is None or (plain is None and encoded is None):
        return None
    if encoded is not None:
        file_name = unquote(encoded.group(1))
    else:
        file_name = unquote(plain.group(1)) if plain is not None else ""
    kind = re.search(r"(?i)content-type:\s*([^\s;]+)", headers)
    return FilePart(name.group(1), file_name, content, kind.group(1) if kind else "")
