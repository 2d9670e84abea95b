"""How work, remaining work and % complete follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_providers.sandbox.openproject.errors import read_only
from pm_providers.sandbox.openproject.records import WorkPackage
from pm_providers.sandbox.openproject.state import State

if TYPE_CHECKING:
    from pm_providers.sandbox.openproject.wp_draft import Draft

__all__ = ["couple_hours"]


def couple_hours(state: State, draft: Draft, current: WorkPackage | None) -> None:
    """Derive what the body did not write; up to 13.x only the two hour fields copy each other."""
    values = draft.values
    asked = values["done"]
    _couple(state, draft, current)
    if state.settings["done_ratio"] == "status":
        _done_of_status(state, values)
    elif not state.features.done_writable:
        values["done"] = current.done if current is not None else None
        if draft.written & {"estimated_hours", "remaining_hours"}:
            values["done"] = _done_of_hours(values)
    else:
        return
    if "done" in draft.written and asked != values["done"]:
        human = "% Complete" if state.features.progress else "Progress (%)"
        draft.faults.append(read_only("percentageDone", human))


def _done_of_hours(values: dict[str, Any]) -> int:
    """14.x: none where work or remaining work is missing ([code] `update_done_ratio`)."""
    work, rest = values["estimated_hours"], values["remaining_hours"]
    return 0 if not work or rest is None else round((work - rest) / work * 100)


def _done_of_status(state: State, values: dict[str, Any]) -> None:
    """In status-based mode the status says how much is done, and so how much is left."""
    status = state.statuses.get(values["status_id"])
    if status is None or status.done_ratio is None:
        return
    values["done"] = status.done_ratio
    if state.features.progress:
        _rest_from_done(values)


def _couple(state: State, draft: Draft, current: WorkPackage | None) -> None:
    values = draft.values
    if not state.features.progress:
        # recorded 10-…: step 6, 11-…: step 22, 18-…: step 39
        if values["remaining_hours"] is None and values["estimated_hours"] is not None:
            values["remaining_hours"] = values["estimated_hours"]
        elif values["estimated_hours"] is None and values["remaining_hours"] is not None:
            values["estimated_hours"] = values["remaining_hours"]
        return
    written = draft.written & {"estimated_hours", "remaining_hours", "done"}
    if not written:
        return
    if written == {"estimated_hours", "remaining_hours", "done"}:
        _check_all_three(draft)
    elif "done" in written and "remaining_hours" in written:
        _work_from_rest(values)
    elif "done" in written:
        _rest_from_done(values)
    elif "remaining_hours" in written:
        _done_from_hours(values)
    else:
        _rest_from_work(values, current)


def _check_all_three(draft: Draft) -> None:
    work, rest, done = (draft.values[k] for k in ("estimated_hours", "remaining_hours", "done"))
    if not work or rest is None or done is None:
        return
    if abs(round((work - rest) / work * 100) - done) > 1:
        draft.fault("percentageDone", "% Complete does not match Work and Remaining work.")


def _work_from_rest(values: dict[str, Any]) -> None:
    rest, done = values["remaining_hours"], values["done"]
    if rest is not None and done is not None and done < 100:
        values["estimated_hours"] = round(rest / (1 - done / 100), 2)


def _rest_from_done(values: dict[str, Any]) -> None:
    work, done = values["estimated_hours"], values["done"]
    values["remaining_hours"] = None
    if work is not None and done is not None:
        values["remaining_hours"] = round(work * (1 - done / 100), 2)


def _done_from_hours(values: dict[str, Any]) -> None:
    work, rest = values["estimated_hours"], values["remaining_hours"]
    if work is None and rest is not None and values["done"] is None:
        values["estimated_hours"], values["done"] = rest, 0
    elif work and rest is not None and rest > work:
        return  # refused by the rules, with the stored % complete
    elif work and rest is not None:
        values["done"] = round((work - rest) / work * 100)
    else:
        values["done"] = None


def _rest_from_work(values: dict[str, Any], current: WorkPackage | None) -> None:
    work, done = values["estimated_hours"], values["done"]
    if work is None:
        values["remaining_hours"] = None
    elif done is not None:
        values["remaining_hours"] = round(work * (1 - done / 100), 2)
    else:
        rest = current.remaining_hours if current else None
        values["remaining_hours"] = work if rest is None else min(rest, work)
        values["done"] = round((work - values["remaining_hours"]) / work * 100) if work else None
