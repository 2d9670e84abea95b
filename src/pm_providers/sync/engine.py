"""Two projects kept in step by runs: one at a time, each going on where the last one ended."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.database import Database, database_for
from pm_providers.effects import elapsed
from pm_providers.errors import ConflictError
from pm_providers.store.sync_state import LEASE_S, get_state, release_lease, take_lease
from pm_providers.sync.alive import kept_alive
from pm_providers.sync.leave import leave_to_write
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.report import RunOptions, RunReport
from pm_providers.sync.run import Progress, Run
from pm_providers.sync.side import Side

__all__ = ["Engine", "RunOptions", "RunReport"]


class Engine:
    """Keeps two projects in step. Knows no vendor.

    Args:
        db: where the state is kept: all that `database_for` takes.
        mapping_id: stored mapping that the state belongs to.
        left: connected provider.
        right: connected provider.
        projects: ids or keys of the projects, left and right.
        policy: what people decided.
    """

    def __init__(
        self,
        db: Any,
        mapping_id: str,
        left: BasePMProvider,
        right: BasePMProvider,
        projects: tuple[str, str],
        policy: Policy,
    ) -> None:
        self._db: Database = database_for(db)
        self._mapping_id = mapping_id
        self._providers = {LEFT: left, RIGHT: right}
        self._projects = dict(zip(SIDES, projects, strict=True))
        self._policy = policy
        self._sides: dict[str, Side] = {}

    async def run(
        self, options: RunOptions | None = None, *, on_write: Progress = lambda _: None
    ) -> RunReport:
        """Bring both sides in step, or only plan it.

        Raises:
            ConflictError: another run of this mapping goes on, or took over.
            PMError: one of the systems cannot be read or written any more. What was done is recorded; the
                next run goes on from there.
        """
        asked = options or RunOptions()
        holder = asked.holder or f"{socket.gethostname()}:{os.getpid()}"
        since = elapsed()
        fence = await take_lease(self._db, self._mapping_id, holder, LEASE_S)
        if fence is None:
            state = await get_state(self._db, self._mapping_id)
            who = state.holder if state is not None else None
            raise ConflictError(f"another run of this mapping goes on ({who or 'unknown'})")
        try:
            with leave_to_write(
                self._db, self._mapping_id, fence,
                since=since, within_s=asked.within_s, settle_s=self._policy.settle_s,
            ):  # fmt: skip
                async with kept_alive(self._db, self._mapping_id, fence):
                    return await Run(self, fence, asked, on_write).play()
        finally:
            await release_lease(self._db, self._mapping_id, fence)

    async def sides(self, *, sure: bool = True) -> Mapping[str, Side]:
        """Both sides, with the ids of their projects.

        Args:
            sure: look at the projects, unless something was read of them. Otherwise they are looked at when
                their ids matter, so that a run that finds nothing asks no more than what changed.

        Raises:
            NotFoundError: a project does not exist or may not be seen.
        """
        for name in SIDES:
            if name not in self._sides:
                self._sides[name] = Side(name, self._providers[name], self._projects[name])
            if sure:
                await self._sides[name].sure()
        return self._sides

    @property
    def database(self) -> Database:
        """Database of the sync."""
        return self._db

    @property
    def mapping_id(self) -> str:
        """Stored mapping."""
        return self._mapping_id

    @property
    def policy(self) -> Policy:
        """What people decided."""
        return self._policy
