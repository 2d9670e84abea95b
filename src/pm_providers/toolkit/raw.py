"""The raw call, `request(...)`: what may go out, and what comes back of an answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pm_providers.contract import RawResponse
from pm_providers.errors import ProviderError, ValidationError
from pm_providers.transport import Answer

__all__ = ["allowed_headers", "raw_response"]

_OURS = frozenset({"authorization", "cookie", "host", "content-length", "transfer-encoding", "connection"})
_HIDDEN = frozenset(
    {"set-cookie", "authorization", "proxy-authorization", "www-authenticate", "x-csrf-token"}
)


def allowed_headers(headers: Mapping[str, str] | None, *, refused: Collection[str] = ()) -> dict[str, str]:
    """Headers that a caller of the raw call may send along.

    Args:
        headers: as the caller gave them.
        refused: lower-case names that the vendor adds to those that are always the client's own
            (`authorization`, `cookie`, `host` and those that frame the body), such as the header of its key.

    Raises:
        ValidationError: one of them is the client's own; names it, not its value.
    """
    given = dict(headers or {})
    found = sorted(name for name in given if name.strip().lower() in _OURS | frozenset(refused))
    if found:
        raise ValidationError(fields={"headers": f"{', '.join(found)} cannot be set"})
    return given


def raw_response(answer: Answer) -> RawResponse:
    """An answer as the raw call hands it out.

    Names of headers are in lower case; those that carry credentials are left out. `data` is filled where the
    content type says so and the body can be read; otherwise `content` has what came.
    """
    kept = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _HIDDEN}
    return RawResponse(answer.status, kept, answer.content, _decoded(answer, kept.get("content-type", "")))


def _decoded(answer: Answer, content_type: str) -> Any:
    if "json" not in content_type or not answer.content.strip():
        return None
    try:
        return answer.json()
    except ProviderError:
        return None
