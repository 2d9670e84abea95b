"""Writes of which nobody knows what became: a run died, an answer got lost. Settled before anything new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.model import Entity
from pm_providers.store.sync_history import DONE, FAILED, UNSURE, SyncWrite, finish_write, open_writes
from pm_providers.store.sync_links import (
    LINKED,
    SINGLE,
    Link,
    dirty_links,
    drop_links,
    links_by_id,
    save_link,
)
from pm_providers.store.sync_state import check_fence
from pm_providers.sync.policy import other
from pm_providers.sync.side import Side
from pm_providers.sync.translate import Translator
from pm_providers.sync.values import Snapshot, snapshot_of

__all__ = ["Recovery"]

TASK = Entity.TASK.value


class Recovery:
    """Finds out what became of open writes. Run it after both sides were read.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        sides: both sides.
        translator: compares values.
        settle_s: seconds after which a created item that cannot be found is taken for never created.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        fence: int,
        sides: Mapping[str, Side],
        translator: Translator,
        settle_s: float,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._fence = fence
        self._sides = sides
        self._translator = translator
        self._settle_s = settle_s

    async def run(self) -> frozenset[str]:
        """Settle what can be settled; ids of the links about which nothing may be created yet."""
        writes = await self._db.read(lambda conn: open_writes(conn, self._mapping_id))
        waiting = set()
        for one in writes:
            if one.action == "create":
                if not await self._creation(one):
                    waiting.add(one.link_id)
            elif one.action == "delete":
                await self._deletion(one)
            else:
                await self._update(one)
        return frozenset(waiting)

    async def _write(self, work: Any) -> None:
        def fenced(conn: SqlConnection) -> None:
            check_fence(conn, self._mapping_id, self._fence)
            work(conn)

        await self._db.write(fenced)

    async def _link(self, one: SyncWrite) -> Link | None:
        return (await self._db.read(lambda conn: links_by_id(conn, [one.link_id]))).get(one.link_id)

    # updates

    async def _update(self, one: SyncWrite) -> None:
        """What it holds of the wanted values was written by us, and is no edit of anybody."""
        link = await self._link(one)
        found = await self._sides[one.side].provider.get_task(one.remote_id or "")
        after = None if found is None else snapshot_of(found)
        took = [] if after is None else [
            name for name, value in one.wanted.items() if self._translator.same(name, value, after.get(name))
        ]  # fmt: skip

        def work(conn: SqlConnection) -> None:
            state = DONE if len(took) == len(one.wanted) else FAILED
            finish_write(conn, one.id, state, after=after, error=None if state == DONE else "not carried out")
            if link is not None and after is not None and took:
                agreed = dict((link.left_agreed if one.side == "left" else link.right_agreed) or {})
                agreed |= {name: after[name] for name in took if name in after}
                for name in set(took) - set(after):
                    agreed.pop(name, None)
                values = {f"{one.side}_agreed": agreed, "dirty": True}
                if agreed != after:
                    values[f"{one.side}_now"] = {"values": after, "at": _at(found)}
                save_link(conn, link.id, **values)

        await self._write(work)

    # deletions

    async def _deletion(self, one: SyncWrite) -> None:
        found = await self._sides[one.side].provider.get_task(one.remote_id or "")

        def work(conn: SqlConnection) -> None:
            finish_write(conn, one.id, DONE if found is None else FAILED)
            if found is None:
                drop_links(conn, [one.link_id])

        await self._write(work)

    # creations

    async def _creation(self, one: SyncWrite) -> bool:
        """Whether it is known what became of it."""
        link = await self._link(one)
        if link is None or (link.state == LINKED and _gone(link, one.side) is None):
            await self._write(lambda conn: finish_write(conn, one.id, FAILED, error="settled otherwise"))
            return True
        found = await self._candidates(one)
        if len(found) == 1:
            await self._adopt(one, link, found[0])
            return True
        if found:
            await self._doubtful(one, link, f"created once, but {len(found)} items could be it")
            return False
        if (datetime.now(UTC) - one.created_at).total_seconds() < self._settle_s:
            await self._write(lambda conn: finish_write(conn, one.id, UNSURE, error="not found yet"))
            return False
        await self._write(lambda conn: finish_write(conn, one.id, FAILED, error="it was never created"))
        return True

    async def _doubtful(self, one: SyncWrite, link: Link, why: str) -> None:
        def work(conn: SqlConnection) -> None:
            finish_write(conn, one.id, UNSURE, error=why)
            save_link(conn, link.id, problem=why)

        await self._write(work)

    async def _candidates(self, one: SyncWrite) -> list[Link]:
        """Items of that side without counterpart that hold what was wanted."""
        found: list[Link] = []
        after = ""
        while True:
            links = await self._db.read(partial(self._singles, after))
            if not links:
                return found
            after = links[-1].id
            found += [
                link for link in links if link.id_on(one.side) is not None and self._could_be(one, link)
            ]

    def _singles(self, after: str, conn: SqlConnection) -> list[Link]:
        return dirty_links(conn, self._mapping_id, TASK, after=after, states=(SINGLE,))

    def _could_be(self, one: SyncWrite, link: Link) -> bool:
        values = _values(link, one.side)
        return self._translator.same("title", one.wanted.get("title"), values.get("title")) and (
            one.wanted.get("parent") is None or one.wanted.get("parent") == values.get("parent")
        )

    async def _adopt(self, one: SyncWrite, link: Link, made: Link) -> None:
        """It was created: both agreed on what was sent then; what is different now are edits."""
        after, source = _values(made, one.side), other(one.side)
        before = dict(one.before or {})
        now = _values(link, source) or before
        values: dict[str, Any] = {
            f"{one.side}_id": made.id_on(one.side),
            f"{one.side}_agreed": after,
            f"{one.side}_now": None,
            f"{one.side}_gone": None,
            f"{source}_agreed": before,
            "state": LINKED,
            "dirty": now != before,
        }
        if now == before:
            values[f"{source}_now"] = None

        def work(conn: SqlConnection) -> None:
            drop_links(conn, [made.id])
            save_link(conn, link.id, **values)
            finish_write(conn, one.id, DONE, after=after, remote_id=made.id_on(one.side))

        await self._write(work)


def _values(link: Link, side: str) -> Snapshot:
    now = link.left_now if side == "left" else link.right_now
    agreed = link.left_agreed if side == "left" else link.right_agreed
    return dict((now or {}).get("values") or agreed or {})


def _gone(link: Link, side: str) -> str | None:
    return link.left_gone if side == "left" else link.right_gone


def _at(task: Any) -> str | None:
    return task.updated_at.isoformat() if task is not None and task.updated_at is not None else None
