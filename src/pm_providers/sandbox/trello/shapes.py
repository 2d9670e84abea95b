"""Which members of a record an answer shows: `fields=all`, `fields=name,desc`, or a route's default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from pm_providers.sandbox.trello.errors import invalid
from pm_providers.sandbox.trello.web import Call, Session

__all__ = ["Shape"]

R = TypeVar("R")
Getter = Callable[[Session, R], Any]


class Shape(Generic[R]):
    """Members of one kind of record.

    Args:
        getters: value of each member by name; `id` is always shown.
        extra: names that only `fields=all` or their own name shows.
    """

    def __init__(self, getters: dict[str, Getter[R]], extra: Iterable[str] = ()) -> None:
        self._getters = getters
        extras = frozenset(extra)
        self.all = tuple(getters)
        self.usual = tuple(name for name in getters if name not in extras)

    def names(self, call: Call, parameter: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """The members that a parameter asks for.

        Raises:
            ApiError: 400 for a name that there is not.
        """
        text = call.plain(parameter)
        if not call.has(parameter) or call.args[parameter] is None:
            return self.usual if default is None else default
        words = [word.strip() for word in text.split(",") if word.strip()]
        if "all" in words:
            return self.all
        if not all(word in self._getters for word in words):
            raise invalid(parameter)
        return tuple(dict.fromkeys(("id", *words)))

    def show(self, session: Session, row: R, names: Iterable[str] | None = None) -> dict[str, Any]:
        """The record with these members (default: the usual ones)."""
        getters = self._getters
        return {name: getters[name](session, row) for name in (self.usual if names is None else names)}

    def one(self, session: Session, row: R, name: str) -> Any:
        """A single member.

        Raises:
            ApiError: 400 for a name that there is not.
        """
        if name not in self._getters:
            raise invalid("field")
        return self._getters[name](session, row)
