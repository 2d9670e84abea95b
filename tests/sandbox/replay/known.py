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


KNOWN_DIFFERENCES: tuple[Known, ...] = (
    Known(
        "11:55",
        "Writing `id` makes the vendor check the dates against the predecessors of that other work package; "
        "the sandbox refuses the id alone.",
        r"^error: ",
    ),
    Known(
        "14:14,15",
        "The vendor sorts these projects by nothing: the order is its database's. The sandbox sorts by name.",
        r"^\._embedded\.elements\[",
    ),
    Known(
        "14:18",
        "Relation candidates serve the web page's search box; the sandbox does not offer them.",
        r"^status: 200 is 404",
    ),
    Known(
        "20:18",
        "The answer to a claim lists files in the order in which they were attached, other answers newest first; "
        "the sandbox always gives the newest first.",
        r"^\._embedded\.attachments\._embedded\.elements\[",
    ),
    Known(
        "21:16-27",
        "Family not offered: notifications belong to the web page's inbox, the sandbox sends none.",
        r"^(status: \d+ is 404|error: \('NotFound')",
    ),
    Known(
        "22:1-18",
        "Family not offered: saved queries (their list parameters work on work packages).",
        r"^(status: \d+ is 404|error: \('NotFound')",
    ),
    Known(
        "22:19",
        "News are always empty: nothing but the vendor's own welcome texts was recorded.",
    ),
    Known(
        "22:24,25",
        "Family not offered: the matrix of capabilities and actions; rights show as links and 403.",
        r"^status: 200 is 404",
    ),
    Known(
        "23:54",
        "TRACE without a Content-Type: the vendor's router fails before its check of the header.",
        r"^status: 500 is 406",
    ),
)
