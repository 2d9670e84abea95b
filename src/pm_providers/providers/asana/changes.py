"""What happened to the tasks of a project since last time: by its event feed, and what the feed may miss.

The feed tells of the project, its tasks, their subtasks and comments, each event at most once and up to ten
minutes late ([doc] events). So each call asks besides for tasks by their time of change, which covers all but
subtasks; and ids with times of change are compared when the feed has a gap (its token expires within a day),
once a day, and every hundred calls. An idle call costs two requests.

The feed's first token is taken before the first pass over all tasks, so that nothing happens in between.
Whatever is told, the tasks themselves are fetched: those that are not there are deleted, those that are there
and not in the project were moved; both have left it. A deleted or moved task takes those below it along.

What the feed does not tell and does not move the time of change is not reported: renamed sections and tags,
renamed options of custom fields. `list_tasks` shows them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

import msgspec

from pm_providers.contract import ChangePage, PMProviderConfig
from pm_providers.errors import NotFoundError, PermissionDeniedError, ProviderError, ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.change_cursor import ChangeCursor
from pm_providers.providers.asana.errors import is_too_large, lost_page
from pm_providers.providers.asana.listing import Tree
from pm_providers.providers.asana.mapping.tasks import LEAN_FIELDS, is_task
from pm_providers.providers.asana.mapping.values import gid, is_gid, ref_gid
from pm_providers.providers.asana.task_reading import TaskReader
from pm_providers.toolkit.change_source import KeptSources
from pm_providers.toolkit.documents import instant

__all__ = ["Changes"]

_SWEEP_EVERY_CALLS = 100
_SWEEP_EVERY_S = 24 * 3600.0
_MOST_EVENT_PAGES = 1000
_MOST_EMPTY_PAGES = 5
_MOST_AHEAD = 5000
_EVENT_FIELDS = ("action", "resource", "parent", "created_at")
_TASK = "task"
_SOURCE = re.compile(r"""\ssrc=(?:"[^"<>]*"|'[^'<>]*')""")


class Changes(TaskReader):
    """The stream of changes."""

    def __init__(self, config: PMProviderConfig, **given: Any) -> None:
        super().__init__(config, **given)
        self._read_ahead: KeptSources[dict[str, dict[str, Any]]] = KeptSources(self._timing.monotonic)

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        most = limit or self._options.page_size
        if cursor is None:
            state = await self._begin(project_id)
        else:
            state = ChangeCursor.read(self.name, cursor)
            if project_id != state.project:
                raise ValidationError(fields={"cursor": "belongs to another project"})
        page = _Page(state, self._read_ahead.take(cursor) or {})
        try:
            more = await (self._scan(page, most) if state.scanning else self._follow(page, most))
        except PermissionDeniedError as error:
            raise NotFoundError(f"project {state.project} may not be seen any more") from error
        upserts = sorted(page.upserts, key=lambda task: (str(task.updated_at or ""), task.id))
        after = state.write(self.name)
        if page.ahead:
            self._read_ahead.keep(after, page.ahead)
        return ChangePage(upserts, page.deleted, after, has_more=more)

    async def _begin(self, project: str) -> ChangeCursor:
        if not is_gid(project):
            raise NotFoundError(f"there is no project {project!r:.80}")
        try:
            found = await self._api.events(project, None, _EVENT_FIELDS)
        except (ValidationError, PermissionDeniedError):
            await self._project_document(project)
            raise
        return ChangeCursor(project, found.sync, began=found.clock, swept_at=self._timing.wall())

    # the first pass

    async def _scan(self, page: _Page, most: int) -> bool:
        """The next tasks of the project's chain; subtasks that do not fit on this page come next."""
        state = page.state
        resumed = state.offset is not None
        await self._look_at(page, most)
        room = most - len(page.upserts)
        if room <= 0 or state.pending:
            return True
        try:
            found, state.offset = await self._next_page(state, min(room, self._options.page_size))
        except ValidationError as error:
            if not is_too_large(error):
                raise
            # The chain ends before the project does: what it did not hand out is found section by section.
            await self._compare(state)
            found, state.offset = [], None
        tree = Tree(state.project, seen=set(state.ids))
        fresh = tree.fresh([one for one in found if is_task(one)])
        parents = [gid(one, _TASK) for one in fresh if one.get("num_subtasks")]
        below = await self._listing.subtasks(tree, parents, self._task_fields) if parents else []
        await self._take(page, fresh, tree.homes)
        rest = [one for one in below if is_task(one)]
        room = max(0, most - len(page.upserts))
        await self._take(page, rest[:room], tree.homes)
        state.expect(gid(one, _TASK) for one in rest[room:])
        if state.offset is not None:
            state.prune()
            return True
        state.scanning = False
        times = [moment for moment in (state.began, state.newest_seen()) if moment is not None]
        state.move_on(min(times, default=None))
        return resumed or bool(state.pending)

    async def _next_page(self, state: ChangeCursor, size: int) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the chain; from its beginning when its token expired: what is known is left out then."""
        path = f"projects/{state.project}/tasks"
        try:
            return await self._api.page(Action("GET", path, {}, self._task_fields, size, state.offset))
        except ValidationError as error:
            if state.offset is None or not lost_page(error):
                raise
        return await self._api.page(Action("GET", path, {}, self._task_fields, size))

    # all later calls

    async def _follow(self, page: _Page, most: int) -> bool:
        """What happened since; after several pages there is more, as things happened between them."""
        state, resumed = page.state, bool(page.state.pending)
        if not resumed:
            lost, wall = await self._listen(state), self._timing.wall()
            await self._by_time(page, most, state.window(wall, quiet=not lost and not state.pending))
            state.calls += 1
            overdue = state.calls >= _SWEEP_EVERY_CALLS or wall - state.swept_at >= _SWEEP_EVERY_S
            if lost or overdue:
                await self._compare(state)
                state.calls, state.swept_at = 0, wall
        await self._look_at(page, most)
        return resumed or bool(state.pending)

    async def _listen(self, state: ChangeCursor) -> bool:
        """Read the feed to its end; whether there was a gap.

        Raises:
            NotFoundError: the project is gone, or may not be seen.
            ProviderError: the feed has always more, and tells nothing.
        """
        lost, empty = False, 0
        for _ in range(_MOST_EVENT_PAGES):
            found = await self._api.events(state.project, state.sync, _EVENT_FIELDS)
            state.sync = found.sync
            lost = lost or found.was_lost
            state.expect(one for event in found.events for one in _tasks_of(event))
            empty = 0 if found.events else empty + 1
            if not found.has_more:
                break
            if empty >= _MOST_EMPTY_PAGES:
                raise ProviderError("the event feed never ends")
        return lost

    async def _by_time(self, page: _Page, most: int, edge: datetime | None) -> None:
        """Tasks by their time of change: those that fit are handed out, the others are looked at later."""
        state = page.state
        newest: datetime | None = None
        async with aclosing(self._modified(state, edge)) as pages:
            async for tasks in pages:
                times = (instant(one.get("modified_at")) for one in tasks)
                newest = max((one for one in (newest, *times) if one is not None), default=None)
                news = [one for one in tasks if state.is_news(gid(one, _TASK), _mark(one))]
                room = max(0, most - len(page.upserts))
                state.expect(gid(one, _TASK) for one in news[room:])
                page.keep(news[room:])
                arrived = [one for one in news[:room] if gid(one, _TASK) not in state.ids]
                await self._take(page, news[:room])
                await self._expect_below(state, arrived)
        state.move_on(newest)

    async def _modified(
        self, state: ChangeCursor, edge: datetime | None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Pages of tasks by their time of change; what does not fit into such a list is looked at later."""
        params: dict[str, Any] = {"project": state.project}
        if edge is not None:
            params["modified_since"] = edge.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            async with aclosing(self._api.pages("tasks", self._task_fields, params)) as pages:
                async for found in pages:
                    yield [one for one in found if is_task(one)]
        except ValidationError as error:
            if not is_too_large(error):
                raise
            await self._compare(state)

    async def _compare(self, state: ChangeCursor) -> None:
        """Compare all ids and times of change with what is known; what differs is looked at."""
        tree, there = Tree(state.project), set()
        edge = state.edge
        async with aclosing(self._listing.pages(tree, LEAN_FIELDS, window=2)) as pages:
            async for found in pages:
                for one in found:
                    if is_task(one):
                        name, changed = gid(one, _TASK), instant(one.get("modified_at"))
                        there.add(name)
                        late = edge is None or changed is None or changed >= edge
                        if name not in state.ids or (late and not _same_time(state, name, changed)):
                            state.expect([name])
        state.expect(sorted(state.ids - there))

    # what may have changed

    async def _look_at(self, page: _Page, most: int) -> None:
        """Fetch tasks that may have changed or be gone, until the page is full. Gone ones do not count."""
        state = page.state
        if state.pending:
            self._catalog.forget_homes()
        while state.pending and len(page.upserts) < most:
            some = list(state.pending)[: most - len(page.upserts)]
            there: list[Any] = [page.ahead.pop(one) for one in some if one in page.ahead]
            here = {gid(one, _TASK) for one in there}
            asked = [Action("GET", f"tasks/{one}", {}, self._task_fields) for one in some if one not in here]
            there += [one.data() for one in await self._api.batch(asked) if not one.is_missing]
            known = [one for one in there if isinstance(one, dict) and is_task(one)]
            mine = await self._take(page, known, always=False)
            for one in some:
                state.pending.pop(one, None)
                if one not in mine and state.forget(one):
                    page.deleted.append(one)

    async def _take(
        self,
        page: _Page,
        documents: Sequence[dict[str, Any]],
        homes: Mapping[str, str | None] | None = None,
        *,
        always: bool = True,
    ) -> set[str]:
        """Hand out those that belong to the project; gids of these.

        Args:
            page: what is handed out.
            documents: tasks.
            homes: where subtasks belong, as far as it is known.
            always: also what was handed out as it is.
        """
        state, mine = page.state, set()
        arrived = []
        records = await self._records(documents, state.project, homes)
        for document, task in zip(documents, records, strict=True):
            if task.project_id != state.project:
                continue
            mine.add(task.id)
            mark = _mark(document)
            if not always and task.id not in state.ids:
                arrived.append(document)
            if always or state.is_news(task.id, mark) or task.id not in state.ids:
                page.upserts.append(task)
                state.note(task.id, task.updated_at, mark, task.parent_task_id)
            state.pending.pop(task.id, None)
        await self._expect_below(state, arrived)
        return mine

    async def _expect_below(self, state: ChangeCursor, arrived: Iterable[Mapping[str, Any]]) -> None:
        """Look at what is below tasks that are new in the project: they came with them."""
        parents = [gid(one, _TASK) for one in arrived if one.get("num_subtasks")]
        if parents:
            tree = Tree(state.project)
            below = await self._listing.subtasks(tree, parents, LEAN_FIELDS)
            state.expect(name for one in below if (name := gid(one, _TASK)) not in state.ids)


class _Page:
    """What one call hands out.

    Attributes:
        state: moved on as things are handed out.
        upserts: tasks.
        deleted: gids.
        ahead: gid -> task that was read and did not fit, for who goes on at once.
    """

    def __init__(self, state: ChangeCursor, ahead: dict[str, dict[str, Any]]) -> None:
        self.state = state
        self.ahead = ahead
        self.upserts: list[PMTask] = []
        self.deleted: list[str] = []

    def keep(self, tasks: Iterable[dict[str, Any]]) -> None:
        """Keep tasks that did not fit, as far as there is room."""
        for one in tasks:
            if len(self.ahead) < _MOST_AHEAD:
                self.ahead[gid(one, _TASK)] = one


def _tasks_of(event: Mapping[str, Any]) -> list[str]:
    """Tasks that an event may have changed: its resource, or what that stands on or below."""
    found = []
    for name in ("resource", "parent"):
        one = event.get(name)
        if isinstance(one, Mapping) and one.get("resource_type") == _TASK:
            number = ref_gid(event, name)
            if number is not None and is_gid(number):
                found.append(number)
    return found


def _same_time(state: ChangeCursor, one: str, changed: datetime | None) -> bool:
    known = state.seen.get(one)
    return known is not None and changed is not None and known[0] == changed.isoformat()


def _mark(document: Mapping[str, Any]) -> str:
    """Digest of a task. Addresses of pictures in its text do not count: each answer signs them anew."""
    html = document.get("html_notes")
    if isinstance(html, str) and "<img" in html:
        document = {**document, "html_notes": _SOURCE.sub("", html)}
    data = msgspec.json.encode(document, order="sorted")
    return hashlib.blake2b(data, digest_size=8).hexdigest()
