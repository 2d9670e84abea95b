"""What the lists of a project count, and how cursors carry it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from pm_providers.contract import decode_cursor, encode_cursor
from pm_providers.errors import ValidationError
from pm_providers.providers.clickup.mapping.values import milliseconds

__all__ = ["Counts", "Places", "counts_of", "sum_of"]

Places = tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Folders and other lists."""


@dataclass(slots=True)
class Counts:
    """What the lists of a project counted when that was compared with the known tasks.

    Attributes:
        offset: tasks that were known, less those that were counted; `None` where that is not known.
        folders: counted by the lists in folders, of a space.
        lists: by the others, or by the project itself.
        turn: lists are looked at next, not folders.
    """

    offset: int | None = None
    folders: int | None = None
    lists: int | None = None
    turn: bool = True

    @property
    def total(self) -> int | None:
        """Both; `None` where one is not known."""
        return None if self.folders is None or self.lists is None else self.folders + self.lists

    def cursor(self, inner: str) -> str:
        """A cursor of what a stream remembers and of this."""
        return encode_cursor("clickup", {"i": inner, "o": list(astuple(self))})

    @classmethod
    def read(cls, cursor: str) -> tuple[str, Counts]:
        """What a cursor holds: see `cursor`.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        found = decode_cursor("clickup", cursor)
        try:
            inner, (offset, folders, lists, turn) = found["i"], found["o"]
            counts = cls(_number(offset), _number(folders), _number(lists), bool(turn))
        except (KeyError, TypeError, ValueError):
            inner, counts = None, cls()
        if not isinstance(inner, str):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"})
        return inner, counts


def counts_of(places: Places) -> Counts:
    """What folders and lists count."""
    return Counts(None, sum_of(places[0]), sum_of(places[1]))


def sum_of(places: Sequence[Mapping[str, Any]]) -> int | None:
    """Sum of the counts, which are numbers or texts; `None` where one is not told."""
    counts = [milliseconds(one.get("task_count")) for one in places]
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
