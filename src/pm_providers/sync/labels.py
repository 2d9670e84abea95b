"""Labels that are made because tasks are to wear them: writes like all others, planned and recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import FATAL, ConflictError, PMError, ProviderError, ValidationError
from pm_providers.model import Entity
from pm_providers.store.sync_history import (
    DONE,
    FAILED,
    UNSURE,
    add_intents,
    age_s,
    finish_write,
    open_writes,
)
from pm_providers.store.sync_state import write_fenced
from pm_providers.sync.decisions import Act, Decision, Step
from pm_providers.sync.side import Side

__all__ = ["Labels", "label_decision", "settle_labels"]

LABEL = Entity.LABEL.value
Transaction = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


def label_decision(side: str, name: str) -> Decision:
    """A label that is made because a task is to wear it."""
    key = f"{side}={name.strip().casefold()}"
    step = Step("name", None, name)
    return Decision(Act.CREATE, "", side, name, steps=(step,), entity=LABEL, name=key)


class Labels:
    """Makes the labels that tasks of one run are to wear.

    Args:
        mapping_id: mapping.
        run_id: run that the history names.
        write: a transaction of the run.
        spend: takes one write from the budget.
        counts: of what was done.
        on_write: called after each write.
    """

    def __init__(
        self,
        mapping_id: str,
        run_id: str,
        write: Transaction,
        spend: Callable[[], None],
        counts: Counter[str],
        on_write: Callable[[Decision], None],
    ) -> None:
        self._mapping_id = mapping_id
        self._run_id = run_id
        self._write = write
        self._spend = spend
        self._counts = counts
        self._on_write = on_write
        self.unknown: frozenset[str] = frozenset()
        """Labels of which it is not known whether they were made, as decisions name them: not made again."""

    async def make(self, side: Side, steps: Iterable[Step]) -> None:
        """Make labels that values of a side name and that are not there yet.

        Raises:
            SpentError: the budget is used up.
            PMError: one could not be made.
        """
        for name in await side.missing_labels(steps):
            if label_decision(side.name, name).name in self.unknown:
                raise ProviderError(f"it is not known yet whether the label {name!r:.60} was made")
            await self._one(side, name)

    async def _one(self, side: Side, name: str) -> None:
        self._spend()
        row = {
            "run_id": self._run_id, "mapping_id": self._mapping_id, "link_id": "", "entity": LABEL,
            "side": side.name, "action": "create", "remote_id": None, "title": name[:500],
            "wanted": {"name": name, "project_id": side.project_id}, "before": None,
        }  # fmt: skip
        write_id = (await self._write(lambda conn: add_intents(conn, [row])))[0]
        try:
            made = await side.make_label(name)
        except PMError as error:
            state, why = (UNSURE if error.maybe_applied else FAILED), str(error)
            await self._write(lambda conn: finish_write(conn, write_id, state, error=why))
            self.unknown |= {label_decision(side.name, name).name} if error.maybe_applied else frozenset()
            is_told = error.maybe_applied or isinstance(error, ConflictError | ValidationError)
            if is_told and not isinstance(error, FATAL) and await side.has_label(name):
                return  # it was made, or somebody made it meanwhile
            raise
        done = {"after": {"name": made.name}, "remote_id": made.id}
        await self._write(lambda conn: finish_write(conn, write_id, DONE, **done))
        self._counts["create"] += 1
        self._counts[Entity.LABEL.plural] += 1
        self._on_write(label_decision(side.name, name))


async def settle_labels(
    db: Database, mapping_id: str, fence: int, sides: Mapping[str, Side], settle_s: float
) -> frozenset[str]:
    """Find out what became of labels that a run was making when it ended early; those not known yet."""
    unknown = set()
    left = [one for one in await db.read(lambda conn: open_writes(conn, mapping_id)) if one.entity == LABEL]
    for one in left:
        name = str(one.wanted.get("name"))
        found = await sides[one.side].has_label(name)
        if not found and await db.read(lambda conn: age_s(conn, one)) < settle_s:  # noqa: B023 - runs at once
            unknown.add(label_decision(one.side, name).name)
            continue
        ended = (DONE, {"remote_id": found, "after": {"name": one.wanted["name"]}}) if found else (
            FAILED, {"error": "it was never created"})  # fmt: skip

        def work(conn: SqlConnection, write_id: str = one.id, ended: Any = ended) -> None:
            finish_write(conn, write_id, ended[0], **ended[1])

        await write_fenced(db, mapping_id, fence, work)
    return frozenset(unknown)
