"""The internal database in front of other systems: it answers and takes writes while they are down."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, TypeVar

from pm_providers.contract import BasePMProvider, Capabilities, PMProviderConfig
from pm_providers.database.crypto import Vault
from pm_providers.errors import ConfigurationError, ConflictError, PMError, RateLimitedError
from pm_providers.model import Record
from pm_providers.registry import build_pm_provider
from pm_providers.service.modes.routes import Route, Single
from pm_providers.service.modes.routing import INTERNAL, ForwardingProvider
from pm_providers.service.modes.uniting import BEST
from pm_providers.service.sync import run_sync
from pm_providers.store import get_connection, get_mapping, list_mappings
from pm_providers.store.mappings import LEFT_CONNECTION
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_state import get_state
from pm_providers.store.sync_views import find_mapping, link_counts

__all__ = ["FallbackProvider", "Line", "LineBusyError", "LineState", "MappingLine", "open_fallback"]

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_log = logging.getLogger(__name__)
_BUSY_S = 1.0
"""Seconds until somebody else's run is looked at again."""


class LineBusyError(ConflictError):
    """Somebody else carries right now; what it does not carry waits for the next attempt."""


class Line(Protocol):
    """The way to another system."""

    @property
    def name(self) -> str:
        """What people call it."""

    async def carry(self) -> None:
        """Bring both ends in step.

        Raises:
            LineBusyError: somebody else does so right now.
            PMError: it cannot be done, or not wholly; what was not carried waits.
        """

    async def waiting(self) -> int:
        """Tasks that changed here and are not carried yet."""


@dataclass(frozen=True, slots=True)
class LineState:
    """How the way to another system is.

    Attributes:
        name: what people call it.
        is_up: the last attempt succeeded, or there was none yet.
        waiting: tasks that changed here and are not carried yet; one that changes again while a run tries to
            carry it may count twice.
        problem: why the last attempt failed; missing when it did not.
        since: when it began to fail.
    """

    name: str
    is_up: bool
    waiting: int
    problem: PMError | None = None
    since: datetime | None = None

    def __str__(self) -> str:
        left = f"{self.waiting} waiting"
        if self.is_up:
            return f"up, {left}"
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"down{since}, {left}: {self.problem}"


class _Standing:
    """What is known of a line.

    Attributes:
        line: the line.
        problem: of the last attempt.
        since: when it began to fail.
        due_at: when to try again without being asked to, by the provider's clock; `None` for at once.
        began: attempts that began.
        ended: number of the last attempt that came to an end.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.problem: PMError | None = None
        self.since: datetime | None = None
        self.due_at: float | None = None
        self.began = 0
        self.ended = 0
        self.lock = asyncio.Lock()


class FallbackProvider(ForwardingProvider):
    """The internal database, kept in step with other systems as long as they answer.

    All reads are answered by the internal database and all writes are stored there first, so ids, versions
    and capabilities are its own. What it stored is the queue: each write is carried over by the sync right
    after, and when that fails it waits, however long, also over restarts. Before a read, edits from outside
    are fetched when the last look is older than `fresh_s`. After a failure the other system is left alone for
    `retry_s` (or what it asked for); until then calls cost nothing but the database.

    Nothing is lost or doubled: see the sync's intents. A call never fails because the other system does;
    `lines()` and `check_health()` say how the systems are and what waits.

    Args:
        inner: internal provider; closed with this one.
        lines: ways to the other systems.
        fresh_s: seconds for which what was fetched counts as new.
        retry_s: seconds to leave a failing system alone.
        config: options; `strict_writes` counts.
        clock: seconds, never going back.
    """

    name: ClassVar[str] = "fallback"
    title: ClassVar[str] = "Internal database, in step with others"
    CAPABILITIES: ClassVar[Capabilities] = BEST

    def __init__(
        self,
        inner: BasePMProvider,
        lines: Sequence[Line],
        *,
        fresh_s: float = 30.0,
        retry_s: float = 30.0,
        config: PMProviderConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config or PMProviderConfig(self.name), Single(inner))
        self._inner = inner
        self._standings = [_Standing(line) for line in lines]
        self._fresh_s = fresh_s
        self._retry_s = retry_s
        self._clock = clock

    def __repr__(self) -> str:
        return f"FallbackProvider({self._inner!r}, {', '.join(one.line.name for one in self._standings)})"

    @property
    def capabilities(self) -> Capabilities:
        """Those of the internal database."""
        return self._inner.capabilities

    async def _connect(self) -> None:
        await self._inner.connect()

    async def aclose(self) -> None:
        """Close the internal provider. What waits is in the database, for the next one or any run."""
        await self._inner.aclose()

    # calls

    async def _ask(self, route: Route, work: Callable[[BasePMProvider], Awaitable[T]]) -> T:
        await self._refresh()
        return await super()._ask(route, work)

    async def _flow(
        self, route: Route, source: Callable[[BasePMProvider], AsyncGenerator[R, None]]
    ) -> AsyncGenerator[R, None]:
        await self._refresh()
        async with aclosing(super()._flow(route, source)) as records:
            async for record in records:
                yield record

    async def _tell(self, route: Route, work: Callable[[BasePMProvider], Awaitable[T]]) -> T:
        await self._refresh()
        done = await super()._tell(route, work)
        for standing in self._standings:
            if standing.problem is None or self._is_due(standing):
                await self._carry(standing)
        return done

    # carrying

    def _is_due(self, standing: _Standing) -> bool:
        return standing.due_at is None or self._clock() >= standing.due_at

    async def _refresh(self) -> None:
        for standing in self._standings:
            if self._is_due(standing):
                await self._carry(standing, only_if_due=True)

    async def _carry(self, standing: _Standing, *, only_if_due: bool = False) -> None:
        """Carry what waits, unless an attempt that began after this call has done so."""
        asked = standing.began
        async with standing.lock:
            if standing.ended > asked or (only_if_due and not self._is_due(standing)):
                return
            standing.began += 1
            number = standing.began
            try:
                await standing.line.carry()
            except LineBusyError:
                standing.due_at = self._clock() + _BUSY_S
            except PMError as error:
                self._failed(standing, error)
            else:
                self._succeeded(standing)
            standing.ended = number

    def _failed(self, standing: _Standing, error: PMError) -> None:
        pause = error.retry_after_s if isinstance(error, RateLimitedError) else None
        standing.due_at = self._clock() + max(self._retry_s, pause or 0.0)
        if standing.problem is None:
            standing.since = datetime.now(UTC)
            _log.warning("%s is left alone, writes wait: %s", standing.line.name, error)
        standing.problem = error

    def _succeeded(self, standing: _Standing) -> None:
        standing.due_at = self._clock() + self._fresh_s
        if standing.problem is not None:
            _log.info("%s is back, nothing waits", standing.line.name)
        standing.problem, standing.since = None, None

    async def catch_up(self) -> list[LineState]:
        """Carry what waits now, whatever happened before; how each system is afterwards."""
        for standing in self._standings:
            await self._carry(standing)
        return await self.lines()

    async def lines(self) -> list[LineState]:
        """How each system is, without asking it."""
        return [
            LineState(one.line.name, one.problem is None, await one.line.waiting(), one.problem, one.since)
            for one in self._standings
        ]

    async def _health_facts(self) -> dict[str, Any]:
        return {"details": {one.name: str(one) for one in await self.lines()}}


class MappingLine:
    """A stored mapping whose left side is the internal database.

    Args:
        db: the database.
        mapping: stored mapping.
        name: what people call it.
        inner: provider of the database.
        vault: keys of the stored credentials.
    """

    def __init__(
        self, db: Any, mapping: SyncMapping, name: str, inner: BasePMProvider, vault: Vault | None = None
    ) -> None:
        self.name = name
        self._db = db
        self._mapping = mapping
        self._inner = inner
        self._vault = vault

    async def carry(self) -> None:
        """Run the sync of the mapping. See `Line.carry`."""
        try:
            result = await run_sync(self._db, self._mapping.id, vault=self._vault)
        except ConflictError as error:
            now = await get_mapping(self._db, self._mapping.id)
            if now is None or not now.sync_enabled:
                raise
            raise LineBusyError(error.message) from error
        result.raise_for_refusal()

    async def waiting(self) -> int:
        """Tasks that no run has looked at yet, and those about which one has still to decide."""
        state = await get_state(self._db, self._mapping.id)
        cursor = None if state is None else state.left_cursor
        found: set[str] = set()
        while True:
            page = await self._inner.changes(self._mapping.internal_project_id, cursor)
            found |= {task.id for task in page.upserts} | set(page.deleted_ids)
            cursor = page.cursor
            if not page.has_more:
                break
        counts = (await link_counts(self._db)).get(self._mapping.id)
        return len(found) + (counts.waiting if counts is not None else 0)


async def open_fallback(
    db: Any,
    *references: str,
    fresh_s: float = 30.0,
    retry_s: float = 30.0,
    vault: Vault | None = None,
    config: PMProviderConfig | None = None,
) -> FallbackProvider:
    """The internal database with its mappings, not connected yet.

    Args:
        db: the database: all that `database_for` takes.
        references: mappings, as `find_mapping` takes them; all that are not paused when none is given.
        fresh_s: see `FallbackProvider`.
        retry_s: see `FallbackProvider`.
        vault: keys of the stored credentials; those of this installation when missing.
        config: see `FallbackProvider`.

    Raises:
        NotFoundError: no such mapping.
        ConfigurationError: the left side of a mapping is not the internal database.
    """
    found = [await find_mapping(db, one) for one in references]
    if not references:
        every = await list_mappings(db, sync_enabled=True)
        found = [one for one in every if LEFT_CONNECTION not in one.sync_config]
    inner = build_pm_provider(db_session=db, provider=INTERNAL)
    lines = []
    for mapping in found:
        if LEFT_CONNECTION in mapping.sync_config:
            raise ConfigurationError(f"mapping {mapping.id[-8:]} does not begin in the internal database")
        connection = await get_connection(db, mapping.provider_connection_id)
        title = mapping.provider_connection_id if connection is None else connection.name
        lines.append(MappingLine(db, mapping, f"{title} {mapping.external_project_id}", inner, vault))
    return FallbackProvider(inner, lines, fresh_s=fresh_s, retry_s=retry_s, config=config)
