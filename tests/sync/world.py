"""Two internal databases that are kept in step, with faults between: what tests of the engine play in."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, update
from sqlalchemy.pool import NullPool

from pm_providers.database.runner import Database, database_for
from pm_providers.database.schema_sync import sync_states
from pm_providers.errors import RateLimitedError, TransportError
from pm_providers.model import PMProject, PMTask
from pm_providers.registry import build_pm_provider, config_from_environment
from pm_providers.store import add_connection, add_mapping
from pm_providers.store.sync_history import list_conflicts, list_writes
from pm_providers.sync.engine import Engine, RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.values import snapshot_of


class Death(BaseException):
    """The process died here. Nothing may catch it."""


class Fate:
    """What goes wrong, and when.

    Attributes:
        dead: nothing works any more.
        left: awaits that write until death; `None` for never.
        faults: what happens to the next calls of a system: `""`, `before`, `after` (the write took effect) or
            `limit`.
    """

    def __init__(self) -> None:
        self.dead = False
        self.left: int | None = None
        self.faults: list[str] = []

    def step(self) -> None:
        if self.dead:
            raise Death
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.dead = True
                raise Death

    def fault(self) -> str:
        return self.faults.pop(0) if self.faults else ""


class MortalDatabase(Database):
    """Dies before or after a transaction."""

    def __init__(self, inner: Database, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    async def _run(self, work: Any, *, write: bool) -> Any:
        if self._fate.dead:
            raise Death
        if not write:
            return await self._inner.read(work)
        self._fate.step()
        result = await self._inner.write(work)
        self._fate.step()
        return result


_WRITES = ("create_tasks", "update_task", "delete_task")
_READS = ("get_task", "changes", "get_project")


class Mortal:
    """A provider whose calls fail as fate has it."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in _WRITES:
            return self._written(found)
        return self._read(found) if name in _READS else found

    def _read(self, call: Any) -> Any:
        async def read(*args: Any, **options: Any) -> Any:
            if self._fate.dead:
                raise Death
            return await call(*args, **options)

        return read

    def _written(self, call: Any) -> Any:
        async def written(*args: Any, **options: Any) -> Any:
            self._fate.step()
            fault = self._fate.fault()
            if fault == "before":
                raise TransportError("the connection was refused", maybe_applied=False)
            if fault == "limit":
                raise RateLimitedError("too many requests", retry_after_s=1)
            result = await call(*args, **options)
            if fault == "after":
                raise TransportError("the connection broke", maybe_applied=True)
            self._fate.step()
            return result

        return written


class World:
    """Both sides, the mapping, and everything that happened.

    Args:
        folder: for the databases.
        template: a database whose tables exist.
        policy: of the mapping.
    """

    def __init__(self, folder: Path, template: Path, policy: Policy) -> None:
        self.policy = policy
        self.fate = Fate()
        self.urls = {}
        for side in SIDES:
            path = folder / f"{side}.db"
            shutil.copyfile(template, path)
            self.urls[side] = f"sqlite:///{path}"
        self.db = create_engine(self.urls[LEFT], poolclass=NullPool)
        self.sides: dict[str, Any] = {}
        self.projects: dict[str, str] = {}

    async def open(self) -> None:
        for side in SIDES:
            config = config_from_environment("internal", {"PM_DATABASE_URL": self.urls[side]})
            self.sides[side] = build_pm_provider(config=config)
            await self.sides[side].connect()
            self.projects[side] = (await self.sides[side].create_project(PMProject(name="Same"))).id
        connection = await add_connection(self.db, "right", "internal")
        mapping = await add_mapping(self.db, self.projects[LEFT], connection.id, self.projects[RIGHT])
        self.mapping_id = mapping.id

    async def close(self) -> None:
        for one in self.sides.values():
            await one.aclose()
        self.db.dispose()

    def engine(self, **wrapped: Any) -> Engine:
        db = MortalDatabase(database_for(self.db), self.fate)
        left, right = (wrapped.get(side) or Mortal(self.sides[side], self.fate) for side in SIDES)
        return Engine(
            db, self.mapping_id, left, right, (self.projects[LEFT], self.projects[RIGHT]), self.policy
        )

    async def run(self, options: RunOptions | None = None, **wrapped: Any) -> Any:
        return await self.engine(**wrapped).run(options)

    async def revive(self) -> None:
        """A new process: fate is kind again, and the lease of the dead one has ended."""
        self.fate.dead, self.fate.left, self.fate.faults = False, None, []
        statement = update(sync_states).values(lease_until=0.0)
        await database_for(self.db).write(lambda conn: conn.execute(statement))

    async def add(self, side: str, title: str, **values: Any) -> PMTask:
        return await self.sides[side].create_task(
            PMTask(title=title, project_id=self.projects[side], **values)
        )

    async def tasks(self, side: str) -> dict[str, PMTask]:
        """Title -> task."""
        return {task.title: task for task in await self.sides[side].list_tasks(self.projects[side])}

    async def snapshots(self, side: str) -> dict[str, dict[str, Any]]:
        """Id -> snapshot."""
        return {task.id: snapshot_of(task) for task in await self.sides[side].list_tasks(self.projects[side])}

    async def outline(self, side: str) -> list[tuple[Any, ...]]:
        """What must be the same on both sides, whatever the ids are."""
        tasks = await self.sides[side].list_tasks(self.projects[side])
        titles = {task.id: task.title for task in tasks}
        return sorted(
            (
                (
                    task.title,
                    task.description or "",
                    task.status,
                    task.priority or "",
                    str(task.due_date or ""),
                    task.estimated_hours or 0,
                    titles.get(task.parent_task_id or "", ""),
                )
                for task in tasks
            ),
            key=str,
        )

    async def history(self) -> str:
        """All values that the history knows, as text to look into."""
        writes = await list_writes(self.db, mapping_id=self.mapping_id)
        conflicts = await list_conflicts(self.db, self.mapping_id, state=None, limit=10_000)
        found = [[one.before, one.wanted, one.basis, one.lost] for one in writes]
        return repr(found + [[one.left_value, one.right_value, one.base_value] for one in conflicts])


def template_database(path: Path) -> Path:
    """A database whose tables exist, to copy from."""

    async def made() -> None:
        config = config_from_environment("internal", {"PM_DATABASE_URL": f"sqlite:///{path}"})
        async with build_pm_provider(config=config) as provider:
            await provider.list_projects()

    asyncio.run(made())
    return path
