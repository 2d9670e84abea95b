"""Changes of pairs, one after the other, deletions last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pm_providers.sync.applying import Applier
from pm_providers.sync.plan import Act, Decision, LinkView, one_per_side, reaches, turned_back
from pm_providers.sync.planning import Planner
from pm_providers.sync.settling import is_quiet
from pm_providers.sync.side import Side

__all__ = ["Changer", "settled"]

_BATCH = 50
_QUIET = 200
"""Links of one transaction, where nothing is written to the sides."""

_Item = tuple[LinkView, list[Decision]]


class Changer:
    """Changes what has a counterpart.

    Args:
        sides: both sides.
        planner: decides.
        applier: writes.
        waiting: links of which it is not known yet whether they were made.
        look_again: reads what changed since; called before something is deleted.
        alive: called once in a while.
    """

    def __init__(
        self,
        sides: Mapping[str, Side],
        planner: Planner,
        applier: Applier,
        *,
        waiting: frozenset[str],
        look_again: Callable[[], Awaitable[None]],
        alive: Callable[[], Awaitable[None]],
    ) -> None:
        self._sides = sides
        self._planner = planner
        self._applier = applier
        self._waiting = waiting
        self._look_again = look_again
        self._alive = alive

    async def run(self) -> None:
        """Change all that is to be changed.

        Raises:
            SpentError: the budget is used up.
            PMError: no further call would succeed, or another run took over.
        """
        later: list[_Item] = []
        quiet: list[_Item] = []
        number = 0
        async for view, decisions in self._planner.pairs():
            found = settled(view, decisions, self._waiting)
            number += 1
            if number % _BATCH == 0:
                await self._alive()
            if any(one.act is Act.DELETE for one in found):
                later.append((view, found))
            elif is_quiet(found):
                quiet += [(view, found)] if found else []
            else:
                if quiet and any(one.act is Act.CREATE for one in found):
                    await self._applier.quiet(quiet)  # what waits for it has to be stored to be woken
                    quiet = []
                await self._applier.pair(view, await self._straight(view, found))
            if len(quiet) >= _QUIET:
                await self._applier.quiet(quiet)
                quiet = []
        if quiet:
            await self._applier.quiet(quiet)
        if later:
            await self._look_again()  # something may stand below them by now
        for view, found in reversed(later):  # children were made after their parents: they go first
            await self._applier.pair(view, found)

    async def _straight(self, view: LinkView, found: list[Decision]) -> list[Decision]:
        """Without moves below a task's own descendants, which edits on both sides can make together."""
        result: list[Decision] = []
        for one in found:
            step = next((step for step in one.steps if step.field == "parent" and step.new is not None), None)
            if step is None or one.act is not Act.UPDATE:
                result.append(one)
                continue
            above = await self._ancestors(self._sides[one.side], str(step.new), one.remote_id)
            is_circle = reaches(above, str(step.new), one.remote_id)
            result += turned_back(one, view, await self._planner.translator()) if is_circle else [one]
        return one_per_side(result)

    @staticmethod
    async def _ancestors(side: Side, start: str, stop: str) -> dict[str, str]:
        above: dict[str, str] = {}
        at = start
        while at not in above and at != stop:
            _, task = await side.task_gone(at)
            if task is None or task.parent_task_id is None:
                break
            above[at] = task.parent_task_id
            at = task.parent_task_id
        return above


def settled(view: LinkView, found: list[Decision], waiting: frozenset[str]) -> list[Decision]:
    """Without creations of what may have been made already."""
    return [one for one in found if one.act is not Act.CREATE or view.id not in waiting]
