"""What a write of an undo did, recorded with the link of its task."""

from __future__ import annotations

from sqlalchemy import Connection as SqlConnection

from pm_providers.model import PMTask
from pm_providers.store.sync_history import DONE, finish_write
from pm_providers.store.sync_links import DETACHED, LINKED, drop_links, links_by_id, save_link
from pm_providers.sync.agreement import written
from pm_providers.sync.decisions import Decision
from pm_providers.sync.policy import other
from pm_providers.sync.unfinished import UNDONE
from pm_providers.sync.values import snapshot_of

__all__ = ["came_back", "removed", "restored"]


def removed(conn: SqlConnection, one: Decision, write_id: str) -> None:
    """A task was deleted; its link goes with it where the other side has none."""
    finish_write(conn, write_id, DONE, link_id=one.link_id)
    link = links_by_id(conn, [one.link_id]).get(one.link_id)
    if link is not None and link.id_on(other(one.side)) is None:
        drop_links(conn, [link.id])


def came_back(conn: SqlConnection, one: Decision, write_id: str, made: PMTask) -> None:
    """A task was made again: in step once its counterpart is there as well."""
    after = snapshot_of(made)
    finish_write(conn, write_id, DONE, after=after, remote_id=made.id)
    link = links_by_id(conn, [one.link_id]).get(one.link_id)
    if link is None:
        return
    side = one.side
    whole = link.id_on(other(side)) is not None and link.gone_on(other(side)) is None
    values = {
        f"{side}_id": made.id, f"{side}_agreed": after, f"{side}_now": None, f"{side}_gone": None,
        "state": LINKED if whole else DETACHED, "problem": None if whole else UNDONE,
    }  # fmt: skip
    save_link(conn, link.id, **values)


def restored(conn: SqlConnection, one: Decision, write_id: str, task: PMTask) -> None:
    """Fields were written back: what the task says is agreed on."""
    after = snapshot_of(task)
    finish_write(conn, write_id, DONE, after=after)
    link = links_by_id(conn, [one.link_id]).get(one.link_id)
    if link is None:
        return
    at = task.updated_at.isoformat() if task.updated_at is not None else None
    values = written(link, one.side, after, at=at, sent=[step.field for step in one.steps], basis={})
    if link.state != LINKED:
        values |= {"state": link.state, "dirty": link.dirty}
    save_link(conn, link.id, **values)
