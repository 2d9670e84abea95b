"""What happened to the tasks of a project since last time.

Upserts come from a filter on the time of change. Deletes leave no trace in the API, so the cursor carries the
set of the ids that are known, packed; when the system's own count of the project's tasks differs from it, the
ids are swept. A call that finds nothing costs two requests: what changed, and how many there are.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pm_providers.contract import ChangePage, decode_cursor, encode_cursor, pack_ids, unpack_ids
from pm_providers.errors import NotFoundError, PMError, ProviderError, ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.mapping.hal import identifier, instant
from pm_providers.providers.openproject.mapping.tasks import project_of
from pm_providers.providers.openproject.task_reading import TaskReader
from pm_providers.transport import bounded_map

__all__ = ["Changes"]

_OVERLAP_S = 2.0
_SWEEP_EVERY_CALLS = 100
_SWEEP_EVERY_S = 24 * 3600.0
_SWEEP_PAGE = 1000
_SWEEPS = 3
_BY_CHANGE = filters.sorting(("updatedAt", "asc"), ("id", "asc"))
_BY_ID = filters.sorting(("id", "asc"))


@dataclass(slots=True)
class _State:
    """What a cursor holds.

    Attributes:
        project: project id.
        since: time of the last change that was handed out; `None` before the first.
        seen: marks of the changes within the overlap before `since`, which come again.
        ids: ids of the tasks that were handed out and are not known to be gone.
        calls: calls since the last sweep.
        swept_at: seconds since 1970 of the last sweep.
    """

    project: str
    since: datetime | None = None
    seen: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    calls: int = 0
    swept_at: float = 0.0

    @classmethod
    def read(cls, provider: str, cursor: str) -> _State:
        """State in a cursor.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        found = decode_cursor(provider, cursor)
        try:
            return cls(
                project=str(found["p"]),
                since=instant(found["t"]),
                seen=set(found["s"]),
                ids=unpack_ids(found["i"]),
                calls=int(found["n"]),
                swept_at=float(found["w"]),
            )
        except (KeyError, TypeError, ValueError, ProviderError):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from None

    def write(self, provider: str) -> str:
        """The cursor."""
        state = {
            "p": self.project,
            "t": None if self.since is None else self.since.isoformat(),
            "s": sorted(self.seen),
            "i": pack_ids(self.ids),
            "n": self.calls,
            "w": self.swept_at,
        }
        return encode_cursor(provider, state)


class Changes(TaskReader):
    """The stream of changes."""

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        state = await self._state(project_id, cursor)
        most = limit or self._options.page_size
        fresh, more = await self._changed(state, most)
        upserts = await self._tasks(fresh, {})
        deleted: list[str] = []
        if not more:
            state.calls += 1
            found, gone = await self._reconciled(state)
            upserts += found
            deleted = gone
        return ChangePage(upserts, deleted, state.write(self.name), has_more=more)

    async def _state(self, project_id: str, cursor: str | None) -> _State:
        if cursor is None:
            project = identifier(await self._project_document(project_id), "project")
            return _State(project, swept_at=self._timing.wall())
        state = _State.read(self.name, cursor)
        if project_id != state.project and await self._project_id(project_id) != state.project:
            raise ValidationError(fields={"cursor": "belongs to another project"})
        return state

    async def _changed(self, state: _State, most: int) -> tuple[list[dict[str, Any]], bool]:
        """At most `most` changed documents, oldest change first, and whether there are more.

        The window starts a little before the last change that is known: a transaction that takes long may
        become visible after a later one. What it shows again is left out by its mark.
        """
        size = min(1000, max(self._options.page_size, most + 1))
        fresh: list[dict[str, Any]] = []
        deep = False
        stream = self._api.pages(
            f"projects/{state.project}/work_packages", self._window_params(state), page_size=size
        )
        async with aclosing(stream) as pages:
            async for page in pages:
                mine = [one for one in page.items if project_of(one) == state.project]
                found = [one for one in mine if _mark(one) not in state.seen]
                deep = deep or (not fresh and not found and bool(page.items))
                fresh += found
                if len(fresh) > most:
                    break
        taken = fresh[:most]
        self._advance(state, taken, anchor=taken[:1] if deep else taken[-1:])
        return taken, len(fresh) > most

    @staticmethod
    def _window_params(state: _State) -> dict[str, str]:
        conditions = [filters.ALL_STATUSES]
        if state.since is not None:
            conditions.append(filters.between("updatedAt", filters.before(state.since, _OVERLAP_S)))
        return {
            "filters": filters.filters(*conditions),
            "sortBy": _BY_CHANGE,
            "includeSubprojects": "false",
        }

    @staticmethod
    def _advance(state: _State, taken: list[dict[str, Any]], anchor: list[dict[str, Any]]) -> None:
        """Note what was taken.

        After a walk over several pages within the overlap, which may have shifted, the window stays at the
        first new document, so that what slipped through comes next time.
        """
        state.ids |= {identifier(one, "work package") for one in taken}
        state.seen |= {_mark(one) for one in taken}
        changed = instant(anchor[0].get("updatedAt")) if anchor else None
        if changed is not None and (state.since is None or changed > state.since):
            state.since = changed
        if state.since is not None:
            edge = filters.before(state.since, _OVERLAP_S)
            state.seen = {mark for mark in state.seen if (_mark_time(mark) or edge) >= edge}

    # deletes

    async def _reconciled(self, state: _State) -> tuple[list[PMTask], list[str]]:
        """Tasks that were missed, and ids that are gone. Costs one request where the count adds up."""
        overdue = state.calls >= _SWEEP_EVERY_CALLS or self._timing.wall() - state.swept_at >= _SWEEP_EVERY_S
        if not overdue and await self._total(state.project) == len(state.ids):
            return [], []
        now = await self._sweep(state.project)
        state.calls, state.swept_at = 0, self._timing.wall()
        missed = await self._documents(sorted(now - state.ids, key=int), state.project)
        gone = await self._really_gone(sorted(state.ids - now, key=int), state.project)
        state.ids = (state.ids - set(gone)) | set(missed)
        return await self._tasks(list(missed.values()), {}), gone

    async def _total(self, project: str) -> int | None:
        params: dict[str, str | int] = {
            "filters": filters.filters(filters.ALL_STATUSES),
            "includeSubprojects": "false",
            "select": "total",
            "pageSize": 1,
            "offset": 1,
        }
        total = (await self._api.get(f"projects/{project}/work_packages", params)).get("total")
        return total if isinstance(total, int) else None

    async def _sweep(self, project: str) -> set[str]:
        """Ids of all tasks of a project; repeated when deletes under way shifted its pages."""
        ids: set[str] = set()
        for _ in range(_SWEEPS):
            ids, totals = await self._swept(project)
            if totals <= {len(ids)}:
                break
        return ids

    async def _swept(self, project: str) -> tuple[set[str], set[int]]:
        params = {
            "filters": filters.filters(filters.ALL_STATUSES),
            "sortBy": _BY_ID,
            "includeSubprojects": "false",
            "select": "total,elements/id,elements/_type",
        }
        ids, totals = set(), set()
        path = f"projects/{project}/work_packages"
        stream = self._api.pages(path, params, window=self._options.concurrency, page_size=_SWEEP_PAGE)
        async with aclosing(stream) as pages:
            async for page in pages:
                ids |= {identifier(one, "work package") for one in page.items}
                total = page.collection.get("total")
                totals |= {total} if isinstance(total, int) else set()
        return ids, totals

    async def _documents(self, ids: list[str], project: str) -> dict[str, dict[str, Any]]:
        """Documents of ids that are still tasks of the project.

        A filter by ids would fail, or list everything, when one is gone by then, so each is asked for.
        """
        found: dict[str, dict[str, Any]] = {}
        answers = await bounded_map(self._document_if_there, ids, self._options.concurrency)
        for one, answer in zip(ids, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if answer is not None and project_of(answer) == project:
                found[one] = answer
        return found

    async def _document_if_there(self, one: str) -> dict[str, Any] | None:
        return await self._api.find(f"work_packages/{one}")

    async def _really_gone(self, ids: list[str], project: str) -> list[str]:
        """Those of the ids that are no tasks of the project any more: deleted, moved away, or hidden from us.

        A sweep can miss a task while others are deleted, so its word alone does not count. Should the project
        itself have become invisible, nothing is gone: that is an error.
        """
        if not ids:
            return []
        if await self._api.find(f"projects/{project}") is None:
            raise NotFoundError(f"project {project} does not exist any more, or may not be seen")
        there = await self._documents(ids, project)
        return [one for one in ids if one not in there]


def _mark(document: dict[str, Any]) -> str:
    """What tells two states of a task apart: comments change its time only, all else its lock version."""
    return f"{document.get('id')}:{document.get('lockVersion')}:{document.get('updatedAt')}"


def _mark_time(mark: str) -> datetime | None:
    try:
        return instant(mark.split(":", 2)[2])
    except PMError:
        return None
