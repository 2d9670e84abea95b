"""What happened to the tasks of a project since last time: the vendor's part of `toolkit.changes`.

The vendor filters by the time of change, to the millisecond; how it orders what it finds is documented
nowhere, so a window of time is read whole and put in order here. The first pass reads page by page, oldest
task first.

Deletes leave no trace. What the lists of the project count is compared with what they counted last time:
equal but for the tasks handed out since then, nothing is gone. Whether closed tasks and subtasks are in those
counts is documented nowhere: a difference costs a comparison of all ids, and a delete that another change of
the counts hides is found by the next one, which comes by itself at times. A task that is missing is asked for
by itself: archived ones are handed out once more, as archived, and are not told as deleted; those that moved
to another project, were deleted, or may not be seen any more are gone from this one.

An idle call costs two requests: what changed, and the counts of the lists. Those of a space take two
requests, one for the lists in folders and one for the others: where both have tasks, calls look at them in
turn, and at both when something differs. So a delete is found by the second call at the latest.

Documented nowhere is what moves the time of change; deliveries of webhooks suggest that comments, tags and
time entries do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from pm_providers.contract import ChangePage, PMProviderConfig
from pm_providers.errors import NotFoundError, PermissionDeniedError
from pm_providers.model import PMTask
from pm_providers.providers.clickup.change_counts import Counts, Places, counts_of, sum_of
from pm_providers.providers.clickup.client import PAGE, Api
from pm_providers.providers.clickup.connection import Place
from pm_providers.providers.clickup.mapping.tasks import project_of
from pm_providers.providers.clickup.mapping.values import moment
from pm_providers.providers.clickup.task_reading import EVERYTHING, TaskReader, listing_of
from pm_providers.toolkit.change_source import ChangedPage, KeptSources, Sweep
from pm_providers.toolkit.change_state import ChangedItem, ChangeState
from pm_providers.toolkit.changes import ChangeStream
from pm_providers.toolkit.documents import identifier
from pm_providers.transport import bounded_map

__all__ = ["Changes", "TaskChanges"]

_STEP = 500
_MANY = 20
_READINGS = 3
_OLDEST_FIRST: Mapping[str, Any] = {"order_by": "created", "reverse": True}
_NEWEST: Mapping[str, Any] = {"order_by": "updated"}


class Changes(TaskReader):
    """The stream of changes."""

    def __init__(self, config: PMProviderConfig, **given: Any) -> None:
        super().__init__(config, **given)
        self._sources: KeptSources[TaskChanges] = KeptSources(self._timing.monotonic)

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        inner, counts = (None, Counts()) if cursor is None else Counts.read(cursor)
        source = self._sources.take(cursor)
        if inner is None or source is None:
            place = await self._place_of_stream(project_id, inner)
            source = TaskChanges(
                self._api, self._level, place,
                partial(self._archived_in, place.id), partial(self._places, place),
            )  # fmt: skip
        stream = ChangeStream(source, self._timing.wall())
        state = await stream.begin(source.place.id) if inner is None else stream.resume(inner)
        if source.place.id != state.project or project_id != state.project:
            raise stream.foreign()
        source.begin(state, counts, self._timing.wall())
        batch = await stream.advance(state, limit)
        archived = list(source.archived.values())
        state.forget(identifier(one, "task") for one in archived)
        upserts = await self._tasks([*(one.document for one in batch.items), *archived])
        counts = await source.calibrated(len(state.ids), more=batch.more)
        upserts.sort(key=_by_change)
        after = counts.cursor(state.write(self.name))
        if batch.more:
            self._sources.keep(after, source)
        return ChangePage(upserts, list(batch.deleted), after, has_more=batch.more)

    async def _place_of_stream(self, project_id: str, inner: str | None) -> Place:
        """The project. One that a stream knows is not looked at: its counts tell that it is there."""
        if inner is None:
            return await self._place(project_id)
        return Place(project_id, project_id if self._level == "space" else "", {})

    async def _places(self, place: Place) -> Places:
        """Folders and lists of a project, or itself. Others may have asked for them a moment ago."""
        if self._level != "space":
            return (), (place.document,)
        found = await self._catalog.structure(place.space_id, fresh=True)
        return found.folders, found.lists

    async def _archived_in(self, project: str) -> list[dict[str, Any]]:
        """Archived tasks of a project and those of archived lists: a request at least for each list."""
        async with aclosing(self._hidden(await self._lists_of(project), EVERYTHING)) as pages:
            return [one async for page in pages for one in page]


def _by_change(task: PMTask) -> float:
    return task.updated_at.timestamp() if task.updated_at is not None else 0.0


@dataclass
class TaskChanges:
    """Tasks of one project by time of change. Made for one call, and kept for those that go on at once.

    Attributes:
        api: where they are.
        level: what a project is.
        place: the project.
        find_archived: reads the archived tasks of the project, for when many are missing.
        find_places: folders and lists of the project as they are now.
        counts: what the lists counted when all was compared last.
        known: state of the stream, for the archived tasks that are among the known ones.
        now: seconds since 1970 on our own clock.
        archived: tasks that are archived, found instead of gone, by id.
        counted: what the lists counted in this call.
        swept: all ids were compared in this call.
    """

    api: Api
    level: str
    place: Place
    find_archived: Callable[[], Awaitable[list[dict[str, Any]]]]
    find_places: Callable[[], Awaitable[Places]]
    counts: Counts = field(default_factory=Counts)
    known: ChangeState | None = None
    now: float = 0.0
    archived: dict[str, dict[str, Any]] = field(default_factory=dict)
    counted: Counts | None = None
    swept: bool = False
    _pages: dict[int, ChangedPage] = field(default_factory=dict)
    _before: Counts | None = None
    _began: datetime | None = None
    _carried: tuple[Counts, int] | None = None
    _window: list[ChangedItem] | None = None
    _there: dict[str, ChangedItem] = field(default_factory=dict)

    provider = "clickup"
    precision = timedelta(milliseconds=1)
    overlap_s = 60.0
    page_size = _STEP
    look_size = PAGE

    def begin(self, state: ChangeState, counts: Counts, now: float) -> None:
        """Begin a call."""
        self.known, self.counts, self.now = state, counts, now
        self.archived, self.swept, self.counted = {}, False, None

    # upserts

    async def newest(self, project: str) -> datetime | None:
        """Nothing: the first page tells when the pass began, by the vendor's clock."""
        return None

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """One page: of all tasks, oldest first; or of those changed since, by the time of change."""
        if since is None:
            return await self._first_pass(number, size)
        if self._window is None:
            self._window = await self._read_window(since)
        start = (number - 1) * size
        return ChangedPage(self._window[start : start + size], len(self._window), size)

    async def latest(self, project: str, since: datetime | None, size: int) -> ChangedPage:
        """The newest changes, as far as they come in that order."""
        path, params = self._asked(self._since(_NEWEST, since))
        page = await self.api.task_page(path, params, 0)
        items = [self._item(one) for one in page.items]
        times = [one.changed_at for one in items if one.changed_at is not None]
        is_ordered = len(times) == len(items) and times == sorted(times, reverse=True)
        return ChangedPage(items, -1 if is_ordered else 0, size, page.clock)

    async def _first_pass(self, number: int, size: int) -> ChangedPage:
        """One page of ours, kept for a reader who takes it in parts.

        The lists are counted before the first page and after the last of several: where they count the same,
        nothing was deleted meanwhile, and so no task slipped to a page that was read already; unless tasks
        were created as well, which come last. An only page is read anew each time: no look at what changed
        since the pass began follows it.
        """
        if number == 1 and self._before is None:
            self._before = self.counted = counts_of(await self.find_places())
        page = self._pages.get(number) or await self._passed(number, size)
        self._pages = {number: page} if page.total > size else {}
        if number == 1:
            self._began = page.clock
            return replace(page, begins=page.clock or _newest(page.items))
        is_last = page.total <= number * size
        if is_last and self._before is not None and self._before.total is not None:
            self.counted = await self._count()
            is_same = self.counted.total == self._before.total
            return replace(page, stable=is_same and not self._any_created(page.items))
        return page

    def _any_created(self, items: Sequence[ChangedItem]) -> bool:
        """Whether tasks were created since shortly before the first page was read."""
        if self._began is None:
            return False
        edge = self._began - timedelta(seconds=self.overlap_s)
        times = [moment(one.document.get("date_created")) for one in items]
        return any(one is None or one >= edge for one in times)

    async def _passed(self, number: int, size: int) -> ChangedPage:
        """Pages of the vendor that make up one of ours; the total is told as "more" until the last one."""
        path, params = self._asked(_OLDEST_FIRST)
        steps = size // PAGE
        items: list[ChangedItem] = []
        clock: datetime | None = None
        for step in range((number - 1) * steps, number * steps):
            page = await self.api.task_page(path, params, step)
            clock = clock or page.clock
            items += [self._item(one) for one in page.items]
            if page.last:
                return ChangedPage(items, (number - 1) * size + len(items), size, clock)
        return ChangedPage(items, number * size + 1, size, clock)

    @staticmethod
    def _since(params: Mapping[str, Any], since: datetime | None) -> dict[str, Any]:
        after = {} if since is None else {"date_updated_gt": int(since.timestamp() * 1000) - 1}
        return {**params, **after}

    async def _read_window(self, since: datetime) -> list[ChangedItem]:
        """All tasks changed at or after an instant, in the order of the change.

        More than a page of them is read until the lists count the same after it as before: a delete under
        way shifts tasks to pages that were read already.
        """
        path, params = self._asked(self._since(_OLDEST_FIRST, since))
        first = await self.api.task_page(path, params, 0)
        found = [self._item(one) for one in first.items]
        for _ in range(0 if first.last else _READINGS):
            before = await self._count()
            found = [self._item(one) async for one in self._all(path, params)]
            if (await self._count()).total == before.total:
                break
        return sorted(found, key=lambda one: (one.changed_at or since, one.id))

    async def _all(self, path: str, params: Mapping[str, Any]) -> Any:
        async with aclosing(self.api.tasks(path, params)) as pages:
            async for page in pages:
                for one in page:
                    yield one

    def _asked(self, more: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        path, params = listing_of(self.api, self.level, self.place.id)
        return path, {**EVERYTHING, **params, **more}

    def _item(self, document: dict[str, Any]) -> ChangedItem:
        data = msgspec.json.encode(document, order="sorted")
        mine = project_of(document, self.level) == self.place.id and document.get("archived") is not True
        return ChangedItem(
            id=identifier(document, "task"),
            changed_at=moment(document.get("date_updated")),
            mark=hashlib.blake2b(data, digest_size=8).hexdigest(),
            document=document,
            mine=mine,
        )

    # deletes

    async def count(self, project: str) -> int | None:
        """As many tasks as should be known if nothing is gone; `None` where that cannot be told."""
        known, offset = self.known, self.counts.offset
        if self.level == "space" and known is not None and offset is not None:
            part = await self._half()
            if part is not None and part.total is not None and part.total + offset == len(known.ids):
                self.counted = part
                return len(known.ids)
        self.counted = await self._count()
        total = self.counted.total
        return None if total is None or offset is None else total + offset

    async def _half(self) -> Counts | None:
        """Lists in folders, or the others, counted anew, with what the rest counted when all was compared."""
        before = self.counts
        if before.total is None:
            return None
        if (before.turn and before.lists) or not before.folders:
            return replace(before, lists=sum_of(await self._loose()), turn=not before.folders)
        return replace(before, folders=sum_of(await self._folders()), turn=True)

    async def _count(self) -> Counts:
        """What the lists of the project count: one request, or two for a space."""
        if self.level != "space":
            return counts_of(((), (await self.api.get(f"{self.level}/{self.place.id}"),)))
        return counts_of((await self._folders(), await self._loose()))

    async def _folders(self) -> list[dict[str, Any]]:
        path = f"space/{self.place.id}/folder"
        found = await self.api.all(path, "folders", {"archived": False})
        return [one for one in found if one.get("hidden") is not True]

    async def _loose(self) -> list[dict[str, Any]]:
        return await self.api.all(f"space/{self.place.id}/list", "lists", {"archived": False})

    async def calibrated(self, known: int, *, more: bool) -> Counts:
        """What the next call compares with.

        After a comparison of all ids it holds only if the lists count the same after it as before: what
        changed under way may hide what is gone. What a call before this one counted holds as long as no other
        tasks are known than then. Where nothing holds, the next call compares all ids.
        """
        if more:
            self._carried = self._carried if self.counted is None else (self.counted, known)
            return self.counts
        counted = self.counted
        if counted is None and self._carried is not None and self._carried[1] == known:
            counted = self._carried[0]
        if counted is None or (self.swept and counted.total != (await self._count()).total):
            return Counts()
        total = counted.total
        return replace(counted, offset=None if total is None else known - total)

    async def sweep(self, project: str) -> Sweep:
        """Ids of all tasks: a request for each hundred, at once as far as there are known ones.

        The tasks themselves are kept where they are news: of a large project there is no room for more.
        """
        if self.counted is None:
            self.counted = await self._count()
        known: Collection[str] = () if self.known is None else self.known.ids
        found = await self._collected(len(known), lambda one: one not in known)
        return Sweep(found, {len(found)})

    async def _collected(self, expected: int, is_kept: Callable[[str], bool]) -> set[str]:
        """Ids of all tasks of the project; some of the tasks are kept."""
        self.swept, self._there = True, {}
        path, params = self._asked(_OLDEST_FIRST)
        found: set[str] = set()
        window = self.api.options.concurrency
        async with aclosing(self.api.tasks(path, params, window=window, expected=expected or None)) as pages:
            async for page in pages:
                for one in map(self._item, page):
                    if one.mine:
                        found.add(one.id)
                    if one.mine and is_kept(one.id):
                        self._there[one.id] = one
        return found

    async def items(self, ids: Sequence[str], project: str) -> dict[str, ChangedItem]:
        """Those of the ids that are tasks of the project; archived ones are noted.

        The comparison brought most. Of the others, a few are asked for one by one; many by another comparison
        and the archived tasks of all lists.
        """
        found = {one: self._there[one] for one in ids if one in self._there}
        missing = [one for one in ids if one not in found]
        if len(missing) > _MANY:
            await self._collected(len(self.known.ids) if self.known else 0, set(missing).__contains__)
            documents = await self.find_archived()
            found |= {one: self._there[one] for one in missing if one in self._there}
        else:
            documents = await self._each(missing)
        wanted = set(missing) - set(found)
        for one in documents:
            if project_of(one, self.level) == self.place.id and (item := self._item(one)).id in wanted:
                found[item.id] = item
                if one.get("archived") is True:
                    self.archived[item.id] = one
        return found

    async def _each(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        answers = await bounded_map(self.api.find_task, ids, self.api.options.concurrency)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [one for one in answers if isinstance(one, dict)]

    async def is_visible(self, project: str) -> bool:
        """Whether the project is there; the credential is looked at anew, too.

        Raises:
            AuthenticationError: the credential is not accepted any more: nothing is gone then.
        """
        await self.api.me()
        try:
            await self.api.get(f"{self.level}/{self.place.id}")
        except (NotFoundError, PermissionDeniedError):
            return False
        return True


def _newest(items: Sequence[ChangedItem]) -> datetime | None:
    """A time before which the pass did not begin, where the vendor does not tell its clock."""
    return max((one.changed_at for one in items if one.changed_at is not None), default=None)
