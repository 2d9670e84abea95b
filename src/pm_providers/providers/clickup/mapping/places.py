"""Spaces, folders and lists as projects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Any

from pm_providers.model import PMProject, ProjectStatus
from pm_providers.providers.clickup.mapping.choices import PRIORITIES
from pm_providers.providers.clickup.mapping.values import day_ms, moment_day, ref_id
from pm_providers.toolkit.documents import Document, identifier, optional_flag, optional_text

__all__ = ["FEATURES", "content_of", "from_list", "from_space", "new_space", "to_project"]

FEATURES: Mapping[str, Mapping[str, bool]] = {
    "due_dates": {
        "enabled": True,
        "start_date": True,
        "remap_due_dates": False,
        "remap_closed_due_date": False,
    },
    "time_tracking": {"enabled": True},
    "tags": {"enabled": True},
    "time_estimates": {"enabled": True},
    "checklists": {"enabled": True},
    "custom_fields": {"enabled": True},
    "remap_dependencies": {"enabled": False},
    "dependency_warning": {"enabled": False},
    "portfolios": {"enabled": True},
}
"""ClickApps of a new space: all that tasks need; the document asks for each of them."""

_SPACE_BODY = ("name", "color", "private", "admin_can_manage", "multiple_assignees", "features")
_CONTENT = "content"
_EMPTY = " "


def to_project(document: Document, level: str, zone: tzinfo, *, keep_raw: bool = True) -> PMProject:
    """A space, folder or list as a project. Only lists have more than a name."""
    archived = document.get("archived") is True
    status = ProjectStatus.ARCHIVED if archived else ProjectStatus.ACTIVE
    private = optional_flag(document, "private")
    of_list = level == "list"
    return PMProject(
        id=identifier(document, level),
        name=optional_text(document, "name") or "",
        description=content_of(document) if of_list else None,
        status=status.value,
        status_name="archived" if archived else "active",
        priority=_priority(document) if of_list else None,
        start_date=moment_day(document.get("start_date"), zone) if of_list else None,
        end_date=moment_day(document.get("due_date"), zone) if of_list else None,
        owner_id=ref_id(document, "assignee") if of_list else None,
        is_public=None if private is None or level != "space" else not private,
        is_archived=archived,
        raw_data=dict(document) if keep_raw else None,
    )


def content_of(document: Document) -> str | None:
    """Text of a list: our Markdown as it was written, as lists are never read with their formatting.

    One that was cleared is a blank, as an empty text would be ignored.
    """
    found = optional_text(document, _CONTENT)
    return found if found is not None and found.strip() else None


def _priority(document: Document) -> str | None:
    found = document.get("priority")
    name = optional_text(found, "priority") if isinstance(found, Mapping) else None
    return next((one.priority for one in PRIORITIES if one.name == name), None)


def new_space(name: str) -> dict[str, Any]:
    """Body of a new space ([spec] CreateSpace)."""
    return {"name": name, "multiple_assignees": True, "features": FEATURES}


def from_space(fields: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Body of a change of a space. It overwrites all that the document names, so that is sent as it was.

    Args:
        fields: `name`, `is_public`.
        document: the space as it is.
    """
    body = {name: document[name] for name in _SPACE_BODY if document.get(name) is not None}
    if "name" in fields:
        body["name"] = fields["name"]
    if fields.get("is_public") is not None:
        body["private"] = not fields["is_public"]
    return body


def from_list(fields: Mapping[str, Any], name: str, zone: tzinfo, *, new: bool = False) -> dict[str, Any]:
    """Body of a list; its name is asked for in changes, too ([spec]).

    Its owner is a number in a new one, and a text in changes, where `none` clears ([spec] UpdateList).

    Args:
        fields: any of `description` or `goal`, `end_date`, `priority` (the vendor's id), `owner_id`.
        name: of the list.
        zone: time zone of the days.
        new: the list is created.
    """
    body: dict[str, Any] = {"name": name}
    for ours in ("description", "goal"):
        if ours in fields:
            body["content"] = fields[ours] or _EMPTY
    if "end_date" in fields:
        end: date | None = fields["end_date"]
        body["due_date"] = None if end is None else day_ms(end, zone)
        if end is not None:
            body["due_date_time"] = False
    if "priority" in fields:
        body["priority"] = int(fields["priority"]) if fields["priority"] else None
    if "owner_id" in fields:
        owner = fields["owner_id"]
        if owner or not new:
            body["assignee"] = int(owner) if new else owner or "none"
    return body
