"""Reading tasks: single, lists, search."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from pm_providers.contract import TaskQuery
from pm_providers.errors import NotFoundError, PMError, ValidationError
from pm_providers.model import PMTask, TaskStatus
from pm_providers.providers.trello.cards import ALL, VISIBLE
from pm_providers.providers.trello.client import BATCH_MOST, route
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.places import Place
from pm_providers.providers.trello.mapping.tasks import CARD_FIELDS, is_task
from pm_providers.providers.trello.mapping.values import is_id
from pm_providers.toolkit.documents import identifier, object_list, optional_text
from pm_providers.transport import bounded_map

__all__ = ["TaskReader", "search_signs", "search_words"]

_FOUND_MOST = 1000
_FOUND_LEAST = 20
_MOST_FOUND_PAGES = 100  # [spec] GET /search, cards_page
_LONGEST_QUERY = 16384
_SIGNS = re.compile(r"[\W]+")
_ENDS = ".,;:!?"


def search_words(text: str) -> str:
    """A text without what the search takes for operators: `label:x`, `-word`, `@me`, `#tag`, quotes."""
    return " ".join(_SIGNS.sub(" ", text).split())[:_LONGEST_QUERY]


def search_signs(text: str) -> list[str]:
    """Words of a text with signs in them, which the search would not look for, in lower case."""
    words = (one.strip(_ENDS).casefold() for one in text.split())
    return [one for one in words if _SIGNS.search(one)]


class TaskReader(Connection):
    """Tasks, read."""

    async def _get_task(self, task_id: str) -> PMTask | None:
        found = await self._find_card(task_id)
        return None if found is None else await self._task(found)

    # lists

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """Newest first within a board, boards by age."""
        boards = await self._boards_of(query)
        wanted = await self._wanted(query, boards)
        async with aclosing(self._listed(boards, query)) as found:
            async for place, cards in found:
                for task in self._to_tasks(wanted.taken(cards), place):
                    if wanted.fits(task):
                        yield task

    async def _boards_of(self, query: TaskQuery) -> list[str]:
        """Ids of the boards that are to be read.

        Raises:
            NotFoundError: the project is named by a short link that does not exist.
        """
        if query.project_id is not None:
            if not is_id(query.project_id):
                return [(await self._place(query.project_id)).id]
            return [query.project_id.lower()]
        if query.sprint_id is not None and self._rules.sprint_mode == "label":
            if not is_id(query.sprint_id):
                return []
            label = await self._api.find(f"labels/{query.sprint_id}", {"fields": "id,idBoard"})
            return [] if label is None else [str(label.get("idBoard"))]
        return [
            identifier(one, "board") for one in await self._catalog.boards(archived=query.include_archived)
        ]

    async def _wanted(self, query: TaskQuery, boards: Sequence[str]) -> _Wanted:
        assignee = query.assignee_id
        if assignee is not None and not is_id(assignee):
            try:
                assignee = await self._user_id(assignee)
            except NotFoundError:
                assignee = ""  # nobody of that name: no task fits
        lists = None
        if query.status is not None and query.status not in set(TaskStatus):
            lists = await self._lists_named(query.status, boards)
        return _Wanted(query, assignee, lists)

    async def _lists_named(self, value: str, boards: Sequence[str]) -> frozenset[str]:
        """Ids of the lists of a name or id.

        Raises:
            ValidationError: lists what exists.
        """
        names: dict[str, str] = {}
        for found in await bounded_map(self._catalog.place, boards, self._options.concurrency):
            if isinstance(found, NotFoundError) and len(boards) > 1:
                continue  # gone since the boards were listed
            if isinstance(found, Exception):
                raise found
            names |= {one.id: one.name for one in found.lists}
        folded = value.strip().casefold()
        meant = frozenset(
            one for one, name in names.items() if one == value or name.strip().casefold() == folded
        )
        if not meant:
            known = ", ".join(dict.fromkeys(names.values())) or "none"
            raise ValidationError(fields={"status": f"{value!r:.60} is unknown; there are: {known:.500}"})
        return meant

    async def _listed(
        self, boards: Sequence[str], query: TaskQuery
    ) -> AsyncGenerator[tuple[Place, list[dict[str, Any]]], None]:
        kept = ALL if query.include_archived else VISIBLE
        if query.window > 1 and query.limit is None:
            async with aclosing(self._collected(boards, kept, query.window)) as found:
                async for one in found:
                    yield one
            return
        for board in boards:
            try:
                async with aclosing(self._cards.pages(board, kept)) as pages:
                    async for one in pages:
                        yield one
            except NotFoundError:
                if query.project_id is not None or len(boards) == 1:
                    raise  # otherwise deleted, or hidden, since the boards were listed

    async def _collected(
        self, boards: Sequence[str], kept: str, window: int
    ) -> AsyncGenerator[tuple[Place, list[dict[str, Any]]], None]:
        """Boards whole, as many at once as the window allows."""
        for start in range(0, len(boards), window):
            part = boards[start : start + window]
            found = await bounded_map(lambda board: self._cards.everything(board, kept), part, window)
            for one in found:
                if isinstance(one, NotFoundError) and len(boards) > 1:
                    continue
                if isinstance(one, Exception):
                    raise one
                yield one

    # search

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """What the vendor's search finds, best first: names, descriptions, comments, checklists.

        Its operators are taken for text: words with signs in them must stand in the name or description of
        what the search finds without the signs. The index follows writes by about ten seconds.
        """
        board = None if query.project_id is None else (await self._place(query.project_id)).id
        words = search_words(query.text or "")
        signs = search_signs(query.text or "")
        stream = (
            self._found(words, board, query.limit) if words else self._containing(query.text or "", board)
        )
        async with aclosing(stream) as tasks:
            async for task in tasks:
                if all(one in f"{task.title}\n{task.description or ''}".casefold() for one in signs):
                    yield task

    async def _found(self, words: str, board: str | None, limit: int | None) -> AsyncGenerator[PMTask, None]:
        size = _FOUND_MOST if limit is None else min(_FOUND_MOST, max(_FOUND_LEAST, 2 * limit))
        params: dict[str, str | int] = {
            "query": words,
            "modelTypes": "cards",
            "card_fields": CARD_FIELDS,
            "cards_limit": size,
            "partial": "true",
        }
        if board is not None:
            params["idBoards"] = board
        elif self._options.organization is not None:
            params["idOrganizations"] = str(await self._workspace_id())
        seen: set[str] = set()
        for number in range(_MOST_FOUND_PAGES + 1):
            answer = await self._api.get("search", {**params, "cards_page": number})
            cards = object_list(answer.get("cards", []), "cards")
            named = {identifier(one, "card"): one for one in cards}
            fresh = [one for name, one in named.items() if name not in seen]
            seen |= set(named)
            for start in range(0, len(fresh), BATCH_MOST):
                part = fresh[start : start + BATCH_MOST]
                for task in await self._as_they_are(part, closed_too=board is not None):
                    if not task.is_archived and (board is None or task.project_id == board):
                        yield task
            if len(cards) < size:
                return

    async def _as_they_are(self, cards: Sequence[dict[str, Any]], *, closed_too: bool) -> list[PMTask]:
        """Tasks of cards that the search found; it tells no custom fields, so some are read again.

        Cards of closed boards do not say so, and come along ([obs] blangel/wrk#5).
        """
        found: list[tuple[str, dict[str, Any] | None]] = []
        again: list[str] = []
        for card in cards:
            try:
                place = await self._catalog.place(str(card.get("idBoard")))
            except NotFoundError:
                continue  # the index knows boards that are gone
            if place.document.get("closed") is True and not closed_too:
                continue
            one = identifier(card, "card")
            found.append((one, None if place.fields else card))
            again += [one] if place.fields else []
        fresh = {identifier(one, "card"): one for one in (await self._some(again) if again else [])}
        documents = [card or fresh.get(one) for one, card in found]
        return [await self._task(one) for one in documents if one is not None and is_task(one)]

    async def _some(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        params = {"fields": CARD_FIELDS, "customFieldItems": "true"}
        answers = await self._api.batch([route(f"cards/{one}", params) for one in ids])
        found = []
        for one, answer in zip(ids, answers, strict=True):
            # The batch may say something else than the address alone, so that errors are asked for again.
            card = await self._api.find(f"cards/{one}", params) if isinstance(answer, PMError) else answer
            if card is not None:
                found += object_list([card])
        return found

    async def _containing(self, text: str, board: str | None) -> AsyncGenerator[PMTask, None]:
        folded = text.strip().casefold()
        boards = [board] if board else [identifier(one, "board") for one in await self._catalog.boards()]
        async with aclosing(self._collected(boards, VISIBLE, self._options.concurrency)) as found:
            async for place, cards in found:
                hits = [one for one in cards if folded in _words_of(one)]
                for task in self._to_tasks(hits, place):
                    yield task


class _Wanted:
    """Conditions of a list, which the vendor does not filter by."""

    def __init__(self, query: TaskQuery, assignee: str | None, lists: frozenset[str] | None) -> None:
        self._query = query
        self._assignee = None if assignee is None else assignee.lower()
        self._lists = lists

    def taken(self, cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Cards of the lists that are asked for."""
        return cards if self._lists is None else [one for one in cards if one.get("idList") in self._lists]

    def fits(self, task: PMTask) -> bool:
        """Whether a task fits all conditions."""
        query = self._query
        if task.is_archived and not query.include_archived:
            return False
        if self._assignee is not None and self._assignee not in task.assignee_ids:
            return False
        if query.sprint_id is not None and task.sprint_id != query.sprint_id:
            return False
        if query.updated_since is not None and (task.updated_at or query.updated_since) < query.updated_since:
            return False
        return self._lists is not None or query.status is None or task.status == query.status


def _words_of(card: dict[str, Any]) -> str:
    return f"{optional_text(card, 'name') or ''}\n{optional_text(card, 'desc') or ''}".casefold()
