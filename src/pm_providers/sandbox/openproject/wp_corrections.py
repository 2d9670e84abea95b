"""What the server changes in a work package on its own, without a word, before it stores it.

Facts marked [code] were read in the vendor's source of 14.0, 15.4 and 17.x: `set_attributes_service.rb` where
no other file is named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from pm_providers.sandbox.openproject.records import Type, WorkPackage
from pm_providers.sandbox.openproject.schedule import earliest_start, keep_length, soonest_work_day
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import date_key

if TYPE_CHECKING:
    from pm_providers.sandbox.openproject.wp_draft import Draft

__all__ = ["fill_description", "retype", "settle_dates", "settle_place", "settle_status", "subject_of"]


def retype(state: State, draft: Draft, current: WorkPackage | None) -> None:
    """A move to a project without the type takes that project's first one, until 15.0; later it is refused.

    [code] `reassign_type`, which only fills a missing type in 15.4.
    """
    values = draft.values
    project = state.projects.get(values["project_id"])
    if current is None or project is None or project.id == current.project_id:
        return
    if state.features.moves_retype and "type_id" not in draft.written:
        kinds = sorted((state.types[key] for key in project.type_ids), key=lambda kind: kind.position)
        if kinds and values["type_id"] not in project.type_ids:
            values["type_id"] = kinds[0].id


def settle_place(state: State, draft: Draft, current: WorkPackage | None) -> None:
    """A move to another project keeps a category by its name, and the parent if projects may mix.

    [code] `reassign_category`, `set_parent_to_nil`.
    """
    values = draft.values
    if current is None or values["project_id"] in {current.project_id, None}:
        return
    if "category_id" not in draft.written:
        old = state.categories.get(current.category_id)
        here = state.categories.where("project_id", values["project_id"])
        values["category_id"] = next((row.id for row in here if old and row.name == old.name), None)
    if not state.settings["cross_project_relations"] and "parent_id" not in draft.written:
        values["parent_id"] = None


def settle_status(state: State, draft: Draft, current: WorkPackage | None) -> None:
    """A status that the workflow of a new type lacks becomes the default one, also if it was asked for.

    [code] `reassign_invalid_status_if_type_changed`; a new work package has a new type too.
    """
    values = draft.values
    kind, status = state.types.get(values["type_id"]), state.statuses.get(values["status_id"])
    if kind is None or status is None or (current is not None and current.type_id == kind.id):
        return
    if not status.default and status.id not in kind.status_ids:
        usual = state.statuses.find(lambda row: row.default)
        values["status_id"] = usual.id if usual else status.id


def fill_description(state: State, draft: Draft, current: WorkPackage | None) -> None:
    """The type's text replaces an empty description of a new work package, or another type's text.

    [code] `set_templated_description`.
    """
    values = draft.values
    kind = state.types.get(values["type_id"])
    if current is not None or kind is None or not kind.template:
        return
    templates = {_squeezed(row.template) for row in state.types if row.template}
    given = values["description"] or ""
    if not given.strip() or _squeezed(given) in templates:
        values["description"] = kind.template


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def subject_of(state: State, row: WorkPackage) -> str:
    """The subject as it is stored: types with a pattern make their own, whatever was asked for (16.0).

    [code] `apply_patterns` runs after the work package was saved. `{{id}}` and `{{type}}` are understood.
    """
    kind = state.types[row.type_id]
    if not kind.subject_pattern or state.features.number < (16, 0):
        return row.subject
    return kind.subject_pattern.replace("{{id}}", str(row.id)).replace("{{type}}", kind.name)


# dates


def settle_dates(state: State, body: dict[str, Any], draft: Draft, current: WorkPackage | None) -> None:
    """Dates of the parent, of predecessors, and of the working week over those of the body."""
    values = draft.values
    kind = state.types.get(values["type_id"])
    if current is None:
        _default_dates(state, body, values)
    _unify(values, kind)
    if current is not None and not state.children(current.id):
        (_follow if state.features.exact_schedule else _start_later)(state, draft, current)
        _unify(values, kind)
    if state.features.duration and not values["ignore_non_working"]:
        # [code] `shift_dates_to_soonest_working_days`
        for name in ("start", "due"):
            values[name] = soonest_work_day(values[name])


def _unify(values: dict[str, Any], kind: Type | None) -> None:
    if kind is not None and kind.milestone:
        values["start"] = values["due"] = values["due"] or values["start"]


def _default_dates(state: State, body: dict[str, Any], values: dict[str, Any]) -> None:
    """Dates that a new work package does not name are its parent's; a start may be today by a setting.

    An explicit null stays null. [code] `set_default_start_date`, `set_default_due_date`.
    """
    parent = state.work_packages.get(values["parent_id"])
    above = (parent.start, parent.due) if parent is not None else (None, None)
    if not body.keys() & {"startDate", "date"} and not values["start"]:
        due = values["due"] or above[1]
        if above[0] and (not due or date_key(above[0]) < date_key(due)):
            values["start"] = above[0]
        elif state.settings["start_is_add_date"]:
            values["start"] = state.now().date().isoformat()
    if not body.keys() & {"dueDate", "date"} and not values["due"]:
        start = values["start"] or above[0]
        if above[1] and (not start or date_key(start) < date_key(above[1])):
            values["due"] = above[1]


def _start_later(state: State, draft: Draft, current: WorkPackage) -> None:
    """Up to 15.3 an automatic one moves when a new parent, or the end of manual mode, asks for it."""
    values = draft.values
    start = values["start"] or values["due"]
    joined = values["parent_id"] not in {current.parent_id, None}
    released = current.manual and not values["manual"]
    if values["manual"] or not start or not (joined or released):
        return
    soonest = earliest_start(state, _as_drafted(current, values))
    if soonest and (released or date_key(soonest) > date_key(start)):
        _move(state, draft, current, soonest)


def _follow(state: State, draft: Draft, current: WorkPackage) -> None:
    """From 15.4 the start of an automatic one is the day after its predecessors, whatever was asked for.

    A manual one without a start takes that of a new parent ([code] `new_start_date`).
    """
    values = draft.values
    if values["manual"]:
        parent = state.work_packages.get(values["parent_id"])
        if values["start"] or parent is None or parent.id == current.parent_id:
            return
        soonest = earliest_start(state, parent)
        if soonest and not (values["due"] and date_key(values["due"]) < date_key(soonest)):
            values["start"] = soonest
        return
    soonest = earliest_start(state, _as_drafted(current, values))
    if soonest and soonest != values["start"]:
        _move(state, draft, current, soonest)


def _as_drafted(current: WorkPackage, values: dict[str, Any]) -> WorkPackage:
    return msgspec.structs.replace(current, parent_id=values["parent_id"])


def _move(state: State, draft: Draft, current: WorkPackage, start: str) -> None:
    """Start on that day and end as long after it as before; an end that was asked for stays."""
    values = draft.values
    if values["due"] and not (state.features.exact_schedule and "due" in draft.written):
        days = {name: values[name] for name in ("start", "due", "ignore_non_working")}
        values["due"] = keep_length(state, msgspec.structs.replace(current, **days), start)
    values["start"] = start
