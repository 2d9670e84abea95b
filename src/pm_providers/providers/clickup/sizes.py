"""About how many tasks a project has, as its lists count them: a hint, which may be wrong.

What `task_count` counts is documented nowhere: closed and archived tasks, subtasks and those that are at home
in another list may be in it, or not. So it never decides whether a list of tasks is whole; see `paging`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pm_providers.errors import PMError
from pm_providers.providers.clickup.catalog import Catalog, Structure
from pm_providers.providers.clickup.mapping.sprints import SprintRule
from pm_providers.providers.clickup.mapping.values import ref_id

__all__ = ["SizeHint"]

_DIGITS = 9


class SizeHint:
    """How many tasks a project has about: one request, or none where what is needed is known.

    Where the tasks lie in folders, it is the look at which lists are sprints, so that both are one request.

    Args:
        catalog: what the Workspace consists of.
        level: what a project is.
        project: its id.
    """

    def __init__(self, catalog: Catalog, level: str, project: str) -> None:
        self._catalog = catalog
        self._level = level
        self._project = project
        self._first: Sequence[Mapping[str, Any]] = ()

    def note(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Tasks of a page; those of the first one tell where most of them lie."""
        self._first = self._first or page

    async def __call__(self, may_ask: bool) -> int | None:
        """A count; `None` where none is told, or a request would be needed and may not be spent."""
        try:
            return await self._count(may_ask)
        except PMError:
            return None  # whatever is wrong there, the pages tell all

    async def _count(self, may_ask: bool) -> int | None:
        if self._level == "list":
            if not may_ask and not self._catalog.has_list(self._project):
                return None
            return _sum([await self._catalog.task_list(self._project)])
        space = self._project if self._level == "space" else ref_id(self._first[0], "space")
        if self._level == "space" and 2 * sum(map(_is_loose, self._first)) > len(self._first):
            return _sum(await self._catalog.loose_lists(self._project)) if may_ask else None
        if space is None or not (may_ask or self._catalog.has_folders(space)):
            return None
        return self._in_folders(await self._catalog.folders(space))

    def _in_folders(self, structure: Structure) -> int | None:
        """Sum of the lists in the folders; where tasks are in second lists, of sprints or of the others only.

        Lists may count those that are at home elsewhere: the smaller promise costs less when it is wrong.
        """
        own = structure.folders
        if self._level == "folder":
            own = tuple(one for one in own if str(one.get("id")) == self._project)
        lists = Structure(own, ()).all_lists()
        if not any(one.get("locations") for one in self._first):
            return _sum(one for one, _ in lists)
        halves = [
            _sum(one for one, folder in lists if self._is_sprint(one, folder) is half)
            for half in (True, False)
        ]
        return max((one for one in halves if one is not None), default=None)

    def _is_sprint(self, one: Mapping[str, Any], folder: Mapping[str, Any]) -> bool:
        rule: SprintRule = self._catalog.rule
        return rule.is_list(one, folder)


def _is_loose(task: Mapping[str, Any]) -> bool:
    """Whether a task's list is in no folder that people see."""
    folder = task.get("folder")
    return not isinstance(folder, Mapping) or folder.get("hidden") is True


def _sum(places: Iterable[Mapping[str, Any]]) -> int | None:
    """Sum of the counts that are told, as numbers or texts; `None` where none is."""
    counts = [str(one.get("task_count")) for one in places]
    known = [int(one) for one in counts if one.isdecimal() and len(one) <= _DIGITS]
    return sum(known) if known else None
