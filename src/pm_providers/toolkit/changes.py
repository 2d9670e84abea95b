"""What happened to the tasks of a project since last time, by filters on the time of change.

Upserts come from that filter. Deletes leave no trace, so the cursor carries the set of the ids that are
known, packed; when the system's own count of the project's tasks differs from it, the ids are swept, and so
they are after 100 calls or a day. A call that finds nothing costs two requests: what changed, and how many
there are.

Right after many tasks changed all of them are within the overlap. Where a source tells the newest changes
first, a look at those will do, until the overlap is left behind ten minutes later: then it is read once more.

What does not move the time of change on the vendor's side is not reported.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pm_providers.errors import NotFoundError, PermissionDeniedError, ProviderError, ValidationError
from pm_providers.toolkit.change_source import ChangedPage, ChangeSource
from pm_providers.toolkit.change_state import OVERLAP_S, ChangedItem, ChangeState

__all__ = ["ChangeBatch", "ChangeStream"]

_SWEEP_EVERY_CALLS = 100
_SWEEP_EVERY_S = 24 * 3600.0
_SWEEPS = 3
_REPEATED_PAGES = 3


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """What one call hands out.

    Attributes:
        items: new or changed tasks.
        deleted: ids that are no tasks of the project any more.
        more: whether the next call has more right now.
    """

    items: Sequence[ChangedItem]
    deleted: Sequence[str]
    more: bool


@dataclass(slots=True)
class _Walk:
    """Pages of a window that one call looked at.

    Attributes:
        fresh: tasks that are news, with the number of their page.
        ids: ids of all tasks on those pages.
        total: tasks in the window, as the last page counted them.
        ended: the last page was reached.
        last: number of the page that was read last.
        clock: the server's clock.
        repeats: pages in a row that brought no new id.
        steady: all pages counted the same.
        begins, stable: see `ChangedPage`.
    """

    fresh: list[tuple[int, ChangedItem]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    total: int | None = None
    ended: bool = False
    last: int = 1
    clock: datetime | None = None
    repeats: int = 0
    steady: bool = True
    begins: datetime | None = None
    stable: bool = False

    def add(self, number: int, page: ChangedPage, state: ChangeState) -> None:
        """Look at one more page."""
        known = len(self.ids)
        self.ids |= {one.id for one in page.items}
        self.fresh += [(number, one) for one in page.items if one.mine and state.is_news(one)]
        self.repeats = self.repeats + 1 if page.items and len(self.ids) == known else 0
        self.steady = self.steady and self.total in {None, page.total}
        self.clock, self.last, self.total = page.clock, number, page.total
        self.begins, self.stable = self.begins or page.begins, page.stable

    def close(self, page: ChangedPage) -> bool:
        """Whether the page that was looked at last is the last of its window.

        Raises:
            ProviderError: the server's paging contradicts itself.
        """
        if page.size < 1:
            raise ProviderError("the answer breaks the API's contract: a list in pages of nothing")
        ends_early = not page.items and (self.last - 1) * page.size < page.total
        if self.repeats >= _REPEATED_PAGES or ends_early:
            raise ProviderError("the list never ends, or ends before its total")
        self.ended = self.last * page.size >= page.total
        return self.ended

    @property
    def whole(self) -> bool:
        """Whether all that was counted came, and nothing left the window meanwhile."""
        return self.steady and len(self.ids) == self.total


class ChangeStream:
    """The changes of one vendor, call by call. Keeps nothing between the calls: all is in the state.

    Args:
        source: the vendor.
        now: seconds since 1970 on our own clock.
    """

    def __init__(self, source: ChangeSource, now: float) -> None:
        self._source = source
        self._now = now
        self._overlap_s: float = getattr(source, "overlap_s", OVERLAP_S)

    async def begin(self, project: str) -> ChangeState:
        """State of a stream that has handed out nothing yet.

        Args:
            project: id of a project that exists.
        """
        newest = await self._source.newest(project)
        return ChangeState(
            project,
            since=newest,
            swept_at=self._now,
            precision=self._source.precision,
            overlap_s=self._overlap_s,
        )

    def resume(self, cursor: str) -> ChangeState:
        """State of the stream that a cursor belongs to.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        return ChangeState.read(self._source.provider, cursor, self._source.precision, self._overlap_s)

    async def go_on(self, cursor: str, project: str, id_of: Callable[[str], Awaitable[str]]) -> ChangeState:
        """As `resume`, of a stream of this project.

        Args:
            cursor: as it was handed out.
            project: id or key that the caller gave.
            id_of: the id for a key.

        Raises:
            ValidationError: not a cursor of this provider, or one of another project.
        """
        state = self.resume(cursor)
        if project != state.project and await id_of(project) != state.project:
            raise self.foreign()
        return state

    @staticmethod
    def foreign() -> ValidationError:
        """The error for a cursor of another project."""
        return ValidationError(fields={"cursor": "belongs to another project"})

    async def advance(self, state: ChangeState, limit: int | None) -> ChangeBatch:
        """What is to be handed out next. The state is moved on; its `write` gives the next cursor.

        Args:
            state: from `begin` or `resume`.
            limit: tasks at most; one page when missing. Deleted ids do not count.

        Raises:
            ProviderError: the server's paging contradicts itself.
            NotFoundError: the project is gone or hidden.
        """
        try:
            return await self._advance(state, limit or self._source.page_size)
        except PermissionDeniedError:
            await self._require_visible(state.project)
            raise

    async def _advance(self, state: ChangeState, most: int) -> ChangeBatch:
        items, more = await self._changed(state, most)
        deleted: list[str] = []
        if not more:
            state.calls += 1
            missed, deleted, more = await self._reconciled(state, most - len(items))
            items += missed
        return ChangeBatch(items, deleted, more)

    # upserts

    async def _changed(self, state: ChangeState, most: int) -> tuple[list[ChangedItem], bool]:
        """At most `most` changed tasks, oldest change first, and whether there are more.

        The window of time stays as it is until all that lies in it was handed out; then it moves on.
        """
        if await self._is_quiet(state):
            return [], False
        start = state.page if state.size == self._source.page_size else 1
        state.size = self._source.page_size
        state.is_read = False
        walk = await self._walked(state, start, most)
        taken = walk.fresh[:most]
        items = [one for _, one in taken]
        state.note(items)
        is_left = len(walk.fresh) > most
        is_end = walk.ended and not is_left
        state.page = 1 if is_end else (taken[-1][0] if is_left else walk.last + 1)
        if state.scanning:
            return items, self._end_scan(state, walk) if is_end else True
        return items, not is_end or start > 1 or not await self._moved_on(state, walk)

    async def _is_quiet(self, state: ChangeState) -> bool:
        """Whether the newest changes of a long window are known, so that nothing is new in it.

        What shows up late is older than those. So before a window is left behind all of it is read.
        """
        look = getattr(self._source, "latest", None)
        size = getattr(self._source, "look_size", self._source.page_size)
        if look is None or not state.is_read or len(state.seen) < size:
            return False
        page = await look(state.project, state.edge, size)
        if page.total >= 0 and page.total != len(state.seen):
            return False
        oldest = page.items[-1].changed_at if len(page.items) >= size else None
        if oldest is not None and (state.since is None or oldest >= state.since):
            return False  # more than a page changed at one instant, in whatever order
        is_known = all(not one.mine or not state.is_news(one) for one in page.items)
        return is_known and not state.is_settling(page.clock, self._now)

    def _end_scan(self, state: ChangeState, walk: _Walk) -> bool:
        """The first pass is done; whether more is to be read at once.

        What slipped between its pages is found later: a task that was never handed out by a sweep; one that
        changed again is in the window, which stays where the scan began.
        """
        if walk.last == 1:
            state.move_on(walk.clock, self._now)
            return False
        state.scanning = False
        if walk.stable:
            state.calls = -1  # what follows at once needs no count
        elif not state.is_whole:
            state.swept_at = 0.0
        return walk.stable

    async def _moved_on(self, state: ChangeState, walk: _Walk) -> bool:
        """Begin the next window, unless something of this one was not handed out yet.

        Pages shift when tasks on them are deleted or change again. So a window of several pages is left
        behind only after a pass from its first page that finds nothing new, and as many as all pages count.
        """
        if walk.last > 1 and walk.fresh:
            walk = await self._walked(state, 1, 0)
            if walk.fresh:
                return False
        if walk.whole:
            state.move_on(walk.clock, self._now)
        return True

    async def _walked(self, state: ChangeState, start: int, most: int) -> _Walk:
        walk, number = _Walk(), start
        edge = None if state.scanning else state.edge
        while True:
            page = await self._source.changed(state.project, edge, number, state.size)
            if state.scanning:
                state.begin(page.begins, page.total)
            walk.add(number, page, state)
            if walk.close(page) or len(walk.fresh) >= max(most, 1):
                return walk
            number += 1

    # deletes

    async def _reconciled(self, state: ChangeState, room: int) -> tuple[list[ChangedItem], list[str], bool]:
        """Tasks that were missed, ids that are gone, and whether more was missed than there is room for.

        Costs one request where the count adds up.
        """
        overdue = state.calls >= _SWEEP_EVERY_CALLS or self._now - state.swept_at >= _SWEEP_EVERY_S
        if state.calls == 0:
            return [], [], False
        if not overdue and await self._adds_up(state):
            state.guess = None
            return [], [], False
        there = await self._swept(state.project)
        state.calls, state.swept_at = 0, self._now
        missing = sorted(there - state.ids, key=_in_order)
        found = await self._source.items(missing[:room], state.project) if missing[:room] else {}
        missed = list(found.values())
        gone = await self._really_gone(sorted(state.ids - there, key=_in_order), state.project)
        state.forget(gone)
        state.note(missed)
        if len(missing) <= room and not getattr(self._source, "is_exact", True):
            await self._explain(state)
        return missed, gone, len(missing) > room

    async def _adds_up(self, state: ChangeState) -> bool:
        difference = await self._difference(state)
        return difference is not None and difference == state.offset

    async def _explain(self, state: ChangeState) -> None:
        """Remember a difference that two sweeps left: what an index lags behind is over by the second."""
        found = await self._difference(state)
        if found in {0, state.guess}:
            state.offset = found
        state.guess = found

    async def _difference(self, state: ChangeState) -> int | None:
        """Tasks that are known, less those that the system counts."""
        counted = await self._source.count(state.project)
        return None if counted is None else len(state.ids) - counted

    async def _swept(self, project: str) -> set[str]:
        """Ids of all tasks of a project; repeated when deletes under way shifted its pages."""
        ids: set[str] = set()
        for _ in range(_SWEEPS):
            sweep = await self._source.sweep(project)
            ids = set(sweep.ids)
            if set(sweep.totals) <= {len(ids)}:
                break
        return ids

    async def _really_gone(self, ids: list[str], project: str) -> list[str]:
        """Those of the ids that are no tasks of the project any more: deleted, moved away, or hidden from us.

        A sweep can miss a task while others are deleted, so its word alone does not count. Should the project
        itself have become invisible, nothing is gone: that is an error.
        """
        if not ids:
            return []
        await self._require_visible(project)
        there = await self._source.items(ids, project)
        return [one for one in ids if one not in there]

    async def _require_visible(self, project: str) -> None:
        if not await self._source.is_visible(project):
            raise NotFoundError(f"project {project} does not exist any more, or may not be seen")


def _in_order(one: str) -> tuple[int, str]:
    """Ids that are numbers in the order of the numbers."""
    return len(one), one
