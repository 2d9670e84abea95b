"""Pages: `limit` and `offset`, and `next_page` in the answer.

Without `limit` an answer has everything and no `next_page` [recorded], or is refused when that is more than
1,000 rows [obs]. Tokens are opaque, belong to one query, and expire [doc].
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from pm_providers.sandbox.asana.errors import TOO_LARGE, bad
from pm_providers.sandbox.asana.fields import COMPACT, Ref, show

if TYPE_CHECKING:
    from pm_providers.sandbox.asana.web import Call, Reply

__all__ = ["COLLECTION_CAP", "MAX_LIMIT", "UNPAGED", "listing", "mixed", "page_size"]

MAX_LIMIT = 100
UNPAGED = 1_000
COLLECTION_CAP = 50_000
LIFE = timedelta(hours=1)
_NOT_PART = {"limit", "offset", "opt_fields", "opt_pretty"}
_TRUNCATED = "The result set was truncated because it is too large. Use a narrower query, by section or team."


def listing(call: Call, kind: str, rows: Sequence[Any], *, cap: int | None = None) -> Reply:
    """Answer with the wanted page of some records, compact unless fields are asked for.

    Args:
        call: the request.
        kind: view of the records.
        rows: all records, in order.
        cap: the answer never has more rows than this, without a word (lists of users: 2,000).
    """
    return _paged(call, rows[:cap] if cap else rows, lambda row: Ref(kind, row))


def mixed(call: Call, found: list[Ref]) -> Reply:
    """The same for records of several kinds."""
    kinds = {ref.row.id: ref for ref in found}
    return _paged(call, [ref.row for ref in found], lambda row: kinds[row.id])


def _paged(call: Call, rows: Sequence[Any], ref: Callable[[Any], Ref]) -> Reply:
    from pm_providers.sandbox.asana.web import Reply

    limit = page_size(call)
    offset = call.option("offset")
    spec = call.fields() or COMPACT
    if limit is None:
        if offset:
            raise bad("offset: Cannot be used without limit")
        if len(rows) > UNPAGED:
            raise bad(TOO_LARGE)
        return Reply({"data": [show(call.session, ref(row), spec) for row in rows]})
    start = _start(call, offset, rows) if offset is not None else 0
    if start >= COLLECTION_CAP:
        raise bad(_TRUNCATED)
    page = rows[start : start + limit]
    body: dict[str, Any] = {"data": [show(call.session, ref(row), spec) for row in page], "next_page": None}
    if start + limit < len(rows):
        body["next_page"] = _next(call, limit, start + limit, page[-1].id)
    return Reply(body)


def page_size(call: Call) -> int | None:
    """The wanted size of a page, None without one.

    Raises:
        ApiError: 400 for what is not between 1 and 100.
    """
    text = call.option("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_LIMIT):
        raise bad(f"limit: Must be an integer between 1 and {MAX_LIMIT}, got: {text[:40]}")
    return int(text)


def _digest(call: Call) -> str:
    query = sorted((k, v) for k, v in call.query.items() if k not in _NOT_PART)
    return hashlib.sha256(f"{call.path} {query} {call.session.user.id}".encode()).hexdigest()[:16]


def _next(call: Call, limit: int, position: int, last: str) -> dict[str, str]:
    moment = call.session.state.clock.now().timestamp()
    token = msgspec.json.encode([_digest(call), position, last, moment])
    offset = base64.urlsafe_b64encode(b"v1:" + token).decode().rstrip("=")
    kept = [(k, part) for k, v in call.query.items() if k not in {"limit", "offset"} for part in v]
    path = f"{call.path}?{urlencode([*kept, ('limit', limit), ('offset', offset)], safe=',')}"
    return {"offset": offset, "path": path, "uri": call.session.api + path}


def _start(call: Call, offset: str, rows: Sequence[Any]) -> int:
    try:
        raw = base64.urlsafe_b64decode(offset + "=" * (-len(offset) % 4))
        digest, position, last, at = msgspec.json.decode(
            raw.removeprefix(b"v1:"), type=tuple[str, int, str, float]
        )
    except (ValueError, msgspec.MsgspecError):
        raise bad("offset: Your pagination token is invalid.") from None
    if digest != _digest(call):
        raise bad("offset: Your pagination token is invalid.")
    if call.session.state.clock.now().timestamp() - at > LIFE.total_seconds():
        raise bad("offset: Your pagination token has expired.")
    if 0 < position <= len(rows) and rows[position - 1].id == last:
        return position
    return next((n for n, row in enumerate(rows, 1) if row.id == last), min(position, len(rows)))
