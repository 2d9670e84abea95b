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

An idle call costs three requests: what changed, and the counts of the folders and lists.

Documented nowhere is what moves the time of change; deliveries of webhooks suggest that comments, tags and
time entries do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pm_providers.contract import ChangePage, PMProviderConfig, decode_cursor, encode_cursor
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.clickup.client import PAGE, Api
from pm_providers.providers.clickup.connection import Place
from pm_providers.providers.clickup.mapping.tasks import project_of
from pm_providers.providers.clickup.mapping.values import milliseconds, moment
from pm_providers.providers.clickup.task_reading import EVERYTHING, TaskReader, listing_of
from pm_providers.toolkit.change_state import ChangedItem, ChangeState
from pm_providers.toolkit.changes import ChangedPage, ChangeStream, Sweep
from pm_providers.toolkit.documents import identifier
from pm_providers.transport import bounded_map

__all__ = ["Changes", "ReadAhead", "TaskChanges"]

_STEP = 500
_MANY = 20
_AHEAD_S = 60.0
_OLDEST_FIRST: Mapping[str, Any] = {"order_by": "created", "reverse": True}
_NEWEST: Mapping[str, Any] = {"order_by": "updated"}


class Changes(TaskReader):
    """The stream of changes."""

    def __init__(self, config: PMProviderConfig, **given: Any) -> None:
        super().__init__(config, **given)
        self._ahead: dict[str, ReadAhead] = {}

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        place = await self._place(project_id)
        source = TaskChanges(self._api, self._level, place, lambda: self._archived_in(place.id))
        if cursor is None:
            self._ahead.pop(place.id, None)
        source.ahead = self._read_ahead(place.id)
        stream = ChangeStream(source, self._timing.wall())
        if cursor is None:
            state = await stream.begin(place.id)
        else:
            inner, source.offset = _opened(cursor)
            state = stream.resume(inner)
            if place.id != state.project:
                raise stream.foreign()
        source.known = state
        batch = await stream.advance(state, limit)
        if not state.scanning:
            self._ahead.pop(place.id, None)
        archived = list(source.archived.values())
        state.forget(identifier(one, "task") for one in archived)
        upserts = await self._tasks([*(one.document for one in batch.items), *archived])
        offset = await source.calibrated(len(state.ids), more=batch.more)
        upserts.sort(key=_by_change)
        return ChangePage(
            upserts, list(batch.deleted), _closed(state.write(self.name), offset), has_more=batch.more
        )

    def _read_ahead(self, project: str) -> ReadAhead:
        """Pages of the first pass that the last call read."""
        now = self._timing.monotonic()
        for one in [key for key, found in self._ahead.items() if now - found.at > _AHEAD_S]:
            del self._ahead[one]
        found = self._ahead.setdefault(project, ReadAhead(now))
        found.at = now
        return found

    async def _archived_in(self, project: str) -> list[dict[str, Any]]:
        """Archived tasks of a project and those of archived lists: a request at least for each list."""
        async with aclosing(self._hidden(await self._lists_of(project), EVERYTHING)) as pages:
            return [one async for page in pages for one in page]


def _by_change(task: PMTask) -> float:
    return task.updated_at.timestamp() if task.updated_at is not None else 0.0


def _closed(inner: str, offset: int | None) -> str:
    return encode_cursor("clickup", {"i": inner, "o": offset})


def _opened(cursor: str) -> tuple[str, int | None]:
    found = decode_cursor("clickup", cursor)
    inner, offset = found.get("i"), found.get("o")
    if not isinstance(inner, str) or isinstance(offset, bool) or not isinstance(offset, int | None):
        raise ValidationError(fields={"cursor": "not a cursor that changes() returned"})
    return inner, offset


@dataclass(slots=True)
class ReadAhead:
    """Pages of the first pass through a project, kept for a minute at most.

    A task that changes after it was read comes again, with what changed after the pass began.

    Attributes:
        at: when they were used last, in seconds that only go forward.
        pages: by number.
    """

    at: float
    pages: dict[int, ChangedPage] = field(default_factory=dict)


@dataclass
class TaskChanges:
    """Tasks of one project by time of change.

    Attributes:
        api: where they are.
        level: what a project is.
        place: the project.
        find_archived: reads the archived tasks of the project, for when many are missing.
        ahead: pages of the first pass that were read shortly before.
        offset: tasks that were known, less those that the lists counted, when both were last compared; `None`
            where that is not known.
        known: state of the stream, for the archived tasks that are among the known ones.
        archived: tasks that are archived, found instead of gone, by id.
        counted: what the lists counted in this call.
        swept: all ids were compared in this call.
    """

    api: Api
    level: str
    place: Place
    find_archived: Callable[[], Awaitable[list[dict[str, Any]]]]
    ahead: ReadAhead = field(default_factory=lambda: ReadAhead(0.0))
    offset: int | None = None
    known: ChangeState | None = None
    archived: dict[str, dict[str, Any]] = field(default_factory=dict)
    counted: int | None = None
    swept: bool = False
    _window: list[ChangedItem] | None = None
    _there: dict[str, ChangedItem] = field(default_factory=dict)
    _first: bool = True

    provider = "clickup"
    precision = timedelta(milliseconds=1)
    overlap_s = 60.0
    page_size = _STEP

    # upserts

    async def newest(self, project: str) -> datetime | None:
        """Time of the last change, as far as the first page of those sorted by it tells.

        Should they be sorted the other way, an older time is told, and more is looked at again.
        """
        path, params = self._asked(_NEWEST)
        page = await self.api.task_page(path, params, 0)
        times = [moment(one.get("date_updated")) for one in page.items]
        return max((one for one in times if one is not None), default=None)

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """One page: of all tasks, oldest first; or of those changed since, by the time of change."""
        if since is None:
            return await self._first_pass(number, size)
        if self._window is None:
            self._window = await self._read_window(since)
        start = (number - 1) * size
        return ChangedPage(self._window[start : start + size], len(self._window), size)

    async def _first_pass(self, number: int, size: int) -> ChangedPage:
        """One page of ours; the last ones that a call reads are kept for the next, which needs them again.

        An only page is read anew: no look at what changed since the pass began follows it.
        """
        pages = self.ahead.pages
        if self._first:
            self._first = False
            for one in [key for key in pages if key < number]:
                del pages[one]
        if number in pages:
            return pages[number]
        page = await self._passed(number, size)
        if page.total > size:
            pages[number] = page
        return page

    async def _passed(self, number: int, size: int) -> ChangedPage:
        """Pages of the vendor that make up one of ours; the total is told as "more" until the last one."""
        path, params = self._asked(_OLDEST_FIRST)
        steps = size // PAGE
        items: list[ChangedItem] = []
        clock: datetime | None = None
        for step in range((number - 1) * steps, number * steps):
            page = await self.api.task_page(path, params, step)
            clock = page.clock
            items += [self._item(one) for one in page.items]
            if page.last:
                return ChangedPage(items, (number - 1) * size + len(items), size, clock)
        return ChangedPage(items, number * size + 1, size, clock)

    async def _read_window(self, since: datetime) -> list[ChangedItem]:
        """All tasks changed at or after an instant, in the order of the change."""
        path, params = self._asked({**_OLDEST_FIRST, "date_updated_gt": int(since.timestamp() * 1000) - 1})
        items = [self._item(one) async for one in self._all(path, params)]
        return sorted(items, key=lambda one: (one.changed_at or since, one.id))

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
        self.counted = await self._count()
        if self.counted is None or self.offset is None:
            return None
        return self.counted + self.offset

    async def _count(self) -> int | None:
        """What the lists of the project count: one request, or two for a space."""
        if self.level != "space":
            return _sum([await self.api.get(f"{self.level}/{self.place.id}")])
        path = f"space/{self.place.id}"
        folders = await self.api.all(f"{path}/folder", "folders", {"archived": False})
        lists = await self.api.all(f"{path}/list", "lists", {"archived": False})
        return _sum([*(one for one in folders if one.get("hidden") is not True), *lists])

    async def calibrated(self, known: int, *, more: bool) -> int | None:
        """Offset for the next call.

        After a comparison of all ids it holds only if the lists count the same after it as before: what
        changed under way may hide what is gone.
        """
        if more:
            return self.offset
        if self.swept or self.counted is None:
            before, self.counted = self.counted, await self._count()
            if before is not None and before != self.counted:
                return None
        return None if self.counted is None else known - self.counted

    async def sweep(self, project: str) -> Sweep:
        """Ids of all tasks: a request for each hundred, at once as far as there are known ones."""
        self.swept = True
        path, params = self._asked(_OLDEST_FIRST)

        known = None if self.known is None else len(self.known.ids)
        stream = self.api.tasks(path, params, window=self.api.options.concurrency, expected=known)
        async with aclosing(stream) as pages:
            items = [self._item(one) async for page in pages for one in page]
        self._there = {one.id: one for one in items if one.mine}
        return Sweep(self._there.keys(), {len(self._there)})

    async def items(self, ids: Sequence[str], project: str) -> dict[str, ChangedItem]:
        """Those of the ids that are tasks of the project; archived ones are noted.

        The comparison brought most. Of the others, a few are asked for one by one; many by another comparison
        and the archived tasks of all lists.
        """
        found = {one: self._there[one] for one in ids if one in self._there}
        missing = [one for one in ids if one not in found]
        if len(missing) > _MANY:
            await self.sweep(project)
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


def _sum(places: Sequence[Mapping[str, Any]]) -> int | None:
    """Sum of the counts, which are numbers or texts; `None` where one is not told."""
    counts = [milliseconds(one.get("task_count")) for one in places]
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None
