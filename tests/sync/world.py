"""Two sides that are kept in step, with faults between: what tests of the engine play in."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import StaticPool, create_engine, update

from pm_providers.database.runner import Database, database_for
from pm_providers.database.schema_sync import sync_states
from pm_providers.errors import RateLimitedError, TransportError
from pm_providers.model import PMProject, PMTask
from pm_providers.store import add_connection, add_mapping
from pm_providers.store.sync_history import list_conflicts, list_writes
from pm_providers.sync.engine import Engine, RunOptions, RunReport
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.values import snapshot_of
from tests.support.databases import migrated_sqlite
from tests.sync.play import PlayProvider

WRITES = ("create_tasks", "update_task", "delete_task")
PARTS = ("create_", "update_", "delete_", "add_", "remove_")
READS = ("get_task", "changes", "get_project")


class Death(BaseException):
    """The process died here. Nothing may catch it."""


@contextlib.contextmanager
def mortal() -> Iterator[None]:
    """Block in which the process may die."""
    try:
        yield
    except Death:
        pass
    except BaseExceptionGroup as group:  # of several requests at once
        _, rest = group.split(Death)
        if rest is not None:
            raise


class Fate:
    """What goes wrong, and when.

    Attributes:
        dead: nothing works any more.
        left: awaits that write until death; `None` for never.
        faults: what happens to the next writes to a system: `""`, `before`, `after` (it took effect), `limit`,
            and of vendors `spent` (a limit for a long time) and `gateway` (an error after it took effect).
        reads: what happens to the next reads: `""` or `before`.
        meanwhile: calls of a system until somebody does something -> what.
        gently: what is done meanwhile is not done between a look at an item and the write, nor between the write
            and the look at what it made: no call could know of that.
        writing: calls that write and go on.
        steps: awaits that write, so far.
        calls: calls of both systems by name, so far.
    """

    def __init__(self) -> None:
        self.dead = False
        self.left: int | None = None
        self.faults: list[str] = []
        self.reads: list[str] = []
        self.meanwhile: dict[int, Callable[[], Awaitable[None]]] = {}
        self.gently = False
        self.writing = 0
        self.steps = 0
        self.calls: list[str] = []

    def step(self) -> None:
        self.steps += 1
        if self.dead:
            raise Death
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.dead = True
                raise Death

    async def called(self, name: str) -> None:
        if self.dead:
            raise Death
        self.calls.append(name)
        if name == "get_project":  # when it is asked for depends on what was read before
            return
        if self.gently and 1 in self.meanwhile and (self.writing or name.startswith(PARTS)):
            return
        self.meanwhile = {left - 1: what for left, what in self.meanwhile.items()}
        if 0 in self.meanwhile:
            await self.meanwhile.pop(0)()


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


class Mortal:
    """A provider whose calls fail as fate has it."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in WRITES or name.startswith(PARTS):
            return self._written(name, found)
        return self._read(name, found) if name in READS else found

    def _read(self, name: str, call: Any) -> Any:
        async def read(*args: Any, **options: Any) -> Any:
            await self._fate.called(name)
            if self._fate.reads and self._fate.reads.pop(0) == "before":
                raise TransportError("no answer")
            return await call(*args, **options)

        return read

    def _written(self, name: str, call: Any) -> Any:
        async def written(*args: Any, **options: Any) -> Any:
            self._fate.step()
            await self._fate.called(name)
            fault = self._fate.faults.pop(0) if self._fate.faults else ""
            if fault == "before":
                raise TransportError("the connection was refused", maybe_applied=False)
            if fault in {"limit", "spent"}:
                raise RateLimitedError("too many requests", retry_after_s=1)
            result = await call(*args, **options)
            if fault in {"after", "gateway"}:
                raise TransportError("the connection broke", maybe_applied=True)
            self._fate.step()
            return result

        return written


class World:
    """Both sides, the mapping, and everything that happened.

    Args:
        db: database of the sync.
        sides: providers, left and right.
        policy: of the mapping.
    """

    def __init__(self, db: SqlEngine, sides: tuple[Any, Any], policy: Policy) -> None:
        self.policy = policy
        self.fate = Fate()
        self.db = db
        self.sides: dict[str, Any] = dict(zip(SIDES, sides, strict=True))
        self.projects: dict[str, str] = {}
        self.mapping_id = ""

    async def open(self, projects: tuple[str, str] | None = None) -> World:
        """Begin; in projects of its own where none are given."""
        for number, (side, one) in enumerate(self.sides.items()):
            await one.connect()
            if projects is not None:
                self.projects[side] = projects[number]
            elif isinstance(one, PlayProvider):
                self.projects[side] = "1"
            else:
                self.projects[side] = (await one.create_project(PMProject(name="Same"))).id
        number = next(_NUMBERS)
        left, right = [await add_connection(self.db, f"{side} {number}", "internal") for side in SIDES]
        mapping = await add_mapping(
            self.db,
            self.projects[LEFT],
            right.id,
            self.projects[RIGHT],
            sync_config={"left_connection": left.id},
        )
        self.mapping_id = mapping.id
        return self

    async def close(self) -> None:
        for one in self.sides.values():
            await one.aclose()

    @property
    def database(self) -> Database:
        """The database of the sync, which does not fail."""
        return database_for(self.db)

    def engine(self, **wrapped: Any) -> Engine:
        db = MortalDatabase(self.database, self.fate)
        left, right = (wrapped.get(side) or Mortal(self.sides[side], self.fate) for side in SIDES)
        return Engine(
            db, self.mapping_id, left, right, (self.projects[LEFT], self.projects[RIGHT]), self.policy
        )

    async def run(self, options: RunOptions | None = None, **wrapped: Any) -> RunReport:
        return await self.engine(**wrapped).run(options)

    async def settled(self) -> RunReport:
        """Runs until one finds nothing to do, five at most; the report of the last."""
        for _ in range(5):
            report = await self.run()
            if not report.counts:
                break
        return report

    async def revive(self) -> None:
        """A new process: fate is kind again, and the lease of the dead one has ended."""
        self.fate.dead, self.fate.left = False, None
        self.fate.faults, self.fate.reads, self.fate.meanwhile = [], [], {}
        statement = update(sync_states).values(lease_until=0.0)
        await database_for(self.db).write(lambda conn: conn.execute(statement))

    async def dies(self, steps: int, play: Callable[[], Awaitable[Any]] | None = None) -> bool:
        """A run, or what is given, that dies after so many awaits that write; whether it did. Then a new process begins."""
        self.fate.left = steps
        with mortal():
            await (play or self.run)()
        died = self.fate.dead
        await self.revive()
        return died

    # what people do and see

    async def add(self, side: str, title: str, **values: Any) -> PMTask:
        return await self.sides[side].create_task(
            PMTask(title=title, project_id=self.projects[side], **values)
        )

    async def edit(self, side: str, called: str, /, **values: Any) -> PMTask:
        task = (await self.tasks(side))[called]
        return await self.sides[side].update_task(task.id, values)

    async def delete(self, side: str, title: str) -> None:
        await self.sides[side].delete_task((await self.tasks(side))[title].id)

    async def listed(self, side: str) -> list[PMTask]:
        return [task async for task in self.sides[side].iter_tasks(self.projects[side])]

    async def tasks(self, side: str) -> dict[str, PMTask]:
        """Title -> task."""
        return {task.title: task for task in await self.listed(side)}

    async def snapshots(self, side: str) -> dict[str, dict[str, Any]]:
        """Id -> snapshot."""
        return {task.id: snapshot_of(task) for task in await self.listed(side)}

    async def outline(self, side: str) -> list[tuple[Any, ...]]:
        """What must be the same on both sides, whatever the ids are and whatever one side cannot hold."""
        tasks = await self.listed(side)
        titles = {task.id: task.title.casefold() for task in tasks}
        fewer = {"lowest": "low", "highest": "high"}
        return sorted(
            (
                (
                    titles[task.id],
                    task.description or "",
                    task.status,
                    fewer.get(task.priority or "", task.priority or ""),
                    str(task.due_date or ""),
                    round(task.estimated_hours or 0),
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


_NUMBERS = iter(range(1, 10**9))


def memory_database() -> SqlEngine:
    """A database in memory with the current schema and no rows."""
    content = bytearray(migrated_sqlite())
    content[18:20] = b"\x01\x01"  # its format without a write-ahead log, which needs a file

    def connected() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.deserialize(bytes(content))
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return create_engine("sqlite://", creator=connected, poolclass=StaticPool)
