"""Labels, or options of a custom field, and `PMSprint`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pm_providers.model import PMSprint
from pm_providers.providers.trello.mapping.labels import SprintName
from pm_providers.providers.trello.mapping.values import created_at

__all__ = ["changed_name", "new_name", "to_sprint"]


def to_sprint(
    one: str,
    name: SprintName,
    *,
    board: str,
    today: date,
    document: Mapping[str, Any] | None = None,
) -> PMSprint:
    """A sprint by its name.

    Args:
        one: id of the sprint: of its label, or of field and option.
        name: what the name of the label tells.
        board: id of the board.
        today: the day, by which the dates tell the state.
        document: for `raw_data`.
    """
    return PMSprint(
        id=one,
        name=name.name,
        project_id=board,
        start_date=name.start,
        end_date=name.end,
        status=name.status(today).value,
        raw_data=None if document is None else dict(document),
        created_at=created_at(one.rpartition(".")[2]),
    )


def new_name(fields: Mapping[str, Any], today: date) -> SprintName:
    """The name of a new sprint with checked fields."""
    made = SprintName(fields["name"].strip(), fields.get("start_date"), fields.get("end_date"))
    return made.marked(fields["status"], today) if fields.get("status") else made


def changed_name(name: SprintName, fields: Mapping[str, Any], today: date) -> SprintName:
    """The name of a sprint with checked fields changed; a state that was set stays unless it is written.

    A cleared state is told by the dates again.
    """
    made = SprintName(
        fields["name"].strip() if "name" in fields else name.name,
        fields.get("start_date", name.start),
        fields.get("end_date", name.end),
        name.mark,
    )
    if "status" not in fields:
        return made
    if not fields["status"]:
        return SprintName(made.name, made.start, made.end)
    return made.marked(fields["status"], today)
