"""Known differences between the sandbox and the recordings, each with its reason.

Both ways strict: a difference that no row names fails the test, and so does a row that names none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["KNOWN_DIFFERENCES", "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """A row: `steps` like `22:1-28` or `05:3,7` (a file number alone: all its steps), why, and where.

    `where` is a regular expression that each difference of these steps has to match to be excused.
    """

    steps: str
    reason: str
    where: str = ""

    def covers(self, key: str) -> bool:
        """Whether the row names this step."""
        file, _, number = key.partition(":")
        own_file, _, numbers = self.steps.partition(":")
        if own_file not in {"*", file}:
            return False
        return not numbers or any(_within(int(number), part) for part in numbers.split(","))

    def excuses(self, key: str, difference: str) -> bool:
        """Whether the row names this difference of this step."""
        return self.covers(key) and re.search(self.where, difference) is not None


def _within(number: int, part: str) -> bool:
    first, _, last = part.partition("-")
    return int(first) <= number <= int(last or first)


KNOWN_DIFFERENCES: tuple[Known, ...] = ()
