"""What happened to the tasks of a board since last time.

The lists of actions leave much out (labels put on, edits of labels, check items; [obs]
trello-archive/api-docs#45, #74), and `since` means the time of creation. So the cards are read and compared
with what the cursor remembers: for each card its id and a digest of the whole task. That misses nothing:
renaming or archiving a list, which no card tells, is seen as well.

An archived card is an upsert that says so; one that was deleted or moved to another board is a deleted id; a
board that may not be seen any more is an error, and nothing of it counts as gone.

Cost: one request a call up to a thousand cards. Of larger boards, the time of the last activity is asked for
first; as long as it stays, a call is that one request, but for one of a hundred, and once a day. Tasks are
kept only where they differ; the first pass over a board of tens of thousands hands out each page at once.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec

from pm_providers.contract import ChangePage, PMProviderConfig, decode_cursor, encode_cursor
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.trello.cards import ALL, Card, number_older
from pm_providers.providers.trello.client import BATCH_MOST
from pm_providers.providers.trello.config import MOST_CARDS
from pm_providers.providers.trello.mapping.places import Place
from pm_providers.providers.trello.mapping.tasks import is_task
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.providers.trello.task_reading import TaskReader
from pm_providers.toolkit.change_source import KeptSources
from pm_providers.toolkit.documents import identifier, optional_text

__all__ = ["ChangeMemory", "Changes", "digest"]

_LARGE = 900
_HUGE = 10 * MOST_CARDS
_LOOK_EVERY = 100
_LOOK_EVERY_S = 24 * 3600.0
_ASK_EACH = 100
_ID_BYTES, _DIGEST_BYTES = 12, 6
_ENTRY = _ID_BYTES + _DIGEST_BYTES

_seen = attrgetter(*(one.name for one in dataclasses.fields(PMTask) if one.compare))


@dataclass(slots=True)
class ChangeMemory:
    """State of a stream of changes.

    Attributes:
        project: id of the board.
        scanning: the first pass is not done yet.
        before: place in time from which the first pass goes on; see `BoardCards.older`.
        activity: time of the last activity on the board when it was read; `None` when it must be read again.
        calls: calls since the cards were read.
        looked_at: seconds since 1970 on our own clock when they were read.
        known: id of a card, as bytes -> digest of what was handed out.
    """

    project: str
    scanning: bool = True
    before: str | None = None
    activity: str | None = None
    calls: int = 0
    looked_at: float = 0.0
    known: dict[bytes, bytes] = field(default_factory=dict)

    def write(self, provider: str) -> str:
        """The cursor."""
        state = {
            "p": self.project,
            "s": self.scanning,
            "b": self.before,
            "a": self.activity,
            "n": self.calls,
            "w": self.looked_at,
            "k": self._packed(),
        }
        return encode_cursor(provider, state)

    def _packed(self) -> str:
        entries = bytearray()
        for one in sorted(self.known):
            entries += one + self.known[one]
        return base64.b64encode(entries).decode("ascii")

    @classmethod
    def read(cls, provider: str, cursor: str) -> ChangeMemory:
        """State in a cursor.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        found = decode_cursor(provider, cursor)
        try:
            return cls(
                project=_identifier(found["p"]),
                scanning=bool(found["s"]),
                before=None if found["b"] is None else _place(found["b"]),
                activity=None if found["a"] is None else str(found["a"]),
                calls=int(found["n"]),
                looked_at=float(found["w"]),
                known=_entries(base64.b64decode(found["k"], validate=True)),
            )
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from None


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise ValueError(value)
    return value


def _place(value: object) -> str:
    if isinstance(value, str) and len(value) == len(f"{0:08x}"):
        int(value, 16)
        return value
    return _identifier(value)


def _entries(data: bytes) -> dict[bytes, bytes]:
    if len(data) % _ENTRY:
        raise ValueError(len(data))
    starts = range(0, len(data), _ENTRY)
    return {data[one : one + _ID_BYTES]: data[one + _ID_BYTES : one + _ENTRY] for one in starts}


def digest(task: PMTask) -> bytes:
    """What tells two states of a task apart: all its fields but `raw_data`."""
    data = msgspec.json.encode(_seen(task), order="sorted")
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _key(task: PMTask) -> bytes:
    return bytes.fromhex(task.id or "")


class Changes(TaskReader):
    """The stream of changes."""

    def __init__(self, config: PMProviderConfig, **given: Any) -> None:
        super().__init__(config, **given)
        self._kept: KeptSources[Sequence[PMTask]] = KeptSources(self._timing.monotonic)

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        most = limit or self._options.page_size
        if cursor is None and most >= MOST_CARDS and is_object(project_id):
            return await self._begun(project_id, most)
        if cursor is None:
            memory = ChangeMemory((await self._place(project_id, fresh=True)).id)
        else:
            memory = ChangeMemory.read(self.name, cursor)
            if project_id != memory.project and await self._known_project(project_id) != memory.project:
                raise ValidationError(fields={"cursor": "belongs to another project"})
        if memory.scanning:
            return await self._scanned(memory, most)
        return await self._compared(memory, most, self._kept.take(cursor))

    async def _begun(self, board: str, most: int) -> ChangePage:
        """All cards at once, or the newest of a board whose cards are too many to hold.

        While its last activity stays the one of before the first page, no page can have missed any.
        """
        place, cards = await self._cards.beginning(board, ALL)
        memory = ChangeMemory(place.id, activity=optional_text(place.document, "dateLastActivity"))
        if cards is not None and len(cards) >= MOST_CARDS and number_older(cards) > _HUGE:
            memory.looked_at = self._timing.wall()
            return await self._scanned(memory, most)
        memory.scanning = False
        return await self._told(memory, most, place, cards)

    async def _known_project(self, value: str) -> str:
        return await self._project_id(value)

    async def _scanned(self, memory: ChangeMemory, most: int) -> ChangePage:
        """The next page of the first pass, newest cards first. What slips through is found by comparing."""
        size, first = min(most, self._options.page_size), memory.before is None
        cards, memory.before = await self._cards.older(memory.project, ALL, memory.before, size)
        place = await self._catalog.place(memory.project)
        tasks = [one for one in self._to_tasks(cards, place) if _key(one) not in memory.known]
        memory.known |= {_key(one): digest(one) for one in tasks}
        memory.scanning = memory.before is not None
        return self._page(memory, tasks, [], more=memory.scanning or not first)

    async def _compared(self, memory: ChangeMemory, most: int, left: Sequence[PMTask] | None) -> ChangePage:
        """What differs from what is known, all cards read; or what is `left` of that, and once more then."""
        if left is not None:
            memory.known |= {_key(one): digest(one) for one in left[:most]}
            return self._kept_page(memory, left, most, [])
        if await self._is_quiet(memory):
            return self._page(memory, [], [], more=False)
        return await self._told(memory, most, *await self._cards.beginning(memory.project, ALL))

    async def _told(
        self, memory: ChangeMemory, most: int, place: Place, cards: list[Card] | None
    ) -> ChangePage:
        marks, differ = await self._read(memory.known, place, cards)
        changed = sorted(differ, key=_age)
        missing = [one.hex() for one in memory.known if one not in marks]
        gone = await self._really_gone(missing, memory.project)
        for one in gone:
            del memory.known[bytes.fromhex(one)]
        memory.known |= {_key(one): marks[_key(one)] for one in changed[:most]}
        memory.calls, memory.looked_at = 0, self._timing.wall()
        if len(changed) > most:
            memory.activity = None
            return self._kept_page(memory, changed, most, gone)
        memory.activity = optional_text(place.document, "dateLastActivity")
        return self._page(memory, changed, gone, more=False)

    async def _read(
        self, known: Mapping[bytes, bytes], place: Place, cards: list[Card] | None
    ) -> tuple[dict[bytes, bytes], Iterable[PMTask]]:
        """The digest of each task of a board, and those whose digest is not the known one."""
        marks: dict[bytes, bytes] = {}
        differ: dict[bytes, PMTask] = {}
        async for some in self._cards.crawl(place, ALL, cards):
            for one in self._to_tasks(some, place):
                key, mark = _key(one), digest(one)
                marks[key] = mark
                if known.get(key) == mark:
                    differ.pop(key, None)
                else:
                    differ[key] = one
        return marks, differ.values()

    def _kept_page(
        self, memory: ChangeMemory, tasks: Sequence[PMTask], most: int, gone: list[str]
    ) -> ChangePage:
        """A page of them; the rest is kept for who goes on at once."""
        page = self._page(memory, list(tasks[:most]), gone, more=True)
        if tasks[most:]:
            self._kept.keep(page.cursor, tasks[most:])
        return page

    async def _is_quiet(self, memory: ChangeMemory) -> bool:
        """Whether nothing moved on a large board since its cards were read; not trusted forever."""
        memory.calls += 1
        overdue = memory.calls >= _LOOK_EVERY or self._timing.wall() - memory.looked_at >= _LOOK_EVERY_S
        if len(memory.known) < _LARGE or memory.activity is None or overdue:
            return False
        params = {"fields": "id,dateLastActivity", "actions": "none", "lists": "none"}
        found = await self._api.find(f"boards/{memory.project}", params)
        if found is None:
            raise NotFoundError(f"project {memory.project} does not exist any more, or may not be seen")
        return optional_text(found, "dateLastActivity") == memory.activity

    async def _really_gone(self, ids: Sequence[str], board: str) -> list[str]:
        """Those of the ids that are no tasks of the board any more; each is asked for, or all once more."""
        if not ids:
            return []
        if len(ids) > _ASK_EACH:
            _, cards = await self._cards.everything(board, ALL)
        else:
            cards = []
            for start in range(0, len(ids), BATCH_MOST):
                cards += await self._some(ids[start : start + BATCH_MOST])
        there = {identifier(one, "card") for one in cards if _is_of(one, board)}
        return [one for one in ids if one not in there]

    def _page(self, memory: ChangeMemory, tasks: list[PMTask], gone: list[str], *, more: bool) -> ChangePage:
        return ChangePage(tasks, gone, memory.write(self.name), has_more=more)


def _age(task: PMTask) -> tuple[float, str]:
    return (0.0 if task.updated_at is None else task.updated_at.timestamp(), task.id or "")


def _is_of(card: Mapping[str, Any], board: str) -> bool:
    return card.get("idBoard") == board and is_task(card)
