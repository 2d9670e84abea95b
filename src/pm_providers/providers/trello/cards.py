"""All cards of a board: one request up to a thousand, windows of time for older ones.

An answer never holds more than 1,000 cards and does not say that there are more; the newest come, in the
order in which the board shows them ([obs] stackoverflow 34612933). `before` and `since` mean the time of
creation, which is in the ids in whole seconds; of several cards made in the second of `before` some may be
left out ([obs] trello-archive/api-docs#68), so windows overlap by that second.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pm_providers.errors import NotFoundError, PermissionDeniedError, PMError
from pm_providers.providers.trello.catalog import PLACE_PARAMS, Catalog
from pm_providers.providers.trello.client import BATCH_MOST, Api, route
from pm_providers.providers.trello.config import MOST_CARDS
from pm_providers.providers.trello.errors import too_fat
from pm_providers.providers.trello.mapping.places import Place
from pm_providers.providers.trello.mapping.tasks import CARD_FIELDS
from pm_providers.toolkit.documents import broken, identifier, object_list

__all__ = ["ALL", "VISIBLE", "BoardCards", "hidden", "number_older"]

ALL, VISIBLE = "all", "visible"
"""Filters: every card; open cards in open lists. `open` would hold those of archived lists ([board] docs)."""

_LEAST_PAGE = 20
_MOST_ROUNDS = 10_000
_PIECES = BATCH_MOST - 1
_FULLNESS = 0.8
_SECOND = 8  # digits of an id that tell the second

Card = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Window:
    """Cards by time of creation.

    Attributes:
        first: second since 1970 from which on; `None` from the beginning.
        last: second up to which, itself included; `None` without end.
        before: id of a card that all are older than; instead of `last`.
    """

    first: int | None = None
    last: int | None = None
    before: str | None = None

    @classmethod
    def of(cls, place: str | None) -> _Window:
        """What is older than a `place`."""
        if place is None:
            return cls()
        return cls(before=place) if len(place) > _SECOND else cls(last=int(place, 16))

    @property
    def place(self) -> str:
        """Where it ends, if it does: the second in the form that ids have, or the id."""
        return self.before or f"{self.last or 0:0{_SECOND}x}"

    def params(self, size: int, fields: str) -> dict[str, str | int]:
        """Query of the window."""
        found: dict[str, str | int] = {"limit": size, "fields": fields, "customFieldItems": "true"}
        if self.first is not None:
            found["since"] = _iso(self.first - 1)
        if self.before is not None:
            found["before"] = self.before
        elif self.last is not None:
            found["before"] = _iso(self.last + 1)
        return found

    def after(self, cards: Sequence[Card], size: int) -> _Window | None:
        """What is left when a full page of the window came; `None` when the page was its last."""
        if len(cards) < size:
            return None
        seconds = [_second(one) for one in cards]
        oldest = min(seconds)
        if max(seconds) == oldest or seconds.count(oldest) > size // 2:
            return _Window(self.first, None, min(identifier(one, "card") for one in cards))
        return _Window(self.first, oldest)

    def pieces(self, count: int, earliest: int) -> list[_Window]:
        """The window in about equal parts, newest first; in one where its time is short or not known."""
        start = earliest if self.first is None else self.first
        if count < 2 or self.last is None or self.last - start < 2 * count:  # noqa: PLR2004
            return [self]
        edges = [start + (self.last - start) * number // count for number in range(count + 1)]
        parts = [_Window(one, other) for one, other in pairwise(edges)]
        parts[0] = _Window(
            self.first, parts[0].last
        )  # cards that were moved here may be older than the board
        return parts[::-1]


class BoardCards:
    """Cards of boards, as documents.

    Args:
        api: the connection.
        catalog: learns the frames of the boards that come along.
    """

    def __init__(self, api: Api, catalog: Catalog) -> None:
        self._api = api
        self._catalog = catalog
        self._size = api.options.page_size

    async def everything(self, board: str, kept: str) -> tuple[Place, list[Card]]:
        """All cards of a board and its frame, newest first; what it costs, see `crawl`.

        Args:
            board: id of the board.
            kept: `ALL` or `VISIBLE`.

        Raises:
            NotFoundError: there is no such board.
        """
        place, cards = await self.beginning(board, kept)
        found: dict[str, Card] = {}
        async for some in self.crawl(place, kept, cards):
            found |= {identifier(one, "card"): one for one in some}
        return place, _newest_first(found.values())

    async def crawl(
        self, place: Place, kept: str, cards: list[Card] | None
    ) -> AsyncGenerator[list[Card], None]:
        """All cards of a board in any order, some at a time; one that comes again says what holds now.

        Up to 1,000 cards cost no request beside that of the beginning. For more, the time before is parted
        into windows, which travel ten in a batch; no more than ceil(cards / 1,000) requests.

        Args:
            place: the board.
            kept: `ALL` or `VISIBLE`.
            cards: those of its `beginning`.
        """
        if cards is not None:
            yield cards
        if cards is None or len(cards) >= MOST_CARDS:
            async for some in _Crawl(self._api, place.id, kept, self._page_size(cards), cards or []).run():
                yield some

    async def pages(self, board: str, kept: str) -> AsyncGenerator[tuple[Place, list[Card]], None]:
        """The same in the order of `everything`, a page at a time; never more than two pages are held."""
        place, cards = await self.beginning(board, kept)
        if cards is not None and len(cards) < MOST_CARDS:
            yield place, _newest_first(cards)
            return
        size, window, waiting = self._page_size(cards), _Window(), dict[str, Card]()
        for _ in range(_MOST_ROUNDS):
            page, size = await self._page(place.id, kept, window, size)
            waiting |= {identifier(one, "card"): one for one in page}
            rest = window.after(page, size)
            if rest is None:
                yield place, _newest_first(waiting.values())
                return
            # What was made in the second of the border may still come; later pages hold nothing newer.
            border = min(_second(one) for one in page) if rest.before is None else -1
            ready = [one for one in waiting.values() if _second(one) > border]
            yield place, _newest_first(ready)
            waiting = {name: one for name, one in waiting.items() if _second(one) <= border}
            window = rest
        raise broken("the list of cards never ends")

    async def _page(self, board: str, kept: str, window: _Window, size: int) -> tuple[list[Card], int]:
        return await _shrinking(self._api, f"boards/{board}/cards/{kept}", window, size, CARD_FIELDS)

    async def older(
        self, board: str, kept: str, before: str | None, size: int
    ) -> tuple[list[Card], str | None]:
        """The newest cards before a place in time; the newest of all without one. In any order.

        Returns:
            The cards, some of which the page before may have had, and the place to go on from, which hides
            nothing of what was there; `None` when no more can come.
        """
        page, size = await self._page(board, kept, _Window.of(before), size)
        rest = _Window.of(before).after(page, size)
        return page, None if rest is None else rest.place

    def _page_size(self, cards: object) -> int:
        """Small pages where the first answer was too much for the server, though not asked to be small."""
        return max(_LEAST_PAGE, MOST_CARDS // 4) if cards is None and self._size == MOST_CARDS else self._size

    async def beginning(self, board: str, kept: str) -> tuple[Place, list[Card] | None]:
        """The frame of a board, with its newest cards unless pages shall be small or that is too much.

        These are all its cards, in any order, where they are fewer than 1,000.

        Raises:
            NotFoundError: there is no such board.
        """
        if self._size == MOST_CARDS:
            params = {
                **PLACE_PARAMS,
                "cards": kept,
                "card_fields": CARD_FIELDS,
                "card_customFieldItems": "true",
            }
            try:
                # Once: what is too much for the server is so the second time, and each takes half a minute.
                answer = await self._api.call("GET", f"boards/{board}", params=params, safe=False)
                found = answer.json_object()
                return self._catalog.learn(found), object_list(found.get("cards", []), "cards")
            except PermissionDeniedError as error:
                raise hidden(board, error) from error
            except PMError as error:
                if not too_fat(error):
                    raise
        return await self._catalog.place(board, fresh=True), None


class _Crawl:
    """One way through the cards of a board that has more than an answer holds."""

    def __init__(self, api: Api, board: str, kept: str, size: int, newest: Sequence[Card]) -> None:
        self._api = api
        self._path = f"boards/{board}/cards/{kept}"
        self._size = size
        self._newest = {identifier(one, "card") for one in newest}
        self._earliest = int(board[:8], 16)
        self._windows, self._check = self._beginning(newest)

    async def run(self) -> AsyncGenerator[list[Card], None]:
        """What came beside the newest, page by page; where one of those is missing, all of them as well."""
        windows, check = self._windows, self._check
        for _ in range(_MOST_ROUNDS):
            if not windows:
                return
            now, later = windows[:_PIECES], windows[_PIECES:]
            pages, missed = await self._fetched(now, check)
            windows = [] if missed else later
            check = None
            rest = [one.after(page, self._size) for one, page in zip(now, pages, strict=True)]
            while pages:
                yield pages.pop(0)
            left = [one for one in rest if one is not None]
            share = _PIECES // len(left) if left else 1
            windows += [piece for one in left for piece in one.pieces(share, self._earliest)]
            if missed:
                windows = [_Window()]
        raise broken("the list of cards never ends")

    def _beginning(self, newest: Sequence[Card]) -> tuple[list[_Window], _Window | None]:
        """Windows of what is older than the cards that came with the board, and one that checks those.

        How many are older decides only how many windows are tried at once.
        """
        if not newest:
            return [_Window()], None
        older, seconds = number_older(newest), [_second(one) for one in newest]
        last = min(seconds)
        if self._earliest >= last:  # a board of cards that were moved here: as many a day as lately
            self._earliest = last - older * (max(seconds) - last) // len(newest)
        count = min(_PIECES, -int(-older // (self._size * _FULLNESS)))
        whole = _Window(None, last)
        return (whole.pieces(count, self._earliest) if older > self._size else [whole]), _Window(last + 1)

    async def _fetched(
        self, windows: Sequence[_Window], check: _Window | None
    ) -> tuple[list[list[Card]], bool]:
        """Pages of windows, and whether cards are missing among those that came with the board."""
        plans = [(one, CARD_FIELDS) for one in windows] + ([(check, "id")] if check else [])
        answers = await self._answers(plans)
        if check is None:
            return answers, False
        missed = any(identifier(one, "card") not in self._newest for one in answers.pop())
        return answers, missed

    async def _answers(self, plans: Sequence[tuple[_Window, str]]) -> list[list[Card]]:
        if len(plans) == 1:
            return [await self._alone(*plans[0])]
        routes = [route(self._path, window.params(self._size, fields)) for window, fields in plans]
        try:
            answers = await self._api.batch(routes, once=True)
        except PMError as error:
            if not too_fat(error):
                raise
            answers = [error] * len(plans)
        # What a batch could not do is asked for alone: then the error, if any, is the real one.
        return [
            await self._alone(*plan) if isinstance(answer, PMError) else object_list(answer)
            for plan, answer in zip(plans, answers, strict=True)
        ]

    async def _alone(self, window: _Window, fields: str) -> list[Card]:
        """One window; pages stay as small as one had to be."""
        found, self._size = await _shrinking(self._api, self._path, window, self._size, fields)
        return found


def number_older(cards: Iterable[Card]) -> int:
    """About how many cards of a board are older than these: the number of a card on its board tells it.

    Cards that were deleted are counted, and those that were moved there are counted by when they came.
    """
    oldest = min(cards, key=lambda one: identifier(one, "card"), default={})
    number = oldest.get("idShort")
    return number - 1 if isinstance(number, int) else 0


async def _shrinking(api: Api, path: str, window: _Window, size: int, fields: str) -> tuple[list[Card], int]:
    """A page of a window, and its size: smaller where the server cannot make one of the size asked for."""
    while True:
        try:
            return await api.all(path, window.params(size, fields)), size
        except PermissionDeniedError as error:
            raise hidden(path.split("/")[1], error) from error
        except PMError as error:
            if not too_fat(error) or size <= _LEAST_PAGE:
                raise
            size = max(_LEAST_PAGE, size // 4)


def hidden(board: str, error: PermissionDeniedError) -> NotFoundError:
    """The error for a board that may not be seen: to a caller it does not exist."""
    return NotFoundError(f"board {board} may not be seen", status=error.status)


def _newest_first(cards: Iterable[Card]) -> list[Card]:
    return sorted(cards, key=lambda one: identifier(one, "card"), reverse=True)


def _second(card: Mapping[str, Any]) -> int:
    try:
        return int(identifier(card, "card")[:8], 16)
    except ValueError:
        raise broken("a card whose id tells no time") from None


def _iso(second: int) -> str:
    moment = datetime.fromtimestamp(max(0, second), UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"
