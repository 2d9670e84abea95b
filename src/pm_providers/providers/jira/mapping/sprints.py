"""Sprints and `PMSprint`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, tzinfo
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMSprint, SprintStatus
from pm_providers.providers.jira.mapping.moments import at, day_of
from pm_providers.providers.jira.mapping.values import document
from pm_providers.toolkit.documents import Document, identifier, instant, optional_text

__all__ = ["STATES", "from_sprint", "full_sprint", "state_of", "state_path", "to_sprint"]

STATES: Mapping[str, SprintStatus] = {
    "future": SprintStatus.PLANNED,
    "active": SprintStatus.ACTIVE,
    "closed": SprintStatus.CLOSED,
}
"""The vendor's states in the only order in which a sprint goes through them."""

_START, _END = time(9), time(17)
"""Days are kept as instants; these times lie on the same day for most others, too."""
_DATES = {"start_date": ("startDate", _START), "end_date": ("endDate", _END)}


def to_sprint(
    value: Any, *, project_id: str | None, zone: tzinfo, base_url: str = "", keep_raw: bool = True
) -> PMSprint:
    """A sprint; its goal is plain text.

    Args:
        value: as it came.
        project_id: project of the board that it was made on.
        zone: in which its instants become days.
        base_url: address for people.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no sprint, or a value of the wrong kind.
    """
    found = document(value, "sprint")
    one, state = identifier(found, "sprint"), _state(found)
    board = found.get("originBoardId")
    meaning = STATES.get(state or "")
    return PMSprint(
        id=one,
        name=optional_text(found, "name") or "",
        project_id=project_id,
        start_date=day_of(found.get("startDate"), zone),
        end_date=day_of(found.get("endDate"), zone),
        status=meaning.value if meaning else None,
        goal=optional_text(found, "goal"),
        raw_data=dict(found) if keep_raw else None,
        status_name=state,
        url=f"{base_url}/secure/RapidBoard.jspa?rapidView={board}&sprint={one}" if board else None,
        created_at=instant(found.get("createdDate")),
    )


def _state(value: Document) -> str | None:
    found = optional_text(value, "state")
    return found.lower() if found else None


def state_of(value: str) -> str | None:
    """State that a unified status, or a state of the vendor, means; `None` for neither."""
    folded = value.strip().casefold()
    return next((state for state, meaning in STATES.items() if folded in {state, meaning}), None)


def state_path(now: str | None, wanted: str) -> list[str]:
    """States to go through.

    Args:
        now: the state that it is in.
        wanted: unified status, or a state of the vendor.

    Raises:
        ValidationError: no such status, or it lies behind.
    """
    state, order = state_of(wanted), list(STATES)
    if state is None:
        raise ValidationError(
            fields={"status": f"{wanted!r:.60} is unknown; there is: {', '.join(STATES.values())}"}
        )
    here, there = order.index(now) if now in order else 0, order.index(state)
    if there < here:
        why = f"a sprint that is {STATES[order[here]]} cannot become {STATES[state]} again"
        raise ValidationError(fields={"status": why})
    return order[here + 1 : there + 1]


def from_sprint(fields: Mapping[str, Any], zone: tzinfo, stored: Document | None = None) -> dict[str, Any]:
    """Body that writes what is different: name, goal and the dates that are given.

    Args:
        fields: model field -> value; `None` clears, which for dates only `full_sprint` can do.
        zone: of the caller.
        stored: the sprint as it is; a day that it has keeps its hour.
    """
    body: dict[str, Any] = {}
    if "name" in fields:
        body["name"] = fields["name"]
    if "goal" in fields:
        body["goal"] = fields["goal"] or ""
    for ours, (theirs, clock) in _DATES.items():
        day: date | None = fields.get(ours)
        if day is not None and day != day_of((stored or {}).get(theirs), zone):
            body[theirs] = at(day, clock, zone).isoformat(timespec="milliseconds")
    return body


def full_sprint(
    fields: Mapping[str, Any], body: Mapping[str, Any], stored: Document
) -> dict[str, Any] | None:
    """Body that replaces a whole sprint, in which a date that is cleared is missing; `None` if none is.

    A replacing write nulls everything that it does not hold ([spec] PUT sprint/{sprintId}), so that all the
    rest is in it.
    """
    cleared = {
        theirs
        for ours, (theirs, _) in _DATES.items()
        if ours in fields and fields[ours] is None and stored.get(theirs)
    }
    if not cleared:
        return None
    names = ("name", "state", "startDate", "endDate", "goal", "originBoardId")
    kept = {name: stored[name] for name in names if stored.get(name) not in (None, "")}
    return {name: value for name, value in {**kept, **body}.items() if name not in cleared}
