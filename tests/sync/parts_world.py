"""Two internal databases whose tasks have comments and the like, with faults between."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as SqlEngine

from pm_providers.contract import BasePMProvider, unsupported
from pm_providers.errors import PMError
from pm_providers.model import Entity, PMUser
from pm_providers.registry import build_pm_provider, config_from_environment
from pm_providers.store.sync_history import resolve_conflict
from pm_providers.sync.engine import Engine, RunOptions
from pm_providers.sync.policy import SIDES, Policy
from tests.support.databases import sqlite_database
from tests.sync.world import Mortal, World, mortal

_PARTS = ("comment", "relation", "attachment", "checklist", "checklist_item", "sprint")
_WRITES = {f"{verb}_{part}" for verb in ("create", "update", "delete") for part in _PARTS}


class PartMortal(Mortal):
    """A provider whose writes to parts fail as fate has it, too."""

    def __getattr__(self, name: str) -> Any:
        if name in _WRITES:
            return self._written(name, getattr(self._inner, name))
        return super().__getattr__(name)


def internal(folder: Path, name: str) -> BasePMProvider:
    """An internal database of its own, not connected yet."""
    url = sqlite_database(folder / f"{name}.db")
    return build_pm_provider(config=config_from_environment("internal", {"PM_DATABASE_URL": url}))


class PartsWorld(World):
    """Two internal databases, with the options of a mapping as they are by default."""

    @classmethod
    async def of(cls, db: SqlEngine, folder: Path) -> PartsWorld:
        left, right = [internal(folder, side) for side in SIDES]
        one = cls(db, (left, right), Policy())
        await one.open()
        return one

    async def people(self, *names: str, one_assignee: Collection[str]) -> dict[str, dict[str, str]]:
        """Side -> name -> id of people on both sides; these sides hold one assignee of a task."""
        known: dict[str, dict[str, str]] = {side: {} for side in SIDES}
        for side, one in self.sides.items():
            for name in names:
                known[side][name] = (await one.create_user(PMUser(name=name, email=f"{name}@x.org"))).id
            if side in one_assignee:
                one._capabilities = one.capabilities.narrowed(
                    fields={(Entity.TASK, "assignee_ids"): unsupported("one assignee")}
                )
        return known

    def engine(self, **wrapped: Any) -> Engine:
        mortal = {side: PartMortal(one, self.fate) for side, one in self.sides.items()}
        return super().engine(**{**mortal, **wrapped})

    async def deaths(self, each: Collection[int]) -> int:
        """Full runs, each of which dies after so many awaits that write; how many died, or failed."""
        ended = 0
        for steps in each:
            self.fate.left = steps
            with mortal(), contextlib.suppress(PMError):
                await self.run(RunOptions(full=True))
                ended += 1
            await self.revive()
        return len(each) - ended

    async def decide(self, conflict_id: str, side: str) -> None:
        await resolve_conflict(self.db, conflict_id, side)
