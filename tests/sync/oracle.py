"""What people did, and so what must be there in the end: the judge of the state machine.

Items are known by the first word of their titles, which nobody changes. Of each field it keeps what people
wrote on either side since the last run that ended well: in the end one of these must stand there on both sides.
An echo, or anything else that puts an older value back, is none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pm_providers.model import PMTask
from pm_providers.sync.policy import SIDES
from pm_providers.sync.values import snapshot_of

FIELDS = ("title", "description", "status", "priority", "estimated_hours", "due_date")
_FEWER = {"lowest": "low", "highest": "high"}


def token(task: PMTask) -> str:
    """Name of an item whatever becomes of its title."""
    return task.title.split()[0].casefold()


def plain(name: str, value: Any) -> Any:
    """A value as both sides can hold it."""
    if value in (None, ""):
        return None
    if name == "title":
        return value.casefold()
    if name == "estimated_hours":
        return round(value)
    return _FEWER.get(value, value) if name == "priority" else value


class Oracle:
    """Keeps count of what people did."""

    fields: tuple[str, ...] = FIELDS

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.deleted: set[str] = set()
        self.wrote: dict[tuple[str, str], dict[str, Any]] = {}
        self.overwritten: list[str] = []
        self.base: dict[tuple[str, str], Any] = {}
        """What both sides said when they agreed last; of what was deleted here and edited there it may come back."""

    @staticmethod
    def plain(name: str, value: Any) -> Any:
        """A value as both sides can hold it."""
        return plain(name, value)

    def created(self, side: str, task: PMTask) -> None:
        self.made.add(token(task))
        for name in self.fields:
            self.wrote[token(task), name] = {side: getattr(task, name)}

    def edited(self, side: str, before: PMTask, after: PMTask) -> None:
        for name in self.fields:
            if getattr(before, name) != getattr(after, name):
                wrote = self.wrote.setdefault((token(after), name), {})
                wrote.pop("", None)
                wrote[side] = getattr(after, name)
        self.overwritten.append(repr(snapshot_of(before)))

    def removed(self, tasks: list[PMTask]) -> None:
        for task in tasks:
            self.deleted.add(token(task))
            self.overwritten.append(repr(snapshot_of(task)))

    def agreed(self, left: list[PMTask], *, quiet: bool = False) -> None:
        """A run ended well: from here on what both sides say counts.

        Args:
            left: items of one side.
            quiet: nobody did anything meanwhile, and no list was late: the run knows all this, and what one
                side writes from here on comes back from nowhere.
        """
        for task in left:
            for name in self.fields:
                value = getattr(task, name)
                self.wrote[token(task), name] = {"": value} if quiet else dict.fromkeys(SIDES, value)
                self.base[token(task), name] = value

    def check_items(self, side: str, tasks: list[PMTask]) -> None:
        """Nobody is missing whom nobody deleted, nobody is there twice."""
        names = [token(task) for task in tasks]
        assert len(names) == len(set(names)), f"doubled on the {side}: {sorted(names)}"
        lost = self.made - self.deleted - set(names)
        assert not lost, f"nobody deleted {sorted(lost)}, but on the {side} they are gone"

    def check_values(self, side: str, tasks: list[PMTask], known: str) -> None:
        """Each field says what somebody wrote last, and what else was written stands in the history."""
        for task in tasks:
            for name in self.fields:
                wrote = self.wrote.get((token(task), name), {})
                allowed = [self.plain(name, value) for value in wrote.values()]
                if token(task) in self.deleted and (token(task), name) in self.base:
                    allowed.append(self.plain(name, self.base[token(task), name]))
                found = self.plain(name, getattr(task, name))
                for value in wrote.values() if token(task) not in self.deleted else ():
                    lost = [
                        one for one in _words(name, value) if one not in _words(name, getattr(task, name))
                    ]
                    unknown = [one for one in lost if one.casefold() not in known.casefold()]
                    assert not unknown, f"{unknown} of the {name} of {token(task)} is nowhere"
                if name == "description" and _is_merge(found, allowed):
                    continue
                assert found in allowed, (
                    f"{name} of {token(task)} on the {side} is {found!r}; people wrote {wrote!r}"
                )


def _words(name: str, value: Any) -> list[str]:
    """What can be told of a value wherever it stands."""
    if name not in {"title", "description", "due_date"} or value is None:
        return []
    return str(value).split()


def _is_merge(found: Any, wrote: list[Any]) -> bool:
    """Whether a text has all lines that only one of both has, and no others."""
    if not isinstance(found, str) or not all(isinstance(one, str) for one in wrote) or len(wrote) < 2:
        return False
    return set(found.split("\n")) <= {line for text in wrote for line in text.split("\n")}


class VendorOracle(Oracle):
    """Of two real systems, and of the fields that both hold. What nobody gave a priority may have a middling one.

    Comments are known by their one word, which nobody else writes.
    """

    def __init__(self, fields: Iterable[str]) -> None:
        super().__init__()
        self.fields = tuple(name for name in FIELDS if name in set(fields))
        self.said: dict[str, set[str]] = {}

    @staticmethod
    def plain(name: str, value: Any) -> Any:
        if value in (None, "", 0) or (name, value) == ("priority", "medium"):
            return None
        if name == "title":
            return value.casefold()
        return round(value) if name == "estimated_hours" else value

    def commented(self, task: PMTask, word: str) -> None:
        self.said.setdefault(token(task), set()).add(word)

    def check_comments(self, side: str, task: PMTask, bodies: list[str]) -> None:
        """Each comment is there, once."""
        for word in self.said.get(token(task), ()):
            count = sum(word in body.split() for body in bodies)
            assert count == 1, f"{word} is {count} times below {token(task)} on the {side}: {bodies}"
        most = len(self.said.get(token(task), ()))
        assert len(bodies) == most, f"comments that nobody wrote below {token(task)} on the {side}: {bodies}"
