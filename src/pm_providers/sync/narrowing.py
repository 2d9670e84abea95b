"""What people narrow a run to: tasks by id or key, fields by name. What is not there is said at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.model import Entity
from pm_providers.store.sync_links import DETACHED, Link, find_links
from pm_providers.sync.policy import SIDES, Policy
from pm_providers.sync.report import AskedError, RunOptions
from pm_providers.sync.side import Side
from pm_providers.sync.values import CUSTOM, FIELDS

__all__ = ["narrowed"]

TASK = Entity.TASK.value
_NOT_THERE = (NotFoundError, UnsupportedError, ValidationError)


async def narrowed(
    db: Database, mapping_id: str, sides: Mapping[str, Side], policy: Policy, options: RunOptions
) -> RunOptions:
    """The options with tasks by their ids, however people named them.

    Raises:
        AskedError: neither side has such a task or field, or the task is out of step.
    """
    await _check_fields(sides, policy, options.fields)
    if not options.only:
        return options

    def work(conn: SqlConnection) -> list[Link]:
        return [one for side in SIDES for one in find_links(conn, mapping_id, TASK, side, options.only)]

    links = await db.read(work)
    known = {one: link for link in links for one in (link.left_id, link.right_id) if one is not None}
    ids = [
        _in_step(one, known[one]) if one in known else await _looked_up(sides, one)
        for one in sorted(options.only)
    ]
    return replace(options, only=frozenset(ids))


def _in_step(one: str, link: Link) -> str:
    if link.state == DETACHED:
        why = f" ({link.problem})" if link.problem else ""
        raise AskedError(f"the task {one!r:.60} is out of step{why}")
    return one


async def _looked_up(sides: Mapping[str, Side], reference: str) -> str:
    for side in sides.values():
        try:
            why, found = await side.task_gone(reference)
        except _NOT_THERE:
            continue
        if found is not None and why is None:
            return found.id
    names = " nor ".join(f"{side.title} ({name})" for name, side in sides.items())
    raise AskedError(f"there is no task {reference!r:.60} in the project: neither {names} has it")


async def _check_fields(sides: Mapping[str, Side], policy: Policy, names: Iterable[str]) -> None:
    for name in sorted(names):
        if not name.startswith(CUSTOM):
            if name not in FIELDS:
                raise AskedError(
                    f"there is no field {name!r:.60}; there are: {', '.join(FIELDS)}, {CUSTOM}NAME"
                )
            continue
        left = name[len(CUSTOM) :]
        ours = {side: left if side == SIDES[0] else policy.partner("custom_fields", left, SIDES[0]) or left
                for side in SIDES}  # fmt: skip
        facts = {side: await sides[side].facts() for side in SIDES}
        if not any(ours[side] in facts[side].custom for side in SIDES):
            raise AskedError(f"neither side has a custom field {left!r:.60} that can be written")
