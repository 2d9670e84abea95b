"""Projects and `PMProject`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.model import PMProject, ProjectStatus
from pm_providers.providers.redmine.mapping.choices import ARCHIVED, PROJECT_STATUSES
from pm_providers.providers.redmine.mapping.custom_fields import (
    CustomField,
    read_custom_fields,
    write_custom_fields,
)
from pm_providers.providers.redmine.mapping.values import Text, document, ref_id
from pm_providers.toolkit.documents import identifier, instant, optional_flag, optional_text

__all__ = ["ProjectReading", "from_project", "key_for", "to_project"]

_MAX_KEY = 100
_STATUSES = {one.id: one for one in PROJECT_STATUSES}


@dataclass(frozen=True, slots=True)
class ProjectReading:
    """What is needed besides the document.

    Attributes:
        text: stored text -> Markdown.
        fields: descriptions of custom fields by id.
        base_url: address of the installation, for links for people.
        keep_raw: fill `raw_data`.
    """

    text: Text
    fields: Mapping[str, CustomField] = field(default_factory=dict)
    base_url: str = ""
    keep_raw: bool = True


def to_project(value: Any, reading: ProjectReading) -> PMProject:
    """A project.

    Raises:
        ProviderError: no project, or a value of the wrong kind.
    """
    found = document(value, "project")
    one = identifier(found, "project")
    code = found.get("status")
    status = _STATUSES.get(str(code))
    archived = isinstance(code, int) and code >= ARCHIVED
    key = optional_text(found, "identifier")
    return PMProject(
        id=one,
        name=optional_text(found, "name") or "",
        description=reading.text(optional_text(found, "description")),
        status=ProjectStatus.ARCHIVED.value if archived else status.status if status else None,
        raw_data=dict(found) if reading.keep_raw else None,
        key=key,
        status_name=status.name if status else None,
        parent_project_id=ref_id(found, "parent"),
        is_public=optional_flag(found, "is_public"),
        url=f"{reading.base_url}/projects/{key or one}",
        created_at=instant(found.get("created_on")),
        updated_at=instant(found.get("updated_on")),
        custom_fields=read_custom_fields(found, reading.fields),
    )


def from_project(
    fields: Mapping[str, Any], *, text: Text, custom: Sequence[CustomField] = ()
) -> dict[str, Any]:
    """Body that writes checked project fields; the status has addresses of its own."""
    body: dict[str, Any] = {}
    for ours, theirs in (("name", "name"), ("key", "identifier"), ("is_public", "is_public")):
        if ours in fields:
            body[theirs] = fields[ours]
    if "description" in fields:
        body["description"] = text(fields["description"]) or ""
    if "parent_project_id" in fields:
        body["parent_id"] = fields["parent_project_id"] or ""
    if fields.get("custom_fields"):
        body["custom_fields"] = write_custom_fields(fields["custom_fields"], custom)
    return body


def key_for(name: str, suffix: str) -> str:
    """Identifier for a project whose creator gave none: the vendor wants one and makes none by itself.

    Lower-case letters, digits, dashes and underscores, not digits only, 100 characters at most (recorded
    02-projects: steps 6 to 14).

    Args:
        name: of the project.
        suffix: makes it unique.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: _MAX_KEY - len(suffix) - 1].strip("-")
    return f"{stem or 'project'}-{suffix}"
