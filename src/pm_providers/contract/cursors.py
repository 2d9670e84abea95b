"""Opaque cursors and compact id sets, for `changes()` of every provider."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from pm_providers.errors import ValidationError

__all__ = ["decode_cursor", "encode_cursor", "pack_ids", "unpack_ids"]

_MAX_CURSOR_BYTES = 32 * 1024 * 1024
_MAX_PLAIN_BYTES = 64 * 1024 * 1024


def encode_cursor(provider: str, state: dict[str, Any]) -> str:
    """State of a change stream as one opaque, URL-safe line."""
    # A cursor may hold a hundred thousand ids: no step is kept beside the next one.
    data = zlib.compress(msgspec.json.encode({"p": provider, "s": state}), 6)
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def decode_cursor(provider: str, cursor: str) -> dict[str, Any]:
    """State in a cursor of `encode_cursor`. Bounded in size, whatever it claims to hold.

    Raises:
        ValidationError: not a cursor of this provider.
    """
    try:
        plain = _inflate(cursor)
        holder = msgspec.json.decode(plain, type=dict[str, Any])
        owner, state = holder["p"], holder["s"]
    except (ValueError, KeyError, zlib.error, binascii.Error, RecursionError) as error:
        raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from error
    if owner != provider or not isinstance(state, dict):
        raise ValidationError(fields={"cursor": f"belongs to another provider ({str(owner)[:40]!r})"})
    return state


def _inflate(cursor: str) -> bytes:
    if len(cursor) > _MAX_CURSOR_BYTES:
        raise ValueError("too long")
    raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    return _decompress(raw)


def _decompress(raw: bytes) -> bytes:
    """One whole stream, its checksum included, and nothing after it."""
    inflater = zlib.decompressobj()
    plain = inflater.decompress(raw, _MAX_PLAIN_BYTES)
    if inflater.unconsumed_tail or inflater.unused_data or not inflater.eof:
        raise ValueError("too long or cut short")
    return plain


def pack_ids(ids: Iterable[str]) -> str:
    """A set of ids as text; numeric ids are stored as differences, so that dense ones cost little."""
    ids = set(ids)
    numeric = sorted(int(one) for one in ids if one.isascii() and one.isdigit() and str(int(one)) == one)
    known = {str(one) for one in numeric}
    other = sorted(one for one in ids if one not in known)
    steps = [after - before for before, after in zip([0, *numeric], numeric, strict=False)]
    packed = zlib.compress(msgspec.json.encode([steps, other]), 9)
    return base64.b85encode(packed).decode("ascii")


def unpack_ids(packed: str) -> set[str]:
    """The set that `pack_ids` packed.

    Raises:
        ValidationError: not such a text.
    """
    try:
        plain = _decompress(base64.b85decode(packed))
        steps, other = msgspec.json.decode(plain, type=tuple[list[int], list[str]])
    except (ValueError, zlib.error) as error:
        raise ValidationError(fields={"cursor": "its id set is damaged"}) from error
    ids, current = set(other), 0
    for step in steps:
        current += step
        ids.add(str(current))
    return ids
