"""Groups and sums of work package lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.openproject.links import api
from pm_providers.sandbox.openproject.records import WorkPackage
from pm_providers.sandbox.openproject.values import duration_text
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call

__all__ = ["add_groups", "group_key"]

_TABLES = {
    "status": ("statuses", "Status"),
    "type": ("types", "Type"),
    "priority": ("priorities", "Priority"),
    "assignee": ("principals", "Assignee"),
    "responsible": ("principals", "Accountable"),
    "author": ("principals", "Author"),
    "version": ("versions", "Version"),
    "category": ("categories", "Category"),
    "project": ("projects", "Project"),
    "parent": ("work_packages", "Parent"),
}


def group_key(call: Call, group: str) -> Callable[[WorkPackage], Any]:
    """Sort key of a group: its position, or its name."""
    table = getattr(call.state, _TABLES[group][0])

    def key(row: WorkPackage) -> Any:
        found = table.get(getattr(row, f"{group}_id"))
        if found is None:
            return None
        return getattr(found, "position", None) or getattr(found, "name", found.id)

    return key


def add_groups(
    call: Call,
    view: View,
    body: dict[str, Any],
    rows: list[WorkPackage],
    group: str | None,
    *,
    sums: bool,
) -> None:
    """Add `groups` and `totalSums` to a list."""
    if sums:
        body["totalSums"] = _sums(call, rows, empty=0)
    if group is None:
        return
    buckets: dict[int | None, list[WorkPackage]] = {}
    for row in rows:
        buckets.setdefault(getattr(row, f"{group}_id"), []).append(row)
    body["groups"] = [_group(call, view, group, key, members, sums=sums) for key, members in buckets.items()]


def _group(
    call: Call,
    view: View,
    group: str,
    key: int | None,
    members: list[WorkPackage],
    *,
    sums: bool,
) -> dict[str, Any]:
    table, title = _TABLES[group]
    found = getattr(call.state, table).get(key)
    name = getattr(found, "name", None) or getattr(found, "subject", None)
    links: dict[str, Any] = {}
    if found is not None:
        href = view.principal_link(key)["href"] if table == "principals" else api(table, key)
        links["valueLink"] = [{"href": href}]
    else:
        links["valueLink"] = []
    links["groupBy"] = {"href": api("queries", "group_bys", group), "title": title}
    body: dict[str, Any] = {"value": name, "count": len(members), "_links": links}
    if sums:
        body["sums"] = _sums(call, members)
    return body


def _sums(call: Call, rows: list[WorkPackage], *, empty: int | None = None) -> dict[str, Any]:
    def total(name: str) -> Any:
        found = [value for row in rows if (value := getattr(row, name)) is not None]
        return sum(found) if found else None

    sums: dict[str, Any] = {
        "estimatedTime": duration_text(total("estimated_hours")),
        "storyPoints": total("story_points"),
        "remainingTime": duration_text(total("remaining_hours")),
        **dict.fromkeys(("overallCosts", "laborCosts", "materialCosts"), "0.00 EUR"),
    }
    for field in call.state.custom_fields.where("owner", "WorkPackage"):
        if field.format in {"int", "float"}:
            found = [row.custom[field.id] for row in rows if field.id in row.custom]
            sums[f"customField{field.id}"] = sum(found) if found else empty
    if empty is None and sums["estimatedTime"] is None:
        del sums["estimatedTime"]
    return sums
