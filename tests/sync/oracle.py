"""What people did, and so what must be there in the end: the judge of the state machine.

Items are known by the first word of their titles, which nobody changes. Of each field it keeps what people
wrote on either side since the last run that ended well: in the end one of these must stand there on both sides.
An echo, or anything else that puts an older value back, is none of them.
"""

from __future__ import annotations

from typing import Any

from pm_providers.model import PMTask
from pm_providers.sync.policy import SIDES

FIELDS = ("title", "description", "status", "priority", "estimated_hours")
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

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.deleted: set[str] = set()
        self.wrote: dict[tuple[str, str], dict[str, Any]] = {}
        self.overwritten: list[str] = []

    def created(self, side: str, task: PMTask) -> None:
        self.made.add(token(task))
        for name in FIELDS:
            self.wrote[token(task), name] = {side: getattr(task, name)}

    def edited(self, side: str, before: PMTask, after: PMTask) -> None:
        for name in FIELDS:
            if getattr(before, name) != getattr(after, name):
                self.wrote.setdefault((token(after), name), {})[side] = getattr(after, name)
                self.overwritten.append(repr(getattr(before, name)))
        self.overwritten.append(repr(before.parent_task_id))

    def removed(self, tasks: list[PMTask]) -> None:
        for task in tasks:
            self.deleted.add(token(task))

    def agreed(self, left: list[PMTask]) -> None:
        """A run ended well: from here on what both sides say counts."""
        for task in left:
            for name in FIELDS:
                self.wrote[token(task), name] = dict.fromkeys(SIDES, getattr(task, name))

    def check_items(self, side: str, tasks: list[PMTask]) -> None:
        """Nobody is missing whom nobody deleted, nobody is there twice."""
        names = [token(task) for task in tasks]
        assert len(names) == len(set(names)), f"doubled on the {side}: {sorted(names)}"
        lost = self.made - self.deleted - set(names)
        assert not lost, f"nobody deleted {sorted(lost)}, but on the {side} they are gone"

    def check_values(self, side: str, tasks: list[PMTask]) -> None:
        """Each field says what somebody wrote last."""
        for task in tasks:
            for name in FIELDS:
                wrote = self.wrote.get((token(task), name), {})
                allowed = [plain(name, value) for value in wrote.values()]
                found = plain(name, getattr(task, name))
                if name == "description" and _is_merge(found, allowed):
                    continue
                assert found in allowed, (
                    f"{name} of {token(task)} on the {side} is {found!r}; people wrote {wrote!r}"
                )


def _is_merge(found: Any, wrote: list[Any]) -> bool:
    """Whether a text has all lines that only one of both has, and no others."""
    if not isinstance(found, str) or not all(isinstance(one, str) for one in wrote) or len(wrote) < 2:
        return False
    lines, (one, two) = set(found.split("\n")), (set(text.split("\n")) for text in wrote)
    return lines <= one | two
