"""Cards and `PMTask`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from pm_providers.model import PMTask
from pm_providers.providers.trello.mapping.custom_fields import CustomField, held
from pm_providers.providers.trello.mapping.labels import LabelKind, label_kind
from pm_providers.providers.trello.mapping.places import BoardList, Place, parts_of
from pm_providers.providers.trello.mapping.priorities import option_priority
from pm_providers.providers.trello.mapping.values import day_of, noon, read_text
from pm_providers.toolkit.documents import identifier, instant

__all__ = ["CARD_FIELDS", "TaskReading", "from_task", "is_task", "reading_of", "to_task"]

CARD_FIELDS = (
    "id,name,desc,idBoard,idList,closed,due,start,dueComplete,idLabels,idMembers,pos,dateLastActivity,"
    "shortLink,shortUrl,idShort,cardRole,isTemplate"
)
"""Fields of a card that a task is read from."""

_NO_TASKS = frozenset({"separator", "board", "mirror", "link"})
_PLAIN = LabelKind()


def is_task(card: Mapping[str, Any]) -> bool:
    """Whether a card is a task: templates, separators, mirrors and cards that are links are none."""
    return not card.get("isTemplate") and card.get("cardRole") not in _NO_TASKS


@dataclass(frozen=True, slots=True)
class TaskReading:
    """What reading the cards of a board needs; made once for many.

    Attributes:
        lists: id -> list.
        kinds: label id -> what it stands for.
        fields: custom field id -> those that are `custom_fields`.
        hours: custom field of estimated hours.
        points: custom field of story points.
        sprint: custom field of sprints.
        priority: custom field of priorities.
        place: the board.
        zone: zone in which instants are read as days.
        done_mode: what makes a card completed, one of `DONE_MODES`.
        keep_raw: fill `raw_data`.
    """

    lists: Mapping[str, BoardList]
    kinds: Mapping[str, LabelKind]
    fields: Mapping[str, CustomField]
    hours: CustomField | None
    points: CustomField | None
    sprint: CustomField | None
    priority: CustomField | None
    place: Place
    zone: tzinfo
    done_mode: str
    keep_raw: bool = True


def reading_of(place: Place, *, keep_raw: bool = True) -> TaskReading:
    """What reading the cards of a board needs."""
    rules = place.conventions
    return TaskReading(
        lists={one.id: one for one in place.lists},
        kinds=place.kinds,
        fields={one.id: one for one in place.custom_fields},
        hours=place.field_named(rules.hours_field),
        points=place.field_named(rules.points_field),
        sprint=place.field_named(rules.sprint_field) if rules.sprint_mode == "custom_field" else None,
        priority=place.field_named(rules.priority_field) if rules.priority_mode == "custom_field" else None,
        place=place,
        zone=rules.timezone,
        done_mode=rules.done_mode,
        keep_raw=keep_raw,
    )


def to_task(card: Mapping[str, Any], reading: TaskReading) -> PMTask:
    """A card as a task.

    A card in an archived list counts as archived although it says `closed: false`.

    Raises:
        ProviderError: no card, or a value of the wrong kind.
    """
    one = identifier(card, "card")
    place = reading.lists.get(_text(card.get("idList")) or "")
    labels, sprint, priority = _labels(card, reading)
    members = _ids(card.get("idMembers"))
    task = PMTask(
        id=one,
        title=_text(card.get("name")) or "",
        description=read_text(card.get("desc")),
        status=_status(card, place, reading.done_mode),
        priority=None if priority is None else priority.priority,
        project_id=_text(card.get("idBoard")),
        assignee_id=members[0] if members else None,
        due_date=_day(card.get("due"), reading.zone),
        raw_data=_raw(card) if reading.keep_raw else None,
        key=_text(card.get("shortLink")),
        status_name=None if place is None else place.name,
        priority_name=None if priority is None else priority.priority_name,
        start_date=_day(card.get("start"), reading.zone),
        sprint_id=sprint,
        assignee_ids=members,
        label_ids=labels,
        is_archived=card.get("closed") is True or (place is not None and place.closed),
        url=_text(card.get("shortUrl")),
        created_at=_born(one),
        updated_at=_moment(card.get("dateLastActivity")),
    )
    if card.get("customFieldItems"):
        _read_fields(task, card, reading)
    return task


def _status(card: Mapping[str, Any], place: BoardList | None, done_mode: str) -> str | None:
    """Cancelled stays cancelled; else the tick completes, else the list tells.

    Where only the tick counts, a card without it is not completed, wherever it stands.
    """
    told = None if place is None else place.status
    if done_mode != "list" and card.get("dueComplete") is True and told != "cancelled":
        return "completed"
    return "in_progress" if done_mode == "complete" and told == "completed" else told


def _labels(card: Mapping[str, Any], reading: TaskReading) -> tuple[list[str], str | None, LabelKind | None]:
    """Plain labels, sprint and priority of a card; of several sprints or priorities the first counts.

    What a card tells of its labels itself is newer than what is known of the board.
    """
    ids = _ids(card.get("idLabels"))
    if not ids:
        return ids, None, None
    kinds = reading.kinds
    told = parts_of(card, "labels")
    if told:
        kinds = {
            **kinds,
            **{identifier(one, "label"): label_kind(one, reading.place.conventions) for one in told},
        }
    plain: list[str] = []
    sprint: str | None = None
    priority: LabelKind | None = None
    for one in ids:
        kind = kinds.get(one, _PLAIN)
        if kind.sprint is not None:
            sprint = sprint or one
        elif kind.priority is not None:
            priority = priority or kind
        else:
            plain.append(one)
    return plain, sprint, priority


def _raw(card: Mapping[str, Any]) -> dict[str, Any]:
    """The document itself: nothing else holds on to it, and a copy of ten thousand takes its time."""
    return card if type(card) is dict else dict(card)


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _ids(value: Any) -> list[str]:
    return [one for one in value if type(one) is str] if type(value) is list else []


def _born(one: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(one[:8], 16), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _moment(value: Any) -> datetime | None:
    """As `instant`, at the speed of one call for what the vendor sends."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return instant(value)
    return found if found.tzinfo is UTC else instant(value)


def _day(value: Any, zone: tzinfo) -> date | None:
    return day_of(value, zone) if value else None


def _read_fields(task: PMTask, card: Mapping[str, Any], reading: TaskReading) -> None:
    task.custom_fields = held(card, reading.fields)
    items = {str(one.get("idCustomField")): one for one in parts_of(card, "customFieldItems")}
    for name, field in (("estimated_hours", reading.hours), ("story_points", reading.points)):
        item = None if field is None else items.get(field.id)
        value = None if field is None or item is None else field.read(item)
        if isinstance(value, float):
            setattr(task, name, value)
    if reading.sprint is not None and reading.sprint.id in items:
        chosen = items[reading.sprint.id].get("idValue")
        task.sprint_id = f"{reading.sprint.id}.{chosen}" if _text(chosen) else None
    if reading.priority is not None and reading.priority.id in items:
        text = reading.priority.read(items[reading.priority.id])
        task.priority_name = text
        task.priority = option_priority(reading.priority, text, reading.place.conventions)


_TEXTS = {"title": "name", "description": "desc"}
_DAYS = {"start_date": "start", "due_date": "due"}


def from_task(fields: Mapping[str, Any], zone: tzinfo, *, before: PMTask | None = None) -> dict[str, Any]:
    """Body that writes checked fields: texts, days and assignees; `None` clears.

    A day that is the same as before is left out, so that the time of day that people set stays.

    Args:
        fields: model field -> value.
        zone: zone of days.
        before: the task as it was.
    """
    body: dict[str, Any] = {theirs: fields[ours] or "" for ours, theirs in _TEXTS.items() if ours in fields}
    for ours, theirs in _DAYS.items():
        if ours in fields and (before is None or getattr(before, ours) != fields[ours]):
            body[theirs] = None if fields[ours] is None else noon(fields[ours], zone)
    if "assignee_ids" in fields:
        body["idMembers"] = list(fields["assignee_ids"])
    return body
