"""Lists in sprint folders as sprints. The API has no resource for sprints, and no sign of one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, tzinfo

from pm_providers.model import PMSprint, SprintStatus
from pm_providers.providers.clickup.mapping.places import content_of
from pm_providers.providers.clickup.mapping.values import moment_day, optional_id
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = [
    "SprintReading",
    "SprintRule",
    "dates_in_name",
    "name_with_dates",
    "plain_name",
    "sprint_status",
    "to_sprint",
]

_DAY = r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?"
_IN_NAME = re.compile(rf"\s*\({_DAY}\s*[-\N{{EN DASH}}]\s*(?:{_DAY})?\)\s*$")
_NEARLY_A_YEAR = 360


@dataclass(frozen=True, slots=True)
class SprintRule:
    """Which folders and lists are about sprints: nothing in the API tells ([obs] testplanit#603).

    Attributes:
        level: what a project is.
        word: part of the name of sprint folders, or of sprints where projects are folders; in any case.
        folder_ids: sprint folders; where there are any, names do not count.
    """

    level: str = "space"
    word: str = "sprint"
    folder_ids: Collection[str] = ()

    def is_folder(self, document: Document) -> bool:
        """Whether a folder holds sprints."""
        if self.level != "space" or document.get("hidden") is True:
            return False
        if self.folder_ids:
            return optional_id(document.get("id")) in self.folder_ids
        return self._has_word(document)

    def is_list(self, document: Document, folder: Document) -> bool:
        """Whether a list, in a folder, is a sprint."""
        if self.level == "folder":
            return folder.get("hidden") is not True and self._has_word(document)
        return self.is_folder(folder)

    def _has_word(self, document: Document) -> bool:
        return self.word.casefold() in (optional_text(document, "name") or "").casefold()


@dataclass(frozen=True, slots=True)
class SprintReading:
    """What reading a sprint needs.

    Attributes:
        zone: time zone of the days.
        today: the day that makes it planned, active or closed.
        day_first: a name says `5/2` for the fifth of February.
        keep_raw: fill `raw_data`.
    """

    zone: tzinfo
    today: date
    day_first: bool = False
    keep_raw: bool = True


def to_sprint(document: Document, project_id: str | None, reading: SprintReading) -> PMSprint:
    """A list as a sprint.

    Its dates are the list's; those that it lacks come out of its name, `Sprint 1 (2/5 - 2/18)`, and the name
    is what stands before them.
    """
    name = optional_text(document, "name") or ""
    start = moment_day(document.get("start_date"), reading.zone)
    end = moment_day(document.get("due_date"), reading.zone)
    if start is None or end is None:
        named = dates_in_name(name, reading.today, end=end, day_first=reading.day_first)
        start, end = start or named[0], end or named[1]
    archived = document.get("archived") is True
    status = sprint_status(start, end, reading.today, archived=archived)
    return PMSprint(
        id=identifier(document, "list"),
        name=plain_name(name),
        project_id=project_id,
        start_date=start,
        end_date=end,
        status=status.value,
        status_name="archived" if archived else status.value,
        goal=content_of(document),
        raw_data=dict(document) if reading.keep_raw else None,
    )


def sprint_status(start: date | None, end: date | None, today: date, *, archived: bool) -> SprintStatus:
    """Where a sprint stands, which the vendor does not tell: by its dates, and closed when it is archived."""
    if archived or (end is not None and today > end):
        return SprintStatus.CLOSED
    if (start is None and end is None) or (start is not None and today < start):
        return SprintStatus.PLANNED
    return SprintStatus.ACTIVE


def plain_name(name: str) -> str:
    """A sprint's name without the dates at its end; a name of nothing else is kept."""
    return _IN_NAME.sub("", name).strip() or name


def dates_in_name(
    name: str, today: date, *, end: date | None = None, day_first: bool = False
) -> tuple[date | None, date | None]:
    """First and last day that a name tells as `(2/5 - 2/18)`.

    A day without a year is the last one before `end`, or else the one nearest to `today`.
    """
    found = _IN_NAME.search(name)
    if found is None:
        return None, None
    a, b, year, c, d, last_year = (None if one is None else int(one) for one in found.groups())
    first = _places(a, b, day_first=day_first)
    last = _places(c, d, day_first=day_first)
    stop = end or (None if last is None else _day(last_year, *last) or _nearest(*last, today))
    if first is None or (last is not None and stop is None):
        return None, None
    start = _day(year, *first)
    if start is None and year is None:
        start = _nearest(*first, today) if stop is None else _latest(*first, stop)
    if start is None or (stop is not None and start > stop):
        return None, None
    return start, stop


def _places(one: int | None, two: int | None, *, day_first: bool) -> tuple[int, int] | None:
    """Month and day."""
    if one is None or two is None:
        return None
    return (two, one) if day_first else (one, two)


def _nearest(month: int, day: int, today: date) -> date | None:
    return min(_years(month, day, today), key=lambda one: abs((one - today).days), default=None)


def _latest(month: int, day: int, end: date) -> date | None:
    return max((one for one in _years(month, day, end) if one <= end), default=None)


def _years(month: int, day: int, near: date) -> list[date]:
    found = (_day(near.year + step, month, day) for step in (-1, 0, 1))
    return [one for one in found if one is not None]


def _day(year: int | None, month: int, day: int) -> date | None:
    try:
        return None if year is None else date(year, month, day)
    except ValueError:
        return None


def name_with_dates(name: str, start: date | None, end: date | None, *, day_first: bool = False) -> str:
    """A sprint's name with its dates as the vendor's own sprints wear them; they replace those that it has.

    Without a first day the name is plain. The year stands there only where the days alone would not tell it.
    """
    plain = plain_name(name)
    if start is None:
        return plain
    if end is None:
        return f"{plain} ({_told(start, day_first=day_first, year=True)} - )"
    year = (end - start).days > _NEARLY_A_YEAR
    first, last = (_told(one, day_first=day_first, year=year) for one in (start, end))
    return f"{plain} ({first} - {last})"


def _told(day: date, *, day_first: bool, year: bool) -> str:
    one, two = (day.day, day.month) if day_first else (day.month, day.day)
    return f"{one}/{two}/{day.year:04d}" if year else f"{one}/{two}"
