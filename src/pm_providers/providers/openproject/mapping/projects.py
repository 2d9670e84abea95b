"""Projects and `PMProject`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.model import PMProject, ProjectStatus
from pm_providers.providers.openproject.mapping.choices import PROJECT_STATUS_NAMES
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, read_custom_fields
from pm_providers.providers.openproject.mapping.hal import (
    Resource,
    formattable,
    identifier,
    instant,
    link_id,
    optional_text,
    resource,
    to_href,
)

__all__ = ["ProjectReading", "from_project", "is_active", "is_project", "to_project"]


@dataclass(frozen=True, slots=True)
class ProjectReading:
    """What is needed besides the document.

    Attributes:
        status: status code -> unified value.
        fields: custom fields of projects.
        base_url: address of the installation, for links for people.
        keep_raw: fill `raw_data`.
    """

    status: Callable[[str], str | None]
    fields: Sequence[CustomField] = ()
    base_url: str = ""
    keep_raw: bool = True


def is_project(value: Any) -> bool:
    """Whether a resource of `/projects` is a project: 17.0+ lists programs and portfolios there too."""
    return resource(value, "project").get("_type") in {"Project", None}


def is_active(value: Resource) -> bool:
    """Whether a project is not archived."""
    return value.get("active") is not False


def to_project(value: Any, reading: ProjectReading) -> PMProject:
    """A project. Archived (`active: false`) wins over its status; without a status link it has none.

    Raises:
        ProviderError: no project, or a value of the wrong kind.
    """
    found = resource(value, "project")
    one = identifier(found, "project")
    code, archived = link_id(found, "status", "project_statuses"), not is_active(found)
    status = ProjectStatus.ARCHIVED.value if archived else reading.status(code) if code else None
    key = optional_text(found, "identifier")
    public = found.get("public")
    return PMProject(
        id=one,
        name=optional_text(found, "name") or "",
        description=formattable(found, "description"),
        status=status,
        raw_data=dict(found) if reading.keep_raw else None,
        key=key,
        status_name=PROJECT_STATUS_NAMES.get(code, code) if code else None,
        status_note=formattable(found, "statusExplanation"),
        parent_project_id=link_id(found, "parent"),
        is_public=public if isinstance(public, bool) else None,
        is_archived=archived,
        url=f"{reading.base_url}/projects/{key or one}",
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
        custom_fields=read_custom_fields(found, reading.fields),
    )


def from_project(
    fields: Mapping[str, Any], *, custom: Sequence[CustomField] = (), active: bool | None = None
) -> dict[str, Any]:
    """Body that writes checked project fields. `status` holds the vendor's code here, `None` clears it.

    Args:
        fields: model field -> value.
        custom: descriptions of the custom fields that are written.
        active: archive (False) or bring back (True); left out when `None`.
    """
    body: dict[str, Any] = {}
    links: dict[str, Any] = {}
    for name, key in (("name", "name"), ("key", "identifier"), ("is_public", "public")):
        if name in fields:
            body[key] = fields[name]
    for name, key in (("description", "description"), ("status_note", "statusExplanation")):
        if name in fields:
            body[key] = {"raw": fields[name]}
    if "status" in fields:
        links["status"] = to_href("project_statuses", fields["status"])
    if "parent_project_id" in fields:
        links["parent"] = to_href("projects", fields["parent_project_id"])
    by_name = {field.name: field for field in custom}
    for name, value in (fields.get("custom_fields") or {}).items():
        field = by_name[name]
        (links if field.linked else body)[field.key] = field.write(value)
    if active is not None:
        body["active"] = active
    return {**body, "_links": links} if links else body
