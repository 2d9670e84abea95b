"""Two real systems that are kept in step, with faults on the wire between: worlds of the state machine.

People and the sync have clients of their own. What goes wrong for the sync goes wrong where its requests leave
it: refused before they are sent, taken without an answer, sent too often, read from an index that is late, or
cut off by the death of the process. Time is virtual: it moves with each request, and when somebody waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Engine as SqlEngine

from pm_providers.model import Entity
from pm_providers.sandbox.asana import limits as asana
from pm_providers.sandbox.jira import limits as jira
from pm_providers.sandbox.kit import Clock, Quota
from pm_providers.sandbox.trello import limits as trello
from pm_providers.sync.engine import Engine
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.testing import ProviderHarness
from pm_providers.transport import Timing, ratelimit
from tests.sync.around import Around
from tests.sync.oracle import FIELDS, VendorOracle
from tests.sync.world import PARTS, Fate, Mortal, MortalDatabase, World

REQUEST_S = 0.02
NEXT_PROCESS_S = 1000.0
"""From the death of a process to the next: longer than any system asks to wait."""

_LIMITS: dict[str, Any] = {"asana": asana.Limits, "jira": jira.Limits, "trello": trello.Limits}
_REPEATS = 3
_SPENT_S = "900"
_DERIVED = {"openproject": frozenset({"due_date"}), "redmine": frozenset({"due_date", "priority"})}
"""Fields that a task with others below it gets from these."""

_FLAT = {"trello"}
_TWO_LEVELS = {"jira", "clickup"}


class Hours:
    """Time that passes when somebody asks a system, or waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.start = time.time()
        self.clocks: list[Clock] = []

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for one in self.clocks:
            one.advance(seconds)

    async def _sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        return Timing(
            monotonic=lambda: self.now,
            wall=lambda: self.start + self.now,
            sleep=self._sleep,
            jitter=lambda low, high: (low + high) / 2,
        )


class Wire(httpx2.AsyncBaseTransport):
    """The way to a system.

    Args:
        inner: gets there.
        hours: time.
        system: sandbox at the other end; `None` for a real server.
        fate: what goes wrong; `None` for people, to whom nothing happens.
    """

    def __init__(
        self, inner: httpx2.AsyncBaseTransport, hours: Hours, system: Any, fate: Fate | None = None
    ) -> None:
        self._inner = inner
        self._hours = hours
        self._system = system
        self._fate = fate
        self._down: tuple[Any, int] = (None, 0)
        self.lag_s = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._hours.advance(REQUEST_S)
        response = await self._handled(request)
        if self._system is not None:  # all servers tell their time
            response.headers["Date"] = format_datetime(self._system.clock.now(), usegmt=True)
        return response

    async def _handled(self, request: httpx2.Request) -> httpx2.Response:
        if self._fate is None:
            with self._late(0.0):
                return await self._inner.handle_async_request(request)
        await self._called(f"{request.method} {request.url.path}")
        if request.method == "GET":
            return await self._read(request, self._fate)
        return await self._written(request, self._fate)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _called(self, name: str) -> None:
        """What people do meanwhile is none of the sync's doing: it happens in a context of its own."""
        assert self._fate is not None
        await asyncio.create_task(self._fate.called(name), context=contextvars.Context())

    async def _read(self, request: httpx2.Request, fate: Fate) -> httpx2.Response:
        if fate.reads and fate.reads.pop(0) == "before":
            raise httpx2.ReadError("no answer", request=request)
        with self._late(self.lag_s):
            return await self._inner.handle_async_request(request)

    async def _written(self, request: httpx2.Request, fate: Fate) -> httpx2.Response:
        what = (request.method, str(request.url))
        if self._down[0] == what and self._down[1]:
            self._down = (what, self._down[1] - 1)
            raise httpx2.ConnectError("nobody there", request=request)
        fault = fate.faults.pop(0) if fate.faults else ""
        if fault == "before":
            self._down = (what, _REPEATS)
            raise httpx2.ConnectError("nobody there", request=request)
        if fault in {"limit", "spent"}:
            after = {"Retry-After": "1" if fault == "limit" else _SPENT_S}
            return httpx2.Response(429, headers=after, request=request, content=b"{}")
        fate.step()
        with self._late(self.lag_s):
            response = await self._inner.handle_async_request(request)
        if fault == "after":
            await response.aclose()
            raise httpx2.ReadError("the connection broke", request=request)
        if fault == "gateway":
            await response.aclose()
            return httpx2.Response(504, request=request, content=b"<html>504</html>")
        fate.step()
        return response

    @contextlib.contextmanager
    def _late(self, seconds: float) -> Iterator[None]:
        """The index of the system is so far behind, for what is asked now."""
        state = getattr(self._system, "state", None)
        name = getattr(self._system, "name", "")
        if name == "jira":
            before = state.settings.get("index_lag_s", 0)
            state.settings["index_lag_s"] = seconds
        elif name == "clickup":
            before, state.index_lag_s = state.index_lag_s, seconds
        try:
            yield
        finally:
            if name == "jira":
                state.settings["index_lag_s"] = before
            elif name == "clickup":
                state.index_lag_s = before


class Writing:
    """A provider of which is known that it writes, whatever requests that takes."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._written(found) if name.startswith(PARTS) else found

    def _written(self, call: Any) -> Any:
        async def written(*args: Any, **options: Any) -> Any:
            self._fate.writing += 1
            try:
                return await call(*args, **options)
            finally:
                self._fate.writing -= 1

        return written


class VendorSide:
    """One system: people's client and the one of the sync."""

    def __init__(self, harness: ProviderHarness, hours: Hours, fate: Fate, skew_s: float) -> None:
        self.harness = harness
        self.hours = hours
        self.fate = fate
        self.skew_s = skew_s
        self.wire: Wire | None = None
        self.people: Any = None
        self.robot: Any = None
        self.project = ""
        self._stack = AsyncExitStack()

    @property
    def system(self) -> Any:
        """The sandbox; `None` where it is none."""
        return getattr(self.harness, "sandbox", None)

    async def open(self) -> VendorSide:
        await self.harness.start()
        self._stack.push_async_callback(self.harness.stop)
        if self.system is not None:
            self.system.clock.freeze()
            self.system.clock.advance(self.skew_s)
            self.hours.clocks.append(self.system.clock)
        self.people = self.harness.provider = await self._client(None)
        self._stack.push_async_callback(self.people.aclose)
        self.project = (await self.harness.make_project()).id
        await self.reopen()
        return self

    async def reopen(self) -> None:
        """The process of the sync is another one now."""
        if self.robot is not None:
            await self.robot.aclose()
        self.robot = await self._client(self.fate)

    def limit(self, number: int, window_s: int) -> None:
        """The system takes so many requests in a while from now on, from everybody together."""
        quota, name = Quota(number, window_s=window_s), getattr(self.system, "name", "")
        if name == "clickup":
            self.system.gate.quota = quota
        elif name == "openproject":
            self.system.quota = quota
        elif name:
            self.system.limits = _LIMITS[name].of_quota(quota)

    async def _client(self, fate: Fate | None) -> Any:
        made = await self.harness.open()
        if made.name != "internal":
            inner = (
                httpx2.AsyncHTTPTransport(verify=False) if self.system is None else self.system.transport()
            )
            wire = Wire(inner, self.hours, self.system, fate)
            self.wire = wire if fate is not None else None
            await made.aclose()
            ratelimit._shared.clear()  # people are not slowed down by what the sync was told
            made = type(made)(made.config, transport=wire, timing=self.hours.timing())
        dead, left = self.fate.dead, self.fate.left
        self.fate.dead, self.fate.left = False, None
        await made.connect()
        self.fate.dead, self.fate.left = dead, left
        return made

    def choices(self, field: str, offered: list[Any]) -> set[str]:
        return {value for one in offered if (value := getattr(one, field)) is not None}

    async def statuses(self) -> set[str]:
        return self.choices("status", await self.people.list_statuses(self.project))

    async def priorities(self) -> set[str]:
        return self.choices("priority", await self.people.list_priorities())

    async def jobs(self) -> None:
        """What the system does later is done."""
        if hasattr(self.system, "run_jobs"):
            self.system.run_jobs()

    async def aclose(self) -> None:
        if self.robot is not None:
            await self.robot.aclose()
        await self._stack.aclose()


class VendorWorld(World):
    """Two systems by their harnesses.

    Args:
        db: database of the sync.
        kinds: harnesses, left and right.
        policy: of the mapping.
        folder: empty; of this world.
        skew_s: what the clock of the right system is wrong by.

    Attributes:
        holds: fields that both sides hold.
        values: field -> choices that both sides have.
        tree: what stands below what: `free`, `two` levels, or `flat`.
        with_comments: both sides have comments.
    """

    def __init__(
        self, db: SqlEngine, kinds: tuple[Any, Any], policy: Policy, folder: Path, skew_s: float = 0.0
    ) -> None:
        super().__init__(db, (None, None), policy)
        self.hours = Hours()
        self.ends: dict[str, VendorSide] = {}
        for side, kind in zip(SIDES, kinds, strict=True):
            (folder / side).mkdir(parents=True)
            skew = skew_s if side == RIGHT else 0.0
            self.ends[side] = VendorSide(kind(folder / side), self.hours, self.fate, skew)

    async def open(self, projects: tuple[str, str] | None = None) -> VendorWorld:
        del projects
        for side, one in self.ends.items():
            await one.open()
            self.sides[side] = one.people
        await super().open((self.ends[LEFT].project, self.ends[RIGHT].project))
        left, right = (one.people.capabilities for one in self.ends.values())
        table = [one.fields[Entity.TASK] for one in (left, right)]
        self.holds = frozenset(name for name in FIELDS if all(one[name].is_writable for one in table))
        for one in self.ends.values():
            self.holds -= _DERIVED.get(one.people.name, frozenset())
        ends = list(self.ends.values())
        self.values = {
            "status": sorted(await ends[0].statuses() & await ends[1].statuses()),
            "priority": sorted(await ends[0].priorities() & await ends[1].priorities()),
        }
        names = {one.people.name for one in ends}
        self.tree = "flat" if names & _FLAT else "two" if names & _TWO_LEVELS else "free"
        self.with_comments = all(one.supports("create_comment") for one in (left, right))
        return self

    async def with_around(self, kinds: Collection[str]) -> Around:
        """What stands around tasks, to play with."""
        around = Around(self.ends, kinds)
        await around.open()
        if around.pairs:
            self.policy = replace(self.policy, pairs={**self.policy.pairs, "users": around.pairs})
        if "relations" in around.kinds and self.tree == "free":
            self.tree = "flat"  # some systems refuse relations between tasks above and below one another
        return around

    async def close(self) -> None:
        for one in self.ends.values():
            await one.aclose()

    def engine(self, **wrapped: Any) -> Engine:
        robots = {
            side: wrapped.get(side) or (Mortal if one.wire is None else Writing)(one.robot, self.fate)
            for side, one in self.ends.items()
        }
        db = MortalDatabase(self.database, self.fate)
        projects = (self.projects[LEFT], self.projects[RIGHT])
        return Engine(db, self.mapping_id, robots[LEFT], robots[RIGHT], projects, self.policy)

    async def revive(self) -> None:
        was_dead = self.fate.dead
        await super().revive()
        for one in self.ends.values():
            if one.wire is not None:
                one.wire.lag_s = 0.0
            if was_dead:
                await one.reopen()
            await one.jobs()
        self.hours.advance(NEXT_PROCESS_S)

    def be_late(self, side: str, seconds: float) -> None:
        """Until the end of the next run the index of a side is so far behind."""
        wire = self.ends[side].wire
        if wire is not None:
            wire.lag_s = seconds

    def judge(self) -> VendorOracle:
        return VendorOracle(self.holds)

    async def outline(self, side: str) -> list[tuple[Any, ...]]:
        tasks = await self.listed(side)
        titles = {task.id: task.title.casefold() for task in tasks}
        plain = self.judge().plain
        names = sorted(self.holds)
        return sorted(
            (
                (*(plain(name, getattr(task, name)) for name in names), titles.get(task.parent_task_id or ""))
                for task in tasks
            ),
            key=str,
        )

    async def comments(self, side: str, task_id: str) -> list[str]:
        return [one.body for one in await self.sides[side].list_comments(task_id)]
