"""What a `data-asana-gid` in a rich text names."""

from __future__ import annotations

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad
from pm_providers.sandbox.asana.rich_text import MAX_SIZE, clean, from_text
from pm_providers.sandbox.asana.web import APP, Session

__all__ = ["read_text"]


def read_text(session: Session, data: Data, plain: str, html: str) -> str | None:
    """The rich text that a body gives by one of two members; None when it has neither.

    Raises:
        ApiError: 400 for both at once, and for broken XML.
    """
    if data.raw(plain) is not None and data.raw(html) is not None:
        raise bad(f"You may only provide one of {plain} or {html}!")
    if html in data and data.raw(html) is not None:
        return clean(
            data.label(html), data.text(html, limit=MAX_SIZE) or "", lambda gid: _named(session, gid)
        )
    if plain in data or html in data:
        return from_text(data.text(plain) or "")
    return None


def _named(session: Session, gid: str) -> tuple[str, str, str] | None:
    state = session.state
    if gid in state.users:
        return "user", state.users[gid].name, f"{APP}/0/profile/{gid}"
    if gid in state.tasks:
        return "task", state.tasks[gid].name, f"{APP}/0/0/{gid}"
    if gid in state.projects:
        return "project", state.projects[gid].name, f"{APP}/0/{gid}/list"
    return None
