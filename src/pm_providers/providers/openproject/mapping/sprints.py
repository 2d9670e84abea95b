"""Versions, native sprints (17.3+) and `PMSprint`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pm_providers.model import PMSprint, SprintStatus
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, read_custom_fields
from pm_providers.providers.openproject.mapping.hal import (
    Resource,
    day,
    formattable,
    identifier,
    instant,
    link,
    link_id,
    optional_text,
    resource,
    to_href,
)

__all__ = [
    "from_sprint",
    "is_native",
    "native_to_sprint",
    "to_native_id",
    "version_status",
    "version_to_sprint",
]

_NATIVE_ID = re.compile(r"sprints/[1-9][0-9]{0,17}")

_NATIVE = {
    "in_planning": SprintStatus.PLANNED,
    "active": SprintStatus.ACTIVE,
    "completed": SprintStatus.CLOSED,
}


def is_native(sprint_id: str | None) -> bool:
    """Whether an id is that of a native sprint: the end of its href, `sprints/12`. Versions have numbers."""
    return sprint_id is not None and _NATIVE_ID.fullmatch(sprint_id) is not None


def to_native_id(number: str) -> str:
    """Id of a native sprint, which cannot be mistaken for that of a version."""
    return f"sprints/{number}"


def version_status(value: Resource, today: date) -> str:
    """Unified status of a version: locked and closed are closed, open is active from its start date on.

    An open version without a start date counts as active: work can be planned into it.
    """
    if value.get("status") in {"closed", "locked"}:
        return SprintStatus.CLOSED.value
    start = day(value.get("startDate"))
    planned = start is not None and start > today
    return (SprintStatus.PLANNED if planned else SprintStatus.ACTIVE).value


def version_to_sprint(
    value: Any,
    *,
    today: date,
    fields: Sequence[CustomField] = (),
    base_url: str = "",
    keep_raw: bool = True,
) -> PMSprint:
    """A version as a sprint. Its description is the goal; the vendor keeps it as plain text, unrendered.

    Raises:
        ProviderError: no version, or a value of the wrong kind.
    """
    found = resource(value, "version")
    one = identifier(found, "version")
    return PMSprint(
        id=one,
        name=optional_text(found, "name") or "",
        project_id=link_id(found, "definingProject") or link_id(found, "definingWorkspace"),
        start_date=day(found.get("startDate")),
        end_date=day(found.get("endDate")),
        status=version_status(found, today),
        goal=formattable(found, "description"),
        raw_data=dict(found) if keep_raw else None,
        status_name=optional_text(found, "status"),
        url=f"{base_url}/versions/{one}",
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
        custom_fields=read_custom_fields(found, fields),
    )


def native_to_sprint(value: Any, *, base_url: str = "", keep_raw: bool = True) -> PMSprint:
    """A native sprint ([spec] SprintModel): `finishDate`, and the status as the tail of a URN.

    Its id is the end of its href, `sprints/12`.

    Raises:
        ProviderError: no sprint, or a value of the wrong kind.
    """
    found = resource(value, "sprint")
    one = identifier(found, "sprint")
    project = link_id(found, "definingWorkspace") or link_id(found, "definingProject")
    state = str(link(found, "status").get("href") or "").rpartition(":")[2]
    status = _NATIVE.get(state)
    return PMSprint(
        id=to_native_id(one),
        name=optional_text(found, "name") or "",
        project_id=project,
        start_date=day(found.get("startDate")),
        end_date=day(found.get("finishDate")),
        status=status.value if status else None,
        goal=formattable(found, "description"),
        raw_data=dict(found) if keep_raw else None,
        status_name=state or None,
        url=f"{base_url}/projects/{project}/backlogs" if project else None,
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
    )


def from_sprint(
    fields: Mapping[str, Any], *, custom: Sequence[CustomField] = (), create: bool = False
) -> dict[str, Any]:
    """Body that writes checked sprint fields as a version. `status` holds the vendor's word here.

    Args:
        fields: model field -> value; `None` clears.
        custom: descriptions of the custom fields that are written.
        create: send the defining project, which cannot be changed later.
    """
    body: dict[str, Any] = {}
    links: dict[str, Any] = {}
    for name, key in (("name", "name"), ("status", "status")):
        if name in fields:
            body[key] = fields[name]
    for name, key in (("start_date", "startDate"), ("end_date", "endDate")):
        if name in fields:
            body[key] = None if fields[name] is None else fields[name].isoformat()
    if "goal" in fields:
        body["description"] = {"raw": fields["goal"] or ""}
    if create:
        links["definingProject"] = to_href("projects", fields["project_id"])
    by_name = {field.name: field for field in custom}
    for name, value in (fields.get("custom_fields") or {}).items():
        field = by_name[name]
        (links if field.linked else body)[field.key] = field.write(value)
    return {**body, "_links": links} if links else body
